/*
 * fuzz_api.c: any sequence of the GBA_U API's commands, well formed ones above all: the input chooses commands and
 * fills their objects. No key comes out but by export, no nonce comes twice, no limit is exceeded, no version goes
 * back, keys do only what they are for, and what is persisted is there after the power was cut.
 *
 * Input: steps, each begun by an octet; the low five bits choose the command, bit 7 that the channel is 1 and not 0.
 */
#include "api_fuzzing.h"

#include "crypto/milenage.h"
#include "crypto/openssl.h"
#include "key/api_aid.h"
#include "key/api_coding.h"
#include "key/key_policy.h"
#include "uicc/api_persist.h"
#include "uicc/gba_state.h"
#include "uicc/profile.h"
#include "uicc/uicc.h"

enum { SECRET_SIZE = 16, MAX_STEPS = 96, MAX_POWER_CUTS = 3 };

#define NAF_ID "naf.example.com\x01\x00\x00\x00\x02"
#define IMPI   "001010123456789@ims.mnc001.mcc001.3gppnetwork.org"

static const struct octets naf_id = {(const uint8_t *)NAF_ID, sizeof NAF_ID - 1};

struct pristine {
    struct uicc uicc;
    uint8_t memory[MAX_MEMORY];
};

/* What the NAF knows, and what must hold therefore. */
struct model {
    uint32_t newest;     /* version of the last ruling that was taken */
    bool is_limited;     /* the policy in force has a limit, */
    uint32_t operations; /* and so many are left at most */
    uint64_t last_nonce; /* the greatest counter so far */
    unsigned power_cuts;
    uint8_t next_rand; /* of the next bootstrapping */
};

static struct pristine pristine;
static struct crypto crypto;
static struct crypto_table table;
static struct milenage milenage;
static struct model model;

/* Secrets; libFuzzer must not learn them from comparisons */

#define UNSEEN __attribute__((no_sanitize("coverage", "address", "undefined"), noinline))

UNSEEN static bool is_equal(const uint8_t *a, const uint8_t *b)
{
    unsigned difference = 0;
    for (size_t i = 0; i < SECRET_SIZE; i++) {
        difference |= (unsigned)(a[i] ^ b[i]);
    }
    return difference == 0;
}

UNSEEN static bool shows(const uint8_t *secret, size_t length)
{
    for (size_t i = 0; i + SECRET_SIZE <= length; i += SECRET_SIZE) {
        for (size_t start = 0; start + SECRET_SIZE <= response_length; start++) {
            if (response[start] == secret[i] && is_equal(response + start, secret + i)) {
                return true;
            }
        }
    }
    return false;
}

static struct card_application usim(void)
{
    return card_layout_application(&uicc.layout, 0);
}

static const uint8_t *entry_of_naf(void)
{
    return uicc.nvm.data + usim().gba + gba_entry_offset(usim().naf_key_count, 0);
}

