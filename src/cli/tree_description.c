/* tree_description.c: from the tree of a card to a description. */
#include "cli/tree_description.h"

#include <stdio.h>
#include <string.h>

#include "card_text/status_words.h"
#include "crypto/milenage.h"

enum {
    FID_MF = 0x3f00,
    FID_ARR_OF_MF = 0x2f06,
    FID_OF_USIM = 0x7ff0,
    FID_OF_ISIM = 0x7ff1,
    FID_OF_OTHERS = 0x7ff2,
    RECORD_MAX = 255,
    RECORDS_MAX = 254,
    TLV_LENGTH_SIZE = 2,
    AID_MIN = 5,
    SW_OK = 0x9000,
    INS_READ_BINARY = 0xb0,
    RULE_RECORD_SIZE = 64, /* of an EF_ARR that the card did not have */
    PIN_OF_USER = 0x01,
    ADM_BITS = 0x0f,
    ADM_FIRST = 0x0a,
    PIN_TRIES = 3,
    KEY_TRIES = 10,
    FREE_FILES = 24,
    FREE_OCTETS = 4096,
    SQN_DELTA = 1 << 28
};

/* Notes */

static void note(struct tree_description *made, size_t index, const char *words)
{
    (void)snprintf(made->note_texts[index], TREE_NOTE_SIZE, "%s", words);
    made->notes[index] = made->note_texts[index];
}

static void note_unread(struct tree_description *made, size_t index, uint16_t sw)
{
    char buffer[TREE_NOTE_SIZE];
    struct text text = text_of(buffer, sizeof buffer);
    text_format(&text, "could not be read: %04X ", sw);
    text_put_status_word(&text, sw, INS_READ_BINARY);
    note(made, index, buffer);
}

/* Files */

static enum file_kind kind_of(enum file_structure structure)
{
    static const enum file_kind kinds[] = {
        [FILE_UNKNOWN] = FILE_KIND_NONE,
        [FILE_DIRECTORY] = FILE_KIND_DF,
        [FILE_TRANSPARENT] = FILE_KIND_TRANSPARENT,
        [FILE_LINEAR_FIXED] = FILE_KIND_LINEAR_FIXED,
        [FILE_CYCLIC] = FILE_KIND_CYCLIC,
        [FILE_BER_TLV] = FILE_KIND_BER_TLV,
    };
    return kinds[structure];
}

static enum file_state state_of(uint8_t life_cycle)
{
    enum { DEACTIVATED = 0x04, TERMINATED = 0x0c, OPERATIONAL_MASK = 0xfd, TERMINATED_MASK = 0xfc };
    if ((life_cycle & OPERATIONAL_MASK) == DEACTIVATED) {
        return FILE_STATE_DEACTIVATED;
    }
    return (life_cycle & TERMINATED_MASK) == TERMINATED ? FILE_STATE_TERMINATED : FILE_STATE_ACTIVATED;
}

static bool has_records(const struct card_file *file)
{
    return file->kind == FILE_KIND_LINEAR_FIXED || file->kind == FILE_KIND_CYCLIC;
}

/* False for what the software card cannot have. */
static bool take_sizes(const struct file_control *control, struct card_file *file)
{
    if (file->kind == FILE_KIND_DF) {
        return true;
    }
    const size_t size = has_records(file) ? (size_t)control->record_length * control->record_count : control->size;
    const size_t most = file->kind == FILE_KIND_BER_TLV ? CARD_TLV_FILE_MAX : UINT16_MAX;
    if (size == 0 || size > most ||
        (has_records(file) && (control->record_length > RECORD_MAX || control->record_count > RECORDS_MAX))) {
        return false;
    }
    file->size = (uint16_t)size;
    file->record_length = has_records(file) ? control->record_length : 0;
    file->record_count = has_records(file) ? control->record_count : 0;
    return true;
}

/* The parts of a node lie one behind the other. Of a BER-TLV file no more than the beginnings of objects were read. */
static void take_content(struct tree_description *made, size_t index, const struct card_node *node)
{
    struct described_file *described = &made->parts.files[index];
    const struct card_file *file = &described->file;
    if (file->kind == FILE_KIND_DF) {
        return;
    }
    if (file->kind == FILE_KIND_BER_TLV) {
        if (node->part_count > 0 || node->sw != SW_OK) {
            note(made, index, "data objects are not imported");
        }
        return;
    }
    if (node->sw != SW_OK) {
        note_unread(made, index, node->sw);
    }
    if (node->part_count == 0) {
        return;
    }
    const size_t length = has_records(file) ? node->part_count * file->record_length : node->parts[0].octets.length;
    described->content = octets_of(node->memory, length < file->size ? length : file->size);
}

