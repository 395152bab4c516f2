/*
 * key_calls.h: what stands behind `struct gbau_key` of gbau/key.h: a holder of the key, on a card (me) or in this
 * process (local_key.h), does the primitive operations; everything above them is one code for both: checks in
 * key_calls.c, COSE messages and streams in key_messages.c.
 */
#ifndef KEY_KEY_CALLS_H
#define KEY_KEY_CALLS_H

#include "base/octets.h"
#include "gbau/key.h"
#include "key/application_key.h"

enum { KEY_B_TID_SIZE = 256, KEY_LABEL_SIZE = APPLICATION_LABEL_MAX + 1 };

struct gbau_key;

/*
 * The operations of a holder. `key` is known to be of the right usage and direction. A text that was asked for and an
 * error that was returned exclude each other: after an error nothing of the output means anything.
 */
struct key_holder {
    /* `nonce` (counter block, IV) has room for the algorithm's nonce_size octets; ciphertext and tag go to `out`. */
    enum gbau_status (*encrypt)(struct gbau_key *key, struct octets additional_data, struct octets text, uint8_t *nonce,
                                struct octet_writer *out);
    /* `nonce` has nonce_size octets; `in` is ciphertext and tag, and has at least tag_size octets. */
    enum gbau_status (*decrypt)(struct gbau_key *key, struct octets additional_data, const uint8_t *nonce,
                                struct octets in, struct octet_writer *text);
    enum gbau_status (*mac)(struct gbau_key *key, const struct octets *parts, size_t part_count,
                            uint8_t mac[MAC_MAX_SIZE]);
    enum gbau_status (*verify)(struct gbau_key *key, const struct octets *parts, size_t part_count, struct octets mac);
    enum gbau_status (*hash)(struct gbau_key *key, struct octets data, uint8_t hash[32]);
    /* Opens into `child`, which is zero but for its holder; see key_calls_new. */
    enum gbau_status (*derive)(struct gbau_key *key, const struct application_key_description *description,
                               struct gbau_key *child);
    enum gbau_status (*export_octets)(struct gbau_key *key, uint8_t octets[APPLICATION_KEY_SIZE]);
    /* Nonce, wrapped key, tag: one after the other. `other` is of a usage that can be wrapped. */
    enum gbau_status (*wrap)(struct gbau_key *key, struct gbau_key *other, struct octet_writer *out);
    /* Sets usage, direction, algorithm and label of `unwrapped` too. */
    enum gbau_status (*unwrap)(struct gbau_key *key, struct octets in, struct gbau_key *unwrapped);
    /* Messages of docs/gba_u-api.md 9: RI; RR || V (4) || TR; TI. */
    enum gbau_status (*authenticate_begin)(struct gbau_key *key, struct octet_writer *message);
    enum gbau_status (*authenticate_answer)(struct gbau_key *key, struct octets message, struct octet_writer *answer);
    enum gbau_status (*authenticate_finish)(struct gbau_key *key, struct octets answer, struct octet_writer *message,
                                            struct gbau_key *session);
    enum gbau_status (*authenticate_confirm)(struct gbau_key *key, struct octets message, struct gbau_key *session);
    /* Ends the key at the holder and wipes its state. */
    void (*close)(struct gbau_key *key);
};

/* An open key. The holder's own state follows the struct in the same allocation (key_calls_state). */
struct gbau_key {
    const struct key_holder *holder;
    bool is_card; /* which end this is */
    enum key_usage usage;
    enum key_direction direction;
    enum key_algorithm algorithm;
    bool encrypts; /* whether this end makes (encrypts, computes MACs, wraps) in this direction, and whether it reads */
    bool decrypts;
    char b_tid[KEY_B_TID_SIZE];
    char label[KEY_LABEL_SIZE];
    void *state;
    size_t state_size;
};

/* Allocates a key with room for its holder's state, all zero. NULL without memory. gbau_key_close ends it. */
struct gbau_key *key_calls_new(const struct key_holder *holder, size_t state_size);

/* The holder's state, suitably aligned. */
void *key_calls_state(struct gbau_key *key);

/*
 * Fills in what a request says, and which end this is. GBAU_E_ARGUMENT for a label or context out of range,
 * GBAU_E_UNSUPPORTED when usage, direction and algorithm do not go together.
 */
GBAU_MUST_USE enum gbau_status key_calls_describe(const struct gbau_key_request *request, bool is_card,
                                                  struct gbau_key *key,
                                                  struct application_key_description *description);

/* What a session key of mutual authentication is: of usage derive, with the names of its parent. */
void key_calls_note_session(struct gbau_key *session, const struct gbau_key *parent);

/* What calls begin and end with. */

/* Which side of a direction a call belongs to. */
enum key_side { KEY_SIDE_MAKES, KEY_SIDE_READS, KEY_SIDE_ANY };

/* GBAU_E_ARGUMENT without a key; GBAU_E_ACCESS for one that is not for this usage, or not on this end. */
GBAU_MUST_USE enum gbau_status key_calls_check(const struct gbau_key *key, enum key_usage usage, enum key_side side);

/* True unless NULL stands for octets that there are, or for a place where something has to go. */
bool key_calls_in_is_sound(const void *octets, size_t length);
bool key_calls_out_is_sound(const uint8_t *out, size_t capacity, const size_t *length);

/* False when they share octets: what is written first would change what is read later. */
bool key_calls_are_apart(const void *in, size_t in_length, const uint8_t *out, size_t capacity);

/* Ends a call that wrote: its length out, or nothing at all. */
GBAU_MUST_USE enum gbau_status key_calls_finish(enum gbau_status status, const struct octet_writer *writer,
                                                size_t *length);

#endif
