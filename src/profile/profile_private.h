/* profile_private.h: a profile while a card is described by it; private to this room. */
#ifndef PROFILE_PROFILE_PRIVATE_H
#define PROFILE_PROFILE_PRIVATE_H

#include "profile/file_path.h"
#include "profile/node.h"
#include "profile/profile_file.h"
#include "profile/rule_words.h"

enum {
    RULES_MAX = 128,
    ARENA_SIZE = 4 * CARD_DATA_MAX, /* for contents: an EF_ARR that grows leaves its old content behind */
    NO_ENTRY = -1,
    AID_MIN = 5,
    FREE_FILES_DEFAULT = 24,
    FREE_OCTETS_DEFAULT = 4096,
    NAF_KEYS_DEFAULT = 10
};

/* A rule under `rules`. */
struct named_rule {
    const char *name;
    struct octets octets;
};

/* Holds secrets. */
struct profile_file {
    const struct log *log;
    struct yaml_config *config;
    bool is_whole;
    struct profile_subscription subscription;
    char puk[PIN_VALUE_SIZE + 1]; /* made at random */
    struct profile_workspace workspace;
    size_t file_count;
    int entries[CARD_MAX_FILES]; /* which entry of `files` describes the file, or NO_ENTRY */
    size_t pin_count;
    size_t application_count;
    struct profile_keys keys[CARD_MAX_APPLICATIONS]; /* in the whole form */
    size_t rule_count;
    struct named_rule rules[RULES_MAX];
    size_t default_slots; /* for files, of the default card; in the short form */
    unsigned free_files;  /* in the whole form */
    unsigned free_octets; /* in the whole form */
    unsigned persisted_keys;
    struct octet_writer arena;
    uint8_t arena_memory[ARENA_SIZE];
};

static inline struct file_list file_list_of(const struct profile_file *file)
{
    return (struct file_list){.files = file->workspace.parts.files, .count = file->file_count};
}

/* profile_keys_read.c: keys and what belongs to them, of the file or of an application */

#define KEY_NAMES "algorithm", "k", "op", "opc", "top", "topc", "milenage", "tuak", "sqn", "gba-u"

GBAU_MUST_USE enum gbau_status profile_read_keys(const struct node *node, struct profile_keys *keys);
GBAU_MUST_USE enum gbau_status profile_read_gba_rules(const struct node *node, struct gba_u_rules *rules,
                                                      unsigned *naf_keys);

/* The policy, and the highest SQN accepted; with `entries` those of every IND can be given. */
GBAU_MUST_USE enum gbau_status profile_read_sqn(const struct node *node, uint32_t *delta, uint32_t *age_limit,
                                                aka_sqn *value, aka_sqn entries[SQN_ENTRIES]);

/* profile_short.c */
GBAU_MUST_USE enum gbau_status profile_read_subscription(struct profile_file *file);
GBAU_MUST_USE enum gbau_status profile_describe_subscription(struct profile_file *file, struct crypto *crypto);

/* profile_whole.c */
GBAU_MUST_USE enum gbau_status profile_check_whole(struct profile_file *file);
GBAU_MUST_USE enum gbau_status profile_describe_whole(struct profile_file *file, struct crypto *crypto);

/* profile_files_read.c */
GBAU_MUST_USE enum gbau_status profile_read_files(struct profile_file *file);
GBAU_MUST_USE enum gbau_status profile_remove_files(struct profile_file *file);
GBAU_MUST_USE enum gbau_status profile_find_path(struct profile_file *file, const struct node *node, uint8_t *index);

/* Room for a content that lives as long as the file; NULL, logged, when there is none. */
uint8_t *profile_reserve(struct profile_file *file, const struct node *node, size_t length);

/* profile_rules_read.c */
GBAU_MUST_USE enum gbau_status profile_read_rules(struct profile_file *file);

/* The rule with this name under `rules`, or NULL. */
const struct named_rule *profile_find_rule(const struct profile_file *file, const char *name);

/* Gives every file that an entry describes its rule. */
GBAU_MUST_USE enum gbau_status profile_resolve_rules(struct profile_file *file);

#endif
