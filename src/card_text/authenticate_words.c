/* authenticate_words.c: AUTHENTICATE in words: contexts, challenges, and which of the answer is withheld (31.102 7.1).
 */
#include "card_text/apdu_exchange.h"
#include "card_text/gba_names.h"

enum {
    CONTEXT_MASK = 0x07,
    CONTEXT_GSM = 0,
    CONTEXT_3G = 1,
    CONTEXT_VGCS = 2,
    CONTEXT_GBA = 4,
    INS_BLOCKS = 0x89,
    TAG_SUCCESS = 0xdb,
    TAG_SYNC_FAILURE = 0xdc,
    TAG_BOOTSTRAPPING = 0xdd,
    TAG_NAF_DERIVATION = 0xde,
    HEX_LIMIT = 16
};

static const char *const contexts[CONTEXT_MASK + 1] = {
    "GSM", "3G", "VGCS", "unknown context", "GBA", "MBMS", "local key establishment", "unknown context",
};

static struct octets take_value(struct octet_reader *reader)
{
    return octet_reader_take(reader, octet_reader_u8(reader));
}

static void put_labelled(struct text *text, const char *label, struct octets value)
{
    text_format(text, ", %s ", label);
    text_put_hex(text, value, HEX_LIMIT);
}

static void put_challenge(struct text *text, struct octet_reader *reader, bool has_autn)
{
    put_labelled(text, "RAND", take_value(reader));
    if (has_autn) {
        put_labelled(text, "AUTN", take_value(reader));
    }
}

static void put_gba(struct text *text, struct octet_reader *reader)
{
    const uint8_t mode = octet_reader_u8(reader);
    if (mode == TAG_BOOTSTRAPPING) {
        text_put(text, " bootstrapping");
        put_challenge(text, reader, true);
    } else if (mode == TAG_NAF_DERIVATION) {
        text_put(text, " NAF derivation for ");
        text_put_naf_id(text, take_value(reader));
        text_put(text, ", IMPI ");
        text_put_untrusted(text, take_value(reader));
    } else {
        text_format(text, " unknown mode %02X", mode);
    }
}

void authenticate_put_command(struct text *text, struct apdu_exchange *exchange)
{
    const unsigned context = exchange->p2 & CONTEXT_MASK;
    struct octet_reader reader = octet_reader_of(exchange->data);
    text_format(text, " %s", contexts[context]);
    if (exchange->ins == INS_BLOCKS || exchange->data.length == 0) {
        text_format(text, ", %zu octets", exchange->data.length);
    } else if (context == CONTEXT_GBA) {
        put_gba(text, &reader);
    } else if (context == CONTEXT_GSM || context == CONTEXT_3G) {
        put_challenge(text, &reader, context == CONTEXT_3G);
    }
    text_put(text, reader.failed ? " (broken)" : "");
}

static const char *secret_name(const struct apdu_origin *origin, size_t index)
{
    static const char *const of_3g[] = {"RES", "CK", "IK", "Kc"};
    static const char *const of_gsm[] = {"SRES", "Kc"};
    const unsigned context = origin->p2 & CONTEXT_MASK;
    if (context == CONTEXT_GBA) {
        return origin->mode == TAG_NAF_DERIVATION ? "Ks_ext_NAF" : "RES";
    }
    if (context == CONTEXT_3G && index < sizeof of_3g / sizeof of_3g[0]) {
        return of_3g[index];
    }
    if (context == CONTEXT_GSM && index < sizeof of_gsm / sizeof of_gsm[0]) {
        return of_gsm[index];
    }
    return context == CONTEXT_VGCS ? "VSTK" : "value";
}

/* Values behind lengths, all of them secret; whatever is not so coded is withheld as a whole. */
static void put_secrets(struct text *text, struct apdu_exchange *exchange, size_t start)
{
    struct octet_reader reader =
        octet_reader_of(octets_of(exchange->answer.data + start, exchange->answer.length - start));
    for (size_t i = 0; octet_reader_left(&reader) > 0; i++) {
        const size_t position = start + reader.position;
        const struct octets value = take_value(&reader);
        if (reader.failed || i >= APDU_SECRETS_MAX - 1) {
            const struct octets rest = octets_of(exchange->answer.data + position, exchange->answer.length - position);
            apdu_mark_answer(exchange, rest);
            text_format(text, "%s(%zu octets, withheld)", i == 0 ? "" : ", ", rest.length);
            return;
        }
        apdu_mark_answer(exchange, value);
        text_format(text, "%s%s (%zu octets, withheld)", i == 0 ? "" : ", ", secret_name(&exchange->origin, i),
                    value.length);
    }
}

void authenticate_put_answer(struct text *text, struct apdu_exchange *exchange)
{
    const struct octets answer = exchange->answer;
    if (exchange->origin.ins == INS_BLOCKS) {
        apdu_mark_answer(exchange, answer);
        text_format(text, "(%zu octets, withheld)", answer.length);
    } else if (answer.data[0] == TAG_SYNC_FAILURE) {
        struct octet_reader reader = octet_reader_of(octets_of(answer.data + 1, answer.length - 1));
        text_put(text, "synchronisation failure, AUTS ");
        text_put_hex(text, take_value(&reader), HEX_LIMIT);
    } else {
        put_secrets(text, exchange, answer.data[0] == TAG_SUCCESS ? 1 : 0);
    }
}
