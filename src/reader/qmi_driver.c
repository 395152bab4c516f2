/*
 * qmi_driver.c: the card in a Qualcomm modem, by QMI's UIM service; the only file that knows libqmi.
 *
 * Channels are opened by AID; commands on channel 0 go straight through, as far as the modem lets them.
 */
#include <stdlib.h>
#include <string.h>

#include <libqmi-glib.h>

#include "base/secret.h"
#include "reader/glib_call.h"
#include "reader/modem_channels.h"
#include "reader/reader_driver.h"

enum { TIMEOUT_S = 10, SW_NOT_PASSED = 0x6f00, INS_MANAGE_CHANNEL = 0x70 };
enum { MESSAGE_SEND_APDU = 0x003b, MESSAGE_LOGICAL_CHANNEL = 0x003f, MESSAGE_OPEN_LOGICAL_CHANNEL = 0x0042 };
enum {
    TLV_SLOT = 0x01,
    TLV_RESULT = 0x02,
    TLV_OPEN_AID = 0x10,
    TLV_OPENED_CHANNEL = 0x10,
    TLV_APDU = 0x02,
    TLV_APDU_CHANNEL = 0x10,
    TLV_RESPONSE_APDU = 0x10,
    TLV_CLOSE_CHANNEL = 0x11
};

struct qmi_card {
    const struct log *log;
    struct glib_call call;
    QmiDevice *device;
    QmiClient *client; /* of the UIM service */
    struct modem_channels channels;
    guint8 sessions[MODEM_CHANNELS]; /* the card's channel for each of ours */
};

/* What the modem answers instead of a result, for the caller. */
static const struct {
    unsigned code;
    enum gbau_status status;
} protocol_errors[] = {
    {QMI_PROTOCOL_ERROR_NO_SIM, GBAU_E_NOT_FOUND},
    {QMI_PROTOCOL_ERROR_UIM_UNINITIALIZED, GBAU_E_NOT_FOUND},
    {QMI_PROTOCOL_ERROR_PIN_RESTRICTION, GBAU_E_PIN_REQUIRED},
    {QMI_PROTOCOL_ERROR_PIN_BLOCKED, GBAU_E_PIN_BLOCKED},
};

/* The transport failed. */
static enum gbau_status fail(const struct qmi_card *card, const char *what, const GError *error)
{
    log_error(card->log, "%s: %s", what, error->message);
    return g_error_matches(error, QMI_CORE_ERROR, QMI_CORE_ERROR_TIMEOUT) ? GBAU_E_TIMEOUT : GBAU_E_IO;
}

/* Messages: this libqmi has no words of its own for the three that concern channels */

static uint16_t read_u16_little(struct octet_reader *reader)
{
    const uint8_t low = octet_reader_u8(reader);
    return (uint16_t)(low | octet_reader_u8(reader) << 8);
}

static struct octets find_tlv(QmiMessage *message, guint8 type)
{
    guint16 length = 0;
    const guint8 *data = qmi_message_get_raw_tlv(message, type, &length);
    return octets_of(data, data == NULL ? 0 : length);
}

/* The result TLV that every answer has: 0, or 1 and an error. */
static enum gbau_status read_result(const struct qmi_card *card, QmiMessage *answer)
{
    struct octet_reader reader = octet_reader_of(find_tlv(answer, TLV_RESULT));
    const unsigned result = read_u16_little(&reader);
    const unsigned code = read_u16_little(&reader);
    if (reader.failed) {
        return GBAU_E_PROTOCOL;
    }
    if (result == 0) {
        return GBAU_OK;
    }
    const char *text = qmi_protocol_error_get_string((QmiProtocolError)code);
    for (size_t i = 0; i < sizeof protocol_errors / sizeof protocol_errors[0]; i++) {
        if (protocol_errors[i].code == code) {
            log_error(card->log, "the modem says of its card: %s", text);
            return protocol_errors[i].status;
        }
    }
    log_info(card->log, "the modem refused: %s (%u)", text == NULL ? "error" : text, code);
    return GBAU_E_REFUSED;
}

static QmiMessage *new_request(const struct qmi_card *card, guint16 id)
{
    static const guint8 slot = 1;
    QmiMessage *request = qmi_message_new(QMI_SERVICE_UIM, qmi_client_get_cid(card->client),
                                          qmi_client_get_next_transaction_id(card->client), id);
    (void)qmi_message_add_raw_tlv(request, TLV_SLOT, &slot, sizeof slot, NULL);
    return request;
}

