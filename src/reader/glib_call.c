/* glib_call.c: GLib's asynchronous calls made to wait. */
#include "reader/glib_call.h"

void glib_call_begin(struct glib_call *call)
{
    g_main_context_push_thread_default(call->context);
}

void glib_call_done(GObject *source, GAsyncResult *result, gpointer data)
{
    struct glib_call *call = data;
    (void)source;
    call->result = g_object_ref(result);
}

GAsyncResult *glib_call_await(struct glib_call *call)
{
    while (call->result == NULL) {
        (void)g_main_context_iteration(call->context, TRUE);
    }
    return call->result;
}

void glib_call_end(struct glib_call *call)
{
    g_clear_object(&call->result);
    g_main_context_pop_thread_default(call->context);
}
