/* card_key.c: keys of the GBA_U API's applet. */
#include "me/card_key.h"

#include <stdio.h>
#include <string.h>

#include "base/ignore.h"
#include "base/secret.h"
#include "codec/ber_tlv.h"
#include "key/api_aid.h"
#include "key/api_coding.h"
#include "me/apdu.h"

enum { INS_SELECT = 0xa4, INS_MANAGE_CHANNEL = 0x70, CLA_API = 0x80 };

static enum gbau_status run(struct card_key *key, const struct apdu_command *command, struct apdu_response *response)
{
    enum gbau_status status = apdu_exchange(key->reader, key->channel, command, response);
    return status == GBAU_OK ? apdu_status_of_sw(response->sw) : status;
}

static enum gbau_status open_channel(struct card_key *key)
{
    struct apdu_response response;
    const struct apdu_command command = {.ins = INS_MANAGE_CHANNEL, .le = 1};
    enum gbau_status status = run(key, &command, &response);
    if (status != GBAU_OK) {
        return status;
    }
    if (response.data.length != 1 || response.data.data[0] < 1 || response.data.data[0] > 19) {
        return GBAU_E_CARD;
    }
    key->channel = response.data.data[0];
    return GBAU_OK;
}

static void close_channel(struct card_key *key)
{
    struct apdu_response response;
    const struct apdu_command command = {.ins = INS_MANAGE_CHANNEL, .p1 = 0x80, .p2 = key->channel, .le = APDU_NO_LE};
    if (key->channel != 0) {
        status_ignore(apdu_exchange(key->reader, 0, &command, &response));
    }
    key->channel = 0;
}

static enum gbau_status select_applet(struct card_key *key)
{
    struct apdu_response response;
    const struct apdu_command command = {
        .ins = INS_SELECT,
        .p1 = 0x04,
        .p2 = 0x0c,
        .data = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE),
        .le = APDU_NO_LE,
    };
    enum gbau_status status = run(key, &command, &response);
    return status == GBAU_E_NOT_FOUND ? GBAU_E_UNSUPPORTED : status; /* a card without the API */
}

static void write_octet(struct octet_writer *writer, uint32_t tag, uint8_t value)
{
    ber_tlv_write(writer, tag, octets_of(&value, 1));
}

static enum gbau_status read_opened(struct card_key *key, struct octets data)
{
    struct octets handle;
    struct octets b_tid;
    if (ber_tlv_find(data, API_TAG_HANDLE, &handle) != GBAU_OK || handle.length != 1 ||
        ber_tlv_find(data, API_TAG_B_TID, &b_tid) != GBAU_OK) {
        return GBAU_E_CARD;
    }
    key->handle = handle.data[0];
    return octets_to_text(b_tid, key->b_tid, sizeof key->b_tid) == GBAU_OK ? GBAU_OK : GBAU_E_CARD;
}

static enum gbau_status open_key(struct card_key *key, struct octets naf_id)
{
    uint8_t data[APDU_DATA_MAX];
    struct apdu_response response;
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    ber_tlv_write(&writer, API_TAG_NAF_ID, naf_id);
    write_octet(&writer, API_TAG_DIRECTION, KEY_DIRECTION_CARD_TO_NAF);
    write_octet(&writer, API_TAG_ALGORITHM, (uint8_t)key->algorithm);
    ber_tlv_write(&writer, API_TAG_LABEL, octets_of_text(key->label));
    enum gbau_status status = octet_writer_end(&writer);
    if (status != GBAU_OK) {
        return status;
    }
    const struct apdu_command command = {
        .cla = CLA_API, .ins = API_INS_OPEN_KEY, .data = octets_written(&writer), .le = APDU_ANY_LE};
    status = run(key, &command, &response);
    return status == GBAU_OK ? read_opened(key, response.data) : status;
}

/* Everything that a key needs; what was opened before a failure is the caller's to close. */
static enum gbau_status open_on_channel(struct card_key *key, struct octets naf_id)
{
    enum gbau_status status = open_channel(key);
    if (status == GBAU_OK) {
        status = select_applet(key);
    }
    return status == GBAU_OK ? open_key(key, naf_id) : status;
}

enum gbau_status card_key_open(struct card_key *key, struct reader *reader, struct octets naf_id, const char *label)
{
    *key = (struct card_key){.algorithm = KEY_ALGORITHM_AES_256_GCM};
    if (label[0] == '\0' || strlen(label) > APPLICATION_LABEL_MAX) {
        return GBAU_E_ARGUMENT;
    }
    (void)snprintf(key->label, sizeof key->label, "%s", label);
    key->reader = reader;
    enum gbau_status status = open_on_channel(key, naf_id);
    if (status != GBAU_OK) {
        close_channel(key);
        key->reader = NULL;
    }
    return status;
}

void card_key_close(struct card_key *key)
{
    struct apdu_response response;
    if (key->reader == NULL) {
        return;
    }
    const struct apdu_command command = {
        .cla = CLA_API, .ins = API_INS_CLOSE_KEY, .p1 = key->handle, .le = APDU_NO_LE};
    status_ignore(run(key, &command, &response)); /* closing the channel ends the key too */
    close_channel(key);
    key->reader = NULL;
}

/* Response of an encryption in one block: nonce, ciphertext, tag. */
static enum gbau_status write_message(const struct sealed_message_key *name,
                                      struct octets text, struct octets response, struct octet_writer *sealed)
{
    struct octets nonce;
    struct octets ciphertext;
    struct octets tag;
    if (ber_tlv_find(response, API_TAG_NONCE, &nonce) != GBAU_OK || nonce.length != AEAD_NONCE_SIZE ||
        ber_tlv_find(response, API_TAG_TEXT, &ciphertext) != GBAU_OK || ciphertext.length != text.length ||
        ber_tlv_find(response, API_TAG_AUTHENTICATOR, &tag) != GBAU_OK || tag.length != AEAD_TAG_SIZE) {
        return GBAU_E_CARD;
    }
    sealed_message_write(sealed, name, nonce.data, ciphertext, tag.data);
    return octet_writer_end(sealed);
}

enum gbau_status card_key_seal(struct card_key *key, struct octets text, struct octet_writer *sealed)
{
    uint8_t aad[SEALED_MESSAGE_AAD_MAX];
    uint8_t data[APDU_DATA_MAX];
    struct apdu_response response;
    const struct sealed_message_key name = {.algorithm = key->algorithm, .b_tid = octets_of_text(key->b_tid),
                                            .label = octets_of_text(key->label)};
    if (text.length > CARD_KEY_PLAINTEXT_MAX) {
        return GBAU_E_SPACE;
    }
    struct octet_writer aad_writer = octet_writer_of(aad, sizeof aad);
    sealed_message_write_aad(&aad_writer, &name, (struct octets){0});
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    ber_tlv_write(&writer, API_TAG_ADDITIONAL_DATA, octets_written(&aad_writer));
    ber_tlv_write(&writer, API_TAG_TEXT, text);
    if (aad_writer.failed || writer.failed) {
        secret_wipe(data, sizeof data);
        return GBAU_E_SPACE;
    }
    const struct apdu_command command = {.cla = CLA_API,
                                         .ins = API_INS_PROCESS,
                                         .p1 = key->handle,
                                         .p2 = API_FIRST_BLOCK | API_LAST_BLOCK | API_ENCRYPT,
                                         .data = octets_written(&writer),
                                         .le = APDU_ANY_LE};
    enum gbau_status status = run(key, &command, &response);
    secret_wipe(data, sizeof data); /* the text was in it */
    return status == GBAU_OK ? write_message(&name, text, response.data, sealed) : status;
}
