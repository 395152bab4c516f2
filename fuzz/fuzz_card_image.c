/*
 * fuzz_card_image.c: opens damaged and forged card memories, and runs commands on those that open.
 *
 * Input: choice (1) | number of patches (1) | patches: offset (2) length (1) octets | commands: length (1) octets.
 * The choice has the image to begin with and which checksums are made right again after the patches, because damage
 * behind a wrong one is never reached. With BASE_RAW the whole rest of the input is the image.
 */
#include <string.h>

#include "base/text_coding.h"
#include "crypto/openssl.h"
#include "fuzzing.h"
#include "uicc/crc32c.h"
#include "uicc/profile.h"
#include "uicc/uicc.h"

enum { BASE_NEW, BASE_USED, BASE_SMALL, BASE_RAW, BASE_COUNT };
enum { MEND_HEADER = 0x04, MEND_PAGES = 0x08, MEND_MARK = 0x10, MEND_RECORDS = 0x20 };

/* The layout of nvm.c; check_layout ends the run when it has changed. */
enum {
    HEADER_SIZE = 64,
    DATA_SIZE_OFFSET = 10,
    RECORD_MAGIC_OFFSET = 14,
    HEADER_CRC_OFFSET = 22,
    CRC_SIZE = 4,
    MARK_SIZE = 64,
    RECORD_HEAD_SIZE = 24,
    RECORD_CRC_OFFSET = 8,
    RECORD_CRC_START = 12,
    RECORD_LENGTHS_OFFSET = 20,
    PAGE_ENTRY_SIZE = 6,
    SMALL_DATA_SIZE = NVM_PAGE_SIZE,
    IMAGE_MAX = 65536
};

int LLVMFuzzerInitialize(int *argument_count, char ***arguments);

struct image {
    size_t size;
    uint8_t octets[IMAGE_MAX];
};

/* Global, because libFuzzer hands nothing to its callbacks. */
static struct image bases[BASE_RAW];
static struct image image;
static struct crypto openssl;
static struct crypto_table table;
static struct crypto crypto;
static struct uicc card;
static struct nvm reopened;

static enum gbau_status write_image(void *context, size_t offset, const void *data, size_t length)
{
    struct image *written = context;
    MUST(offset <= written->size && length <= written->size - offset);
    memcpy(written->octets + offset, data, length);
    return GBAU_OK;
}

static enum gbau_status sync_image(void *context, size_t offset, size_t length)
{
    (void)offset;
    (void)length;
    (void)context;
    return GBAU_OK;
}

static struct nvm_storage storage_of(struct image *stored)
{
    return (struct nvm_storage){
        .memory = stored->octets, .size = stored->size, .write = write_image, .sync = sync_image, .context = stored};
}

/* Always the same, so that a run can be repeated. */
static enum gbau_status not_random(void *state, uint8_t *out, size_t length)
{
    (void)state;
    memset(out, 0x5a, length);
    return GBAU_OK;
}

static void run(struct octets command)
{
    uint8_t *response = malloc(UICC_RESPONSE_MAX); /* on the heap, so that a write beyond it is seen */
    MUST(response != NULL);
    const size_t length = uicc_process(&card, command, response);
    MUST(length >= 2 && length <= UICC_RESPONSE_MAX);
    const uint8_t sw1 = response[length - 2];
    MUST((sw1 >= 0x62 && sw1 <= 0x6f) || sw1 == 0x90 || sw1 == 0x98);
    free(response);
}

static void run_hex(const char *hex)
{
    uint8_t command[UICC_COMMAND_MAX];
    size_t length = 0;
    MUST(hex_decode(octets_of_text(hex), command, sizeof command, &length) == GBAU_OK);
    run(octets_of(command, length));
}

#define VERIFY    "002000010831323334ffffffff"
#define NAF_ID    "6e61662e6578616d706c652e636f6d0100000002"
#define RAND_AUTN "1023553cbe9637a89d218ae64dae47bf351055f328b43577b9b98c7f3f0d723fb244"

