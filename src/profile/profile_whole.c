/* profile_whole.c: a profile that spells out the PINs and applications of a whole card. */
#include "profile/profile_private.h"

#include <string.h>

enum { TRIES_MAX = 15, PIN_TRIES_DEFAULT = 3, PUK_TRIES_DEFAULT = 10, DIGITS_MIN = 4 };

enum gbau_status profile_check_whole(struct profile_file *file)
{
    static const char *const allowed[] = {"base", "free", "rules", "pins", "applications", "files", NULL};
    static const char *const allowed_free[] = {"files", "octets", "persisted-keys", NULL};
    const struct node root = node_root(file->config);
    const struct node room = node_child(&root, "free");
    const struct node files = node_child(&room, "files");
    const struct node octets = node_child(&room, "octets");
    const struct node persisted = node_child(&room, "persisted-keys");
    file->free_files = FREE_FILES_DEFAULT;
    file->free_octets = FREE_OCTETS_DEFAULT;
    file->persisted_keys = CARD_MAX_PERSISTED_KEYS;
    enum gbau_status status = yaml_config_check_keys(root.config, root.path, allowed);
    if (status == GBAU_OK) {
        status = yaml_config_check_keys(room.config, room.path, allowed_free);
    }
    if (status == GBAU_OK) {
        status = node_number(&files, 0, CARD_MAX_FILES, &file->free_files);
    }
    if (status == GBAU_OK) {
        status = node_number(&octets, 0, CARD_DATA_MAX, &file->free_octets);
    }
    return status == GBAU_OK ? node_number(&persisted, 0, CARD_MAX_PERSISTED_KEYS, &file->persisted_keys) : status;
}

/* PINs */

static enum gbau_status read_key_reference(const struct node *node, uint8_t *reference)
{
    const char *word = NULL;
    enum gbau_status status = node_text(node, &word);
    if (status == GBAU_OK && word == NULL) {
        return node_missing(node, "pin, pin2, adm1 to adm10, universal-pin or key-XX");
    }
    if (status == GBAU_OK && !rule_words_find_key(word, reference)) {
        return node_reject(node, "must be pin, pin2, adm1 to adm10, universal-pin or key-XX");
    }
    return status;
}

/* 4 to 8 digits, padded with FF, or 16 hexadecimal digits. */
static enum gbau_status read_pin_value(const struct node *node, uint8_t value[PIN_VALUE_SIZE])
{
    const char *text = NULL;
    size_t length = 0;
    enum gbau_status status = node_text(node, &text);
    if (status != GBAU_OK || text == NULL) {
        return status;
    }
    const size_t digits = strspn(text, "0123456789");
    if (text[digits] == '\0' && digits >= DIGITS_MIN && digits <= PIN_VALUE_SIZE) {
        memset(value, 0xff, PIN_VALUE_SIZE);
        memcpy(value, text, digits);
        return GBAU_OK;
    }
    if (node_decode_hex(text, value, PIN_VALUE_SIZE, &length) != GBAU_OK || length != PIN_VALUE_SIZE) {
        return node_reject(node, "must be 4 to 8 digits, or 16 hexadecimal digits");
    }
    return GBAU_OK;
}

static enum gbau_status read_tries(const struct node *pin, const char *name, unsigned maximum, uint8_t *tries)
{
    const struct node node = node_child(pin, name);
    unsigned number = *tries;
    enum gbau_status status = node_number(&node, 0, maximum, &number);
    *tries = (uint8_t)number;
    return status;
}

/* Tries that are left follow those there are at most, unless they are given. */
static enum gbau_status read_all_tries(const struct node *node, struct described_pin *pin)
{
    enum gbau_status status = read_tries(node, "max-tries", TRIES_MAX, &pin->max_tries);
    if (status == GBAU_OK) {
        status = read_tries(node, "max-unblock-tries", TRIES_MAX, &pin->max_unblock_tries);
    }
    pin->state.tries = pin->max_tries;
    pin->state.unblock_tries = pin->max_unblock_tries;
    if (status == GBAU_OK) {
        status = read_tries(node, "tries", pin->max_tries, &pin->state.tries);
    }
    return status == GBAU_OK ? read_tries(node, "unblock-tries", pin->max_unblock_tries, &pin->state.unblock_tries)
                             : status;
}

