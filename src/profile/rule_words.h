/*
 * rule_words.h: access rules in words: "read: pin, update: adm1 or adm2" (TS 102 221 9.2, ISO/IEC 7816-4 expanded
 * format). Private to this room.
 *
 * A rule is a list of pairs. Modes: read, update, write; delete-child, create-ef, create-df (the same bits, of a
 * directory); deactivate, activate, terminate, delete; state for these four, all for everything; increase, resize,
 * ins-XX for commands. Conditions: always, never, or keys: pin, pin2, adm1 to adm10, universal-pin, key-XX; joined by
 * "or" or by "and", or one behind "not".
 */
#ifndef PROFILE_RULE_WORDS_H
#define PROFILE_RULE_WORDS_H

#include "base/octets.h"

enum { RULE_SIZE_MAX = 255, RULE_PAIRS_MAX = 16, RULE_MODES_SIZE = 24, RULE_CONDITION_SIZE = 120, RULE_NAME_SIZE = 64 };

struct rule_pair {
    char modes[RULE_MODES_SIZE];
    char condition[RULE_CONDITION_SIZE];
};

struct rule_words {
    size_t count;
    struct rule_pair pairs[RULE_PAIRS_MAX];
};

/* Writes one pair in the coding of EF_ARR. GBAU_E_MALFORMED when a word is not one of these. */
GBAU_MUST_USE enum gbau_status rule_words_encode(struct octet_writer *writer, const char *modes, const char *condition);

/* Puts a rule into words. False when they would not say exactly what it says. */
GBAU_MUST_USE bool rule_words_decode(struct octets rule, struct rule_words *words);

/* A name for a rule, made of what it says of reading and writing: "read-pin-update-adm1". False when it has none. */
GBAU_MUST_USE bool rule_words_name(struct octets rule, char name[RULE_NAME_SIZE]);

/* The octet by which a key is named: "pin", "adm1", "key-0b". False for any other word. */
bool rule_words_find_key(const char *word, uint8_t *reference);

/* The word for a key. */
enum { RULE_KEY_SIZE = 16 };
void rule_words_put_key(uint8_t reference, char word[RULE_KEY_SIZE]);

#endif
