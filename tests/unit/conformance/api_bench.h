/* api_bench.h: a bench whose card has lines for the GBA_U API, can be reset, and is checked against the API. */
#ifndef TESTS_UNIT_CONFORMANCE_API_BENCH_H
#define TESTS_UNIT_CONFORMANCE_API_BENCH_H

#include "erring_card.h"

#define API_NAF   "naf.example.com\x01\x00\x00\x00\x02"
#define API_OTHER "other.example.com\x01\x00\x00\x00\x02"

static inline enum gbau_status reopen_bench(void *context, struct reader **reader)
{
    struct bench *bench = context;
    reader_close(bench->reader);
    bench->reader = NULL;
    const enum gbau_status status = reader_open(place_path(&bench->place, "card"), NULL, &bench->reader);
    *reader = bench->reader;
    return status;
}

static inline int open_api_bench(void **state)
{
    assert_int_equal(open_bench(state), 0);
    struct bench *bench = *state;
    bench->profile.api_line_count = 2;
    bench->profile.api_lines[0].naf_id = octets_of(API_NAF, sizeof API_NAF - 1);
    bench->profile.api_lines[1].naf_id = octets_of(API_OTHER, sizeof API_OTHER - 1);
    bench->given.suite = CONFORMANCE_API;
    bench->given.reopen = reopen_bench;
    bench->given.reopen_context = bench;
    return 0;
}

#define api_bench_test(function) cmocka_unit_test_setup_teardown((function), open_api_bench, close_bench)

static inline size_t api_check_count(void)
{
    return conformance_check_count(CONFORMANCE_API);
}

static inline const struct check *api_check(size_t index)
{
    return conformance_check(CONFORMANCE_API, index);
}

#endif
