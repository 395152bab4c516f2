/* card_show_json.c: a card's tree for machines. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "card_text/access_words.h"
#include "card_text/status_words.h"
#include "cli/card_show.h"
#include "cli/verbs.h"

enum { HEX_TEXT_SIZE = 2 * 0x8000 + 8, NAME_SIZE = 64 };

static void set_text(json_t *object, const char *key, const char *value)
{
    (void)json_object_set_new(object, key, json_string(value)); /* a failure shows when the whole is written */
}

static void set_number(json_t *object, const char *key, size_t value)
{
    (void)json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void set_hex_number(json_t *object, const char *key, int digits, unsigned value)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%0*X", digits, value);
    set_text(object, key, text);
}

static void set_hex(json_t *object, const char *key, struct octets octets)
{
    static char text[HEX_TEXT_SIZE]; /* too large for the stack; the tool has one thread */
    struct text hex = text_of(text, sizeof text);
    text_put_hex(&hex, octets, octets.length);
    set_text(object, key, text);
}

/* Items with labels become members, "digits of MNC" as "digits_of_MNC"; a repeated label is a list. */
static void set_member(json_t *object, const char *label, const char *value)
{
    char key[NAME_SIZE];
    (void)snprintf(key, sizeof key, "%s", label);
    for (char *character = key; *character != '\0'; character++) {
        *character = *character == ' ' ? '_' : *character;
    }
    json_t *before = json_object_get(object, key);
    if (before == NULL) {
        set_text(object, key, value);
    } else if (json_is_array(before)) {
        (void)json_array_append_new(before, json_string(value));
    } else {
        (void)json_object_set_new(object, key, json_pack("[O s]", before, value));
    }
}

/* One value without a label is a text, several are a list, values with labels an object. */
static json_t *content_of(const struct card_content *content)
{
    json_t *object = json_object();
    json_t *list = json_array();
    for (size_t i = 0; i < content->count; i++) {
        if (content->items[i].label != NULL) {
            set_member(object, content->items[i].label, content->items[i].value);
        } else {
            (void)json_array_append_new(list, json_string(content->items[i].value));
        }
    }
    json_t *result = json_object_size(object) > 0 ? object : list;
    if (result == object && json_array_size(list) > 0) {
        (void)json_object_set(object, "values", list);
    }
    result = result == list && json_array_size(list) == 1 ? json_array_get(list, 0) : result;
    (void)json_incref(result);
    json_decref(object);
    json_decref(list);
    return result;
}

static void set_content(json_t *object, const struct card_node *node, const struct card_part *part)
{
    struct card_content content;
    file_name_decode(node->file, part->octets, &content);
    if (content.count > 0) {
        (void)json_object_set_new(object, "content", content_of(&content));
    }
    if (!file_name_is_secret(node->file)) {
        set_hex(object, "hex", part->octets);
    }
}

static void set_parts(json_t *object, const struct card_node *node)
{
    const bool has_objects = node->control.structure == FILE_BER_TLV;
    json_t *list = json_array();
    size_t free_count = 0;
    for (size_t i = 0; i < node->part_count; i++) {
        const struct card_part *part = &node->parts[i];
        if (card_show_is_free(node, part)) {
            free_count++;
            continue;
        }
        json_t *entry = json_object();
        if (has_objects) {
            set_hex_number(entry, "tag", 2, part->number);
            set_number(entry, "length", part->length);
        } else {
            set_number(entry, "number", part->number);
        }
        set_content(entry, node, part);
        (void)json_array_append_new(list, entry);
    }
    (void)json_object_set_new(object, has_objects ? "objects" : "records", list);
    if (!has_objects) {
        set_number(object, "free", free_count);
    }
}

static void set_refusal(json_t *object, const struct card_node *node)
{
    enum { SW_SECURITY = 0x6982 };
    char text[NAME_SIZE];
    struct text needed = text_of(text, sizeof text);
    if (node->sw == 0 || status_word_is_success(node->sw)) {
        return;
    }
    set_hex_number(object, "status_word", 4, node->sw);
    card_show_put_needed(&needed, node);
    if (node->sw == SW_SECURITY && needed.length > 0) {
        set_text(object, "needs", text);
    }
}

static void set_file(json_t *object, const struct card_node *node)
{
    struct card_content access;
    const struct file_control *control = &node->control;
    set_number(object, "size", control->size);
    if (control->record_length > 0) {
        set_number(object, "record_length", control->record_length);
        set_number(object, "record_count", control->record_count);
    }
    if (control->sfi != 0) {
        set_hex_number(object, "sfi", 2, control->sfi);
    }
    card_show_add_access(node, &access);
    if (access.count > 0) {
        (void)json_object_set_new(object, "access", content_of(&access));
    }
    if (control->structure == FILE_TRANSPARENT && node->part_count > 0) {
        set_content(object, node, &node->parts[0]);
    } else if (control->structure != FILE_TRANSPARENT) {
        set_parts(object, node);
    }
}

static json_t *json_of_node(const struct card_node *node)
{
    json_t *object = json_object();
    set_text(object, "name", node->name == NULL ? "" : node->name);
    if (node->meaning != NULL) {
        set_text(object, "meaning", node->meaning);
    }
    if (node->aid_length > 0) {
        set_hex(object, "aid", octets_of(node->aid, node->aid_length));
    } else {
        set_hex_number(object, "fid", 4, node->control.fid);
    }
    set_text(object, "kind", file_structure_name(node->control.structure));
    if (node->control.life_cycle != 0) {
        set_text(object, "state", life_cycle_name(node->control.life_cycle));
    }
    if (node->control.structure != FILE_DIRECTORY) {
        set_file(object, node);
    }
    set_refusal(object, node);
    if (node->control.structure == FILE_DIRECTORY) {
        json_t *files = json_array();
        for (const struct card_node *child = node->children; child != NULL; child = child->next) {
            (void)json_array_append_new(files, json_of_node(child));
        }
        (void)json_object_set_new(object, "files", files);
    }
    return object;
}

static json_t *json_of_pin(const struct card_tree_pin *pin)
{
    char text[NAME_SIZE];
    struct text name = text_of(text, sizeof text);
    json_t *object = json_object();
    text_put_key_reference(&name, pin->reference);
    set_text(object, "name", text);
    set_hex_number(object, "reference", 2, pin->reference);
    (void)json_object_set_new(object, "enabled", json_boolean(pin->is_enabled));
    (void)json_object_set_new(object, "verified", json_boolean(pin->is_verified));
    (void)json_object_set_new(object, "blocked", json_boolean(pin->is_blocked));
    if (pin->tries_are_known) {
        set_number(object, "tries_left", pin->tries);
    }
    return object;
}

bool card_show_print_json(const struct card_tree *tree, const char *card)
{
    json_t *pins = json_array();
    for (size_t i = 0; i < tree->pin_count; i++) {
        (void)json_array_append_new(pins, json_of_pin(&tree->pins[i]));
    }
    json_t *whole = json_object();
    set_text(whole, "card", card);
    (void)json_object_set_new(whole, "pins", pins);
    (void)json_object_set_new(whole, "tree", json_of_node(tree->root));
    bool printed = json_dumpf(whole, stdout, JSON_COMPACT) == 0;
    json_decref(whole);
    putchar('\n');
    printed = fflush(stdout) == 0 && printed;
    if (!printed) {
        log_error(&cli_log, "cannot write the tree: %m");
    }
    return printed;
}
