/* measure.c: rounds in turn, medians, JSON lines. */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double measure_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void measure_require(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

static void prepare(const struct measurement *measurement, size_t count)
{
    if (measurement->prepare != NULL) {
        measurement->prepare(measurement->subject_context, count);
    }
}

static double rate_of(measure_work *work, void *context, size_t count)
{
    double start = measure_now();
    work(context, count);
    return (double)count / (measure_now() - start);
}

static int compare(const void *a, const void *b)
{
    const double *left = a;
    const double *right = b;
    return (*left > *right) - (*left < *right);
}

static double median(double rates[MEASURE_ROUNDS])
{
    qsort(rates, MEASURE_ROUNDS, sizeof rates[0], compare);
    return rates[MEASURE_ROUNDS / 2];
}

void measure_report(const struct measurement *measurement, double subject_rate, double reference_rate)
{
    printf("{\"name\":\"%s\",\"unit\":\"%s/s\",\"rate\":%.1f,\"reference\":\"%s\",\"reference_rate\":%.1f,"
           "\"ratio\":%.3f,\"goal\":%.3f,\"bound\":\"%s\"}\n",
           measurement->name, measurement->unit, subject_rate, measurement->reference_name, reference_rate,
           subject_rate / reference_rate, measurement->goal, measurement->bound);
    fflush(stdout);
}

void measure(const struct measurement *measurement)
{
    double subject[MEASURE_ROUNDS];
    double reference[MEASURE_ROUNDS];
    prepare(measurement, measurement->subject_count / 10 + 1);
    measurement->subject(measurement->subject_context, measurement->subject_count / 10 + 1); /* warms caches */
    measurement->reference(measurement->reference_context, measurement->reference_count / 10 + 1);
    for (size_t i = 0; i < MEASURE_ROUNDS; i++) {
        prepare(measurement, measurement->subject_count);
        subject[i] = rate_of(measurement->subject, measurement->subject_context, measurement->subject_count);
        reference[i] = rate_of(measurement->reference, measurement->reference_context, measurement->reference_count);
    }
    measure_report(measurement, median(subject), median(reference));
}
