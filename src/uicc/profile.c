/* profile.c: makes a new card out of the table of default files and a subscriber's data. */
#include "uicc/profile.h"

#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "codec/ber_tlv.h"
#include "uicc/default_files.h"
#include "uicc/gba_state.h"
#include "uicc/uicc.h"

enum { PIN_TRIES = 3, PUK_TRIES = 10, ADM_TRIES = 10 };
enum { APPLICATION_USIM, APPLICATION_API, APPLICATION_COUNT };
enum { PIN_USER, PIN_ADMINISTRATIVE, PIN_COUNT };

static const uint8_t usim_aid[] = {0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02, 0xff,
                                   0xff, 0xff, 0xff, 0x89, 0x07, 0x09, 0x00, 0x00};

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

static void write_iccid(struct card_workspace *workspace, struct octet_writer *body)
{
    char made[20] = "89";
    const char *iccid = workspace->profile->iccid;
    if (iccid == NULL) {
        memset(made + 2, '0', 16);
        size_t length = strlen(workspace->profile->imsi);
        memcpy(made + 18 - length, workspace->profile->imsi, length);
        made[18] = luhn_digit(made, 18);
        iccid = made;
    }
    write_swapped_digits(body, iccid, 10);
}

/* Length, then the digits with a parity nibble in front: 9 for an odd count (31.102 4.2.2). */
static void write_imsi(struct card_workspace *workspace, struct octet_writer *body)
{
    char digits[18];
    size_t length = strlen(workspace->profile->imsi);
    digits[0] = length % 2 == 1 ? '9' : '1';
    memcpy(digits + 1, workspace->profile->imsi, length + 1);
    octet_writer_u8(body, (uint8_t)((length + 2) / 2));
    write_swapped_digits(body, digits, 8);
}

/* The class is the last digit of the IMSI. */
static void write_access_class(struct card_workspace *workspace, struct octet_writer *body)
{
    const char *imsi = workspace->profile->imsi;
    octet_writer_u16(body, (uint16_t)(1U << (imsi[strlen(imsi) - 1] - '0')));
}

static void write_administrative_data(struct card_workspace *workspace, struct octet_writer *body)
{
    octet_writer_u24(body, 0);
    octet_writer_u8(body, (uint8_t)workspace->profile->mnc_digits);
}

/* Records */

static void finish_record(struct octet_writer *body, size_t start, size_t record_length)
{
    size_t used = body->length - start;
    body->failed = body->failed || used > record_length;
    octet_writer_fill(body, 0xff, body->failed ? 0 : record_length - used);
}

static void write_hex(struct octet_writer *body, const char *hex)
{
    uint8_t octets[64];
    size_t length = 0;
    if (hex_decode(octets_of_text(hex), octets, sizeof octets, &length) != GBAU_OK) {
        body->failed = true;
        return;
    }
    octet_writer_put(body, octets, length);
}

static void write_access_rules(const struct default_file *file, struct octet_writer *body)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        size_t start = body->length;
        write_hex(body, default_rules[i]);
        finish_record(body, start, file->record_length);
    }
}

/* 61 { 4F AID 50 label } (TS 102 221 13.1). */
static void write_directory_record(const struct default_file *file, struct octet_writer *body, struct octets aid,
                                   const char *label)
{
    size_t start = body->length;
    ber_tlv_write_head(body, 0x61, 4 + aid.length + strlen(label));
    ber_tlv_write(body, 0x4f, aid);
    ber_tlv_write(body, 0x50, octets_of_text(label));
    finish_record(body, start, file->record_length);
}

static void write_directory(const struct default_file *file, struct octet_writer *body)
{
    write_directory_record(file, body, octets_of(usim_aid, sizeof usim_aid), "USIM");
    write_directory_record(file, body, uicc_api_aid, "GBA_U API");
}

/* 80 { LV AID, LV NAF_ID } for the API's own applet. */
static void write_api_lines(struct card_workspace *workspace, const struct default_file *file,
                            struct octet_writer *body)
{
    for (size_t i = 0; i < workspace->profile->api_line_count; i++) {
        struct octets naf_id = workspace->profile->api_lines[i].naf_id;
        size_t start = body->length;
        ber_tlv_write_head(body, 0x80, 2 + uicc_api_aid.length + naf_id.length);
        octet_writer_u8(body, (uint8_t)uicc_api_aid.length);
        octet_writer_put_octets(body, uicc_api_aid);
        octet_writer_u8(body, (uint8_t)naf_id.length);
        octet_writer_put_octets(body, naf_id);
        finish_record(body, start, file->record_length);
    }
}

