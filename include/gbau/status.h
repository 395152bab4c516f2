/* status.h: the one way in which gbau reports failure; included by every public header. */
#ifndef GBAU_STATUS_H
#define GBAU_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* A result that the compiler makes the caller look at. */
#define GBAU_MUST_USE __attribute__((warn_unused_result))

/*
 * Every function that can fail returns one of these. GBAU_OK is zero, all else is failure.
 * The values are stable: new ones are added at the end.
 */
enum gbau_status {
    GBAU_OK = 0,
    GBAU_E_ARGUMENT,       /* the caller passed something out of range */
    GBAU_E_MALFORMED,      /* input from outside is not what its format demands */
    GBAU_E_SPACE,          /* a buffer, file or table is too small */
    GBAU_E_MEMORY,         /* the operating system gave no memory */
    GBAU_E_UNSUPPORTED,    /* known, but not offered here */
    GBAU_E_NOT_FOUND,      /* no such file, key, subscriber, session */
    GBAU_E_EXISTS,         /* it is already there */
    GBAU_E_CRYPTO,         /* the crypto library failed */
    GBAU_E_AUTHENTICATION, /* a MAC, tag or digest does not match */
    GBAU_E_REPLAY,         /* right, but seen before */
    GBAU_E_SYNC,           /* the card found SQN out of range (AUTS) */
    GBAU_E_ACCESS,         /* access rules forbid it */
    GBAU_E_PIN_REQUIRED,   /* PIN not verified */
    GBAU_E_PIN_WRONG,      /* PIN verified wrongly; tries are left */
    GBAU_E_PIN_BLOCKED,    /* no PIN tries left */
    GBAU_E_STORAGE,        /* a persistent store failed to read or write */
    GBAU_E_CORRUPT,        /* stored data is damaged */
    GBAU_E_BUSY,           /* in use by another process, or overloaded */
    GBAU_E_IO,             /* reading or writing a device or file failed */
    GBAU_E_UNREACHABLE,    /* no connection to the peer */
    GBAU_E_TIMEOUT,        /* the peer did not answer in time */
    GBAU_E_PROTOCOL,       /* the peer broke the protocol */
    GBAU_E_REFUSED,        /* the peer answered, and refused */
    GBAU_E_EXPIRED,        /* the key or session has ended */
    GBAU_E_CARD,           /* the card answered with an unexpected status word */
    GBAU_E_LIMIT,          /* a limit on count or rate is reached */
    GBAU_E_CONFIGURATION,  /* a configuration file or option is wrong */
    GBAU_STATUS_COUNT
};

/*
 * One line of plain English for a status, without a full stop; never NULL.
 * Thread-safe; the text is static.
 */
const char *gbau_status_text(enum gbau_status status);

/*
 * What a person can do about a status, as one line; an empty text where there is nothing general to say.
 * Thread-safe; the text is static.
 */
const char *gbau_status_hint(enum gbau_status status);

#ifdef __cplusplus
}
#endif
#endif
