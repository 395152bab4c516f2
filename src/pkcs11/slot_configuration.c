/* slot_configuration.c: slots of an environment variable or a YAML file. */
#include "pkcs11/slot_configuration.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text_coding.h"
#include "codec/yaml_config.h"

enum { WAIT_MS_DEFAULT = 10000, MS_MAX = 3600000, PATH_SIZE = 96 };

/* A card file is another process's turn soon; a reader is shared by pcscd, and a card in it opens slowly. */
enum { FILE_IDLE_MS = 50, FILE_TURN_MS = 250, READER_IDLE_MS = 2000, READER_TURN_MS = 10000 };

/* Slots of any origin */

static enum gbau_status refuse(const struct log *log, const char *path, const char *expected)
{
    log_error(log, "%s: expected %s", path, expected);
    return GBAU_E_CONFIGURATION;
}

/* The last part of a path, or the whole of another name, as far as it fits. */
static void label_by_card(struct slot_configuration *slot)
{
    const char *slash = strrchr(slot->card, '/');
    const char *name = slash != NULL ? slash + 1 : slot->card;
    size_t length = strnlen(name, SLOT_LABEL_SIZE - 1);
    memcpy(slot->label, name, length);
    slot->label[length] = '\0';
}

static void set_times_by_card(struct slot_configuration *slot)
{
    const bool is_reader = strncmp(slot->card, "pcsc", 4) == 0;
    slot->idle_ms = is_reader ? READER_IDLE_MS : FILE_IDLE_MS;
    slot->turn_ms = is_reader ? READER_TURN_MS : FILE_TURN_MS;
    slot->wait_ms = WAIT_MS_DEFAULT;
}

