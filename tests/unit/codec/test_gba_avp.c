/* test_gba_avp.c: the AVPs of Zh and Zn octet by octet, and broken messages in every shape. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/gba_avp.h"

#define IMPI  "234150999999999@ims.mnc015.mcc234.3gppnetwork.org"
#define B_TID "I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc015.mcc234.pub.3gppnetwork.org"
#define M     0x40
#define V     0x80

static const uint8_t ramp[300] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
    24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
};

/* A message under construction, written apart from the code under test. */
struct builder {
    struct octet_writer writer;
    uint8_t room[8192];
};

static void begin(struct builder *builder)
{
    builder->writer = octet_writer_of(builder->room, sizeof builder->room);
}

static void add(struct builder *builder, uint32_t code, unsigned flags, const void *value, size_t length)
{
    struct octet_writer *writer = &builder->writer;
    octet_writer_u32(writer, code);
    octet_writer_u8(writer, (uint8_t)flags);
    octet_writer_u24(writer, (uint32_t)(length + (flags & V ? 12 : 8)));
    if (flags & V) {
        octet_writer_u32(writer, 10415);
    }
    octet_writer_put(writer, value, length);
    octet_writer_fill(writer, 0, (4 - length % 4) % 4);
    assert_false(writer->failed);
}

static void add_number(struct builder *builder, uint32_t code, unsigned flags, uint32_t number)
{
    uint8_t value[4];
    struct octet_writer writer = octet_writer_of(value, sizeof value);
    octet_writer_u32(&writer, number);
    add(builder, code, flags, value, sizeof value);
}

static void add_text(struct builder *builder, uint32_t code, unsigned flags, const char *text)
{
    add(builder, code, flags, text, strlen(text));
}

static void add_built(struct builder *builder, uint32_t code, unsigned flags, const struct builder *inner)
{
    add(builder, code, flags, inner->room, inner->writer.length);
}

static struct octets built(const struct builder *builder)
{
    return octets_written(&builder->writer);
}

static void assert_bir_result(const struct builder *builder, uint32_t expected)
{
    struct gba_bir bir;
    uint32_t result = 0;
    enum gbau_status status = gba_read_bir(built(builder), &bir, &result);
    assert_int_equal(result, expected);
    assert_int_equal(status == GBAU_OK, expected == GBA_RESULT_SUCCESS);
}

static void assert_mar_result(const struct builder *builder, uint32_t expected)
{
    struct gba_mar mar;
    uint32_t result = 0;
    enum gbau_status status = gba_read_mar(built(builder), &mar, &result);
    assert_int_equal(result, expected);
    assert_int_equal(status == GBAU_OK, expected == GBA_RESULT_SUCCESS);
}

static void add_good_bir(struct builder *builder)
{
    begin(builder);
    add_text(builder, 401, M | V, B_TID);
    add(builder, 402, M | V, "naf.example.com\x01\x00\x00\x00\x02", 20);
}

/* Octets of whole messages. */

static void writes_a_mar(void **state)
{
    (void)state;
    uint8_t room[512];
    struct octet_writer writer = octet_writer_of(room, sizeof room);
    const struct gba_mar mar = {
        .impi = octets_of_text("a@b"),
        .scheme = octets_of_text(GBA_SCHEME_AKAV1),
        .rand_auts = octets_of(ramp, 30),
        .guss_timestamp = 0x83aa7e80,
    };
    gba_write_mar(&writer, &mar);
    assert_ok(octet_writer_end(&writer));
    assert_octets(octets_written(&writer), "0000010440000020"
                                           "0000010a4000000c000028af"
                                           "000001024000000c01000005"
                                           "000001154000000c00000001"
                                           "000000014000000b61406200"
                                           "00000264c0000054000028af"
                                           "00000260c000001c000028af4469676573742d414b4176312d4d4435"
                                           "00000262c000002a000028af"
                                           "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d0000"
                                           "0000019980000010000028af83aa7e80");
}

static void writes_a_maa(void **state)
{
    (void)state;
    uint8_t room[512];
    struct octet_writer writer = octet_writer_of(room, sizeof room);
    const struct gba_maa maa = {
        .result = GBA_RESULT_SUCCESS,
        .rand_autn = octets_of(ramp, 32),
        .xres = octets_of(ramp, 5),
        .ck = octets_of(ramp + 16, 16),
        .ik = octets_of(ramp + 32, 16),
        .guss = octets_of_text("<guss/>"),
    };
    gba_write_maa(&writer, &maa);
    assert_ok(octet_writer_end(&writer));
    assert_octets(octets_written(&writer), "0000010440000020"
                                           "0000010a4000000c000028af"
                                           "000001024000000c01000005"
                                           "000001154000000c00000001"
                                           "0000010c4000000c000007d1"
                                           "00000264c0000084000028af"
                                           "00000261c000002c000028af"
                                           "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
                                           "00000262c0000011000028af0001020304000000"
                                           "00000271c000001c000028af101112131415161718191a1b1c1d1e1f"
                                           "00000272c000001c000028af202122232425262728292a2b2c2d2e2f"
                                           "00000190c0000013000028af3c677573732f3e00");
}

