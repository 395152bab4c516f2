/* profile.c: describes the card of a subscription: the table of default files, filled in. */
#include "uicc/profile.h"

#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "codec/ber_tlv.h"
#include "key/api_aid.h"
#include "key/identity.h"
#include "uicc/default_files.h"
#include "uicc/uicc.h"

enum { PIN_TRIES = 3, PUK_TRIES = 10, ADM_TRIES = 10 };
enum { APPLICATION_INDEX_USIM, APPLICATION_INDEX_ISIM, APPLICATION_INDEX_API };
enum { PIN_INDEX_USER, PIN_INDEX_SECOND, PIN_INDEX_ADMINISTRATIVE };
enum { FREE_SLOTS = 24 };

static const uint8_t usim_aid[] = {0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02, 0xff,
                                   0xff, 0xff, 0xff, 0x89, 0x07, 0x09, 0x00, 0x00};
static const uint8_t isim_aid[] = {0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x04, 0xff,
                                   0xff, 0xff, 0xff, 0x89, 0x07, 0x09, 0x00, 0x00};

/* What the contents are made of. */
struct making {
    const struct card_profile *profile;
    struct identity identity;
    struct profile_workspace *workspace;
    uint8_t made[DEFAULT_PARENT_COUNT]; /* index of each directory */
    uint8_t arr[DEFAULT_PARENT_COUNT];  /* index of the EF_ARR in it; CARD_NO_INDEX: that of the directory above */
    size_t file_count;
};

/* Digits */

static bool is_digits(const char *text, size_t minimum, size_t maximum)
{
    size_t length = strspn(text, "0123456789");
    return text[length] == '\0' && length >= minimum && length <= maximum;
}

/* Digits two to an octet, the first in the low half; F where a digit is missing (TS 102 221 13.2). */
static void write_swapped_digits(struct octet_writer *writer, const char *digits, size_t octets)
{
    size_t length = strlen(digits);
    for (size_t i = 0; i < octets; i++) {
        unsigned low = 2 * i < length ? (unsigned)(digits[2 * i] - '0') : 0xf;
        unsigned high = 2 * i + 1 < length ? (unsigned)(digits[2 * i + 1] - '0') : 0xf;
        octet_writer_u8(writer, (uint8_t)(high << 4 | low));
    }
}

/* Luhn (ITU-T E.118) over all digits but the last, which is the check digit's place. */
static char luhn_digit(const char *digits, size_t length)
{
    unsigned sum = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(digits[length - 1 - i] - '0');
        unsigned doubled = digit * 2;
        sum += i % 2 == 1 ? digit : doubled / 10 + doubled % 10;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

/* Contents: each writes one file's */

typedef void content_writer(struct making *making, const struct default_file *file, struct octet_writer *writer);

static void write_hex(struct octet_writer *writer, const char *hex)
{
    uint8_t octets[64];
    size_t length = 0;
    if (hex_decode(octets_of_text(hex), octets, sizeof octets, &length) != GBAU_OK) {
        writer->failed = true;
        return;
    }
    octet_writer_put(writer, octets, length);
}

/* Fills a record that begins at `start`, which must not be longer. */
static void finish_record(struct octet_writer *writer, size_t start, size_t record_length)
{
    size_t used = writer->length - start;
    writer->failed = writer->failed || used > record_length;
    octet_writer_fill(writer, 0xff, writer->failed ? 0 : record_length - used);
}

static void write_fixed(struct making *making, const struct default_file *file, struct octet_writer *writer)
{
    (void)making;
    write_hex(writer, file->fixed);
}

static void write_repeated(struct making *making, const struct default_file *file, struct octet_writer *writer)
{
    for (size_t i = 0; i < file->record_count; i++) {
        size_t start = writer->length;
        write_fixed(making, file, writer);
        finish_record(writer, start, file->record_length);
    }
}

static void write_access_rules(struct making *making, const struct default_file *file, struct octet_writer *writer)
{
    (void)making;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        size_t start = writer->length;
        write_hex(writer, default_rules[i]);
        finish_record(writer, start, file->record_length);
    }
}

