/*
 * diameter_outbox.c: requests on their way out, and how each of them ends exactly once.
 *
 * freeDiameter loses requests without a word on several paths, so each has a slot here with its own deadline, and only
 * who takes the slot may complete the request. freeDiameter knows a request by its ticket, never by a pointer, so what
 * it says too late does no harm.
 *
 * Two threads: the sender hands requests to freeDiameter, whose queues are short and block; the clerk completes those
 * that got no answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <freeDiameter/freeDiameter-host.h>
#include <freeDiameter/libfdcore.h>

#include "base/secret.h"
#include "net/diameter_private.h"

enum { NO_SLOT = -1, REVIVAL_PERIOD_MS = 1000, SESSION_ID_SIZE = IDENTITY_SIZE + 32, ROUTING_ROOM = 5 * IDENTITY_SIZE };

/* freeDiameter forgets a request this much after the clerk has completed it. */
enum { FORGET_AFTER_MS = 1000 };

struct slot {
    uintptr_t ticket; /* 0: the slot is free */
    int next;         /* in the list of free slots, or of those to be sent */
    bool is_failed;   /* the clerk completes it with `failure` */
    enum gbau_status failure;
    int64_t deadline;    /* CLOCK_MONOTONIC, milliseconds */
    struct msg *message; /* until it is handed to freeDiameter */
    uint32_t command;
    uint32_t application;
    uint32_t end_to_end;
    diameter_done *done;
    void *context;
};

struct outbox {
    struct diameter_node *node;
    pthread_mutex_t lock;
    pthread_cond_t to_send;
    pthread_cond_t to_clerk;
    pthread_t sender;
    pthread_t clerk;
    bool sender_stops;
    bool clerk_stops;
    int first_free;
    int first_to_send;
    int last_to_send;
    int64_t clerk_wakes;
    uintptr_t tickets;
    uint32_t session_high;
    uint32_t session_low;
    struct slot slots[DIAMETER_MAX_OUTSTANDING];
};