static void writes_a_refusal(void **state)
{
    (void)state;
    uint8_t room[512];
    struct octet_writer writer = octet_writer_of(room, sizeof room);
    const struct gba_bia bia = {.result = GBA_RESULT_TRANSACTION_IDENTIFIER_INVALID};
    gba_write_bia(&writer, &bia);
    assert_ok(octet_writer_end(&writer));
    assert_octets(octets_written(&writer), "0000010440000020"
                                           "0000010a4000000c000028af"
                                           "000001024000000c01000004"
                                           "0000012940000020"
                                           "0000010a4000000c000028af"
                                           "0000012a4000000c0000151b");
    struct gba_bia read;
    assert_ok(gba_read_bia(octets_written(&writer), &read));
    assert_int_equal(read.result, GBA_RESULT_TRANSACTION_IDENTIFIER_INVALID);
}

static void writes_a_bir(void **state)
{
    (void)state;
    uint8_t room[512];
    struct octet_writer writer = octet_writer_of(room, sizeof room);
    const struct gba_bir bir = {
        .b_tid = octets_of_text("x@y"),
        .naf_id = octets_of("n\x01\x00\x00\x00\x02", 6),
        .gba_u_aware = true,
        .gsid_count = 2,
        .gsids = {1, 4294967295},
    };
    gba_write_bir(&writer, &bir);
    assert_ok(octet_writer_end(&writer));
    assert_octets(octets_written(&writer), "0000010440000020"
                                           "0000010a4000000c000028af"
                                           "000001024000000c01000004"
                                           "00000193c000000d000028af31000000"
                                           "00000193c0000016000028af343239343936373239350000"
                                           "00000191c000000f000028af78407900"
                                           "00000192c0000012000028af6e01000000020000"
                                           "00000197c0000010000028af00000001");
}

/* What is written reads the same. */

static void reads_back_a_mar(void **state)
{
    (void)state;
    uint8_t room[1024];
    struct octet_writer writer = octet_writer_of(room, sizeof room);
    const struct gba_mar mar = {.impi = octets_of_text(IMPI), .scheme = octets_of_text(GBA_SCHEME_AKAV1)};
    gba_write_mar(&writer, &mar);
    struct gba_mar read;
    uint32_t result = 0;
    assert_ok(gba_read_mar(octets_written(&writer), &read, &result));
    assert_int_equal(result, GBA_RESULT_SUCCESS);
    assert_true(octets_equal(read.impi, mar.impi));
    assert_true(octets_equal(read.scheme, mar.scheme));
    assert_int_equal(read.rand_auts.length, 0);
    assert_int_equal(read.guss_timestamp, 0);
}

static void reads_back_a_maa(void **state)
{
    (void)state;
    uint8_t room[1024];
    struct octet_writer writer = octet_writer_of(room, sizeof room);
    const struct gba_maa maa = {
        .result = GBA_RESULT_SUCCESS,
        .impi = octets_of_text(IMPI),
        .scheme = octets_of_text(GBA_SCHEME_AKAV1),
        .rand_autn = octets_of(ramp, 32),
        .xres = octets_of(ramp + 32, 8),
        .ck = octets_of(ramp + 8, 16),
        .ik = octets_of(ramp + 24, 16),
        .guss = octets_of_text("<guss id=\"i\"/>"),
    };
    gba_write_maa(&writer, &maa);
    struct gba_maa read;
    assert_ok(gba_read_maa(octets_written(&writer), &read));
    assert_int_equal(read.result, GBA_RESULT_SUCCESS);
    assert_true(octets_equal(read.impi, maa.impi));
    assert_true(octets_equal(read.scheme, maa.scheme));
    assert_true(octets_equal(read.rand_autn, maa.rand_autn));
    assert_true(octets_equal(read.xres, maa.xres));
    assert_true(octets_equal(read.ck, maa.ck));
    assert_true(octets_equal(read.ik, maa.ik));
    assert_true(octets_equal(read.guss, maa.guss));
}

