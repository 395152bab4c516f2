/*
 * fuzz_apdu.c: any sequence of commands against a card. No secret comes out, no try, SQN or nonce comes back, the keys
 * stay, no command changes a file that it is not about, and what is in the memory is there after the power was cut.
 *
 * Input: one octet for the card to begin with (bit 0: USIM entered, bootstrapped, one NAF key, the applet on channel
 * 1), then steps, each begun by an octet: 0 reset, 1 power cut, 2 a right challenge (RAND octet, SEQ, IND; bit 7: in
 * the 3G context), 3 a command with a length of two octets, F0 to FF those of apdu_grammar.h, else a command of so many
 * octets.
 */
#include <string.h>

#include "apdu_grammar.h"
#include "crypto/milenage.h"
#include "crypto/openssl.h"
#include "file_watch.h"
#include "fuzzing.h"
#include "key/api_aid.h"
#include "uicc/gba_state.h"
#include "uicc/profile.h"
#include "uicc/uicc.h"

enum { SECRET_SIZE = 16, MAX_SECRETS = 128, MAX_MEMORY = 64 * 1024 };
enum { MAX_STEPS = 32, MAX_POWER_CUTS = 2 };
enum { STEP_RESET, STEP_POWER_CUT, STEP_CHALLENGE, STEP_LONG_COMMAND };

#define NAF_ID "naf.example.com\x01\x00\x00\x00\x02"
#define IMPI   "001010123456789@ims.mnc001.mcc001.3gppnetwork.org"

static const uint8_t usim_aid[] = {0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02};

/* A card as it is before each run. */
struct pristine {
    struct uicc uicc;
    uint8_t memory[MAX_MEMORY];
};

static struct pristine pristines[2];
static struct uicc uicc;
static uint8_t memory[MAX_MEMORY];
static struct nvm_storage storage;
static struct crypto crypto;
static struct crypto_table table;
static struct milenage milenage;
static struct file_watch files;
static unsigned power_cuts;
static uint8_t secrets[MAX_SECRETS][SECRET_SIZE];
static size_t secret_count;
static uint8_t response[UICC_RESPONSE_MAX];

/* Surroundings: memory without failures, random numbers that are always the same */

static enum gbau_status write_memory(void *context, size_t offset, const void *data, size_t length)
{
    (void)context;
    memcpy(memory + offset, data, length);
    return GBAU_OK;
}

static enum gbau_status sync_memory(void *context, size_t offset, size_t length)
{
    (void)offset;
    (void)length;
    (void)context;
    return GBAU_OK;
}

static enum gbau_status not_random(void *state, uint8_t *out, size_t length)
{
    (void)state;
    for (size_t i = 0; i < length; i++) {
        out[i] = (uint8_t)(0x35 + 29 * i);
    }
    return GBAU_OK;
}

/* Secrets. libFuzzer must not learn them from comparisons (UNSEEN), or it would write them into files by itself. */

UNSEEN static bool is_equal(const uint8_t *a, const uint8_t *b)
{
    unsigned difference = 0;
    for (size_t i = 0; i < SECRET_SIZE; i++) {
        difference |= (unsigned)(a[i] ^ b[i]);
    }
    return difference == 0;
}

UNSEEN static bool holds_secret(const uint8_t *octets, size_t length, size_t first_secret, size_t end_secret)
{
    for (size_t start = 0; start + SECRET_SIZE <= length; start++) {
        for (size_t i = first_secret; i < end_secret; i++) {
            if (octets[start] == secrets[i][0] && is_equal(octets + start, secrets[i])) {
                return true;
            }
        }
    }
    return false;
}

static void add_secret(const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length && secret_count < MAX_SECRETS; i += SECRET_SIZE) {
        memcpy(secrets[secret_count++], octets + i, SECRET_SIZE);
    }
}

static struct card_application usim(void)
{
    return card_layout_application(&uicc.layout, 0);
}

