/*
 * card_api.h: the GBA_U API's applet on a card, reached on one logical channel for all its keys; commands, the one
 * decoder of its answers, and what needs no key (docs/gba_u-api.md clause 8).
 *
 * The card is not trusted: an answer whose lengths or objects are not those of the specification is GBAU_E_CARD.
 */
#ifndef ME_CARD_API_H
#define ME_CARD_API_H

#include "base/log.h"
#include "key/api_coding.h"
#include "me/apdu.h"

/* Room for an extended command and its response. */
struct card_large_room;

/* The applet of one card. One thread at a time. */
struct card_api {
    struct reader *reader; /* borrowed */
    const struct log *log; /* borrowed */
    uint8_t channel;       /* 0: not open */
    uint8_t handles;       /* how many keys can be open at once */
    size_t piece_size;     /* octets of text that a block of a short command takes */
    size_t large_piece_size;
    struct card_large_room *large; /* for blocks of extended commands; NULL: short ones only */
};

/*
 * Opens a channel, selects the applet, and asks what it can. GBAU_E_LIMIT when the card has no channel left,
 * GBAU_E_UNSUPPORTED when it has no API or one of another major version; both logged with what to do. `api` must stay
 * where it is.
 */
GBAU_MUST_USE enum gbau_status card_api_open(struct card_api *api, struct reader *reader, const struct log *log);

/* Ends the channel, and with it every key that is open on it. */
void card_api_close(struct card_api *api);

/* Commands */

struct card_command {
    uint8_t ins;
    uint8_t p1;
    uint8_t p2;
    bool is_large;            /* extended: data stand in the large room */
    struct octet_writer data; /* writes into octets, or the large room */
    uint8_t octets[APDU_DATA_MAX];
};

void card_command_begin(struct card_command *command, enum api_instruction ins, uint8_t p1, uint8_t p2);

/* As above, an extended command in api->large, which must be there. Its answer is valid until the next. */
void card_command_begin_large(struct card_command *command, const struct card_api *api, enum api_instruction ins,
                              uint8_t p1, uint8_t p2);

/* An object of one octet. */
void card_command_put_octet(struct card_command *command, enum api_tag tag, uint8_t value);
void card_command_put(struct card_command *command, enum api_tag tag, struct octets value);

/* Answers */

/* The objects that an answer may hold; each is a bit of a set. */
enum card_object {
    CARD_NAF_ID,
    CARD_B_TID,
    CARD_DIRECTION,
    CARD_ALGORITHM,
    CARD_LABEL,
    CARD_TEXT,
    CARD_NONCE,
    CARD_USAGE,
    CARD_POLICY_VERSION,
    CARD_OPERATIONS,
    CARD_AUTHENTICATOR,
    CARD_HANDLE,
    CARD_VERSION,
    CARD_ALGORITHMS,
    CARD_HANDLES,
    CARD_PERSISTED_KEYS,
    CARD_PIECE_SIZE,
    CARD_OBJECT_COUNT
};

enum { CARD_NO_OBJECTS = 0 };
#define CARD_BIT(object) (1U << (object))

/* What an answer must hold and what it may hold beside; other objects are skipped, as newer cards may send them. */
struct card_expectation {
    uint32_t required;
    uint32_t optional;
};

/* An answer that was read; the objects are views of its octets. May hold secrets: card_answer_clear. */
struct card_answer {
    struct apdu_response response;
    struct apdu_room large; /* what of the large room the answer fills; else empty */
    struct octets objects[CARD_OBJECT_COUNT]; /* empty when absent */
};

/*
 * Reads the data of response->response; errors as GBAU_E_CARD. `objects` are set on GBAU_OK only.
 */
GBAU_MUST_USE enum gbau_status card_answer_read(struct card_answer *answer, struct card_expectation expected);

/* The value of a numeric object of at most four octets. */
uint32_t card_answer_number(const struct card_answer *answer, enum card_object object);

void card_answer_clear(struct card_answer *answer);

/*
 * Sends a command and reads its answer; wipes the command's data. Errors are those of the status words (clause 13):
 * GBAU_E_ACCESS, GBAU_E_LIMIT, GBAU_E_ARGUMENT, GBAU_E_UNSUPPORTED, GBAU_E_NOT_FOUND, GBAU_E_AUTHENTICATION,
 * GBAU_E_REPLAY, GBAU_E_STORAGE, GBAU_E_CARD; GBAU_E_SPACE when the data do not fit a command. Unless GBAU_OK the
 * answer is clear.
 */
GBAU_MUST_USE enum gbau_status card_api_run(struct card_api *api, struct card_command *command,
                                            struct card_expectation expected, struct card_answer *answer);

/* The same for a command whose answer holds nothing. */
GBAU_MUST_USE enum gbau_status card_api_run_silently(struct card_api *api, struct card_command *command);

/* What needs no key */

/* Entry `index` of a list (8.2): API_LIST_NAF_KEYS or API_LIST_PERSISTED_KEYS. GBAU_E_NOT_FOUND behind the last one. */
GBAU_MUST_USE enum gbau_status card_api_list(struct card_api *api, uint8_t list, uint8_t index,
                                             struct card_answer *answer);

/* Hands a policy or revocation over (8.9). */
GBAU_MUST_USE enum gbau_status card_api_apply(struct card_api *api, struct octets naf_id, struct octets object);

/* Deletes a persisted key (8.8). */
GBAU_MUST_USE enum gbau_status card_api_delete(struct card_api *api, struct octets naf_id, struct octets label);

GBAU_MUST_USE enum gbau_status card_api_counter(struct card_api *api, uint64_t *counter);

/* GET CHALLENGE (TS 102 221 11.1.18) as often as it takes. */
GBAU_MUST_USE enum gbau_status card_api_random(struct card_api *api, uint8_t *out, size_t length);

#endif
