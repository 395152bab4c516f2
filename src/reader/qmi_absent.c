/* qmi_absent.c: what stands for qmi_driver.c in a build without libqmi. */
#include "reader/reader_driver.h"

enum gbau_status qmi_driver_open(const char *device, const struct log *log, struct reader_connection *connection)
{
    (void)device;
    (void)connection;
    log_error(log, "this program was built without libqmi: install libqmi-glib-dev and build it again");
    return GBAU_E_UNSUPPORTED;
}
