/*
 * gbau.h: security from the SIM, for the device side.
 *
 *     gbau_open -> gbau_bootstrap -> gbau_key_open -> gbau_key_seal -> gbau_key_close -> gbau_close
 *
 * A key opened here lives in the card and never leaves it; the service at the other end gets the same key from the
 * operator (see naf.h for that side). All functions are thread-safe as long as one `struct gbau` is used by one thread
 * at a time. Lengths are in octets. Errors are enum gbau_status; out parameters are set on GBAU_OK only.
 */
#ifndef GBAU_GBAU_H
#define GBAU_GBAU_H

#include <stddef.h>
#include <stdint.h>

#include "gbau/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GBAU_API __attribute__((visibility("default")))

/* A card that is open, and what is known of its bootstrapping. */
struct gbau;

/* A key distributed from Ks_int_NAF, held by the card. */
struct gbau_key;

/* B-TID with its zero. */
#define GBAU_B_TID_SIZE 256

/*
 * Opens a card: FILE, pcsc[:NAME or number], at:DEVICE, qmi:DEVICE or mbim:DEVICE. `pin` is the user PIN as digits, or
 * NULL when it is not asked for. The caller owns *gbau and ends it with gbau_close. Messages for people go to standard
 * error.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_open(const char *card, const char *pin, struct gbau **gbau);
GBAU_API void gbau_close(struct gbau *gbau);

/* Runs Ub with the operator's BSF at `bsf_url` (TS 33.220 5.3.2); fresh keys afterwards. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_bootstrap(struct gbau *gbau, const char *bsf_url);

/* The B-TID of the last bootstrapping, as it stands on the card. GBAU_E_NOT_FOUND when there is none. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_b_tid(struct gbau *gbau, char b_tid[GBAU_B_TID_SIZE]);

/*
 * Lets the card derive the keys of a NAF (TS 33.220 5.3.3) and opens a key for sealing messages to it.
 * `naf_fqdn` names the service, `ua` is its Ua security protocol identifier (33.220 H.3), `label` is the application's
 * own name for the key, 1 to 64 characters. GBAU_E_ACCESS when EF_AC_GBAUAPI has no line for this NAF.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_open(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                                                      const char *label, struct gbau_key **key);
GBAU_API void gbau_key_close(struct gbau_key *key);

/*
 * Seals `length` octets in the card, at most 96: a COSE_Encrypt0 message (RFC 9052) of up to `capacity` octets is
 * written to `sealed`; it is at most 420 octets longer than the text. GBAU_E_SPACE when either is too long.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_seal(struct gbau_key *key, const void *text, size_t length,
                                                      uint8_t *sealed, size_t capacity, size_t *sealed_length);

#ifdef __cplusplus
}
#endif
#endif
