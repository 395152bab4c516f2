/* profile_keys_read.c: reads an algorithm, its keys, the SQN and the GBA_U rules. */
#include "profile/profile_private.h"

#include <string.h>

#include "base/secret.h"

static const struct node_word algorithm_words[] = {
    {"milenage", AKA_ALGORITHM_MILENAGE}, {"tuak", AKA_ALGORITHM_TUAK}, {"xor", AKA_ALGORITHM_XOR}};

/* The operator's key under one of its four names. */
struct operator_name {
    const char *name;
    size_t length;
    bool is_common;
};

static const struct operator_name operator_names[] = {{"op", AKA_OPC_SIZE, true},
                                                      {"opc", AKA_OPC_SIZE, false},
                                                      {"top", TUAK_TOPC_SIZE, true},
                                                      {"topc", TUAK_TOPC_SIZE, false}};

static enum gbau_status read_operator_key(const struct node *node, struct profile_keys *keys)
{
    for (size_t i = 0; i < sizeof operator_names / sizeof operator_names[0]; i++) {
        const struct operator_name *name = &operator_names[i];
        const struct node value = node_child(node, name->name);
        if (!node_is_there(&value)) {
            continue;
        }
        if (keys->operator_length > 0) {
            return node_reject(&value, "give one of op, opc, top and topc");
        }
        enum gbau_status status =
            node_hex(&value, name->length, name->length, keys->operator_key, &keys->operator_length);
        if (status != GBAU_OK) {
            return status;
        }
        keys->operator_is_common = name->is_common;
    }
    return GBAU_OK;
}

static enum gbau_status read_rotations(const struct node *node, struct profile_keys *keys)
{
    enum { COUNT = 5, BITS = 8, LAST = 120 };
    size_t count = 0;
    enum gbau_status status = node_count(node, COUNT, &count);
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        const struct node item = node_item(node, i);
        unsigned bits = keys->constants.rotation[i];
        status = node_number(&item, 0, LAST, &bits);
        if (status == GBAU_OK && bits % BITS != 0) {
            status = node_reject(&item, "must be a multiple of 8");
        }
        keys->constants.rotation[i] = (uint8_t)bits;
    }
    return status == GBAU_OK && count != 0 && count != COUNT ? node_reject(node, "must be 5 numbers, r1 to r5")
                                                             : status;
}

static enum gbau_status read_constants(const struct node *node, struct profile_keys *keys)
{
    enum { COUNT = 5 };
    size_t count = 0;
    size_t length = 0;
    enum gbau_status status = node_count(node, COUNT, &count);
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        const struct node item = node_item(node, i);
        status = node_hex(&item, AES_BLOCK_SIZE, AES_BLOCK_SIZE, keys->constants.constant[i], &length);
    }
    return status == GBAU_OK && count != 0 && count != COUNT ? node_reject(node, "must be 5 constants, c1 to c5")
                                                             : status;
}

static enum gbau_status read_milenage(const struct node *node, struct profile_keys *keys)
{
    static const char *const allowed[] = {"r", "c", NULL};
    const struct node milenage = node_child(node, "milenage");
    const struct node r = node_child(&milenage, "r");
    const struct node c = node_child(&milenage, "c");
    keys->has_constants = node_is_there(&milenage);
    enum gbau_status status = yaml_config_check_keys(milenage.config, milenage.path, allowed);
    if (status == GBAU_OK) {
        status = read_rotations(&r, keys);
    }
    return status == GBAU_OK ? read_constants(&c, keys) : status;
}

static enum gbau_status read_tuak(const struct node *node, struct profile_keys *keys)
{
    static const char *const allowed[] = {"res", "iterations", NULL};
    static const struct node_word sizes[] = {{"32", 32}, {"64", 64}, {"128", 128}};
    const struct node tuak = node_child(node, "tuak");
    const struct node res = node_child(&tuak, "res");
    const struct node iterations = node_child(&tuak, "iterations");
    enum gbau_status status = yaml_config_check_keys(tuak.config, tuak.path, allowed);
    if (status == GBAU_OK) {
        status = node_word(&res, sizes, sizeof sizes / sizeof sizes[0], &keys->tuak_res_bits);
    }
    return status == GBAU_OK ? node_number(&iterations, 1, UINT8_MAX, &keys->tuak_iterations) : status;
}