/* K, OPc first; then CK, IK and all NAF keys that the card has now. */
static void collect_secrets(void)
{
    const struct card_application application = usim();
    const uint8_t *state = uicc.nvm.data + application.gba;
    secret_count = 0;
    add_secret(uicc.nvm.data + application.keys, AKA_K_SIZE + AKA_OPC_SIZE);
    if (state[GBA_STATE_BOOTSTRAPPED] != 0) {
        add_secret(state + GBA_STATE_KS, AKA_KS_SIZE);
    }
    for (size_t i = 0; i < application.naf_key_count; i++) {
        const uint8_t *entry = state + gba_entry_offset(application.naf_key_count, i);
        if (entry[GBA_ENTRY_USED] != 0) {
            add_secret(entry + GBA_ENTRY_KEY, NAF_KEY_SIZE);
        }
    }
}

/* What only ever grows, or stays */

enum { PIN_ENABLED, PIN_TRIES, PIN_UNBLOCK_TRIES, PIN_COUNTERS }; /* the first octets of a PIN's state */
enum { PINS = 3, INS_SUSPEND = 0x76, INS_GET_RESPONSE = 0xc0 };

struct watched {
    uint8_t keys[AKA_K_SIZE + AKA_OPC_SIZE];
    uint8_t sqn[SQN_ENTRIES * SQN_ENTRY_SIZE];
    uint8_t nonce_counter[8];
    uint8_t pins[PINS][PIN_COUNTERS];
    uint32_t verified_pins;
};

UNSEEN static struct watched watch(void)
{
    struct watched watched;
    memcpy(watched.keys, uicc.nvm.data + usim().keys, sizeof watched.keys);
    memcpy(watched.sqn, uicc.nvm.data + usim().sqn, sizeof watched.sqn);
    memcpy(watched.nonce_counter, uicc.nvm.data + uicc.layout.nonce_counter, sizeof watched.nonce_counter);
    for (size_t i = 0; i < PINS; i++) {
        memcpy(watched.pins[i], uicc.nvm.data + card_layout_pin(&uicc.layout, (uint8_t)i).state, PIN_COUNTERS);
    }
    watched.verified_pins = uicc.verified_pins;
    return watched;
}

static bool is_pin_command(uint8_t ins)
{
    return ins == 0x20 || ins == 0x24 || ins == 0x26 || ins == 0x28 || ins == 0x2c;
}

UNSEEN static void compare_watched(const struct watched *before, const struct watched *after, uint8_t ins, unsigned sw)
{
    const bool pin_succeeded = is_pin_command(ins) && sw == 0x9000;
    MUST(is_equal(before->keys, after->keys) && is_equal(before->keys + SECRET_SIZE, after->keys + SECRET_SIZE));
    MUST(memcmp(before->nonce_counter, after->nonce_counter, 8) <= 0);
    for (size_t i = 0; i < SQN_ENTRIES; i++) {
        int order = memcmp(before->sqn + i * SQN_ENTRY_SIZE, after->sqn + i * SQN_ENTRY_SIZE, SQN_ENTRY_SIZE);
        MUST(order == 0 || (order < 0 && ins == 0x88 && sw == 0x9000));
    }
    for (size_t i = 0; i < PINS; i++) {
        const uint8_t *old = before->pins[i];
        const uint8_t *new = after->pins[i];
        MUST(pin_succeeded || (new[PIN_TRIES] <= old[PIN_TRIES] && new[PIN_ENABLED] == old[PIN_ENABLED]));
        MUST((ins == 0x2c && pin_succeeded) || new[PIN_UNBLOCK_TRIES] <= old[PIN_UNBLOCK_TRIES]);
    }
    const bool resumed = ins == INS_SUSPEND && sw == 0x9000;
    MUST(pin_succeeded || resumed || (after->verified_pins & ~before->verified_pins) == 0);
}