static void reads_back_a_bir(void **state)
{
    (void)state;
    uint8_t room[2048];
    struct octet_writer writer = octet_writer_of(room, sizeof room);
    struct gba_bir bir = {
        .b_tid = octets_of_text(B_TID),
        .naf_id = octets_of("naf.example.com\x01\x00\x01\xc0\x2f", 20),
        .gba_u_aware = true,
        .gsid_count = GBA_BIR_MAX_GSIDS,
    };
    for (uint32_t i = 0; i < GBA_BIR_MAX_GSIDS; i++) {
        bir.gsids[i] = i * 1000001;
    }
    gba_write_bir(&writer, &bir);
    struct gba_bir read;
    uint32_t result = 0;
    assert_ok(gba_read_bir(octets_written(&writer), &read, &result));
    assert_true(octets_equal(read.b_tid, bir.b_tid));
    assert_true(octets_equal(read.naf_id, bir.naf_id));
    assert_true(read.gba_u_aware);
    assert_int_equal(read.gsid_count, GBA_BIR_MAX_GSIDS);
    assert_memory_equal(read.gsids, bir.gsids, sizeof bir.gsids);
}

static void reads_back_a_bia(void **state)
{
    (void)state;
    uint8_t room[2048];
    struct octet_writer writer = octet_writer_of(room, sizeof room);
    const struct gba_bia bia = {
        .result = GBA_RESULT_SUCCESS,
        .impi = octets_of_text(IMPI),
        .me_key_material = octets_of(ramp, 32),
        .uicc_key_material = octets_of(ramp + 8, 32),
        .key_expiry = 0xffffffff,
        .creation_time = 1,
        .uss_list = octets_of_text("<ussList/>"),
        .gba_type = 2,
    };
    gba_write_bia(&writer, &bia);
    struct gba_bia read;
    assert_ok(gba_read_bia(octets_written(&writer), &read));
    assert_int_equal(read.result, GBA_RESULT_SUCCESS);
    assert_true(octets_equal(read.impi, bia.impi));
    assert_true(octets_equal(read.me_key_material, bia.me_key_material));
    assert_true(octets_equal(read.uicc_key_material, bia.uicc_key_material));
    assert_int_equal(read.key_expiry, bia.key_expiry);
    assert_int_equal(read.creation_time, bia.creation_time);
    assert_true(octets_equal(read.uss_list, bia.uss_list));
    assert_int_equal(read.gba_type, 2);
}

static void tells_experimental_results(void **state)
{
    (void)state;
    static const uint32_t experimental[] = {5401, 5402, 5403};
    static const uint32_t plain[] = {0, 2001, 3002, 5005, 5012, 5014, 5400, 5404, UINT32_MAX};
    for (size_t i = 0; i < sizeof experimental / sizeof experimental[0]; i++) {
        assert_true(gba_result_is_experimental(experimental[i]));
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        assert_false(gba_result_is_experimental(plain[i]));
    }
}

/* Messages of other implementations. */

static void skips_what_the_transport_leaves(void **state)
{
    (void)state;
    struct builder builder;
    begin(&builder);
    add_text(&builder, 263, M, "bsf;1;2;3");
    add_text(&builder, 264, M, "naf.example.com");
    add_text(&builder, 282, M, "relay"); /* Route-Record may come again and again */
    add_text(&builder, 282, M, "relay");
    add_number(&builder, 277, M, 1);
    add_text(&builder, 999, 0, "");
    add_text(&builder, 999, V, "unknown, not mandatory");
    add_text(&builder, 999, M | V, "mandatory, but not of this range");
    add_text(&builder, 405, M, "a code of GBA, but of the IETF");
    add_text(&builder, 411, V, "push, not mandatory");
    add_text(&builder, 401, M | V, B_TID);
    add(&builder, 402, V, "n\x01\x00\x00\x00\x02", 6); /* without M: still NAF-Id */
    assert_bir_result(&builder, GBA_RESULT_SUCCESS);
}

static void reads_fhoss_answer(void **state)
{
    (void)state;
    struct builder item;
    begin(&item);
    add_number(&item, 613, M | V, 1);
    add_text(&item, 608, M | V, GBA_SCHEME_AKAV1);
    add(&item, 609, M | V, ramp, 32);
    add(&item, 610, M | V, ramp, 8);
    add(&item, 625, M | V, ramp, 16);
    add(&item, 626, M | V, ramp, 16);
    struct builder application;
    begin(&application);
    add_number(&application, 266, M, 10415);
    add_number(&application, 258, M, 16777216); /* of Cx */
    struct builder builder;
    begin(&builder);
    add_built(&builder, 260, M, &application);
    add_number(&builder, 277, M, 1);
    add_text(&builder, 601, M | V, "sip:user@operator.com");
    add_number(&builder, 607, M | V, 1);
    add_built(&builder, 612, M | V, &item);
    add_number(&builder, 268, M, 2001);
    struct gba_maa maa;
    assert_ok(gba_read_maa(built(&builder), &maa));
    assert_int_equal(maa.xres.length, 8);
    assert_int_equal(maa.guss.length, 0);
}

