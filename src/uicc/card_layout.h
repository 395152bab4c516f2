/*
 * card_layout.h: where everything stands in the card's memory: files, PINs, applications with their keys.
 *
 *     head | files | PINs | applications | states and keys | heap: bodies of files
 *
 * The tables are checked once when the card is opened and then read where they stand, an entry at a time: the memory is
 * the only truth, so what a command changes of them is changed in one transaction with all the rest, and the card needs
 * no copy in RAM. Reader and writer of each table stand in card_layout.c.
 */
#ifndef UICC_CARD_LAYOUT_H
#define UICC_CARD_LAYOUT_H

#include "base/octets.h"
#include "crypto/aka_functions.h"
#include "key/gba_keys.h"

enum {
    CARD_MAX_FILES = 200, /* slots for files, free ones too */
    CARD_MAX_PINS = 16,
    CARD_MAX_APPLICATIONS = 8,
    CARD_AID_MAX = 16,
    CARD_MAX_NAF_KEYS = 16,
    CARD_MAX_PERSISTED_KEYS = 8, /* of the GBA_U API */
    CARD_MAX_DEPTH = 8,          /* of directories */
    CARD_TLV_FILE_MAX = 1200,    /* octets of a file of BER-TLV objects: one transaction can move them all */
    CARD_NO_INDEX = 0xff,
    PIN_VALUE_SIZE = 8,
    SQN_ENTRIES = 32, /* one for each IND of 5 bits */
    SQN_ENTRY_SIZE = 6,
    SQN_STATE_SIZE = SQN_ENTRIES * SQN_ENTRY_SIZE
};

/* Kinds of file, with the file descriptor octet of TS 102 221 11.1.1.4.3, shareable. */
enum file_kind {
    FILE_KIND_NONE = 0,  /* a free slot */
    FILE_KIND_DF = 0x78, /* MF, DF, ADF */
    FILE_KIND_TRANSPARENT = 0x41,
    FILE_KIND_LINEAR_FIXED = 0x42,
    FILE_KIND_CYCLIC = 0x46,
    FILE_KIND_BER_TLV = 0x79
};

/* Life cycle of a file (TS 102 221 11.1.1.4.9). */
enum file_state {
    FILE_STATE_CREATION = 0x01,
    FILE_STATE_INITIALISATION = 0x03,
    FILE_STATE_DEACTIVATED = 0x04,
    FILE_STATE_ACTIVATED = 0x05,
    FILE_STATE_TERMINATED = 0x0c
};

struct card_file {
    uint16_t fid;
    enum file_kind kind;
    uint8_t parent;      /* index of the directory; CARD_NO_INDEX for MF and ADFs */
    uint8_t application; /* of an ADF: index of the application; else CARD_NO_INDEX */
    uint8_t sfi;         /* 1 to 30, or 0 */
    uint8_t arr_file;    /* index of the EF_ARR that holds its rule */
    uint8_t arr_record;  /* 1.. */
    enum file_state state;
    uint16_t size; /* octets of the body */
    uint16_t record_length;
    uint8_t record_count;
    uint8_t first_record; /* of a cyclic file: where in the body record 1, the last one written, stands; from 0 */
    uint32_t body;        /* offset in the data area */
};

struct card_pin {
    uint8_t key_reference; /* 01 PIN1, 81 PIN2, 0A.. ADM (TS 102 221 9.5.1) */
    uint8_t max_tries;
    uint8_t max_unblock_tries; /* 0: it cannot be unblocked */
    uint32_t state;            /* offset of struct pin_state's octets in the data area */
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

/* What an application is. */
enum application_kind {
    APPLICATION_USIM = 1,
    APPLICATION_ISIM = 2,
    APPLICATION_APPLET = 3 /* has no files */
};

struct card_application {
    enum application_kind kind;
    uint8_t aid_length;
    uint8_t aid[CARD_AID_MAX];
    uint8_t adf; /* index of the ADF; CARD_NO_INDEX for an applet */
    uint8_t pin; /* index of its PIN */
    enum aka_algorithm algorithm;
    struct gba_u_rules gba_rules;
    uint32_t sqn_delta;     /* greatest jump of SEQ that is accepted; 0: any (TS 33.102 C.2.1) */
    uint32_t sqn_age_limit; /* how far SEQ may lie behind the highest one; 0: any (TS 33.102 C.2.2) */
    uint8_t naf_key_count;  /* records of EF_GBANL */
    uint32_t keys;          /* offset of its algorithm's keys (see aka_keys.h) */
    uint32_t sqn;           /* offset of SQN_ENTRIES entries; applications with one K share them */
    uint32_t gba;           /* offset of the GBA state (see gba_state.h) */
};

/* The head of the tables: enough to find every entry. Views the data area, which must outlive it. */
struct card_layout {
    struct octets data;
    uint8_t file_slots;
    uint8_t pin_count;
    uint8_t application_count;
    uint32_t nonce_counter; /* offset of the counter that nonces are made of */
    uint32_t suspension;    /* offset of what SUSPEND UICC keeps (see suspension.h) */
    uint8_t persisted_key_count;
    uint32_t persisted_keys; /* offset of their records (see api_persist.h) */
    uint32_t heap;           /* offset of the bodies of files */
    uint32_t heap_end;
};

enum { CARD_MF_INDEX = 0 };

/* Entries, as they stand in the memory now. Every index must be below its count. */
struct card_file card_layout_file(const struct card_layout *layout, uint8_t index);
struct card_pin card_layout_pin(const struct card_layout *layout, uint8_t index);
struct card_application card_layout_application(const struct card_layout *layout, uint8_t index);

/* Index of the file with this identifier in a directory (CARD_NO_INDEX: MF and the ADFs), or CARD_NO_INDEX. */
uint8_t card_layout_find_file(const struct card_layout *layout, uint8_t parent, uint16_t fid);

/* Offset and coding of one entry of the files' table, for those who change it. */
enum { CARD_FILE_ENTRY_SIZE = 20 };
size_t card_layout_file_offset(uint8_t index);
void card_layout_write_file(struct octet_writer *writer, const struct card_file *file);

/* Octets that the tables take at the front of the data area. */
size_t card_layout_size(const struct card_layout *layout);

/* Writes the head, and the entries of the other tables, which follow the files in this order. */
void card_layout_write_head(struct octet_writer *writer, const struct card_layout *layout);
void card_layout_write_pin(struct octet_writer *writer, const struct card_pin *pin);
void card_layout_write_application(struct octet_writer *writer, const struct card_application *application);

/*
 * Reads the head and checks all tables: afterwards every offset, index and size is within bounds, no two bodies
 * overlap, no body overlaps a key or a state, and every path upwards ends. GBAU_E_CORRUPT otherwise. `data` is the
 * whole data area.
 */
GBAU_MUST_USE enum gbau_status card_layout_read(struct octets data, struct card_layout *layout);

void pin_state_write(struct octet_writer *writer, const struct pin_state *state);
void pin_state_read(const uint8_t octets[PIN_STATE_SIZE], struct pin_state *state);

#endif
