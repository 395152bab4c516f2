/* gba_names.c: the table of Ua security protocols. */
#include "card_text/gba_names.h"

#include <string.h>

enum { UA_SIZE = 5, HEX_LIMIT = 32 };

static const struct {
    uint8_t identifier[UA_SIZE];
    const char *name;
} protocols[] = {
    {{0x00, 0x00, 0x00, 0x00, 0x00}, "default"},
    {{0x01, 0x00, 0x00, 0x00, 0x00}, "subscriber certificates"},
    {{0x01, 0x00, 0x00, 0x00, 0x01}, "MBMS"},
    {{0x01, 0x00, 0x00, 0x00, 0x02}, "HTTP Digest"},
    {{0x01, 0x00, 0x00, 0x00, 0x03}, "MBMS over HTTP"},
    {{0x01, 0x00, 0x00, 0x00, 0x04}, "MBMS over SIP"},
    {{0x01, 0x00, 0x00, 0x00, 0x05}, "generic push layer"},
    {{0x01, 0x00, 0x00, 0x00, 0x06}, "IMS key management"},
    {{0x01, 0x00, 0x00, 0x00, 0x07}, "TLS 1.3 with a shared key"},
    {{0x01, 0x00, 0x00, 0x01, 0x00}, "TMPI"},
};

static const char *const organisations[] = {"default", "3GPP", "3GPP2", "OMA", "GSMA"};

static void put_protocol(struct text *text, const uint8_t identifier[UA_SIZE])
{
    static const uint8_t tls_prefix[] = {0x01, 0x00, 0x01};
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        if (memcmp(protocols[i].identifier, identifier, UA_SIZE) == 0) {
            text_put(text, protocols[i].name);
            return;
        }
    }
    if (memcmp(identifier, tls_prefix, sizeof tls_prefix) == 0) {
        text_format(text, "TLS, cipher suite %02X%02X", identifier[3], identifier[4]);
        return;
    }
    const size_t known = sizeof organisations / sizeof organisations[0];
    text_put(text, identifier[0] < known   ? organisations[identifier[0]]
                   : identifier[0] == 0xff ? "private"
                                           : "unknown");
    text_put(text, " ");
    text_put_hex(text, octets_of(identifier, UA_SIZE), UA_SIZE);
}

void text_put_naf_id(struct text *text, struct octets naf_id)
{
    if (naf_id.length <= UA_SIZE) {
        text_put_hex(text, naf_id, HEX_LIMIT);
        return;
    }
    text_put_untrusted(text, octets_of(naf_id.data, naf_id.length - UA_SIZE));
    text_put(text, " (");
    put_protocol(text, naf_id.data + naf_id.length - UA_SIZE);
    text_put(text, ")");
}