static void write_content(struct card_workspace *workspace, const struct default_file *file, struct octet_writer *body)
{
    switch (file->content) {
    case CONTENT_FIXED:
        write_hex(body, file->fixed);
        break;
    case CONTENT_ACCESS_RULES:
        write_access_rules(file, body);
        break;
    case CONTENT_DIRECTORY:
        write_directory(file, body);
        break;
    case CONTENT_ICCID:
        write_iccid(workspace, body);
        break;
    case CONTENT_IMSI:
        write_imsi(workspace, body);
        break;
    case CONTENT_ACCESS_CLASS:
        write_access_class(workspace, body);
        break;
    case CONTENT_ADMINISTRATIVE_DATA:
        write_administrative_data(workspace, body);
        break;
    case CONTENT_API_LINES:
        write_api_lines(workspace, file, body);
        break;
    }
}

/* Files */

static uint8_t find_made(const struct card_layout *layout, uint16_t fid)
{
    for (uint8_t i = 0; i < layout->file_count; i++) {
        if (layout->files[i].fid == fid) {
            return i;
        }
    }
    return CARD_NO_INDEX;
}

static void add_file(struct card_workspace *workspace, const struct default_file *definition)
{
    enum { FID_MF = 0x3f00, FID_USIM = 0x7ff0, FID_ARR_MF = 0x2f06, FID_ARR_USIM = 0x6f06 };
    struct card_layout *layout = &workspace->layout;
    const bool is_usim = definition->parent == IN_USIM;
    struct card_file *file = &layout->files[layout->file_count];
    *file = (struct card_file){
        .fid = definition->fid,
        .kind = definition->kind,
        .application = definition->fid == FID_USIM ? APPLICATION_USIM : CARD_NO_INDEX,
        .sfi = definition->sfi,
        .arr_record = (uint8_t)definition->rule,
        .record_length = definition->record_length,
        .record_count = definition->record_count,
        .body = (uint32_t)workspace->bodies.length,
    };
    file->parent = definition->parent == IN_NOTHING ? CARD_NO_INDEX
                                                    : find_made(layout, is_usim ? FID_USIM : FID_MF);
    layout->file_count++;
    if (definition->kind != FILE_KIND_DF) {
        unsigned records = definition->record_count == 0 ? 1 : definition->record_count;
        size_t start = workspace->bodies.length;
        file->size = (uint16_t)(definition->record_length * records);
        write_content(workspace, definition, &workspace->bodies);
        finish_record(&workspace->bodies, start, file->size);
    }
    /* the first files stand before their EF_ARR; MF's and the ADF's rules stand in EF_ARR of MF */
    file->arr_file = (uint8_t)(is_usim ? find_made(layout, FID_ARR_USIM) : find_made(layout, FID_ARR_MF));
}

static void add_files(struct card_workspace *workspace)
{
    enum { FID_ARR_MF = 0x2f06 };
    for (size_t i = 0; i < default_file_count; i++) {
        add_file(workspace, &default_files[i]);
    }
    workspace->layout.files[CARD_MF_INDEX].arr_file = find_made(&workspace->layout, FID_ARR_MF);
}

/* PINs and applications */

static void add_pin(struct card_workspace *workspace, uint8_t key_reference, uint8_t tries, uint8_t unblock_tries,
                    const struct pin_state *state)
{
    struct card_pin *pin = &workspace->layout.pins[workspace->layout.pin_count++];
    *pin = (struct card_pin){
        .key_reference = key_reference,
        .max_tries = tries,
        .max_unblock_tries = unblock_tries,
        .state = (uint32_t)workspace->bodies.length,
    };
    pin_state_write(&workspace->bodies, state);
}

static void add_pins(struct card_workspace *workspace)
{
    struct pin_state user = {
        .enabled = workspace->profile->pin_enabled, .tries = PIN_TRIES, .unblock_tries = PUK_TRIES};
    struct pin_state administrative = {.enabled = true, .tries = ADM_TRIES};
    memset(user.value, 0xff, sizeof user.value);
    memcpy(user.value, workspace->profile->pin, strlen(workspace->profile->pin));
    memcpy(user.unblock_value, workspace->profile->puk, PIN_VALUE_SIZE);
    memcpy(administrative.value, workspace->profile->adm, PIN_VALUE_SIZE);
    add_pin(workspace, 0x01, PIN_TRIES, PUK_TRIES, &user);
    add_pin(workspace, 0x0a, ADM_TRIES, 0, &administrative);
    secret_wipe(&user, sizeof user);
    secret_wipe(&administrative, sizeof administrative);
}

static void write_sqn_array(struct card_workspace *workspace)
{
    const aka_sqn sqn = workspace->profile->sqn & AKA_SQN_MASK;
    for (size_t ind = 0; ind < SQN_ENTRIES; ind++) {
        octet_writer_u48(&workspace->bodies, ind == sqn % SQN_ENTRIES ? sqn : 0);
    }
}

