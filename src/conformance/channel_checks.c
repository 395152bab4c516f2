/* channel_checks.c: MANAGE CHANNEL, and that each channel has a state of its own (TS 102 221 8.7, 11.1.17). */
#include <stdio.h>

#include "conformance/check.h"

enum { TAG_FID = 0x83, TAG_AID = 0x84, CHANNELS_MAX = 19 };

/* Two channels besides the check's own one, which a card need not have. */
struct pair {
    uint8_t first, second;
};

static struct pair open_pair(struct probe *probe)
{
    struct pair pair = {0};
    if (probe->channel == 0) {
        probe_not_supported(probe, "the card opens no logical channel");
        return pair;
    }
    pair.first = probe_open_channel(probe);
    pair.second = probe_open_channel(probe);
    return pair;
}

static void opens(struct probe *probe)
{
    const struct pair pair = open_pair(probe);
    probe_demand(probe, pair.first != pair.second && pair.first != probe->channel && pair.second != probe->channel,
                 "a number that is not in use");
}

static bool is_at_mf(struct octets fcp)
{
    return octets_equal(fcp_value(fcp, TAG_FID), octets_of("\x3f\x00", 2));
}

static void starts_at_mf(struct probe *probe)
{
    probe->channel = open_pair(probe).first;
    const struct octets fcp = probe_fcp(probe, probe_expect(probe, "8XF2000000", "9000"));
    probe_demand(probe, is_at_mf(fcp), "the MF as current directory");
}

static void starts_without_application(struct probe *probe)
{
    probe->channel = open_pair(probe).first;
    const struct octets answer = probe_expect(probe, "8XF2000100", "9000|6XXX");
    probe_demand(probe, fcp_value(answer, TAG_AID).length == 0, "no AID");
}

static void own_selection(struct probe *probe)
{
    struct content content;
    const struct pair pair = open_pair(probe);
    probe->channel = pair.first;
    probe_read_file(probe, 0x2fe2, &content);
    probe->channel = pair.second;
    (void)probe_expect(probe, "0XA4000C022F05", "9000");
    probe->channel = pair.first;
    probe_demand_equal(probe, probe_expect(probe, "0XB000000A", "9000"), &content, "the file of this channel");
}

static void own_record_pointer(struct probe *probe)
{
    struct content first;
    const struct pair pair = open_pair(probe);
    probe->channel = pair.first;
    (void)probe_select(probe, 0x2f00);
    probe_keep(&first, probe_expect(probe, "0XB2000200", "9000"));
    probe->channel = pair.second;
    (void)probe_select(probe, 0x2f00);
    probe_demand_equal(probe, probe_expect(probe, "0XB2000200", "9000"), &first, "record 1 on this channel too");
}

static void own_application(struct probe *probe)
{
    const struct pair pair = open_pair(probe);
    probe->channel = pair.first;
    probe_select_application(probe, usim_aid_prefix, NULL);
    probe->channel = pair.second;
    (void)probe_expect(probe, "0XA4000C027FFF", ANY_ERROR);
    probe->channel = pair.first;
    (void)probe_expect(probe, "0XA4000C027FFF", "9000");
}

static void closed_is_refused(struct probe *probe)
{
    const struct pair pair = open_pair(probe);
    probe_close_channel(probe, pair.first);
    probe->channel = pair.first;
    (void)probe_expect(probe, "0XA4000C023F00", "6881");
}

/* What was selected before must not show on the channel that is opened next. */
static void reopened_is_fresh(struct probe *probe)
{
    const struct pair pair = open_pair(probe);
    probe->channel = pair.first;
    (void)probe_expect(probe, "0XA4000C022FE2", "9000");
    probe_close_channel(probe, pair.first);
    probe->channel = probe_open_channel(probe);
    (void)probe_expect(probe, "0XB000000A", ANY_ERROR);
    const struct octets fcp = probe_fcp(probe, probe_expect(probe, "8XF2000000", "9000"));
    probe_demand(probe, is_at_mf(fcp), "the MF as current directory");
}

static void inherits(struct probe *probe)
{
    const struct pair pair = open_pair(probe);
    probe->channel = pair.first;
    probe_select_application(probe, usim_aid_prefix, NULL);
    const struct octets number = probe_expect(probe, "0X70000001", "9000");
    probe_demand(probe, number.length == 1 && number.data[0] <= CHANNELS_MAX, "the number of a channel");
    if (probe_goes_on(probe)) {
        probe->open_channels |= 1U << number.data[0];
        probe->channel = number.data[0];
        (void)probe_expect(probe, "0XA4000C027FFF", "9000");
    }
}

