/* tree_description.h: a card whose tree was read, described as far as a card can be from outside: without its keys. */
#ifndef CLI_TREE_DESCRIPTION_H
#define CLI_TREE_DESCRIPTION_H

#include "cli/card_tree.h"
#include "uicc/card_description.h"

enum { TREE_NOTE_SIZE = 120, TREE_RULES_SIZE = 254 * 255 };

/* Large. Its contents point into the tree. */
struct tree_description {
    struct card_description description; /* of `parts`; PIN values and keys are zeros */
    struct card_parts parts;
    const struct card_node *nodes[CARD_MAX_FILES]; /* what each file was read from; NULL: nothing */
    const char *notes[CARD_MAX_FILES];             /* why a file is not as it was, or NULL */
    char note_texts[CARD_MAX_FILES][TREE_NOTE_SIZE];
    uint8_t rules[TREE_RULES_SIZE]; /* content of EF_ARR in MF */
    size_t left_out;                /* files that no description can have */
};

/*
 * Describes the card of a tree. Files that could not be read are empty and have a note; a rule that the card keeps to
 * itself becomes "never". An ADF gets the identifier 7FF0 for the first USIM, 7FF1 for the first ISIM, then 7FF2 and
 * on. GBAU_E_UNSUPPORTED when there is no MF.
 */
GBAU_MUST_USE enum gbau_status tree_description_make(const struct card_tree *tree, struct tree_description *made);

#endif