static void reads_padding_of_any_value(void **state)
{
    (void)state;
    struct builder builder;
    add_good_bir(&builder);
    size_t padding = 12 + strlen(B_TID);
    assert_int_equal(padding % 4, 2);
    builder.room[padding] = 0xff;
    builder.room[padding + 1] = 0xff;
    assert_bir_result(&builder, GBA_RESULT_SUCCESS);
}

/* Requests that are refused, and how. */

static void misses_mandatory_avps(void **state)
{
    (void)state;
    struct builder builder;
    begin(&builder);
    assert_bir_result(&builder, GBA_RESULT_MISSING_AVP);
    assert_mar_result(&builder, GBA_RESULT_MISSING_AVP);
    add_text(&builder, 401, M | V, B_TID);
    assert_bir_result(&builder, GBA_RESULT_MISSING_AVP);
    assert_mar_result(&builder, GBA_RESULT_MISSING_AVP);
    begin(&builder);
    add(&builder, 402, M | V, "n\x01\x00\x00\x00\x02", 6);
    assert_bir_result(&builder, GBA_RESULT_MISSING_AVP);
    begin(&builder);
    add_text(&builder, 1, M, IMPI);
    assert_mar_result(&builder, GBA_RESULT_SUCCESS);
}

/* An AVP in the wrong place is not that AVP. */
static void misses_misplaced_avps(void **state)
{
    (void)state;
    struct builder item;
    begin(&item);
    add_text(&item, 1, M, IMPI);
    struct builder builder;
    begin(&builder);
    add_built(&builder, 612, M | V, &item);
    add(&builder, 610, M | V, ramp, 7); /* belongs into the item: its length does not matter here */
    assert_mar_result(&builder, GBA_RESULT_MISSING_AVP);
}

static void checks_lengths_in_bir(void **state)
{
    static const struct {
        uint32_t code;
        size_t length;
        uint32_t result;
    } cases[] = {
        {401, 0, GBA_RESULT_INVALID_AVP_LENGTH},
        {401, 256, GBA_RESULT_INVALID_AVP_LENGTH},
        {402, 5, GBA_RESULT_INVALID_AVP_LENGTH},
        {402, 0, GBA_RESULT_INVALID_AVP_LENGTH},
        {402, 6, GBA_RESULT_SUCCESS},
        {402, 260, GBA_RESULT_SUCCESS},
        {402, 261, GBA_RESULT_INVALID_AVP_LENGTH},
        {403, 0, GBA_RESULT_INVALID_AVP_LENGTH},
        {403, 11, GBA_RESULT_INVALID_AVP_LENGTH},
        {407, 0, GBA_RESULT_INVALID_AVP_LENGTH},
        {407, 3, GBA_RESULT_INVALID_AVP_LENGTH},
        {407, 5, GBA_RESULT_INVALID_AVP_LENGTH},
        {404, 8, GBA_RESULT_INVALID_AVP_LENGTH}, /* known, though not of this message */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct builder builder;
        begin(&builder);
        add(&builder, cases[i].code, M | V, ramp, cases[i].length);
        if (cases[i].code != 401) {
            add_text(&builder, 401, M | V, B_TID);
        }
        if (cases[i].code != 402) {
            add(&builder, 402, M | V, "n\x01\x00\x00\x00\x02", 6);
        }
        assert_bir_result(&builder, cases[i].result);
    }
    char b_tid[256];
    for (size_t length = 1; length <= 255; length += 254) {
        struct builder builder;
        memset(b_tid, 'b', sizeof b_tid);
        begin(&builder);
        add(&builder, 401, M | V, b_tid, length);
        add(&builder, 402, M | V, "n\x01\x00\x00\x00\x02", 6);
        assert_bir_result(&builder, GBA_RESULT_SUCCESS);
    }
}

static void checks_lengths_in_mar(void **state)
{
    (void)state;
    for (size_t length = 0; length < 64; length++) {
        struct builder item;
        begin(&item);
        add(&item, 610, M | V, ramp, length);
        struct builder builder;
        begin(&builder);
        add_text(&builder, 1, M, IMPI);
        add_built(&builder, 612, M | V, &item);
        assert_mar_result(&builder, length == 30 ? GBA_RESULT_SUCCESS : GBA_RESULT_INVALID_AVP_LENGTH);
    }
    struct builder builder;
    begin(&builder);
    add_text(&builder, 1, M, "");
    assert_mar_result(&builder, GBA_RESULT_INVALID_AVP_LENGTH);
}

