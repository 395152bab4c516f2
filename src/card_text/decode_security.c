/* decode_security.c: keys, which are withheld, and the files of GBA. */
#include "card_text/application_names.h"
#include "card_text/decoders.h"
#include "card_text/gba_names.h"

#include "codec/ber_tlv.h"

enum { KSI_MASK = 0x07, KSI_NONE = 7 };

static void add_key_set(struct card_content *content, uint8_t identifier, const char *label, size_t key_size)
{
    if ((identifier & KSI_MASK) == KSI_NONE) {
        content_add(content, NULL, "no keys");
        return;
    }
    content_add(content, "key set", "%u", identifier & KSI_MASK);
    content_add_withheld(content, label, key_size);
}

/* KSI, CK, IK (31.102 4.2.3). */
void decode_keys(struct octets body, struct card_content *content)
{
    add_key_set(content, body.data[0], "CK and IK", body.length - 1);
}

/* Kc, sequence number (31.102 4.4.3.1). */
void decode_gsm_key(struct octets body, struct card_content *content)
{
    add_key_set(content, body.data[body.length - 1], "Kc", body.length - 1);
}

/* A0 { 80 KSI 81 K_ASME or K_AMF 82 83 counters ... } (31.102 4.2.92, 4.4.11.4). */
void decode_nas_context(struct octets body, struct card_content *content)
{
    enum { TAG_CONTEXT = 0xa0, TAG_KSI = 0x80, TAG_KEY = 0x81, TAG_UPLINK = 0x82, TAG_DOWNLINK = 0x83 };
    struct octets context;
    struct octets value;
    if (ber_tlv_find(body, TAG_CONTEXT, &context) != GBAU_OK) {
        content_add_withheld(content, NULL, body.length);
        return;
    }
    if (ber_tlv_find(context, TAG_KSI, &value) == GBAU_OK && value.length == 1) {
        content_add(content, "key set", "%u", value.data[0]);
    }
    if (ber_tlv_find(context, TAG_KEY, &value) == GBAU_OK) {
        content_add_withheld(content, "key", value.length);
    }
    if (ber_tlv_find(context, TAG_UPLINK, &value) == GBAU_OK) {
        content_add_hex(content, "sent", value);
    }
    if (ber_tlv_find(context, TAG_DOWNLINK, &value) == GBAU_OK) {
        content_add_hex(content, "received", value);
    }
}

/* 80 K_AUSF 81 K_SEAF (31.102 4.4.11.6). */
void decode_5g_keys(struct octets body, struct card_content *content)
{
    enum { TAG_K_AUSF = 0x80, TAG_K_SEAF = 0x81 };
    struct octet_reader reader = octet_reader_of(body);
    struct ber_tlv tlv;
    while (ber_tlv_next(&reader, &tlv)) {
        const char *label = tlv.tag == TAG_K_AUSF ? "K_AUSF" : tlv.tag == TAG_K_SEAF ? "K_SEAF" : "key";
        content_add_withheld(content, label, tlv.value.length);
    }
}

void decode_withheld(struct octets body, struct card_content *content)
{
    content_add_withheld(content, NULL, body.length);
}

/* A value behind a length octet; nothing where there is padding. */
static struct octets take_value(struct octet_reader *reader)
{
    const uint8_t length = octet_reader_u8(reader);
    return length == 0xff ? (struct octets){0} : octet_reader_take(reader, length);
}

/* LV RAND, LV B-TID, LV lifetime (31.102 4.2.79). */
void decode_gba_bootstrapping(struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    const struct octets rand = take_value(&reader);
    const struct octets b_tid = take_value(&reader);
    const struct octets lifetime = take_value(&reader);
    if (rand.length > 0) {
        content_add_hex(content, "RAND", rand);
    }
    if (b_tid.length > 0) {
        content_add_untrusted(content, "B-TID", b_tid);
    }
    if (lifetime.length > 0) {
        content_add_untrusted(content, "until", lifetime);
    }
    if (content->count == 0) {
        content_add(content, NULL, "nothing bootstrapped");
    }
}

/* 80 NAF_ID 81 B-TID (31.102 4.2.83). */
void decode_gba_naf_list(struct octets body, struct card_content *content)
{
    enum { TAG_NAF_ID = 0x80, TAG_B_TID = 0x81 };
    struct octets value;
    if (ber_tlv_find(body, TAG_NAF_ID, &value) != GBAU_OK) {
        content_add_hex(content, NULL, body);
        return;
    }
    struct text naf = content_begin(content);
    text_put_naf_id(&naf, value);
    content_end(content, "NAF", &naf);
    if (ber_tlv_find(body, TAG_B_TID, &value) == GBAU_OK && value.length > 0) {
        content_add_untrusted(content, "B-TID", value);
    }
}

/* 80 { LV AID, LV NAF_ID } ([M] 31.102 4.2.116). */
void decode_gba_api_access(struct octets body, struct card_content *content)
{
    enum { TAG_LINE = 0x80 };
    struct octets line;
    if (ber_tlv_find(body, TAG_LINE, &line) != GBAU_OK) {
        content_add_hex(content, NULL, body);
        return;
    }
    struct octet_reader reader = octet_reader_of(line);
    struct text value = content_begin(content);
    text_put_application(&value, take_value(&reader));
    content_end(content, "applet", &value);
    value = content_begin(content);
    text_put_naf_id(&value, take_value(&reader));
    content_end(content, "NAF", &value);
}