static void by_number(struct probe *probe)
{
    char command[16];
    const struct pair pair = open_pair(probe);
    probe_close_channel(probe, pair.second);
    (void)snprintf(command, sizeof command, "007000%02X", pair.second);
    const struct octets answer = probe_expect(probe, command, "9000");
    probe->open_channels |= probe_goes_on(probe) ? 1U << pair.second : 0;
    probe_demand(probe, answer.length == 0, "no data");
    probe->channel = pair.second;
    (void)probe_expect(probe, "0XA4000C023F00", "9000");
}

static void pin_on_all_channels(struct probe *probe)
{
    probe->channel = open_pair(probe).first;
    probe_select_application(probe, usim_aid_prefix, NULL);
    (void)probe_expect(probe, "0XA4000C026F07", "9000");
    (void)probe_expect(probe, "0XB0000009", "9000");
}

static void closing_keeps_pin(struct probe *probe)
{
    const struct pair pair = open_pair(probe);
    probe_close_channel(probe, pair.first);
    probe->channel = pair.second;
    probe_select_application(probe, usim_aid_prefix, NULL);
    (void)probe_expect(probe, "0XA4000C026F07", "9000");
    (void)probe_expect(probe, "0XB0000009", "9000");
}

static void runs_out(struct probe *probe)
{
    uint16_t sw = 0x9000;
    for (unsigned i = 0; i <= CHANNELS_MAX && probe_sw_fits(sw, "9000") && probe_goes_on(probe); i++) {
        sw = probe_send(probe, "0070000001");
        if (probe_sw_fits(sw, "9000") && probe->response.data.length == 1) {
            probe->open_channels |= 1U << (probe->response.data.data[0] & 0x1f);
        }
    }
    probe_demand(probe, probe_sw_fits(sw, "6A81|6881"), "6A81 when all are open");
}

static const struct check checks[] = {
    {"channel.open", "TS 102 221 11.1.17", "MANAGE CHANNEL opens channels with numbers of their own", 0, .run = opens},
    {"channel.starts_at_mf", "TS 102 221 8.7", "on a new channel the MF is current", 0, .run = starts_at_mf},
    {"channel.starts_without_application", "TS 102 221 8.7", "on a new channel no application is active", 0,
     .run = starts_without_application},
    {"channel.own_selection", "TS 102 221 8.7", "each channel has a current file of its own", 0, .run = own_selection},
    {"channel.own_record_pointer", "TS 102 221 8.7", "each channel has a record pointer of its own", 0,
     .run = own_record_pointer},
    {"channel.own_application", "TS 102 221 8.7", "each channel has an active application of its own", NEEDS_USIM,
     .run = own_application},
    {"channel.closed", "TS 102 221 10.2.1.5", "a command on a closed channel is refused with 6881", 0,
     .run = closed_is_refused},
    {"channel.reopened", "TS 102 221 8.7", "a channel that is opened again has forgotten what was selected", 0,
     .run = reopened_is_fresh},
    {"channel.inherits", "TS 102 221 8.7", "a channel opened from another than 0 inherits the active application",
     NEEDS_USIM | IS_ADVISORY, .run = inherits},
    {"channel.by_number", "TS 102 221 11.1.17", "the terminal may choose the number of a channel", IS_ADVISORY,
     .run = by_number},
    {"channel.basic_stays", "TS 102 221 11.1.17", "channel 0 cannot be closed", IS_ADVISORY,
     STEPS({"00708000", ANY_ERROR}, {"80F2000C", "9000"})},
    {"channel.wrong_p1", "TS 102 221 11.1.17", "MANAGE CHANNEL with a reserved P1 is refused with 6A86", IS_ADVISORY,
     STEPS({"0070400001", "6A86"})},
    {"channel.runs_out", "TS 102 221 11.1.17", "when all channels are open, the next one is refused with 6A81",
     NEEDS_DESTRUCTIVE | IS_ADVISORY, .run = runs_out},
    {"channel.pin_on_all", "TS 102 221 11.1.9", "a verified PIN holds on all channels", NEEDS_USIM | NEEDS_PIN_OPEN,
     .run = pin_on_all_channels},
    {"channel.closing_keeps_pin", "TS 102 221 11.1.9", "closing a channel leaves the PIN verified",
     NEEDS_USIM | NEEDS_PIN_OPEN, .run = closing_keeps_pin},
};

CHECK_GROUP(channel_checks, checks);
