/* api_testing.h: the GBA_U API's applet under test, and the NAF that opens what it has sealed. */
#ifndef TESTS_UNIT_UICC_API_TESTING_H
#define TESTS_UNIT_UICC_API_TESTING_H

#include "challenge.h"
#include "codec/ber_tlv.h"
#include "key/api_aid.h"
#include "key/api_coding.h"
#include "key/application_key.h"
#include "key/key_policy.h"

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

/* Commands made and responses read object by object */

#define API_LABEL "61"

/* A card with one key for the usual NAF, the applet selected on the basic channel. */
static inline struct challenge begin_api(struct test_card *card)
{
    test_card_begin(card);
    enter_usim(card);
    struct challenge challenge = bootstrap(card, 0x81, 1);
    assert_sw(card, TEST_DERIVE, "9000");
    assert_apdu(card, SELECT_API, "9000");
    return challenge;
}

/* The key of the NAF for any description with the API's applet as its caller; a secret of the card from now. */
static inline struct application_key key_for(struct test_card *card, const struct ks_int_naf *root, unsigned usage,
                                             unsigned direction, unsigned algorithm, const char *label)
{
    const struct application_key_description description = {
        .usage = (enum key_usage)usage,
        .direction = (enum key_direction)direction,
        .algorithm = (enum key_algorithm)algorithm,
        .label = octets_of_text(label),
        .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE),
    };
    struct application_key key;
    assert_ok(application_key_derive(&card->crypto, root, &description, &key));
    if (usage != KEY_USAGE_EXPORT) {
        test_card_add_secret(card, key.octets, sizeof key.octets);
    }
    return key;
}

/* A response: status word and objects, in a buffer of its own. */
struct api_response {
    unsigned sw;
    uint8_t octets[UICC_RESPONSE_MAX];
    struct octets data;
};

static inline struct api_response run_api(struct test_card *card, const uint8_t *command, size_t length)
{
    struct api_response response;
    const size_t size = uicc_process(&card->uicc, octets_of(command, length), response.octets);
    assert_in_range(size, 2, UICC_RESPONSE_MAX);
    test_card_search(card, response.octets, size);
    response.sw = (unsigned)(response.octets[size - 2] << 8 | response.octets[size - 1]);
    response.data.length = size - 2; /* the pointer is set by those who look: the struct is copied */
    return response;
}

/* Command data in the making. */
struct api_command {
    uint8_t octets[UICC_COMMAND_MAX];
    struct octet_writer writer;
};

static inline void command_begin(struct api_command *command, uint8_t channel, uint8_t ins, uint8_t p1, uint8_t p2)
{
    command->writer = octet_writer_of(command->octets, sizeof command->octets);
    octet_writer_u8(&command->writer, (uint8_t)(0x80 | channel));
    octet_writer_u8(&command->writer, ins);
    octet_writer_u8(&command->writer, p1);
    octet_writer_u8(&command->writer, p2);
    octet_writer_u8(&command->writer, 0); /* Lc, later */
}

static inline void command_put(struct api_command *command, unsigned tag, struct octets value)
{
    ber_tlv_write(&command->writer, tag, value);
}

static inline void command_put_octet(struct api_command *command, unsigned tag, unsigned value)
{
    const uint8_t octet = (uint8_t)value;
    command_put(command, tag, octets_of(&octet, 1));
}

static inline struct api_response command_run(struct test_card *card, struct api_command *command)
{
    assert_ok(octet_writer_end(&command->writer));
    const size_t data = command->writer.length - 5;
    command->octets[4] = (uint8_t)data;
    const size_t length = data == 0 ? 4 : command->writer.length;
    if (data > 0) {
        octet_writer_u8(&command->writer, 0);
        assert_ok(octet_writer_end(&command->writer));
        return run_api(card, command->octets, length + 1);
    }
    return run_api(card, command->octets, length);
}

/* The value of an object of a response; without data when there is none. */
static inline struct octets object_in(const struct api_response *response, unsigned tag)
{
    struct octets value = {0};
    return ber_tlv_find(octets_of(response->octets, response->data.length), tag, &value) == GBAU_OK
               ? value
               : (struct octets){0};
}

static inline uint8_t handle_in(const struct api_response *response)
{
    const struct octets handle = object_in(response, API_TAG_HANDLE);
    assert_int_equal(response->sw, 0x9000);
    assert_int_equal(handle.length, 1);
    return handle.data == NULL ? 0xff : handle.data[0];
}

static inline struct api_response open_response(struct test_card *card, uint8_t channel, struct octets naf_id,
                                                unsigned usage, unsigned direction, unsigned algorithm,
                                                const char *label)
{
    struct api_command command;
    command_begin(&command, channel, API_INS_OPEN_KEY, 0, API_OPEN_DERIVED);
    command_put(&command, API_TAG_NAF_ID, naf_id);
    command_put_octet(&command, API_TAG_USAGE, usage);
    command_put_octet(&command, API_TAG_DIRECTION, direction);
    command_put_octet(&command, API_TAG_ALGORITHM, algorithm);
    command_put(&command, API_TAG_LABEL, octets_of_text(label));
    return command_run(card, &command);
}

