/* fuzz_bsf_xml.c: the BootstrappingInfo document: what is read is written and reads the same. */
#include "fuzzing.h"

#include <string.h>

#include "codec/bsf_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bsf_xml first;
    struct bsf_xml second;
    char written[8 * B_TID_SIZE];
    if (bsf_xml_read(octets_of(data, size), &first) != GBAU_OK) {
        return 0;
    }
    MUST(bsf_xml_write(&first, written, sizeof written) == GBAU_OK);
    MUST(bsf_xml_read(octets_of_text(written), &second) == GBAU_OK);
    MUST(strcmp(first.b_tid, second.b_tid) == 0);
    MUST(first.lifetime == second.lifetime);
    return 0;
}
