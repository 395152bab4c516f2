/*
 * gbau.h: security from the SIM, for the device side.
 *
 *     gbau_open -> gbau_bootstrap_if_needed -> gbau_key_open -> gbau_key_seal -> gbau_key_close -> gbau_close
 *
 * A key opened here lives in the card and never leaves it; the service at the other end gets the same key from the
 * operator (naf.h). What is done with keys is in key.h, the same for both ends. No global state; all functions are
 * thread-safe as long as one `struct gbau`, and the keys opened from it, are used by one thread at a time. Lengths
 * are in octets. Errors are enum gbau_status; out parameters are set on GBAU_OK only. Errors that every call may
 * have: GBAU_E_ARGUMENT for a NULL or a value out of range, GBAU_E_IO and GBAU_E_CARD for a card that is gone or
 * broken.
 */
#ifndef GBAU_GBAU_H
#define GBAU_GBAU_H

#include "gbau/key.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A card that is open, and what is known of its bootstrapping. */
struct gbau;

/* B-TID with its zero. */
#define GBAU_B_TID_SIZE 256

/*
 * Opens a card: FILE, pcsc[:NAME or number], at:DEVICE, qmi:DEVICE or mbim:DEVICE. `pin` is the user PIN as 4 to 8
 * digits, or NULL when the card does not ask for it. The caller owns *gbau and ends it with gbau_close. Messages for
 * people go to standard error. GBAU_E_NOT_FOUND, GBAU_E_BUSY when another program has it, GBAU_E_PIN_REQUIRED,
 * GBAU_E_PIN_WRONG, GBAU_E_PIN_BLOCKED.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_open(const char *card, const char *pin, struct gbau **gbau);

/* Ends it; NULL is allowed. Close the keys that were opened from it before. */
GBAU_API void gbau_close(struct gbau *gbau);

/* The same in another way; zero what is not wanted. */
struct gbau_opening {
    const char *card;
    const char *pin;
    bool is_silent; /* no messages, then and later: for what works inside programs that tell people in their own way */
    bool is_locked; /* without the PIN, for gbau_random, gbau_counter, keys of usage hash; else GBAU_E_PIN_REQUIRED */
};
GBAU_API GBAU_MUST_USE enum gbau_status gbau_open_with(const struct gbau_opening *opening, struct gbau **gbau);

/*
 * Whether a card is where `card` says, as for gbau_open; a modem whose device is there counts as one. Nothing is
 * opened, powered or reset. Thread-safe.
 */
GBAU_API bool gbau_card_is_present(const char *card);

