/* test_api_applet.c: the GBA_U API on the card: who gets a key, in which order is checked, that keys and nonces are apart. */
#include "api_testing.h"

#define SELECT_USIM             "00a4040c10" USIM_AID
#define OTHER_NAF               "6f746865720100000002"
#define OPEN_OTHER              "800a" OTHER_NAF "820101830101840161"
#define ENCRYPT_NOTHING(handle) "8052" handle "c102870000"

/* Access */

/* No line in EF_AC_GBAUAPI for this AID and NAF_ID: no key, derived or not. */
static void test_default_deny(void **state)
{
    (void)state;
    struct test_card card;
    (void)begin_api(&card);
    assert_string_equal(apdu_with(&card, "80500000", OPEN_OTHER), "6982");
    assert_sw(&card, SELECT_USIM, "9000");
    assert_string_equal(sw_of(apdu_with(&card, "00880084", "de0a" OTHER_NAF "31" TEST_IMPI)), "9000");
    assert_sw(&card, SELECT_API, "9000");
    assert_string_equal(apdu_with(&card, "80500000", OPEN_OTHER), "6982");
    test_card_end(&card);

    struct card_profile profile = test_profile(); /* a line, but no key */
    test_card_make(&card, &profile);
    enter_usim(&card);
    assert_sw(&card, SELECT_API, "9000");
    assert_apdu(&card, OPEN_KEY("01", "01"), "6a88");
    test_card_end(&card);

    profile.api_line_count = 0;
    test_card_make(&card, &profile);
    enter_usim(&card);
    (void)bootstrap(&card, 0x82, 1);
    assert_sw(&card, TEST_DERIVE, "9000");
    assert_sw(&card, SELECT_API, "9000");
    assert_apdu(&card, OPEN_KEY("01", "01"), "6982");
    test_card_end(&card);
}

/* Lines that nearly name this caller and this NAF. ADM writes them; the ME cannot. */
static void test_access_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *sw;
    } cases[] = {
        {"801f09" API_AID "14" TEST_NAF, "9000"},
        {"801e09" API_AID "146e61662e6578616d706c652e636f6d01000000", "6982"},
        {"801f09" API_AID "146e61662e6578616d706c652e636f6d0100000003", "6982"},
        {"801f09f0676261750141504814" TEST_NAF, "6982"},
        {"801e08f06762617501415014" TEST_NAF, "6982"},
        {"802009" API_AID "14" TEST_NAF "00", "6982"},
        {"811f09" API_AID "14" TEST_NAF, "6982"},
        {"800a09" API_AID, "6982"},
        {"808209" API_AID "14" TEST_NAF, "6982"},
        {"80ff09" API_AID "14" TEST_NAF, "6982"},
        {"8000", "6982"},
        {"8131" TEST_IMPI "801f09" API_AID "14" TEST_NAF, "9000"},
    };
    struct test_card card;
    (void)begin_api(&card);
    assert_sw(&card, "0020000a08" TEST_ADM, "9000");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char update[300];
        memset(update, 'f', sizeof update);
        update[10 + 240] = '\0';
        memcpy(update, "00dc010478", 10);
        memcpy(update + 10, cases[i].line, strlen(cases[i].line));
        assert_sw(&card, SELECT_USIM, "9000");
        assert_sw(&card, "00a4080c047fff6f0a", "9000");
        assert_sw(&card, update, "9000");
        assert_sw(&card, SELECT_API, "9000");
        if (strcmp(sw_of(apdu(&card, OPEN_KEY("01", "01"))), cases[i].sw) != 0) {
            fail_msg("the line %s does not give %s", cases[i].line, cases[i].sw);
        }
    }
    test_card_restart(&card); /* without ADM */
    enter_usim(&card);
    assert_sw(&card, "00a4080c047fff6f0a", "9000");
    assert_sw(&card, "00b2010478", "9000");
    char update[300];
    memset(update, '0', sizeof update);
    update[10 + 240] = '\0';
    memcpy(update, "00dc010478", 10);
    assert_sw(&card, update, "6982");
    test_card_end(&card);
}

static void test_pin(void **state)
{
    (void)state;
    struct test_card card;
    (void)begin_api(&card);
    test_card_restart(&card);
    assert_sw(&card, SELECT_API, "9000");
    assert_apdu(&card, OPEN_KEY("01", "01"), "6982");
    assert_apdu(&card, "0020000108" TEST_PIN, "9000");
    assert_sw(&card, OPEN_KEY("01", "01"), "9000");
    assert_apdu(&card, "002000010831313131ffffffff", "63c2");
    assert_apdu(&card, OPEN_KEY("01", "01"), "6982");
    test_card_end(&card);
}

