/* probe_card.c: what many checks look at: files, applications, services, PIN counters. */
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "codec/ber_tlv.h"
#include "conformance/probe.h"

enum { TAG_FCP = 0x62, TAG_DESCRIPTOR = 0x82, TAG_FILE_SIZE = 0x80, KIND_MASK = 0x3f, FID_UST = 0x6f38 };

static const uint8_t usim_prefix[] = {0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02};
static const uint8_t isim_prefix[] = {0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x04};
const struct octets usim_aid_prefix = {usim_prefix, sizeof usim_prefix};
const struct octets isim_aid_prefix = {isim_prefix, sizeof isim_prefix};

/* Files */

struct octets probe_fcp(struct probe *probe, struct octets answer)
{
    struct ber_tlv fcp = {0};
    struct octet_reader reader = octet_reader_of(answer);
    const bool is_template = ber_tlv_next(&reader, &fcp) && fcp.tag == TAG_FCP && octet_reader_end(&reader) == GBAU_OK;
    probe_demand(probe, is_template, "one template 62 with the right length");
    return probe_goes_on(probe) ? fcp.value : (struct octets){0};
}

struct octets probe_select(struct probe *probe, uint16_t fid)
{
    char command[24];
    (void)snprintf(command, sizeof command, "0XA4000402%04X00", fid);
    return probe_fcp(probe, probe_expect(probe, command, "9000"));
}

struct octets probe_select_offered(struct probe *probe, uint16_t fid)
{
    probe->may_be_missing = true;
    return probe_select(probe, fid);
}

struct octets fcp_value(struct octets fcp, uint32_t tag)
{
    struct octets value = {0};
    return ber_tlv_find(fcp, tag, &value) == GBAU_OK ? value : (struct octets){0};
}

unsigned fcp_kind(struct octets fcp)
{
    const struct octets descriptor = fcp_value(fcp, TAG_DESCRIPTOR);
    return descriptor.length == 0 ? 0 : descriptor.data[0] & KIND_MASK;
}

size_t fcp_size(struct octets fcp)
{
    size_t size = 0;
    const struct octets value = fcp_value(fcp, TAG_FILE_SIZE);
    for (size_t i = 0; i < value.length && i < 4; i++) {
        size = size << 8 | value.data[i];
    }
    return size;
}

size_t fcp_record_length(struct octets fcp)
{
    const struct octets descriptor = fcp_value(fcp, TAG_DESCRIPTOR);
    return descriptor.length < 5 ? 0 : (size_t)(descriptor.data[2] << 8 | descriptor.data[3]);
}

size_t fcp_record_count(struct octets fcp)
{
    const struct octets descriptor = fcp_value(fcp, TAG_DESCRIPTOR);
    return descriptor.length < 5 ? 0 : descriptor.data[4];
}

void probe_read_file(struct probe *probe, uint16_t fid, struct content *content)
{
    (void)probe_select(probe, fid);
    probe_keep(content, probe_expect(probe, "0XB0000000", "9000"));
}

void probe_read_record(struct probe *probe, size_t record, struct content *content)
{
    char command[24];
    (void)snprintf(command, sizeof command, "0XB2%02X0400", (unsigned)record & 0xffU);
    probe_keep(content, probe_expect(probe, command, "9000"));
}

/* Applications */

void probe_select_application(struct probe *probe, struct octets aid, struct content *fcp)
{
    const struct octets answer = probe_fcp(probe, probe_expect_data(probe, "0XA40404", aid, WITH_LE, "9000"));
    if (fcp != NULL) {
        probe_keep(fcp, answer);
    }
    if (probe->application != aid.data) {
        probe->application = aid.data;
        probe->sqn_is_known = probe->given->has_sqn;
    }
}

bool probe_has_service(struct probe *probe, unsigned service)
{
    struct content table;
    probe_read_file(probe, FID_UST, &table);
    const size_t octet = (service - 1) / 8;
    return octet < table.length && (table.octets[octet] & 1U << (service - 1) % 8) != 0;
}

/* A card that still knows the PIN was not reset: a modem's, or one that another program holds. */
void probe_reset(struct probe *probe)
{
    uint8_t value[PROBE_SECRET_SIZE];
    const struct conformance_given *given = probe->given;
    if (!probe_goes_on(probe)) {
        return;
    }
    probe_demand_ok(probe, given->reopen(given->reopen_context, &probe->reader));
    probe->open_channels = 0;
    probe->channel = 0;
    probe->channel = probe_open_channel(probe);
    probe_select_application(probe, usim_aid_prefix, NULL);
    if (probe_goes_on(probe) && probe_tries(probe, PROBE_PIN) < 2) {
        probe_skip(probe, "the card cannot be reset this way, or has too few tries of its PIN left");
    }
    probe_write_secret(given->pin, value);
    (void)probe_expect_data(probe, "0X200001", octets_of(value, sizeof value), NO_LE, "9000");
    secret_wipe(value, sizeof value);
}

/* PINs */

void probe_write_secret(const char *digits, uint8_t value[PROBE_SECRET_SIZE])
{
    const size_t length = strnlen(digits, PROBE_SECRET_SIZE);
    memset(value, 0xff, PROBE_SECRET_SIZE);
    memcpy(value, digits, length);
}

static int tries_of(uint16_t sw)
{
    if (probe_sw_fits(sw, "6983")) {
        return 0;
    }
    return probe_sw_fits(sw, "63CX") ? sw & 0x0f : -1;
}

int probe_tries(struct probe *probe, uint8_t key_reference)
{
    char command[16];
    (void)snprintf(command, sizeof command, "0X2000%02X", key_reference);
    return tries_of(probe_send(probe, command));
}

int probe_unblock_tries(struct probe *probe)
{
    return tries_of(probe_send(probe, "0X2C0001"));
}
