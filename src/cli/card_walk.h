/* card_walk.h: what a walk over a card sends and reads; private to card_tree.c and card_walk.c. */
#ifndef CLI_CARD_WALK_H
#define CLI_CARD_WALK_H

#include "cli/card_tree.h"
#include "me/apdu.h"

struct walk {
    struct reader *reader;
    const struct log *log;
    uint8_t channel;
    struct card_tree *tree;
    struct card_node *application; /* the one that 7FFF means on our channel; NULL: none */
    uint8_t verified_pin;          /* key reference; 0: none */
    enum gbau_status status;       /* sticks at the first failure: then nothing more is sent */
    struct apdu_response response;
};

/* Sends a command; true when the card carried it out. The response is the walk's. */
bool card_walk_run(struct walk *walk, const struct apdu_command *command);

enum { CARD_SELECT_BY_FID = 0x00, CARD_SELECT_BY_NAME = 0x04, CARD_SELECT_BY_PATH = 0x08 };

/* SELECT with an FCP as its answer. */
bool card_walk_select(struct walk *walk, uint8_t p1, struct octets data);

/* Selects the application of a node. */
bool card_walk_select_application(struct walk *walk, struct card_node *node);

/*
 * Selects by a path from MF; the application of `from`, which 7FFF stands for, is made current again where it was left.
 */
bool card_walk_select_path(struct walk *walk, struct card_node *from, const uint16_t *path, size_t length);

/* Reads the body, the records or the objects of the file that is selected, as its FCP in the node says. */
void card_walk_read_content(struct walk *walk, struct card_node *node);

/* Reads the rule that the file's FCP refers to; another file is selected afterwards. */
void card_walk_read_rule(struct walk *walk, struct card_node *node);

#endif
