/* card_tree.c: walks over a card by SELECT. */
#include "cli/card_walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/ignore.h"
#include "base/secret.h"
#include "card_text/access_words.h"
#include "codec/ber_tlv.h"
#include "me/usim.h"

enum {
    INS_VERIFY = 0x20,
    INS_MANAGE_CHANNEL = 0x70,
    FID_MF = 0x3f00,
    FID_ADF = 0x7fff,
    FID_DIR = 0x2f00,
    FID_PBR = 0x4f30,
    SW_OK = 0x9000,
    SW_BLOCKED = 0x6983,
    SW_DISABLED = 0x6984,
    SW_TRIES = 0x63c0,
    CHANNEL_MAX = 19,
    PIN_OF_USER = 0x01,
    APPLICATIONS_MAX = 20
};

/* Nodes */

static struct card_node *add_node(struct walk *walk, struct card_node *parent)
{
    struct card_node *node = calloc(1, sizeof *node);
    if (node == NULL) {
        walk->status = GBAU_E_MEMORY;
        return NULL;
    }
    node->parent = parent;
    if (parent == NULL) {
        walk->tree->root = node;
        return node;
    }
    struct card_node **end = &parent->children;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = node;
    return node;
}

static void clear_node(struct card_node *node)
{
    while (node != NULL) {
        struct card_node *next = node->next;
        clear_node(node->children);
        if (node->memory != NULL) {
            secret_wipe(node->memory, node->memory_size);
        }
        free(node->parts);
        free(node->memory);
        free(node);
        node = next;
    }
}

/* Takes what SELECT answered; views into the response are copied or dropped. */
static void take_control(struct walk *walk, struct card_node *node)
{
    struct file_control *control = &node->control;
    if (file_control_read(walk->response.data, control) != GBAU_OK) {
        return;
    }
    const struct octets rule = control->expanded_rule.length > 0 ? control->expanded_rule : control->compact_rule;
    node->rule_is_compact = control->expanded_rule.length == 0 && rule.length > 0;
    node->rule_length = rule.length < sizeof node->rule ? rule.length : sizeof node->rule;
    if (node->rule_length > 0) {
        memcpy(node->rule, rule.data, node->rule_length);
    }
    control->aid = control->expanded_rule = control->compact_rule = (struct octets){0};
}

/* PINs */

static struct card_tree_pin *find_pin(struct card_tree *tree, uint8_t reference)
{
    for (size_t i = 0; i < tree->pin_count; i++) {
        if (tree->pins[i].reference == reference) {
            return &tree->pins[i];
        }
    }
    return NULL;
}

/* VERIFY without data costs no try; a reference that the card does not know is left out (TS 102 221 11.1.9). */
static void ask_pin(struct walk *walk, uint8_t reference, bool is_enabled)
{
    struct card_tree *tree = walk->tree;
    const struct apdu_command command = {.ins = INS_VERIFY, .p2 = reference, .le = APDU_NO_LE};
    if (find_pin(tree, reference) != NULL || tree->pin_count == CARD_PINS_MAX) {
        return;
    }
    (void)card_walk_run(walk, &command);
    const uint16_t sw = walk->response.sw;
    const bool has_tries = (sw & 0xfff0) == SW_TRIES;
    if (!has_tries && sw != SW_OK && sw != SW_BLOCKED && sw != SW_DISABLED) {
        return;
    }
    tree->pins[tree->pin_count++] = (struct card_tree_pin){.reference = reference,
                                                      .is_enabled = is_enabled && sw != SW_DISABLED,
                                                      .is_verified = sw == SW_OK || reference == walk->verified_pin,
                                                      .is_blocked = sw == SW_BLOCKED || sw == SW_TRIES,
                                                      .tries_are_known = has_tries,
                                                      .tries = has_tries ? sw & 0x0fU : 0};
}

static void ask_pins_of_directory(struct walk *walk, const struct card_node *node)
{
    for (size_t i = 0; i < node->control.pin_count; i++) {
        ask_pin(walk, node->control.pins[i].reference, node->control.pins[i].enabled);
    }
}

