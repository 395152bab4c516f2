/* reader_list.c: the ways to a card that this machine has, as far as they can be told without opening them. */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reader/reader_driver.h"

enum { PATH_SIZE = 512 };

/* Names of devices in the order in which they are told; a cdc-wdm device speaks what its driver's name says. */
static const struct {
    const char *pattern;
    const char *driver; /* NULL: any */
    const char *way;
} modem_devices[] = {
    {"wwan*at*", NULL, "at"},        {"wwan*qmi*", NULL, "qmi"},       {"wwan*mbim*", NULL, "mbim"},
    {"cdc-wdm*", "qmi_wwan", "qmi"}, {"cdc-wdm*", "cdc_mbim", "mbim"}, {"ttyUSB*", NULL, "at"},
    {"ttyACM*", NULL, "at"},
};

/* The last part of the link "<drivers>/<device>/device/driver". */
static bool is_driven_by(const char *drivers, const char *device_path, const char *driver)
{
    char path[PATH_SIZE];
    char target[PATH_SIZE];
    const char *device = strrchr(device_path, '/');
    (void)snprintf(path, sizeof path, "%s%s/device/driver", drivers, device == NULL ? "" : device);
    const ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) {
        return false;
    }
    target[length] = '\0';
    const char *name = strrchr(target, '/');
    return strcmp(name == NULL ? target : name + 1, driver) == 0;
}

void modem_list(const char *devices, const char *drivers, reader_found *found, void *context)
{
    for (size_t i = 0; i < sizeof modem_devices / sizeof modem_devices[0]; i++) {
        char pattern[PATH_SIZE];
        glob_t paths = {0};
        (void)snprintf(pattern, sizeof pattern, "%s/%s", devices, modem_devices[i].pattern);
        if (glob(pattern, 0, NULL, &paths) != 0) {
            continue;
        }
        for (size_t j = 0; j < paths.gl_pathc; j++) {
            const char *path = paths.gl_pathv[j];
            struct reader_entry entry = {.card = READER_CARD_UNKNOWN};
            if (modem_devices[i].driver == NULL || is_driven_by(drivers, path, modem_devices[i].driver)) {
                (void)snprintf(entry.name, sizeof entry.name, "%s:%s", modem_devices[i].way, path);
                found(context, &entry);
            }
        }
        globfree(&paths);
    }
}

enum gbau_status reader_list(const struct log *log, reader_found *found, void *context)
{
    enum gbau_status status = pcsc_list(log, found, context);
    modem_list("/dev", "/sys/class/usbmisc", found, context);
    return status == GBAU_E_UNREACHABLE ? GBAU_OK : status;
}
