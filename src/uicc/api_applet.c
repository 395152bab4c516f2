/* api_applet.c: the GBA_U API's own applet. */
#include "uicc/api_applet.h"

#include <string.h>

#include "base/secret.h"
#include "codec/ber_tlv.h"
#include "uicc/channel.h"
#include "uicc/command.h"
#include "uicc/file_system.h"
#include "uicc/gba.h"
#include "uicc/pin.h"

enum {
    TAG_NAF_ID = 0x80,
    TAG_B_TID = 0x81,
    TAG_DIRECTION = 0x82,
    TAG_ALGORITHM = 0x83,
    TAG_LABEL = 0x84,
    TAG_CONTEXT = 0x85,
    TAG_ADDITIONAL_DATA = 0x86,
    TAG_PLAINTEXT = 0x87,
    TAG_HANDLE = 0x90,
    TAG_ACCESS_LINE = 0x80
};

enum { NONCE_BLOCK = 256 }; /* nonces reserved by one write of the memory */

void api_applet_close_channel(struct uicc *uicc, size_t channel_number)
{
    for (size_t i = 0; i < UICC_API_SESSIONS; i++) {
        if (uicc->sessions[i].open && uicc->sessions[i].channel == channel_number) {
            secret_wipe(&uicc->sessions[i], sizeof uicc->sessions[i]);
        }
    }
}

/* EF_AC_GBAUAPI */

/* 80 { LV AID, LV NAF_ID }: true when it names this caller and this NAF. */
static bool line_matches(struct octets line, struct octets aid, struct octets naf_id)
{
    struct octet_reader reader = octet_reader_of(line);
    struct octets line_aid = octet_reader_take(&reader, octet_reader_u8(&reader));
    struct octets line_naf_id = octet_reader_take(&reader, octet_reader_u8(&reader));
    return octet_reader_end(&reader) == GBAU_OK && octets_equal(line_aid, aid) && octets_equal(line_naf_id, naf_id);
}

static bool access_is_granted(const struct uicc *uicc, const struct card_application *usim, struct octets naf_id)
{
    uint8_t index = file_system_find_child(uicc, usim->adf, FID_EF_AC_GBAUAPI);
    if (index == CARD_NO_INDEX) {
        return false;
    }
    const struct card_file file = card_layout_file(&uicc->layout, index);
    for (size_t i = 0; file.kind == FILE_KIND_LINEAR_FIXED && i < file.record_count; i++) {
        struct octets record = octets_of(uicc->nvm.data + file.body + i * file.record_length, file.record_length);
        struct octets line;
        if (ber_tlv_find(record, TAG_ACCESS_LINE, &line) == GBAU_OK && line_matches(line, uicc_api_aid, naf_id)) {
            return true;
        }
    }
    return false;
}

/* The application whose NAF keys the applet uses: the first USIM. */
static bool find_usim(const struct uicc *uicc, struct card_application *usim)
{
    for (uint8_t i = 0; i < uicc->layout.application_count; i++) {
        *usim = card_layout_application(&uicc->layout, i);
        if (usim->kind == APPLICATION_USIM) {
            return true;
        }
    }
    return false;
}

/* Command data */

/* True when the data is TLV objects to its last octet: a broken one must not pass for one that is not there. */
static bool is_well_formed(struct octets data)
{
    struct octet_reader reader = octet_reader_of(data);
    struct ber_tlv tlv;
    while (ber_tlv_next(&reader, &tlv)) {
    }
    return octet_reader_end(&reader) == GBAU_OK;
}

static struct octets optional_value(struct octets data, uint32_t tag)
{
    struct octets value;
    return ber_tlv_find(data, tag, &value) == GBAU_OK ? value : (struct octets){0};
}

static uint8_t single_octet(struct octets data, uint32_t tag)
{
    struct octets value = optional_value(data, tag);
    return value.length == 1 ? value.data[0] : 0;
}

/* OPEN KEY */

static uint8_t find_free_session(const struct uicc *uicc)
{
    for (uint8_t i = 0; i < UICC_API_SESSIONS; i++) {
        if (!uicc->sessions[i].open) {
            return i;
        }
    }
    return UICC_API_SESSIONS;
}

static enum status_word sw_of_open(enum gbau_status status)
{
    switch ((int)status) {
    case GBAU_E_NOT_FOUND:
        return SW_DATA_NOT_FOUND;
    case GBAU_E_UNSUPPORTED:
        return SW_FUNCTION_NOT_SUPPORTED;
    case GBAU_E_ARGUMENT:
        return SW_WRONG_DATA;
    default:
        return sw_of_status(status);
    }
}

static enum gbau_status open_session(struct uicc *uicc, const struct card_application *usim,
                                     const struct uicc_command *command, struct octets naf_id,
                                     struct uicc_api_session *session, uint8_t *record)
{
    const struct application_key_description description = {
        .usage = KEY_USAGE_ENCRYPT,
        .direction = (enum key_direction)single_octet(command->data, TAG_DIRECTION),
        .algorithm = (enum key_algorithm)single_octet(command->data, TAG_ALGORITHM),
        .label = optional_value(command->data, TAG_LABEL),
        .caller = uicc_api_aid,
        .context = optional_value(command->data, TAG_CONTEXT),
    };
    struct ks_int_naf root;
    enum gbau_status status = gba_use_key(uicc, usim, naf_id, &root, record);
    if (status == GBAU_OK) {
        status = application_key_derive(uicc->crypto, &root, &description, &session->key);
    }
    secret_wipe(&root, sizeof root);
    session->open = status == GBAU_OK;
    session->channel = command->channel_number;
    return status;
}

