/* test_file_access.c: which EF a command works on, whether it is in use, whether it may, and the write. */
#include "file_testing.h"
#include "uicc/file_access.h"
#include "uicc/file_system.h"

/* A command on channel 0. */
static struct uicc_command command_on(struct test_card *card)
{
    return (struct uicc_command){.channel = &card->uicc.channels[0]};
}

static enum status_word find(struct test_card *card, uint8_t sfi, uint16_t *fid)
{
    struct card_file file = {.fid = 0};
    const struct uicc_command command = command_on(card);
    const enum status_word sw = file_access_find(&card->uicc, &command, sfi, &file);
    *fid = file.fid;
    return sw;
}

/* An SFI selects; one that is not there changes nothing. */
static void test_find(void **state)
{
    (void)state;
    struct test_card card;
    uint16_t fid = 0;
    test_card_begin(&card);
    struct uicc_channel *channel = &card.uicc.channels[0];
    assert_int_equal(find(&card, 0, &fid), SW_NO_EF_SELECTED);
    assert_int_equal(find(&card, 0x1e, &fid), SW_OK);
    assert_int_equal(fid, 0x2f00);
    channel->record = 3;
    assert_int_equal(find(&card, 0x1d, &fid), SW_FILE_NOT_FOUND);
    assert_int_equal(find(&card, SFI_MASK, &fid), SW_FILE_NOT_FOUND);
    assert_int_equal(find(&card, 0, &fid), SW_OK);
    assert_int_equal(fid, 0x2f00);
    assert_int_equal(channel->record, 3);
    assert_int_equal(find(&card, 0x1e, &fid), SW_OK);
    assert_int_equal(channel->record, 0); /* selected anew */
    test_card_end(&card);
}

static enum status_word check(struct test_card *card, uint8_t directory, uint16_t fid, enum access_mode mode)
{
    const uint8_t index = file_system_find_child(&card->uicc, directory, fid);
    assert_int_not_equal(index, CARD_NO_INDEX);
    const struct card_file file = card_layout_file(&card->uicc.layout, index);
    return file_access_check(&card->uicc, &file, mode);
}

/* The state is told before the right: who may not read learns no less of a file that nobody can read. */
static void test_check(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    assert_int_equal(check(&card, CARD_MF_INDEX, 0x2f05, ACCESS_READ), SW_OK);
    assert_int_equal(check(&card, CARD_MF_INDEX, 0x2f05, ACCESS_UPDATE), SW_SECURITY_STATUS);
    assert_apdu(&card, "0020000108" TEST_PIN, "9000");
    assert_int_equal(check(&card, CARD_MF_INDEX, 0x2f05, ACCESS_UPDATE), SW_OK);
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_apdu(&card, "00040000022f05", "9000");
    assert_int_equal(check(&card, CARD_MF_INDEX, 0x2f05, ACCESS_READ), SW_REFERENCED_DATA_INVALID);
    assert_apdu(&card, "00440000022f05", "9000");
    assert_int_equal(check(&card, CARD_MF_INDEX, 0x2f05, ACCESS_READ), SW_OK);

    const uint8_t telecom = file_system_find_child(&card.uicc, CARD_MF_INDEX, 0x7f10);
    assert_int_equal(check(&card, telecom, 0x6f3a, ACCESS_READ), SW_OK);
    assert_apdu(&card, "00e60000027f10", "9000");
    assert_int_equal(check(&card, telecom, 0x6f3a, ACCESS_READ), SW_REFERENCED_DATA_INVALID);
    const uint8_t multimedia = file_system_find_child(&card.uicc, telecom, 0x5f3b);
    assert_int_equal(check(&card, multimedia, 0x4f47, ACCESS_READ), SW_REFERENCED_DATA_INVALID);
    test_card_end(&card);
}

static enum gbau_status write_nothing(void *context, size_t offset, const void *data, size_t length)
{
    (void)context;
    (void)offset;
    (void)data;
    (void)length;
    return GBAU_E_STORAGE;
}

static void test_write(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    const uint8_t index = file_system_find_child(&card.uicc, CARD_MF_INDEX, 0x2f05);
    const size_t body = card_layout_file(&card.uicc.layout, index).body;
    assert_int_equal(file_access_write(&card.uicc, body + 1, octets_of("xyz", 3)), SW_OK);
    assert_octets(octets_of(card.uicc.nvm.data + body, 5), "6578797aff");
    test_card_restart(&card);
    assert_octets(octets_of(card.uicc.nvm.data + body, 5), "6578797aff");
    card.uicc.nvm.storage.write = write_nothing;
    assert_int_equal(file_access_write(&card.uicc, body, octets_of("abc", 3)), SW_MEMORY_PROBLEM);
    assert_octets(octets_of(card.uicc.nvm.data + body, 5), "6578797aff");
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