/* Adds a file; false when it is left out. */
static bool add_file(struct tree_description *made, const struct card_node *node, uint16_t fid, uint8_t parent)
{
    const size_t index = made->description.file_count;
    struct card_file file = {.fid = fid,
                             .kind = kind_of(node->control.structure),
                             .parent = parent,
                             .application = CARD_NO_INDEX,
                             .sfi = node->control.sfi,
                             .arr_file = CARD_NO_INDEX,
                             .state = state_of(node->control.life_cycle)};
    file.sfi = file.kind == FILE_KIND_DF ? 0 : file.sfi;
    if (file.kind == FILE_KIND_NONE || index == CARD_MAX_FILES || !take_sizes(&node->control, &file)) {
        made->left_out++;
        return false;
    }
    made->parts.files[index] = (struct described_file){.file = file};
    made->nodes[index] = node;
    take_content(made, index, node);
    made->description.file_count++;
    return true;
}

/* Children of a directory and what is below them; applications, which stand in MF's list, come later. */
static void add_children(struct tree_description *made, const struct card_node *directory, uint8_t index)
{
    for (const struct card_node *child = directory->children; child != NULL; child = child->next) {
        const uint8_t added = (uint8_t)made->description.file_count;
        if (child->aid_length == 0 && add_file(made, child, child->control.fid, index) &&
            child->control.structure == FILE_DIRECTORY) {
            add_children(made, child, added);
        }
    }
}

/* Access rules */

/* EF_ARR in MF takes rules that stand nowhere else; a card without one gets it. */
static uint8_t settle_root_rules(struct tree_description *made)
{
    struct described_file *files = made->parts.files;
    for (uint8_t i = 1; i < made->description.file_count; i++) {
        if (files[i].file.parent == CARD_MF_INDEX && files[i].file.fid == FID_ARR_OF_MF &&
            files[i].file.kind == FILE_KIND_LINEAR_FIXED) {
            memset(made->rules, 0xff, sizeof made->rules);
            if (files[i].content.length > 0) {
                memcpy(made->rules, files[i].content.data, files[i].content.length);
            }
            files[i].content = octets_of(made->rules, files[i].file.size);
            return i;
        }
    }
    return CARD_NO_INDEX;
}

/* A new one at the end: rules are looked up when all files are there. */
static bool insert_root_rules(struct tree_description *made)
{
    struct described_file *files = made->parts.files;
    const size_t count = made->description.file_count;
    if (count == CARD_MAX_FILES) {
        return false;
    }
    memset(made->rules, 0xff, sizeof made->rules);
    files[count] = (struct described_file){.file = {.fid = FID_ARR_OF_MF,
                                                    .kind = FILE_KIND_LINEAR_FIXED,
                                                    .application = CARD_NO_INDEX,
                                                    .arr_file = CARD_NO_INDEX,
                                                    .state = FILE_STATE_ACTIVATED,
                                                    .size = RULE_RECORD_SIZE,
                                                    .record_length = RULE_RECORD_SIZE,
                                                    .record_count = 1},
                                           .content = octets_of(made->rules, RULE_RECORD_SIZE)};
    note(made, count, "the card has none that can be read");
    made->description.file_count++;
    return true;
}

static bool record_is(const struct described_file *arr, size_t number, struct octets rule)
{
    const uint8_t *record = arr->content.data + (number - 1) * arr->file.record_length;
    for (size_t i = 0; i < arr->file.record_length; i++) {
        if (record[i] != (i < rule.length ? rule.data[i] : 0xff)) {
            return false;
        }
    }
    return true;
}

/* The record of MF's EF_ARR with this rule (empty: a free one), written when there is none; 0 when it has no room. */
static uint8_t settle_rule(struct tree_description *made, struct described_file *arr, struct octets rule)
{
    const size_t length = arr->file.record_length;
    const struct octets none = {0};
    for (uint8_t pass = 0; pass < 2 && rule.length <= length; pass++) {
        for (uint8_t number = 1; number <= arr->file.record_count; number++) {
            if (record_is(arr, number, pass == 0 ? rule : none)) {
                memcpy(made->rules + (number - 1) * length, rule.data, rule.length);
                return number;
            }
        }
    }
    if (rule.length > length || arr->file.record_count == RECORDS_MAX) {
        return 0;
    }
    memcpy(made->rules + arr->file.record_count * length, rule.data, rule.length);
    arr->file.record_count++;
    arr->file.size = (uint16_t)(arr->file.record_count * length);
    arr->content = octets_of(made->rules, arr->file.size);
    return arr->file.record_count;
}

