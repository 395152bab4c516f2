/* card_show.h: the two ways to print a card's tree. */
#ifndef CLI_CARD_SHOW_H
#define CLI_CARD_SHOW_H

#include "cli/card_tree.h"

/* One JSON object (card_show_json.c). False when it could not be written. */
bool card_show_print_json(const struct card_tree *tree, const char *card);

/* A tree for people (card_show_text.c), with colours when standard output is a terminal that has them. */
bool card_show_print_text(const struct card_tree *tree, const char *card);

/* What stops a file from being read: "PIN", "ADM1", or an empty text when the rule says nothing. */
void card_show_put_needed(struct text *text, const struct card_node *node);

/* The access rule of an EF as items of `content`. */
void card_show_add_access(const struct card_node *node, struct card_content *content);

/* True when there is nothing in a part: a free record, an empty file. */
bool card_show_is_free(const struct card_node *node, const struct card_part *part);

#endif
