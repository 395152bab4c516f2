/* challenge.h: what home network and BSF do for a card under test: challenges, NAF keys, reading AUTS. */
#ifndef TESTS_UNIT_UICC_CHALLENGE_H
#define TESTS_UNIT_UICC_CHALLENGE_H

#include "crypto/milenage.h"
#include "key/gba_keys.h"
#include "test_card.h"

#define TEST_IMPI_TEXT "001010123456789@ims.mnc001.mcc001.3gppnetwork.org"

#define TEST_IMPI "30303130313031323334353637383940696d732e6d6e633030312e6d63633030312e336770706e6574776f726b2e6f7267"

#define TEST_DERIVE       "0088008448de14" TEST_NAF "31" TEST_IMPI "00"
#define TEST_SELECT_GBABP "00a4080c047fff6fd6"

/* SQN of the usual AMF: SEQ || IND. */
#define TEST_SQN(seq, ind) ((aka_sqn)(seq) << AKA_SQN_IND_BITS | (ind))

struct challenge {
    struct aka_rand rand;
    struct ks ks;
    char bootstrap[90];    /* APDU of the GBA context, with AUTN* */
    char in_3g[90];        /* APDU of the 3G context, with AUTN */
    char bootstrapped[32]; /* response of the GBA context */
    char answer_3g[144];   /* response of the 3G context */
};

static inline struct milenage test_milenage(const struct card_profile *profile)
{
    return profile->functions.keys.milenage;
}

static inline const char *hex_of(const void *octets, size_t length)
{
    static char text[4][300];
    static unsigned next;
    char *out = text[next++ % 4];
    assert_ok(hex_encode(octets_of(octets, length), out, sizeof text[0]));
    return out;
}

static inline void write_challenge_texts(struct challenge *challenge, const uint8_t *autn, const uint8_t *autn_star,
                                         struct milenage_f2345 *keys)
{
    const char *rand = hex_of(challenge->rand.octets, AKA_RAND_SIZE);
    (void)snprintf(challenge->in_3g, sizeof challenge->in_3g, "008800812210%s10%s00", rand,
                   hex_of(autn, AKA_AUTN_SIZE));
    (void)snprintf(challenge->bootstrap, sizeof challenge->bootstrap, "0088008423dd10%s10%s00", rand,
                   hex_of(autn_star, AKA_AUTN_SIZE));
    uint8_t kc[8];
    for (size_t i = 0; i < sizeof kc; i++) {
        kc[i] = keys->ck.octets[i] ^ keys->ck.octets[i + 8] ^ keys->ik.octets[i] ^ keys->ik.octets[i + 8];
    }
    (void)snprintf(challenge->answer_3g, sizeof challenge->answer_3g, "db08%s10%s10%s08%s9000", hex_of(keys->res, 8),
                   hex_of(keys->ck.octets, AKA_CK_SIZE), hex_of(keys->ik.octets, AKA_IK_SIZE), hex_of(kc, sizeof kc));
    keys->res[7] ^= 0x01;
    (void)snprintf(challenge->bootstrapped, sizeof challenge->bootstrapped, "db08%s9000", hex_of(keys->res, 8));
}

/* A challenge for the usual profile. RAND is sixteen times `rand_octet`. Its Ks is one of the card's secrets from now.
 */
