/* test_session_record.c: records come back as they went in, and any change to them is noticed. */
#include "store_testing.h"

#include "store/session_record.h"

#define B_TID "QUJDREVGR0hJSktMTU5PUA==@bsf.mnc001.mcc001.pub.3gppnetwork.org"
#define TMPI  "2rBy9bL8T/1NFq7GP5vqj0H26PadfXr8@tmpi.bsf.3gppnetwork.org"

static struct place place;
static struct key_wrap *wrap;
static uint8_t octets[SESSION_RECORD_MAX];
static struct bootstrapping_session session;
static struct bootstrapping_session read_back;

static int set_up(void **state)
{
    (void)state;
    place_make(&place);
    wrap = open_wrap(&place, "key", KEY_1);
    session = (struct bootstrapping_session){
        .b_tid = B_TID,
        .impi = "001010000000001@ims.mnc001.mcc001.3gppnetwork.org",
        .tmpi = TMPI,
        .mode = GBA_MODE_U,
        .created = 1700000000,
        .expires = 1700086400,
        .guss_xml = "<guss id=\"001010000000001\"/>",
    };
    for (uint8_t i = 0; i < AKA_KS_SIZE; i++) {
        session.ks.octets[i] = (uint8_t)(0xc0 + i);
    }
    memset(session.rand.octets, 0x23, AKA_RAND_SIZE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    key_wrap_close(wrap);
    place_remove(&place);
    return 0;
}

static struct octets write_session(void)
{
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    assert_ok(session_record_write(&session, wrap, &writer));
    assert_ok(octet_writer_end(&writer));
    return octets_written(&writer);
}

static struct octets write_tmpi(void)
{
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    assert_ok(tmpi_record_write(&session, wrap, &writer));
    return octets_written(&writer);
}

static void assert_same_session(void)
{
    assert_string_equal(read_back.b_tid, session.b_tid);
    assert_string_equal(read_back.impi, session.impi);
    assert_string_equal(read_back.tmpi, session.tmpi);
    assert_string_equal(read_back.guss_xml, session.guss_xml);
    assert_memory_equal(read_back.ks.octets, session.ks.octets, AKA_KS_SIZE);
    assert_memory_equal(read_back.rand.octets, session.rand.octets, AKA_RAND_SIZE);
    assert_int_equal(read_back.mode, session.mode);
    assert_int_equal(read_back.created, session.created);
    assert_int_equal(read_back.expires, session.expires);
}

static void assert_round_trip(void)
{
    assert_ok(session_record_read(write_session(), session.b_tid, wrap, &read_back));
    assert_same_session();
}

static void assert_session_is_corrupt(struct octets record, const char *b_tid)
{
    static const struct bootstrapping_session zeros;
    memset(&read_back, 0xff, sizeof read_back);
    assert_status(session_record_read(record, b_tid, wrap, &read_back), GBAU_E_CORRUPT);
    assert_memory_equal(&read_back, &zeros, sizeof zeros);
}

static void assert_tmpi_is_corrupt(struct octets record, const char *tmpi)
{
    char impi[SESSION_IMPI_SIZE] = "x";
    unix_time expires = 0;
    assert_status(tmpi_record_read(record, tmpi, wrap, impi, &expires), GBAU_E_CORRUPT);
    assert_string_equal(impi, "");
}

static void fill_text(char *text, size_t size)
{
    memset(text, 'x', size - 1);
    text[size - 1] = '\0';
}

static void writes_the_documented_octets(void **state)
{
    (void)state;
    (void)snprintf(session.impi, sizeof session.impi, "a@b");
    (void)snprintf(session.tmpi, sizeof session.tmpi, "t");
    session.guss_xml[0] = '\0';
    struct octets record = write_session();
    const char *clear = "01"
                        "0000000065554280"
                        "000000006553f100"
                        "01"
                        "23232323232323232323232323232323"
                        "0003614062"
                        "000174"
                        "0000";
    const size_t clear_length = strlen(clear) / 2;
    assert_octets(octets_of(record.data, clear_length), clear);
    assert_int_equal(record.length, clear_length + AKA_KS_SIZE + KEY_WRAP_OVERHEAD);
}

/* Pins what Ks is bound to: kind, length and text of the B-TID, and all octets before the seal. */
static void seals_ks_as_documented(void **state)
{
    (void)state;
    uint8_t bound[SESSION_RECORD_MAX];
    uint8_t ks[AKA_KS_SIZE];
    struct octets record = write_session();
    const size_t clear_length = record.length - AKA_KS_SIZE - KEY_WRAP_OVERHEAD;
    struct octets sealed = octets_of(record.data + clear_length, record.length - clear_length);
    struct octet_writer writer = octet_writer_of(bound, sizeof bound);
    octet_writer_put_text(&writer, "session");
    octet_writer_u16(&writer, (uint16_t)strlen(B_TID));
    octet_writer_put_text(&writer, B_TID);
    octet_writer_put(&writer, record.data, clear_length);
    assert_ok(key_wrap_open_secret(wrap, sealed, octets_written(&writer), ks, sizeof ks));
    assert_memory_equal(ks, session.ks.octets, sizeof ks);
}

static void round_trip(void **state)
{
    (void)state;
    assert_round_trip();
    session.mode = GBA_MODE_ME;
    session.tmpi[0] = '\0';
    session.guss_xml[0] = '\0';
    session.created = 0;
    session.expires = 0;
    assert_round_trip();
}

static void round_trip_of_the_largest(void **state)
{
    (void)state;
    fill_text(session.b_tid, sizeof session.b_tid);
    fill_text(session.impi, sizeof session.impi);
    fill_text(session.tmpi, sizeof session.tmpi);
    fill_text(session.guss_xml, sizeof session.guss_xml);
    session.created = INT64_MAX;
    session.expires = INT64_MAX;
    assert_round_trip();
}

static void hides_ks(void **state)
{
    (void)state;
    struct octets record = write_session();
    assert_null(memmem(record.data, record.length, session.ks.octets, AKA_KS_SIZE));
    assert_null(memmem(record.data, record.length, session.ks.octets, 4));
}

static void refuses_to_write_nonsense(void **state)
{
    (void)state;
    const struct bootstrapping_session good = session;
    struct bootstrapping_session bad[9];
    for (size_t i = 0; i < 9; i++) {
        bad[i] = good;
    }
    bad[0].b_tid[0] = '\0';
    bad[1].impi[0] = '\0';
    memset(bad[2].b_tid, 'x', sizeof bad[2].b_tid);
    memset(bad[3].impi, 'x', sizeof bad[3].impi);
    memset(bad[4].tmpi, 'x', sizeof bad[4].tmpi);
    memset(bad[5].guss_xml, 'x', sizeof bad[5].guss_xml);
    bad[6].created = -1;
    bad[7].expires = -1;
    bad[8].mode = (enum gba_mode)2;
    for (size_t i = 0; i < 9; i++) {
        struct octet_writer writer = octet_writer_of(octets, sizeof octets);
        assert_status(session_record_write(&bad[i], wrap, &writer), GBAU_E_ARGUMENT);
        assert_status(tmpi_record_write(&bad[i], wrap, &writer), GBAU_E_ARGUMENT);
        assert_int_equal(writer.length, 0);
    }
    session.tmpi[0] = '\0';
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    assert_status(tmpi_record_write(&session, wrap, &writer), GBAU_E_ARGUMENT);
    octet_writer_u8(&writer, 1);
    assert_status(session_record_write(&good, wrap, &writer), GBAU_E_ARGUMENT);
    assert_status(tmpi_record_write(&good, wrap, &writer), GBAU_E_ARGUMENT);
}

static void needs_room(void **state)
{
    (void)state;
    size_t length = write_session().length;
    for (size_t capacity = 0; capacity < length; capacity++) {
        struct octet_writer writer = octet_writer_of(octets, capacity);
        assert_status(session_record_write(&session, wrap, &writer), GBAU_E_SPACE);
    }
    length = write_tmpi().length;
    for (size_t capacity = 0; capacity < length; capacity++) {
        struct octet_writer writer = octet_writer_of(octets, capacity);
        assert_status(tmpi_record_write(&session, wrap, &writer), GBAU_E_SPACE);
    }
}

static void notices_truncation_at_each_length(void **state)
{
    (void)state;
    struct octets record = write_session();
    for (size_t length = 0; length < record.length; length++) {
        assert_session_is_corrupt(octets_of(record.data, length), B_TID);
    }
    octets[record.length] = 0;
    assert_session_is_corrupt(octets_of(record.data, record.length + 1), B_TID);
    assert_session_is_corrupt((struct octets){0}, B_TID);
    record = write_tmpi();
    for (size_t length = 0; length < record.length; length++) {
        assert_tmpi_is_corrupt(octets_of(record.data, length), TMPI);
    }
    octets[record.length] = 0;
    assert_tmpi_is_corrupt(octets_of(record.data, record.length + 1), TMPI);
}

static void notices_every_flipped_bit(void **state)
{
    (void)state;
    struct octets record = write_session();
    for (size_t bit = 0; bit < 8 * record.length; bit++) {
        octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_session_is_corrupt(record, B_TID);
        octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_ok(session_record_read(record, B_TID, wrap, &read_back));
    record = write_tmpi();
    for (size_t bit = 0; bit < 8 * record.length; bit++) {
        octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_tmpi_is_corrupt(record, TMPI);
        octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void is_bound_to_its_identity(void **state)
{
    (void)state;
    char too_long[B_TID_SIZE + 1];
    fill_text(too_long, sizeof too_long);
    struct octets record = write_session();
    assert_session_is_corrupt(record, "other@bsf");
    assert_session_is_corrupt(record, "");
    assert_session_is_corrupt(record, too_long);
    record = write_tmpi();
    assert_tmpi_is_corrupt(record, "other" TMPI);
    assert_tmpi_is_corrupt(record, "");
    assert_tmpi_is_corrupt(record, too_long);
}

static void is_bound_to_its_kind(void **state)
{
    (void)state;
    struct octets record = write_tmpi();
    assert_session_is_corrupt(record, TMPI);
    record = write_session();
    assert_tmpi_is_corrupt(record, B_TID);
}

static void is_bound_to_its_key(void **state)
{
    (void)state;
    struct key_wrap *right = wrap;
    struct octets record = write_session();
    wrap = open_wrap(&place, "other", KEY_2);
    assert_session_is_corrupt(record, B_TID);
    key_wrap_close(wrap);
    wrap = right;
    assert_ok(session_record_read(record, B_TID, wrap, &read_back));
}

static void tmpi_round_trip(void **state)
{
    (void)state;
    char impi[SESSION_IMPI_SIZE];
    unix_time expires = 0;
    assert_ok(tmpi_record_read(write_tmpi(), TMPI, wrap, impi, &expires));
    assert_string_equal(impi, session.impi);
    assert_int_equal(expires, session.expires);
    fill_text(session.impi, sizeof session.impi);
    fill_text(session.tmpi, sizeof session.tmpi);
    struct octets record = write_tmpi();
    assert_true(record.length <= TMPI_RECORD_MAX);
    assert_ok(tmpi_record_read(record, session.tmpi, wrap, impi, &expires));
    assert_string_equal(impi, session.impi);
}

static void reads_the_expiry_without_a_key(void **state)
{
    (void)state;
    unix_time expires = 0;
    struct octets record = write_session();
    assert_ok(session_record_read_expiry(record, &expires));
    assert_int_equal(expires, session.expires);
    assert_status(session_record_read_expiry(octets_of(record.data, 8), &expires), GBAU_E_CORRUPT);
    octets[1] = 0x80; /* beyond what a unix_time can hold */
    assert_status(session_record_read_expiry(record, &expires), GBAU_E_CORRUPT);
    octets[1] = 0;
    octets[0] = SESSION_RECORD_VERSION + 1;
    assert_status(session_record_read_expiry(record, &expires), GBAU_E_CORRUPT);
    expires = 0;
    assert_ok(session_record_read_expiry(write_tmpi(), &expires));
    assert_int_equal(expires, session.expires);
}

/* Wrong lengths and times stand before the seal, so they are met before it is looked at. */
static void refuses_impossible_fields(void **state)
{
    (void)state;
    static const struct {
        size_t position;
        uint8_t value;
    } changes[] = {
        {0, 0}, {0, 2}, {1, 0xff}, {9, 0xff}, {17, 2}, {34, 0xff}, {35, 0xff},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct octets record = write_session();
        octets[changes[i].position] = changes[i].value;
        assert_session_is_corrupt(record, B_TID);
    }
    struct octets record = write_session();
    octets[36] = '\0'; /* in the middle of the IMPI */
    assert_session_is_corrupt(record, B_TID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_the_documented_octets),
        TEST(seals_ks_as_documented),
        TEST(round_trip),
        TEST(round_trip_of_the_largest),
        TEST(hides_ks),
        TEST(refuses_to_write_nonsense),
        TEST(needs_room),
        TEST(notices_truncation_at_each_length),
        TEST(notices_every_flipped_bit),
        TEST(is_bound_to_its_identity),
        TEST(is_bound_to_its_kind),
        TEST(is_bound_to_its_key),
        TEST(tmpi_round_trip),
        TEST(reads_the_expiry_without_a_key),
        TEST(refuses_impossible_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
