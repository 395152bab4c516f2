/*
 * apdu_words.h: what passes between a terminal and a card, in words, and which of its octets are secrets
 * (TS 102 221 10 and 11, TS 31.102 7).
 *
 * A command says little by itself: READ BINARY reads what was selected before. So the words come from a narrator that
 * has heard all commands since the card was reset. Values of PINs, RES, CK, IK, Kc, Ks_ext_NAF, plaintext of the GBA_U
 * API and files of keys never get into words; where they stand is told, so that they can be overwritten elsewhere.
 */
#ifndef CARD_TEXT_APDU_WORDS_H
#define CARD_TEXT_APDU_WORDS_H

#include "card_text/file_names.h"

enum { APDU_CHANNELS = 20, APDU_SECRETS_MAX = 6, APDU_WORDS_SIZE = 1024 };

/* Octets of a command or response that are secret. */
struct apdu_secrets {
    size_t count;
    struct {
        size_t start;
        size_t length;
    } ranges[APDU_SECRETS_MAX];
};

/* The command whose response is told: with T=0 it may come by GET RESPONSE. */
struct apdu_origin {
    uint8_t ins;
    uint8_t p1;
    uint8_t p2;
    uint8_t mode; /* first octet of its data */
};

/* What is selected on a logical channel. */
struct apdu_channel {
    enum card_place application;
    enum card_place directory;
    const struct file_name *file; /* NULL: none, or one without a name */
    struct apdu_origin origin;
};

struct apdu_narrator {
    struct apdu_channel channels[APDU_CHANNELS];
};

/* One exchange in words. */
struct apdu_words {
    char command[APDU_WORDS_SIZE]; /* "SELECT EF_IMSI" */
    char outcome[APDU_WORDS_SIZE]; /* "transparent, 9 octets", "6A82 file not found" */
    bool succeeded;
    struct apdu_secrets command_secrets;
    struct apdu_secrets response_secrets;
};

/* A narrator for a card that was just reset. */
void apdu_narrator_reset(struct apdu_narrator *narrator);

/* Puts an exchange into words. Any octets are allowed; `response` ends with SW1 SW2. Allocates nothing. */
void apdu_narrator_tell(struct apdu_narrator *narrator, struct octets command, struct octets response,
                        struct apdu_words *words);

/* Overwrites secret octets with FF. */
void apdu_secrets_mask(const struct apdu_secrets *secrets, uint8_t *octets, size_t length);

/*
 * True when a command sends data to the card, by its header of 4 octets; one that only fetches has Le where others have
 * Lc. Unknown commands send.
 */
bool apdu_header_sends(const uint8_t header[4]);

#endif
