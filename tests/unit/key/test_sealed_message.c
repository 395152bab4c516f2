/* test_sealed_message.c: COSE_Encrypt0 messages: octets made apart, round trips, damage, codings that are refused. */
#include "key/sealed_message.h"

#include <stdlib.h>

#include "../crypto/crypto_testing.h"
#include "key/api_aid.h"

#define B_TID "I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc001.mcc001.pub.3gppnetwork.org"
#define KID_DEMO                                                                                                       \
    "4931553876705933714a306869755a4e726b652f4e513d3d406273662e6d6e633030312e6d63633030312e7075622e336770706e6574"     \
    "776f726b2e6f72672364656d6f"
#define NONCE_HEX "000000000000000000000001"

/* Made apart in Python (struct, cryptography), with the keys of test_application_key. */
#define MESSAGE_128                                                                                                    \
    "d0835849a20101045843" KID_DEMO "a1054c" NONCE_HEX "581d"                                                          \
    "d5b7341e68b7e9599044efc17550c13b48abe5e5b39dfb8b1e33aed06c"
#define ENC_STRUCTURE_128 "8368456e6372797074305849a20101045843" KID_DEMO "40"
#define MESSAGE_256                                                                                                    \
    "d0835849a20103045843" KID_DEMO "a1054c" NONCE_HEX "581d"                                                          \
    "57631f192a173bd022f95dcf0efdb2245c2403fd23e73fc9771582f6d5"
#define ENC_STRUCTURE_256_EXT "8368456e6372797074305849a20103045843" KID_DEMO "43657874"

enum { MESSAGE_ROOM = 2048 };

static struct sealed_message_key key_of(enum key_algorithm algorithm, const char *b_tid, const char *label)
{
    return (struct sealed_message_key){
        .algorithm = algorithm, .b_tid = octets_of_text(b_tid), .label = octets_of_text(label)};
}

/* The application key that MESSAGE_128 and MESSAGE_256 are sealed under. */
static struct application_key application_key_of(struct crypto *crypto, enum key_algorithm algorithm)
{
    struct ks_int_naf root;
    struct application_key key;
    from_hex("0a1506dc49027e4932c767f73fde7d306ef97e37d805539f71182bb6c1b69fd2", root.octets, NAF_KEY_SIZE);
    const struct application_key_description description = {
        .usage = KEY_USAGE_ENCRYPT,
        .direction = KEY_DIRECTION_CARD_TO_NAF,
        .algorithm = algorithm,
        .label = octets_of_text("demo"),
        .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE),
    };
    assert_ok(application_key_derive(crypto, &root, &description, &key));
    return key;
}

/* Seals as the device does: additional data, AEAD, message. */
static struct octets seal(struct crypto *crypto, const struct sealed_message_key *key, struct octets external_aad,
                          struct octets plaintext, uint8_t *out, size_t capacity)
{
    static uint8_t ciphertext[MESSAGE_ROOM];
    uint8_t aad_octets[SEALED_MESSAGE_AAD_MAX + 32];
    uint8_t nonce[AES_GCM_NONCE_SIZE];
    uint8_t tag[AES_GCM_TAG_SIZE];
    struct octet_writer aad = octet_writer_of(aad_octets, sizeof aad_octets);
    struct octet_writer writer = octet_writer_of(out, capacity);
    const struct application_key application_key = application_key_of(crypto, key->algorithm);
    from_hex(NONCE_HEX, nonce, sizeof nonce);
    sealed_message_write_aad(&aad, key, external_aad);
    assert_ok(octet_writer_end(&aad));
    assert_ok(application_key_seal(crypto, &application_key, nonce, octets_written(&aad), plaintext, ciphertext, tag));
    sealed_message_write(&writer, key, nonce, octets_of(ciphertext, plaintext.length), tag);
    assert_ok(octet_writer_end(&writer));
    return octets_written(&writer);
}

/* Opens as the NAF does: whatever was received, under the key that it names. */
static enum gbau_status open_message(struct crypto *crypto, struct octets octets, struct octets external_aad,
                                     uint8_t *plaintext)
{
    struct sealed_message message;
    uint8_t aad_octets[MESSAGE_ROOM];
    struct octet_writer aad = octet_writer_of(aad_octets, sizeof aad_octets);
    enum gbau_status status = sealed_message_read(octets, &message);
    if (status != GBAU_OK) {
        return status;
    }
    sealed_message_write_received_aad(&aad, &message, external_aad);
    assert_ok(octet_writer_end(&aad));
    const struct application_key key = application_key_of(crypto, message.key.algorithm);
    return application_key_open(crypto, &key, message.nonce, octets_written(&aad), message.ciphertext, message.tag,
                                plaintext);
}

