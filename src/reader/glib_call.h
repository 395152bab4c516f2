/*
 * glib_call.h: GLib's asynchronous calls made to wait, on a main context of their own, for the modem libraries.
 *
 *     glib_call_begin(&call);
 *     library_do_something(object, ..., glib_call_done, &call);
 *     GAsyncResult *result = glib_call_await(&call);
 *     library_do_something_finish(object, result, &error);
 *     glib_call_end(&call);
 */
#ifndef READER_GLIB_CALL_H
#define READER_GLIB_CALL_H

#include <gio/gio.h>

struct glib_call {
    GMainContext *context; /* made before the first call, given back after the last one, by the owner */
    GAsyncResult *result;
};

/* Makes the context that of this thread, so that the library's sources wait there. */
void glib_call_begin(struct glib_call *call);

/* The callback to hand over, with the call as its data. */
void glib_call_done(GObject *source, GAsyncResult *result, gpointer call);

/* Blocks until the library called back; it must have a time-out of its own. The result belongs to the call. */
GAsyncResult *glib_call_await(struct glib_call *call);

void glib_call_end(struct glib_call *call);

#endif
