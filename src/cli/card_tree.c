/* card_tree.c: walks over a card by SELECT. */
#include "cli/card_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/ignore.h"
#include "base/secret.h"
#include "card_text/access_words.h"
#include "card_text/status_words.h"
#include "codec/ber_tlv.h"
#include "me/apdu.h"
#include "me/usim.h"

enum {
    INS_SELECT = 0xa4,
    INS_READ_BINARY = 0xb0,
    INS_READ_RECORD = 0xb2,
    INS_RETRIEVE_DATA = 0xcb,
    INS_VERIFY = 0x20,
    INS_MANAGE_CHANNEL = 0x70,
    CLA_ETSI = 0x80,
    SELECT_BY_FID = 0x00,
    SELECT_BY_NAME = 0x04,
    SELECT_BY_PATH = 0x08,
    SELECT_RETURN_FCP = 0x04,
    RECORD_ABSOLUTE = 0x04,
    FIRST_BLOCK = 0x80,
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
    BINARY_CHUNK = 255,
    BINARY_MAX = 0x8000, /* what 15 bits of offset reach */
    OBJECTS_MAX = 64,
    OBJECT_SHOWN = 64
};

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

/* Exchanges */

/* Sends a command; true when the card carried it out. The response is the walk's. */
static bool run(struct walk *walk, const struct apdu_command *command)
{
    walk->response.sw = 0;
    if (walk->status == GBAU_OK) {
        walk->status = apdu_exchange(walk->reader, walk->channel, command, &walk->response);
    }
    return walk->status == GBAU_OK && status_word_is_success(walk->response.sw);
}

static bool select_with(struct walk *walk, uint8_t p1, struct octets data)
{
    const struct apdu_command command = {
        .ins = INS_SELECT, .p1 = p1, .p2 = SELECT_RETURN_FCP, .data = data, .le = APDU_ANY_LE};
    return run(walk, &command);
}

static bool select_application(struct walk *walk, struct card_node *node)
{
    walk->application = select_with(walk, SELECT_BY_NAME, octets_of(node->aid, node->aid_length)) ? node : NULL;
    return walk->application != NULL;
}

static struct card_node *application_of(struct card_node *node)
{
    while (node != NULL && node->aid_length == 0) {
        node = node->parent;
    }
    return node;
}

/* Selects by a path from MF; the application that 7FFF stands for is made current again where it was left. */
static bool select_path(struct walk *walk, struct card_node *from, const uint16_t *path, size_t length)
{
    uint8_t octets[2 * CARD_PATH_MAX];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    struct card_node *application = length > 0 && path[0] == FID_ADF ? application_of(from) : NULL;
    for (size_t i = 0; i < length; i++) {
        octet_writer_u16(&writer, path[i]);
    }
    if (application != NULL && walk->application != application && !select_application(walk, application)) {
        return false;
    }
    const bool selected = select_with(walk, SELECT_BY_PATH, octets_written(&writer));
    if (selected && application == NULL) {
        walk->application = NULL; /* cards differ in whether it is still current */
    }
    return selected;
}

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

/* Reading */

static bool make_room(struct walk *walk, struct card_node *node, size_t parts, size_t octets)
{
    node->parts = calloc(parts == 0 ? 1 : parts, sizeof *node->parts);
    node->memory_size = octets == 0 ? 1 : octets;
    node->memory = calloc(node->memory_size, 1);
    if (node->parts == NULL || node->memory == NULL) {
        walk->status = GBAU_E_MEMORY;
        return false;
    }
    return true;
}

/* Adds a part behind those that are there; no more than `room` octets of it. */
static void add_part(struct card_node *node, uint32_t number, struct octets data, size_t start, size_t room)
{
    const size_t length = data.length < room ? data.length : room;
    if (length > 0) {
        memcpy(node->memory + start, data.data, length);
    }
    node->parts[node->part_count++] =
        (struct card_part){.number = number, .length = data.length, .octets = octets_of(node->memory + start, length)};
}

