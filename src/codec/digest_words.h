/* digest_words.h: texts that stand in Digest headers and are hashed too; for digest_auth.c and digest_response.c. */
#ifndef CODEC_DIGEST_WORDS_H
#define CODEC_DIGEST_WORDS_H

#include "codec/digest_auth.h"

enum {
    DIGEST_QOP_SETS = 4,
    DIGEST_COUNT_SIZE = 9 /* "00000001" and its zero */
};

/* The text of each set of enum digest_qop bits. */
extern const char *const digest_qop_names[DIGEST_QOP_SETS];

/* The text of a nonce count: eight lower-case hex digits. */
void digest_show_count(uint32_t count, char text[DIGEST_COUNT_SIZE]);

#endif