/* The commands that touch most of what stands in the memory. */
static const char *const script[] = {
    "00a4040410a0000000871002ffffffff8907090000",
    VERIFY,
    "0088008423dd" RAND_AUTN "00",
    "00a4000c026fd6",
    "00d600110403613d7a00",
    "0088008419de14" NAF_ID "024040",
    "00a40004026fda",
    "00b2010400",
    "0070000001",
    "01a4040409f06762617501415049",
    "81500000208014" NAF_ID "82010183010184024040",
    "81520000038701aa00",
    "80f20000",
    "00b08200",
    "00b0890000",
    "0024000110"
    "31323334ffffffff"
    "35363738ffffffff",
    "002c000110"
    "3837363534333231"
    "31323334ffffffff",
    "0020000a084142434445464748",
};

static void run_script(void)
{
    for (size_t i = 0; i < sizeof script / sizeof script[0]; i++) {
        run_hex(script[i]);
    }
}

/* Checksums */

static void put_crc(size_t offset, const uint8_t *octets, size_t length)
{
    struct octet_writer writer = octet_writer_of(image.octets + offset, CRC_SIZE);
    octet_writer_u32(&writer, crc32c_of(octets, length));
}

static void mend_records(size_t half)
{
    size_t position = 0;
    while (position + RECORD_HEAD_SIZE <= NVM_JOURNAL_HALF_SIZE) {
        const uint8_t *record = image.octets + half + position;
        struct octet_reader lengths = octet_reader_of(octets_of(record + RECORD_LENGTHS_OFFSET, 4));
        const size_t changes = octet_reader_u16(&lengths);
        const size_t size = RECORD_HEAD_SIZE + changes + (size_t)octet_reader_u16(&lengths) * PAGE_ENTRY_SIZE;
        if (size > NVM_JOURNAL_HALF_SIZE - position ||
            memcmp(record, image.octets + RECORD_MAGIC_OFFSET, NVM_RECORD_MAGIC_SIZE) != 0) {
            return;
        }
        put_crc(half + position + RECORD_CRC_OFFSET, record + RECORD_CRC_START, size - RECORD_CRC_START);
        position += size;
    }
}

static void mend(uint8_t choice)
{
    struct octet_reader header = octet_reader_of(octets_of(image.octets + DATA_SIZE_OFFSET, 4));
    const size_t data_size = octet_reader_u32(&header);
    if ((choice & MEND_HEADER) != 0) {
        put_crc(HEADER_CRC_OFFSET, image.octets, HEADER_CRC_OFFSET);
    }
    if (data_size > (size_t)NVM_MAX_PAGES * NVM_PAGE_SIZE || nvm_size_for(data_size) > image.size) {
        return;
    }
    const size_t pages = (data_size + NVM_PAGE_SIZE - 1) / NVM_PAGE_SIZE;
    const size_t crcs = HEADER_SIZE + pages * NVM_PAGE_SIZE;
    const size_t mark = crcs + pages * CRC_SIZE;
    for (size_t page = 0; (choice & MEND_PAGES) != 0 && page < pages; page++) {
        put_crc(crcs + page * CRC_SIZE, image.octets + HEADER_SIZE + page * NVM_PAGE_SIZE, NVM_PAGE_SIZE);
    }
    if ((choice & MEND_MARK) != 0) {
        put_crc(mark + 8, image.octets + mark, 8);
    }
    if ((choice & MEND_RECORDS) != 0) {
        mend_records(mark + MARK_SIZE);
        mend_records(mark + MARK_SIZE + NVM_JOURNAL_HALF_SIZE);
    }
}

/* Images to begin with */

static void make_new(struct image *made)
{
    static struct profile_workspace workspace;
    static uint8_t naf_id[20];
    struct card_profile profile = {
        .imsi = "001010123456789",
        .mnc_digits = 2,
        .sqn_delta = PROFILE_SQN_DELTA_DEFAULT,
        .gba_rules = GBA_U_RULES_DEFAULT,
        .pin = "1234",
        .pin_enabled = true,
        .puk = "87654321",
        .adm = {0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48},
        .api_line_count = 1,
        .api_lines = {{.naf_id = {.data = naf_id, .length = sizeof naf_id}}},
    };
    made->size = card_profile_memory_size();
    MUST(made->size <= IMAGE_MAX);
    MUST(hex_decode_exactly(octets_of_text(NAF_ID), naf_id, sizeof naf_id) == GBAU_OK);
    struct aka_k k;
    struct aka_opc opc;
    MUST(hex_decode_exactly(octets_of_text("465b5ce8b199b49faa5f0a2ee238a6bc"), k.octets, AKA_K_SIZE) == GBAU_OK);
    MUST(hex_decode_exactly(octets_of_text("cd63cb71954a9f4e48a5994e37a02baf"), opc.octets, AKA_OPC_SIZE) == GBAU_OK);
    profile.functions = aka_functions_of_milenage(&k, &opc);
    const struct nvm_storage storage = storage_of(made);
    MUST(card_profile_make(&profile, &crypto, &workspace, &storage) == GBAU_OK);
}