/* Coding */

struct refusal {
    const char *header;
    const char *data;
    const char *sw;
};

static void assert_refusals(struct test_card *card, const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *sw = apdu_with(card, refusals[i].header, refusals[i].data);
        if (strcmp(sw, refusals[i].sw) != 0) {
            fail_msg("%s %s gives %s", refusals[i].header, refusals[i].data, sw);
        }
    }
}

static void test_refused_open(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"80500100", "8014" TEST_NAF "820101830101840161", "6a86"},
        {"80500002", "8014" TEST_NAF "820101830101840161", "6a86"},
        {"00500000", "8014" TEST_NAF "820101830101840161", "6e00"},
        {"80600000", "8014" TEST_NAF "820101830101840161", "6d00"},
        {"80500000", "8014" TEST_NAF "820100830101840161", "6a81"},
        {"80500000", "8014" TEST_NAF "820104830101840161", "6a81"},
        {"80500000", "8014" TEST_NAF "820101830100840161", "6a81"},
        {"80500000", "8014" TEST_NAF "820101830107840161", "6a81"},
        {"80500000", "8014" TEST_NAF "840161", "6a80"},               /* neither direction nor algorithm */
        {"80500000", "8014" TEST_NAF "82020101830101840161", "6a80"}, /* a direction of two octets */
        {"80500000", "8014" TEST_NAF "820101830101", "6a80"},         /* no label */
        {"80500000", "8014" TEST_NAF "8201018301018400", "6a80"},     /* an empty one */
        {"80500000", "8014" TEST_NAF "8201018301018445" TEST_IMPI TEST_NAF, "6a80"},
        {"80500000", "8014" TEST_NAF "8201018301018401618545" TEST_IMPI TEST_NAF, "6a80"},
        {"80500000", "8014" TEST_NAF "82010183010184016185", "6a80"},     /* a context without length */
        {"80500000", "8014" TEST_NAF "820101830101840161850261", "6a80"}, /* and cut short */
        {"80500000", "8014" TEST_NAF "820101830101840161ff", "6a80"},     /* padding */
        {"80500000", "8014" TEST_NAF "82010183010184016100", "6a80"},
        {"80500000", "8014" TEST_NAF "8014" TEST_NAF "820101830101840161", "6a80"}, /* twice */
        {"80500000", "8014" TEST_NAF "820101820101830101840161", "6a80"},
        {"80500000", "8014" TEST_NAF "820101830101840161890101890101", "6a80"},
        {"80500000", "8014" TEST_NAF "820101830101840161" "8600", "6a80"}, /* of another command */
        {"80500000", "8014" TEST_NAF "820101830101840161" "8c0400000000", "6a80"},
        {"80500000", "8014" TEST_NAF "820101830101840161" "900100", "6a80"},
        {"80500000", "8014" TEST_NAF "820101830101840161" "5f500100", "6a80"},
        {"80500000", "8014" TEST_NAF "820101830101840161" "8900", "6a80"},
        {"80500000", "8005" "0100000002" "820101830101840161", "6a80"}, /* a NAF_ID without a name */
        {"80500000", "820101830101840161", "6a80"},
        {"80500000", "890101830101", "6a80"}, /* only a hash needs so little */
    };
    struct test_card card;
    (void)begin_api(&card);
    assert_refusals(&card, refusals, sizeof refusals / sizeof refusals[0]);
    assert_apdu(&card, "80500000", "6a80");                     /* no data */
    assert_int_equal(open_key(&card, OPEN_KEY("01", "01")), 0); /* none of them has left a session */
    assert_sw(&card, SELECT_USIM, "9000");
    assert_apdu(&card, OPEN_KEY("01", "01"), "6d00"); /* the applet's commands are the applet's only */
    assert_apdu(&card, ENCRYPT_NOTHING("00"), "6d00");
    assert_apdu(&card, "805e0000", "6d00");
    test_card_end(&card);
}

/* Keys */

