/*
 * mbim_driver.c: the card in a modem, by Microsoft's low-level UICC access over MBIM; the only file that knows libmbim.
 *
 * Channels are opened by AID; there is no way to send commands on channel 0.
 */
#include <stdlib.h>
#include <string.h>

#include <libmbim-glib.h>

#include "base/secret.h"
#include "reader/glib_call.h"
#include "reader/modem_channels.h"
#include "reader/reader_driver.h"

enum { TIMEOUT_S = 10, CHANNEL_GROUP = 1, SELECT_P2 = 0x04, SW_NO_CHANNEL = 0x6881, INS_MANAGE_CHANNEL = 0x70 };

struct mbim_card {
    const struct log *log;
    struct glib_call call;
    MbimDevice *device;
    bool is_open;
    struct modem_channels channels;
    guint32 sessions[MODEM_CHANNELS]; /* the modem's channel for each of ours */
};

/* What the modem answers instead of a result, for the caller. */
static const struct {
    gint code;
    enum gbau_status status;
} status_errors[] = {
    {MBIM_STATUS_ERROR_SIM_NOT_INSERTED, GBAU_E_NOT_FOUND},
    {MBIM_STATUS_ERROR_BAD_SIM, GBAU_E_NOT_FOUND},
    {MBIM_STATUS_ERROR_PIN_REQUIRED, GBAU_E_PIN_REQUIRED},
    {MBIM_STATUS_ERROR_BUSY, GBAU_E_BUSY},
};

static enum gbau_status status_of(const GError *error)
{
    if (g_error_matches(error, MBIM_CORE_ERROR, MBIM_CORE_ERROR_TIMEOUT)) {
        return GBAU_E_TIMEOUT;
    }
    if (error->domain != MBIM_STATUS_ERROR) {
        return GBAU_E_IO;
    }
    for (size_t i = 0; i < sizeof status_errors / sizeof status_errors[0]; i++) {
        if (status_errors[i].code == error->code) {
            return status_errors[i].status;
        }
    }
    return GBAU_E_REFUSED;
}

static enum gbau_status fail(const struct mbim_card *card, const char *what, const GError *error)
{
    enum gbau_status status = status_of(error);
    log_write(card->log, status == GBAU_E_REFUSED ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "%s: %s", what, error->message);
    return status;
}

/* SW1 comes first, and the number is little-endian. */
static uint16_t sw_of(guint32 status)
{
    return (uint16_t)((status & 0xff) << 8 | (status >> 8 & 0xff));
}

/* Sends a request, which is used up; the answer belongs to the caller, NULL with `error` when there is none. */
static MbimMessage *run(struct mbim_card *card, MbimMessage *request, GError **error)
{
    glib_call_begin(&card->call);
    mbim_device_command(card->device, request, TIMEOUT_S, NULL, glib_call_done, &card->call);
    MbimMessage *answer = mbim_device_command_finish(card->device, glib_call_await(&card->call), error);
    glib_call_end(&card->call);
    mbim_message_unref(request);
    if (answer != NULL && !mbim_message_response_get_result(answer, MBIM_MESSAGE_TYPE_COMMAND_DONE, error)) {
        g_clear_pointer(&answer, mbim_message_unref);
    }
    return answer;
}

/* Sessions */

static enum gbau_status open_session(void *context, uint8_t channel, struct octets aid)
{
    struct mbim_card *card = context;
    g_autoptr(GError) error = NULL;
    guint32 sw = 0;
    MbimMessage *request = mbim_message_ms_uicc_low_level_access_open_channel_set_new((guint32)aid.length, aid.data,
                                                                                      SELECT_P2, CHANNEL_GROUP, NULL);
    g_autoptr(MbimMessage) answer = run(card, request, &error);
    if (answer == NULL || !mbim_message_ms_uicc_low_level_access_open_channel_response_parse(
                              answer, &sw, &card->sessions[channel], NULL, NULL, &error)) {
        return fail(card, "the modem opens no channel for the application", error);
    }
    return sw_of(sw) == 0x9000 || sw_of(sw) >> 8 == 0x61 ? GBAU_OK : GBAU_E_REFUSED;
}

static enum gbau_status write_response(struct octets data, uint16_t sw, uint8_t *response, size_t capacity,
                                       size_t *length)
{
    struct octet_writer writer = octet_writer_of(response, capacity);
    octet_writer_put_octets(&writer, data);
    octet_writer_u16(&writer, sw);
    *length = writer.length;
    return octet_writer_end(&writer);
}