/* The record that the card itself refers to, in the file's directory or above (TS 102 221 9.2.7). */
static bool find_reference(const struct tree_description *made, const struct file_control *control,
                           struct card_file *file, uint8_t index)
{
    const struct described_file *files = made->parts.files;
    uint8_t directory = index == CARD_MF_INDEX || file->parent == CARD_NO_INDEX ? CARD_MF_INDEX : file->parent;
    while (control->rule_file != 0) {
        for (uint8_t i = 1; i < made->description.file_count; i++) {
            if (files[i].file.parent == directory && files[i].file.fid == control->rule_file &&
                files[i].file.kind == FILE_KIND_LINEAR_FIXED && control->rule_record >= 1 &&
                control->rule_record <= files[i].file.record_count) {
                file->arr_file = i;
                file->arr_record = control->rule_record;
                return true;
            }
        }
        if (directory == CARD_MF_INDEX) {
            return false;
        }
        directory = files[directory].file.parent == CARD_NO_INDEX ? CARD_MF_INDEX : files[directory].file.parent;
    }
    return false;
}

static struct octets own_rule(const struct card_node *node)
{
    struct octets rule = {0};
    if (node != NULL && !node->rule_is_compact && node->rule_length > 0) {
        rule = octets_of(node->rule, node->rule_length);
    }
    while (rule.length > 0 && rule.data[rule.length - 1] == 0xff) {
        rule.length--;
    }
    return rule;
}

/* For what the card kept to itself: nobody may do anything, but read the access rules. */
static const uint8_t never[] = {0x80, 0x01, 0x7f, 0x97, 0x00};
static const uint8_t rules_of_rules[] = {0x80, 0x01, 0x01, 0x90, 0x00};

static void settle_file(struct tree_description *made, uint8_t index, uint8_t root_rules)
{
    struct card_file *file = &made->parts.files[index].file;
    const struct card_node *node = made->nodes[index];
    if (node != NULL && find_reference(made, &node->control, file, index)) {
        return;
    }
    struct described_file *arr = &made->parts.files[root_rules];
    const struct octets own = own_rule(node);
    file->arr_file = root_rules;
    file->arr_record = own.length > 0 ? settle_rule(made, arr, own) : 0;
    if (file->arr_record == 0 && node == NULL) {
        file->arr_record = settle_rule(made, arr, octets_of(rules_of_rules, sizeof rules_of_rules));
    }
    if (file->arr_record == 0) {
        file->arr_record = settle_rule(made, arr, octets_of(never, sizeof never));
        note(made, index, "its access rule is not known: nobody may do anything with it");
    }
    file->arr_record = file->arr_record == 0 ? 1 : file->arr_record;
}

static enum gbau_status settle_rules(struct tree_description *made)
{
    uint8_t root_rules = settle_root_rules(made);
    if (root_rules == CARD_NO_INDEX) {
        root_rules = (uint8_t)made->description.file_count;
        if (!insert_root_rules(made)) {
            return GBAU_E_SPACE;
        }
    }
    for (size_t i = 0; i < made->description.file_count; i++) {
        settle_file(made, (uint8_t)i, root_rules);
    }
    return GBAU_OK;
}

/* PINs and applications */

static void add_pin(struct tree_description *made, uint8_t reference, bool enabled, unsigned tries)
{
    const bool is_administrative = (reference & ADM_BITS) >= ADM_FIRST;
    const uint8_t usual = is_administrative ? KEY_TRIES : PIN_TRIES;
    const uint8_t most = tries > usual ? (uint8_t)tries : usual;
    made->parts.pins[made->description.pin_count++] = (struct described_pin){
        .key_reference = reference,
        .max_tries = most,
        .max_unblock_tries = is_administrative ? 0 : KEY_TRIES,
        .state = {.enabled = enabled, .tries = most, .unblock_tries = is_administrative ? 0 : KEY_TRIES}};
}

static void add_pins(struct tree_description *made, const struct card_tree *tree)
{
    for (size_t i = 0; i < tree->pin_count && i < CARD_MAX_PINS; i++) {
        add_pin(made, tree->pins[i].reference, tree->pins[i].is_enabled, tree->pins[i].tries);
    }
    if (tree->pin_count == 0) {
        add_pin(made, PIN_OF_USER, false, PIN_TRIES);
    }
}

