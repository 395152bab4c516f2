/*
 * api_vectors.c: prints the test vectors of docs/gba_u-api.md: tests/data/gba_u_api.json, or with --annex its annex A.
 *
 * Everything starts from Ks_int_NAF of V1 in tests/data/gba_u.json. tests/system/test_api_vectors.py computes all of it
 * a second time with other libraries, and compares both files with what is printed here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_coding.h"
#include "crypto/openssl.h"
#include "key/api_aid.h"
#include "key/key_authentication.h"
#include "key/key_policy.h"

#define KS_INT_NAF "0a1506dc49027e4932c767f73fde7d306ef97e37d805539f71182bb6c1b69fd2"
#define B_TID      "I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc001.mcc001.pub.3gppnetwork.org"
#define LABEL      "vector"
#define CONTEXT    "context"
#define AAD        "additional data"
#define TEXT       "Keys from the SIM, for any application."

enum { POLICY_VERSION = 7, TEXT_MAX = 128, HEX_MAX = 2 * 200 + 1 };

/* A field of a vector: a name and octets. */
struct field {
    const char *name;
    char hex[HEX_MAX];
};

enum { FIELDS_MAX = 12 };

struct vector {
    const char *name;
    size_t field_count;
    struct field fields[FIELDS_MAX];
};

static bool as_annex;
static unsigned vectors_printed;
static struct crypto crypto;
static struct ks_int_naf root;

static void require(enum gbau_status status, const char *what)
{
    if (status != GBAU_OK) {
        (void)fprintf(stderr, "api_vectors: %s: %s\n", what, gbau_status_text(status));
        exit(1);
    }
}

static void add(struct vector *vector, const char *name, struct octets octets)
{
    struct field *field = &vector->fields[vector->field_count++];
    field->name = name;
    require(hex_encode(octets, field->hex, sizeof field->hex), name);
}

static void add_octet(struct vector *vector, const char *name, unsigned value)
{
    const uint8_t octet = (uint8_t)value;
    add(vector, name, octets_of(&octet, 1));
}

static void print_json(const struct vector *vector)
{
    (void)printf("%s  {\n   \"name\": \"%s\"", vectors_printed++ == 0 ? "" : ",\n", vector->name);
    for (size_t i = 0; i < vector->field_count; i++) {
        (void)printf(",\n   \"%s\": \"%s\"", vector->fields[i].name, vector->fields[i].hex);
    }
    (void)printf("\n  }");
}

/* Hexadecimal in lines of 32 octets. */
static void print_annex(const struct vector *vector)
{
    enum { DIGITS = 64 };
    (void)printf("\n    %s\n", vector->name);
    for (size_t i = 0; i < vector->field_count; i++) {
        const char *hex = vector->fields[i].hex;
        (void)printf("      %-12s%s%.*s\n", vector->fields[i].name, hex[0] == '\0' ? "(empty)" : "", DIGITS, hex);
        for (size_t start = DIGITS; start < strlen(hex); start += DIGITS) {
            (void)printf("      %-12s%.*s\n", "", DIGITS, hex + start);
        }
    }
}

static void print(const struct vector *vector)
{
    if (as_annex) {
        print_annex(vector);
    } else {
        print_json(vector);
    }
}

/* Keys */

static struct application_key_description description_of(enum key_usage usage, enum key_direction direction,
                                                         enum key_algorithm algorithm)
{
    return (struct application_key_description){
        .usage = usage,
        .direction = direction,
        .algorithm = algorithm,
        .label = octets_of_text(LABEL),
        .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE),
        .context = octets_of_text(CONTEXT),
    };
}

static struct application_key derive(struct vector *vector, const struct application_key_description *description)
{
    struct application_key key;
    require(application_key_derive(&crypto, &root, description, &key), "derivation");
    add_octet(vector, "usage", description->usage);
    add_octet(vector, "direction", description->direction);
    add_octet(vector, "algorithm", description->algorithm);
    add(vector, "key", octets_of(key.octets, sizeof key.octets));
    return key;
}

/* One vector for each algorithm */