static void test_open_encrypt_close(void **state)
{
    (void)state;
    static const struct {
        const char *open;
        enum key_direction direction;
        enum key_algorithm algorithm;
    } cases[] = {
        {OPEN_KEY("01", "01"), KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_128_GCM},
        {OPEN_KEY("01", "02"), KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_256_GCM},
    };
    enum { CASES = sizeof cases / sizeof cases[0] };
    struct test_card card;
    const struct challenge challenge = begin_api(&card);
    const struct ks_int_naf root = int_key_by(&card, &challenge, TEST_NAF);
    for (unsigned sealing = 0; sealing < CASES; sealing++) {
        uint8_t sealed[64];
        assert_int_equal(open_key(&card, cases[sealing].open), sealing);
        struct octets message = seal_hello(&card, sealing, sealed);
        for (size_t opening = 0; opening < CASES; opening++) {
            const struct application_key key =
                key_of_naf(&card, &root, cases[opening].direction, cases[opening].algorithm);
            assert_true(naf_opens(&card, &key, message) == (opening == sealing));
        }
    }
    assert_apdu(&card, "805e0100", "9000");
    assert_apdu(&card, "805e0100", "6a88");
    assert_apdu(&card, ENCRYPT_NOTHING("01"), "6a88");
    assert_int_equal(open_key(&card, OPEN_KEY("02", "01")), 1); /* the free handle */
    assert_apdu(&card, ENCRYPT_NOTHING("01"), "6985");          /* the NAF's direction: the card does not seal */
    for (unsigned handle = CASES; handle < API_SESSIONS; handle++) {
        assert_int_equal(open_key(&card, OPEN_KEY("01", "01")), handle);
    }
    assert_apdu(&card, OPEN_KEY("01", "01"), "6a84");
    assert_apdu(&card, "805e0000", "9000");
    assert_int_equal(open_key(&card, OPEN_KEY("01", "01")), 0);
    test_card_end(&card);
}

/* Label and context go into the key. */
static void test_description(void **state)
{
    (void)state;
    struct test_card card;
    uint8_t sealed[64];
    const struct challenge challenge = begin_api(&card);
    const struct ks_int_naf root = int_key_by(&card, &challenge, TEST_NAF);
    struct application_key_description description = {
        .usage = KEY_USAGE_ENCRYPT,
        .direction = KEY_DIRECTION_CARD_TO_NAF,
        .algorithm = KEY_ALGORITHM_AES_128_GCM,
        .label = octets_of_text("door"),
        .caller = uicc_api_aid,
        .context = octets_of_text("ctx"),
    };
    struct application_key key;
    unsigned handle = open_key(&card, "80500000278014" TEST_NAF "8201018301018404646f6f72850363747800");
    struct octets message = seal_hello(&card, handle, sealed);
    assert_ok(application_key_derive(&card.crypto, &root, &description, &key));
    assert_true(naf_opens(&card, &key, message));
    description.context = octets_of_text("ct");
    assert_ok(application_key_derive(&card.crypto, &root, &description, &key));
    assert_false(naf_opens(&card, &key, message));
    description.context = octets_of_text("ctx");
    description.label = octets_of_text("Door");
    assert_ok(application_key_derive(&card.crypto, &root, &description, &key));
    assert_false(naf_opens(&card, &key, message));
    test_card_end(&card);
}

/* A handle is worth something on its own channel only, while the applet is selected there. */
static void test_handles_are_apart(void **state)
{
    (void)state;
    struct test_card card;
    (void)begin_api(&card);
    assert_apdu(&card, "0070000001", "019000");
    assert_apdu(&card, "0070000001", "029000");
    assert_apdu(&card, "01a4040c09" API_AID, "9000");
    assert_apdu(&card, "02a4040c09" API_AID, "9000");
    assert_int_equal(open_key(&card, OPEN_KEY("01", "01")), 0);
    assert_int_equal(open_key(&card, "815000001f8014" TEST_NAF "82010183010184016100"), 1);
    assert_sw(&card, ENCRYPT_NOTHING("00"), "9000");
    assert_sw(&card, ENCRYPT_NOTHING("01"), "6a88");
    assert_sw(&card, "815201c102870000", "9000");
    assert_sw(&card, "815200c102870000", "6a88");
    assert_sw(&card, "825200c102870000", "6a88");
    assert_sw(&card, "825e0000", "6a88"); /* nor can it be closed from elsewhere */
    assert_sw(&card, "815e0000", "6a88");
    assert_apdu(&card, "00708001", "9000");
    assert_apdu(&card, "0070000001", "019000"); /* the number again, but not the key */
    assert_apdu(&card, "01a4040c09" API_AID, "9000");
    assert_sw(&card, "815201c102870000", "6a88");
    assert_sw(&card, ENCRYPT_NOTHING("00"), "9000");
    assert_sw(&card, SELECT_API, "9000"); /* selecting anew ends the keys */
    assert_sw(&card, ENCRYPT_NOTHING("00"), "6a88");
    assert_int_equal(open_key(&card, OPEN_KEY("01", "01")), 0);
    uicc_reset(&card.uicc);
    enter_usim(&card);
    assert_sw(&card, SELECT_API, "9000");
    assert_sw(&card, ENCRYPT_NOTHING("00"), "6a88");
    assert_int_equal(open_key(&card, OPEN_KEY("01", "01")), 0);
    assert_apdu(&card, "00a4044c09" API_AID, "9000"); /* ending the applet's session too */
    assert_sw(&card, SELECT_API, "9000");
    assert_sw(&card, ENCRYPT_NOTHING("00"), "6a88");
    test_card_end(&card);
}