/* Keys that rules ask for and no directory lists: administrative ones, as a rule. */
static void ask_pins_of_rules(struct walk *walk, const struct card_node *node)
{
    for (; node != NULL; node = node->next) {
        uint8_t references[CARD_PINS_MAX];
        size_t count = 0;
        if (!node->rule_is_compact) {
            access_words_find_references(octets_of(node->rule, node->rule_length), references, CARD_PINS_MAX, &count);
        }
        for (size_t i = 0; i < count; i++) {
            ask_pin(walk, references[i], true);
        }
        ask_pins_of_rules(walk, node->children);
    }
}

/*
 * VERIFY must not reach an applet that makes of it what it likes, and a local PIN is known in its application only: so
 * an application with files is selected again, or MF.
 */
static void ask_remaining_pins(struct walk *walk)
{
    static const uint16_t in_mf[] = {FID_DIR};
    struct card_node *node = walk->tree->root->children;
    while (node != NULL && (node->aid_length == 0 || node->place == PLACE_NOWHERE)) {
        node = node->next;
    }
    if (node != NULL ? card_walk_select_application(walk, node)
                     : card_walk_select_path(walk, walk->tree->root, in_mf, 1)) {
        ask_pins_of_rules(walk, walk->tree->root);
    }
}

/* Directories */

static void walk_directory(struct walk *walk, struct card_node *directory);

/* Tries one file; a node is added when it is there. */
static void try_file(struct walk *walk, struct card_node *directory, const struct file_name *name, uint16_t fid)
{
    uint16_t path[CARD_PATH_MAX];
    if (directory->path_length == CARD_PATH_MAX || walk->status != GBAU_OK) {
        return;
    }
    memcpy(path, directory->path, sizeof path);
    path[directory->path_length] = fid;
    if (!card_walk_select_path(walk, directory, path, directory->path_length + 1)) {
        return;
    }
    struct card_node *node = add_node(walk, directory);
    if (node == NULL) {
        return;
    }
    take_control(walk, node);
    node->control.fid = fid;
    memcpy(node->path, path, sizeof path);
    node->path_length = directory->path_length + 1;
    node->file = name;
    if (name != NULL) {
        node->name = name->name;
        node->meaning = name->meaning;
        node->place = name->opens;
    }
    card_walk_read_content(walk, node);
    card_walk_read_rule(walk, node);
    if (node->control.structure == FILE_DIRECTORY) {
        walk_directory(walk, node);
    }
}

static bool has_child(const struct card_node *directory, uint16_t fid)
{
    const struct card_node *child = directory->children;
    while (child != NULL && child->control.fid != fid) {
        child = child->next;
    }
    return child != NULL;
}

/* The files that a template of EF_PBR names: each a tag, its FID and perhaps its SFI. */
static void try_phonebook_files(struct walk *walk, struct card_node *directory, struct octets template)
{
    struct octet_reader files = octet_reader_of(template);
    struct ber_tlv file;
    while (ber_tlv_next(&files, &file)) {
        struct octet_reader value = octet_reader_of(file.value);
        const uint16_t fid = octet_reader_u16(&value);
        if (!value.failed && !has_child(directory, fid)) {
            try_file(walk, directory, file_name_of_phonebook((uint8_t)file.tag), fid);
        }
    }
}

static void try_phonebook(struct walk *walk, struct card_node *directory, const struct card_node *reference)
{
    for (size_t i = 0; i < reference->part_count; i++) {
        struct octet_reader templates = octet_reader_of(reference->parts[i].octets);
        struct ber_tlv template;
        while (ber_tlv_next(&templates, &template)) {
            try_phonebook_files(walk, directory, template.value);
        }
    }
}

/* Access rules of the card under a FID that the table does not name. */
static void try_named_rules(struct walk *walk, struct card_node *directory)
{
    for (const struct card_node *child = directory->children; child != NULL; child = child->next) {
        const uint16_t fid = child->control.rule_file;
        if (fid != 0 && !has_child(directory, fid)) {
            try_file(walk, directory, NULL, fid);
        }
    }
}

static void walk_directory(struct walk *walk, struct card_node *directory)
{
    for (size_t i = 0; i < file_name_count && directory->place != PLACE_NOWHERE; i++) {
        if (file_names[i].place == directory->place) {
            try_file(walk, directory, &file_names[i], file_names[i].fid);
        }
    }
    try_named_rules(walk, directory);
    for (struct card_node *child = directory->children; child != NULL; child = child->next) {
        if (directory->place == PLACE_PHONEBOOK && child->control.fid == FID_PBR) {
            try_phonebook(walk, directory, child);
        }
    }
}