static enum gbau_status read_pin(const struct node *node, struct described_pin *pin)
{
    static const char *const allowed[] = {"key",     "value",         "enabled",           "tries", "max-tries",
                                          "unblock", "unblock-tries", "max-unblock-tries", NULL};
    const struct node key = node_child(node, "key");
    const struct node value = node_child(node, "value");
    const struct node unblock = node_child(node, "unblock");
    const struct node enabled = node_child(node, "enabled");
    *pin = (struct described_pin){.max_tries = PIN_TRIES_DEFAULT, .state.enabled = true};
    pin->max_unblock_tries = node_is_there(&unblock) ? PUK_TRIES_DEFAULT : 0;
    enum gbau_status status = yaml_config_check_keys(node->config, node->path, allowed);
    if (status == GBAU_OK) {
        status = read_key_reference(&key, &pin->key_reference);
    }
    if (status == GBAU_OK) {
        status = node_is_there(&value) ? read_pin_value(&value, pin->state.value)
                                       : node_missing(&value, "it has to be filled in");
    }
    if (status == GBAU_OK) {
        status = read_pin_value(&unblock, pin->state.unblock_value);
    }
    if (status == GBAU_OK) {
        status = node_boolean(&enabled, &pin->state.enabled);
    }
    if (status == GBAU_OK) {
        status = read_all_tries(node, pin);
    }
    return status == GBAU_OK && pin->max_unblock_tries > 0 && !node_is_there(&unblock)
               ? node_missing(&unblock, "it has to be filled in")
               : status;
}

static uint8_t find_pin(const struct profile_file *file, uint8_t reference)
{
    for (size_t i = 0; i < file->pin_count; i++) {
        if (file->workspace.parts.pins[i].key_reference == reference) {
            return (uint8_t)i;
        }
    }
    return CARD_NO_INDEX;
}

static enum gbau_status read_pins(struct profile_file *file)
{
    const struct node root = node_root(file->config);
    const struct node pins = node_child(&root, "pins");
    size_t count = 0;
    enum gbau_status status = node_count(&pins, CARD_MAX_PINS, &count);
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        const struct node item = node_item(&pins, i);
        struct described_pin *pin = &file->workspace.parts.pins[i];
        status = read_pin(&item, pin);
        if (status == GBAU_OK && find_pin(file, pin->key_reference) != CARD_NO_INDEX) {
            status = node_reject(&item, "is described twice");
        }
        file->pin_count = i + 1;
    }
    return status;
}

/* Applications */

static const struct node_word application_words[] = {
    {"usim", APPLICATION_USIM}, {"isim", APPLICATION_ISIM}, {"applet", APPLICATION_APPLET}};

static enum gbau_status read_aid(const struct node *node, struct card_application *entry)
{
    size_t length = 0;
    enum gbau_status status = node_hex(node, AID_MIN, CARD_AID_MAX, entry->aid, &length);
    entry->aid_length = (uint8_t)length;
    return status == GBAU_OK && length == 0 ? node_missing(node, "the application's identifier") : status;
}

static enum gbau_status read_pin_of_application(const struct profile_file *file, const struct node *node, uint8_t *pin)
{
    const struct node pin_node = node_child(node, "pin");
    uint8_t reference = 0;
    enum gbau_status status = read_key_reference(&pin_node, &reference);
    if (status != GBAU_OK) {
        return status;
    }
    *pin = find_pin(file, reference);
    return *pin == CARD_NO_INDEX ? node_reject(&pin_node, "is not among pins") : GBAU_OK;
}

static enum gbau_status read_adf(struct profile_file *file, const struct node *node, uint8_t application, uint8_t *adf)
{
    const struct node adf_node = node_child(node, "adf");
    enum gbau_status status = profile_find_path(file, &adf_node, adf);
    if (status != GBAU_OK) {
        return status;
    }
    struct card_file *directory = &file->workspace.parts.files[*adf].file;
    if (*adf == CARD_MF_INDEX || directory->kind != FILE_KIND_DF || directory->parent != CARD_NO_INDEX) {
        return node_reject(&adf_node, "is no file of kind adf");
    }
    if (directory->application != CARD_NO_INDEX) {
        return node_reject(&adf_node, "is that of another application");
    }
    directory->application = application;
    return GBAU_OK;
}

/* The application before whose AID stands under `keys-of`. */
static enum gbau_status find_keys(const struct profile_file *file, const struct node *node, uint8_t *shares)
{
    uint8_t aid[CARD_AID_MAX];
    size_t length = 0;
    enum gbau_status status = node_hex(node, AID_MIN, CARD_AID_MAX, aid, &length);
    for (size_t i = 0; i < file->application_count && status == GBAU_OK; i++) {
        const struct described_application *other = &file->workspace.parts.applications[i];
        if (octets_equal(octets_of(aid, length), octets_of(other->entry.aid, other->entry.aid_length)) &&
            other->entry.kind != APPLICATION_APPLET && other->shares == CARD_NO_INDEX) {
            *shares = (uint8_t)i;
            return GBAU_OK;
        }
    }
    return status == GBAU_OK ? node_reject(node, "is no application before this one that has keys of its own") : status;
}

/* What `keys-of` already says. */
static enum gbau_status refuse_own_keys(const struct node *node)
{
    static const char *const names[] = {"algorithm", "k", "op", "opc", "top", "topc", "milenage", "tuak"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct node key = node_child(node, names[i]);
        if (node_is_there(&key)) {
            return node_reject(&key, "stands beside keys-of: give one of them");
        }
    }
    return GBAU_OK;
}

