/*
 * fuzz_diameter_avp.c: Diameter messages of peers: header and AVPs lie in the message; what is written of them reads
 * the same; copies are sequences of AVPs.
 */
#include "fuzzing.h"

#include <string.h>

#include "net/diameter_avp.h"

static uint8_t written[2 * DIAMETER_WIRE_MAX];
static uint8_t copied[2 * DIAMETER_WIRE_MAX];

static bool is_same_avp(const struct diameter_avp *first, const struct diameter_avp *second)
{
    return first->code == second->code && first->flags == second->flags && first->vendor == second->vendor &&
           octets_equal(first->data, second->data);
}

/* Writes every AVP again; padding may change, AVPs may not. */
static struct octets write_again(struct octets avps)
{
    struct octet_reader reader = octet_reader_of(avps);
    struct octet_writer writer = octet_writer_of(written, sizeof written);
    struct diameter_avp avp;
    while (diameter_next_avp(&reader, &avp)) {
        MUST(avp.data.length == 0 ||
             (avp.data.data >= avps.data && avp.data.data + avp.data.length <= avps.data + avps.length));
        diameter_write_avp(&writer, &avp);
    }
    MUST(reader.failed == (diameter_check_avps(avps) != GBAU_OK));
    MUST(octet_writer_end(&writer) == GBAU_OK);
    return octets_written(&writer);
}

static void compare(struct octets first, struct octets second)
{
    struct octet_reader readers[2] = {octet_reader_of(first), octet_reader_of(second)};
    struct diameter_avp avps[2];
    while (diameter_next_avp(&readers[0], &avps[0])) {
        MUST(diameter_next_avp(&readers[1], &avps[1]));
        MUST(is_same_avp(&avps[0], &avps[1]));
    }
    MUST(!diameter_next_avp(&readers[1], &avps[1]) && !readers[1].failed);
}

static void try_header(const struct diameter_header *header)
{
    uint8_t octets[DIAMETER_HEADER_SIZE];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    struct diameter_header again;
    struct octets avps;
    diameter_reserve_header(&writer);
    diameter_write_header(&writer, header);
    MUST(octet_writer_end(&writer) == GBAU_OK);
    MUST(diameter_read_header(octets_written(&writer), &again, &avps) == GBAU_OK && avps.length == 0);
    MUST(again.flags == header->flags && again.command == header->command && again.application == header->application &&
         again.hop_by_hop == header->hop_by_hop && again.end_to_end == header->end_to_end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diameter_header header;
    struct octets avps;
    if (size > DIAMETER_WIRE_MAX || diameter_read_header(octets_of(data, size), &header, &avps) != GBAU_OK) {
        return 0;
    }
    try_header(&header);
    const struct octets again = write_again(avps);
    compare(avps, again);
    (void)diameter_find_result_code(avps);
    struct octet_writer writer = octet_writer_of(copied, sizeof copied);
    diameter_copy_payload(avps, &writer);
    diameter_copy_base_avps(avps, AVP_PROXY_INFO, &writer);
    MUST(octet_writer_end(&writer) == GBAU_OK);
    MUST(diameter_check_avps(octets_written(&writer)) == GBAU_OK);
    return 0;
}