/* Sends a request, which is used up. *answer belongs to the caller, also when the result is an error. */
static enum gbau_status run(struct qmi_card *card, QmiMessage *request, QmiMessage **answer)
{
    g_autoptr(GError) error = NULL;
    glib_call_begin(&card->call);
    qmi_device_command_full(card->device, request, NULL, TIMEOUT_S, NULL, glib_call_done, &card->call);
    *answer = qmi_device_command_full_finish(card->device, glib_call_await(&card->call), &error);
    glib_call_end(&card->call);
    qmi_message_unref(request);
    return *answer == NULL ? fail(card, "the modem does not answer", error) : read_result(card, *answer);
}

/* Sessions */

static enum gbau_status open_session(void *context, uint8_t channel, struct octets aid)
{
    struct qmi_card *card = context;
    uint8_t value[1 + MODEM_AID_MAX];
    g_autoptr(QmiMessage) answer = NULL;
    QmiMessage *request = new_request(card, MESSAGE_OPEN_LOGICAL_CHANNEL);
    struct octet_writer writer = octet_writer_of(value, sizeof value);
    octet_writer_u8(&writer, (uint8_t)aid.length);
    octet_writer_put_octets(&writer, aid);
    (void)qmi_message_add_raw_tlv(request, TLV_OPEN_AID, value, writer.length, NULL);
    enum gbau_status status = run(card, request, &answer);
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_reader reader = octet_reader_of(find_tlv(answer, TLV_OPENED_CHANNEL));
    card->sessions[channel] = octet_reader_u8(&reader);
    return reader.failed ? GBAU_E_PROTOCOL : GBAU_OK;
}

static enum gbau_status read_response(QmiMessage *answer, uint8_t *response, size_t capacity, size_t *length)
{
    struct octet_reader reader = octet_reader_of(find_tlv(answer, TLV_RESPONSE_APDU));
    const struct octets apdu = octet_reader_take(&reader, read_u16_little(&reader));
    if (reader.failed) {
        return GBAU_E_PROTOCOL;
    }
    struct octet_writer writer = octet_writer_of(response, capacity);
    octet_writer_put_octets(&writer, apdu);
    *length = writer.length;
    return octet_writer_end(&writer);
}

/* Sends a command on a channel of the card; 0 is the basic one. */
static enum gbau_status send_apdu(struct qmi_card *card, guint8 session, struct octets command, uint8_t *response,
                                  size_t capacity, size_t *length)
{
    uint8_t value[2 + READER_COMMAND_MAX];
    g_autoptr(QmiMessage) answer = NULL;
    QmiMessage *request = new_request(card, MESSAGE_SEND_APDU);
    struct octet_writer writer = octet_writer_of(value, sizeof value);
    octet_writer_u8(&writer, (uint8_t)command.length);
    octet_writer_u8(&writer, (uint8_t)(command.length >> 8));
    octet_writer_put_octets(&writer, command);
    (void)qmi_message_add_raw_tlv(request, TLV_APDU, value, writer.length, NULL);
    if (session != 0) {
        (void)qmi_message_add_raw_tlv(request, TLV_APDU_CHANNEL, &session, sizeof session, NULL);
    }
    enum gbau_status status = run(card, request, &answer);
    secret_wipe(value, sizeof value); /* a PIN may have been in it */
    return status == GBAU_OK ? read_response(answer, response, capacity, length) : status;
}

static enum gbau_status transmit_in_session(void *context, uint8_t channel, struct octets command, uint8_t *response,
                                            size_t capacity, size_t *length)
{
    struct qmi_card *card = context;
    return send_apdu(card, card->sessions[channel], command, response, capacity, length);
}

static void close_session(void *context, uint8_t channel)
{
    struct qmi_card *card = context;
    g_autoptr(QmiMessage) answer = NULL;
    QmiMessage *request = new_request(card, MESSAGE_LOGICAL_CHANNEL);
    (void)qmi_message_add_raw_tlv(request, TLV_CLOSE_CHANNEL, &card->sessions[channel], 1, NULL);
    if (run(card, request, &answer) != GBAU_OK) {
        log_debug(card->log, "the modem did not close channel %u", card->sessions[channel]);
    }
}

static const struct modem_sessions qmi_sessions = {
    .open = open_session, .transmit = transmit_in_session, .close = close_session};

/* The driver */