/*
 * Runs Ub with the operator's BSF at `bsf_url`, "http://HOST:PORT/" (TS 33.220 5.3.2, TS 24.109 4): afterwards the
 * card has a new Ks and a new B-TID, and keys that are opened from now on come from these. GBAU_E_REFUSED,
 * GBAU_E_AUTHENTICATION when BSF or challenge are not genuine, GBAU_E_UNREACHABLE, GBAU_E_TIMEOUT, GBAU_E_BUSY,
 * GBAU_E_UNSUPPORTED for a card without GBA.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_bootstrap(struct gbau *gbau, const char *bsf_url);

/* The same only when the card has no bootstrapping, or one whose lifetime has ended by this machine's clock. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_bootstrap_if_needed(struct gbau *gbau, const char *bsf_url);

/* The B-TID of the last bootstrapping, as it stands in EF_GBABP. GBAU_E_NOT_FOUND when there is none. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_b_tid(struct gbau *gbau, char b_tid[GBAU_B_TID_SIZE]);

/* When its keys end, in seconds since 1970. GBAU_E_NOT_FOUND when there is none, or the card does not say. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_lifetime(struct gbau *gbau, int64_t *ends);

/*
 * Lets the card derive the keys of a NAF anew (TS 33.220 5.3.3, TS 31.102 7.1.1.5): Ks_int_NAF stays inside,
 * `ks_ext_naf` is the device's: wipe it. `naf_fqdn` names the service, in any case of letters; `ua` is its Ua
 * security protocol identifier (33.220 H.3). GBAU_E_NOT_FOUND before any bootstrapping.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_naf_key(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                                                     uint8_t ks_ext_naf[32]);

/*
 * Opens a key distributed from the Ks_int_NAF of a NAF (docs/gba_u-api.md 4.1, 5.2). The card derives Ks_int_NAF
 * first when it holds none of the present bootstrapping for this NAF, and only then. For usage hash `naf_fqdn` and
 * `ua` may be NULL. The caller owns *key and ends it with gbau_key_close. GBAU_E_ACCESS when EF_AC_GBAUAPI has no
 * line for this NAF or its policy forbids the key; GBAU_E_NOT_FOUND before any bootstrapping; GBAU_E_EXPIRED when the
 * service has revoked its key of this bootstrapping; GBAU_E_LIMIT when too many keys are open, no logical channel is
 * left, or the operations that the policy allows are used up; GBAU_E_UNSUPPORTED when the card lacks the algorithm or
 * the API, or usage, direction and algorithm do not go together.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_open(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                                                      const struct gbau_key_request *request, struct gbau_key **key);

/*
 * Keeps a key of usage encrypt, mac, authenticate, derive or wrap in the card beyond this bootstrapping (6.3), under
 * its label, for at most `operations` uses (UINT32_MAX: no limit); one with the same NAF and label is replaced.
 * GBAU_E_LIMIT when the card has no room. A key of direction card to card works only once it is kept and opened as
 * that.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_persist(struct gbau_key *key, uint32_t operations);

/* Opens a kept key; the caller owns *key. GBAU_E_NOT_FOUND; else as gbau_key_open. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_open_persisted(struct gbau *gbau, const char *naf_fqdn,
                                                                const uint8_t ua[5], const char *label,
                                                                struct gbau_key **key);

/* Deletes a kept key (8.8). GBAU_E_NOT_FOUND, GBAU_E_ACCESS. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_delete_persisted(struct gbau *gbau, const char *naf_fqdn,
                                                                  const uint8_t ua[5], const char *label);

/* A key that the card has for the API's applet (8.2); texts end with a zero. */
struct gbau_key_entry {
    bool persisted;     /* kept by gbau_key_persist; else a NAF key */
    char naf_fqdn[251]; /* in lower case */
    uint8_t ua[5];
    char b_tid[GBAU_B_TID_SIZE]; /* "" when the card does not say */
    uint32_t policy_version;     /* of a NAF key; 0: none */
    uint32_t operations;         /* left; UINT32_MAX: no limit */
    char label[65];              /* of a persisted key, as the next three */
    enum gbau_usage usage;
    enum gbau_direction direction;
    enum gbau_algorithm algorithm;
};

/* Calls `visit` for each key, NAF keys first; ends early when it returns false. `entry` lives as long as the call. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_list(struct gbau *gbau,
                                                      bool (*visit)(void *context, const struct gbau_key_entry *entry),
                                                      void *context);

/*
 * Hands a policy or revocation of a NAF, as gbau_naf_make_policy or gbau_naf_make_revocation wrote it, to the card
 * (10). GBAU_E_MALFORMED, GBAU_E_AUTHENTICATION when its MAC is wrong, GBAU_E_REPLAY when it is not newer than the
 * card's, GBAU_E_NOT_FOUND when the card has no key of this NAF.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_apply(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                                                   const void *object, size_t length);

/* Random octets of the card (TS 102 221 11.1.18), and a number that it never gives again and that only grows (8.10). */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_random(struct gbau *gbau, uint8_t *out, size_t length);
GBAU_API GBAU_MUST_USE enum gbau_status gbau_counter(struct gbau *gbau, uint64_t *counter);

#ifdef __cplusplus
}
#endif
#endif
