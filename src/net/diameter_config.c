/* diameter_config.c: from struct diameter_config to freeDiameter's own configuration. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <freeDiameter/freeDiameter-host.h>
#include <freeDiameter/libfdcore.h>

#include "net/diameter_private.h"

enum {
    DEFAULT_WORKER_THREADS = 4,
    MAX_WORKER_THREADS = 255,
    /* Connections that have not yet said who they are hold one of these threads for up to 20 s each. */
    ACCEPT_THREADS = 16,
    /* Seconds. The smallest that freeDiameter takes: a restarted peer is found again within four seconds. */
    RECONNECT_TIMER = 1,
    WATCHDOG_TIMER = 6,
    /* TLS 1.2 runs with ECDHE only, so these parameters are never used; but freeDiameter insists on making some. */
    UNUSED_DH_BITS = 512
};

/* TLS 1.3, or 1.2 with forward secrecy. */
static const char tls_priority[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-DHE-DSS";

static enum gbau_status complain(const struct diameter_node *node, const char *what, const char *value)
{
    log_error(node->log, "Diameter: %s: \"%s\"", what, value == NULL ? "" : value);
    return GBAU_E_CONFIGURATION;
}

static bool is_diameter_identity(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    if (text == NULL || text[0] == '\0') {
        return false;
    }
    size_t length = strlen(text);
    return length < IDENTITY_SIZE && strspn(text, allowed) == length;
}

static enum gbau_status copy_peer(struct diameter_node *node, const struct diameter_peer *peer)
{
    if (!is_diameter_identity(peer->identity) || strcasecmp(peer->identity, node->identity) == 0) {
        return complain(node, "this cannot be the identity of a peer", peer->identity);
    }
    if (diameter_find_peer(node, octets_of_text(peer->identity)) != NULL) {
        return complain(node, "this peer is there twice", peer->identity);
    }
    if (peer->realm != NULL && !is_diameter_identity(peer->realm)) {
        return complain(node, "this is not a realm", peer->realm);
    }
    if (peer->address != NULL && (peer->port == 0 || strlen(peer->address) >= IDENTITY_SIZE)) {
        return complain(node, "this peer needs an address and a port", peer->identity);
    }
    struct node_peer *copy = &node->peers[node->peer_count++];
    (void)snprintf(copy->identity, sizeof copy->identity, "%s", peer->identity);
    (void)snprintf(copy->realm, sizeof copy->realm, "%s", peer->realm == NULL ? "" : peer->realm);
    (void)snprintf(copy->address, sizeof copy->address, "%s", peer->address == NULL ? "" : peer->address);
    copy->port = peer->port;
    atomic_init(&copy->connection, -1);
    return GBAU_OK;
}

/* freeDiameter's configuration language knows no escapes. */
static bool is_quotable(const char *path)
{
    return path[0] != '\0' && strpbrk(path, "\"\n") == NULL;
}

static enum gbau_status check_tls(struct diameter_node *node, const struct diameter_config *config)
{
    const char *const files[] = {config->certificate_file, config->key_file, config->ca_file};
    size_t given = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (files[i] == NULL) {
            continue;
        }
        given++;
        if (!is_quotable(files[i]) || access(files[i], R_OK) != 0) {
            return complain(node, "this file cannot be read", files[i]);
        }
    }
    if (given != 0 && given != sizeof files / sizeof files[0]) {
        return complain(node, "TLS needs certificate, key and CA", "");
    }
    node->uses_tls = given != 0;
    return GBAU_OK;
}

/* An address in numbers as the system wants it; NULL when it is none. Ended by freeaddrinfo. */
static struct addrinfo *parse_address(const char *address, uint16_t port)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char service[8];
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo *found = NULL;
    return getaddrinfo(address, service, &hints, &found) == 0 ? found : NULL;
}

/* freeDiameter cannot be started a second time, so what may well go wrong is tried beforehand. */
static enum gbau_status try_to_bind(struct diameter_node *node, const struct addrinfo *address)
{
    int descriptor = socket(address->ai_family, SOCK_STREAM, 0);
    const int on = 1;
    bool bound = descriptor >= 0 && setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                 bind(descriptor, address->ai_addr, address->ai_addrlen) == 0;
    int reason = errno;
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return bound ? GBAU_OK : complain(node, "cannot listen there", strerror(reason));
}

static enum gbau_status check_listener(struct diameter_node *node, const struct diameter_config *config)
{
    if (config->listen_address == NULL) {
        return GBAU_OK;
    }
    struct addrinfo *address = parse_address(config->listen_address, config->listen_port);
    if (address == NULL || config->listen_port == 0) {
        if (address != NULL) {
            freeaddrinfo(address);
        }
        return complain(node, "this is not an address and port to listen on", config->listen_address);
    }
    enum gbau_status status = try_to_bind(node, address);
    freeaddrinfo(address);
    return status;
}

enum gbau_status diameter_check_config(struct diameter_node *node, const struct diameter_config *config)
{
    if (!is_diameter_identity(config->identity) || !is_diameter_identity(config->realm)) {
        return complain(node, "this is not an identity with its realm", config->identity);
    }
    (void)snprintf(node->identity, sizeof node->identity, "%s", config->identity);
    (void)snprintf(node->realm, sizeof node->realm, "%s", config->realm);
    if (config->peer_count > DIAMETER_MAX_PEERS || config->worker_threads > MAX_WORKER_THREADS) {
        return complain(node, "too many peers or threads", config->identity);
    }
    for (size_t i = 0; i < config->peer_count; i++) {
        enum gbau_status status = copy_peer(node, &config->peers[i]);
        if (status != GBAU_OK) {
            return status;
        }
    }
    enum gbau_status status = check_tls(node, config);
    return status == GBAU_OK ? check_listener(node, config) : status;
}