static enum gbau_status read_hex(const char *hex)
{
    uint8_t octets[MESSAGE_ROOM];
    size_t length = 0;
    struct sealed_message message;
    assert_ok(hex_decode(octets_of_text(hex), octets, sizeof octets, &length));
    return sealed_message_read(octets_of(octets, length), &message);
}

static void test_octets(void **state)
{
    uint8_t out[MESSAGE_ROOM];
    const struct octets text = octets_of_text("open the door");
    struct sealed_message_key key = key_of(KEY_ALGORITHM_AES_128_GCM, B_TID, "demo");
    assert_octets(seal(*state, &key, (struct octets){0}, text, out, sizeof out), MESSAGE_128);
    key.algorithm = KEY_ALGORITHM_AES_256_GCM;
    assert_octets(seal(*state, &key, octets_of_text("ext"), text, out, sizeof out), MESSAGE_256);
}

static void test_enc_structure(void **state)
{
    (void)state;
    uint8_t octets[SEALED_MESSAGE_AAD_MAX];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    struct sealed_message_key key = key_of(KEY_ALGORITHM_AES_128_GCM, B_TID, "demo");
    sealed_message_write_aad(&writer, &key, (struct octets){0});
    assert_octets(octets_written(&writer), ENC_STRUCTURE_128);
    writer = octet_writer_of(octets, sizeof octets);
    key.algorithm = KEY_ALGORITHM_AES_256_GCM;
    sealed_message_write_aad(&writer, &key, octets_of_text("ext"));
    assert_octets(octets_written(&writer), ENC_STRUCTURE_256_EXT);
}

static void test_read(void **state)
{
    uint8_t octets[MESSAGE_ROOM];
    size_t length = 0;
    struct sealed_message message;
    uint8_t plaintext[13];
    assert_ok(hex_decode(octets_of_text(MESSAGE_256), octets, sizeof octets, &length));
    assert_ok(sealed_message_read(octets_of(octets, length), &message));
    assert_int_equal(message.key.algorithm, KEY_ALGORITHM_AES_256_GCM);
    assert_true(octets_equal(message.key.b_tid, octets_of_text(B_TID)));
    assert_true(octets_equal(message.key.label, octets_of_text("demo")));
    assert_octets(octets_of(message.nonce, sizeof message.nonce), NONCE_HEX);
    assert_int_equal(message.ciphertext.length, 13);
    assert_ok(open_message(*state, octets_of(octets, length), octets_of_text("ext"), plaintext));
    assert_memory_equal(plaintext, "open the door", 13);
    assert_status(open_message(*state, octets_of(octets, length), octets_of_text("exT"), plaintext),
                  GBAU_E_AUTHENTICATION);
}

/* Lengths at which the coding of CBOR's lengths changes, and the limits of B-TID and label. */
static void test_round_trips(void **state)
{
    static const size_t text_lengths[] = {0, 1, 7, 8, 23, 24, 96, 239, 240, 255, 256, 1000};
    static const size_t kid_lengths[][2] = {{1, 1}, {21, 1}, {22, 1}, {190, 64}, {191, 64}, {255, 64}};
    char b_tid[256];
    char label[65];
    static uint8_t text[1000];
    for (size_t i = 0; i < sizeof kid_lengths / sizeof kid_lengths[0]; i++) {
        for (size_t j = 0; j < sizeof text_lengths / sizeof text_lengths[0]; j++) {
            uint8_t out[MESSAGE_ROOM];
            uint8_t opened[1000];
            struct sealed_message message;
            memset(b_tid, 'b', sizeof b_tid);
            memset(label, '#', sizeof label); /* only the first '#' of the kid parts it */
            b_tid[kid_lengths[i][0]] = '\0';
            label[kid_lengths[i][1]] = '\0';
            const struct sealed_message_key key = key_of(KEY_ALGORITHM_AES_128_GCM, b_tid, label);
            const struct octets plaintext = octets_of(text, text_lengths[j]);
            const struct octets sealed = seal(*state, &key, (struct octets){0}, plaintext, out, sizeof out);
            assert_true(sealed.length <= plaintext.length + SEALED_MESSAGE_OVERHEAD);
            assert_ok(sealed_message_read(sealed, &message));
            assert_true(octets_equal(message.key.b_tid, key.b_tid));
            assert_true(octets_equal(message.key.label, key.label));
            assert_ok(open_message(*state, sealed, (struct octets){0}, opened));
            assert_memory_equal(opened, text, plaintext.length);
        }
    }
}