static enum gbau_status transmit_in_session(void *context, uint8_t channel, struct octets command, uint8_t *response,
                                            size_t capacity, size_t *length)
{
    struct mbim_card *card = context;
    g_autoptr(GError) error = NULL;
    guint32 sw = 0;
    guint32 data_length = 0;
    const guint8 *data = NULL;
    const guint32 session = card->sessions[channel];
    MbimMessage *request = mbim_message_ms_uicc_low_level_access_apdu_set_new(
        session, MBIM_UICC_SECURE_MESSAGING_NONE,
        session < 4 ? MBIM_UICC_CLASS_BYTE_TYPE_INTER_INDUSTRY : MBIM_UICC_CLASS_BYTE_TYPE_EXTENDED,
        (guint32)command.length, command.data, NULL);
    g_autoptr(MbimMessage) answer = run(card, request, &error);
    if (answer == NULL ||
        !mbim_message_ms_uicc_low_level_access_apdu_response_parse(answer, &sw, &data_length, &data, &error)) {
        return fail(card, "the modem does not pass the command", error);
    }
    return write_response(octets_of(data, data_length), sw_of(sw), response, capacity, length);
}

static void close_session(void *context, uint8_t channel)
{
    struct mbim_card *card = context;
    MbimMessage *request =
        mbim_message_ms_uicc_low_level_access_close_channel_set_new(card->sessions[channel], CHANNEL_GROUP, NULL);
    g_autoptr(MbimMessage) answer = run(card, request, NULL);
    if (answer == NULL) {
        log_debug(card->log, "the modem did not close channel %u", card->sessions[channel]);
    }
}

static const struct modem_sessions mbim_sessions = {
    .open = open_session, .transmit = transmit_in_session, .close = close_session};

/* The driver */

static enum gbau_status mbim_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                      size_t *length)
{
    struct mbim_card *card = state;
    if (command.data[1] == INS_MANAGE_CHANNEL || modem_channel_of(command.data[0]) != 0) {
        return modem_channels_transmit(&card->channels, command, response, capacity, length);
    }
    log_error(card->log, "MBIM reaches no card on channel 0: command %02X cannot be sent", command.data[1]);
    return modem_answer_sw(SW_NO_CHANNEL, response, capacity, length);
}

static void close_device(struct mbim_card *card)
{
    glib_call_begin(&card->call);
    mbim_device_close(card->device, TIMEOUT_S, NULL, glib_call_done, &card->call);
    (void)mbim_device_close_finish(card->device, glib_call_await(&card->call), NULL);
    glib_call_end(&card->call);
}

static void mbim_close(void *state)
{
    struct mbim_card *card = state;
    if (card->is_open) {
        modem_channels_close(&card->channels);
        close_device(card);
    }
    g_clear_object(&card->device);
    g_main_context_unref(card->call.context);
    free(card);
}

static const struct reader_driver mbim_driver = {.transmit = mbim_transmit, .close = mbim_close};

/* Opening */

static enum gbau_status make_device(struct mbim_card *card, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GFile) file = g_file_new_for_path(path);
    glib_call_begin(&card->call);
    mbim_device_new(file, NULL, glib_call_done, &card->call);
    card->device = mbim_device_new_finish(glib_call_await(&card->call), &error);
    glib_call_end(&card->call);
    return card->device == NULL ? fail(card, "the modem cannot be opened", error) : GBAU_OK;
}

/* The control port of a modem has one owner: the proxy shares it between ModemManager and us. */
static enum gbau_status open_device(struct mbim_card *card, const char *path)
{
    g_autoptr(GError) error = NULL;
    const bool is_shared = strncmp(path, "/dev/cdc-wdm", 12) == 0 || strncmp(path, "/dev/wwan", 9) == 0;
    glib_call_begin(&card->call);
    mbim_device_open_full(card->device, is_shared ? MBIM_DEVICE_OPEN_FLAGS_PROXY : MBIM_DEVICE_OPEN_FLAGS_NONE,
                          TIMEOUT_S, NULL, glib_call_done, &card->call);
    card->is_open = mbim_device_open_full_finish(card->device, glib_call_await(&card->call), &error);
    glib_call_end(&card->call);
    return card->is_open ? GBAU_OK : fail(card, "the modem cannot be opened", error);
}

/* libmbim would write to standard error what it thinks of the device. */
static void ignore_library_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data)
{
    (void)domain;
    (void)level;
    (void)message;
    (void)data;
}

enum gbau_status mbim_driver_open(const char *device, const struct log *log, struct reader_connection *connection)
{
    struct mbim_card *card = calloc(1, sizeof *card);
    if (card == NULL) {
        return GBAU_E_MEMORY;
    }
    (void)g_log_set_handler("Mbim", G_LOG_LEVEL_MASK, ignore_library_log, NULL);
    card->log = log;
    card->call.context = g_main_context_new();
    card->channels = (struct modem_channels){.sessions = &mbim_sessions, .context = card};
    enum gbau_status status = make_device(card, device);
    if (status == GBAU_OK) {
        status = open_device(card, device);
    }
    if (status != GBAU_OK) {
        mbim_close(card);
        return status;
    }
    *connection = (struct reader_connection){.driver = &mbim_driver, .state = card, .is_t0 = true};
    return GBAU_OK;
}
