/* naf_id.c: writes NAF_IDs. */
#include "key/naf_id.h"

#include <ctype.h>
#include <string.h>

#include "base/text_coding.h"

enum { UA_SIZE = 5 };

enum gbau_status naf_id_write(struct octet_writer *writer, struct octets fqdn, const uint8_t *ua)
{
    for (size_t i = 0; i < fqdn.length; i++) {
        if (fqdn.data[i] <= ' ' || fqdn.data[i] >= 0x7f) {
            return GBAU_E_ARGUMENT;
        }
        octet_writer_u8(writer, (uint8_t)tolower(fqdn.data[i]));
    }
    octet_writer_put(writer, ua, UA_SIZE);
    return fqdn.length == 0 ? GBAU_E_ARGUMENT : octet_writer_end(writer);
}

enum gbau_status naf_id_write_text(struct octet_writer *writer, const char *text)
{
    uint8_t ua[UA_SIZE];
    const char *slash = strchr(text, '/');
    if (slash == NULL || hex_decode_exactly(octets_of_text(slash + 1), ua, sizeof ua) != GBAU_OK) {
        return GBAU_E_MALFORMED;
    }
    return naf_id_write(writer, octets_of(text, (size_t)(slash - text)), ua);
}
