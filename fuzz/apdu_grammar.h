/*
 * apdu_grammar.h: steps of fuzz_apdu.c that make whole commands of a few octets, where no fuzzer would find the coding
 * by itself: files are made, resized and deleted, objects written in blocks, states changed, PINs given.
 *
 * Each takes its arguments from the input; whether they make sense is the fuzzer's matter.
 */
#ifndef FUZZ_APDU_GRAMMAR_H
#define FUZZ_APDU_GRAMMAR_H

#include "base/octets.h"

enum {
    GRAMMAR_FIRST = 0xf0,
    GRAMMAR_SELECT = GRAMMAR_FIRST,
    GRAMMAR_CREATE,
    GRAMMAR_DELETE,
    GRAMMAR_RESIZE,
    GRAMMAR_SET_FIRST,
    GRAMMAR_SET_NEXT,
    GRAMMAR_RETRIEVE,
    GRAMMAR_STATE,
    GRAMMAR_VERIFY,
    GRAMMAR_CYCLIC,
    GRAMMAR_ENTER,
    GRAMMAR_SUSPEND, /* fuzz_apdu.c itself: it takes the power, too */
    GRAMMAR_LAST = 0xff
};

/* Files that the grammar makes: 5000 to 500F. */
static inline uint16_t grammar_fid(uint8_t octet)
{
    static const uint16_t known[] = {0x3f00, 0x7fff, 0x2f06, 0x2f05, 0x7f10, 0x6f39, 0x6fd6, 0x6fda};
    return octet < 0xf8 ? (uint16_t)(0x5000 | (octet & 0x0f)) : known[octet - 0xf8];
}

static inline void grammar_head(struct octet_writer *writer, uint8_t channel, uint8_t cla, uint8_t ins, uint16_t p1_p2)
{
    octet_writer_u8(writer, cla | (channel & 0x03));
    octet_writer_u8(writer, ins);
    octet_writer_u16(writer, p1_p2);
}

static inline void grammar_fid_command(struct octet_writer *writer, uint8_t channel, uint8_t ins, uint16_t p1_p2,
                                       uint16_t fid)
{
    grammar_head(writer, channel, 0x00, ins, p1_p2);
    octet_writer_u8(writer, 2);
    octet_writer_u16(writer, fid);
}

static inline void grammar_create(struct octet_writer *writer, uint8_t channel, struct octet_reader *input)
{
    static const uint8_t kinds[] = {0x78, 0x41, 0x42, 0x46, 0x79};
    const uint8_t kind = kinds[octet_reader_u8(input) % sizeof kinds];
    const bool has_records = kind == 0x42 || kind == 0x46;
    const uint16_t fid = grammar_fid(octet_reader_u8(input));
    const uint8_t rule = octet_reader_u8(input);
    const uint8_t length = octet_reader_u8(input);
    const uint16_t size = octet_reader_u16(input);
    uint8_t content[40];
    struct octet_writer fcp = octet_writer_of(content, sizeof content);
    octet_writer_u8(&fcp, 0x82);
    octet_writer_u8(&fcp, has_records ? 4 : 2);
    octet_writer_u8(&fcp, kind);
    octet_writer_u8(&fcp, 0x21);
    octet_writer_u8(&fcp, 0);
    octet_writer_u8(&fcp, length);
    fcp.length -= has_records ? 0 : 2;
    octet_writer_u16(&fcp, 0x8302);
    octet_writer_u16(&fcp, fid);
    octet_writer_u16(&fcp, 0x8b03);
    octet_writer_u16(&fcp, (rule & 0x80) != 0 ? 0x5006 : 0x2f06);
    octet_writer_u8(&fcp, rule & 0x0f);
    octet_writer_u16(&fcp, 0x8002);
    octet_writer_u16(&fcp, has_records ? (uint16_t)(length * (size & 0xff)) : size);
    octet_writer_u16(&fcp, 0x8801);
    octet_writer_u8(&fcp, (uint8_t)(fid << 3));
    grammar_head(writer, channel, 0x00, 0xe0, 0);
    octet_writer_u8(writer, (uint8_t)(fcp.length + 2));
    octet_writer_u8(writer, 0x62);
    octet_writer_u8(writer, (uint8_t)fcp.length);
    octet_writer_put_octets(writer, octets_written(&fcp));
}

static inline void grammar_resize(struct octet_writer *writer, uint8_t channel, struct octet_reader *input)
{
    grammar_head(writer, channel, 0x80, 0xd4, 0);
    octet_writer_u8(writer, 10);
    octet_writer_u16(writer, 0x6208);
    octet_writer_u16(writer, 0x8302);
    octet_writer_u16(writer, grammar_fid(octet_reader_u8(input)));
    octet_writer_u16(writer, 0x8002);
    octet_writer_u16(writer, octet_reader_u16(input));
}

