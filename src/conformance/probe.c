/* probe.c: sends a check's commands and remembers the first deviation. */
#include "conformance/probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ignore.h"
#include "base/secret.h"
#include "base/text_coding.h"

enum { INS_VERIFY = 0x20, INS_UNBLOCK = 0x2c, INS_AUTHENTICATE = 0x88, INS_AUTHENTICATE_ODD = 0x89 };
enum { INS_READ_BINARY = 0xb0, INS_READ_RECORD = 0xb2, INS_UPDATE_BINARY = 0xd6, INS_UPDATE_RECORD = 0xdc };
enum { INS_TRANSFER_KEY = 0x58 }; /* of the GBA_U API: an exported key may come back */
enum { HEADER_SIZE = 4, SHOWN_OCTETS = 24 };

bool probe_goes_on(const struct probe *probe)
{
    return probe->status == GBAU_OK && probe->verdict == CONFORMANCE_PASSED;
}

/* Verdicts */

static void conclude(struct probe *probe, enum conformance_verdict verdict, const char *detail)
{
    if (probe_goes_on(probe)) {
        probe->verdict = verdict;
        (void)snprintf(probe->detail, sizeof probe->detail, "%s", detail);
    }
}

void probe_not_supported(struct probe *probe, const char *why)
{
    conclude(probe, CONFORMANCE_NOT_SUPPORTED, why);
}

void probe_skip(struct probe *probe, const char *why)
{
    conclude(probe, CONFORMANCE_SKIPPED, why);
}

void probe_demand_ok(struct probe *probe, enum gbau_status status)
{
    if (status != GBAU_OK && probe_goes_on(probe)) {
        probe->status = status;
    }
}

void probe_demand(struct probe *probe, bool condition, const char *format, ...)
{
    char expected[PROBE_SEEN_SIZE];
    char detail[CONFORMANCE_DETAIL_SIZE];
    va_list arguments;
    if (condition || !probe_goes_on(probe)) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(expected, sizeof expected, format, arguments);
    va_end(arguments);
    (void)snprintf(detail, sizeof detail, "%s, expected: %s", probe->seen, expected);
    conclude(probe, CONFORMANCE_FAILED, detail);
}

void probe_keep(struct content *content, struct octets octets)
{
    content->length = octets.length < sizeof content->octets ? octets.length : sizeof content->octets;
    memcpy(content->octets, octets.length == 0 ? (const uint8_t *)"" : octets.data, content->length);
}

struct octets content_octets(const struct content *content)
{
    return octets_of(content->octets, content->length);
}

void probe_demand_equal(struct probe *probe, struct octets octets, const struct content *content, const char *what)
{
    probe_demand(probe, octets_equal(octets, content_octets(content)), "%s", what);
}

/* Status words */

static bool digit_fits(uint16_t sw, size_t position, char pattern)
{
    const unsigned nibble = ((unsigned)sw >> (12 - 4 * position)) & 0x0fU;
    return pattern == 'X' || pattern == "0123456789ABCDEF"[nibble];
}

bool probe_sw_fits(uint16_t sw, const char *pattern)
{
    const uint16_t meant = (sw >> 8) == 0x91 ? 0x9000 : sw; /* a proactive command waits: as good as 9000 */
    for (const char *next = pattern; *next != '\0'; next += next[4] == '|' ? 5 : 4) {
        bool fits = true;
        for (size_t i = 0; i < 4; i++) {
            fits = fits && digit_fits(meant, i, next[i]);
        }
        if (fits) {
            return true;
        }
    }
    return false;
}

/* What may be shown */

static void show(struct octet_writer *text, struct octets octets)
{
    char hex[2 * SHOWN_OCTETS + 1] = "";
    const size_t length = octets.length < SHOWN_OCTETS ? octets.length : SHOWN_OCTETS;
    status_ignore(hex_encode(octets_of(octets.data, length), hex, sizeof hex)); /* it fits */
    for (char *digit = hex; *digit != '\0'; digit++) {
        octet_writer_u8(text, (uint8_t)(*digit >= 'a' ? *digit - 'a' + 'A' : *digit));
    }
    octet_writer_put_text(text, octets.length > length ? ".." : "");
}