static void test_the_longest_aad_has_room(void **state)
{
    (void)state;
    char b_tid[SEALED_MESSAGE_B_TID_MAX + 1];
    char label[APPLICATION_LABEL_MAX + 2];
    uint8_t octets[SEALED_MESSAGE_AAD_MAX];
    memset(b_tid, 'b', sizeof b_tid);
    memset(label, 'l', sizeof label);
    b_tid[SEALED_MESSAGE_B_TID_MAX] = '\0';
    label[APPLICATION_LABEL_MAX] = '\0';
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    struct sealed_message_key key = key_of(KEY_ALGORITHM_AES_256_GCM, b_tid, label);
    sealed_message_write_aad(&writer, &key, (struct octets){0});
    assert_ok(octet_writer_end(&writer));
}

/* A writer without room fails, wherever the room ends. */
static void test_no_room(void **state)
{
    (void)state;
    const struct sealed_message_key key = key_of(KEY_ALGORITHM_AES_128_GCM, B_TID, "demo");
    const uint8_t nonce[AES_GCM_NONCE_SIZE] = {0};
    const uint8_t tag[AES_GCM_TAG_SIZE] = {0};
    const struct octets ciphertext = octets_of_text("ciphertext");
    const size_t whole = strlen(MESSAGE_128) / 2 - 13 + ciphertext.length;
    for (size_t capacity = 0; capacity <= whole; capacity++) {
        uint8_t *room = malloc(capacity + 1);
        assert_non_null(room);
        struct octet_writer writer = octet_writer_of(room, capacity);
        sealed_message_write(&writer, &key, nonce, ciphertext, tag);
        assert_status(octet_writer_end(&writer), capacity == whole ? GBAU_OK : GBAU_E_SPACE);
        free(room);
    }
}

/* Every shorter message is malformed; the copy has no octet to spare, so that reading on is seen. */
static void test_truncations(void **state)
{
    (void)state;
    uint8_t octets[MESSAGE_ROOM];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(MESSAGE_128), octets, sizeof octets, &length));
    for (size_t cut = 0; cut < length; cut++) {
        struct sealed_message message;
        uint8_t *copy = malloc(cut == 0 ? 1 : cut);
        assert_non_null(copy);
        memcpy(copy, octets, cut);
        assert_status(sealed_message_read(octets_of(copy, cut), &message), GBAU_E_MALFORMED);
        free(copy);
    }
    octets[length] = 0;
    struct sealed_message message;
    assert_status(sealed_message_read(octets_of(octets, length + 1), &message), GBAU_E_MALFORMED);
    assert_status(sealed_message_read((struct octets){0}, &message), GBAU_E_MALFORMED);
}

/* Every octet with every other value: never accepted, but for the coding of the unprotected parts. */
static void test_every_octet_changed(void **state)
{
    uint8_t octets[MESSAGE_ROOM];
    uint8_t plaintext[MESSAGE_ROOM];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(MESSAGE_128), octets, sizeof octets, &length));
    assert_ok(open_message(*state, octets_of(octets, length), (struct octets){0}, plaintext));
    for (size_t i = 0; i < length; i++) {
        const uint8_t right = octets[i];
        for (unsigned value = 0; value < 256; value++) {
            octets[i] = (uint8_t)value;
            if (value != right) {
                assert_int_not_equal(open_message(*state, octets_of(octets, length), (struct octets){0}, plaintext),
                                     GBAU_OK);
            }
        }
        octets[i] = right;
    }
}

/* Codings of one message. The body's parts: protected header, unprotected header, ciphertext with its tag. */
#define TAIL16    "00000000000000000000000000000000"
#define ENCRYPT0  "d083"
#define SHORT_KID "43612362" /* "a#b" */
#define LONG_KID  "612330313233343536373839303132333435363738393031323334353637383930"
#define GOOD_PROT "48a2010104" SHORT_KID
#define GOOD_IV   "a1054c" NONCE_HEX
#define GOOD_TEXT "50" TAIL16

