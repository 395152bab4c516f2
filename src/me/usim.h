/* usim.h: the ME's dealings with a USIM: files, PIN, AUTHENTICATE (TS 31.102), on a logical channel of its own. */
#ifndef ME_USIM_H
#define ME_USIM_H

#include "base/log.h"
#include "key/gba_keys.h"
#include "key/identity.h"
#include "reader/reader.h"

enum { USIM_B_TID_MAX = 255, USIM_LIFETIME_MAX = 64 };

struct usim {
    struct reader *reader; /* borrowed */
    const struct log *log;
    uint8_t channel;
    bool has_gba; /* service 68 of EF_UST */
    struct identity identity;
};

/* What the card says to a challenge. */
struct usim_answer {
    bool is_sync_failure;
    struct aka_res res;   /* unless it is one */
    struct aka_auts auts; /* if it is one */
    struct aka_ck ck;     /* in the 3G context only */
    struct aka_ik ik;
};

/* Content of EF_GBABP (31.102 4.2.79); texts as C strings. */
struct usim_bootstrapping {
    struct aka_rand rand;
    char b_tid[USIM_B_TID_MAX + 1];
    char lifetime[USIM_LIFETIME_MAX + 1];
};

/*
 * Opens a channel, selects the USIM, verifies `pin` (digits; NULL: none) when the card asks for it, reads IMSI and
 * services. GBAU_E_PIN_REQUIRED, GBAU_E_PIN_WRONG, GBAU_E_PIN_BLOCKED, GBAU_E_CARD, GBAU_E_IO; each logged.
 */
GBAU_MUST_USE enum gbau_status usim_open(struct usim *usim, struct reader *reader, const char *pin,
                                         const struct log *log);

/*
 * Verifies `pin` (NULL: none) when the card asks for it; an empty VERIFY tells, and costs no try (TS 102 221 11.1.9).
 * Of *usim only reader, channel and log are needed. The PIN errors of usim_open; GBAU_E_ARGUMENT for what is no PIN.
 */
GBAU_MUST_USE enum gbau_status usim_unlock(struct usim *usim, const char *pin);

/* Closes the channel. */
void usim_close(struct usim *usim);

/* AUTHENTICATE, 3G context. GBAU_E_AUTHENTICATION when the card finds the MAC wrong. */
GBAU_MUST_USE enum gbau_status usim_authenticate_3g(struct usim *usim, const struct aka_rand *rand,
                                                    const struct aka_autn *autn, struct usim_answer *answer);

/* AUTHENTICATE, GBA context, bootstrapping mode (31.102 7.1.1.4). */
GBAU_MUST_USE enum gbau_status usim_bootstrap(struct usim *usim, const struct aka_rand *rand,
                                              const struct aka_autn *autn, struct usim_answer *answer);

/* AUTHENTICATE, GBA context, NAF derivation mode (31.102 7.1.1.5). GBAU_E_NOT_FOUND when the card has no Ks. */
GBAU_MUST_USE enum gbau_status usim_derive_naf(struct usim *usim, struct octets naf_id, struct octets impi,
                                               struct ks_ext_naf *key);

/* Reads EF_GBABP. GBAU_E_NOT_FOUND when nothing was bootstrapped or no B-TID was written. */
GBAU_MUST_USE enum gbau_status usim_read_bootstrapping(struct usim *usim, struct usim_bootstrapping *bootstrapping);

/* Writes B-TID and lifetime behind the RAND in EF_GBABP (33.220 G.1). GBAU_E_SPACE when the file is too small. */
GBAU_MUST_USE enum gbau_status usim_write_bootstrapping(struct usim *usim, const char *b_tid, const char *lifetime);

/* NAF_ID = FQDN in lower case || Ua security protocol identifier (33.220 H.1). */
GBAU_MUST_USE enum gbau_status usim_write_naf_id(struct octet_writer *writer, const char *fqdn,
                                                 const uint8_t ua[NAF_ID_UA_SIZE]);

#endif