/* Tag, whole length, and so many octets of the value as come in this block. */
static inline void grammar_set_first(struct octet_writer *writer, uint8_t channel, struct octet_reader *input)
{
    const uint8_t tag = 0x80 | (octet_reader_u8(input) & 0x0f);
    const uint16_t length = octet_reader_u16(input) & 0x7ff;
    const uint8_t now = octet_reader_u8(input) % 250;
    grammar_head(writer, channel, 0x80, 0xdb, 0x0080);
    octet_writer_u8(writer, (uint8_t)(4 + now));
    octet_writer_u8(writer, tag);
    octet_writer_u8(writer, 0x82);
    octet_writer_u16(writer, length);
    octet_writer_fill(writer, tag, now);
}

static inline void grammar_set_next(struct octet_writer *writer, uint8_t channel, struct octet_reader *input)
{
    const uint8_t now = octet_reader_u8(input);
    grammar_head(writer, channel, 0x80, 0xdb, 0x0000);
    octet_writer_u8(writer, now);
    octet_writer_fill(writer, 0xdb, now);
}

static inline void grammar_retrieve(struct octet_writer *writer, uint8_t channel, struct octet_reader *input)
{
    const uint8_t choice = octet_reader_u8(input);
    const bool is_first = (choice & 0x80) != 0;
    grammar_head(writer, channel, 0x80, 0xcb, is_first ? 0x0080 : 0x0000);
    if (is_first) {
        octet_writer_u8(writer, 1);
        octet_writer_u8(writer, (choice & 0x40) != 0 ? 0x5c : 0x80 | (choice & 0x0f));
    }
    octet_writer_u8(writer, octet_reader_u8(input));
}

static inline void grammar_verify(struct octet_writer *writer, uint8_t channel, struct octet_reader *input)
{
    static const uint8_t references[] = {0x01, 0x81, 0x0a, 0x01};
    const uint8_t reference = references[octet_reader_u8(input) % sizeof references];
    grammar_head(writer, channel, 0x00, 0x20, reference);
    octet_writer_u8(writer, 8);
    octet_writer_put(writer, reference == 0x0a ? "ABCDEFGH" : "1234\xff\xff\xff\xff", 8);
}

/* UPDATE RECORD "previous", or INCREASE, with a value of so many octets. */
static inline void grammar_cyclic(struct octet_writer *writer, uint8_t channel, struct octet_reader *input)
{
    const uint8_t length = octet_reader_u8(input);
    const bool increases = (length & 0x80) != 0;
    grammar_head(writer, channel, increases ? 0x80 : 0x00, increases ? 0x32 : 0xdc, increases ? 0x0000 : 0x0003);
    octet_writer_u8(writer, length & 0x7f);
    octet_writer_fill(writer, 0x01, length & 0x7f);
}

static inline void grammar_enter(struct octet_writer *writer, uint8_t channel)
{
    static const uint8_t usim_aid[] = {0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02};
    grammar_head(writer, channel, 0x00, 0xa4, 0x040c);
    octet_writer_u8(writer, sizeof usim_aid);
    octet_writer_put(writer, usim_aid, sizeof usim_aid);
}

/* The command of a step, with its arguments from the input; `command` has room for 261 octets. */
static inline struct octets grammar_command(uint8_t step, struct octet_reader *input, uint8_t *command)
{
    static const uint8_t states[] = {0x04, 0x44, 0xe8, 0xe6};
    struct octet_writer writer = octet_writer_of(command, 261);
    const uint8_t channel = octet_reader_u8(input);
    switch (step) {
    case GRAMMAR_SELECT:
        grammar_fid_command(&writer, channel, 0xa4, 0x000c, grammar_fid(octet_reader_u8(input)));
        break;
    case GRAMMAR_CREATE:
        grammar_create(&writer, channel, input);
        break;
    case GRAMMAR_DELETE:
        grammar_fid_command(&writer, channel, 0xe4, 0, grammar_fid(octet_reader_u8(input)));
        break;
    case GRAMMAR_RESIZE:
        grammar_resize(&writer, channel, input);
        break;
    case GRAMMAR_SET_FIRST:
        grammar_set_first(&writer, channel, input);
        break;
    case GRAMMAR_SET_NEXT:
        grammar_set_next(&writer, channel, input);
        break;
    case GRAMMAR_RETRIEVE:
        grammar_retrieve(&writer, channel, input);
        break;
    case GRAMMAR_STATE: {
        const uint8_t fid = octet_reader_u8(input);
        grammar_fid_command(&writer, channel, states[octet_reader_u8(input) % sizeof states], 0, grammar_fid(fid));
        break;
    }
    case GRAMMAR_VERIFY:
        grammar_verify(&writer, channel, input);
        break;
    case GRAMMAR_CYCLIC:
        grammar_cyclic(&writer, channel, input);
        break;
    default:
        grammar_enter(&writer, channel);
        break;
    }
    return octets_written(&writer);
}

#endif