/* Every status word that the card may answer; 6581 and 6F00 are not among them, for nothing fails here. */
static bool is_known_sw(unsigned sw)
{
    static const uint16_t known[] = {0x9000, 0x6282, 0x6283, 0x6285, 0x62f1, 0x63f1, 0x6700, 0x6881,
                                     0x6882, 0x6981, 0x6982, 0x6983, 0x6984, 0x6985, 0x6986, 0x6a80,
                                     0x6a81, 0x6a82, 0x6a83, 0x6a84, 0x6a86, 0x6a88, 0x6a89, 0x6b00,
                                     0x6d00, 0x6e00, 0x9850, 0x9862, 0x9864, 0x9865, 0x9866};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i] == sw) {
            return true;
        }
    }
    return (sw & 0xfff0) == 0x63c0;
}

/* Steps */

static const struct uicc_channel *channel_of(const uint8_t *command, size_t length)
{
    const uint8_t cla = length > 0 ? command[0] : 0;
    const unsigned number = (cla & 0x40) != 0 ? 4U + (cla & 0x0f) : cla & 0x03U;
    return &uicc.channels[number];
}

static void run_command(const uint8_t *command, size_t length)
{
    const struct watched before = watch();
    /* a copy of its own, so that reading beyond the command is seen */
    uint8_t *copy = malloc(length + 1);
    MUST(copy != NULL);
    memcpy(copy, command, length);
    const size_t size = uicc_process(&uicc, octets_of(copy, length), response);
    const uint8_t ins = length >= 2 ? command[1] : 0;
    const bool in_3g = length >= 4 && ins == 0x88 && command[3] == 0x81;
    free(copy);
    MUST(size >= 2 && size <= sizeof response);
    const unsigned sw = (unsigned)(response[size - 2] << 8 | response[size - 1]);
    MUST(is_known_sw(sw) || (ins == INS_GET_RESPONSE && sw == 0x6f00));
    MUST(size == 2 || sw == 0x9000 || sw >> 8 == 0x62);
    const struct watched after = watch();
    compare_watched(&before, &after, ins, sw);
    file_watch_compare(&files, &uicc, channel_of(command, length), ins);
    if (size >= SECRET_SIZE) {
        collect_secrets();
        const size_t end = in_3g ? (AKA_K_SIZE + AKA_OPC_SIZE) / SECRET_SIZE : secret_count;
        MUST(!holds_secret(response, size, 0, end) || holds_secret(command, length, 0, end));
    }
}

static void cut_power(void)
{
    if (power_cuts == MAX_POWER_CUTS) { /* they take more time than anything else */
        return;
    }
    power_cuts++;
    const struct watched before = watch();
    uicc_power_off(&uicc);
    MUST(uicc_power_on(&uicc, &storage, &crypto) == GBAU_OK);
    const struct watched after = watch();
    compare_watched(&before, &after, 0, 0);
    MUST(uicc.verified_pins == 0);
    MUST(memcmp(files.data, uicc.nvm.data, uicc.nvm.data_size) == 0);
}

/* SUSPEND, and RESUME with the right token or, with an odd argument, a wrong one. */
static void suspend_and_resume(uint8_t wrong)
{
    static const uint8_t suspend[] = {0x80, INS_SUSPEND, 0x00, 0x00, 0x04, 0x00, 0x01, 0x00, 0x05};
    uint8_t resume[13] = {0x80, INS_SUSPEND, 0x01, 0x00, 0x08};
    if (power_cuts == MAX_POWER_CUTS || uicc.suspended) {
        return;
    }
    const uint32_t verified_pins = uicc.verified_pins;
    run_command(suspend, sizeof suspend);
    memcpy(resume + 5, response + 2, 8);
    resume[12] ^= wrong & 1;
    MUST(uicc.suspended && uicc.verified_pins == 0);
    cut_power();
    run_command(resume, sizeof resume);
    MUST(uicc.verified_pins == ((wrong & 1) != 0 ? 0 : verified_pins));
}