static void checks_lengths_in_answers(void **state)
{
    static const struct {
        uint32_t code;
        size_t minimum;
        size_t maximum;
    } bounds[] = {{609, 32, 32}, {610, 4, 16}, {625, 16, 16}, {626, 16, 16}};
    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        for (size_t length = 0; length < 48; length++) {
            static const size_t good[] = {32, 8, 16, 16};
            struct builder item;
            begin(&item);
            for (size_t j = 0; j < sizeof bounds / sizeof bounds[0]; j++) {
                add(&item, bounds[j].code, M | V, ramp, j == i ? length : good[j]);
            }
            struct builder builder;
            begin(&builder);
            add_number(&builder, 268, M, 2001);
            add_built(&builder, 612, M | V, &item);
            struct gba_maa maa;
            bool is_good = length >= bounds[i].minimum && length <= bounds[i].maximum;
            assert_status(gba_read_maa(built(&builder), &maa), is_good ? GBAU_OK : GBAU_E_MALFORMED);
        }
    }
    for (uint32_t code = 405; code <= 406; code++) {
        for (size_t length = 0; length < 48; length++) {
            struct builder builder;
            begin(&builder);
            add_number(&builder, 268, M, 2001);
            add(&builder, code, M | V, ramp, length);
            add(&builder, code == 405 ? 406 : 405, M | V, ramp, 32);
            struct gba_bia bia;
            assert_status(gba_read_bia(built(&builder), &bia), length == 32 ? GBAU_OK : GBAU_E_MALFORMED);
        }
    }
}

static void checks_values(void **state)
{
    static const struct {
        uint32_t code;
        const char *value;
        size_t length;
    } bad[] = {
        {401, "a\0b", 3},        {401, "a\nb", 3},
        {401, "a\x7f", 2},       {403, "1a", 2},
        {403, "-1", 2},          {403, " 1", 2},
        {403, "4294967296", 10}, {403, "1\0", 2},
        {407, "\0\0\0\2", 4},    {407, "\xff\xff\xff\xff", 4},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct builder builder;
        begin(&builder);
        add(&builder, bad[i].code, M | V, bad[i].value, bad[i].length);
        assert_bir_result(&builder, GBA_RESULT_INVALID_AVP_VALUE);
    }
    struct builder builder;
    begin(&builder);
    add(&builder, 1, M, "a\0b", 3);
    assert_mar_result(&builder, GBA_RESULT_INVALID_AVP_VALUE);
}

static void reads_awareness(void **state)
{
    (void)state;
    for (uint32_t aware = 0; aware <= 1; aware++) {
        struct builder builder;
        add_good_bir(&builder);
        add_number(&builder, 407, M | V, aware);
        struct gba_bir bir;
        uint32_t result = 0;
        assert_ok(gba_read_bir(built(&builder), &bir, &result));
        assert_int_equal(bir.gba_u_aware, aware);
    }
    struct builder builder;
    add_good_bir(&builder);
    struct gba_bir bir;
    uint32_t result = 0;
    assert_ok(gba_read_bir(built(&builder), &bir, &result));
    assert_false(bir.gba_u_aware);
    assert_int_equal(bir.gsid_count, 0);
}

static void refuses_avps_given_twice(void **state)
{
    (void)state;
    struct builder builder;
    add_good_bir(&builder);
    add_text(&builder, 401, M | V, B_TID);
    assert_bir_result(&builder, GBA_RESULT_AVP_OCCURS_TOO_MANY_TIMES);
    add_good_bir(&builder);
    add_number(&builder, 407, M | V, 1);
    add_number(&builder, 407, M | V, 1);
    assert_bir_result(&builder, GBA_RESULT_AVP_OCCURS_TOO_MANY_TIMES);
    add_good_bir(&builder);
    add_number(&builder, 277, M, 1);
    add_number(&builder, 277, M, 1);
    assert_bir_result(&builder, GBA_RESULT_AVP_OCCURS_TOO_MANY_TIMES);
    struct builder item;
    begin(&item);
    add_text(&item, 608, M | V, "x");
    begin(&builder);
    add_text(&builder, 1, M, IMPI);
    add_built(&builder, 612, M | V, &item);
    add_built(&builder, 612, M | V, &item);
    assert_mar_result(&builder, GBA_RESULT_AVP_OCCURS_TOO_MANY_TIMES);
    add_text(&item, 608, M | V, "x");
    begin(&builder);
    add_text(&builder, 1, M, IMPI);
    add_built(&builder, 612, M | V, &item);
    assert_mar_result(&builder, GBA_RESULT_AVP_OCCURS_TOO_MANY_TIMES);
}

