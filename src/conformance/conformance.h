/*
 * conformance.h: runs a table of checks of TS 102 221, TS 31.102 and TS 31.103, or of the GBA_U API, against any card.
 *
 * A card comes to no harm unless its owner allows it: without `destructive` a file is written with what it holds or put
 * back, a wrong PIN is given only when the right one is known and tries are left, and no SQN moves.
 */
#ifndef CONFORMANCE_CONFORMANCE_H
#define CONFORMANCE_CONFORMANCE_H

#include "base/log.h"
#include "crypto/milenage.h"
#include "reader/reader.h"

/* Which table of checks. */
enum conformance_suite {
    CONFORMANCE_CARD, /* the published standards */
    CONFORMANCE_API   /* docs/gba_u-api.md */
};

/* Opens the card anew, which resets it; *reader is closed and replaced. */
typedef enum gbau_status conformance_reopen(void *context, struct reader **reader);

/* What the card's owner tells and allows. */
struct conformance_given {
    enum conformance_suite suite;
    const char *pin;    /* 4 to 8 digits; NULL: not known, as all below */
    const char *puk;    /* 8 digits */
    const uint8_t *adm; /* ADM1, 8 octets */
    const struct milenage *milenage;
    bool has_sqn;
    aka_sqn sqn;          /* highest that the card has accepted; the card is asked by resynchronisation unless given */
    bool challenges;      /* challenges may move SQN */
    bool destructive;     /* files, keys and PINs may change; the card stays usable */
    struct octets naf_id; /* for the API's checks; empty: the first of EF_AC_GBAUAPI. Borrowed */
    conformance_reopen *reopen; /* NULL: the card is never reset */
    void *reopen_context;
    const char *only; /* pattern of names, as fnmatch(3); NULL: all */
};

enum conformance_verdict {
    CONFORMANCE_PASSED,
    CONFORMANCE_FAILED,
    CONFORMANCE_WARNED,        /* a deviation from what could not be verified against the published text */
    CONFORMANCE_SKIPPED,       /* something was not given or not allowed */
    CONFORMANCE_NOT_SUPPORTED, /* optional, and this card does not have it */
    CONFORMANCE_VERDICTS
};

enum { CONFORMANCE_DETAIL_SIZE = 400 };

struct check;

struct conformance_result {
    const struct check *check;
    enum conformance_verdict verdict;
    char detail[CONFORMANCE_DETAIL_SIZE]; /* what was seen and expected, or why not; "" when passed. No secrets */
};

/* How many checks a suite has, and what check `index` says of itself. Static texts. */
size_t conformance_check_count(enum conformance_suite suite);
const struct check *conformance_check(enum conformance_suite suite, size_t index);
const char *conformance_check_name(const struct check *check);
const char *conformance_check_clause(const struct check *check);
const char *conformance_check_expectation(const struct check *check);

/* What a check needs, as words with commas between: "PIN, K, --destructive". "" when nothing. */
GBAU_MUST_USE enum gbau_status conformance_check_needs(const struct check *check, char *text, size_t capacity);

/* "passed", "failed", "warning", "skipped", "not supported". */
const char *conformance_verdict_text(enum conformance_verdict verdict);

/* Told of every result as it comes. */
typedef void conformance_observer(void *context, const struct conformance_result *result);

/*
 * Runs the checks of given->suite that given->only names. `reader` is used alone for as long as it takes; given->reopen
 * may replace it. Deviations are results, not errors: GBAU_OK whatever the card answers. GBAU_E_PIN_WRONG,
 * GBAU_E_PIN_BLOCKED when a PIN or ADM1 that was given is refused, or only its last try is left; GBAU_E_IO and others
 * when the card is gone; each logged.
 */
GBAU_MUST_USE enum gbau_status conformance_run(struct reader *reader, struct crypto *crypto,
                                               const struct conformance_given *given, conformance_observer *observer,
                                               void *context, const struct log *log);

#endif
