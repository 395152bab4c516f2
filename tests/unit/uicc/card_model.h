/*
 * card_model.h: a card as simple as can be, to compare the real one with: files are arrays of octets, records stand in
 * the order of their numbers, nothing is ever interrupted. It shares no code with the card.
 */
#ifndef TESTS_UNIT_UICC_CARD_MODEL_H
#define TESTS_UNIT_UICC_CARD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MODEL_FILES = 32,
    MODEL_CONTENT = 2500,
    MODEL_OBJECTS = 16,
    MODEL_CHANNELS = 20,
    MODEL_SLOTS = 24, /* files that a new card has room for */
    MODEL_DATA = 255,
    MODEL_NOTHING = -1
};

enum model_kind { MODEL_DIRECTORY, MODEL_TRANSPARENT, MODEL_LINEAR, MODEL_CYCLIC, MODEL_OF_OBJECTS };

struct model_file {
    bool exists;
    enum model_kind kind;
    uint16_t fid;
    int parent; /* index; MODEL_NOTHING: MF and ADF */
    int slot;   /* in the card's table; new files stand behind their directory */
    uint8_t sfi;
    uint8_t rule;
    uint16_t rules_file; /* identifier of its EF_ARR */
    uint8_t state;       /* 04, 05 or 0C */
    unsigned size;
    unsigned record_length; /* 0: no records */
    struct {
        uint16_t tag;
        unsigned length; /* with tag and length */
    } objects[MODEL_OBJECTS];
    unsigned object_count;
    uint8_t content[MODEL_CONTENT]; /* octets; records, number 1 first; objects, the oldest first */
};

enum model_pin_name { MODEL_PIN1, MODEL_PIN2, MODEL_ADM, MODEL_PINS };

struct model_pin {
    uint8_t reference;
    bool enabled;
    bool verified;
    int tries;
    int max_tries;
    int unblock_tries;
    int max_unblock_tries;
    uint8_t value[8];
    uint8_t unblock_value[8];
};

struct model_channel {
    bool open;
    bool usim; /* the application is active */
    int directory;
    int file;
    unsigned record;
};

struct model_transfer {
    uint8_t ins; /* 0: none */
    int channel;
    int file;
    uint16_t tag;
    unsigned done;
    unsigned total;
    uint8_t octets[MODEL_CONTENT];
};

struct model {
    struct model_file files[MODEL_FILES];
    struct model_pin pins[MODEL_PINS];
    struct model_channel channels[MODEL_CHANNELS];
    struct model_transfer transfer;
    bool suspended;   /* a resumption is possible */
    bool token_known; /* false: the card has chosen one that nobody heard */
    uint8_t token[8];
    struct model_channel kept_channels[MODEL_CHANNELS];
    bool kept_verified[MODEL_PINS];
};

/* What a terminal asks for. The numbers are INS. */
enum model_command {
    MODEL_SELECT = 0xa4,
    MODEL_READ_BINARY = 0xb0,
    MODEL_UPDATE_BINARY = 0xd6,
    MODEL_READ_RECORD = 0xb2,
    MODEL_UPDATE_RECORD = 0xdc,
    MODEL_SEARCH_RECORD = 0xa2,
    MODEL_INCREASE = 0x32,
    MODEL_RETRIEVE_DATA = 0xcb,
    MODEL_SET_DATA = 0xdb,
    MODEL_VERIFY = 0x20,
    MODEL_CHANGE_PIN = 0x24,
    MODEL_DISABLE_PIN = 0x26,
    MODEL_ENABLE_PIN = 0x28,
    MODEL_UNBLOCK_PIN = 0x2c,
    MODEL_MANAGE_CHANNEL = 0x70,
    MODEL_CREATE = 0xe0,
    MODEL_DELETE = 0xe4,
    MODEL_RESIZE = 0xd4,
    MODEL_DEACTIVATE = 0x04,
    MODEL_ACTIVATE = 0x44,
    MODEL_TERMINATE_EF = 0xe8,
    MODEL_TERMINATE_DF = 0xe6,
    MODEL_STATUS = 0xf2,
    MODEL_SUSPEND = 0x76
};

/* A command in its parts; which of them count depends on the command. */
struct model_action {
    enum model_command command;
    int channel;
    uint8_t p1;
    uint8_t p2;
    uint8_t sfi; /* 0: the current file */
    unsigned offset;
    unsigned le;           /* 0: no Le; 256: Le = 00 */
    uint16_t fid;          /* of DELETE, RESIZE and commands that change a state; 0: the current file */
    unsigned size;         /* of RESIZE */
    struct model_file new; /* of CREATE: kind, fid, sfi, rule, size, record_length */
    unsigned length;
    uint8_t data[MODEL_DATA];
};

struct model_answer {
    uint16_t sw;
    unsigned length;
    uint8_t data[256];
};

/* A new card with the usual test profile: of its files only those that the test works on. */
void model_begin(struct model *model);

/* Power off and on, or a reset. */
void model_restart(struct model *model);

/*
 * Runs a command. `found_room` is whether the card has found room for a new body, where only its heap can know;
 * *room_needed tells that it was asked for.
 */
struct model_answer model_run(struct model *model, const struct model_action *action, bool found_room,
                              bool *room_needed);

/* The parts of model_run. */
struct model_answer model_run_content(struct model *model, const struct model_action *action);
struct model_answer model_run_pin(struct model *model, const struct model_action *action);
struct model_answer model_run_administration(struct model *model, const struct model_action *action, bool found_room,
                                             bool *room_needed);

/* Index of a file by identifier as SELECT finds it (TS 102 221 8.4.1); MODEL_NOTHING. */
int model_find(const struct model *model, const struct model_channel *channel, uint16_t fid);
int model_find_child(const struct model *model, int directory, uint16_t fid);
void model_select(struct model *model, struct model_channel *channel, int file);

/* What a rule of EF_ARR is about. */
enum model_right { RIGHT_READ, RIGHT_UPDATE, RIGHT_INCREASE, RIGHT_CHANGE, RIGHT_RESIZE, MODEL_RIGHTS };
bool model_may(const struct model *model, const struct model_file *file, enum model_right right);

/* Octets of the objects in a file of objects. */
unsigned model_used_by_objects(const struct model_file *file);

/* The file, or a directory above it, is terminated. */
bool model_is_terminated(const struct model *model, int file);

static inline struct model_answer model_sw(uint16_t sw)
{
    return (struct model_answer){.sw = sw};
}

#endif