static enum gbau_status qmi_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                     size_t *length)
{
    struct qmi_card *card = state;
    if (command.data[1] == INS_MANAGE_CHANNEL || modem_channel_of(command.data[0]) != 0) {
        return modem_channels_transmit(&card->channels, command, response, capacity, length);
    }
    enum gbau_status status = send_apdu(card, 0, command, response, capacity, length);
    return status == GBAU_E_REFUSED ? modem_answer_sw(SW_NOT_PASSED, response, capacity, length) : status;
}

static void release_client(struct qmi_card *card)
{
    glib_call_begin(&card->call);
    qmi_device_release_client(card->device, card->client, QMI_DEVICE_RELEASE_CLIENT_FLAGS_RELEASE_CID, TIMEOUT_S, NULL,
                              glib_call_done, &card->call);
    (void)qmi_device_release_client_finish(card->device, glib_call_await(&card->call), NULL);
    glib_call_end(&card->call);
    g_clear_object(&card->client);
}

static void close_device(struct qmi_card *card)
{
    glib_call_begin(&card->call);
    qmi_device_close_async(card->device, TIMEOUT_S, NULL, glib_call_done, &card->call);
    (void)qmi_device_close_finish(card->device, glib_call_await(&card->call), NULL);
    glib_call_end(&card->call);
    g_clear_object(&card->device);
}

static void qmi_close(void *state)
{
    struct qmi_card *card = state;
    if (card->client != NULL) {
        modem_channels_close(&card->channels);
        release_client(card);
    }
    if (card->device != NULL) {
        close_device(card);
    }
    g_main_context_unref(card->call.context);
    free(card);
}

static const struct reader_driver qmi_driver = {.transmit = qmi_transmit, .close = qmi_close};

/* Opening */

static enum gbau_status make_device(struct qmi_card *card, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GFile) file = g_file_new_for_path(path);
    glib_call_begin(&card->call);
    qmi_device_new(file, NULL, glib_call_done, &card->call);
    card->device = qmi_device_new_finish(glib_call_await(&card->call), &error);
    glib_call_end(&card->call);
    return card->device == NULL ? fail(card, "the modem cannot be opened", error) : GBAU_OK;
}

/* The control port of a modem has one owner: the proxy shares it between ModemManager and us. */
static enum gbau_status open_device(struct qmi_card *card, const char *path)
{
    g_autoptr(GError) error = NULL;
    const bool is_shared = strncmp(path, "/dev/cdc-wdm", 12) == 0 || strncmp(path, "/dev/wwan", 9) == 0;
    glib_call_begin(&card->call);
    qmi_device_open(card->device, is_shared ? QMI_DEVICE_OPEN_FLAGS_PROXY : QMI_DEVICE_OPEN_FLAGS_NONE, TIMEOUT_S, NULL,
                    glib_call_done, &card->call);
    const gboolean opened = qmi_device_open_finish(card->device, glib_call_await(&card->call), &error);
    glib_call_end(&card->call);
    return opened ? GBAU_OK : fail(card, "the modem cannot be opened", error);
}

static enum gbau_status allocate_client(struct qmi_card *card)
{
    g_autoptr(GError) error = NULL;
    glib_call_begin(&card->call);
    qmi_device_allocate_client(card->device, QMI_SERVICE_UIM, QMI_CID_NONE, TIMEOUT_S, NULL, glib_call_done,
                               &card->call);
    card->client = qmi_device_allocate_client_finish(card->device, glib_call_await(&card->call), &error);
    glib_call_end(&card->call);
    return card->client == NULL ? fail(card, "the modem does not talk QMI about its card", error) : GBAU_OK;
}

/* libqmi would write to standard error what it thinks of the device. */
static void ignore_library_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data)
{
    (void)domain;
    (void)level;
    (void)message;
    (void)data;
}

enum gbau_status qmi_driver_open(const char *device, const struct log *log, struct reader_connection *connection)
{
    struct qmi_card *card = calloc(1, sizeof *card);
    if (card == NULL) {
        return GBAU_E_MEMORY;
    }
    (void)g_log_set_handler("Qmi", G_LOG_LEVEL_MASK, ignore_library_log, NULL);
    card->log = log;
    card->call.context = g_main_context_new();
    card->channels = (struct modem_channels){.sessions = &qmi_sessions, .context = card};
    enum gbau_status status = make_device(card, device);
    if (status == GBAU_OK) {
        status = open_device(card, device);
    }
    if (status == GBAU_OK) {
        status = allocate_client(card);
    }
    if (status != GBAU_OK) {
        qmi_close(card);
        return status;
    }
    *connection = (struct reader_connection){.driver = &qmi_driver, .state = card, .is_t0 = true};
    return GBAU_OK;
}