static bool is_zero(const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (octets[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Keys of handles, persisted keys, the NAF key; an export shows the key of its own handle, and of its twins. */
static void must_show_no_key(bool is_export)
{
    MUST(!shows(entry_of_naf() + GBA_ENTRY_KEY, NAF_KEY_SIZE));
    for (size_t i = 0; i < API_SESSIONS; i++) {
        const struct api_session *session = &uicc.api.sessions[i];
        const bool may_show = !session->open || session->key.usage == KEY_USAGE_HASH ||
                              (is_export && session->key.usage == KEY_USAGE_EXPORT);
        MUST(may_show || is_zero(session->key.octets, APPLICATION_KEY_SIZE) ||
             !shows(session->key.octets, APPLICATION_KEY_SIZE));
    }
    for (size_t i = 0; i < uicc.layout.persisted_key_count; i++) {
        const uint8_t *record = uicc.nvm.data + uicc.layout.persisted_keys + i * API_RECORD_SIZE;
        MUST(record[API_RECORD_USED] == 0 || is_zero(record + API_RECORD_KEY, APPLICATION_KEY_SIZE) ||
             !shows(record + API_RECORD_KEY, APPLICATION_KEY_SIZE));
    }
}

/* Steps: each gives what it asks for to the card and looks at what has become of it */

struct step {
    struct octet_reader *reader;
    uint8_t channel;
};

static const struct api_session *session_of(uint8_t handle)
{
    return handle < API_SESSIONS ? &uicc.api.sessions[handle] : NULL;
}

static void pay(void)
{
    MUST(!model.is_limited || model.operations > 0);
    model.operations -= model.is_limited ? 1 : 0;
}

static uint8_t take_algorithm(struct octet_reader *reader)
{
    const uint8_t chosen = octet_reader_u8(reader);
    return chosen < 0xc0 ? (uint8_t)key_algorithms[chosen % key_algorithm_count].algorithm : chosen;
}

/* Labels are few, so that keys meet. */
static void put_key(struct command *command, struct octet_reader *reader)
{
    static const uint8_t labels[] = {'a', 'b', 'c'};
    const uint8_t chosen = octet_reader_u8(reader);
    put_octet(command, API_TAG_USAGE, chosen & 0x0f);
    put_octet(command, API_TAG_DIRECTION, chosen >> 4 & 0x03);
    put_octet(command, API_TAG_ALGORITHM, take_algorithm(reader));
    put(command, API_TAG_LABEL, octets_of(labels + (chosen >> 6) % 3, 1));
}

static void open_key(struct step *step)
{
    struct command command;
    begin(&command, step->channel, API_INS_OPEN_KEY, 0, API_OPEN_DERIVED);
    put(&command, API_TAG_NAF_ID, naf_id);
    put_key(&command, step->reader);
    if (send(&command) == 0x9000) {
        MUST(entry_of_naf()[GBA_ENTRY_USED] == GBA_ENTRY_HAS_KEY);
    }
}

static void open_hash(struct step *step)
{
    struct command command;
    begin(&command, step->channel, API_INS_OPEN_KEY, 0, API_OPEN_DERIVED);
    put_octet(&command, API_TAG_USAGE, KEY_USAGE_HASH);
    put_octet(&command, API_TAG_ALGORITHM, take_algorithm(step->reader));
    (void)send(&command);
}

static void put_name(struct command *command, struct octet_reader *reader)
{
    const uint8_t label = (uint8_t)('a' + octet_reader_u8(reader) % 3);
    put(command, API_TAG_NAF_ID, naf_id);
    put_octet(command, API_TAG_LABEL, label);
}

static void open_persisted(struct step *step)
{
    struct command command;
    begin(&command, step->channel, API_INS_OPEN_KEY, 0, API_OPEN_PERSISTED);
    put_name(&command, step->reader);
    (void)send(&command);
}

static void close_key(struct step *step)
{
    struct command command;
    begin(&command, step->channel, API_INS_CLOSE_KEY, octet_reader_u8(step->reader) % API_SESSIONS, 0);
    (void)send(&command);
}

static void derive_key(struct step *step)
{
    struct command command;
    const uint8_t handle = octet_reader_u8(step->reader) % API_SESSIONS;
    const bool could = session_of(handle)->open && session_of(handle)->key.usage == KEY_USAGE_DERIVE;
    begin(&command, step->channel, API_INS_DERIVE_KEY, handle, 0);
    put_key(&command, step->reader);
    MUST(send(&command) != 0x9000 || could);
}

/* The counter in a nonce grows, over power cuts too. IVs of CBC are random. */
static void check_nonce(struct octets nonce)
{
    struct octet_reader reader = octet_reader_of(nonce);
    (void)octet_reader_u32(&reader);
    const uint64_t counter = octet_reader_u64(&reader);
    MUST(!reader.failed && counter > model.last_nonce);
    model.last_nonce = counter;
}

static bool is_cbc(enum key_algorithm algorithm)
{
    return algorithm >= KEY_ALGORITHM_AES_128_CBC && algorithm <= KEY_ALGORITHM_SM4_CBC;
}

static void check_processed(const struct api_session *before, uint8_t p2)
{
    static const uint8_t usages[] = {
        0, KEY_USAGE_ENCRYPT, KEY_USAGE_ENCRYPT, KEY_USAGE_MAC, KEY_USAGE_MAC, KEY_USAGE_HASH};
    struct octets nonce;
    const uint8_t operation = p2 & API_OPERATION_MASK;
    const bool makes = operation == API_ENCRYPT || operation == API_MAC;
    const enum key_direction direction = before->key.direction;
    MUST(before->open && before->key.usage == usages[operation]);
    MUST((p2 & API_FIRST_BLOCK) != 0 || before->under_way == operation);
    MUST(operation == API_HASH || direction == (makes ? KEY_DIRECTION_CARD_TO_NAF : KEY_DIRECTION_NAF_TO_CARD) ||
         (direction == KEY_DIRECTION_CARD_TO_CARD && before->origin.record != API_NO_RECORD));
    if ((p2 & API_FIRST_BLOCK) != 0 && operation != API_HASH) {
        pay();
    }
    const bool has_nonce = ber_tlv_find(octets_of(response, response_length), API_TAG_NONCE, &nonce) == GBAU_OK;
    MUST(has_nonce == (operation == API_ENCRYPT && (p2 & API_FIRST_BLOCK) != 0));
    if (has_nonce && !is_cbc(before->key.algorithm)) {
        check_nonce(nonce);
    }
}

/* A text that the input gives the length of only; it may be one octet longer than a piece. */
static struct octets take_long(struct octet_reader *reader)
{
    static const uint8_t text[API_PIECE_EXTENDED + 1] = {0x5a};
    return octets_of(text, octet_reader_u16(reader) % (sizeof text + 1));
}

/* Objects by the bits of an octet, lengths as the input has them. */
static void put_block(struct command *command, struct octet_reader *reader)
{
    const uint8_t chosen = octet_reader_u8(reader);
    if ((chosen & 0x01) != 0) {
        put(command, API_TAG_ADDITIONAL_DATA, take_some(reader, 40));
    }
    if ((chosen & 0x02) != 0) {
        const bool is_long = command->head == EXTENDED_HEAD && (chosen & 0x80) != 0;
        put(command, API_TAG_TEXT, is_long ? take_long(reader) : take_some(reader, 80));
    }
    if ((chosen & 0x04) != 0) {
        static const uint8_t zeros[16];
        put(command, API_TAG_NONCE, octets_of(zeros, (chosen & 0x08) != 0 ? 16 : 12));
    }
    if ((chosen & 0x10) != 0) {
        const uint8_t lengths[8] = {0, 0, 0, octet_reader_u8(reader), 0, 0, 0, octet_reader_u8(reader)};
        put(command, API_TAG_LENGTHS, octets_of(lengths, sizeof lengths));
    }
    if ((chosen & 0x20) != 0) {
        static const uint8_t zeros[32];
        put(command, API_TAG_AUTHENTICATOR, octets_of(zeros, (chosen & 0x40) != 0 ? 32 : 16));
    }
}

static void process(struct step *step)
{
    struct command command;
    const uint8_t chosen = octet_reader_u8(step->reader);
    const uint8_t handle = (chosen & 0x3f) % API_SESSIONS;
    const uint8_t p2 = octet_reader_u8(step->reader);
    const struct api_session before = *session_of(handle);
    ((chosen & 0x40) != 0 ? begin_extended : begin)(&command, step->channel, API_INS_PROCESS, handle, p2);
    put_block(&command, step->reader);
    if (send(&command) == 0x9000) {
        check_processed(&before, p2);
    }
}

static void authenticate(struct step *step)
{
    static const uint8_t zeros[32];
    struct command command;
    const uint8_t handle = octet_reader_u8(step->reader) % API_SESSIONS;
    const uint8_t message = 1 + octet_reader_u8(step->reader) % 4;
    begin(&command, step->channel, API_INS_AUTHENTICATE_KEY, handle, message);
    if (message == API_AUTHENTICATE_ANSWER || message == API_AUTHENTICATE_FINISH) {
        put(&command, API_TAG_NONCE, octets_of(zeros, 16));
    }
    if (message == API_AUTHENTICATE_FINISH || message == API_AUTHENTICATE_CONFIRM) {
        put(&command, API_TAG_AUTHENTICATOR, octets_of(zeros, 32));
    }
    const unsigned sw = send(&command);
    MUST(sw != 0x9000 || message <= API_AUTHENTICATE_ANSWER); /* nobody finds a MAC */
    if (sw == 0x9000) {
        pay();
    }
}

static bool naf_allows_wrap(void)
{
    return (entry_of_naf()[GBA_ENTRY_RULES + 9] & 0x02) != 0;
}

static void transfer(struct step *step)
{
    static const uint8_t zeros[16];
    struct command command;
    struct octets nonce;
    const uint8_t handle = octet_reader_u8(step->reader) % API_SESSIONS;
    const uint8_t kind = 1 + octet_reader_u8(step->reader) % 3;
    begin(&command, step->channel, API_INS_TRANSFER_KEY, handle, kind);
    if (kind == API_WRAP) {
        put_octet(&command, API_TAG_OTHER_HANDLE, octet_reader_u8(step->reader) % API_SESSIONS);
    } else if (kind == API_UNWRAP) {
        put(&command, API_TAG_NONCE, octets_of(zeros, 12));
        put(&command, API_TAG_TEXT, take_some(step->reader, 100));
        put(&command, API_TAG_AUTHENTICATOR, octets_of(zeros, 16));
    }
    if (send(&command) != 0x9000) {
        return;
    }
    pay();
    must_show_no_key(kind == API_EXPORT);
    MUST(kind != API_UNWRAP && session_of(handle)->key.usage == (kind == API_WRAP ? KEY_USAGE_WRAP : KEY_USAGE_EXPORT));
    if (kind == API_WRAP) {
        MUST(naf_allows_wrap());
        MUST(ber_tlv_find(octets_of(response, response_length), API_TAG_NONCE, &nonce) == GBAU_OK);
        check_nonce(nonce);
    }
    response_length = 0; /* looked at already */
}

static void persist(struct step *step)
{
    struct command command;
    begin(&command, step->channel, API_INS_KEEP_KEY, octet_reader_u8(step->reader) % API_SESSIONS, API_PERSIST);
    const uint8_t operations = octet_reader_u8(step->reader);
    if (operations < 0x80) {
        const uint8_t octets[] = {0, 0, 0, operations};
        put(&command, API_TAG_OPERATIONS, octets_of(octets, sizeof octets));
    }
    (void)send(&command);
}

static void delete_key(struct step *step)
{
    struct command command;
    begin(&command, step->channel, API_INS_KEEP_KEY, 0, API_DELETE);
    put_name(&command, step->reader);
    (void)send(&command);
}

static void list(struct step *step)
{
    struct command command;
    const uint8_t index = octet_reader_u8(step->reader) % 10;
    begin(&command, step->channel, API_INS_LIST, index, octet_reader_u8(step->reader) & 1);
    (void)send(&command);
}

static void counter(struct step *step)
{
    struct command command;
    begin(&command, step->channel, API_INS_COUNTER, 0, 0);
    if (send(&command) == 0x9000) {
        struct octet_reader reader = octet_reader_of(octets_of(response + 2, 8));
        const uint64_t counted = octet_reader_u64(&reader);
        MUST(counted > model.last_nonce);
        model.last_nonce = counted;
    }
}

/* Rulings with a right MAC, which no fuzzer would find; `forged` changes it. */

static unsigned apply(uint8_t channel, struct octets object, bool forged)
{
    struct ks_int_naf root;
    struct command command;
    uint8_t mac[KEY_POLICY_MAC_SIZE];
    memcpy(root.octets, entry_of_naf() + GBA_ENTRY_KEY, NAF_KEY_SIZE);
    MUST(key_policy_mac(&crypto, &root, object, mac) == GBAU_OK);
    mac[0] ^= forged ? 1 : 0;
    begin(&command, channel, API_INS_APPLY, 0, 0);
    put(&command, API_TAG_NAF_ID, naf_id);
    octet_writer_put_octets(&command.writer, object);
    put(&command, API_TAG_AUTHENTICATOR, octets_of(mac, sizeof mac));
    const unsigned sw = send(&command);
    MUST(sw != 0x9000 || !forged);
    return sw;
}

static void apply_policy(struct step *step)
{
    uint8_t octets[KEY_POLICY_OBJECT_MAX];
    struct key_policy policy = key_policy_default;
    policy.version = 1 + octet_reader_u8(step->reader) % 64;
    const uint8_t flags = octet_reader_u8(step->reader);
    policy.usages = flags & 0x3f;
    policy.allows_export = (flags & 0x40) != 0;
    policy.allows_wrap = (flags & 0x80) != 0;
    const uint8_t operations = octet_reader_u8(step->reader);
    policy.operations = operations < 0xc0 ? operations : KEY_OPERATIONS_UNLIMITED;
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    key_policy_write(&writer, &policy);
    if (apply(step->channel, octets_written(&writer), operations == 0xff) == 0x9000) {
        MUST(policy.version > model.newest);
        model.newest = policy.version;
        model.is_limited = policy.operations != KEY_OPERATIONS_UNLIMITED;
        model.operations = policy.operations;
    }
}

static void revoke(struct step *step)
{
    static const uint8_t labels[] = {'a', 'b', 'c'};
    uint8_t octets[KEY_POLICY_OBJECT_MAX];
    const uint8_t chosen = octet_reader_u8(step->reader);
    const struct key_revocation revocation = {.version = 1 + octet_reader_u8(step->reader) % 64U,
                                              .scope = 1 + chosen % 3,
                                              .label = octets_of(labels + chosen / 4 % 3, chosen / 16 % 2)};
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    key_revocation_write(&writer, &revocation);
    if (apply(step->channel, octets_written(&writer), false) != 0x9000) {
        return;
    }
    MUST(revocation.version > model.newest);
    model.newest = revocation.version;
    for (size_t i = 0; i < API_SESSIONS && (revocation.scope & KEY_REVOCATION_NAF_KEY) != 0; i++) {
        const struct api_session *session = &uicc.api.sessions[i];
        MUST(!session->open || session->key.usage == KEY_USAGE_HASH || session->origin.record != API_NO_RECORD);
    }
}

/* The card's surroundings change */

static void must_run(const void *octets, size_t length)
{
    struct command command;
    command.writer = octet_writer_of(command.octets, sizeof command.octets);
    octet_writer_put(&command.writer, octets, length);
    const size_t size = uicc_process(&uicc, octets_of(command.octets, length), response);
    MUST(size >= 2 && response[size - 2] == 0x90);
}

static void select_applets(void)
{
    uint8_t select[5 + GBA_U_API_AID_SIZE] = {0x00, 0xa4, 0x04, 0x0c, GBA_U_API_AID_SIZE};
    memcpy(select + 5, gba_u_api_aid, GBA_U_API_AID_SIZE);
    must_run("\x00\x20\x00\x01\x08"
             "1234\xff\xff\xff\xff",
             13);
    must_run(select, sizeof select);
    (void)uicc_process(&uicc, octets_of("\x00\x70\x00\x00\x01", 5), response);
    select[0] = 0x01;
    must_run(select, sizeof select);
}

/* What has a limit loses what was reserved; all else that was persisted is there. */
static void cut_power(void)
{
    if (model.power_cuts++ >= MAX_POWER_CUTS) {
        return;
    }
    uint8_t before[CARD_MAX_PERSISTED_KEYS * API_RECORD_SIZE];
    memcpy(before, uicc.nvm.data + uicc.layout.persisted_keys, sizeof before);
    uicc_power_off(&uicc);
    MUST(uicc_power_on(&uicc, &storage, &crypto) == GBAU_OK);
    uicc_allow_extended(&uicc);
    MUST(memcmp(before, uicc.nvm.data + uicc.layout.persisted_keys, sizeof before) == 0);
    select_applets();
}

static void bootstrap_and_derive(void)
{
    static const struct aka_amf amf;
    static const uint8_t select_usim[] = "\x00\xa4\x04\x0c\x07\xa0\x00\x00\x00\x87\x10\x02";
    static const uint8_t derive[] = "\x00\x88\x00\x84\x48\xde\x14" NAF_ID "\x31" IMPI;
    struct aka_rand rand;
    struct aka_mac mac;
    struct milenage_f2345 keys;
    uint8_t command[64];
    const aka_sqn sqn = (aka_sqn)++model.next_rand << AKA_SQN_IND_BITS;
    memset(rand.octets, model.next_rand, sizeof rand.octets);
    MUST(milenage_vector(&crypto, &milenage, &rand, sqn, &amf, &mac, &keys) == GBAU_OK);
    MUST(gba_u_mask_mac(&crypto, &keys.ik, mac.octets) == GBAU_OK);
    struct octet_writer writer = octet_writer_of(command, sizeof command);
    octet_writer_put(&writer, "\x00\x88\x00\x84\x23\xdd\x10", 7);
    octet_writer_put(&writer, rand.octets, AKA_RAND_SIZE);
    octet_writer_u8(&writer, AKA_AUTN_SIZE);
    octet_writer_u48(&writer, sqn);
    octet_writer_put(&writer, amf.octets, AKA_AMF_SIZE);
    octet_writer_put(&writer, mac.octets, AKA_MAC_SIZE);
    for (size_t i = 0; i < AKA_AK_SIZE; i++) {
        command[24 + i] ^= keys.ak.octets[i];
    }
    (void)uicc_process(&uicc, octets_of("\x00\x70\x00\x02", 4), response); /* channel 2, at most once */
    uint8_t on_basic[sizeof select_usim];
    memcpy(on_basic, select_usim, sizeof on_basic);
    on_basic[0] = 0x02;
    must_run(on_basic, sizeof on_basic - 1);
    command[0] = 0x02;
    must_run(command, writer.length);
    uint8_t derive_on_2[sizeof derive];
    memcpy(derive_on_2, derive, sizeof derive);
    derive_on_2[0] = 0x02;
    must_run(derive_on_2, sizeof derive - 1);
}

/* Any octets at all */
static void send_raw(struct step *step)
{
    const struct octets octets = take_some(step->reader, UICC_COMMAND_MAX);
    if (octets.length < 2 || (octets.data[1] & 0xf0) < 0x40 || octets.data[1] > API_INS_CLOSE_KEY) {
        return; /* the API's commands only: others are those of fuzz_apdu.c */
    }
    const bool may_pay = octets.data[1] == API_INS_PROCESS || octets.data[1] == API_INS_AUTHENTICATE_KEY ||
                         octets.data[1] == API_INS_TRANSFER_KEY || octets.data[1] == API_INS_COUNTER;
    if (may_pay) {
        return; /* counted above, with their objects */
    }
    const size_t size = uicc_process(&uicc, octets, response);
    response_length = size - 2;
    MUST(is_known_sw((unsigned)(response[size - 2] << 8 | response[size - 1])));
}

typedef void step_handler(struct step *step);

static step_handler *const handlers[] = {
    open_key,   open_key, open_key, open_hash,    open_persisted, close_key, derive_key, process, process,
    process,    process,  process,  process,      authenticate,   transfer,  transfer,   persist, persist,
    delete_key, list,     counter,  apply_policy, apply_policy,   revoke,    send_raw,
};
enum { HANDLERS = sizeof handlers / sizeof handlers[0], STEP_POWER_CUT = 30, STEP_BOOTSTRAP = 31 };

static void run_step(struct octet_reader *reader)
{
    const uint8_t chosen = octet_reader_u8(reader);
    struct step step = {.reader = reader, .channel = chosen >> 7};
    response_length = 0;
    switch (chosen & 0x1f) {
    case STEP_POWER_CUT:
        cut_power();
        break;
    case STEP_BOOTSTRAP:
        bootstrap_and_derive();
        break;
    default:
        handlers[(chosen & 0x1f) % HANDLERS](&step);
        must_show_no_key(false);
        break;
    }
}

static void make_card(void)
{
    static struct profile_workspace workspace;
    static const struct aka_k k = {{0x46, 0x5b, 0x5c, 0xe8}};
    static const struct aka_opc opc = {{0xcd, 0x63, 0xcb, 0x71}};
    const struct card_profile profile = {
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
        .api_lines = {{.naf_id = naf_id}},
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
    uicc_allow_extended(&uicc);
    select_applets();
    model = (struct model){0};
    bootstrap_and_derive();
    memcpy(&pristine.uicc, &uicc, sizeof uicc);
    memcpy(pristine.memory, memory, storage.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (storage.size == 0) {
        make_card();
    }
    memcpy(&uicc, &pristine.uicc, sizeof uicc);
    memcpy(memory, pristine.memory, storage.size);
    model = (struct model){.next_rand = 1};
    struct octet_reader reader = octet_reader_of(octets_of(data, size));
    for (unsigned step = 0; step < MAX_STEPS && octet_reader_left(&reader) > 0; step++) {
        run_step(&reader);
    }
    return 0;
}
