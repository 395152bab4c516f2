/*
 * http_connection.c: how long a client may take to send a request.
 *
 * libmicrohttpd closes connections on which nothing happens, but one octet every few seconds is something: a client
 * that drips could hold a connection for ever. Here the time from the end of one exchange to the whole next request is
 * bound.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include <microhttpd.h>

#include "net/http_server_private.h"

struct http_client_link {
    struct http_client_link *previous;
    struct http_client_link *next;
    int descriptor;
    time_t waits_since; /* CLOCK_MONOTONIC; 0: the client is not waited for */
};

static time_t now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

void http_link_opened(struct http_server *server, struct MHD_Connection *connection, void **slot)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct http_client_link *link = calloc(1, sizeof *link);
    *slot = link;
    if (link == NULL || info == NULL) {
        free(link);
        *slot = NULL;
        return;
    }
    link->descriptor = info->connect_fd;
    link->waits_since = now_s();
    (void)pthread_mutex_lock(&server->lock);
    link->next = server->links;
    if (link->next != NULL) {
        link->next->previous = link;
    }
    server->links = link;
    (void)pthread_mutex_unlock(&server->lock);
}

/* libmicrohttpd calls this before it closes the socket, so the timekeeper never sees a descriptor of someone else. */
void http_link_closed(struct http_server *server, void **slot)
{
    struct http_client_link *link = *slot;
    if (link == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&server->lock);
    if (link->previous != NULL) {
        link->previous->next = link->next;
    } else {
        server->links = link->next;
    }
    if (link->next != NULL) {
        link->next->previous = link->previous;
    }
    (void)pthread_mutex_unlock(&server->lock);
    free(link);
    *slot = NULL;
}

void http_link_wait(struct http_server *server, struct MHD_Connection *connection, bool waits)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info == NULL || info->socket_context == NULL) {
        return;
    }
    struct http_client_link *link = info->socket_context;
    (void)pthread_mutex_lock(&server->lock);
    link->waits_since = waits ? now_s() : 0;
    (void)pthread_mutex_unlock(&server->lock);
}

/* With the lock held. libmicrohttpd sees the end of the stream and does the rest. */
static void cut_slow_links(struct http_server *server)
{
    time_t oldest = now_s() - (time_t)server->request_time_s;
    for (struct http_client_link *link = server->links; link != NULL; link = link->next) {
        if (link->waits_since != 0 && link->waits_since < oldest) {
            (void)shutdown(link->descriptor, SHUT_RDWR);
            link->waits_since = 0;
        }
    }
}

static void *run_timekeeper(void *argument)
{
    struct http_server *server = argument;
    (void)pthread_mutex_lock(&server->lock);
    while (!server->closing) {
        cut_slow_links(server);
        struct timespec wake;
        (void)clock_gettime(CLOCK_MONOTONIC, &wake);
        wake.tv_sec += 1;
        (void)pthread_cond_timedwait(&server->changed, &server->lock, &wake);
    }
    (void)pthread_mutex_unlock(&server->lock);
    return NULL;
}

enum gbau_status http_start_timekeeper(struct http_server *server)
{
    return pthread_create(&server->timekeeper, NULL, run_timekeeper, server) == 0 ? GBAU_OK : GBAU_E_MEMORY;
}

void http_stop_timekeeper(struct http_server *server)
{
    (void)pthread_join(server->timekeeper, NULL);
}