static inline struct octets test_naf_id(void)
{
    static uint8_t naf_id[20];
    from_hex(TEST_NAF, naf_id, sizeof naf_id);
    return octets_of(naf_id, sizeof naf_id);
}

/* A key of the usual NAF, on the basic channel. */
static inline uint8_t open_for(struct test_card *card, unsigned usage, unsigned direction, unsigned algorithm,
                               const char *label)
{
    const struct api_response response = open_response(card, 0, test_naf_id(), usage, direction, algorithm, label);
    return handle_in(&response);
}

static inline struct api_response persist(struct test_card *card, uint8_t handle, uint32_t operations)
{
    struct api_command command;
    command_begin(&command, 0, API_INS_KEEP_KEY, handle, API_PERSIST);
    if (operations != UINT32_MAX) {
        ber_tlv_write_head(&command.writer, API_TAG_OPERATIONS, 4);
        octet_writer_u32(&command.writer, operations);
    }
    return command_run(card, &command);
}

static inline struct api_response open_persisted(struct test_card *card, const char *label)
{
    struct api_command command;
    command_begin(&command, 0, API_INS_OPEN_KEY, 0, API_OPEN_PERSISTED);
    command_put(&command, API_TAG_NAF_ID, test_naf_id());
    command_put(&command, API_TAG_LABEL, octets_of_text(label));
    return command_run(card, &command);
}

static inline unsigned close_handle(struct test_card *card, uint8_t handle)
{
    struct api_command command;
    command_begin(&command, 0, API_INS_CLOSE_KEY, handle, 0);
    return command_run(card, &command).sw;
}

/* MAC over "m" in one block; the status word, and the MAC when `mac` is not NULL. */
static inline unsigned mac_of_m(struct test_card *card, uint8_t handle, uint8_t mac[MAC_MAX_SIZE])
{
    struct api_command command;
    command_begin(&command, 0, API_INS_PROCESS, handle, API_FIRST_BLOCK | API_LAST_BLOCK | API_MAC);
    command_put(&command, API_TAG_TEXT, octets_of_text("m"));
    const struct api_response response = command_run(card, &command);
    const struct octets made = object_in(&response, API_TAG_AUTHENTICATOR);
    if (response.sw == 0x9000 && mac != NULL) {
        memcpy(mac, made.data, made.length);
    }
    return response.sw;
}

/* A ruling of the NAF with its MAC under `root`, applied. */
static inline unsigned apply_object(struct test_card *card, const struct ks_int_naf *root, struct octets object,
                                    uint8_t flipped)
{
    struct api_command command;
    uint8_t mac[KEY_POLICY_MAC_SIZE];
    assert_ok(key_policy_mac(&card->crypto, root, object, mac));
    mac[31] ^= flipped;
    command_begin(&command, 0, API_INS_APPLY, 0, 0);
    command_put(&command, API_TAG_NAF_ID, test_naf_id());
    octet_writer_put_octets(&command.writer, object);
    command_put(&command, API_TAG_AUTHENTICATOR, octets_of(mac, sizeof mac));
    return command_run(card, &command).sw;
}

static inline unsigned apply_policy(struct test_card *card, const struct ks_int_naf *root,
                                    const struct key_policy *policy)
{
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    key_policy_write(&writer, policy);
    assert_ok(octet_writer_end(&writer));
    return apply_object(card, root, octets_written(&writer), 0);
}

static inline unsigned apply_revocation(struct test_card *card, const struct ks_int_naf *root, uint32_t version,
                                        uint8_t scope, const char *label)
{
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    const struct key_revocation revocation = {.version = version, .scope = scope, .label = octets_of_text(label)};
    key_revocation_write(&writer, &revocation);
    assert_ok(octet_writer_end(&writer));
    return apply_object(card, root, octets_written(&writer), 0);
}

/* The default, with a version. */
static inline struct key_policy policy_of(uint32_t version)
{
    struct key_policy policy = key_policy_default;
    policy.version = version;
    return policy;
}

/* Derives for ten NAFs, so that every older NAF key is overwritten. The USIM is selected on channel 1 for that. */
static inline void overwrite_naf_keys(struct test_card *card)
{
    for (unsigned naf = 0; naf < 10; naf++) {
        char data[200];
        (void)snprintf(data, sizeof data, "de076e%02x010000000231" TEST_IMPI, naf);
        assert_string_equal(sw_of(apdu_with(card, "01880084", data)), "9000");
    }
}

static inline void open_usim_channel(struct test_card *card)
{
    assert_apdu(card, "0070000001", "019000");
    assert_apdu(card, "01a4040c10" USIM_AID, "9000");
}

#endif
