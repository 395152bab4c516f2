/* api_testing.h: the GBA_U API's applet under test, and the NAF that opens what it has sealed. */
#ifndef TESTS_UNIT_UICC_API_TESTING_H
#define TESTS_UNIT_UICC_API_TESTING_H

#include "challenge.h"
#include "key/api_aid.h"
#include "key/api_coding.h"
#include "key/application_key.h"

#define SELECT_API "00a4040c09" API_AID

/* OPEN KEY for the usual NAF, on the basic channel: direction, algorithm, label "a". */
#define OPEN_KEY(direction, algorithm) "805000001f8014" TEST_NAF "8201" direction "8301" algorithm "84016100"

/* Opens the key that `open` asks for; gives its handle. */
static inline unsigned open_key(struct test_card *card, const char *open)
{
    unsigned handle = 99;
    const char *response = apdu(card, open);
    assert_string_equal(sw_of(response), "9000");
    assert_int_equal(sscanf(response, "9001%2x81", &handle), 1);
    return handle;
}

/* The key that the NAF derives for the same description: label "a", no context. */
static inline struct application_key key_of_naf(struct test_card *card, const struct ks_int_naf *root,
                                                enum key_direction direction, enum key_algorithm algorithm)
{
    const struct application_key_description description = {
        .usage = KEY_USAGE_ENCRYPT,
        .direction = direction,
        .algorithm = algorithm,
        .label = octets_of_text("a"),
        .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE),
    };
    struct application_key key;
    assert_ok(application_key_derive(&card->crypto, root, &description, &key));
    return key;
}

/* Seals "hello" with additional data "ad" under a handle of the basic channel; gives nonce || ciphertext || tag. */
static inline struct octets seal_hello(struct test_card *card, unsigned handle, uint8_t sealed[64])
{
    uint8_t response[64];
    size_t length = 0;
    const char *text = apduf(card, "8052%02xc10b86026164870568656c6c6f00", handle);
    assert_string_equal(sw_of(text), "9000");
    assert_ok(hex_decode(octets_of(text, strlen(text) - 4), response, sizeof response, &length));
    struct octet_reader reader = octet_reader_of(octets_of(response, length));
    struct octet_writer writer = octet_writer_of(sealed, 64);
    static const uint8_t heads[][2] = {{API_TAG_NONCE, 12}, {API_TAG_TEXT, 5}, {API_TAG_AUTHENTICATOR, 16}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(octet_reader_u8(&reader), heads[i][0]);
        assert_int_equal(octet_reader_u8(&reader), heads[i][1]);
        octet_writer_put_octets(&writer, octet_reader_take(&reader, heads[i][1]));
    }
    assert_ok(octet_reader_end(&reader));
    return octets_written(&writer);
}

/* True when the NAF's key opens it. */
static inline bool naf_opens(struct test_card *card, const struct application_key *key, struct octets sealed)
{
    uint8_t plaintext[5];
    const uint8_t *ciphertext = sealed.data + AES_GCM_NONCE_SIZE;
    enum gbau_status status = application_key_open(&card->crypto, key, sealed.data, octets_of_text("ad"),
                                                   octets_of(ciphertext, 5), ciphertext + 5, plaintext);
    return status == GBAU_OK && memcmp(plaintext, "hello", 5) == 0;
}

/* The counter in a nonce. */
static inline uint64_t nonce_of(struct octets sealed)
{
    struct octet_reader reader = octet_reader_of(sealed);
    (void)octet_reader_u32(&reader); /* random */
    return octet_reader_u64(&reader);
}

/* Bootstraps with a challenge of RAND 16 x `rand_octet` and SEQ `seq`. */
static inline struct challenge bootstrap(struct test_card *card, uint8_t rand_octet, uint64_t seq)
{
    struct challenge challenge = make_challenge(card, rand_octet, TEST_SQN(seq, 0));
    assert_apdu(card, challenge.bootstrap, challenge.bootstrapped);
    return challenge;
}

#endif
