/*
 * profile_file.h: a card as a file that people write: YAML, short (a subscription and what differs from the default
 * card) or whole (every file, PIN, application and rule). docs/profile.md tells what may stand in it.
 */
#ifndef PROFILE_PROFILE_FILE_H
#define PROFILE_PROFILE_FILE_H

#include "base/log.h"
#include "profile/profile_keys.h"
#include "uicc/profile.h"

struct profile_file;

/* What the short form says of the subscription; options of a command line go over it. Holds secrets. */
struct profile_subscription {
    struct card_profile card; /* texts are NULL, and `functions` is not set, until profile_file_describe */
    struct profile_keys keys; /* of USIM and ISIM */
    bool has_adm;             /* card.adm is set */
};

/*
 * Reads the profile at `path`; NULL: one that says nothing. On success the caller owns *file and ends it with
 * profile_file_close; it keeps `log`. GBAU_E_CONFIGURATION and others of yaml_config_load, each logged with file and
 * line.
 */
GBAU_MUST_USE enum gbau_status profile_file_load(const char *path, const struct log *log, struct profile_file **file);

/* The same of a text in memory. */
GBAU_MUST_USE enum gbau_status profile_file_parse(struct octets text, const struct log *log,
                                                  struct profile_file **file);

/* True when the profile spells the whole card out: then it has no subscription. */
bool profile_file_is_whole(const struct profile_file *file);

/* The subscription, for reading and changing until the card is described. Texts set there are borrowed. */
struct profile_subscription *profile_file_subscription(struct profile_file *file);

/*
 * Describes the card; card_description_make can make it then. PUK and ADM1 that nobody gave are made at random and
 * stand in the subscription afterwards. The description points into `file`. Call it once. GBAU_E_CONFIGURATION for what
 * is wrong or missing, GBAU_E_SPACE for a card that is too large, each logged; GBAU_E_CRYPTO.
 */
GBAU_MUST_USE enum gbau_status profile_file_describe(struct profile_file *file, struct crypto *crypto,
                                                     struct card_description *description);

/* Wipes and frees. NULL is allowed. */
void profile_file_close(struct profile_file *file);

#endif