enum gbau_status profile_read_keys(const struct node *node, struct profile_keys *keys)
{
    const struct node algorithm = node_child(node, "algorithm");
    const struct node k = node_child(node, "k");
    unsigned chosen = keys->algorithm;
    enum gbau_status status =
        node_word(&algorithm, algorithm_words, sizeof algorithm_words / sizeof algorithm_words[0], &chosen);
    keys->algorithm = (enum aka_algorithm)chosen;
    if (status == GBAU_OK) {
        status = node_hex(&k, AKA_K_SIZE, keys->algorithm == AKA_ALGORITHM_TUAK ? TUAK_K_MAX : AKA_K_SIZE, keys->k,
                          &keys->k_length);
    }
    if (status == GBAU_OK) {
        status = read_operator_key(node, keys);
    }
    if (status == GBAU_OK) {
        status = read_milenage(node, keys);
    }
    return status == GBAU_OK ? read_tuak(node, keys) : status;
}

enum gbau_status profile_read_gba_rules(const struct node *node, struct gba_u_rules *rules, unsigned *naf_keys)
{
    static const char *const allowed[] = {"mask-mac", "flip-res", "naf-keys", NULL};
    const struct node gba = node_child(node, "gba-u");
    const struct node mask = node_child(&gba, "mask-mac");
    const struct node flip = node_child(&gba, "flip-res");
    const struct node count = node_child(&gba, "naf-keys");
    enum gbau_status status = yaml_config_check_keys(gba.config, gba.path, allowed);
    if (status == GBAU_OK) {
        status = node_boolean(&mask, &rules->mask_mac);
    }
    if (status == GBAU_OK) {
        status = node_boolean(&flip, &rules->flip_res_bit);
    }
    if (status == GBAU_OK && naf_keys == NULL && node_is_there(&count)) {
        return node_reject(&count, "can be said of an application, with base: none");
    }
    return status == GBAU_OK && naf_keys != NULL ? node_number(&count, 0, CARD_MAX_NAF_KEYS, naf_keys) : status;
}

static enum gbau_status read_sqn_value(const struct node *node, aka_sqn *value)
{
    uint8_t octets[SQN_ENTRY_SIZE];
    size_t length = 0;
    enum gbau_status status = node_hex(node, sizeof octets, sizeof octets, octets, &length);
    if (status == GBAU_OK && length > 0) {
        struct octet_reader reader = octet_reader_of(octets_of(octets, length));
        *value = octet_reader_u48(&reader);
    }
    return status;
}

static enum gbau_status read_sqn_entries(const struct node *node, aka_sqn entries[SQN_ENTRIES])
{
    size_t count = 0;
    enum gbau_status status = node_count(node, SQN_ENTRIES, &count);
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        const struct node item = node_item(node, i);
        status = read_sqn_value(&item, &entries[i]);
    }
    return status;
}

static enum gbau_status read_limit(const struct node *node, uint32_t *limit)
{
    unsigned number = *limit;
    enum gbau_status status = node_number(node, 0, UINT32_MAX, &number);
    *limit = number;
    return status;
}

enum gbau_status profile_read_sqn(const struct node *node, uint32_t *delta, uint32_t *age_limit, aka_sqn *value,
                                  aka_sqn entries[SQN_ENTRIES])
{
    static const char *const allowed[] = {"value", "delta", "age-limit", "values", NULL};
    static const char *const allowed_short[] = {"value", "delta", "age-limit", NULL};
    const struct node sqn = node_child(node, "sqn");
    const struct node single = node_child(&sqn, "value");
    const struct node delta_node = node_child(&sqn, "delta");
    const struct node age = node_child(&sqn, "age-limit");
    const struct node values = node_child(&sqn, "values");
    if (yaml_config_kind_of(sqn.config, sqn.path) == YAML_CONFIG_SCALAR) {
        return read_sqn_value(&sqn, value);
    }
    enum gbau_status status = yaml_config_check_keys(sqn.config, sqn.path, entries == NULL ? allowed_short : allowed);
    if (status == GBAU_OK) {
        status = read_sqn_value(&single, value);
    }
    if (status == GBAU_OK) {
        status = read_limit(&delta_node, delta);
    }
    if (status == GBAU_OK) {
        status = read_limit(&age, age_limit);
    }
    return status == GBAU_OK && entries != NULL ? read_sqn_entries(&values, entries) : status;
}