static void read_binary(struct walk *walk, struct card_node *node)
{
    const size_t size = node->control.size < BINARY_MAX ? node->control.size : BINARY_MAX;
    if (!make_room(walk, node, 1, size)) {
        return;
    }
    size_t length = 0;
    node->sw = SW_OK;
    while (length < size) {
        const size_t left = size - length;
        const struct apdu_command command = {.ins = INS_READ_BINARY,
                                             .p1 = (uint8_t)(length >> 8),
                                             .p2 = (uint8_t)length,
                                             .le = left < BINARY_CHUNK ? (int)left : BINARY_CHUNK};
        const bool done = run(walk, &command);
        node->sw = walk->response.sw;
        if (!done || walk->response.data.length == 0 || walk->response.data.length > left) {
            break;
        }
        memcpy(node->memory + length, walk->response.data.data, walk->response.data.length);
        length += walk->response.data.length;
    }
    node->parts[0] = (struct card_part){.length = length, .octets = octets_of(node->memory, length)};
    node->part_count = length > 0 ? 1 : 0;
}

static void read_records(struct walk *walk, struct card_node *node)
{
    const size_t count = node->control.record_count;
    const size_t length = node->control.record_length;
    if (!make_room(walk, node, count, count * length)) {
        return;
    }
    node->sw = SW_OK;
    for (size_t i = 0; i < count; i++) {
        const struct apdu_command command = {.ins = INS_READ_RECORD,
                                             .p1 = (uint8_t)(i + 1),
                                             .p2 = RECORD_ABSOLUTE,
                                             .le = length <= 0xff ? (int)length : APDU_ANY_LE};
        const bool done = run(walk, &command);
        node->sw = walk->response.sw;
        if (!done) {
            return;
        }
        add_part(node, (uint32_t)i + 1, walk->response.data, i * length, length);
    }
}

static bool retrieve(struct walk *walk, struct octets tag)
{
    const struct apdu_command command = {
        .cla = CLA_ETSI, .ins = INS_RETRIEVE_DATA, .p2 = FIRST_BLOCK, .data = tag, .le = APDU_ANY_LE};
    return run(walk, &command);
}

/* Reads how long an object is, and how it begins, from its first block. */
static void read_object(struct walk *walk, struct card_node *node, uint32_t tag)
{
    const size_t start = node->part_count * OBJECT_SHOWN;
    const uint8_t octets[] = {(uint8_t)(tag >> 8), (uint8_t)tag};
    const size_t skipped = tag > 0xff ? 0 : 1;
    if (!retrieve(walk, octets_of(octets + skipped, sizeof octets - skipped))) {
        node->sw = walk->response.sw;
        return;
    }
    /* an object of several blocks is cut off here, so only its head is read as TLV */
    struct octet_reader reader = octet_reader_of(walk->response.data);
    (void)octet_reader_take(&reader, sizeof octets - skipped);
    const uint8_t first = octet_reader_u8(&reader);
    const size_t length_octets = first > 0x80 ? (size_t)first - 0x80 : 0;
    size_t length = length_octets == 0 ? first : 0;
    for (size_t i = 0; i < length_octets && i < 3; i++) {
        length = length << 8 | octet_reader_u8(&reader);
    }
    const struct octets value = octet_reader_take(&reader, octet_reader_left(&reader));
    add_part(node, tag, value, start, OBJECT_SHOWN);
    node->parts[node->part_count - 1].length = length;
}

/* The tag 5C asks for the tags of all objects (TS 102 221 11.3.1). */
static void read_objects(struct walk *walk, struct card_node *node)
{
    static const uint8_t tag_list[] = {0x5c};
    uint8_t tags[OBJECTS_MAX];
    struct octets value;
    const bool done = retrieve(walk, octets_of(tag_list, sizeof tag_list));
    node->sw = walk->response.sw;
    if (!done || ber_tlv_find(walk->response.data, tag_list[0], &value) != GBAU_OK ||
        !make_room(walk, node, OBJECTS_MAX, (size_t)OBJECTS_MAX * OBJECT_SHOWN)) {
        return;
    }
    const size_t length = value.length < sizeof tags ? value.length : sizeof tags;
    memcpy(tags, value.data, length);
    node->sw = SW_OK;
    for (size_t i = 0; i < length; i++) {
        const bool has_second = (tags[i] & 0x1f) == 0x1f && i + 1 < length;
        read_object(walk, node, has_second ? (uint32_t)tags[i] << 8 | tags[i + 1] : tags[i]);
        i += has_second ? 1 : 0;
    }
}

static void read_content(struct walk *walk, struct card_node *node)
{
    switch (node->control.structure) {
    case FILE_TRANSPARENT:
        read_binary(walk, node);
        break;
    case FILE_LINEAR_FIXED:
    case FILE_CYCLIC:
        read_records(walk, node);
        break;
    case FILE_BER_TLV:
        read_objects(walk, node);
        break;
    default:
        break;
    }
}