static inline struct challenge make_challenge(struct test_card *card, uint8_t rand_octet, aka_sqn sqn)
{
    static const struct aka_amf amf = {{0x00, 0x00}};
    const struct card_profile profile = test_profile();
    const struct milenage milenage = test_milenage(&profile);
    struct challenge challenge;
    struct milenage_f2345 keys;
    struct aka_mac mac;
    uint8_t autn[AKA_AUTN_SIZE];
    memset(challenge.rand.octets, rand_octet, AKA_RAND_SIZE);
    assert_ok(milenage_f1(&card->crypto, &milenage, &challenge.rand, sqn, &amf, &mac, NULL));
    assert_ok(milenage_f2345(&card->crypto, &milenage, &challenge.rand, &keys));
    struct octet_writer writer = octet_writer_of(autn, sizeof autn);
    octet_writer_u48(&writer, sqn);
    octet_writer_put(&writer, amf.octets, AKA_AMF_SIZE);
    octet_writer_put(&writer, mac.octets, AKA_MAC_SIZE);
    for (size_t i = 0; i < AKA_AK_SIZE; i++) {
        autn[i] ^= keys.ak.octets[i];
    }
    uint8_t autn_star[AKA_AUTN_SIZE];
    memcpy(autn_star, autn, sizeof autn);
    assert_ok(gba_u_mask_mac(&card->crypto, &keys.ik, autn_star + AKA_AUTN_SIZE - AKA_MAC_SIZE));
    ks_from_ck_ik(&challenge.ks, &keys.ck, &keys.ik);
    test_card_add_secret(card, challenge.ks.octets, sizeof challenge.ks.octets);
    write_challenge_texts(&challenge, autn, autn_star, &keys);
    return challenge;
}

/* Ks_ext_NAF of the usual IMPI and NAF, as the response to the derivation. */
static inline const char *derived_by(struct test_card *card, const struct challenge *challenge, const char *naf_id_hex)
{
    static char response[80];
    uint8_t naf_id[255];
    size_t length = 0;
    struct ks_ext_naf key;
    assert_ok(hex_decode(octets_of_text(naf_id_hex), naf_id, sizeof naf_id, &length));
    assert_ok(gba_derive_ks_ext_naf(&card->crypto, &challenge->ks, &challenge->rand, octets_of_text(TEST_IMPI_TEXT),
                                    octets_of(naf_id, length), &key));
    (void)snprintf(response, sizeof response, "db20%s9000", hex_of(key.octets, sizeof key.octets));
    return response;
}

/* Ks_int_NAF of the usual IMPI; one of the card's secrets from now. */
static inline struct ks_int_naf int_key_by(struct test_card *card, const struct challenge *challenge,
                                           const char *naf_id_hex)
{
    uint8_t naf_id[255];
    size_t length = 0;
    struct ks_int_naf key;
    assert_ok(hex_decode(octets_of_text(naf_id_hex), naf_id, sizeof naf_id, &length));
    assert_ok(gba_derive_ks_int_naf(&card->crypto, &challenge->ks, &challenge->rand, octets_of_text(TEST_IMPI_TEXT),
                                    octets_of(naf_id, length), &key));
    test_card_add_secret(card, key.octets, sizeof key.octets);
    return key;
}

/* SQN_MS out of the response DC 0E AUTS 9000; MAC-S must be right. */
static inline aka_sqn sqn_of_auts(struct test_card *card, const struct challenge *challenge, const char *response)
{
    static const struct aka_amf no_amf;
    const struct card_profile profile = test_profile();
    const struct milenage milenage = test_milenage(&profile);
    uint8_t octets[2 + AKA_AUTS_SIZE + 2];
    struct aka_ak ak;
    struct aka_mac mac_s;
    from_hex(response, octets, sizeof octets);
    assert_int_equal(octets[0], 0xdc);
    assert_int_equal(octets[1], AKA_AUTS_SIZE);
    assert_ok(milenage_f5star(&card->crypto, &milenage, &challenge->rand, &ak));
    for (size_t i = 0; i < AKA_AK_SIZE; i++) {
        octets[2 + i] ^= ak.octets[i];
    }
    struct octet_reader reader = octet_reader_of(octets_of(octets + 2, AKA_AUTS_SIZE));
    aka_sqn sqn = octet_reader_u48(&reader);
    assert_ok(milenage_f1(&card->crypto, &milenage, &challenge->rand, sqn, &no_amf, NULL, &mac_s));
    assert_memory_equal(mac_s.octets, octets + 2 + AKA_AK_SIZE, AKA_MAC_SIZE);
    return sqn;
}

#endif
