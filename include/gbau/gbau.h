/*
 * gbau.h: security from the SIM, for the device side.
 *
 *     gbau_open -> gbau_bootstrap_if_needed -> gbau_key_open -> gbau_key_seal -> gbau_key_close -> gbau_close
 *
 * A key opened here lives in the card and never leaves it; the service at the other end gets the same key from the
 * operator (naf.h). What is done with keys is in key.h, the same for both ends. No global state; all functions are
 * thread-safe as long as one `struct gbau`, and the keys opened from it, are used by one thread at a time. Lengths are in
 * octets. Errors are enum gbau_status; out parameters are set on GBAU_OK only. Errors that every call may have:
 * GBAU_E_ARGUMENT for a NULL or a value out of range, GBAU_E_IO and GBAU_E_CARD for a card that is gone or broken.
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
 * Opens a card: a card file, "pcsc", "pcsc:N", "pcsc:NAME" or "at:DEVICE". `pin` is the user PIN as digits, or NULL
 * when it is not asked for. The caller owns *gbau and ends it with gbau_close. Messages for people go to standard
 * error.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_open(const char *card, const char *pin, struct gbau **gbau);
GBAU_API void gbau_close(struct gbau *gbau);

/* The same without messages, then and later: for what works inside programs that tell people in their own way. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_open_silently(const char *card, const char *pin, struct gbau **gbau);

/* Runs Ub with the operator's BSF at `bsf_url` (TS 33.220 5.3.2); fresh keys afterwards. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_bootstrap(struct gbau *gbau, const char *bsf_url);

/* The same only when the card has no bootstrapping, or one whose lifetime has ended by this machine's clock. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_bootstrap_if_needed(struct gbau *gbau, const char *bsf_url);

/* The B-TID of the last bootstrapping, as it stands on the card. GBAU_E_NOT_FOUND when there is none. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_b_tid(struct gbau *gbau, char b_tid[GBAU_B_TID_SIZE]);

/* When it ends, as seconds since 1970. GBAU_E_NOT_FOUND when there is none or the card does not say. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_lifetime(struct gbau *gbau, int64_t *ends);

/*
 * Lets the card derive the keys of a NAF (TS 33.220 5.3.3): Ks_int_NAF stays inside, `ks_ext_naf` is the device's.
 * `naf_fqdn` names the service, `ua` is its Ua security protocol identifier (33.220 H.3). Wipe the key.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_naf_key(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                                                     uint8_t ks_ext_naf[32]);

/*
 * Opens a key distributed from the Ks_int_NAF of a NAF. The card derives Ks_int_NAF first when it holds none of the
 * present bootstrapping for this NAF, and only then. GBAU_E_ACCESS when EF_AC_GBAUAPI has no line for this NAF or its
 * policy forbids it; GBAU_E_NOT_FOUND before any bootstrapping; GBAU_E_EXPIRED when the service has revoked its key of
 * this bootstrapping; GBAU_E_LIMIT when too many keys are open; GBAU_E_UNSUPPORTED when the card lacks the algorithm or the API.
 * For usage hash the NAF may be NULL. The caller owns *key.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_open(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                                                      const struct gbau_key_request *request, struct gbau_key **key);

/* Keeps the key in the card beyond this bootstrapping, for at most `operations` uses (UINT32_MAX: no limit). */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_persist(struct gbau_key *key, uint32_t operations);

/* Opens and deletes a persisted key. GBAU_E_NOT_FOUND. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_open_persisted(struct gbau *gbau, const char *naf_fqdn,
                                                                const uint8_t ua[5], const char *label,
                                                                struct gbau_key **key);
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_delete_persisted(struct gbau *gbau, const char *naf_fqdn,
                                                                  const uint8_t ua[5], const char *label);

/* A key that the card has for the API's applet. */
struct gbau_key_entry {
    bool persisted;
    char naf_fqdn[251];
    uint8_t ua[5];
    char b_tid[GBAU_B_TID_SIZE];
    uint32_t policy_version; /* of a NAF key; 0: none */
    uint32_t operations;     /* left; UINT32_MAX: no limit */
    char label[65];          /* of a persisted key, as the next three */
    enum gbau_usage usage;
    enum gbau_direction direction;
    enum gbau_algorithm algorithm;
};

/* Calls `visit` for each key, NAF keys first; ends early when it returns false. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_list(struct gbau *gbau,
                                                      bool (*visit)(void *context, const struct gbau_key_entry *entry),
                                                      void *context);

/* Hands a policy or revocation of a NAF to the card. GBAU_E_AUTHENTICATION, GBAU_E_REPLAY when it is not newer. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_apply(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                                                   const void *object, size_t length);

/* Random octets of the card, and a number that it never gives again and that only grows. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_random(struct gbau *gbau, uint8_t *out, size_t length);
GBAU_API GBAU_MUST_USE enum gbau_status gbau_counter(struct gbau *gbau, uint64_t *counter);

#ifdef __cplusplus
}
#endif
#endif