static enum gbau_status read_own_keys(struct profile_file *file, const struct node *node, uint8_t index,
                                      struct crypto *crypto)
{
    struct profile_keys *keys = &file->keys[index];
    *keys = PROFILE_KEYS_DEFAULT;
    enum gbau_status status = profile_read_keys(node, keys);
    if (status != GBAU_OK) {
        return status;
    }
    const char *problem = profile_keys_problem(keys);
    return problem == NULL ? profile_keys_finish(keys, crypto, &file->workspace.parts.applications[index].functions)
                           : node_reject(node, "%s", problem);
}

static enum gbau_status read_sqn(const struct node *node, struct described_application *application)
{
    struct card_application *entry = &application->entry;
    aka_sqn value = 0;
    enum gbau_status status =
        profile_read_sqn(node, &entry->sqn_delta, &entry->sqn_age_limit, &value, application->sqn);
    if (value != 0) {
        application->sqn[value % SQN_ENTRIES] = value;
    }
    return status;
}

/* What a USIM or ISIM has and an applet has not. */
static enum gbau_status read_network_application(struct profile_file *file, const struct node *node, uint8_t index,
                                                 struct crypto *crypto)
{
    struct described_application *application = &file->workspace.parts.applications[index];
    struct card_application *entry = &application->entry;
    const struct node keys_of = node_child(node, "keys-of");
    unsigned naf_keys = NAF_KEYS_DEFAULT;
    entry->gba_rules = GBA_U_RULES_DEFAULT;
    entry->sqn_delta = PROFILE_SQN_DELTA_DEFAULT;
    enum gbau_status status = read_adf(file, node, index, &entry->adf);
    if (status == GBAU_OK && node_is_there(&keys_of)) {
        status = refuse_own_keys(node);
        status = status == GBAU_OK ? find_keys(file, &keys_of, &application->shares) : status;
    } else if (status == GBAU_OK) {
        status = read_own_keys(file, node, index, crypto);
    }
    if (status == GBAU_OK) {
        status = read_sqn(node, application);
    }
    if (status == GBAU_OK) {
        status = profile_read_gba_rules(node, &entry->gba_rules, &naf_keys);
    }
    entry->naf_key_count = (uint8_t)naf_keys;
    return status;
}

static enum gbau_status read_application(struct profile_file *file, const struct node *node, uint8_t index,
                                         struct crypto *crypto)
{
    static const char *const allowed[] = {"kind", "aid", "adf", "pin", "keys-of", KEY_NAMES, NULL};
    static const char *const allowed_applet[] = {"kind", "aid", "pin", NULL};
    struct described_application *application = &file->workspace.parts.applications[index];
    const struct node kind_node = node_child(node, "kind");
    const struct node aid = node_child(node, "aid");
    unsigned kind = 0;
    *application = (struct described_application){.entry.adf = CARD_NO_INDEX, .shares = CARD_NO_INDEX};
    enum gbau_status status =
        node_word(&kind_node, application_words, sizeof application_words / sizeof application_words[0], &kind);
    if (status == GBAU_OK && kind == 0) {
        status = node_missing(&kind_node, "usim, isim or applet");
    }
    application->entry.kind = (enum application_kind)kind;
    if (status == GBAU_OK) {
        status =
            yaml_config_check_keys(node->config, node->path, kind == APPLICATION_APPLET ? allowed_applet : allowed);
    }
    if (status == GBAU_OK) {
        status = read_aid(&aid, &application->entry);
    }
    if (status == GBAU_OK) {
        status = read_pin_of_application(file, node, &application->entry.pin);
    }
    return status == GBAU_OK && kind != APPLICATION_APPLET ? read_network_application(file, node, index, crypto)
                                                           : status;
}

static enum gbau_status read_applications(struct profile_file *file, struct crypto *crypto)
{
    const struct node root = node_root(file->config);
    const struct node applications = node_child(&root, "applications");
    size_t count = 0;
    enum gbau_status status = node_count(&applications, CARD_MAX_APPLICATIONS, &count);
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        const struct node item = node_item(&applications, i);
        status = read_application(file, &item, (uint8_t)i, crypto);
        file->application_count = i + 1;
    }
    return status;
}

enum gbau_status profile_describe_whole(struct profile_file *file, struct crypto *crypto)
{
    const struct node root = node_root(file->config);
    const struct node files = node_child(&root, "files");
    if (!node_is_there(&files)) {
        return node_missing(&files, "with base: none every file is described, MF first");
    }
    enum gbau_status status = profile_read_files(file);
    if (status == GBAU_OK && file->file_count == 0) {
        status = node_missing(&files, "with base: none every file is described, MF first");
    }
    if (status == GBAU_OK) {
        status = read_pins(file);
    }
    return status == GBAU_OK ? read_applications(file, crypto) : status;
}
