/* card_connection.c: opening with patience, closing in time, and a list of open keys in order of use. */
#include "pkcs11/card_connection.h"

#include <stdlib.h>
#include <time.h>

#define LOG_VARIABLE "GBAU_PKCS11_LOG"

/* A process that waits looks every RETRY_MS; one that gave a card back stays away for longer than that. */
enum { RETRY_MS = 2, GRACE_MS = 5 };

/* Of a clock that only goes forward; coarse, and cheap. */
static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static enum gbau_status open_patiently(struct card_connection *connection, const struct gbau_opening *opening)
{
    const int64_t end_ms = now_ms() + connection->configuration->wait_ms;
    enum gbau_status status = gbau_open_with(opening, &connection->gbau);
    while (status == GBAU_E_BUSY && now_ms() < end_ms) {
        sleep_ms(RETRY_MS);
        status = gbau_open_with(opening, &connection->gbau);
    }
    return status;
}

static enum gbau_status open_in_turn(struct card_connection *connection, const struct gbau_opening *opening)
{
    const int64_t early_ms = connection->not_before_ms - now_ms();
    if (early_ms > 0) {
        sleep_ms(early_ms);
    }
    enum gbau_status status = open_patiently(connection, opening);
    if (status != GBAU_OK) {
        connection->gbau = NULL;
        return status;
    }
    connection->is_locked = opening->is_locked;
    connection->opened_ms = now_ms();
    return GBAU_OK;
}

/* An application that uses the module tells people itself what went wrong; the variable is for finding out why. */
static enum gbau_status open_unless_open(struct card_connection *connection, const char *pin, bool is_locked)
{
    const struct gbau_opening opening = {.card = connection->configuration->card,
                                         .pin = pin,
                                         .is_locked = is_locked,
                                         .is_silent = secure_getenv(LOG_VARIABLE) == NULL};
    enum gbau_status status = connection->gbau == NULL ? open_in_turn(connection, &opening) : GBAU_OK;
    connection->used_ms = now_ms();
    return status;
}

enum gbau_status card_connection_open(struct card_connection *connection, const char *pin)
{
    return open_unless_open(connection, pin, false);
}

enum gbau_status card_connection_open_locked(struct card_connection *connection)
{
    return open_unless_open(connection, NULL, true);
}

void card_connection_close(struct card_connection *connection)
{
    while (connection->newest != NULL) {
        card_connection_close_key(connection, connection->newest);
    }
    gbau_close(connection->gbau);
    connection->gbau = NULL;
}

bool card_connection_is_idle(const struct card_connection *connection)
{
    return connection->gbau != NULL && now_ms() - connection->used_ms > connection->configuration->idle_ms;
}

void card_connection_end_turn(struct card_connection *connection)
{
    const int64_t now = now_ms();
    if (connection->gbau != NULL && now - connection->opened_ms > connection->configuration->turn_ms) {
        card_connection_close(connection);
        connection->not_before_ms = now + GRACE_MS;
    }
}

/* Keys in order of use */

static void unlink_key(struct card_connection *connection, struct open_key *open)
{
    *(open->newer != NULL ? &open->newer->older : &connection->newest) = open->older;
    *(open->older != NULL ? &open->older->newer : &connection->oldest) = open->newer;
}

static void link_newest(struct card_connection *connection, struct open_key *open)
{
    open->newer = NULL;
    open->older = connection->newest;
    *(connection->newest != NULL ? &connection->newest->newer : &connection->oldest) = open;
    connection->newest = open;
}

void card_connection_use_key(struct card_connection *connection, struct open_key *open)
{
    if (connection->newest != open) {
        unlink_key(connection, open);
        link_newest(connection, open);
    }
}

void card_connection_add_key(struct card_connection *connection, struct open_key *open, struct gbau_key *key)
{
    open->key = key;
    link_newest(connection, open);
}

void card_connection_close_key(struct card_connection *connection, struct open_key *open)
{
    if (open->key == NULL) {
        return;
    }
    unlink_key(connection, open);
    gbau_key_close(open->key);
    *open = (struct open_key){0};
}

bool card_connection_close_oldest_key(struct card_connection *connection, const struct open_key *kept)
{
    struct open_key *oldest = connection->oldest;
    if (oldest != NULL && oldest == kept) {
        oldest = oldest->newer;
    }
    if (oldest == NULL) {
        return false;
    }
    card_connection_close_key(connection, oldest);
    return true;
}