static enum gbau_status add_slot(struct slot_configurations *slots, struct octets card, const struct log *log,
                                 struct slot_configuration **added)
{
    struct slot_configuration slot = {0};
    if (slots->count == SLOT_MAX) {
        log_error(log, "more than %d cards", SLOT_MAX);
        return GBAU_E_LIMIT;
    }
    if (card.length == 0 || octets_to_text(card, slot.card, sizeof slot.card) != GBAU_OK) {
        return refuse(log, "card", "a name of 1 to 511 characters");
    }
    struct slot_configuration *grown = realloc(slots->slots, (slots->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return GBAU_E_MEMORY;
    }
    label_by_card(&slot);
    set_times_by_card(&slot);
    slots->slots = grown;
    *added = &grown[slots->count++];
    **added = slot;
    return GBAU_OK;
}

void slot_configurations_clear(struct slot_configurations *slots)
{
    for (size_t i = 0; i < slots->count; i++) {
        free(slots->slots[i].nafs);
        free(slots->slots[i].keys);
    }
    free(slots->slots);
    *slots = (struct slot_configurations){0};
}

enum gbau_status slot_configurations_of_cards(const char *cards, const struct log *log,
                                              struct slot_configurations *slots)
{
    struct slot_configuration *added;
    enum gbau_status status = GBAU_OK;
    *slots = (struct slot_configurations){0};
    while (*cards != '\0' && status == GBAU_OK) {
        size_t length = strcspn(cards, ";\n");
        if (length > 0) {
            status = add_slot(slots, octets_of(cards, length), log, &added);
        }
        cards += length + (cards[length] != '\0');
    }
    if (status != GBAU_OK) {
        slot_configurations_clear(slots);
    }
    return status;
}

/* YAML */

struct names {
    const char *text;
    int value;
};

static const struct names usages[] = {
    {"encrypt", GBAU_USAGE_ENCRYPT}, {"mac", GBAU_USAGE_MAC}, {"derive", GBAU_USAGE_DERIVE}, {NULL, 0}};
static const struct names directions[] = {
    {"card-to-naf", GBAU_CARD_TO_NAF}, {"naf-to-card", GBAU_NAF_TO_CARD}, {"none", GBAU_NO_DIRECTION}, {NULL, 0}};

static const struct names *find_name(const struct names *names, const char *text)
{
    while (names->text != NULL && strcmp(names->text, text) != 0) {
        names++;
    }
    return names->text != NULL ? names : NULL;
}

/* Somewhere in a file. */
struct place {
    struct yaml_config *yaml;
    const struct log *log;
    char path[PATH_SIZE];
};

/* Keys of this file are short: no path is cut off. */
static struct place below(const struct place *place, const char *key)
{
    struct place child = {.yaml = place->yaml, .log = place->log};
    struct octet_writer writer = octet_writer_of(child.path, sizeof child.path - 1);
    octet_writer_put_text(&writer, place->path);
    octet_writer_put_text(&writer, place->path[0] != '\0' ? "." : "");
    octet_writer_put_text(&writer, key);
    return child;
}

static struct place element(const struct place *place, size_t index)
{
    char number[24];
    (void)snprintf(number, sizeof number, "%zu", index);
    return below(place, number);
}

/* The value of `key`; NULL when there is none. */
static const char *text_of(const struct place *place, const char *key)
{
    return yaml_config_text(place->yaml, below(place, key).path, NULL);
}

static enum gbau_status refuse_at(const struct place *place, const char *expected)
{
    return refuse(place->log, place->path, expected);
}

static enum gbau_status copy_text(const struct place *place, const char *key, char *out, size_t size)
{
    const char *text = text_of(place, key);
    const struct place value = below(place, key);
    if (text == NULL || *text == '\0' || octets_to_text(octets_of_text(text), out, size) != GBAU_OK) {
        return refuse_at(&value, "a text that is there and not too long");
    }
    return GBAU_OK;
}

static enum gbau_status copy_optional_text(const struct place *place, const char *key, char *out, size_t size)
{
    return text_of(place, key) != NULL ? copy_text(place, key, out, size) : GBAU_OK;
}

static enum gbau_status read_naf(const struct place *place, const char *fqdn_key, struct naf_name *naf)
{
    const char *ua = text_of(place, "ua");
    enum gbau_status status = copy_text(place, fqdn_key, naf->fqdn, sizeof naf->fqdn);
    for (char *letter = naf->fqdn; status == GBAU_OK && *letter != '\0'; letter++) {
        *letter = (char)(*letter >= 'A' && *letter <= 'Z' ? *letter - 'A' + 'a' : *letter); /* as the card lists it */
    }
    if (status == GBAU_OK && (ua == NULL || hex_decode_exactly(octets_of_text(ua), naf->ua, KEY_UA_SIZE) != GBAU_OK)) {
        status = refuse_at(place, "ua: ten hexadecimal digits in quotes");
    }
    return status;
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static enum gbau_status read_kind(const struct place *place, struct key_name *key)
{
    const char *direction_text = text_of(place, "direction");
    const char *algorithm = text_of(place, "algorithm");
    const struct names *usage = find_name(usages, or_empty(text_of(place, "usage")));
    const struct names *direction = find_name(directions, direction_text != NULL ? direction_text : "none");
    if (usage == NULL) {
        return refuse_at(place, "usage: encrypt, mac or derive");
    }
    if (direction == NULL || (direction->value == GBAU_NO_DIRECTION) != (usage->value == GBAU_USAGE_DERIVE)) {
        return refuse_at(place, "direction: card-to-naf or naf-to-card; none for usage derive");
    }
    key->usage = (enum gbau_usage)usage->value;
    key->direction = (enum gbau_direction)direction->value;
    key->algorithm = key->usage == GBAU_USAGE_DERIVE ? GBAU_KDF : gbau_algorithm_of_name(or_empty(algorithm));
    return key->algorithm != 0 ? GBAU_OK : refuse_at(place, "algorithm: a name such as AES-256-GCM");
}

static enum gbau_status read_context(const struct place *place, struct key_name *key)
{
    const char *context = or_empty(text_of(place, "context"));
    if (hex_decode(octets_of_text(context), key->context, sizeof key->context, &key->context_length) != GBAU_OK) {
        return refuse_at(place, "context: at most 64 octets in hexadecimal");
    }
    return GBAU_OK;
}

static enum gbau_status read_key(const struct place *place, struct key_name *key)
{
    enum gbau_status status = read_naf(place, "naf", &key->naf);
    if (status == GBAU_OK) {
        status = copy_text(place, "label", key->label, sizeof key->label);
    }
    if (status == GBAU_OK) {
        status = read_kind(place, key);
    }
    return status == GBAU_OK ? read_context(place, key) : status;
}

static enum gbau_status read_nafs(const struct place *slot_place, struct slot_configuration *slot)
{
    enum gbau_status status = GBAU_OK;
    const struct place list = below(slot_place, "nafs");
    const size_t count = yaml_config_count(list.yaml, list.path);
    slot->nafs = calloc(count + 1, sizeof *slot->nafs);
    if (slot->nafs == NULL) {
        return GBAU_E_MEMORY;
    }
    for (; slot->naf_count < count && status == GBAU_OK; slot->naf_count++) {
        const struct place place = element(&list, slot->naf_count);
        status = read_naf(&place, "fqdn", &slot->nafs[slot->naf_count]);
    }
    return status;
}

static enum gbau_status read_keys(const struct place *slot_place, struct slot_configuration *slot)
{
    enum gbau_status status = GBAU_OK;
    const struct place list = below(slot_place, "keys");
    const size_t count = yaml_config_count(list.yaml, list.path);
    slot->keys = calloc(count + 1, sizeof *slot->keys);
    if (slot->keys == NULL) {
        return GBAU_E_MEMORY;
    }
    for (; slot->key_count < count && status == GBAU_OK; slot->key_count++) {
        const struct place place = element(&list, slot->key_count);
        status = read_key(&place, &slot->keys[slot->key_count]);
    }
    return status;
}

static enum gbau_status read_times(const struct place *place, struct slot_configuration *slot)
{
    const struct {
        const char *key;
        unsigned *value;
    } times[] = {{"idle_ms", &slot->idle_ms}, {"turn_ms", &slot->turn_ms}, {"wait_ms", &slot->wait_ms}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int64_t value;
        enum gbau_status status =
            yaml_config_number(place->yaml, below(place, times[i].key).path, 0, MS_MAX, *times[i].value, &value);
        if (status != GBAU_OK) {
            return status;
        }
        *times[i].value = (unsigned)value;
    }
    return GBAU_OK;
}

static enum gbau_status read_slot(const struct place *place, struct slot_configurations *slots)
{
    struct slot_configuration *slot;
    const char *card = text_of(place, "card");
    if (card == NULL) {
        return refuse_at(place, "card: a card file or a reader");
    }
    enum gbau_status status = add_slot(slots, octets_of_text(card), place->log, &slot);
    if (status == GBAU_OK) {
        status = copy_optional_text(place, "label", slot->label, sizeof slot->label);
    }
    if (status == GBAU_OK) {
        status = copy_optional_text(place, "bsf", slot->bsf, sizeof slot->bsf);
    }
    if (status == GBAU_OK) {
        status = read_times(place, slot);
    }
    if (status == GBAU_OK) {
        status = yaml_config_boolean(place->yaml, below(place, "keep_login").path, false, &slot->keeps_login);
    }
    if (status == GBAU_OK) {
        status = read_nafs(place, slot);
    }
    return status == GBAU_OK ? read_keys(place, slot) : status;
}

static enum gbau_status check_all_used(const struct place *root)
{
    const char *unused = yaml_config_first_unused(root->yaml);
    if (unused != NULL) {
        return refuse(root->log, unused,
                      "a key that is known: slots of card, label, bsf, nafs, keys, keep_login and times");
    }
    return GBAU_OK;
}

/* Reads all of `yaml`, and ends it. */
static enum gbau_status read_slots(struct yaml_config *yaml, const struct log *log, struct slot_configurations *slots)
{
    enum gbau_status status = GBAU_OK;
    const struct place root = {.yaml = yaml, .log = log};
    const struct place list = below(&root, "slots");
    const size_t count = yaml_config_count(yaml, list.path);
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        const struct place place = element(&list, i);
        status = read_slot(&place, slots);
    }
    if (status == GBAU_OK) {
        status = check_all_used(&root);
    }
    yaml_config_close(yaml);
    if (status != GBAU_OK) {
        slot_configurations_clear(slots);
    }
    return status;
}

enum gbau_status slot_configurations_of_yaml(struct octets text, const struct log *log,
                                             struct slot_configurations *slots)
{
    struct yaml_config *yaml;
    *slots = (struct slot_configurations){0};
    enum gbau_status status = yaml_config_parse(text, log, &yaml);
    return status == GBAU_OK ? read_slots(yaml, log, slots) : status;
}

/* The environment */

enum gbau_status slot_configurations_read(const struct log *log, struct slot_configurations *slots)
{
    struct yaml_config *yaml;
    const char *cards = secure_getenv(SLOT_CARDS_VARIABLE);
    const char *file = secure_getenv(SLOT_FILE_VARIABLE);
    *slots = (struct slot_configurations){0};
    if (cards != NULL && *cards != '\0') {
        return slot_configurations_of_cards(cards, log, slots);
    }
    if (file == NULL && access(SLOT_FILE_DEFAULT, F_OK) != 0) {
        return GBAU_OK;
    }
    enum gbau_status status = yaml_config_load(file != NULL ? file : SLOT_FILE_DEFAULT, log, &yaml);
    return status == GBAU_OK ? read_slots(yaml, log, slots) : status;
}
