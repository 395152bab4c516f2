/* fuzzing.h: what every libFuzzer target includes. */
#ifndef FUZZ_FUZZING_H
#define FUZZ_FUZZING_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold whatever the input; its failure is a finding. */
#define MUST(property)                                                                                                 \
    do {                                                                                                               \
        if (!(property)) {                                                                                             \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* For what only checks: it teaches the fuzzer nothing, and must not slow it down. */
#define UNSEEN __attribute__((no_sanitize("coverage", "address", "undefined"), noinline))

#endif
