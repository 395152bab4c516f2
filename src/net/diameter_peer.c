/* diameter_peer.c: the peers of the node, as they are handed to freeDiameter and looked after. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <freeDiameter/freeDiameter-host.h>
#include <freeDiameter/libfdcore.h>

#include "net/diameter_private.h"

enum { SETTLE_STEP_US = 10000, SETTLE_STEPS = 100, QUIET_TIME_US = 100000 };

struct node_peer *diameter_find_peer(struct diameter_node *node, struct octets identity)
{
    for (size_t i = 0; i < node->peer_count; i++) {
        struct node_peer *peer = &node->peers[i];
        if (strlen(peer->identity) == identity.length &&
            strncasecmp(peer->identity, (const char *)identity.data, identity.length) == 0) {
            return peer;
        }
    }
    return NULL;
}

static unsigned security_of(const struct diameter_node *node)
{
    return node->uses_tls ? PI_SEC_DEFAULT : PI_SEC_NONE;
}

/* Peers that only ever connect to us are unknown to freeDiameter until they do. */
static int let_peer_in(struct peer_info *info, int *decision, int (**after_handshake)(struct peer_info *))
{
    (void)after_handshake;
    bool is_known = diameter_find_peer(diameter_the_node, octets_of(info->pi_diamid, info->pi_diamidlen)) != NULL;
    info->config.pic_flags.sec = security_of(diameter_the_node) & 3U;
    info->config.pic_flags.exp = PI_EXP_NONE; /* else it is thrown out after an hour without a request */
    *decision = is_known ? 1 : -1;
    return 0;
}

static bool add_endpoints(const struct node_peer *peer, struct fd_list *endpoints)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(peer->address, NULL, &hints, &found) != 0) {
        return false;
    }
    bool added = false;
    for (const struct addrinfo *entry = found; entry != NULL; entry = entry->ai_next) {
        added |= fd_ep_add_merge(endpoints, entry->ai_addr, entry->ai_addrlen, EP_FL_CONF | EP_ACCEPTALL) == 0;
    }
    freeaddrinfo(found);
    return added;
}

static enum gbau_status connect_to_peer(const struct diameter_node *node, struct node_peer *peer)
{
    struct peer_info info;
    memset(&info, 0, sizeof info);
    fd_list_init(&info.pi_endpoints, NULL);
    if (!add_endpoints(peer, &info.pi_endpoints)) {
        log_error(node->log, "Diameter: the address of %s cannot be found: \"%s\"", peer->identity, peer->address);
        return GBAU_E_CONFIGURATION;
    }
    info.pi_diamid = peer->identity;
    info.config.pic_port = peer->port;
    info.config.pic_flags.pro4 = PI_P4_TCP;
    info.config.pic_flags.sec = security_of(node) & 3U;
    info.config.pic_flags.persist = PI_PRST_ALWAYS;
    int error = fd_peer_add(&info, "gbau", NULL, NULL);
    if (error != 0) {
        log_error(node->log, "Diameter: freeDiameter does not take the peer %s: %s", peer->identity, strerror(error));
        return GBAU_E_CONFIGURATION;
    }
    return GBAU_OK;
}