/* A channel can come to the applet without SELECT: opened from one that has it. It gets no key of the past with it. */
static void test_inherited_applet(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00700002", "9000"},
        {"02a4040c09" API_AID, "9000"},
        {"0270000001", "019000"},
    };
    struct test_card card;
    (void)begin_api(&card);
    assert_exchanges(&card, exchanges);
    assert_int_equal(open_key(&card, "815000001f8014" TEST_NAF "82010183010184016100"), 0);
    assert_apdu(&card, "00708001", "9000");
    assert_apdu(&card, "0270000001", "019000");
    assert_apdu(&card, "815200c102870000", "6a88");
    assert_int_equal(open_key(&card, "815000001f8014" TEST_NAF "82010183010184016100"), 0);
    uicc_reset(&card.uicc);
    assert_exchanges(&card, exchanges);
    assert_apdu(&card, "815200c102870000", "6a88");
    test_card_end(&card);
}

/* An open key outlives a new bootstrapping and the overwriting of the key that it came from. */
static void test_open_key_lasts(void **state)
{
    (void)state;
    struct test_card card;
    uint8_t sealed[64];
    const struct challenge challenge = begin_api(&card);
    const struct ks_int_naf root = int_key_by(&card, &challenge, TEST_NAF);
    const struct application_key key = key_of_naf(&card, &root, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_128_GCM);
    unsigned handle = open_key(&card, OPEN_KEY("01", "01"));
    assert_apdu(&card, "0070000001", "019000");
    assert_apdu(&card, "01a4040c10" USIM_AID, "9000");
    const struct challenge next = make_challenge(&card, 0x83, TEST_SQN(2, 0));
    char on_channel_1[sizeof next.bootstrap];
    memcpy(on_channel_1, next.bootstrap, sizeof on_channel_1);
    on_channel_1[1] = '1';
    assert_apdu(&card, on_channel_1, next.bootstrapped);
    assert_true(naf_opens(&card, &key, seal_hello(&card, handle, sealed)));
    for (unsigned naf = 0; naf < 10; naf++) {
        char data[200];
        (void)snprintf(data, sizeof data, "de076e%02x010000000231" TEST_IMPI, naf);
        assert_string_equal(sw_of(apdu_with(&card, "01880084", data)), "9000");
    }
    assert_true(naf_opens(&card, &key, seal_hello(&card, handle, sealed)));
    assert_apdu(&card, OPEN_KEY("01", "01"), "6a88"); /* but it cannot be opened again */
    test_card_end(&card);
}

/* Nonces */

/* No nonce comes twice, over handles, channels, resets and restarts, and past the block that one write reserves. */
static void test_nonces(void **state)
{
    enum { RUNS = 6, LONG_RUN = 5000, SHORT_RUN = 300, BLOCK = 4096 };
    (void)state;
    struct test_card card;
    uint64_t last = 0;
    (void)begin_api(&card);
    for (unsigned run = 0; run < RUNS; run++) {
        const unsigned length = run == 0 ? LONG_RUN : SHORT_RUN;
        const unsigned first = open_key(&card, OPEN_KEY("01", "01"));
        const unsigned second = open_key(&card, OPEN_KEY("01", "01"));
        for (unsigned i = 0; i < length; i++) {
            uint8_t sealed[64];
            uint64_t nonce = nonce_of(seal_hello(&card, i % 2 == 0 ? first : second, sealed));
            assert_true(nonce > last);
            last = nonce;
        }
        if (run % 2 == 0) {
            test_card_restart(&card);
        } else {
            uicc_reset(&card.uicc);
        }
        enter_usim(&card);
        assert_sw(&card, SELECT_API, "9000");
    }
    assert_true(last < LONG_RUN + (RUNS - 1) * SHORT_RUN + RUNS / 2 * BLOCK); /* nor are they wasted */
    test_card_end(&card);
}