/* AUTHENTICATE with a challenge of the home network, which no fuzzer would find by itself. */
static void run_challenge(uint8_t rand_octet, uint8_t seq, uint8_t options)
{
    static const struct aka_amf amf;
    const bool in_3g = (options & 0x80) != 0;
    const aka_sqn sqn = (aka_sqn)seq << AKA_SQN_IND_BITS | (options & (SQN_ENTRIES - 1));
    struct aka_rand rand;
    struct aka_mac mac;
    struct milenage_f2345 keys;
    uint8_t command[64];
    memset(rand.octets, rand_octet, sizeof rand.octets);
    MUST(milenage_vector(&crypto, &milenage, &rand, sqn, &amf, &mac, &keys) == GBAU_OK);
    MUST(in_3g || gba_u_mask_mac(&crypto, &keys.ik, mac.octets) == GBAU_OK);
    struct octet_writer writer = octet_writer_of(command, sizeof command);
    octet_writer_u32(&writer, in_3g ? 0x00880081 : 0x00880084);
    octet_writer_u8(&writer, in_3g ? 34 : 35);
    octet_writer_fill(&writer, 0xdd, in_3g ? 0 : 1);
    octet_writer_u8(&writer, AKA_RAND_SIZE);
    octet_writer_put(&writer, rand.octets, AKA_RAND_SIZE);
    octet_writer_u8(&writer, AKA_AUTN_SIZE);
    uint8_t *concealed = octet_writer_reserve(&writer, AKA_AK_SIZE);
    struct octet_writer sqn_writer = octet_writer_of(concealed, AKA_AK_SIZE);
    octet_writer_u48(&sqn_writer, sqn);
    for (size_t i = 0; i < AKA_AK_SIZE; i++) {
        concealed[i] ^= keys.ak.octets[i];
    }
    octet_writer_put(&writer, amf.octets, AKA_AMF_SIZE);
    octet_writer_put(&writer, mac.octets, AKA_MAC_SIZE);
    run_command(command, writer.length);
}

static void run_raw(struct octet_reader *reader, size_t length)
{
    const size_t left = octet_reader_left(reader);
    const struct octets command = octet_reader_take(reader, length < left ? length : left);
    if (!reader->failed) {
        run_command(command.data, command.length);
    }
}

static void run_step(struct octet_reader *reader)
{
    size_t length = octet_reader_u8(reader);
    switch (length) {
    case STEP_RESET:
        uicc_reset(&uicc);
        MUST(uicc.verified_pins == 0 && !uicc.api.sessions[0].open);
        return;
    case STEP_POWER_CUT:
        cut_power();
        return;
    case STEP_CHALLENGE: {
        uint8_t rand_octet = octet_reader_u8(reader);
        uint8_t seq = octet_reader_u8(reader);
        run_challenge(rand_octet, seq, octet_reader_u8(reader));
        return;
    }
    case STEP_LONG_COMMAND:
        run_raw(reader, octet_reader_u16(reader) % (UICC_COMMAND_MAX + 3));
        return;
    case GRAMMAR_SUSPEND:
        suspend_and_resume(octet_reader_u8(reader));
        return;
    default:
        break;
    }
    if (length >= GRAMMAR_FIRST) {
        uint8_t octets[UICC_COMMAND_MAX];
        const struct octets made = grammar_command((uint8_t)length, reader, octets);
        run_command(made.data, made.length);
        return;
    }
    run_raw(reader, length);
}

/* The cards to begin with */

static void must_succeed(const void *command, size_t length)
{
    run_command(command, length);
    MUST(response[0] == 0x90 || response[0] == 0xdb);
}

static void select_and_verify(void)
{
    static const uint8_t verify[] = "\x00\x20\x00\x01\x08"
                                    "1234\xff\xff\xff\xff";
    uint8_t select[5 + sizeof usim_aid] = {0x00, 0xa4, 0x04, 0x0c, sizeof usim_aid};
    memcpy(select + 5, usim_aid, sizeof usim_aid);
    must_succeed(select, sizeof select);
    must_succeed(verify, sizeof verify - 1);
}

