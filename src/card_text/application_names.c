/* application_names.c: the table of known applications. */
#include "card_text/application_names.h"

#include <string.h>

#include "key/api_aid.h"

enum { AID_MAX = 16 };

struct known_application {
    struct application_name name;
    uint8_t length;
    uint8_t prefix[AID_MAX];
};

static const struct known_application applications[] = {
    {{"ADF_USIM", "3GPP USIM", PLACE_USIM}, 7, {0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02}},
    {{"ADF_ISIM", "3GPP ISIM", PLACE_ISIM}, 7, {0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x04}},
    {{"ADF_USIM", "3GPP USIM without IMSI", PLACE_USIM}, 7, {0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x0b}},
    {{"ADF_HPSIM", "3GPP HPSIM", PLACE_NOWHERE}, 7, {0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x0a}},
    {{"ADF_CSIM", "3GPP2 CSIM", PLACE_NOWHERE}, 7, {0xa0, 0x00, 0x00, 0x03, 0x43, 0x10, 0x02}},
    {{"ARA-M", "access rules for applications", PLACE_NOWHERE},
     9,
     {0xa0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4c, 0x00}},
    {{"ISD", "issuer security domain", PLACE_NOWHERE}, 7, {0xa0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00}},
    {{"PKCS#15", "keys and certificates", PLACE_NOWHERE},
     12,
     {0xa0, 0x00, 0x00, 0x00, 0x63, 0x50, 0x4b, 0x43, 0x53, 0x2d, 0x31, 0x35}},
    {{"ISD-R", "eUICC profiles", PLACE_NOWHERE}, 10, {0xa0, 0x00, 0x00, 0x05, 0x59, 0x10, 0x10, 0xff, 0xff, 0xff}},
};

static const struct application_name gba_u_api = {"GBA_U API", "keys distributed from Ks_int_NAF", PLACE_NOWHERE};

const struct application_name *application_name_find(struct octets aid)
{
    enum { REGISTERED_PART = 5 };
    if (octets_equal(aid, octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE))) {
        return &gba_u_api;
    }
    for (size_t i = 0; i < sizeof applications / sizeof applications[0] && aid.length >= REGISTERED_PART; i++) {
        const size_t length = aid.length < applications[i].length ? aid.length : applications[i].length;
        if (memcmp(applications[i].prefix, aid.data, length) == 0) {
            return &applications[i].name;
        }
    }
    return NULL;
}

void text_put_application(struct text *text, struct octets aid)
{
    const struct application_name *name = application_name_find(aid);
    if (name != NULL) {
        text_put(text, name->name);
    } else {
        text_put_hex(text, aid, AID_MAX);
    }
}
