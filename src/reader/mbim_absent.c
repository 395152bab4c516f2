/* mbim_absent.c: what stands for mbim_driver.c in a build without libmbim. */
#include "reader/reader_driver.h"

enum gbau_status mbim_driver_open(const char *device, const struct log *log, struct reader_connection *connection)
{
    (void)device;
    (void)connection;
    log_error(log, "this program was built without libmbim: install libmbim-glib-dev and build it again");
    return GBAU_E_UNSUPPORTED;
}