static void derive_and_open(void)
{
    static const uint8_t derive[] = "\x00\x88\x00\x84\x48\xde\x14" NAF_ID "\x31" IMPI;
    static const uint8_t open[] = "\x81\x50\x00\x00\x1f\x80\x14" NAF_ID "\x82\x01\x01\x83\x01\x01\x84\x01"
                                  "a";
    uint8_t select[5 + GBA_U_API_AID_SIZE] = {0x01, 0xa4, 0x04, 0x0c, GBA_U_API_AID_SIZE};
    memcpy(select + 5, uicc_api_aid.data, uicc_api_aid.length);
    run_challenge(0x01, 1, 0);
    must_succeed(derive, sizeof derive - 1);
    run_command((const uint8_t *)"\x00\x70\x00\x00\x01", 5);
    must_succeed(select, sizeof select);
    run_command(open, sizeof open - 1);
    MUST(uicc.api.sessions[0].open);
}

static void keep(struct pristine *pristine)
{
    memcpy(&pristine->uicc, &uicc, sizeof uicc);
    memcpy(pristine->memory, memory, storage.size);
}

static void make_cards(void)
{
    static struct profile_workspace workspace;
    static const struct aka_k k = {
        {0x46, 0x5b, 0x5c, 0xe8, 0xb1, 0x99, 0xb4, 0x9f, 0xaa, 0x5f, 0x0a, 0x2e, 0xe2, 0x38, 0xa6, 0xbc}};
    static const struct aka_opc opc = {
        {0xcd, 0x63, 0xcb, 0x71, 0x95, 0x4a, 0x9f, 0x4e, 0x48, 0xa5, 0x99, 0x4e, 0x37, 0xa0, 0x2b, 0xaf}};
    struct card_profile profile = {
        .imsi = "001010123456789",
        .mnc_digits = 2,
        .functions = aka_functions_of_milenage(&k, &opc),
        .sqn_delta = PROFILE_SQN_DELTA_DEFAULT,
        .gba_rules = GBA_U_RULES_DEFAULT,
        .pin = "1234",
        .pin_enabled = true,
        .puk = "87654321",
        .adm = "ABCDEFGH",
        .api_line_count = 1,
        .api_lines = {{.naf_id = octets_of(NAF_ID, sizeof NAF_ID - 1)}},
    };
    MUST(crypto_openssl_open(&crypto) == GBAU_OK);
    table = *crypto.table;
    table.random = not_random;
    crypto.table = &table;
    storage = (struct nvm_storage){.memory = memory,
                                   .size = card_profile_memory_size(),
                                   .write = write_memory,
                                   .sync = sync_memory,
                                   .context = memory};
    MUST(storage.size <= sizeof memory);
    milenage = profile.functions.keys.milenage;
    MUST(card_profile_make(&profile, &crypto, &workspace, &storage) == GBAU_OK);
    MUST(uicc_power_on(&uicc, &storage, &crypto) == GBAU_OK);
    file_watch_begin(&files, &uicc);
    keep(&pristines[0]);
    select_and_verify();
    derive_and_open();
    keep(&pristines[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (storage.size == 0) {
        make_cards();
    }
    struct octet_reader reader = octet_reader_of(octets_of(data, size));
    const struct pristine *pristine = &pristines[octet_reader_u8(&reader) & 1];
    memcpy(&uicc, &pristine->uicc, sizeof uicc);
    memcpy(memory, pristine->memory, storage.size);
    file_watch_begin(&files, &uicc);
    power_cuts = 0;
    for (unsigned step = 0; step < MAX_STEPS && octet_reader_left(&reader) > 0; step++) {
        run_step(&reader);
    }
    return 0;
}