static void test_accepted_codings(void **state)
{
    (void)state;
    static const char *const messages[] = {
        ENCRYPT0 GOOD_PROT GOOD_IV GOOD_TEXT,
        "83" GOOD_PROT GOOD_IV GOOD_TEXT,                     /* the tag may be missing (RFC 9052 2) */
        ENCRYPT0 "48a204" SHORT_KID "0101" GOOD_IV GOOD_TEXT, /* headers in the other order */
        ENCRYPT0 "48a2010304" SHORT_KID GOOD_IV GOOD_TEXT,
        ENCRYPT0 "5808a2010104" SHORT_KID GOOD_IV GOOD_TEXT, /* longer lengths than needed are still definite */
        ENCRYPT0 GOOD_PROT GOOD_IV "5a00000010" TAIL16,
        ENCRYPT0 "5827a20101045821" LONG_KID GOOD_IV GOOD_TEXT,
        ENCRYPT0 "4aa20119000104" SHORT_KID GOOD_IV GOOD_TEXT,                    /* an algorithm in two octets */
        ENCRYPT0 "4ca2013a0001004204" SHORT_KID GOOD_IV GOOD_TEXT,                /* -65603: AES-128-CCM */
        ENCRYPT0 "52a3010104" SHORT_KID "3a0001000083182af440" GOOD_IV GOOD_TEXT, /* a segment */
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        assert_ok(read_hex(messages[i]));
    }
}

static void test_unsupported(void **state)
{
    (void)state;
    assert_status(read_hex(ENCRYPT0 "48a2010204" SHORT_KID GOOD_IV GOOD_TEXT), GBAU_E_UNSUPPORTED);   /* A192GCM */
    assert_status(read_hex(ENCRYPT0 "49a201181804" SHORT_KID GOOD_IV GOOD_TEXT), GBAU_E_UNSUPPORTED); /* ChaCha20 */
    assert_status(read_hex(ENCRYPT0 "48a2010004" SHORT_KID GOOD_IV GOOD_TEXT), GBAU_E_UNSUPPORTED);
    assert_status(read_hex(ENCRYPT0 "48a2012004" SHORT_KID GOOD_IV GOOD_TEXT), GBAU_E_UNSUPPORTED); /* -1 */
    assert_status(read_hex(ENCRYPT0 "48a2010504" SHORT_KID GOOD_IV GOOD_TEXT), GBAU_E_UNSUPPORTED); /* of a MAC */
}