/* Applications */

static void walk_application(struct walk *walk, struct octets aid)
{
    struct card_node *node = add_node(walk, walk->tree->root);
    if (node == NULL) {
        return;
    }
    const struct application_name *name = application_name_find(aid);
    node->aid_length = aid.length;
    memcpy(node->aid, aid.data, aid.length);
    node->name = name == NULL ? NULL : name->name;
    node->meaning = name == NULL ? NULL : name->meaning;
    node->place = name == NULL ? PLACE_NOWHERE : name->place;
    node->path[0] = FID_ADF;
    node->path_length = 1;
    node->control.structure = FILE_DIRECTORY;
    const bool selected = card_walk_select_application(walk, node);
    node->sw = walk->response.sw;
    if (selected) {
        take_control(walk, node);
        ask_pins_of_directory(walk, node);
        walk_directory(walk, node);
    }
}

static bool take_aid(struct octets record, struct octets *aid)
{
    enum { TAG_TEMPLATE = 0x61, TAG_AID = 0x4f };
    struct octets template;
    return ber_tlv_find(record, TAG_TEMPLATE, &template) == GBAU_OK &&
           ber_tlv_find(template, TAG_AID, aid) == GBAU_OK && aid->length > 0 && aid->length <= CARD_AID_SIZE;
}

static void walk_applications(struct walk *walk)
{
    const struct card_node *directory = walk->tree->root->children;
    while (directory != NULL && directory->control.fid != FID_DIR) {
        directory = directory->next;
    }
    size_t count = 0;
    for (size_t i = 0; directory != NULL && i < directory->part_count && count < APPLICATIONS_MAX; i++) {
        struct octets aid;
        if (take_aid(directory->parts[i].octets, &aid)) {
            count++;
            walk_application(walk, aid);
        }
    }
}

/* The whole */

/* A channel of our own leaves that of other programs alone; a card that gives none is used on channel 0. */
static void open_channel(struct walk *walk)
{
    const struct apdu_command command = {.ins = INS_MANAGE_CHANNEL, .le = 1};
    if (card_walk_run(walk, &command) && walk->response.data.length == 1 &&
        walk->response.data.data[0] <= CHANNEL_MAX) {
        walk->channel = walk->response.data.data[0];
    }
}

static void close_channel(struct walk *walk)
{
    const struct apdu_command command = {.ins = INS_MANAGE_CHANNEL, .p1 = 0x80, .p2 = walk->channel, .le = APDU_NO_LE};
    if (walk->channel != 0) {
        status_ignore(apdu_exchange(walk->reader, 0, &command, &walk->response)); /* nothing can be done if it fails */
    }
}

static void walk_card(struct walk *walk)
{
    static const uint8_t mf[] = {FID_MF >> 8, FID_MF & 0xff};
    if (!card_walk_select(walk, CARD_SELECT_BY_FID, octets_of(mf, sizeof mf))) {
        if (walk->status == GBAU_OK) {
            log_error(walk->log, "selecting MF: the card answered %04X; is this a UICC?", walk->response.sw);
            walk->status = GBAU_E_CARD;
        }
        return;
    }
    struct card_node *root = add_node(walk, NULL);
    if (root == NULL) {
        return;
    }
    take_control(walk, root);
    root->control.fid = FID_MF;
    root->name = "MF";
    root->place = PLACE_MF;
    root->control.structure = FILE_DIRECTORY;
    ask_pins_of_directory(walk, root);
    walk_directory(walk, root);
    walk_applications(walk);
    ask_remaining_pins(walk);
}

enum gbau_status card_tree_read(struct reader *reader, const char *pin, const struct log *log, struct card_tree *tree)
{
    struct walk walk = {.reader = reader, .log = log, .tree = tree};
    *tree = (struct card_tree){0};
    open_channel(&walk);
    if (pin != NULL && walk.status == GBAU_OK) {
        struct usim usim = {.reader = reader, .log = log, .channel = walk.channel};
        walk.status = usim_unlock(&usim, pin);
        walk.verified_pin = PIN_OF_USER;
    }
    walk_card(&walk);
    close_channel(&walk);
    secret_wipe(&walk.response, sizeof walk.response);
    return walk.status;
}

void card_tree_clear(struct card_tree *tree)
{
    clear_node(tree->root);
    *tree = (struct card_tree){0};
}