static void write_config(FILE *file, const struct diameter_node *node, const struct diameter_config *config)
{
    unsigned port = config->listen_address == NULL ? 0 : config->listen_port;
    fprintf(file, "Identity = \"%s\";\nRealm = \"%s\";\n", node->identity, node->realm);
    fprintf(file, "Port = %u;\nSecPort = %u;\n", node->uses_tls ? 0 : port, node->uses_tls ? port : 0);
    fprintf(file, "No_SCTP;\nNoRelay;\nTcTimer = %d;\nTwTimer = %d;\n", RECONNECT_TIMER, WATCHDOG_TIMER);
    fprintf(file, "ThreadsPerServer = %d;\n", ACCEPT_THREADS);
    fprintf(file, "AppServThreads = %u;\n",
            config->worker_threads == 0 ? DEFAULT_WORKER_THREADS : config->worker_threads);
    if (node->uses_tls) {
        fprintf(file, "TLS_Cred = \"%s\", \"%s\";\n", config->certificate_file, config->key_file);
        fprintf(file, "TLS_CA = \"%s\";\n", config->ca_file);
        fprintf(file, "TLS_Prio = \"%s\";\nTLS_DH_Bits = %d;\n", tls_priority, UNUSED_DH_BITS);
    }
}

/* freeDiameter reads its configuration from a file by name; this one has no name to be left behind. */
static enum gbau_status parse_config(struct diameter_node *node, const struct diameter_config *config)
{
    FILE *file = NULL;
    int descriptor = memfd_create("freeDiameter.conf", MFD_CLOEXEC);
    if (descriptor < 0 || (file = fdopen(descriptor, "w")) == NULL) {
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return GBAU_E_IO;
    }
    write_config(file, node, config);
    bool written = fflush(file) == 0;
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    int error = written ? fd_core_parseconf(path) : EIO;
    fd_g_config->cnf_file = "(none)";
    (void)fclose(file);
    return error == 0 ? GBAU_OK : complain(node, "freeDiameter refuses its configuration", strerror(error));
}

/* The address of this machine from which a peer is reached. */
static bool find_own_address(const struct addrinfo *peer, struct sockaddr_storage *own, socklen_t *own_length)
{
    int descriptor = socket(peer->ai_family, SOCK_DGRAM, 0);
    bool found = descriptor >= 0 && connect(descriptor, peer->ai_addr, peer->ai_addrlen) == 0 &&
                 getsockname(descriptor, (struct sockaddr *)own, own_length) == 0;
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return found;
}

static bool announce(const struct sockaddr_storage *address, socklen_t length)
{
    struct sockaddr_storage copy = *address;
    return fd_ep_add_merge(&fd_g_config->cnf_endpoints, (struct sockaddr *)&copy, length, EP_FL_CONF | EP_ACCEPTALL) ==
           0;
}

/* A node that does not listen must tell its peers an address all the same (RFC 6733 clause 5.3.5). */
static bool announce_own_address(const struct diameter_node *node)
{
    struct sockaddr_storage own = {.ss_family = AF_INET};
    socklen_t length = sizeof own;
    for (size_t i = 0; i < node->peer_count; i++) {
        struct addrinfo *peer = NULL;
        char service[8];
        (void)snprintf(service, sizeof service, "%u", (unsigned)node->peers[i].port);
        if (node->peers[i].address[0] == '\0' || getaddrinfo(node->peers[i].address, service, NULL, &peer) != 0) {
            continue;
        }
        bool found = find_own_address(peer, &own, &length);
        freeaddrinfo(peer);
        if (found) {
            return announce(&own, length);
        }
    }
    struct addrinfo *loopback = parse_address("127.0.0.1", 0);
    if (loopback == NULL) {
        return false;
    }
    memcpy(&own, loopback->ai_addr, loopback->ai_addrlen);
    length = loopback->ai_addrlen;
    freeaddrinfo(loopback);
    return announce(&own, length);
}

/*
 * The directive ListenOn leaves out loopback addresses without a word, and freeDiameter listens everywhere when no
 * address is left: so the address is set here.
 */
static bool set_listen_address(const struct diameter_config *config)
{
    struct addrinfo *address = parse_address(config->listen_address, 0);
    if (address == NULL) {
        return false;
    }
    struct sockaddr_storage storage;
    memset(&storage, 0, sizeof storage);
    memcpy(&storage, address->ai_addr, address->ai_addrlen);
    socklen_t length = address->ai_addrlen;
    freeaddrinfo(address);
    return announce(&storage, length);
}

enum gbau_status diameter_apply_config(struct diameter_node *node, const struct diameter_config *config)
{
    enum gbau_status status = parse_config(node, config);
    if (status != GBAU_OK) {
        return status;
    }
    bool announced = config->listen_address != NULL ? set_listen_address(config) : announce_own_address(node);
    return announced ? GBAU_OK : complain(node, "no address of this machine can be announced", node->identity);
}