/* 01 02 03 ..., as long as the algorithm wants it. */
static const uint8_t nonce[BLOCK_MODE_IV_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void add_aead(struct vector *vector, const struct key_algorithm_properties *algorithm,
                     const struct application_key *key)
{
    uint8_t ciphertext[TEXT_MAX];
    uint8_t tag[AEAD_TAG_SIZE];
    const struct octets text = octets_of_text(TEXT);
    require(application_key_seal(&crypto, key, nonce, octets_of_text(AAD), text, ciphertext, tag), algorithm->name);
    add(vector, "nonce", octets_of(nonce, algorithm->nonce_size));
    add(vector, "ciphertext", octets_of(ciphertext, text.length));
    add(vector, "tag", octets_of(tag, sizeof tag));
}

static void add_block_mode(struct vector *vector, const struct key_algorithm_properties *algorithm,
                           const struct application_key *key)
{
    uint8_t ciphertext[TEXT_MAX];
    const struct octets text = octets_of_text(TEXT);
    require(block_mode_encrypt(&crypto, algorithm->suite, application_key_octets(key), nonce, text, ciphertext),
            algorithm->name);
    add(vector, "nonce", octets_of(nonce, algorithm->nonce_size));
    add(vector, "ciphertext", octets_of(ciphertext, block_mode_ciphertext_length(algorithm->suite, text.length)));
}

static void add_mac(struct vector *vector, const struct key_algorithm_properties *algorithm,
                    const struct application_key *key)
{
    uint8_t mac[MAC_MAX_SIZE];
    const struct octets text = octets_of_text(TEXT);
    require(application_key_mac(&crypto, key, &text, 1, mac), algorithm->name);
    add(vector, "mac", octets_of(mac, algorithm->tag_size));
}

static void print_hash(const struct key_algorithm_properties *algorithm)
{
    uint8_t hash[DIGEST_MAX_SIZE];
    struct vector vector = {.name = algorithm->name};
    const struct octets text = octets_of_text(TEXT);
    require(crypto_digest(&crypto, algorithm->digest, &text, 1, hash), algorithm->name);
    add_octet(&vector, "algorithm", algorithm->algorithm);
    add(&vector, "hash", octets_of(hash, algorithm->tag_size));
    print(&vector);
}

static void print_algorithm(const struct key_algorithm_properties *algorithm)
{
    const bool is_mac = algorithm->kind == KEY_ALGORITHM_KIND_MAC;
    struct vector vector = {.name = algorithm->name};
    const struct application_key_description description =
        description_of(is_mac ? KEY_USAGE_MAC : KEY_USAGE_ENCRYPT, KEY_DIRECTION_CARD_TO_NAF, algorithm->algorithm);
    const struct application_key key = derive(&vector, &description);
    void (*const add_output)(struct vector *, const struct key_algorithm_properties *, const struct application_key *) =
        is_mac                                       ? add_mac
        : algorithm->kind == KEY_ALGORITHM_KIND_AEAD ? add_aead
                                                     : add_block_mode;
    add_output(&vector, algorithm, &key);
    print(&vector);
}

static void print_algorithms(void)
{
    for (size_t i = 0; i < key_algorithm_count; i++) {
        if (key_algorithms[i].kind == KEY_ALGORITHM_KIND_HASH) {
            print_hash(&key_algorithms[i]);
        } else if (key_algorithms[i].kind != KEY_ALGORITHM_KIND_KDF) {
            print_algorithm(&key_algorithms[i]);
        }
    }
}

/* Child, authentication, policy, revocation, wrapped key */

static void print_child(void)
{
    struct application_key child;
    struct vector vector = {.name = "child"};
    const struct application_key_description of_parent =
        description_of(KEY_USAGE_DERIVE, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF);
    const struct application_key_description of_child =
        description_of(KEY_USAGE_MAC, KEY_DIRECTION_NAF_TO_CARD, KEY_ALGORITHM_SM4_CMAC);
    const struct application_key parent = derive(&vector, &of_parent);
    require(application_key_derive_child(&crypto, &parent, &of_child, &child), "child");
    add(&vector, "child", octets_of(child.octets, sizeof child.octets));
    print(&vector);
}

/* RI is 01 02 03 ..., RR is 02 03 04 ... */
static enum gbau_status not_random(void *state, uint8_t *out, size_t length)
{
    static uint8_t first;
    (void)state;
    first++;
    for (size_t i = 0; i < length; i++) {
        out[i] = (uint8_t)(first + i);
    }
    return GBAU_OK;
}

static void print_authentication(void)
{
    struct key_authentication card;
    struct key_authentication naf;
    struct application_key session;
    uint8_t ri[KEY_AUTHENTICATION_NONCE_SIZE];
    uint8_t rr[KEY_AUTHENTICATION_NONCE_SIZE];
    uint8_t tr[MAC_MAX_SIZE];
    uint8_t ti[MAC_MAX_SIZE];
    struct vector vector = {.name = "authentication"};
    const struct key_authentication_binding binding = {.policy_version = POLICY_VERSION,
                                                       .b_tid = octets_of_text(B_TID)};
    const struct application_key_description description =
        description_of(KEY_USAGE_AUTHENTICATE, KEY_DIRECTION_NONE, KEY_ALGORITHM_HMAC_SHA256);
    const struct application_key key = derive(&vector, &description);
    require(key_authentication_begin(&card, &crypto, &key, ri), "begin");
    require(key_authentication_answer(&naf, &crypto, &key, &binding, ri, rr, tr), "answer");
    require(key_authentication_finish(&card, &crypto, &key, &binding, rr, octets_of(tr, 32), ti, &session), "finish");
    add(&vector, "RI", octets_of(ri, sizeof ri));
    add(&vector, "RR", octets_of(rr, sizeof rr));
    add(&vector, "TR", octets_of(tr, 32));
    add(&vector, "TI", octets_of(ti, 32));
    add(&vector, "KS", octets_of(session.octets, sizeof session.octets));
    print(&vector);
}

static void print_ruling(const char *name, const struct octet_writer *object)
{
    uint8_t mac[KEY_POLICY_MAC_SIZE];
    struct vector vector = {.name = name};
    require(octet_writer_end(object), name);
    require(key_policy_mac(&crypto, &root, octets_written(object), mac), name);
    add(&vector, "object", octets_written(object));
    add(&vector, "mac", octets_of(mac, sizeof mac));
    print(&vector);
}

static void print_rulings(void)
{
    uint8_t octets[KEY_POLICY_OBJECT_MAX];
    struct key_policy policy = key_policy_default;
    policy.version = POLICY_VERSION;
    policy.algorithms = key_algorithm_bit(KEY_ALGORITHM_AES_256_GCM) | key_algorithm_bit(KEY_ALGORITHM_HMAC_SHA256);
    policy.operations = 1000;
    policy.caller_count = 1;
    policy.callers[0].length = GBA_U_API_AID_SIZE;
    memcpy(policy.callers[0].aid, gba_u_api_aid, GBA_U_API_AID_SIZE);
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    key_policy_write(&writer, &policy);
    print_ruling("policy", &writer);
    const struct key_revocation revocation = {
        .version = POLICY_VERSION + 1, .scope = KEY_REVOCATION_PERSISTED_KEYS, .label = octets_of_text(LABEL)};
    writer = octet_writer_of(octets, sizeof octets);
    key_revocation_write(&writer, &revocation);
    print_ruling("revocation", &writer);
}

static void print_wrapped(void)
{
    uint8_t text[TEXT_MAX];
    uint8_t tag[AEAD_TAG_SIZE];
    struct vector vector = {.name = "wrapped key"};
    const struct application_key_description of_moved =
        description_of(KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256);
    const struct application_key_description description =
        description_of(KEY_USAGE_WRAP, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_256_GCM);
    const struct application_key key = derive(&vector, &description);
    struct application_key moved;
    require(application_key_derive(&crypto, &root, &of_moved, &moved), "moved key");
    struct octet_writer writer = octet_writer_of(text, sizeof text);
    octet_writer_u8(&writer, (uint8_t)moved.usage);
    octet_writer_u8(&writer, (uint8_t)moved.direction);
    octet_writer_u8(&writer, (uint8_t)moved.algorithm);
    octet_writer_u8(&writer, sizeof LABEL - 1);
    octet_writer_put_text(&writer, LABEL);
    octet_writer_put(&writer, moved.octets, sizeof moved.octets);
    require(application_key_seal(&crypto, &key, nonce, (struct octets){0}, octets_written(&writer), text, tag), "wrap");
    add(&vector, "nonce", octets_of(nonce, AEAD_NONCE_SIZE));
    add(&vector, "moved", octets_of(moved.octets, sizeof moved.octets));
    add(&vector, "ciphertext", octets_written(&writer));
    add(&vector, "tag", octets_of(tag, sizeof tag));
    print(&vector);
}

static void print_head(void)
{
    struct vector vector = {.name = "common"};
    add(&vector, "Ks_int_NAF", octets_of(root.octets, sizeof root.octets));
    add(&vector, "caller", octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE));
    add(&vector, "label", octets_of_text(LABEL));
    add(&vector, "context", octets_of_text(CONTEXT));
    add(&vector, "aad", octets_of_text(AAD));
    add(&vector, "text", octets_of_text(TEXT));
    add(&vector, "B-TID", octets_of_text(B_TID));
    print(&vector);
}

int main(int argc, char **argv)
{
    struct crypto_table table;
    as_annex = argc == 2 && strcmp(argv[1], "--annex") == 0;
    if (argc > 1 && !as_annex) {
        (void)fprintf(stderr, "usage: api_vectors [--annex]\n");
        return 2;
    }
    require(crypto_openssl_open(&crypto), "libcrypto");
    table = *crypto.table;
    table.random = not_random;
    crypto.table = &table;
    require(hex_decode_exactly(octets_of_text(KS_INT_NAF), root.octets, sizeof root.octets), "Ks_int_NAF");
    (void)fputs(as_annex ? "" : "{\n \"vectors\": [\n", stdout);
    print_head();
    print_algorithms();
    print_child();
    print_authentication();
    print_rulings();
    print_wrapped();
    (void)fputs(as_annex ? "" : "\n ]\n}\n", stdout);
    crypto_openssl_close(&crypto);
    return 0;
}