static void bounds_the_gsids(void **state)
{
    (void)state;
    struct builder builder;
    add_good_bir(&builder);
    for (size_t i = 0; i < GBA_BIR_MAX_GSIDS; i++) {
        add_text(&builder, 403, M | V, "7");
    }
    assert_bir_result(&builder, GBA_RESULT_SUCCESS);
    add_text(&builder, 403, M | V, "7");
    assert_bir_result(&builder, GBA_RESULT_AVP_OCCURS_TOO_MANY_TIMES);
}

static void refuses_unknown_mandatory_avps(void **state)
{
    static const uint32_t refused[] = {411, 420, 600, 635, 640};
    static const uint32_t skipped[] = {399, 421, 599, 641};
    (void)state;
    struct builder builder;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        add_good_bir(&builder);
        add_text(&builder, refused[i], M | V, "x");
        assert_bir_result(&builder, GBA_RESULT_AVP_UNSUPPORTED);
        struct gba_bir bir;
        uint32_t result = 0;
        assert_status(gba_read_bir(built(&builder), &bir, &result), GBAU_E_UNSUPPORTED);
    }
    for (size_t i = 0; i < sizeof skipped / sizeof skipped[0]; i++) {
        add_good_bir(&builder);
        add_text(&builder, skipped[i], M | V, "x");
        assert_bir_result(&builder, GBA_RESULT_SUCCESS);
    }
}

static void bounds_the_depth(void **state)
{
    (void)state;
    struct builder inner;
    begin(&inner);
    for (unsigned depth = 1; depth <= 8; depth++) {
        struct builder outer;
        begin(&outer);
        add_built(&outer, 612, M | V, &inner);
        inner = outer;
        inner.writer.data = inner.room;
        struct builder builder;
        begin(&builder);
        octet_writer_put_octets(&builder.writer, built(&inner));
        add_text(&builder, 1, M, IMPI);
        assert_mar_result(&builder, depth <= GBA_AVP_DEPTH_MAX ? GBA_RESULT_SUCCESS : GBA_RESULT_UNABLE_TO_COMPLY);
    }
}

static void bounds_the_message(void **state)
{
    (void)state;
    size_t size = GBA_MESSAGE_MAX + 4;
    uint8_t *message = calloc(1, size);
    assert_non_null(message);
    struct octet_writer writer = octet_writer_of(message, size);
    struct gba_mar mar;
    uint32_t result = 0;
    const struct gba_mar good = {.impi = octets_of_text(IMPI)};
    gba_write_mar(&writer, &good);
    size_t left = GBA_MESSAGE_MAX - writer.length;
    octet_writer_u32(&writer, 999);
    octet_writer_u8(&writer, 0);
    octet_writer_u24(&writer, (uint32_t)left);
    assert_ok(gba_read_mar(octets_of(message, GBA_MESSAGE_MAX), &mar, &result));
    assert_status(gba_read_mar(octets_of(message, size), &mar, &result), GBAU_E_MALFORMED);
    assert_int_equal(result, GBA_RESULT_UNABLE_TO_COMPLY);
    free(message);
}

/* Answers. */

static void needs_one_result(void **state)
{
    (void)state;
    struct gba_bia bia;
    struct builder builder;
    struct builder experimental;
    begin(&experimental);
    add_number(&experimental, 266, M, 10415);
    add_number(&experimental, 298, M, 5402);
    begin(&builder);
    assert_status(gba_read_bia(built(&builder), &bia), GBAU_E_MALFORMED);
    add_number(&builder, 268, M, 0);
    assert_status(gba_read_bia(built(&builder), &bia), GBAU_E_MALFORMED);
    begin(&builder);
    add_built(&builder, 297, M, &experimental);
    assert_ok(gba_read_bia(built(&builder), &bia));
    assert_int_equal(bia.result, GBA_RESULT_NOT_AUTHORIZED);
    add_number(&builder, 268, M, 5012);
    assert_status(gba_read_bia(built(&builder), &bia), GBAU_E_MALFORMED);
    begin(&builder);
    add_number(&builder, 298, M, 5402); /* outside of its group */
    assert_status(gba_read_bia(built(&builder), &bia), GBAU_E_MALFORMED);
}

