/*
 * card_tree.h: everything that a card lets be seen: its directories, files, access rules and PINs.
 *
 * Known files are tried by SELECT, for a UICC has no command that lists what it has; and files that the card itself
 * names are followed. Nothing is ever written.
 */
#ifndef CLI_CARD_TREE_H
#define CLI_CARD_TREE_H

#include "base/log.h"
#include "card_text/application_names.h"
#include "card_text/file_control.h"
#include "reader/reader.h"

enum { CARD_AID_SIZE = 16, CARD_RULE_SIZE = 255, CARD_PATH_MAX = 5, CARD_PINS_MAX = 16 };

/* A record, an object of a BER-TLV file, or the body of a transparent file. */
struct card_part {
    uint32_t number;      /* of the record; tag of the object; 0 */
    size_t length;        /* of the whole object; may be more than was read */
    struct octets octets; /* as read, in the node's memory */
};

struct card_node {
    const char *name; /* NULL: no name is known */
    const char *meaning;
    const struct file_name *file; /* NULL unless a known EF or DF */
    enum card_place place;        /* of a directory: whose files it has */
    struct file_control control;  /* its views are not set: see below */
    size_t aid_length;            /* of an application */
    uint8_t aid[CARD_AID_SIZE];
    size_t rule_length;
    uint8_t rule[CARD_RULE_SIZE]; /* expanded format, or compact */
    bool rule_is_compact;
    size_t path_length;
    uint16_t path[CARD_PATH_MAX]; /* from MF, 7FFF being the application */
    uint16_t sw;                  /* of reading it: 9000, or why it could not be read; of selecting an application */
    size_t part_count;
    struct card_part *parts;
    uint8_t *memory; /* of the parts; holds secrets when the file does */
    size_t memory_size;
    struct card_node *parent;
    struct card_node *children;
    struct card_node *next;
};

struct card_tree_pin {
    uint8_t reference;
    bool is_enabled;
    bool is_verified;
    bool is_blocked;
    bool tries_are_known;
    unsigned tries;
};

struct card_tree {
    struct card_node *root; /* MF */
    size_t pin_count;
    struct card_tree_pin pins[CARD_PINS_MAX];
};

/*
 * Reads the card in `reader` on a logical channel of its own, after verifying `pin` (NULL: none). GBAU_E_PIN_WRONG and
 * others of usim_verify_pin; GBAU_E_CARD when it has no MF; GBAU_E_IO; each logged. The caller ends *tree with
 * card_tree_clear, whatever came of it.
 */
GBAU_MUST_USE enum gbau_status card_tree_read(struct reader *reader, const char *pin, const struct log *log,
                                              struct card_tree *tree);
void card_tree_clear(struct card_tree *tree);

#endif
