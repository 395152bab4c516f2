/* measure.h: how the benchmarks measure: subject and reference take turns, and the medians are compared. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>

enum { MEASURE_ROUNDS = 11 };

/* Does `count` operations; ends the program when one of them fails. */
typedef void measure_work(void *context, size_t count);

struct measurement {
    const char *name;
    const char *unit; /* of one operation, "vectors" */
    measure_work *prepare; /* makes ready for that many operations, outside the time; NULL: nothing to do */
    measure_work *subject;
    void *subject_context;
    size_t subject_count; /* operations of a round: enough for some 50 ms */
    const char *reference_name;
    measure_work *reference;
    void *reference_context;
    size_t reference_count;
    double goal;       /* least ratio of subject to reference; 0: none */
    const char *bound; /* what bounds the subject, in a sentence */
};

/* Measures and prints one line of JSON. */
void measure(const struct measurement *measurement);

/* Prints one line of JSON for rates that were measured elsewhere. */
void measure_report(const struct measurement *measurement, double subject_rate, double reference_rate);

/* Seconds on a clock that only goes forward. */
double measure_now(void);

/* Ends the program with a message unless `condition` holds. */
void measure_require(int condition, const char *what);

#endif