static void test_refused_codings(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "d183" GOOD_PROT GOOD_IV GOOD_TEXT,                   /* COSE_Mac0 */
        "d0d083" GOOD_PROT GOOD_IV GOOD_TEXT,                 /* tagged twice */
        "d09f" GOOD_PROT GOOD_IV GOOD_TEXT "ff",              /* array of indefinite length */
        "d082" GOOD_PROT GOOD_IV,                             /* two parts */
        "d084" GOOD_PROT GOOD_IV GOOD_TEXT "40",              /* four parts */
        ENCRYPT0 GOOD_PROT GOOD_IV GOOD_TEXT "00",            /* more behind it */
        ENCRYPT0 "5f" GOOD_PROT "ff" GOOD_IV GOOD_TEXT,       /* protected header in pieces */
        ENCRYPT0 GOOD_PROT "bf054c" NONCE_HEX "ff" GOOD_TEXT, /* map of indefinite length */
        ENCRYPT0 GOOD_PROT GOOD_IV "5f50" TAIL16 "ff",        /* ciphertext in pieces */
        ENCRYPT0 "4abf010104" SHORT_KID "ff" GOOD_IV GOOD_TEXT,
        ENCRYPT0 "4aa20101045f41612362ff" GOOD_IV GOOD_TEXT,
        ENCRYPT0 "68a2010104" SHORT_KID GOOD_IV GOOD_TEXT, /* text instead of octets */
        ENCRYPT0 "40" GOOD_IV GOOD_TEXT,                   /* no protected header */
        ENCRYPT0 "41a0" GOOD_IV GOOD_TEXT,
        ENCRYPT0 "46a104" SHORT_KID GOOD_IV GOOD_TEXT, /* no algorithm */
        ENCRYPT0 "43a10101" GOOD_IV GOOD_TEXT,         /* no kid */
        ENCRYPT0 "45a201010103" GOOD_IV GOOD_TEXT,     /* algorithm twice */
        ENCRYPT0 "45a201010101" GOOD_IV GOOD_TEXT,
        ENCRYPT0 "4aa30101030504" SHORT_KID GOOD_IV GOOD_TEXT,        /* a third header */
        ENCRYPT0 "48a2010103" SHORT_KID GOOD_IV GOOD_TEXT,            /* content type instead of kid */
        ENCRYPT0 "4ba204" SHORT_KID "04" SHORT_KID GOOD_IV GOOD_TEXT, /* the kid twice */
        ENCRYPT0 "49a2010104" SHORT_KID "00" GOOD_IV GOOD_TEXT,       /* more behind the map */
        ENCRYPT0 "48a201010443616263" GOOD_IV GOOD_TEXT,              /* kid without '#' */
        ENCRYPT0 "47a2010104422361" GOOD_IV GOOD_TEXT,                /* empty B-TID */
        ENCRYPT0 "47a2010104426123" GOOD_IV GOOD_TEXT,                /* empty label */
        ENCRYPT0 "45a201010440" GOOD_IV GOOD_TEXT,                    /* empty kid */
        ENCRYPT0 GOOD_PROT "a0" GOOD_TEXT,                            /* no IV */
        ENCRYPT0 GOOD_PROT "a1054b0000000000000000000000" GOOD_TEXT,
        ENCRYPT0 GOOD_PROT "a1054d00000000000000000000000000" GOOD_TEXT,
        ENCRYPT0 GOOD_PROT "a1064c" NONCE_HEX GOOD_TEXT,        /* partial IV */
        ENCRYPT0 GOOD_PROT "a2054c" NONCE_HEX "0101" GOOD_TEXT, /* an algorithm outside of the protected header */
        ENCRYPT0 GOOD_PROT GOOD_IV "4f000000000000000000000000000000", /* shorter than the tag */
        ENCRYPT0 GOOD_PROT GOOD_IV "40",
        ENCRYPT0 GOOD_PROT GOOD_IV "f6",                        /* detached ciphertext */
        ENCRYPT0 GOOD_PROT GOOD_IV "5bffffffffffffffff" TAIL16, /* a length beyond all memory */
        ENCRYPT0 "5b7fffffffffffffff" GOOD_IV GOOD_TEXT,
        "9bffffffffffffffff",
        ENCRYPT0 GOOD_PROT "bbffffffffffffffff" GOOD_TEXT,
        "00",
        "40",
        "a0",
        "f6",
        "ff",
        "d0",
        "d0d0",
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (read_hex(messages[i]) != GBAU_E_MALFORMED) {
            fail_msg("not malformed: %s", messages[i]);
        }
    }
}

static enum gbau_status read_with_kid(size_t b_tid_length, size_t label_length)
{
    uint8_t octets[MESSAGE_ROOM];
    struct sealed_message message;
    const size_t kid_length = b_tid_length + 1 + label_length;
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    octet_writer_u16(&writer, 0x8359);
    octet_writer_u16(&writer, (uint16_t)(7 + kid_length));
    octet_writer_u32(&writer, 0xa2010104);
    octet_writer_u8(&writer, 0x59);
    octet_writer_u16(&writer, (uint16_t)kid_length);
    octet_writer_fill(&writer, 'b', b_tid_length);
    octet_writer_u8(&writer, '#');
    octet_writer_fill(&writer, 'l', label_length);
    octet_writer_u24(&writer, 0xa1054c);
    octet_writer_fill(&writer, 0, AES_GCM_NONCE_SIZE);
    octet_writer_u8(&writer, 0x50);
    octet_writer_fill(&writer, 0, AES_GCM_TAG_SIZE);
    assert_ok(octet_writer_end(&writer));
    return sealed_message_read(octets_written(&writer), &message);
}

static void test_limits_of_names(void **state)
{
    (void)state;
    assert_ok(read_with_kid(1, 1));
    assert_ok(read_with_kid(255, 64));
    assert_status(read_with_kid(256, 64), GBAU_E_MALFORMED);
    assert_status(read_with_kid(255, 65), GBAU_E_MALFORMED);
    assert_status(read_with_kid(0, 64), GBAU_E_MALFORMED);
    assert_status(read_with_kid(255, 0), GBAU_E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        crypto_test(test_octets),
        cmocka_unit_test(test_enc_structure),
        crypto_test(test_read),
        crypto_test(test_round_trips),
        cmocka_unit_test(test_the_longest_aad_has_room),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_truncations),
        crypto_test(test_every_octet_changed),
        cmocka_unit_test(test_accepted_codings),
        cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_refused_codings),
        cmocka_unit_test(test_limits_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