static void refuses_results_of_other_vendors(void **state)
{
    (void)state;
    struct gba_maa maa;
    struct builder builder;
    struct builder experimental;
    begin(&experimental);
    add_number(&experimental, 266, M, 9);
    add_number(&experimental, 298, M, 5401);
    begin(&builder);
    add_built(&builder, 297, M, &experimental);
    assert_status(gba_read_maa(built(&builder), &maa), GBAU_E_MALFORMED);
    begin(&experimental);
    add_number(&experimental, 266, M, 10415);
    add_number(&experimental, 266, M, 10415);
    add_number(&experimental, 298, M, 5401);
    begin(&builder);
    add_built(&builder, 297, M, &experimental);
    assert_status(gba_read_maa(built(&builder), &maa), GBAU_E_MALFORMED);
}

static void needs_a_whole_vector_on_success(void **state)
{
    static const struct {
        uint32_t code;
        size_t length;
    } parts[] = {{609, 32}, {610, 8}, {625, 16}, {626, 16}};
    (void)state;
    for (size_t missing = 0; missing <= 4; missing++) {
        struct builder item;
        begin(&item);
        for (size_t i = 0; i < 4; i++) {
            if (i != missing) {
                add(&item, parts[i].code, M | V, ramp, parts[i].length);
            }
        }
        struct builder builder;
        begin(&builder);
        add_number(&builder, 268, M, 2001);
        add_built(&builder, 612, M | V, &item);
        struct gba_maa maa;
        assert_status(gba_read_maa(built(&builder), &maa), missing == 4 ? GBAU_OK : GBAU_E_MALFORMED);
    }
    struct builder builder;
    begin(&builder);
    add_number(&builder, 268, M, 2001);
    struct gba_bia bia;
    assert_status(gba_read_bia(built(&builder), &bia), GBAU_E_MALFORMED);
    begin(&builder);
    add_number(&builder, 268, M, 5012);
    struct gba_maa maa;
    assert_ok(gba_read_maa(built(&builder), &maa));
    assert_ok(gba_read_bia(built(&builder), &bia));
}

/* Broken octets. */

static size_t write_whole_maa(uint8_t *room, size_t capacity)
{
    struct octet_writer writer = octet_writer_of(room, capacity);
    const struct gba_maa maa = {
        .result = GBA_RESULT_SUCCESS,
        .impi = octets_of_text(IMPI),
        .scheme = octets_of_text(GBA_SCHEME_AKAV1),
        .rand_autn = octets_of(ramp, 32),
        .xres = octets_of(ramp, 7),
        .ck = octets_of(ramp, 16),
        .ik = octets_of(ramp, 16),
        .guss = octets_of_text("<guss/>"),
    };
    gba_write_maa(&writer, &maa);
    assert_ok(octet_writer_end(&writer));
    return writer.length;
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    uint8_t message[512];
    size_t length = write_whole_maa(message, sizeof message);
    size_t guss = length - 20; /* the last AVP is optional */
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, message, cut);
        struct gba_maa maa;
        assert_status(gba_read_maa(octets_of(copy, cut), &maa), cut == guss ? GBAU_OK : GBAU_E_MALFORMED);
        free(copy);
    }
}

static void assert_inside(struct octets view, const uint8_t *message, size_t length)
{
    if (view.length > 0) {
        assert_true(view.data >= message && view.data + view.length <= message + length);
    }
}

static void survives_every_changed_octet(void **state)
{
    (void)state;
    uint8_t message[512];
    size_t length = write_whole_maa(message, sizeof message);
    for (size_t i = 0; i < length; i++) {
        const uint8_t right = message[i];
        for (unsigned octet = 0; octet < 256; octet++) {
            message[i] = (uint8_t)octet;
            struct gba_maa maa;
            if (gba_read_maa(octets_of(message, length), &maa) == GBAU_OK) {
                assert_inside(maa.impi, message, length);
                assert_inside(maa.scheme, message, length);
                assert_inside(maa.rand_autn, message, length);
                assert_inside(maa.xres, message, length);
                assert_inside(maa.guss, message, length);
                assert_true(maa.result != GBA_RESULT_SUCCESS || (maa.ck.length == 16 && maa.ik.length == 16));
            }
        }
        message[i] = right;
    }
}

static void refuses_bad_avp_lengths(void **state)
{
    static const uint32_t lengths[] = {0, 1, 7, 8, 11, 0xffffff, 0x800000};
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t message[16];
        struct octet_writer writer = octet_writer_of(message, sizeof message);
        octet_writer_u32(&writer, 401);
        octet_writer_u8(&writer, M | V);
        octet_writer_u24(&writer, lengths[i]);
        octet_writer_u32(&writer, 10415);
        octet_writer_u32(&writer, 0x61616161);
        struct gba_bir bir;
        uint32_t result = 0;
        assert_status(gba_read_bir(octets_of(message, 16), &bir, &result), GBAU_E_MALFORMED);
        assert_int_equal(result, GBA_RESULT_INVALID_AVP_LENGTH);
    }
}

