/* test_reader_list.c: devices that may be modems, found in a /dev and a /sys of the test's own. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/reader_driver.h"
#include "testing.h"

enum { ENTRIES_MAX = 16 };

/* PC/SC as this test wants it; what it has is told by test_pcsc_driver. */
static enum gbau_status pcsc_status;

enum gbau_status pcsc_list(const struct log *log, reader_found *found, void *context)
{
    const struct reader_entry entry = {.name = "pcsc:One", .card = READER_CARD_PRESENT};
    (void)log;
    if (pcsc_status == GBAU_OK) {
        found(context, &entry);
    }
    return pcsc_status;
}

struct listed {
    size_t count;
    struct reader_entry entries[ENTRIES_MAX];
};

static void keep_entry(void *context, const struct reader_entry *entry)
{
    struct listed *listed = context;
    assert_true(listed->count < ENTRIES_MAX);
    listed->entries[listed->count++] = *entry;
}

static char root[64];

static int make_root(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/gbau-list-XXXXXX");
    return mkdtemp(root) == NULL ? -1 : 0;
}

static int remove_root(void **state)
{
    char command[100];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static void make_file(const char *name)
{
    char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

/* <root>/<device>/device/driver as in /sys/class/usbmisc. */
static void make_driver(const char *device, const char *driver)
{
    char path[200];
    (void)snprintf(path, sizeof path, "%s/sys", root);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/sys/%s", root, device);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/sys/%s/device", root, device);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/sys/%s/device/driver", root, device);
    assert_int_equal(symlink(driver, path), 0);
}

static void list(struct listed *listed)
{
    char drivers[100];
    (void)snprintf(drivers, sizeof drivers, "%s/sys", root);
    modem_list(root, drivers, keep_entry, listed);
}

static void assert_entry(const struct listed *listed, size_t number, const char *way, const char *device)
{
    char name[READER_NAME_SIZE];
    assert_true(number < listed->count);
    (void)snprintf(name, sizeof name, "%s:%s/%s", way, root, device);
    assert_string_equal(listed->entries[number].name, name);
    assert_int_equal(listed->entries[number].card, READER_CARD_UNKNOWN);
    assert_int_equal(listed->entries[number].atr_length, 0);
}

static void test_modems(void **state)
{
    static const char *const devices[] = {"ttyUSB2",    "ttyUSB0",  "ttyACM1",  "ttyS0",    "wwan0at0", "wwan0qmi0",
                                          "wwan0mbim0", "cdc-wdm0", "cdc-wdm1", "cdc-wdm2", "wwan0"};
    struct listed listed = {0};
    (void)state;
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        make_file(devices[i]);
    }
    make_driver("cdc-wdm0", "../../../../bus/usb/drivers/cdc_mbim");
    make_driver("cdc-wdm1", "../../../../bus/usb/drivers/qmi_wwan"); /* cdc-wdm2 has no driver that is known */
    list(&listed);
    assert_int_equal(listed.count, 8);
    assert_entry(&listed, 0, "at", "wwan0at0");
    assert_entry(&listed, 1, "qmi", "wwan0qmi0");
    assert_entry(&listed, 2, "mbim", "wwan0mbim0");
    assert_entry(&listed, 3, "qmi", "cdc-wdm1");
    assert_entry(&listed, 4, "mbim", "cdc-wdm0");
    assert_entry(&listed, 5, "at", "ttyUSB0");
    assert_entry(&listed, 6, "at", "ttyUSB2");
    assert_entry(&listed, 7, "at", "ttyACM1");
}

static void test_no_modem(void **state)
{
    struct listed listed = {0};
    (void)state;
    list(&listed);
    assert_int_equal(listed.count, 0);
    modem_list("/no/such/directory", "/no/such/directory", keep_entry, &listed);
    assert_int_equal(listed.count, 0);
}

/* Without a PC/SC service there may be modems; any other failure is one. */
static void test_services(void **state)
{
    struct listed listed = {0};
    (void)state;
    assert_ok(reader_list(NULL, keep_entry, &listed));
    assert_string_equal(listed.entries[0].name, "pcsc:One");
    pcsc_status = GBAU_E_UNREACHABLE;
    assert_ok(reader_list(NULL, keep_entry, &listed));
    pcsc_status = GBAU_E_MEMORY;
    assert_status(reader_list(NULL, keep_entry, &listed), GBAU_E_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_modems, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_no_modem, make_root, remove_root),
        cmocka_unit_test(test_services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