static void write_iccid(struct making *making, const struct default_file *file, struct octet_writer *writer)
{
    char made[20] = "89";
    const char *iccid = making->profile->iccid;
    (void)file;
    if (iccid == NULL) {
        memset(made + 2, '0', 16);
        size_t length = strlen(making->profile->imsi);
        memcpy(made + 18 - length, making->profile->imsi, length);
        made[18] = luhn_digit(made, 18);
        iccid = made;
    }
    write_swapped_digits(writer, iccid, 10);
}

/* Length, then the digits with a parity nibble in front: 9 for an odd count (31.102 4.2.2). */
static void write_imsi(struct making *making, const struct default_file *file, struct octet_writer *writer)
{
    char digits[18];
    size_t length = strlen(making->profile->imsi);
    (void)file;
    digits[0] = length % 2 == 1 ? '9' : '1';
    memcpy(digits + 1, making->profile->imsi, length + 1);
    octet_writer_u8(writer, (uint8_t)((length + 2) / 2));
    write_swapped_digits(writer, digits, 8);
}

/* The class is the last digit of the IMSI. */
static void write_access_class(struct making *making, const struct default_file *file, struct octet_writer *writer)
{
    const char *imsi = making->profile->imsi;
    (void)file;
    octet_writer_u16(writer, (uint16_t)(1U << (imsi[strlen(imsi) - 1] - '0')));
}

static void write_administrative_data(struct making *making, const struct default_file *file,
                                      struct octet_writer *writer)
{
    (void)file;
    octet_writer_u24(writer, 0);
    octet_writer_u8(writer, (uint8_t)making->profile->mnc_digits);
}

/* 61 { 4F AID 50 label } (TS 102 221 13.1). */
static void write_directory_record(const struct default_file *file, struct octet_writer *writer, struct octets aid,
                                   const char *label)
{
    size_t start = writer->length;
    ber_tlv_write_head(writer, 0x61, 4 + aid.length + strlen(label));
    ber_tlv_write(writer, 0x4f, aid);
    ber_tlv_write(writer, 0x50, octets_of_text(label));
    finish_record(writer, start, file->record_length);
}

static void write_directory(struct making *making, const struct default_file *file, struct octet_writer *writer)
{
    (void)making;
    write_directory_record(file, writer, octets_of(usim_aid, sizeof usim_aid), "USIM");
    write_directory_record(file, writer, octets_of(isim_aid, sizeof isim_aid), "ISIM");
    write_directory_record(file, writer, uicc_api_aid, "GBA_U API");
}

/* 80 { LV AID, LV NAF_ID } for the API's own applet. */
static void write_api_lines(struct making *making, const struct default_file *file, struct octet_writer *writer)
{
    for (size_t i = 0; i < making->profile->api_line_count; i++) {
        struct octets naf_id = making->profile->api_lines[i].naf_id;
        size_t start = writer->length;
        ber_tlv_write_head(writer, 0x80, 2 + uicc_api_aid.length + naf_id.length);
        octet_writer_u8(writer, (uint8_t)uicc_api_aid.length);
        octet_writer_put_octets(writer, uicc_api_aid);
        octet_writer_u8(writer, (uint8_t)naf_id.length);
        octet_writer_put_octets(writer, naf_id);
        finish_record(writer, start, file->record_length);
    }
}

/* 80 { text } (31.103 4.2.2 to 4.2.4). */
static void write_text_object(struct octet_writer *writer, const char *prefix, const char *text)
{
    ber_tlv_write_head(writer, 0x80, strlen(prefix) + strlen(text));
    octet_writer_put_text(writer, prefix);
    octet_writer_put_text(writer, text);
}

static void write_impi(struct making *making, const struct default_file *file, struct octet_writer *writer)
{
    (void)file;
    write_text_object(writer, "", making->identity.impi);
}

static void write_impu(struct making *making, const struct default_file *file, struct octet_writer *writer)
{
    (void)file;
    write_text_object(writer, "sip:", making->identity.impi);
}

static void write_domain(struct making *making, const struct default_file *file, struct octet_writer *writer)
{
    (void)file;
    write_text_object(writer, "", making->identity.home_domain);
}