/* VERIFY, CHANGE, DISABLE, ENABLE, UNBLOCK PIN; and updates of files with keys. */
static bool command_holds_secret(const struct probe *probe, uint8_t ins)
{
    const bool is_update = ins == INS_UPDATE_BINARY || ins == INS_UPDATE_RECORD;
    return (ins >= INS_VERIFY && ins <= INS_UNBLOCK) || (probe->hides_content && is_update);
}

static bool response_holds_secret(const struct probe *probe, uint8_t ins)
{
    const bool is_read = ins == INS_READ_BINARY || ins == INS_READ_RECORD;
    return ins == INS_AUTHENTICATE || ins == INS_AUTHENTICATE_ODD || ins == INS_TRANSFER_KEY ||
           (probe->hides_content && is_read);
}

/* "0020000108.. gave 63C2", "00B0000004 gave 08.. 9000". */
static void note(struct probe *probe, struct octets command)
{
    char number[40];
    const uint8_t ins = command.data[1];
    struct octet_writer text = octet_writer_of(probe->seen, sizeof probe->seen - 1);
    const bool hides = command_holds_secret(probe, ins) && command.length > HEADER_SIZE + 1;
    show(&text, hides ? octets_of(command.data, HEADER_SIZE + 1) : command);
    octet_writer_put_text(&text, hides ? ".. gave " : " gave ");
    if (response_holds_secret(probe, ins) && probe->response.data.length > 0) {
        (void)snprintf(number, sizeof number, "(%zu octets)", probe->response.data.length);
        octet_writer_put_text(&text, number);
    } else {
        show(&text, probe->response.data);
    }
    (void)snprintf(number, sizeof number, "%s%04X", probe->response.data.length == 0 ? "" : " ", probe->response.sw);
    octet_writer_put_text(&text, number);
    probe->seen[text.length] = '\0';
}

/* Sending */

static uint16_t transmit(struct probe *probe, struct octets command)
{
    size_t length = 0;
    struct apdu_response *response = &probe->response;
    enum gbau_status status =
        reader_transmit(probe->reader, command, response->octets, sizeof response->octets, &length);
    if (status == GBAU_E_CARD || status == GBAU_E_SPACE) {
        conclude(probe, CONFORMANCE_FAILED, "the card's answer was no response to a short APDU");
        return 0;
    }
    if (status != GBAU_OK) {
        probe->status = status;
        return 0;
    }
    response->data = octets_of(response->octets, length - 2);
    response->sw = (uint16_t)(response->octets[length - 2] << 8 | response->octets[length - 1]);
    note(probe, command);
    return response->sw;
}

static unsigned digit_of(char character)
{
    const char *digits = "0123456789ABCDEF";
    const char *found = strchr(digits, character);
    return found == NULL ? 0 : (unsigned)(found - digits);
}

/* The texts are our own tables': digits in upper case, "0X" and "8X" in front. */
static void write_command(const struct probe *probe, const char *text, struct octet_writer *writer)
{
    uint8_t cla = (uint8_t)(digit_of(text[0]) << 4 | digit_of(text[1]));
    octet_writer_u8(writer, text[1] == 'X' ? apdu_class_on_channel(cla, probe->channel) : cla);
    for (const char *next = text + 2; next[0] != '\0' && next[1] != '\0'; next += 2) {
        next += *next == ' ' ? 1 : 0;
        octet_writer_u8(writer, (uint8_t)(digit_of(next[0]) << 4 | digit_of(next[1])));
    }
}

static void write_short_body(struct octet_writer *writer, struct octets data, enum probe_le le)
{
    if (data.length > 0) {
        octet_writer_u8(writer, (uint8_t)data.length);
        octet_writer_put_octets(writer, data);
    }
    if (le == WITH_LE) {
        octet_writer_u8(writer, 0);
    }
    writer->failed = writer->failed || data.length > APDU_DATA_MAX;
}

