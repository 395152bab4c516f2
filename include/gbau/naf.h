/*
 * naf.h: security from the SIM, for the service side (NAF): a B-TID in, keys out, and the same calls on them as on the
 * device (key.h).
 *
 *     gbau_naf_open -> gbau_naf_key_open -> gbau_key_open_sealed -> gbau_key_close -> gbau_naf_close
 *
 * Ks_int_NAF comes from the operator's BSF over Zn (TS 29.109), or from whoever has asked the BSF already. All
 * functions are thread-safe; a key is used by one thread at a time.
 */
#ifndef GBAU_NAF_H
#define GBAU_NAF_H

#include "gbau/key.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gbau_naf;

/*
 * Opens the NAF that a configuration file of gbau-naf describes: its FQDN, key_cache, bsf and diameter; the rest need
 * not be there. Waits until the BSF is there, at most `timeout_ms` milliseconds. The caller owns *naf. What is wrong is
 * told on standard error. GBAU_E_NOT_FOUND or GBAU_E_IO for the file, GBAU_E_CONFIGURATION, GBAU_E_TIMEOUT.
 *
 * A process can be one Diameter node in its whole life: a second call, after whatever became of the first, is
 * GBAU_E_BUSY. Its Diameter identity must be its own: not that of a gbau-naf that runs beside it.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_naf_open(const char *configuration_file, unsigned timeout_ms,
                                                      struct gbau_naf **naf);

/*
 * Opens a NAF without a BSF, for which gbau_naf_add_key is the only source of keys: room for some 2,000 of them.
 * `fqdn` is its name, at most 253 characters.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_naf_open_offline(const char *fqdn, struct gbau_naf **naf);

/* NULL is allowed. All keys must have been closed. */
GBAU_API void gbau_naf_close(struct gbau_naf *naf);

/*
 * Hands a Ks_int_NAF in, as the BSF gave it, valid for `lifetime_s` seconds. GBAU_E_ARGUMENT for a B-TID that is empty,
 * longer than 255 characters, or has others than printable ASCII without '"', '\' and '#'.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_naf_add_key(struct gbau_naf *naf, const char *b_tid, const uint8_t ua[5],
                                                         const uint8_t ks_int_naf[32], unsigned lifetime_s);

/*
 * Opens a key distributed from the Ks_int_NAF of this B-TID and Ua security protocol identifier; asks the BSF when it
 * is not known yet, and blocks meanwhile. `caller` is the AID of the card's application, NULL for the GBA_U API's own
 * applet, through which everyone outside the card comes. For usage hash the B-TID may be NULL. The caller owns *key; an
 * open key stays open when its B-TID expires. GBAU_E_NOT_FOUND for an unknown B-TID, GBAU_E_REFUSED when the BSF says
 * no or gives no Ks_int_NAF, GBAU_E_EXPIRED, GBAU_E_TIMEOUT and GBAU_E_UNREACHABLE when it does not answer,
 * GBAU_E_ACCESS for direction card to card. A policy binds the card; here every key can be opened.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_naf_key_open(struct gbau_naf *naf, const char *b_tid, const uint8_t ua[5],
                                                          const uint8_t *caller, size_t caller_length,
                                                          const struct gbau_key_request *request,
                                                          struct gbau_key **key);

/*
 * The B-TID and the label in the kid of a sealed or authenticated message, and its algorithm, so that the right key can
 * be opened; `algorithm` may be NULL. Of a stream it wants the first segment; more may follow. GBAU_E_MALFORMED for
 * anything else. Nothing is verified here.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_naf_message_names(const void *message, size_t length, char b_tid[256],
                                                               char label[65], enum gbau_algorithm *algorithm);

/* What the NAF allows to be done with its key on the card (docs/gba_u-api.md 10). */
struct gbau_policy {
    uint32_t version;          /* greater than any before for this NAF_ID */
    uint8_t usages;            /* bit n-1: usage n; encrypt, mac, authenticate and derive are 0f */
    const uint8_t *algorithms; /* identifiers; NULL: all */
    size_t algorithm_count;
    bool allows_export;
    bool allows_wrap;
    uint32_t operations;       /* how many; UINT32_MAX: no limit */
    const uint8_t *callers[2]; /* AIDs; NULL: all that have a line */
    size_t caller_lengths[2];
};

enum { GBAU_POLICY_MAX = 200 };

/*
 * Writes a policy with its MAC, for the device to carry to the card (gbau_apply). GBAU_E_ARGUMENT for a value out of
 * range; else errors as gbau_naf_key_open.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_naf_make_policy(struct gbau_naf *naf, const char *b_tid,
                                                             const uint8_t ua[5], const struct gbau_policy *policy,
                                                             uint8_t *out, size_t capacity, size_t *length);

enum { GBAU_REVOKE_NAF_KEY = 0x01, GBAU_REVOKE_PERSISTED_KEYS = 0x02 };

/* Writes a revocation. `label` names one persisted key; NULL: all of them. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_naf_make_revocation(struct gbau_naf *naf, const char *b_tid,
                                                                 const uint8_t ua[5], uint32_t version, uint8_t scope,
                                                                 const char *label, uint8_t *out, size_t capacity,
                                                                 size_t *length);

/*
 * The policy version that mutual authentication assumes for this B-TID and Ua: 0, until it is told here. It holds for
 * keys that are opened later. A new B-TID begins with 0, though the card still has its policy: tell it anew. Errors as
 * gbau_naf_key_open.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_naf_expect_policy(struct gbau_naf *naf, const char *b_tid,
                                                               const uint8_t ua[5], uint32_t version);

#ifdef __cplusplus
}
#endif
#endif