static content_writer *const content_writers[] = {
    [CONTENT_FIXED] = write_fixed,
    [CONTENT_REPEATED] = write_repeated,
    [CONTENT_ACCESS_RULES] = write_access_rules,
    [CONTENT_DIRECTORY] = write_directory,
    [CONTENT_ICCID] = write_iccid,
    [CONTENT_IMSI] = write_imsi,
    [CONTENT_ACCESS_CLASS] = write_access_class,
    [CONTENT_ADMINISTRATIVE_DATA] = write_administrative_data,
    [CONTENT_API_LINES] = write_api_lines,
    [CONTENT_IMPI] = write_impi,
    [CONTENT_IMPU] = write_impu,
    [CONTENT_DOMAIN] = write_domain,
};

/* Files */

static uint8_t application_of(enum default_parent self)
{
    switch ((int)self) {
    case IN_USIM:
        return APPLICATION_INDEX_USIM;
    case IN_ISIM:
        return APPLICATION_INDEX_ISIM;
    default:
        return CARD_NO_INDEX;
    }
}

/* A directory's own rule, and those of files in a directory without EF_ARR, stand in the next EF_ARR above. */
static uint8_t rules_for(const struct making *making, const struct default_file *definition)
{
    const bool is_application = definition->parent == IN_NOTHING;
    const uint8_t arr = making->arr[is_application ? IN_MF : definition->parent];
    return arr == CARD_NO_INDEX ? making->arr[IN_MF] : arr;
}

static void note_place(struct making *making, const struct default_file *definition, uint8_t index)
{
    if (definition->self != IN_NOTHING) {
        making->made[definition->self] = index;
        making->arr[definition->self] = making->arr[definition->parent];
    }
    if (definition->content == CONTENT_ACCESS_RULES) {
        making->arr[definition->parent] = index;
    }
}

static void add_file(struct making *making, const struct default_file *definition)
{
    struct octet_writer *writer = &making->workspace->writer;
    const uint8_t index = (uint8_t)making->file_count++;
    const unsigned records = definition->record_count == 0 ? 1 : definition->record_count;
    const bool has_records = definition->record_count != 0;
    note_place(making, definition, index);
    const size_t start = writer->length;
    content_writers[definition->content](making, definition, writer);
    making->workspace->files[index] = (struct described_file){
        .file = {.fid = definition->fid,
                 .kind = definition->kind,
                 .parent = making->made[definition->parent],
                 .application = application_of(definition->self),
                 .sfi = definition->sfi,
                 .arr_file = rules_for(making, definition),
                 .arr_record = (uint8_t)definition->rule,
                 .state = FILE_STATE_ACTIVATED,
                 .size = (uint16_t)(definition->record_length * records),
                 .record_length = has_records ? definition->record_length : 0,
                 .record_count = definition->record_count},
        .content = octets_of(writer->data + start, writer->length - start),
    };
}

static void add_files(struct making *making)
{
    memset(making->made, CARD_NO_INDEX, sizeof making->made);
    memset(making->arr, CARD_NO_INDEX, sizeof making->arr);
    for (size_t i = 0; i < default_file_count; i++) {
        add_file(making, &default_files[i]);
    }
    making->workspace->files[CARD_MF_INDEX].file.arr_file = making->arr[IN_MF];
}

/* PINs and applications */

static struct described_pin user_pin(const struct card_profile *profile, uint8_t key_reference, bool enabled)
{
    struct described_pin pin = {
        .key_reference = key_reference,
        .max_tries = PIN_TRIES,
        .max_unblock_tries = PUK_TRIES,
        .state = {.enabled = enabled, .tries = PIN_TRIES, .unblock_tries = PUK_TRIES},
    };
    memset(pin.state.value, 0xff, PIN_VALUE_SIZE);
    memcpy(pin.state.value, profile->pin, strlen(profile->pin));
    memcpy(pin.state.unblock_value, profile->puk, PIN_VALUE_SIZE);
    return pin;
}

static void add_pins(struct making *making)
{
    const struct card_profile *profile = making->profile;
    struct described_pin *pins = making->workspace->pins;
    pins[PIN_INDEX_USER] = user_pin(profile, 0x01, profile->pin_enabled);
    pins[PIN_INDEX_SECOND] = user_pin(profile, 0x81, true);
    pins[PIN_INDEX_ADMINISTRATIVE] = (struct described_pin){
        .key_reference = 0x0a, .max_tries = ADM_TRIES, .state = {.enabled = true, .tries = ADM_TRIES}};
    memcpy(pins[PIN_INDEX_ADMINISTRATIVE].state.value, profile->adm, PIN_VALUE_SIZE);
}

