/*
 * card_ends.h: a card in a file as one end of the key calls, and a NAF that has the same Ks_int_NAF as the other; for
 * the tests of the device side.
 */
#ifndef TESTS_UNIT_ME_CARD_ENDS_H
#define TESTS_UNIT_ME_CARD_ENDS_H

#include "me_testing.h"

#include "key/api_aid.h"
#include "key/key_policy.h"
#include "key/local_key.h"
#include "key_calls_common.h"
#include "me/card_key.h"

struct card_ends {
    struct bench *bench;
    struct crypto_pool *cryptos;
    struct card_api api;
    struct ks_int_naf int_key;
    struct local_key_root naf;
    struct key_ends ends;
};

static inline struct octets naf_id_of(const struct bench *bench)
{
    return octets_of(bench->naf_id, NAF_ID_LENGTH);
}

static inline struct ks_int_naf int_key_of(struct bench *bench, const struct aka_vector *vector)
{
    struct ks_int_naf key;
    const struct ks ks = ks_of(vector);
    assert_ok(gba_derive_ks_int_naf(&bench->crypto, &ks, &vector->rand, octets_of_text(IMPI), naf_id_of(bench), &key));
    return key;
}

/* The NAF's end takes the Ks_int_NAF of another bootstrapping. */
static inline void follow_bootstrapping(struct card_ends *card, const struct aka_vector *vector)
{
    card->int_key = int_key_of(card->bench, vector);
    card->naf = (struct local_key_root){.cryptos = card->cryptos,
                                        .int_key = &card->int_key,
                                        .b_tid = B_TID,
                                        .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE)};
}

static inline enum gbau_status open_on_card(void *context, const struct gbau_key_request *request,
                                            struct gbau_key **key)
{
    struct card_ends *card = context;
    return card_key_open(&card->api, naf_id_of(card->bench), request, key);
}

static inline enum gbau_status open_at_naf(void *context, const struct gbau_key_request *request, struct gbau_key **key)
{
    return local_key_open(&((struct card_ends *)context)->naf, request, key);
}

/* Policies and revocations, with the NAF's MAC behind them */

enum { RULING_MAX = KEY_POLICY_OBJECT_MAX + 2 + KEY_POLICY_MAC_SIZE };

struct ruling {
    uint8_t octets[RULING_MAX];
    size_t length;
};

static inline struct ruling ruling_with_mac(struct card_ends *card, struct octets object)
{
    struct ruling ruling;
    uint8_t mac[KEY_POLICY_MAC_SIZE];
    assert_ok(key_policy_mac(&card->bench->crypto, &card->int_key, object, mac));
    struct octet_writer writer = octet_writer_of(ruling.octets, sizeof ruling.octets);
    octet_writer_put_octets(&writer, object);
    octet_writer_u8(&writer, API_TAG_AUTHENTICATOR);
    octet_writer_u8(&writer, sizeof mac);
    octet_writer_put(&writer, mac, sizeof mac);
    assert_ok(octet_writer_end(&writer));
    ruling.length = writer.length;
    return ruling;
}

static inline struct ruling policy_ruling(struct card_ends *card, const struct key_policy *policy)
{
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    key_policy_write(&writer, policy);
    assert_ok(octet_writer_end(&writer));
    return ruling_with_mac(card, octets_written(&writer));
}

static inline struct ruling revocation_ruling(struct card_ends *card, const struct key_revocation *revocation)
{
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    key_revocation_write(&writer, revocation);
    assert_ok(octet_writer_end(&writer));
    return ruling_with_mac(card, octets_written(&writer));
}

static inline enum gbau_status apply(struct card_ends *card, const struct ruling *ruling)
{
    return card_api_apply(&card->api, naf_id_of(card->bench), octets_of(ruling->octets, ruling->length));
}

/* A policy that allows everything that there is. */
static inline struct key_policy permissive_policy(uint32_t version)
{
    struct key_policy policy = key_policy_default;
    policy.version = version;
    policy.usages = 0x3f;
    policy.allows_export = true;
    policy.allows_wrap = true;
    return policy;
}

static inline void allow_all_on_card(void *context)
{
    struct card_ends *card = context;
    const struct key_policy policy = permissive_policy(card->naf.policy_version + 1);
    const struct ruling ruling = policy_ruling(card, &policy);
    assert_ok(apply(card, &ruling));
    card->naf.policy_version = policy.version;
}

/* Set-up: a card that was bootstrapped, with the applet open. *state is the struct key_ends. */
static inline int open_card_ends(void **state)
{
    static struct card_ends card;
    card = (struct card_ends){0};
    assert_int_equal(open_bench(state), 0);
    card.bench = *state;
    assert_ok(crypto_pool_open(2, &card.cryptos));
    open_usim(card.bench);
    const struct aka_vector vector = bootstrap(card.bench, 1);
    follow_bootstrapping(&card, &vector);
    assert_ok(card_api_open(&card.api, card.bench->reader, NULL));
    card.ends = (struct key_ends){.context = &card,
                                  .open_card = open_on_card,
                                  .open_naf = open_at_naf,
                                  .allow_all = allow_all_on_card,
                                  .card_has_all_algorithms = true,
                                  .long_length = 200000};
    *state = &card.ends;
    return 0;
}

/* The same without a trace, which long data would fill. */
static inline int open_untraced_ends(void **state)
{
    assert_int_equal(open_card_ends(state), 0);
    struct card_ends *card = ((struct key_ends *)*state)->context;
    reader_observe(card->bench->reader, NULL, NULL);
    return 0;
}

/* The same as over a way that carries short commands only: most readers and modems. */
static inline int open_short_ends(void **state)
{
    assert_int_equal(open_untraced_ends(state), 0);
    struct card_ends *card = ((struct key_ends *)*state)->context;
    assert_non_null(card->api.large);
    free(card->api.large);
    card->api.large = NULL;
    return 0;
}

static inline int close_card_ends(void **state)
{
    struct card_ends *card = ((struct key_ends *)*state)->context;
    card_api_close(&card->api);
    crypto_pool_close(card->cryptos);
    *state = card->bench;
    return close_bench(state);
}

#define card_test(function) cmocka_unit_test_setup_teardown((function), open_card_ends, close_card_ends)

#define short_test(function) cmocka_unit_test_setup_teardown((function), open_short_ends, close_card_ends)

static inline struct card_ends *card_of(void **state)
{
    return ((struct key_ends *)*state)->context;
}

static const struct gbau_key_request seal_request = {
    .usage = GBAU_USAGE_ENCRYPT, .direction = GBAU_CARD_TO_NAF, .algorithm = GBAU_AES_256_GCM, .label = "door"};

#endif
