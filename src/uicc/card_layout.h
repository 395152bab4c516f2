/*
 * card_layout.h: where everything stands in the card's memory: files, PINs, applications with their keys.
 *
 *     head | files | PINs | applications | bodies of files and states of applications
 *
 * The tables are read once when the card is opened; keys and states stay in the memory and are read when needed.
 * Reader and writer of each table stand in card_layout.c.
 */
#ifndef UICC_CARD_LAYOUT_H
#define UICC_CARD_LAYOUT_H

#include "base/octets.h"
#include "crypto/aka_types.h"
#include "key/gba_keys.h"

enum {
    CARD_MAX_FILES = 96,
    CARD_MAX_PINS = 8,
    CARD_MAX_APPLICATIONS = 4,
    CARD_AID_MAX = 16,
    CARD_MAX_NAF_KEYS = 16,
    CARD_NO_INDEX = 0xff,
    PIN_VALUE_SIZE = 8,
    SQN_ENTRIES = 32, /* one for each IND of 5 bits */
    SQN_ENTRY_SIZE = 6
};

/* Kinds of file, with the file descriptor octet of TS 102 221 11.1.1.4.3. */
enum file_kind {
    FILE_KIND_DF = 0x78, /* MF, DF, ADF */
    FILE_KIND_TRANSPARENT = 0x41,
    FILE_KIND_LINEAR_FIXED = 0x42
};

struct card_file {
    uint16_t fid;
    enum file_kind kind;
    uint8_t parent;      /* index of the directory; CARD_NO_INDEX for MF and ADFs */
    uint8_t application; /* of an ADF: index of the application; else CARD_NO_INDEX */
    uint8_t sfi;         /* 1 to 30, or 0 */
    uint8_t arr_file;    /* index of the EF_ARR that holds its rule */
    uint8_t arr_record;  /* 1.. */
    uint16_t size;       /* octets of the body */
    uint16_t record_length;
    uint8_t record_count;
    uint32_t body; /* offset in the data area */
};

struct card_pin {
    uint8_t key_reference; /* 01 PIN1, 81 PIN2, 0A.. ADM (TS 102 221 9.5.1) */
    uint8_t max_tries;
    uint8_t max_unblock_tries;
    uint32_t state; /* offset of struct pin_state's octets in the data area */
};

/* What of a PIN changes, as it stands in the memory. Holds secrets. */
struct pin_state {
    bool enabled;
    uint8_t tries;
    uint8_t unblock_tries;
    uint8_t value[PIN_VALUE_SIZE];
    uint8_t unblock_value[PIN_VALUE_SIZE];
};
enum { PIN_STATE_SIZE = 3 + 2 * PIN_VALUE_SIZE };

/* Authentication algorithms that an application may have. */
enum aka_algorithm { AKA_ALGORITHM_MILENAGE = 1 };

struct card_application {
    uint8_t aid_length;
    uint8_t aid[CARD_AID_MAX];
    uint8_t adf;           /* index of the ADF; CARD_NO_INDEX for an applet without files */
    uint8_t pin;           /* index of its PIN */
    enum aka_algorithm algorithm;
    struct gba_u_rules gba_rules;
    uint32_t sqn_delta;    /* greatest jump of SEQ that is accepted; 0: any (TS 33.102 C.2.1) */
    uint8_t naf_key_count; /* records of EF_GBANL */
    uint32_t keys;         /* offset of K || OPc */
    uint32_t sqn;          /* offset of SQN_ENTRIES entries */
    uint32_t gba;          /* offset of the GBA state (see gba.h) */
};

struct card_layout {
    uint8_t file_count;
    uint8_t pin_count;
    uint8_t application_count;
    uint32_t nonce_counter; /* offset of the counter that nonces are made of */
    struct card_file files[CARD_MAX_FILES];
    struct card_pin pins[CARD_MAX_PINS];
    struct card_application applications[CARD_MAX_APPLICATIONS];
};

enum { CARD_MF_INDEX = 0 };

/* Octets that the tables take in front of the bodies. */
size_t card_layout_size(const struct card_layout *layout);

/* Writes the tables; bodies and states are the personaliser's. */
void card_layout_write(struct octet_writer *writer, const struct card_layout *layout);

/*
 * Reads and checks the tables: every offset, index and size is within bounds afterwards. GBAU_E_CORRUPT otherwise.
 * `data` is the whole data area.
 */
GBAU_MUST_USE enum gbau_status card_layout_read(struct octets data, struct card_layout *layout);

void pin_state_write(struct octet_writer *writer, const struct pin_state *state);
void pin_state_read(const uint8_t octets[PIN_STATE_SIZE], struct pin_state *state);

#endif
