/* fuzz_guss_xml.c: user security settings: what is read is written and reads the same. */
#include "fuzzing.h"

#include <string.h>

#include "codec/guss.h"

enum { WRITTEN_SIZE = 8 * GUSS_XML_MAX };

static struct guss first;
static struct guss second;
static char written[WRITTEN_SIZE];

/* Readers do not touch what lies behind a count or a text's end: cleared before, whole structs compare. */
static void clear(void)
{
    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
}

static bool is_same(void)
{
    return memcmp(&first, &second, sizeof first) == 0;
}

static void try_guss(struct octets document)
{
    clear();
    if (guss_read(document, &first) != GBAU_OK) {
        return;
    }
    MUST(guss_write(&first, written, sizeof written) == GBAU_OK);
    if (strlen(written) <= GUSS_XML_MAX) {
        MUST(guss_read(octets_of_text(written), &second) == GBAU_OK);
        MUST(is_same());
    }
}

static void try_uss_list(struct octets document)
{
    clear();
    if (guss_read_uss_list(document, &first) != GBAU_OK) {
        return;
    }
    MUST(guss_write_uss_list(&first, UINT32_MAX, written, sizeof written) == GBAU_OK);
    if (strlen(written) <= GUSS_XML_MAX) {
        MUST(guss_read_uss_list(octets_of_text(written), &second) == GBAU_OK);
        for (size_t i = 0; i < first.uss_count; i++) {
            memset(first.uss[i].naf_group, 0, sizeof first.uss[i].naf_group); /* it is not written for Zn */
        }
        MUST(is_same());
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_guss(octets_of(data, size));
    try_uss_list(octets_of(data, size));
    return 0;
}
