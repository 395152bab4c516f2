/* api_words.c: commands to the GBA_U API's applet in words; texts that it is given or gives, and keys, are withheld. */
#include "card_text/apdu_exchange.h"
#include "card_text/gba_names.h"
#include "codec/ber_tlv.h"

enum {
    TAG_NAF_ID = 0x80,
    TAG_B_TID = 0x81,
    TAG_LABEL = 0x84,
    TAG_TEXT = 0x87,
    TAG_HANDLE = 0x90,
    OPERATION_MASK = 0x0f
};
enum { OPERATION_ENCRYPT = 1, OPERATION_DECRYPT = 2, OPERATION_COUNT = 6 };
enum { TRANSFER_EXPORT = 1, TRANSFER_COUNT = 4 };

/* A word of our own, with a blank in front of it unless it is the first one. */
static void put_word(struct text *text, const char *word)
{
    text_put(text, text->length > 0 ? " " : "");
    text_put(text, word);
}

static void put_object(struct text *text, const struct ber_tlv *tlv)
{
    if (tlv->tag == TAG_NAF_ID) {
        put_word(text, "for ");
        text_put_naf_id(text, tlv->value);
    } else if (tlv->tag == TAG_B_TID) {
        put_word(text, "B-TID ");
        text_put_untrusted(text, tlv->value);
    } else if (tlv->tag == TAG_LABEL) {
        put_word(text, "label ");
        text_put_untrusted(text, tlv->value);
    } else if (tlv->tag == TAG_HANDLE && tlv->value.length == 1) {
        put_word(text, "handle ");
        text_format(text, "%u", tlv->value.data[0]);
    }
}

static void put_objects(struct text *text, struct octets objects)
{
    struct octet_reader reader = octet_reader_of(objects);
    struct ber_tlv tlv;
    while (ber_tlv_next(&reader, &tlv)) {
        put_object(text, &tlv);
    }
}

typedef void mark_part(struct apdu_exchange *exchange, struct octets part);

/* Marks every text among objects; where they are broken, all of them. */
static void withhold_texts(struct text *text, struct apdu_exchange *exchange, struct octets objects, mark_part *mark)
{
    struct octet_reader reader = octet_reader_of(objects);
    struct ber_tlv tlv;
    size_t count = 0;
    while (ber_tlv_next(&reader, &tlv)) {
        if (tlv.tag == TAG_TEXT && ++count < APDU_SECRETS_MAX) {
            mark(exchange, tlv.value);
            text_format(text, " (%zu octets, withheld)", tlv.value.length);
        }
    }
    if (octet_reader_end(&reader) != GBAU_OK || count >= APDU_SECRETS_MAX) {
        mark(exchange, objects);
    }
}

void api_put_objects(struct text *text, struct apdu_exchange *exchange)
{
    put_objects(text, exchange->data);
}

void api_put_handle(struct text *text, struct apdu_exchange *exchange)
{
    text_format(text, " handle %u", exchange->p1);
    put_objects(text, exchange->data);
}

static void put_answer_objects(struct text *text, struct octets objects)
{
    const size_t start = text->length;
    put_objects(text, objects);
    if (text->length == start) {
        text_format(text, "%zu octets", objects.length);
    }
}

void api_put_answer(struct text *text, struct apdu_exchange *exchange)
{
    put_answer_objects(text, exchange->answer);
}

/* What is encrypted, authenticated or hashed is the application's own affair; what comes of it is not secret. */
void api_put_process(struct text *text, struct apdu_exchange *exchange)
{
    static const char *const operations[OPERATION_COUNT] = {"encrypt", "encrypt", "decrypt", "mac", "verify", "hash"};
    const unsigned operation = exchange->p2 & OPERATION_MASK;
    text_format(text, " handle %u, %s", exchange->p1, operation < OPERATION_COUNT ? operations[operation] : "unknown");
    if (operation != OPERATION_DECRYPT) {
        withhold_texts(text, exchange, exchange->data, apdu_mark_command);
    }
}

void api_put_process_answer(struct text *text, struct apdu_exchange *exchange)
{
    const unsigned operation = exchange->origin.p2 & OPERATION_MASK;
    text_format(text, "%zu octets", exchange->answer.length);
    if (operation > OPERATION_ENCRYPT) {
        withhold_texts(text, exchange, exchange->answer, apdu_mark_answer);
    }
}

void api_put_transfer(struct text *text, struct apdu_exchange *exchange)
{
    static const char *const kinds[TRANSFER_COUNT] = {"unknown", "export", "wrap", "unwrap"};
    text_format(text, " handle %u, %s", exchange->p1, exchange->p2 < TRANSFER_COUNT ? kinds[exchange->p2] : "unknown");
}

void api_put_transfer_answer(struct text *text, struct apdu_exchange *exchange)
{
    put_answer_objects(text, exchange->answer);
    if (exchange->origin.p2 == TRANSFER_EXPORT) {
        withhold_texts(text, exchange, exchange->answer, apdu_mark_answer);
    }
}