/* Access rules */

/* Another file under the same directory whose rule was read from the same record. */
static const struct card_node *find_same_rule(const struct card_node *node)
{
    const struct card_node *other = node->parent == NULL ? NULL : node->parent->children;
    for (; other != NULL; other = other->next) {
        if (other != node && other->rule_length > 0 && other->control.rule_file == node->control.rule_file &&
            other->control.rule_record == node->control.rule_record) {
            return other;
        }
    }
    return NULL;
}

static bool read_rule_in(struct walk *walk, struct card_node *directory, struct card_node *node)
{
    uint16_t path[CARD_PATH_MAX];
    const struct apdu_command command = {
        .ins = INS_READ_RECORD, .p1 = node->control.rule_record, .p2 = RECORD_ABSOLUTE, .le = APDU_ANY_LE};
    if (directory->path_length == CARD_PATH_MAX) {
        return false;
    }
    memcpy(path, directory->path, sizeof path);
    path[directory->path_length] = node->control.rule_file;
    if (!select_path(walk, directory, path, directory->path_length + 1) || !run(walk, &command)) {
        return false;
    }
    const struct octets rule = walk->response.data;
    node->rule_length = rule.length < sizeof node->rule ? rule.length : sizeof node->rule;
    memcpy(node->rule, rule.data, node->rule_length);
    return true;
}

/* EF_ARR stands in the file's directory or in one above it (TS 102 221 9.2.7). */
static void read_rule(struct walk *walk, struct card_node *node)
{
    if (node->control.rule_file == 0 || node->rule_length > 0) {
        return;
    }
    const struct card_node *same = find_same_rule(node);
    if (same != NULL) {
        memcpy(node->rule, same->rule, same->rule_length);
        node->rule_length = same->rule_length;
        return;
    }
    struct card_node *directory = node->parent;
    while (directory != NULL && walk->status == GBAU_OK && !read_rule_in(walk, directory, node)) {
        directory = directory->parent;
    }
}

/* PINs */

static struct card_pin *find_pin(struct card_tree *tree, uint8_t reference)
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
    (void)run(walk, &command);
    const uint16_t sw = walk->response.sw;
    const bool has_tries = (sw & 0xfff0) == SW_TRIES;
    if (!has_tries && sw != SW_OK && sw != SW_BLOCKED && sw != SW_DISABLED) {
        return;
    }
    tree->pins[tree->pin_count++] = (struct card_pin){.reference = reference,
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
    if (node != NULL ? select_application(walk, node) : select_path(walk, walk->tree->root, in_mf, 1)) {
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
    if (!select_path(walk, directory, path, directory->path_length + 1)) {
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
    read_content(walk, node);
    read_rule(walk, node);
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

/* The files that records of EF_PBR name: templates of tag, FID and perhaps SFI. */
static void try_phonebook(struct walk *walk, struct card_node *directory, const struct card_node *reference)
{
    for (size_t i = 0; i < reference->part_count; i++) {
        struct octet_reader templates = octet_reader_of(reference->parts[i].octets);
        struct ber_tlv template;
        while (ber_tlv_next(&templates, &template)) {
            struct octet_reader files = octet_reader_of(template.value);
            struct ber_tlv file;
            while (ber_tlv_next(&files, &file)) {
                struct octet_reader value = octet_reader_of(file.value);
                const uint16_t fid = octet_reader_u16(&value);
                if (!value.failed && !has_child(directory, fid)) {
                    try_file(walk, directory, file_name_of_phonebook((uint8_t)file.tag), fid);
                }
            }
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
    const bool selected = select_application(walk, node);
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
    for (size_t i = 0; directory != NULL && i < directory->part_count; i++) {
        struct octets aid;
        if (take_aid(directory->parts[i].octets, &aid)) {
            walk_application(walk, aid);
        }
    }
}

/* The whole */

/* A channel of our own leaves that of other programs alone; a card that gives none is used on channel 0. */
static void open_channel(struct walk *walk)
{
    const struct apdu_command command = {.ins = INS_MANAGE_CHANNEL, .le = 1};
    if (run(walk, &command) && walk->response.data.length == 1 && walk->response.data.data[0] <= CHANNEL_MAX) {
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
    if (!select_with(walk, SELECT_BY_FID, octets_of(mf, sizeof mf))) {
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