enum status_word command_api_open_key(struct uicc *uicc, const struct uicc_command *command,
                                      struct octet_writer *response)
{
    struct card_application usim;
    struct octets naf_id = optional_value(command->data, TAG_NAF_ID);
    uint8_t record = 0;
    if (command->p1 != 0 || command->p2 != 0) {
        return SW_WRONG_P1_P2;
    }
    if (!is_well_formed(command->data)) {
        return SW_WRONG_DATA;
    }
    if (!find_usim(uicc, &usim)) {
        return SW_CONDITIONS;
    }
    if (!pin_of_application_is_satisfied(uicc, &usim) || !access_is_granted(uicc, &usim, naf_id)) {
        return SW_SECURITY_STATUS;
    }
    uint8_t handle = find_free_session(uicc);
    if (handle == UICC_API_SESSIONS) {
        return SW_NO_MEMORY;
    }
    enum gbau_status status = open_session(uicc, &usim, command, naf_id, &uicc->sessions[handle], &record);
    if (status != GBAU_OK) {
        return sw_of_open(status);
    }
    ber_tlv_write(response, TAG_HANDLE, octets_of(&handle, 1));
    ber_tlv_write(response, TAG_B_TID, gba_b_tid_of_record(uicc, &usim, record));
    return SW_OK;
}

/* ENCRYPT */

static uint64_t read_nonce_counter(const struct uicc *uicc)
{
    struct octet_reader reader = octet_reader_of(octets_of(uicc->nvm.data + uicc->layout.nonce_counter, 8));
    return octet_reader_u64(&reader);
}

static enum gbau_status reserve_nonces(struct uicc *uicc)
{
    uint8_t octets[8];
    const uint64_t reserved = read_nonce_counter(uicc);
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    octet_writer_u64(&writer, reserved + NONCE_BLOCK);
    nvm_begin(&uicc->nvm);
    nvm_change(&uicc->nvm, uicc->layout.nonce_counter, octets, sizeof octets);
    enum gbau_status status = nvm_commit(&uicc->nvm);
    if (status == GBAU_OK) {
        status = crypto_random(uicc->crypto, uicc->nonce_prefix, sizeof uicc->nonce_prefix);
    }
    if (status == GBAU_OK) {
        uicc->next_nonce = reserved;
        uicc->nonce_limit = reserved + NONCE_BLOCK;
    }
    return status;
}

/* Four random octets and the card's counter, which survives power loss: no nonce ever comes twice. */
static enum gbau_status make_nonce(struct uicc *uicc, uint8_t nonce[AES_GCM_NONCE_SIZE])
{
    if (uicc->next_nonce == uicc->nonce_limit) {
        enum gbau_status status = reserve_nonces(uicc);
        if (status != GBAU_OK) {
            return status;
        }
    }
    struct octet_writer writer = octet_writer_of(nonce, AES_GCM_NONCE_SIZE);
    octet_writer_put(&writer, uicc->nonce_prefix, sizeof uicc->nonce_prefix);
    octet_writer_u64(&writer, uicc->next_nonce);
    uicc->next_nonce++;
    return GBAU_OK;
}

static struct uicc_api_session *find_session(struct uicc *uicc, const struct uicc_command *command)
{
    if (command->p1 >= UICC_API_SESSIONS) {
        return NULL;
    }
    struct uicc_api_session *session = &uicc->sessions[command->p1];
    return session->open && session->channel == command->channel_number ? session : NULL;
}

static enum status_word seal(struct uicc *uicc, const struct application_key *key, struct octets aad,
                             struct octets plaintext, struct octet_writer *response)
{
    uint8_t *nonce = octet_writer_reserve(response, AES_GCM_NONCE_SIZE);
    uint8_t *ciphertext = octet_writer_reserve(response, plaintext.length);
    uint8_t *tag = octet_writer_reserve(response, AES_GCM_TAG_SIZE);
    if (response->failed) {
        return SW_WRONG_LENGTH;
    }
    enum gbau_status status = make_nonce(uicc, nonce);
    if (status == GBAU_OK) {
        status = application_key_seal(uicc->crypto, key, nonce, aad, plaintext, ciphertext, tag);
    }
    return sw_of_status(status);
}

enum status_word command_api_encrypt(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    struct uicc_api_session *session = find_session(uicc, command);
    struct octets plaintext;
    if (command->p2 != 0) {
        return SW_WRONG_P1_P2;
    }
    if (session == NULL) {
        return SW_DATA_NOT_FOUND;
    }
    if (session->key.direction == KEY_DIRECTION_NAF_TO_CARD) {
        return SW_CONDITIONS; /* the NAF seals in this direction, the card only opens */
    }
    if (!is_well_formed(command->data) || ber_tlv_find(command->data, TAG_PLAINTEXT, &plaintext) != GBAU_OK) {
        return SW_WRONG_DATA;
    }
    return seal(uicc, &session->key, optional_value(command->data, TAG_ADDITIONAL_DATA), plaintext, response);
}

enum status_word command_api_close_key(struct uicc *uicc, const struct uicc_command *command,
                                       struct octet_writer *response)
{
    (void)response;
    struct uicc_api_session *session = find_session(uicc, command);
    if (session == NULL) {
        return SW_DATA_NOT_FOUND;
    }
    secret_wipe(session, sizeof *session);
    return SW_OK;
}