static struct card_application application_entry(const struct card_profile *profile, enum application_kind kind,
                                                 struct octets aid)
{
    struct card_application entry = {
        .kind = kind,
        .aid_length = (uint8_t)aid.length,
        .adf = CARD_NO_INDEX,
        .pin = PIN_INDEX_USER,
        .gba_rules = profile->gba_rules,
        .sqn_delta = profile->sqn_delta,
        .sqn_age_limit = profile->sqn_age_limit,
    };
    memcpy(entry.aid, aid.data, aid.length);
    return entry;
}

/* USIM and ISIM share K, and so the SQN too: no vector works in both. */
static void add_applications(struct making *making)
{
    const struct card_profile *profile = making->profile;
    struct described_application *applications = making->workspace->applications;
    struct described_application *usim = &applications[APPLICATION_INDEX_USIM];
    struct described_application *isim = &applications[APPLICATION_INDEX_ISIM];
    usim->entry = application_entry(profile, APPLICATION_USIM, octets_of(usim_aid, sizeof usim_aid));
    usim->entry.adf = making->made[IN_USIM];
    usim->entry.naf_key_count = PROFILE_NAF_KEYS;
    usim->functions = profile->functions;
    usim->sqn[profile->sqn % SQN_ENTRIES] = profile->sqn;
    usim->shares = CARD_NO_INDEX;
    isim->entry = application_entry(profile, APPLICATION_ISIM, octets_of(isim_aid, sizeof isim_aid));
    isim->entry.adf = making->made[IN_ISIM];
    isim->entry.naf_key_count = PROFILE_ISIM_NAF_KEYS;
    isim->shares = APPLICATION_INDEX_USIM;
    applications[APPLICATION_INDEX_API].entry = application_entry(profile, APPLICATION_APPLET, uicc_api_aid);
}

static enum gbau_status check_profile(const struct card_profile *profile)
{
    bool sound = is_digits(profile->imsi, 6, 15) && is_digits(profile->pin, 4, 8) && is_digits(profile->puk, 8, 8) &&
                 (profile->iccid == NULL || is_digits(profile->iccid, 18, 20)) &&
                 (profile->mnc_digits == 2 || profile->mnc_digits == 3) &&
                 profile->api_line_count <= PROFILE_MAX_API_LINES;
    return sound ? aka_functions_check(&profile->functions) : GBAU_E_ARGUMENT;
}

enum gbau_status card_profile_describe(const struct card_profile *profile, struct profile_workspace *workspace,
                                       struct card_description *description)
{
    struct making making = {.profile = profile, .workspace = workspace};
    enum gbau_status status = check_profile(profile);
    if (status == GBAU_OK) {
        status = identity_of_imsi(profile->imsi, profile->mnc_digits, &making.identity);
    }
    if (status != GBAU_OK) {
        return status;
    }
    memset(workspace, 0, sizeof *workspace);
    workspace->writer = octet_writer_of(workspace->contents, sizeof workspace->contents);
    add_files(&making);
    add_pins(&making);
    add_applications(&making);
    *description = (struct card_description){
        .files = workspace->files,
        .file_count = making.file_count,
        .pins = workspace->pins,
        .pin_count = PROFILE_PINS,
        .applications = workspace->applications,
        .application_count = PROFILE_APPLICATIONS,
        .persisted_key_count = CARD_MAX_PERSISTED_KEYS,
        .free_slots = FREE_SLOTS,
    };
    const size_t used = card_description_used_size(description);
    if (workspace->writer.failed || used > PROFILE_DATA_SIZE) {
        return GBAU_E_SPACE;
    }
    description->free_size = PROFILE_DATA_SIZE - used;
    return GBAU_OK;
}

size_t card_profile_memory_size(void)
{
    return nvm_size_for(PROFILE_DATA_SIZE);
}

enum gbau_status card_profile_make(const struct card_profile *profile, struct crypto *crypto,
                                   struct profile_workspace *workspace, const struct nvm_storage *storage)
{
    struct card_description description;
    enum gbau_status status = card_profile_describe(profile, workspace, &description);
    if (status == GBAU_OK) {
        status = card_description_make(&description, crypto, &workspace->card, storage);
    }
    secret_wipe(workspace, sizeof *workspace);
    return status;
}