/* A card with a life behind it: both halves of the journal hold records. */
static void make_used(struct image *made)
{
    memcpy(made, &bases[BASE_NEW], sizeof *made);
    const struct nvm_storage storage = storage_of(made);
    MUST(uicc_power_on(&card, &storage, &crypto) == GBAU_OK);
    run_script();
    for (size_t i = 0; i < 100; i++) {
        run_hex(VERIFY);
    }
    uicc_power_off(&card);
}

static void make_small(struct image *made)
{
    static const uint8_t data[SMALL_DATA_SIZE] = {1};
    static const uint8_t record_magic[NVM_RECORD_MAGIC_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
    made->size = nvm_size_for(sizeof data);
    const struct nvm_storage storage = storage_of(made);
    MUST(nvm_format(&storage, octets_of(data, sizeof data), record_magic) == GBAU_OK);
}

/* Mending a sound image changes nothing; else the offsets above are not those of nvm.c any more. */
static void check_layout(const struct image *sound)
{
    memcpy(&image, sound, sizeof image);
    mend(MEND_HEADER | MEND_PAGES | MEND_MARK | MEND_RECORDS);
    const size_t mark = image.size - 2 * NVM_JOURNAL_HALF_SIZE - MARK_SIZE;
    memcpy(image.octets + mark, sound->octets + mark, MARK_SIZE); /* a new memory has no mark yet */
    MUST(memcmp(&image, sound, sizeof image) == 0);
}

int LLVMFuzzerInitialize(int *argument_count, char ***arguments)
{
    (void)argument_count;
    (void)arguments;
    MUST(crypto_openssl_open(&openssl) == GBAU_OK);
    table = *openssl.table;
    table.random = not_random;
    crypto = (struct crypto){.table = &table, .state = openssl.state};
    make_new(&bases[BASE_NEW]);
    make_used(&bases[BASE_USED]);
    make_small(&bases[BASE_SMALL]);
    for (size_t i = 0; i < BASE_RAW; i++) {
        check_layout(&bases[i]);
    }
    return 0;
}

static void patch(struct octet_reader *input)
{
    for (uint8_t left = octet_reader_u8(input); left > 0 && !input->failed; left--) {
        const size_t offset = octet_reader_u16(input);
        const struct octets octets = octet_reader_take(input, octet_reader_u8(input));
        if (!input->failed && offset <= image.size && octets.length <= image.size - offset) {
            memcpy(image.octets + offset, octets.data, octets.length);
        }
    }
}

static void make_image(uint8_t choice, struct octet_reader *input)
{
    const unsigned base = choice % BASE_COUNT;
    if (base != BASE_RAW) {
        memcpy(&image, &bases[base], sizeof image);
        patch(input);
        mend(choice);
        return;
    }
    const size_t left = octet_reader_left(input);
    memset(&image, 0, sizeof image);
    image.size = left < IMAGE_MAX ? left : IMAGE_MAX;
    octet_reader_copy(input, image.octets, image.size);
}

static void run_commands(struct octet_reader *input)
{
    while (octet_reader_left(input) > 0) {
        const struct octets command = octet_reader_take(input, octet_reader_u8(input));
        if (!input->failed) {
            run(command);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct octet_reader input = octet_reader_of(octets_of(data, size));
    const uint8_t choice = octet_reader_u8(&input);
    make_image(choice, &input);
    const struct nvm_storage storage = storage_of(&image);
    if (uicc_power_on(&card, &storage, &crypto) == GBAU_OK) {
        run_script();
        run_commands(&input);
        run_script();
        uicc_power_off(&card);
        MUST(nvm_open(&reopened, &storage) == GBAU_OK); /* whatever was written, the memory is sound */
    }
    return 0;
}
