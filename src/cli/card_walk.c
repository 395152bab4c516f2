/* card_walk.c: SELECT, and reading what was selected. */
#include "cli/card_walk.h"

#include <stdlib.h>
#include <string.h>

#include "card_text/status_words.h"
#include "codec/ber_tlv.h"

enum {
    INS_SELECT = 0xa4,
    INS_READ_BINARY = 0xb0,
    INS_READ_RECORD = 0xb2,
    INS_RETRIEVE_DATA = 0xcb,
    CLA_ETSI = 0x80,
    SELECT_RETURN_FCP = 0x04,
    RECORD_ABSOLUTE = 0x04,
    FIRST_BLOCK = 0x80,
    FID_ADF = 0x7fff,
    SW_OK = 0x9000,
    BINARY_CHUNK = 255,
    RECORD_MAX = 256,    /* what a response can hold */
    BINARY_MAX = 0x8000, /* what 15 bits of offset reach */
    OBJECTS_MAX = 64,
    OBJECT_SHOWN = 64
};

/* Exchanges */

bool card_walk_run(struct walk *walk, const struct apdu_command *command)
{
    walk->response.sw = 0;
    if (walk->status == GBAU_OK) {
        walk->status = apdu_exchange(walk->reader, walk->channel, command, &walk->response);
    }
    return walk->status == GBAU_OK && status_word_is_success(walk->response.sw);
}

bool card_walk_select(struct walk *walk, uint8_t p1, struct octets data)
{
    const struct apdu_command command = {
        .ins = INS_SELECT, .p1 = p1, .p2 = SELECT_RETURN_FCP, .data = data, .le = APDU_ANY_LE};
    return card_walk_run(walk, &command);
}

bool card_walk_select_application(struct walk *walk, struct card_node *node)
{
    walk->application =
        card_walk_select(walk, CARD_SELECT_BY_NAME, octets_of(node->aid, node->aid_length)) ? node : NULL;
    return walk->application != NULL;
}

static struct card_node *application_of(struct card_node *node)
{
    while (node != NULL && node->aid_length == 0) {
        node = node->parent;
    }
    return node;
}

bool card_walk_select_path(struct walk *walk, struct card_node *from, const uint16_t *path, size_t length)
{
    uint8_t octets[2 * CARD_PATH_MAX];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    struct card_node *application = length > 0 && path[0] == FID_ADF ? application_of(from) : NULL;
    for (size_t i = 0; i < length; i++) {
        octet_writer_u16(&writer, path[i]);
    }
    if (application != NULL && walk->application != application && !card_walk_select_application(walk, application)) {
        return false;
    }
    const bool selected = card_walk_select(walk, CARD_SELECT_BY_PATH, octets_written(&writer));
    if (selected && application == NULL) {
        walk->application = NULL; /* cards differ in whether it is still current */
    }
    return selected;
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
        const bool done = card_walk_run(walk, &command);
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
    const size_t length = node->control.record_length < RECORD_MAX ? node->control.record_length : RECORD_MAX;
    if (!make_room(walk, node, count, count * length)) {
        return;
    }
    node->sw = SW_OK;
    for (size_t i = 0; i < count; i++) {
        const struct apdu_command command = {.ins = INS_READ_RECORD,
                                             .p1 = (uint8_t)(i + 1),
                                             .p2 = RECORD_ABSOLUTE,
                                             .le = length <= 0xff ? (int)length : APDU_ANY_LE};
        const bool done = card_walk_run(walk, &command);
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
    return card_walk_run(walk, &command);
}

/* Length octets of an object that may be cut off behind them. */
static size_t take_length(struct octet_reader *reader)
{
    const uint8_t first = octet_reader_u8(reader);
    size_t length = first < 0x80 ? first : 0;
    for (size_t i = 0; first > 0x80 && i < (size_t)first - 0x80 && i < 3; i++) {
        length = length << 8 | octet_reader_u8(reader);
    }
    return length;
}

/* Reads how long an object is, and how it begins, from its first block. */
static void read_object(struct walk *walk, struct card_node *node, uint32_t tag)
{
    const uint8_t octets[] = {(uint8_t)(tag >> 8), (uint8_t)tag};
    const size_t skipped = tag > 0xff ? 0 : 1;
    if (!retrieve(walk, octets_of(octets + skipped, sizeof octets - skipped))) {
        node->sw = walk->response.sw;
        return;
    }
    struct octet_reader reader = octet_reader_of(walk->response.data);
    (void)octet_reader_take(&reader, sizeof octets - skipped);
    const size_t length = take_length(&reader);
    const struct octets value = octet_reader_take(&reader, octet_reader_left(&reader));
    add_part(node, tag, value, node->part_count * OBJECT_SHOWN, OBJECT_SHOWN);
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

void card_walk_read_content(struct walk *walk, struct card_node *node)
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
    if (!card_walk_select_path(walk, directory, path, directory->path_length + 1) || !card_walk_run(walk, &command)) {
        return false;
    }
    const struct octets rule = walk->response.data;
    node->rule_length = rule.length < sizeof node->rule ? rule.length : sizeof node->rule;
    memcpy(node->rule, rule.data, node->rule_length);
    return true;
}

/* EF_ARR stands in the file's directory or in one above it (TS 102 221 9.2.7). */
void card_walk_read_rule(struct walk *walk, struct card_node *node)
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