/* A length inside a group that leads out of it. */
static void keeps_groups_apart(void **state)
{
    (void)state;
    struct builder item;
    begin(&item);
    add_text(&item, 608, M | V, "abcd");
    item.room[7] = 0x14; /* four octets more than the group has */
    struct builder builder;
    begin(&builder);
    add_built(&builder, 612, M | V, &item);
    add_text(&builder, 1, M, IMPI);
    assert_mar_result(&builder, GBA_RESULT_INVALID_AVP_LENGTH);
}

/* Writing what must not be written. */

static void fails_to_write_bad_values(void **state)
{
    (void)state;
    uint8_t room[1024];
    struct octet_writer writer = octet_writer_of(room, sizeof room);
    const struct gba_maa maa = {.result = 2001, .ck = octets_of(ramp, 15)};
    gba_write_maa(&writer, &maa);
    assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
    writer = octet_writer_of(room, sizeof room);
    const struct gba_bir too_many = {.gsid_count = GBA_BIR_MAX_GSIDS + 1};
    gba_write_bir(&writer, &too_many);
    assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
    writer = octet_writer_of(room, sizeof room);
    const struct gba_bir too_long = {.b_tid = octets_of(ramp, 256)};
    gba_write_bir(&writer, &too_long);
    assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
}

static void fails_in_every_lack_of_room(void **state)
{
    (void)state;
    uint8_t room[512];
    size_t length = write_whole_maa(room, sizeof room);
    struct gba_maa maa;
    uint8_t message[512];
    memcpy(message, room, sizeof message);
    assert_ok(gba_read_maa(octets_of(message, length), &maa));
    for (size_t capacity = 0; capacity < length; capacity++) {
        struct octet_writer writer = octet_writer_of(room, capacity);
        gba_write_maa(&writer, &maa);
        assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
    }
    struct octet_writer writer = octet_writer_of(room, length);
    gba_write_maa(&writer, &maa);
    assert_ok(octet_writer_end(&writer));
    assert_memory_equal(room, message, length);
}

/* The table for the transport's dictionary. */
static void defines_every_avp_once(void **state)
{
    (void)state;
    assert_int_equal(gba_avp_definition_count, 29);
    for (size_t i = 0; i < gba_avp_definition_count; i++) {
        const struct gba_avp_definition *definition = &gba_avp_definitions[i];
        assert_non_null(definition->name);
        bool is_ours = definition->code >= 400 && definition->code <= 640;
        assert_int_equal(definition->vendor, is_ours ? GBA_VENDOR_3GPP : 0);
        assert_int_equal(definition->mandatory, definition->code != 409); /* GUSS-Timestamp: M must not be set */
        for (size_t j = i + 1; j < gba_avp_definition_count; j++) {
            assert_int_not_equal(definition->code, gba_avp_definitions[j].code);
            assert_string_not_equal(definition->name, gba_avp_definitions[j].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_mar),
        cmocka_unit_test(writes_a_maa),
        cmocka_unit_test(writes_a_refusal),
        cmocka_unit_test(writes_a_bir),
        cmocka_unit_test(reads_back_a_mar),
        cmocka_unit_test(reads_back_a_maa),
        cmocka_unit_test(reads_back_a_bir),
        cmocka_unit_test(reads_back_a_bia),
        cmocka_unit_test(tells_experimental_results),
        cmocka_unit_test(skips_what_the_transport_leaves),
        cmocka_unit_test(reads_fhoss_answer),
        cmocka_unit_test(reads_padding_of_any_value),
        cmocka_unit_test(misses_mandatory_avps),
        cmocka_unit_test(misses_misplaced_avps),
        cmocka_unit_test(checks_lengths_in_bir),
        cmocka_unit_test(checks_lengths_in_mar),
        cmocka_unit_test(checks_lengths_in_answers),
        cmocka_unit_test(checks_values),
        cmocka_unit_test(reads_awareness),
        cmocka_unit_test(refuses_avps_given_twice),
        cmocka_unit_test(bounds_the_gsids),
        cmocka_unit_test(refuses_unknown_mandatory_avps),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(bounds_the_message),
        cmocka_unit_test(needs_one_result),
        cmocka_unit_test(refuses_results_of_other_vendors),
        cmocka_unit_test(needs_a_whole_vector_on_success),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(survives_every_changed_octet),
        cmocka_unit_test(refuses_bad_avp_lengths),
        cmocka_unit_test(keeps_groups_apart),
        cmocka_unit_test(fails_to_write_bad_values),
        cmocka_unit_test(fails_in_every_lack_of_room),
        cmocka_unit_test(defines_every_avp_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