static int64_t now_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct timespec to_timespec(int64_t milliseconds)
{
    return (struct timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
}

/* With the lock held. A ticket names slot and turn: ticket modulo the number of slots is the slot. */
static struct slot *find_slot(struct outbox *outbox, uintptr_t ticket)
{
    struct slot *slot = &outbox->slots[ticket % DIAMETER_MAX_OUTSTANDING];
    return ticket != 0 && slot->ticket == ticket ? slot : NULL;
}

/* With the lock held. Copies the slot out and frees it: from now on the copy's holder completes the request. */
static struct slot take_slot(struct outbox *outbox, struct slot *slot)
{
    struct slot taken = *slot;
    memset(slot, 0, sizeof *slot);
    slot->next = outbox->first_free;
    outbox->first_free = (int)(slot - outbox->slots);
    return taken;
}

/* Has the clerk complete a request; harmless when it has ended already. */
static void fail_request(struct outbox *outbox, uintptr_t ticket, enum gbau_status failure)
{
    (void)pthread_mutex_lock(&outbox->lock);
    struct slot *slot = find_slot(outbox, ticket);
    if (slot != NULL && !slot->is_failed) {
        slot->is_failed = true;
        slot->failure = failure;
        (void)pthread_cond_signal(&outbox->to_clerk);
    }
    (void)pthread_mutex_unlock(&outbox->lock);
}

static void complete(const struct slot *taken, enum gbau_status status, struct octets answer)
{
    taken->done(taken->context, status, answer);
}

/* An answer that says what freeDiameter says itself when it finds nobody to send a request to. */
static bool says_undeliverable(const struct diameter_header *header, struct octets avps)
{
    return (header->flags & DIAMETER_ERROR) != 0 && diameter_find_result_code(avps) == RESULT_UNABLE_TO_DELIVER;
}

static void complete_with_letter(const struct slot *taken, struct octets letter)
{
    const struct octets nothing = {NULL, 0};
    struct diameter_header header;
    struct octets avps;
    if (diameter_read_header(letter, &header, &avps) != GBAU_OK || diameter_check_avps(avps) != GBAU_OK ||
        header.command != taken->command || header.application != taken->application ||
        header.end_to_end != taken->end_to_end) {
        complete(taken, GBAU_E_PROTOCOL, nothing);
        return;
    }
    /* The last AVP may have come without its padding. */
    const size_t capacity = avps.length + sizeof(uint32_t);
    uint8_t *payload = says_undeliverable(&header, avps) ? NULL : malloc(capacity);
    if (payload == NULL) {
        complete(taken, GBAU_E_UNREACHABLE, nothing);
        return;
    }
    struct octet_writer writer = octet_writer_of(payload, capacity);
    diameter_copy_payload(avps, &writer);
    complete(taken, GBAU_OK, octets_written(&writer));
    secret_wipe(payload, writer.length);
    free(payload);
}

static bool claim(struct outbox *outbox, uintptr_t ticket, struct slot *taken)
{
    (void)pthread_mutex_lock(&outbox->lock);
    struct slot *slot = find_slot(outbox, ticket);
    bool is_ours = slot != NULL && !slot->is_failed;
    if (is_ours) {
        *taken = take_slot(outbox, slot);
    }
    (void)pthread_mutex_unlock(&outbox->lock);
    return is_ours;
}

/* Called by freeDiameter's dispatcher for an answer to a request of ours, or for its own when it cannot deliver. */
static void on_answer(void *ticket, struct msg **answer)
{
    struct outbox *outbox = diameter_the_node->outbox;
    int state = diameter_forbid_cancel();
    struct slot taken;
    if (claim(outbox, (uintptr_t)ticket, &taken)) {
        struct octets letter;
        if (diameter_open_letter(outbox->node, *answer, &letter) == GBAU_OK) {
            complete_with_letter(&taken, letter);
            diameter_wipe_letter(outbox->node, *answer);
        } else {
            complete(&taken, GBAU_E_UNREACHABLE, (struct octets){NULL, 0});
        }
    }
    (void)fd_msg_free(*answer);
    *answer = NULL;
    diameter_allow_cancel(state);
}

/* Called by freeDiameter when it forgets a request. The clerk was faster; freeDiameter frees the message. */
static void on_expired(void *ticket, DiamId_t sent_to, size_t sent_to_length, struct msg **request)
{
    (void)sent_to;
    (void)sent_to_length;
    (void)request;
    int state = diameter_forbid_cancel();
    fail_request(diameter_the_node->outbox, (uintptr_t)ticket, GBAU_E_TIMEOUT);
    diameter_allow_cancel(state);
}

static uintptr_t ticket_of(struct msg *request)
{
    void (*callback)(void *, struct msg **) = NULL;
    void *ticket = NULL;
    bool is_ours = fd_msg_anscb_get(request, &callback, NULL, &ticket) == 0 && callback == on_answer;
    return is_ours ? (uintptr_t)ticket : 0;
}

bool diameter_is_from_outbox(struct msg *request)
{
    return ticket_of(request) != 0;
}

void diameter_drop_message(struct diameter_node *node, struct msg *message)
{
    struct msg *request = NULL;
    if (message == NULL || fd_msg_answ_getq(message, &request) != 0) {
        return;
    }
    if (request != NULL) {
        fail_request(node->outbox, ticket_of(request), GBAU_E_PROTOCOL);
    } else {
        fail_request(node->outbox, ticket_of(message), GBAU_E_UNREACHABLE);
    }
}

/* Peers that relay are a way to everywhere. True when there is one to send to; freeDiameter lists closed ones, too. */
static bool rate_candidates(struct diameter_node *node, struct fd_list *candidates)
{
    bool has_candidate = false;
    for (struct fd_list *entry = candidates->next; entry != candidates; entry = entry->next) {
        struct rtd_candidate *candidate = (struct rtd_candidate *)entry;
        const struct node_peer *peer = diameter_find_peer(node, octets_of(candidate->diamid, candidate->diamidlen));
        if (peer != NULL && (atomic_load(&peer->applications) & RELAYS_ALL) != 0) {
            candidate->score += FD_SCORE_DEFAULT;
        }
        has_candidate |= candidate->score >= 0 && diameter_peer_is_open(candidate->diamid);
    }
    return has_candidate;
}

/*
 * The last of freeDiameter's routing steps. What cannot be sent ends here: freeDiameter would send an error answer
 * through its three queues, and block for ever once all of them were full of such.
 */
static int on_routing(void *context, struct msg **message, struct fd_list *candidates)
{
    struct diameter_node *node = context;
    uintptr_t ticket = ticket_of(*message);
    if (ticket != 0 && !rate_candidates(node, candidates)) {
        fail_request(node->outbox, ticket, GBAU_E_UNREACHABLE);
        (void)fd_msg_free(*message);
        *message = NULL;
    }
    return 0;
}

static void hand_over(struct msg *message, uintptr_t ticket, int64_t deadline)
{
    int64_t left = deadline - now_ms(CLOCK_MONOTONIC) + FORGET_AFTER_MS;
    struct timespec forget = to_timespec(now_ms(CLOCK_REALTIME) + (left > 0 ? left : 0));
    if (fd_msg_send_timeout(&message, on_answer, (void *)ticket, on_expired, &forget) != 0) {
        fail_request(diameter_the_node->outbox, ticket, GBAU_E_UNREACHABLE);
        (void)fd_msg_free(message);
    }
}

static void *run_sender(void *argument)
{
    struct outbox *outbox = argument;
    (void)pthread_mutex_lock(&outbox->lock);
    while (!outbox->sender_stops) {
        if (outbox->first_to_send == NO_SLOT) {
            (void)pthread_cond_wait(&outbox->to_send, &outbox->lock);
            continue;
        }
        struct slot *slot = &outbox->slots[outbox->first_to_send];
        outbox->first_to_send = slot->next;
        struct msg *message = slot->message;
        slot->message = NULL;
        uintptr_t ticket = slot->ticket;
        int64_t deadline = slot->deadline;
        (void)pthread_mutex_unlock(&outbox->lock);
        hand_over(message, ticket, deadline);
        (void)pthread_mutex_lock(&outbox->lock);
    }
    (void)pthread_mutex_unlock(&outbox->lock);
    return NULL;
}

/* With the lock held: a request that is over, or NULL and the time at which to look again. */
static struct slot *find_ended(struct outbox *outbox, int64_t now, int64_t *wake)
{
    *wake = now + REVIVAL_PERIOD_MS;
    for (size_t i = 0; i < DIAMETER_MAX_OUTSTANDING; i++) {
        struct slot *slot = &outbox->slots[i];
        if (slot->ticket == 0 || slot->message != NULL) {
            continue;
        }
        if (!slot->is_failed && slot->deadline <= now) {
            slot->is_failed = true;
            slot->failure = GBAU_E_TIMEOUT;
        }
        if (slot->is_failed) {
            return slot;
        }
        *wake = slot->deadline < *wake ? slot->deadline : *wake;
    }
    return NULL;
}

/* With the lock held; it is let go while `done` runs. */
static void complete_ended(struct outbox *outbox)
{
    struct slot *ended;
    while ((ended = find_ended(outbox, now_ms(CLOCK_MONOTONIC), &outbox->clerk_wakes)) != NULL) {
        struct slot taken = take_slot(outbox, ended);
        (void)pthread_mutex_unlock(&outbox->lock);
        complete(&taken, taken.failure, (struct octets){NULL, 0});
        (void)pthread_mutex_lock(&outbox->lock);
    }
}

static void *run_clerk(void *argument)
{
    struct outbox *outbox = argument;
    int64_t next_revival = 0;
    (void)pthread_mutex_lock(&outbox->lock);
    while (!outbox->clerk_stops) {
        complete_ended(outbox);
        if (now_ms(CLOCK_MONOTONIC) >= next_revival && atomic_load(&outbox->node->started) &&
            !atomic_load(&outbox->node->closing)) {
            (void)pthread_mutex_unlock(&outbox->lock);
            diameter_revive_peers(outbox->node);
            next_revival = now_ms(CLOCK_MONOTONIC) + REVIVAL_PERIOD_MS;
            (void)pthread_mutex_lock(&outbox->lock);
            continue;
        }
        const struct timespec wake = to_timespec(outbox->clerk_wakes);
        (void)pthread_cond_timedwait(&outbox->to_clerk, &outbox->lock, &wake);
    }
    (void)pthread_mutex_unlock(&outbox->lock);
    return NULL;
}

static void write_session_id(struct outbox *outbox, struct octet_writer *writer)
{
    char session_id[SESSION_ID_SIZE];
    (void)pthread_mutex_lock(&outbox->lock);
    uint32_t low = ++outbox->session_low;
    outbox->session_high += low == 0;
    (void)snprintf(session_id, sizeof session_id, "%s;%u;%u", outbox->node->identity, outbox->session_high, low);
    (void)pthread_mutex_unlock(&outbox->lock);
    diameter_write_base_avp(writer, AVP_SESSION_ID, octets_of_text(session_id));
}

/* The whole message; freeDiameter writes the hop-by-hop identifier into it when it sends it. */
static struct msg *make_request(struct outbox *outbox, const struct slot *slot, const char *destination_realm,
                                const char *destination_host, struct octets payload)
{
    const struct diameter_node *node = outbox->node;
    const struct diameter_header header = {.flags = DIAMETER_REQUEST | DIAMETER_PROXIABLE,
                                           .command = slot->command,
                                           .application = slot->application,
                                           .end_to_end = slot->end_to_end};
    const size_t capacity = DIAMETER_HEADER_SIZE + SESSION_ID_SIZE + ROUTING_ROOM + payload.length;
    uint8_t *octets = malloc(capacity);
    if (octets == NULL) {
        return NULL;
    }
    struct octet_writer writer = octet_writer_of(octets, capacity);
    diameter_reserve_header(&writer);
    write_session_id(outbox, &writer);
    diameter_write_base_avp(&writer, AVP_ORIGIN_HOST, octets_of_text(node->identity));
    diameter_write_base_avp(&writer, AVP_ORIGIN_REALM, octets_of_text(node->realm));
    diameter_write_base_avp(&writer, AVP_DESTINATION_REALM, octets_of_text(destination_realm));
    if (destination_host != NULL) {
        diameter_write_base_avp(&writer, AVP_DESTINATION_HOST, octets_of_text(destination_host));
    }
    octet_writer_put_octets(&writer, payload);
    diameter_write_header(&writer, &header);

    struct msg *message = NULL;
    if (writer.failed || fd_msg_parse_buffer(&octets, writer.length, &message) != 0) {
        secret_wipe(octets, writer.length);
        free(octets);
        return NULL;
    }
    return message;
}

/* With the lock held. */
static void enqueue(struct outbox *outbox, struct slot *slot)
{
    int index = (int)(slot - outbox->slots);
    slot->next = NO_SLOT;
    if (outbox->first_to_send == NO_SLOT) {
        outbox->first_to_send = index;
    } else {
        outbox->slots[outbox->last_to_send].next = index;
    }
    outbox->last_to_send = index;
    (void)pthread_cond_signal(&outbox->to_send);
    if (slot->deadline < outbox->clerk_wakes) {
        (void)pthread_cond_signal(&outbox->to_clerk);
    }
}

static enum gbau_status submit(struct outbox *outbox, struct slot *filled)
{
    (void)pthread_mutex_lock(&outbox->lock);
    int index = outbox->first_free;
    bool stops = outbox->sender_stops;
    if (index != NO_SLOT && !stops) {
        struct slot *slot = &outbox->slots[index];
        outbox->first_free = slot->next;
        *slot = *filled;
        slot->ticket = ++outbox->tickets * DIAMETER_MAX_OUTSTANDING + (uintptr_t)index;
        enqueue(outbox, slot);
    }
    (void)pthread_mutex_unlock(&outbox->lock);
    if (stops) {
        return GBAU_E_UNREACHABLE;
    }
    return index == NO_SLOT ? GBAU_E_BUSY : GBAU_OK;
}

static enum gbau_status check_request(const struct diameter_node *node, uint32_t application,
                                      const char *destination_realm, const char *destination_host,
                                      struct octets request)
{
    if (destination_realm == NULL || strlen(destination_realm) >= IDENTITY_SIZE ||
        (destination_host != NULL && strlen(destination_host) >= IDENTITY_SIZE)) {
        return GBAU_E_ARGUMENT;
    }
    if (request.length > DIAMETER_MESSAGE_MAX) {
        return GBAU_E_SPACE;
    }
    enum gbau_status status = diameter_check_avps(request);
    if (status != GBAU_OK) {
        return status;
    }
    return diameter_is_connected(node, application) ? GBAU_OK : GBAU_E_UNREACHABLE;
}

enum gbau_status diameter_request(struct diameter_node *node, uint32_t application, uint32_t command,
                                  const char *destination_realm, const char *destination_host, struct octets request,
                                  unsigned timeout_ms, diameter_done *done, void *context)
{
    enum gbau_status status = check_request(node, application, destination_realm, destination_host, request);
    if (status != GBAU_OK) {
        return status;
    }
    struct slot slot = {.deadline = now_ms(CLOCK_MONOTONIC) + timeout_ms,
                        .command = command,
                        .application = application,
                        .end_to_end = fd_msg_eteid_get(),
                        .done = done,
                        .context = context};
    slot.message = make_request(node->outbox, &slot, destination_realm, destination_host, request);
    if (slot.message == NULL) {
        return GBAU_E_MEMORY;
    }
    status = submit(node->outbox, &slot);
    if (status != GBAU_OK) {
        (void)fd_msg_free(slot.message);
    }
    return status;
}

static void stop_thread(struct outbox *outbox, bool *stops, pthread_cond_t *condition, pthread_t thread)
{
    (void)pthread_mutex_lock(&outbox->lock);
    *stops = true;
    (void)pthread_cond_signal(condition);
    (void)pthread_mutex_unlock(&outbox->lock);
    (void)pthread_join(thread, NULL);
}

static bool init_locks(struct outbox *outbox)
{
    pthread_condattr_t monotonic;
    bool done = pthread_condattr_init(&monotonic) == 0 && pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                pthread_mutex_init(&outbox->lock, NULL) == 0 && pthread_cond_init(&outbox->to_send, NULL) == 0 &&
                pthread_cond_init(&outbox->to_clerk, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    return done;
}

static bool start_threads(struct outbox *outbox)
{
    if (pthread_create(&outbox->sender, NULL, run_sender, outbox) != 0) {
        return false;
    }
    if (pthread_create(&outbox->clerk, NULL, run_clerk, outbox) != 0) {
        stop_thread(outbox, &outbox->sender_stops, &outbox->to_send, outbox->sender);
        return false;
    }
    return true;
}

enum gbau_status diameter_open_outbox(struct diameter_node *node)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL) {
        return GBAU_E_MEMORY;
    }
    outbox->node = node;
    outbox->session_high = (uint32_t)(now_ms(CLOCK_REALTIME) / 1000);
    outbox->first_to_send = NO_SLOT;
    for (int i = 0; i < DIAMETER_MAX_OUTSTANDING; i++) {
        outbox->slots[i].next = i + 1 < DIAMETER_MAX_OUTSTANDING ? i + 1 : NO_SLOT;
    }
    if (!init_locks(outbox) || fd_rt_out_register(on_routing, node, 0, NULL) != 0 || !start_threads(outbox)) {
        free(outbox);
        return GBAU_E_MEMORY;
    }
    node->outbox = outbox;
    return GBAU_OK;
}

void diameter_stop_sending(struct diameter_node *node)
{
    struct outbox *outbox = node->outbox;
    stop_thread(outbox, &outbox->sender_stops, &outbox->to_send, outbox->sender);
}

void diameter_close_outbox(struct diameter_node *node)
{
    struct outbox *outbox = node->outbox;
    stop_thread(outbox, &outbox->clerk_stops, &outbox->to_clerk, outbox->clerk);
    for (size_t i = 0; i < DIAMETER_MAX_OUTSTANDING; i++) {
        struct slot *slot = &outbox->slots[i];
        if (slot->ticket == 0) {
            continue;
        }
        (void)fd_msg_free(slot->message);
        struct slot taken = take_slot(outbox, slot);
        complete(&taken, taken.is_failed ? taken.failure : GBAU_E_UNREACHABLE, (struct octets){NULL, 0});
    }
    (void)pthread_cond_destroy(&outbox->to_clerk);
    (void)pthread_cond_destroy(&outbox->to_send);
    (void)pthread_mutex_destroy(&outbox->lock);
    free(outbox);
    node->outbox = NULL;
}