/* A card restored from a backup counts on from there; still it repeats no nonce. */
static void test_restored_card(void **state)
{
    (void)state;
    struct test_card card;
    uint8_t nonces[3][64];
    (void)begin_api(&card);
    uint8_t *backup = malloc(card.storage.size);
    assert_non_null(backup);
    memcpy(backup, card.memory, card.storage.size);
    for (size_t i = 0; i < 3; i++) {
        memcpy(card.memory, backup, card.storage.size);
        test_card_restart(&card);
        enter_usim(&card);
        assert_sw(&card, SELECT_API, "9000");
        (void)seal_hello(&card, open_key(&card, OPEN_KEY("01", "01")), nonces[i]);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(nonces[i], nonces[k], AES_GCM_NONCE_SIZE);
        }
    }
    free(backup);
    test_card_end(&card);
}

/* 10^5 nonces over random power cuts and memories restored from backups: every one is new. */

enum { MANY = 100000 };

static int compare_nonces(const void *a, const void *b)
{
    return memcmp(a, b, AEAD_NONCE_SIZE);
}

static uint32_t next_random(uint32_t *state, uint32_t below)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % below;
}

static unsigned open_again(struct test_card *card)
{
    test_card_restart(card);
    enter_usim(card);
    assert_sw(card, SELECT_API, "9000");
    return open_key(card, OPEN_KEY("01", "01"));
}

static void take_nonce(struct test_card *card, unsigned handle, uint8_t nonce[AEAD_NONCE_SIZE])
{
    uint8_t response[UICC_RESPONSE_MAX];
    const uint8_t command[] = {0x80, API_INS_PROCESS, (uint8_t)handle, 0xc1, 2, API_TAG_TEXT, 0, 0};
    const size_t length = uicc_process(&card->uicc, octets_of(command, sizeof command), response);
    assert_int_equal(length, 2 + 12 + 2 + 2 + 16 + 2);
    memcpy(nonce, response + 2, AEAD_NONCE_SIZE);
}

static void test_many_nonces(void **state)
{
    (void)state;
    struct test_card card;
    uint32_t random = 88172645;
    uint8_t(*nonces)[AEAD_NONCE_SIZE] = malloc(sizeof(uint8_t[MANY][AEAD_NONCE_SIZE]));
    (void)begin_api(&card);
    uint8_t *backup = malloc(card.storage.size);
    assert_true(nonces != NULL && backup != NULL);
    memcpy(backup, card.memory, card.storage.size);
    unsigned handle = open_key(&card, OPEN_KEY("01", "01"));
    for (size_t i = 0; i < MANY; i++) {
        take_nonce(&card, handle, nonces[i]);
        if (next_random(&random, 4000) == 0) {
            memcpy(backup, card.memory, card.storage.size);
        }
        const bool restores = next_random(&random, 2000) == 0;
        if (restores) {
            memcpy(card.memory, backup, card.storage.size);
        }
        if (restores || next_random(&random, 400) == 0) {
            handle = open_again(&card);
        }
    }
    qsort(nonces, MANY, sizeof nonces[0], compare_nonces);
    for (size_t i = 1; i < MANY; i++) {
        assert_memory_not_equal(nonces[i - 1], nonces[i], AEAD_NONCE_SIZE);
    }
    free(backup);
    free(nonces);
    test_card_end(&card);
}

/* Commands without a key */

static void test_capabilities(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {SELECT_API, "9000"}, /* neither PIN nor key */
        {"80400000", "9102010092140102030405061112131415162122232425313241930105940108950200c89000"},
        {"80400001", "6a86"},
        {"80400100", "6a86"},
        {"804000000387016100", "6a80"},
        {"804e0001", "6a86"},
        {"804e0100", "6a86"},
        {"804e00000387016100", "6a80"},
        {"804200000387016100", "6a80"},
        {"80420002", "6a86"},
        {"80420000", "6982"},
        {"80420001", "6982"},
        {"805e0001", "6a86"},
        {"805e000003870161", "6a80"},
        {"805e0000", "6a88"},
        {"00400000", "6e00"},
        {"80410000", "6d00"},
    };
    struct test_card card;
    test_card_begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

