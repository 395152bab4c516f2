/* decode_directory.c: records of EF_DIR and EF_ARR. */
#include "card_text/access_words.h"
#include "card_text/application_names.h"
#include "card_text/decoders.h"

#include "codec/ber_tlv.h"

/* 61 { 4F AID 50 label ... } (TS 102 221 13.1). */
void decode_application(struct octets body, struct card_content *content)
{
    enum { TAG_TEMPLATE = 0x61, TAG_AID = 0x4f, TAG_LABEL = 0x50, AID_MAX = 16 };
    struct octets template;
    struct octets value;
    if (ber_tlv_find(body, TAG_TEMPLATE, &template) != GBAU_OK) {
        content_add_hex(content, NULL, body);
        return;
    }
    if (ber_tlv_find(template, TAG_LABEL, &value) == GBAU_OK) {
        content_add_untrusted(content, "label", value);
    }
    if (ber_tlv_find(template, TAG_AID, &value) == GBAU_OK) {
        struct text aid = content_begin(content);
        text_put_hex(&aid, value, AID_MAX);
        content_end(content, "AID", &aid);
    }
}

void decode_access_rule(struct octets body, struct card_content *content)
{
    access_words_add_rule(body, content);
}