enum gbau_status diameter_add_peers(struct diameter_node *node)
{
    if (fd_peer_validate_register(let_peer_in) != 0) {
        return GBAU_E_MEMORY;
    }
    for (size_t i = 0; i < node->peer_count; i++) {
        if (node->peers[i].address[0] == '\0') {
            continue;
        }
        enum gbau_status status = connect_to_peer(node, &node->peers[i]);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

/* To be called with fd_g_peers_rw taken: freeDiameter frees peers behind it. */
static struct peer_hdr *look_up(const char *identity)
{
    for (struct fd_list *entry = fd_g_peers.next; entry != &fd_g_peers; entry = entry->next) {
        struct peer_hdr *peer = entry->o;
        if (strcasecmp(peer->info.pi_diamid, identity) == 0) {
            return peer;
        }
    }
    return NULL;
}

bool diameter_peer_is_open(const char *identity)
{
    (void)pthread_rwlock_rdlock(&fd_g_peers_rw);
    struct peer_hdr *peer = look_up(identity);
    bool is_open = peer != NULL && fd_peer_get_state(peer) == STATE_OPEN;
    (void)pthread_rwlock_unlock(&fd_g_peers_rw);
    return is_open;
}

/*
 * A peer that broke the rules badly enough becomes a zombie in freeDiameter, and is never tried again while it is
 * marked as one to keep. Without the mark it is thrown away within two minutes, and can then be added anew.
 */
void diameter_revive_peers(struct diameter_node *node)
{
    for (size_t i = 0; i < node->peer_count; i++) {
        if (node->peers[i].address[0] == '\0') {
            continue;
        }
        (void)pthread_rwlock_wrlock(&fd_g_peers_rw);
        struct peer_hdr *peer = look_up(node->peers[i].identity);
        if (peer != NULL && fd_peer_get_state(peer) == STATE_ZOMBIE) {
            peer->info.config.pic_flags.persist = PI_PRST_NONE;
        }
        (void)pthread_rwlock_unlock(&fd_g_peers_rw);
        if (peer == NULL) {
            log_info(node->log, "Diameter: trying %s anew", node->peers[i].identity);
            (void)connect_to_peer(node, &node->peers[i]);
        }
    }
}

/*
 * freeDiameter names the socket in a description only. A descriptor of our own is kept, as its may be closed and used
 * again by someone else at any time.
 */
void diameter_note_connection(struct diameter_node *node, struct peer_hdr *peer)
{
    char description[64];
    struct node_peer *known = diameter_find_peer(node, octets_of(peer->info.pi_diamid, peer->info.pi_diamidlen));
    if (known == NULL || fd_peer_cnx_proto_info(peer, description, sizeof description) != 0) {
        return;
    }
    const char *number = strchr(description, '#');
    int connection = number == NULL ? -1 : dup((int)strtol(number + 1, NULL, 10));
    int previous = atomic_exchange(&known->connection, connection);
    if (previous >= 0) {
        (void)close(previous);
    }
}

void diameter_cut_connection(struct diameter_node *node, struct peer_hdr *peer)
{
    struct node_peer *known = diameter_find_peer(node, octets_of(peer->info.pi_diamid, peer->info.pi_diamidlen));
    int connection = known == NULL ? -1 : atomic_load(&known->connection);
    if (connection >= 0) {
        (void)shutdown(connection, SHUT_RDWR);
    }
}

void diameter_quiet_connection(struct diameter_node *node, struct peer_hdr *peer)
{
    if (node->uses_tls && peer != NULL) {
        diameter_cut_connection(node, peer);
        (void)usleep(QUIET_TIME_US);
    }
}

void diameter_forget_connections(struct diameter_node *node)
{
    for (size_t i = 0; i < node->peer_count; i++) {
        int connection = atomic_exchange(&node->peers[i].connection, -1);
        if (connection >= 0) {
            (void)close(connection);
        }
    }
}

/* Requests in both directions that are not yet answered, on one peer or, with NULL, on all. */
static bool has_load(const struct node_peer *only)
{
    bool loaded = false;
    (void)pthread_rwlock_rdlock(&fd_g_peers_rw);
    for (struct fd_list *entry = fd_g_peers.next; entry != &fd_g_peers; entry = entry->next) {
        struct peer_hdr *peer = entry->o;
        long to_receive = 0;
        long to_send = 0;
        if ((only == NULL || strcasecmp(peer->info.pi_diamid, only->identity) == 0) &&
            fd_peer_get_load_pending(peer, &to_receive, &to_send) == 0) {
            loaded |= to_receive > 0 || to_send > 0;
        }
    }
    (void)pthread_rwlock_unlock(&fd_g_peers_rw);
    return loaded;
}

static void wait_for_peace(void)
{
    for (int i = 0; i < SETTLE_STEPS && has_load(NULL); i++) {
        (void)usleep(SETTLE_STEP_US);
    }
}

void diameter_settle_peers(struct diameter_node *node)
{
    wait_for_peace();
    for (size_t i = 0; i < node->peer_count; i++) {
        int connection = atomic_load(&node->peers[i].connection);
        if (connection >= 0 && has_load(&node->peers[i])) {
            (void)shutdown(connection, SHUT_RDWR);
        }
    }
    wait_for_peace();
}