/* ISO/IEC 7816-3 12.1.3, case 4E. */
static void write_extended_body(struct octet_writer *writer, struct octets data)
{
    octet_writer_u8(writer, 0);
    octet_writer_u16(writer, (uint16_t)data.length);
    octet_writer_put_octets(writer, data);
    octet_writer_u16(writer, 0);
}

static uint16_t send_always(struct probe *probe, const char *head, struct octets data, enum probe_le le)
{
    uint8_t command[APDU_EXTENDED_HEAD_SIZE + PROBE_EXTENDED_MAX + APDU_EXTENDED_LE_SIZE];
    uint16_t sw = 0;
    struct octet_writer writer = octet_writer_of(command, sizeof command);
    write_command(probe, head, &writer);
    if (le == EXTENDED) {
        write_extended_body(&writer, data);
    } else {
        write_short_body(&writer, data, le);
    }
    probe->response.data = (struct octets){0};
    if (octet_writer_end(&writer) != GBAU_OK) {
        probe->status = GBAU_E_SPACE;
    } else if (probe->status == GBAU_OK) {
        sw = transmit(probe, octets_written(&writer));
    }
    secret_wipe(command, sizeof command);
    return sw;
}

uint16_t probe_send_data(struct probe *probe, const char *head, struct octets data, enum probe_le le)
{
    if (!probe_goes_on(probe)) {
        return 0;
    }
    return send_always(probe, head, data, le);
}

uint16_t probe_send(struct probe *probe, const char *command)
{
    return probe_send_data(probe, command, (struct octets){0}, NO_LE);
}

uint16_t probe_clean_up(struct probe *probe, const char *head, struct octets data)
{
    char seen[PROBE_SEEN_SIZE];
    memcpy(seen, probe->seen, sizeof seen);
    const uint16_t sw = send_always(probe, head, data, NO_LE);
    memcpy(probe->seen, seen, sizeof seen);
    return sw;
}

/* Refusals of what a card need not have: no such function, file, instruction, security context. */
static bool means_missing(uint16_t sw)
{
    return probe_sw_fits(sw, "6A81|6A82|6D00|9864");
}

struct octets probe_expect_data(struct probe *probe, const char *head, struct octets data, enum probe_le le,
                                const char *sw)
{
    const bool may_be_missing = probe->may_be_missing;
    const uint16_t seen = probe_send_data(probe, head, data, le);
    probe->may_be_missing = false;
    if (!probe_goes_on(probe)) {
        return (struct octets){0};
    }
    if (may_be_missing && means_missing(seen)) {
        probe_not_supported(probe, probe->seen);
    }
    probe_demand(probe, probe_sw_fits(seen, sw), "%s", sw);
    return probe_goes_on(probe) ? probe->response.data : (struct octets){0};
}

struct octets probe_expect(struct probe *probe, const char *command, const char *sw)
{
    return probe_expect_data(probe, command, (struct octets){0}, NO_LE, sw);
}

struct octets probe_expect_offered(struct probe *probe, const char *command, const char *sw)
{
    probe->may_be_missing = true;
    return probe_expect(probe, command, sw);
}

/* Channels */

uint8_t probe_open_channel(struct probe *probe)
{
    const struct octets number = probe_expect(probe, "0070000001", "9000");
    probe_demand(probe, number.length == 1 && number.data[0] >= 1 && number.data[0] <= 19, "a channel from 1 to 19");
    if (!probe_goes_on(probe)) {
        return 0;
    }
    const uint8_t channel = number.data[0];
    probe->open_channels |= 1U << channel;
    return channel;
}

void probe_close_channel(struct probe *probe, uint8_t channel)
{
    char command[16];
    (void)snprintf(command, sizeof command, "007080%02X", channel);
    if ((probe->open_channels & 1U << channel) != 0) {
        probe->open_channels &= ~(1U << channel);
        (void)probe_clean_up(probe, command, (struct octets){0});
    }
}

void probe_close_channels(struct probe *probe)
{
    for (uint8_t channel = 1; channel <= 19; channel++) {
        probe_close_channel(probe, channel);
    }
}