/* The counter grows over everything, and nonces and it never meet. */
static void test_counter(void **state)
{
    (void)state;
    struct test_card card;
    uint64_t last = 0;
    (void)begin_api(&card);
    for (unsigned i = 0; i < 600; i++) {
        unsigned long long counter = 0;
        uint8_t sealed[64];
        const char *response = apdu(&card, "804e0000");
        assert_int_equal(sscanf(response, "8708%16llx9000", &counter), 1);
        assert_true(counter > last);
        last = counter;
        const unsigned handle = open_key(&card, OPEN_KEY("01", "01"));
        const uint64_t nonce = nonce_of(seal_hello(&card, handle, sealed));
        assert_true(nonce > last);
        last = nonce;
        assert_int_equal(close_handle(&card, (uint8_t)handle), 0x9000);
        if (i % 200 == 199) {
            test_card_restart(&card);
            enter_usim(&card);
            assert_sw(&card, SELECT_API, "9000");
        }
    }
    test_card_end(&card);
}

/*
 * Clause 13: class, P1 P2, coding, PIN, line, existence, what is possible, policy, free handle. A command with all faults
 * from some place on is refused for the first of them.
 */
static void test_order_of_checks(void **state)
{
    (void)state;
    static const char good[] = "8014" TEST_NAF "820101830102840161";
    static const char no_line[] = "800a" OTHER_NAF "820101830102840161";
    static const char impossible[] = "8014" TEST_NAF "820101830199840161";
    static const char forbidden[] = "8014" TEST_NAF "820100830141840161890106";
    struct test_card card;
    test_card_begin(&card);
    assert_sw(&card, SELECT_API, "9000");
    assert_string_equal(apdu_with(&card, "00500100", "80"), "6e00");
    assert_string_equal(apdu_with(&card, "80500100", "80"), "6a86");
    assert_string_equal(apdu_with(&card, "80500000", "80"), "6a80");
    assert_string_equal(apdu_with(&card, "80500000", no_line), "6982"); /* the PIN */
    enter_usim(&card);
    assert_sw(&card, SELECT_API, "9000");
    assert_string_equal(apdu_with(&card, "80500000", no_line), "6982"); /* the line */
    assert_string_equal(apdu_with(&card, "80500000", impossible), "6a88");
    assert_sw(&card, SELECT_USIM, "9000");
    (void)bootstrap(&card, 0x77, 1);
    assert_sw(&card, TEST_DERIVE, "9000");
    assert_sw(&card, SELECT_API, "9000");
    for (unsigned i = 0; i < API_SESSIONS; i++) {
        assert_string_equal(sw_of(apdu_with(&card, "80500000", good)), "9000");
    }
    assert_string_equal(apdu_with(&card, "80500000", impossible), "6a81");
    assert_string_equal(apdu_with(&card, "80500000", forbidden), "6982");
    assert_string_equal(apdu_with(&card, "80500000", good), "6a84");
    test_card_end(&card);
}

/* A B-TID that is longer than a card keeps with a handle is not known. */
static void test_long_b_tid(void **state)
{
    (void)state;
    struct test_card card;
    (void)begin_api(&card);
    for (unsigned length = 126; length <= 130; length += 1) {
        char update[600];
        char expected[600];
        assert_sw(&card, SELECT_USIM, "9000");
        assert_sw(&card, TEST_SELECT_GBABP, "9000");
        (void)snprintf(update, sizeof update, "00d60011%02x%02x", length + 2, length);
        memset(update + 12, '6', 2 * (size_t)length + 2);
        (void)snprintf(update + 12 + 2 * length, 3, "00");
        assert_sw(&card, update, "9000");
        assert_sw(&card, TEST_DERIVE, "9000");
        assert_sw(&card, SELECT_API, "9000");
        const char *response = apdu(&card, OPEN_KEY("01", "02"));
        const unsigned known = length <= API_B_TID_MAX ? length : 0;
        (void)snprintf(expected, sizeof expected, "90010081%02x%.*s9000", known, (int)(2 * known), update + 12);
        assert_string_equal(response, expected);
    }
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_deny),
        cmocka_unit_test(test_access_lines),
        cmocka_unit_test(test_pin),
        cmocka_unit_test(test_refused_open),
        cmocka_unit_test(test_open_encrypt_close),
        cmocka_unit_test(test_description),
        cmocka_unit_test(test_handles_are_apart),
        cmocka_unit_test(test_inherited_applet),
        cmocka_unit_test(test_open_key_lasts),
        cmocka_unit_test(test_nonces),
        cmocka_unit_test(test_restored_card),
        cmocka_unit_test(test_many_nonces),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_counter),
        cmocka_unit_test(test_order_of_checks),
        cmocka_unit_test(test_long_b_tid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
