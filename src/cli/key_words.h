/* key_words.h: what keys are for, in the words of the command line: usages, directions, and what goes with each. */
#ifndef CLI_KEY_WORDS_H
#define CLI_KEY_WORDS_H

#include "gbau/key.h"

/* For help texts. */
#define KEY_USAGE_WORDS     "encrypt, mac, authenticate, derive, wrap or export"
#define KEY_DIRECTION_WORDS "card-to-naf, naf-to-card or card-to-card"

/* The word for a usage or direction; "?" for one that is none. Static. */
const char *key_word_of_usage(enum gbau_usage usage);
const char *key_word_of_direction(enum gbau_direction direction);

/* What the words given for --usage, --direction and --algorithm mean. GBAU_E_ARGUMENT, logged. */
GBAU_MUST_USE enum gbau_status key_words_read_usage(const char *word, enum gbau_usage *usage);
GBAU_MUST_USE enum gbau_status key_words_read_direction(const char *word, enum gbau_direction *direction);
GBAU_MUST_USE enum gbau_status key_words_read_algorithm(const char *word, enum gbau_algorithm *algorithm);

/* The algorithm that a key of this usage has unless another one is asked for. */
enum gbau_algorithm key_words_usual_algorithm(enum gbau_usage usage);

/* True when keys of this usage have a direction. */
bool key_words_has_direction(enum gbau_usage usage);

#endif
