/*
 * test_bit_flips.c: every single bit of the memory of a card with a life behind it, flipped: the card is refused as
 * damaged, or it is the card that it was, because nothing stands there or what stands there is written anew at the
 * start.
 */
#include "api_testing.h"
#include "card_view.h"
#include "file_testing.h"

/* Regions of a card's memory, in the order in which they stand (see uicc/nvm.h). */
enum region { REGION_HEADER, REGION_DATA, REGION_CHECKSUMS, REGION_MARK, REGION_JOURNAL_A, REGION_JOURNAL_B, REGIONS };

enum { HEADER_SIZE = 64, HEADER_USED = 26, MARK_SIZE = 64, MARK_USED = 60, CRC_SIZE = 4 };

struct flips {
    struct test_card card;
    uint8_t *image; /* sound */
    uint8_t *memory;
    size_t size;
    struct {
        size_t offset;
        size_t length;
    } writes[8192];
    size_t write_count;
    struct card_view sound;
    struct card_view found;
    size_t refused[REGIONS];
    size_t accepted[REGIONS];
};

static enum gbau_status write_noted(void *context, size_t offset, const void *data, size_t length)
{
    struct flips *flips = context;
    assert_true(flips->write_count < sizeof flips->writes / sizeof flips->writes[0]);
    flips->writes[flips->write_count].offset = offset;
    flips->writes[flips->write_count++].length = length;
    memcpy(flips->memory + offset, data, length);
    return GBAU_OK;
}

/* The sound image again; only what was written has to be copied. */
static void restore(struct flips *flips, size_t flipped)
{
    for (size_t i = 0; i < flips->write_count; i++) {
        memcpy(flips->memory + flips->writes[i].offset, flips->image + flips->writes[i].offset,
               flips->writes[i].length);
    }
    flips->write_count = 0;
    flips->memory[flipped] = flips->image[flipped];
}

static enum region region_of(const struct flips *flips, size_t offset)
{
    const size_t pages = PROFILE_DATA_SIZE / NVM_PAGE_SIZE;
    const size_t ends[] = {HEADER_SIZE, PROFILE_DATA_SIZE,     pages * CRC_SIZE,
                           MARK_SIZE,   NVM_JOURNAL_HALF_SIZE, NVM_JOURNAL_HALF_SIZE};
    size_t end = 0;
    for (enum region region = REGION_HEADER; region < REGIONS; region++) {
        end += ends[region];
        if (offset < end) {
            return region;
        }
    }
    fail_msg("offset %zu of %zu", offset, flips->size);
    return REGIONS;
}

/* A card with all kinds of files, keys, a suspension behind it, and journals that have gone round. */
static void live(struct test_card *card)
{
    begin_as_administrator(card);
    assert_string_equal(create_file(card, DESCRIPTOR_BER_TLV, 0x5001, RULE_PIN_PIN, 100, 10), "9000");
    assert_apdu(card, "80db0080048002aabb", "9000");
    assert_string_equal(create_file(card, descriptor_of_records("46", 3), 0x5002, RULE_PIN_PIN, 12, NO_SFI), "9000");
    assert_apdu(card, "00dc000303010203", "9000");
    assert_string_equal(create_transparent(card, 0x5003, 300), "9000");
    assert_string_equal(delete_file(card, 0x5003), "9000");
    enter_usim(card);
    (void)bootstrap(card, 0x21, 1);
    assert_sw(card, TEST_DERIVE, "9000");
    for (unsigned i = 0; i < 200; i++) { /* both halves of the journal have been written */
        assert_apdu(card, "0020000108" TEST_PIN, "9000");
    }
    assert_sw(card, "807600000400010005", "9000");
    test_card_restart(card);
    assert_apdu(card, "80f2000c", "9000");
}

static struct flips *begin(void)
{
    struct flips *flips = calloc(1, sizeof *flips);
    assert_non_null(flips);
    live(&flips->card);
    flips->size = flips->card.storage.size;
    flips->image = malloc(flips->size);
    flips->memory = flips->card.memory;
    assert_non_null(flips->image);
    test_card_restart(&flips->card);
    card_view_take(&flips->card.uicc, &flips->sound);
    memcpy(flips->image, flips->memory, flips->size);
    flips->card.storage.write = write_noted;
    flips->card.storage.context = flips;
    return flips;
}

/* What a terminal gets to see, over and above that the views are the same. */
static void assert_answers(struct test_card *card)
{
    static const struct exchange exchanges[] = {
        {"0020000108" TEST_PIN, "9000"}, {"80cb8a80018000", "6a86"},   {"80cb0a80018000", "8002aabb9000"},
        {"00a4000c025002", "9000"},      {"00b2010400", "0102039000"}, {"00a4000c025003", "6a82"},
        {"00b0850002", "656e9000"},
    };
    assert_exchanges(card, exchanges);
}

static void flip(struct flips *flips, size_t offset, unsigned bit)
{
    const enum region region = region_of(flips, offset);
    flips->memory[offset] ^= (uint8_t)(1U << bit);
    const enum gbau_status status = uicc_power_on(&flips->card.uicc, &flips->card.storage, &flips->card.crypto);
    if (status != GBAU_OK) {
        /* of another magic number or version it is not even said that it is a card */
        const bool is_header = region == REGION_HEADER && status == GBAU_E_MALFORMED;
        assert_true(is_header || status == GBAU_E_CORRUPT);
        flips->refused[region]++;
    } else {
        card_view_take(&flips->card.uicc, &flips->found);
        if (!card_view_equals(&flips->found, &flips->sound)) {
            fail_msg("bit %u of octet %zu changes the card", bit, offset);
        }
        if (++flips->accepted[region] % 64 == 0) {
            assert_answers(&flips->card);
        }
    }
    restore(flips, offset);
}

static void test_every_bit(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    enum { STEP = 11 }; /* all bits of all octets in the end, but not in every run */
#else
    enum { STEP = 1 };
#endif
    struct flips *flips = begin();
    for (size_t i = 0; i < 8 * flips->size; i += STEP) {
        flip(flips, i / 8, (unsigned)(i % 8));
    }
    static const char *const names[REGIONS] = {"header", "data", "checksums", "mark", "journal A", "journal B"};
    for (size_t region = 0; region < REGIONS; region++) {
        print_message("%s: %zu bits refused, %zu harmless\n", names[region], flips->refused[region],
                      flips->accepted[region]);
    }
    assert_true(flips->refused[REGION_HEADER] >= (size_t)8 * HEADER_USED / STEP);
    assert_int_equal(flips->refused[REGION_MARK], 0);
    free(flips->image);
    test_card_end(&flips->card);
    free(flips);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_bit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