static uint8_t pin_of(const struct tree_description *made, const struct file_control *control)
{
    const uint8_t wanted = control->pin_count > 0 ? control->pins[0].reference : PIN_OF_USER;
    for (uint8_t i = 0; i < made->description.pin_count; i++) {
        if (made->parts.pins[i].key_reference == wanted) {
            return i;
        }
    }
    return 0;
}

static enum application_kind kind_of_application(const struct card_node *node)
{
    return node->place == PLACE_USIM   ? APPLICATION_USIM
           : node->place == PLACE_ISIM ? APPLICATION_ISIM
                                       : APPLICATION_APPLET;
}

static bool fid_is_taken(const struct tree_description *made, uint16_t fid)
{
    for (size_t i = 0; i < made->description.file_count; i++) {
        if (made->parts.files[i].file.fid == fid) {
            return true;
        }
    }
    return false;
}

static uint16_t fid_of_adf(const struct tree_description *made, enum application_kind kind)
{
    uint16_t fid = kind == APPLICATION_USIM ? FID_OF_USIM : FID_OF_ISIM;
    for (uint16_t next = FID_OF_OTHERS; fid_is_taken(made, fid); next++) {
        fid = next;
    }
    return fid;
}

/* Records of EF_GBANL: one for each NAF key. */
static uint8_t count_naf_keys(const struct card_node *node)
{
    for (const struct card_node *child = node->children; child != NULL; child = child->next) {
        if (child->name != NULL && strcmp(child->name, "EF_GBANL") == 0) {
            const uint8_t count = child->control.record_count;
            return count < CARD_MAX_NAF_KEYS ? count : CARD_MAX_NAF_KEYS;
        }
    }
    return 0;
}

/* An ISIM has, as a rule, the USIM's keys. */
static uint8_t find_shared_keys(const struct tree_description *made, enum application_kind kind)
{
    for (uint8_t i = 0; i < made->description.application_count && kind == APPLICATION_ISIM; i++) {
        if (made->parts.applications[i].entry.kind == APPLICATION_USIM) {
            return i;
        }
    }
    return CARD_NO_INDEX;
}

static void add_application(struct tree_description *made, const struct card_node *node)
{
    const size_t index = made->description.application_count;
    const enum application_kind kind = kind_of_application(node);
    const uint8_t adf = (uint8_t)made->description.file_count;
    if (node->aid_length < AID_MIN || index == CARD_MAX_APPLICATIONS) {
        return;
    }
    struct described_application application = {
        .entry = {.kind = kind,
                  .aid_length = (uint8_t)node->aid_length,
                  .adf = CARD_NO_INDEX,
                  .pin = pin_of(made, &node->control),
                  .gba_rules = GBA_U_RULES_DEFAULT,
                  .sqn_delta = SQN_DELTA},
        .functions = {.algorithm = AKA_ALGORITHM_MILENAGE, .keys.milenage.constants = &milenage_default_constants},
        .shares = find_shared_keys(made, kind)};
    memcpy(application.entry.aid, node->aid, node->aid_length);
    if (kind != APPLICATION_APPLET) {
        if (!add_file(made, node, fid_of_adf(made, kind), CARD_NO_INDEX)) {
            return;
        }
        made->parts.files[adf].file.application = (uint8_t)index;
        application.entry.adf = adf;
        application.entry.naf_key_count = count_naf_keys(node);
        add_children(made, node, adf);
    }
    made->parts.applications[index] = application;
    made->description.application_count++;
}

enum gbau_status tree_description_make(const struct card_tree *tree, struct tree_description *made)
{
    memset(made, 0, sizeof *made);
    if (tree->root == NULL) {
        return GBAU_E_UNSUPPORTED;
    }
    made->description = (struct card_description){.files = made->parts.files,
                                                  .pins = made->parts.pins,
                                                  .applications = made->parts.applications,
                                                  .persisted_key_count = CARD_MAX_PERSISTED_KEYS,
                                                  .free_slots = FREE_FILES,
                                                  .free_size = FREE_OCTETS};
    (void)add_file(made, tree->root, FID_MF, CARD_NO_INDEX);
    add_children(made, tree->root, CARD_MF_INDEX);
    add_pins(made, tree);
    for (const struct card_node *node = tree->root->children; node != NULL; node = node->next) {
        if (node->aid_length > 0) {
            add_application(made, node);
        }
    }
    return settle_rules(made);
}
