/* fuzz_gba_avp.c: messages of Zh and Zn: what is read lies in the message, and is written and reads the same. */
#include "fuzzing.h"

#include <string.h>

#include "codec/gba_avp.h"

enum { WRITTEN_SIZE = 2 * GBA_MESSAGE_MAX };

static uint8_t written[WRITTEN_SIZE];

static struct octets written_octets(const struct octet_writer *writer)
{
    MUST(octet_writer_end(writer) == GBAU_OK);
    MUST(writer->length % 4 == 0);
    return octets_written(writer);
}

static void try_mar(struct octets avps)
{
    struct gba_mar first;
    struct gba_mar second;
    uint32_t result = 0;
    bool is_good = gba_read_mar(avps, &first, &result) == GBAU_OK;
    MUST(is_good == (result == GBA_RESULT_SUCCESS) && result != 0);
    if (!is_good) {
        return;
    }
    struct octet_writer writer = octet_writer_of(written, sizeof written);
    gba_write_mar(&writer, &first);
    MUST(gba_read_mar(written_octets(&writer), &second, &result) == GBAU_OK);
    MUST(octets_equal(first.impi, second.impi) && octets_equal(first.scheme, second.scheme));
    MUST(octets_equal(first.rand_auts, second.rand_auts) && first.guss_timestamp == second.guss_timestamp);
}

static void try_maa(struct octets avps)
{
    struct gba_maa first;
    struct gba_maa second;
    if (gba_read_maa(avps, &first) != GBAU_OK) {
        return;
    }
    struct octet_writer writer = octet_writer_of(written, sizeof written);
    gba_write_maa(&writer, &first);
    MUST(gba_read_maa(written_octets(&writer), &second) == GBAU_OK);
    MUST(first.result == second.result && octets_equal(first.impi, second.impi));
    MUST(octets_equal(first.scheme, second.scheme) && octets_equal(first.rand_autn, second.rand_autn));
    MUST(octets_equal(first.xres, second.xres) && octets_equal(first.ck, second.ck));
    MUST(octets_equal(first.ik, second.ik) && octets_equal(first.guss, second.guss));
}

static void try_bir(struct octets avps)
{
    struct gba_bir first;
    struct gba_bir second;
    uint32_t result = 0;
    bool is_good = gba_read_bir(avps, &first, &result) == GBAU_OK;
    MUST(is_good == (result == GBA_RESULT_SUCCESS) && result != 0);
    if (!is_good) {
        return;
    }
    struct octet_writer writer = octet_writer_of(written, sizeof written);
    gba_write_bir(&writer, &first);
    MUST(gba_read_bir(written_octets(&writer), &second, &result) == GBAU_OK);
    MUST(octets_equal(first.b_tid, second.b_tid) && octets_equal(first.naf_id, second.naf_id));
    MUST(first.gba_u_aware == second.gba_u_aware && first.gsid_count == second.gsid_count);
    MUST(memcmp(first.gsids, second.gsids, sizeof first.gsids) == 0);
}

static void try_bia(struct octets avps)
{
    struct gba_bia first;
    struct gba_bia second;
    if (gba_read_bia(avps, &first) != GBAU_OK) {
        return;
    }
    struct octet_writer writer = octet_writer_of(written, sizeof written);
    gba_write_bia(&writer, &first);
    MUST(gba_read_bia(written_octets(&writer), &second) == GBAU_OK);
    MUST(first.result == second.result && octets_equal(first.impi, second.impi));
    MUST(octets_equal(first.me_key_material, second.me_key_material));
    MUST(octets_equal(first.uicc_key_material, second.uicc_key_material));
    MUST(first.key_expiry == second.key_expiry && first.creation_time == second.creation_time);
    MUST(octets_equal(first.uss_list, second.uss_list) && first.gba_type == second.gba_type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct octets avps = octets_of(data, size);
    try_mar(avps);
    try_maa(avps);
    try_bir(avps);
    try_bia(avps);
    return 0;
}
