/* junit.h: results as a JUnit report, which test servers read. */
#ifndef CONFORMANCE_JUNIT_H
#define CONFORMANCE_JUNIT_H

#include <stdio.h>

#include "conformance/conformance.h"

/*
 * Writes one test suite with a test case for each result; warnings are passed cases with the deviation in their output.
 * GBAU_E_ARGUMENT for a detail that is no printable text; GBAU_E_IO.
 */
GBAU_MUST_USE enum gbau_status junit_write(FILE *stream, const struct conformance_result *results, size_t count);

#endif