static void write_gba_state(struct card_workspace *workspace)
{
    size_t start = workspace->bodies.length;
    octet_writer_fill(&workspace->bodies, 0, GBA_STATE_ORDER);
    for (uint8_t i = 0; i < PROFILE_NAF_KEYS; i++) {
        octet_writer_u8(&workspace->bodies, i);
    }
    octet_writer_fill(&workspace->bodies, 0, gba_state_size(PROFILE_NAF_KEYS) - (workspace->bodies.length - start));
}

static struct card_application *add_application(struct card_workspace *workspace, struct octets aid)
{
    struct card_application *application = &workspace->layout.applications[workspace->layout.application_count++];
    *application = (struct card_application){
        .aid_length = (uint8_t)aid.length, .adf = CARD_NO_INDEX, .pin = PIN_USER};
    memcpy(application->aid, aid.data, aid.length);
    return application;
}

static void add_usim(struct card_workspace *workspace)
{
    enum { FID_USIM = 0x7ff0 };
    struct card_application *usim = add_application(workspace, octets_of(usim_aid, sizeof usim_aid));
    usim->adf = find_made(&workspace->layout, FID_USIM);
    usim->algorithm = AKA_ALGORITHM_MILENAGE;
    usim->gba_rules = workspace->profile->gba_rules;
    usim->sqn_delta = workspace->profile->sqn_delta;
    usim->naf_key_count = PROFILE_NAF_KEYS;
    usim->keys = (uint32_t)workspace->bodies.length;
    octet_writer_put(&workspace->bodies, workspace->profile->k.octets, AKA_K_SIZE);
    octet_writer_put(&workspace->bodies, workspace->profile->opc.octets, AKA_OPC_SIZE);
    usim->sqn = (uint32_t)workspace->bodies.length;
    write_sqn_array(workspace);
    usim->gba = (uint32_t)workspace->bodies.length;
    write_gba_state(workspace);
}

static enum gbau_status check_profile(const struct card_profile *profile)
{
    bool sound = is_digits(profile->imsi, 6, 15) && is_digits(profile->pin, 4, 8) && is_digits(profile->puk, 8, 8) &&
                 (profile->iccid == NULL || is_digits(profile->iccid, 18, 20)) &&
                 (profile->mnc_digits == 2 || profile->mnc_digits == 3) &&
                 profile->api_line_count <= PROFILE_MAX_API_LINES;
    return sound ? GBAU_OK : GBAU_E_ARGUMENT;
}

/* The tables' size is known beforehand, so bodies are laid behind them and the tables written last. */
static enum gbau_status make_data(struct card_workspace *workspace)
{
    workspace->layout.file_count = (uint8_t)default_file_count;
    workspace->layout.pin_count = PIN_COUNT;
    workspace->layout.application_count = APPLICATION_COUNT;
    const size_t tables_size = card_layout_size(&workspace->layout);
    workspace->layout = (struct card_layout){0};

    workspace->bodies = octet_writer_of(workspace->data, sizeof workspace->data);
    (void)octet_writer_reserve(&workspace->bodies, tables_size);
    add_files(workspace);
    add_pins(workspace);
    add_usim(workspace);
    (void)add_application(workspace, uicc_api_aid);
    workspace->layout.nonce_counter = (uint32_t)workspace->bodies.length;
    octet_writer_u64(&workspace->bodies, 1);

    struct octet_writer tables = octet_writer_of(workspace->data, tables_size);
    card_layout_write(&tables, &workspace->layout);
    return workspace->bodies.failed || tables.failed ? GBAU_E_SPACE : GBAU_OK;
}

static enum gbau_status format(struct crypto *crypto, const struct nvm_storage *storage, struct octets data)
{
    uint8_t record_magic[NVM_RECORD_MAGIC_SIZE];
    enum gbau_status status = crypto_random(crypto, record_magic, sizeof record_magic);
    return status == GBAU_OK ? nvm_format(storage, data, record_magic) : status;
}

size_t card_profile_memory_size(void)
{
    return nvm_size_for(PROFILE_DATA_SIZE);
}

enum gbau_status card_profile_make(const struct card_profile *profile, struct crypto *crypto,
                                   struct card_workspace *workspace, const struct nvm_storage *storage)
{
    enum gbau_status status = check_profile(profile);
    if (status != GBAU_OK) {
        return status;
    }
    *workspace = (struct card_workspace){.profile = profile};
    status = make_data(workspace);
    if (status == GBAU_OK) {
        status = format(crypto, storage, octets_of(workspace->data, sizeof workspace->data));
    }
    secret_wipe(workspace, sizeof *workspace);
    return status;
}
