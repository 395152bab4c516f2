/* diameter_private.h: what the files of the Diameter node share; nobody outside src/net/diameter*.c includes it. */
#ifndef NET_DIAMETER_PRIVATE_H
#define NET_DIAMETER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/diameter.h"
#include "net/diameter_avp.h"

/* freeDiameter's structures; only the .c files see inside. */
struct msg;
struct avp;
struct peer_hdr;
struct dict_object;
struct fd_list;
struct fd_hook_hdl;

enum { IDENTITY_SIZE = 256 };

/*
 * The command under which freeDiameter sees every application message; see diameter_gate.c. It is one of the two codes
 * that RFC 6733 clause 11.3.1 leaves for experiments, and it never goes out on the wire.
 */
enum { ENVELOPE_COMMAND = 0xfffffe };

struct node_command {
    uint32_t application;
    uint32_t command;
    diameter_handler *handler;
    void *context;
};

struct node_peer {
    char identity[IDENTITY_SIZE];
    char realm[IDENTITY_SIZE];   /* empty: not checked */
    char address[IDENTITY_SIZE]; /* empty: it connects to us */
    uint16_t port;
    atomic_uint applications; /* bit i: it announced node->applications[i] when it last connected */
    atomic_int connection;    /* our own descriptor of the last connection, or -1 */
};

/* The bit of node_peer.applications for peers that relay all applications. */
#define RELAYS_ALL (1U << DIAMETER_MAX_COMMANDS)

/* Requests that wait for their answer; all of it is diameter_outbox.c's. */
struct outbox;

struct diameter_node {
    const struct log *log;
    char identity[IDENTITY_SIZE];
    char realm[IDENTITY_SIZE];
    bool uses_tls;
    atomic_bool started;
    atomic_bool closing;
    size_t peer_count;
    struct node_peer peers[DIAMETER_MAX_PEERS];
    size_t command_count;
    struct node_command commands[DIAMETER_MAX_COMMANDS];
    size_t application_count;
    uint32_t applications[DIAMETER_MAX_COMMANDS];
    struct dict_object *letter;           /* the AVP that holds a message as it came */
    struct dict_object *destination_host; /* AVPs that freeDiameter wants to see on an envelope */
    struct dict_object *destination_realm;
    struct fd_hook_hdl *hooks[2];
    struct outbox *outbox;
};

/*
 * The node of this process. freeDiameter calls some functions without any context of ours, so this must be a global;
 * set by diameter_open, and NULL again after diameter_close.
 */
extern struct diameter_node *diameter_the_node;

/* diameter_config.c */

/* Checks the configuration and copies it into the node. */
GBAU_MUST_USE enum gbau_status diameter_check_config(struct diameter_node *node, const struct diameter_config *config);

/* Has freeDiameter, already initialised, read its own configuration. */
GBAU_MUST_USE enum gbau_status diameter_apply_config(struct diameter_node *node, const struct diameter_config *config);

/* diameter_peer.c */

/* The configured peer of that identity, or NULL. Identities are compared without case. */
struct node_peer *diameter_find_peer(struct diameter_node *node, struct octets identity);

/* Hands all peers to freeDiameter: those to connect to, and those to let in. */
GBAU_MUST_USE enum gbau_status diameter_add_peers(struct diameter_node *node);

/* Looks for peers on which freeDiameter has given up, and has it begin again. To be called every now and then. */
void diameter_revive_peers(struct diameter_node *node);

/* Notes the connection that freeDiameter has just made with a peer. */
void diameter_note_connection(struct diameter_node *node, struct peer_hdr *peer);

/*
 * To be called before freeDiameter ends, with node->closing set and the outbox stopped: gives what is under way a
 * moment, and then cuts connections on which requests are still unanswered. freeDiameter would hang over them.
 */
void diameter_settle_peers(struct diameter_node *node);

/* Breaks the connection with a peer, of which freeDiameter learns as of any other that breaks. */
void diameter_cut_connection(struct diameter_node *node, struct peer_hdr *peer);

/*
 * To be called on freeDiameter's thread for the peer, just before that closes the connection. With TLS two threads of
 * freeDiameter may say goodbye on one session at the same time, and free its memory under each other; this lets the one
 * that receives end first.
 */
void diameter_quiet_connection(struct diameter_node *node, struct peer_hdr *peer);

/* Closes what diameter_note_connection opened. */
void diameter_forget_connections(struct diameter_node *node);

/* True when freeDiameter says that the connection to the peer of this identity is open. */
bool diameter_peer_is_open(const char *identity);

/* diameter_gate.c */

/* Stands between the wire and freeDiameter from now on. */
GBAU_MUST_USE enum gbau_status diameter_open_gate(struct diameter_node *node);

/* The message that an envelope holds; it belongs to the envelope. GBAU_E_NOT_FOUND when there is none. */
GBAU_MUST_USE enum gbau_status diameter_open_letter(const struct diameter_node *node, struct msg *envelope,
                                                    struct octets *letter);

/* Wipes the message that an envelope holds: it may have keys in it. */
void diameter_wipe_letter(const struct diameter_node *node, struct msg *envelope);

/* diameter_serve.c */

/* Has requests answered by node->commands. */
GBAU_MUST_USE enum gbau_status diameter_register_service(struct diameter_node *node);

/* diameter_outbox.c */

GBAU_MUST_USE enum gbau_status diameter_open_outbox(struct diameter_node *node);

/* Nothing is handed to freeDiameter any more; to be called before freeDiameter ends. */
void diameter_stop_sending(struct diameter_node *node);

/* Completes what is outstanding with GBAU_E_UNREACHABLE; to be called when freeDiameter has ended. */
void diameter_close_outbox(struct diameter_node *node);

/* freeDiameter gives a message up: if a request of the outbox waits for it, it ends with `status`. */
void diameter_drop_message(struct diameter_node *node, struct msg *message);

/* True for a request that the outbox sent. */
bool diameter_is_from_outbox(struct msg *request);

/*
 * freeDiameter cancels its threads when it ends, wherever they are. Code of ours that they run must not be left
 * halfway: it begins with the first and ends with the second, which gets what the first gave.
 */
int diameter_forbid_cancel(void);
void diameter_allow_cancel(int state);

#endif
