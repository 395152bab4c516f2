/*
 * nvm.h: the card's memory, in which a transaction happens wholly or not at all, whenever the power fails.
 *
 * Layout: header | data | one CRC-32C for each data page | mark | journal half A | journal half B.
 *
 * A transaction is a list of changes to the data area. nvm_commit appends them as one record to the journal, syncs
 * once, and only then changes data and CRCs in place, without another sync. After a power failure the journal is
 * replayed, so the data holds all of a transaction or nothing. When a half of the journal is full the other one is
 * begun; the sync of its first record is of all the memory, and so makes durable what the full half described. Every
 * other sync is of its record alone: no extra sync is ever needed, and few octets are waited for.
 *
 * Damage is told from an interrupted write: every record carries a sequence number and a CRC, every page a CRC, and the
 * mark holds the last sequence number that reached the data. A record that is missing although the mark or a later
 * record tells that it was there is damage (GBAU_E_CORRUPT), not a power failure.
 *
 * What terminals write into files stands in the journal, where old octets follow new ones. So that no file's content
 * can pass for a record, records begin with a random number that only this memory knows.
 *
 * Needs no operating system and no heap; the memory is reached through struct nvm_storage.
 */
#ifndef UICC_NVM_H
#define UICC_NVM_H

#include "base/octets.h"

enum {
    NVM_PAGE_SIZE = 64,
    NVM_TRANSACTION_MAX = 1536, /* octets of a journal record */
    NVM_JOURNAL_HALF_SIZE = 8192,
    NVM_RECORD_MAGIC_SIZE = 8,
    NVM_MAX_PAGES = 1024 /* of the data area: 64 KiB */
};

/* Memory that can be read in place (flash, or a mapped file) and written through functions. */
struct nvm_storage {
    const uint8_t *memory;
    size_t size;
    /* Changes `length` octets at `offset`; afterwards `memory` shows them. May be cut anywhere by a power failure. */
    enum gbau_status (*write)(void *context, size_t offset, const void *data, size_t length);
    /* Returns when what was written to `length` octets at `offset` will survive a power failure; more than that may. */
    enum gbau_status (*sync)(void *context, size_t offset, size_t length);
    void *context;
};

struct nvm {
    struct nvm_storage storage;
    const uint8_t *data; /* the data area, for reading */
    size_t data_size;
    size_t crc_offset;
    size_t mark_offset;
    size_t journal_offset;
    uint64_t sequence; /* of the last record */
    unsigned half;     /* that records are appended to */
    size_t half_used;
    bool failed; /* the storage failed: nothing is written until it is opened anew */
    struct octet_writer record;
    uint8_t record_buffer[NVM_TRANSACTION_MAX];
};

/* How much memory a data area of `data_size` octets needs. */
size_t nvm_size_for(size_t data_size);

/*
 * Makes a new memory with `data` in its data area. The storage must have nvm_size_for(data.length) octets.
 * `record_magic` is random and secret. GBAU_E_SPACE when the storage is smaller or data has more than NVM_MAX_PAGES
 * pages.
 */
GBAU_MUST_USE enum gbau_status nvm_format(const struct nvm_storage *storage, struct octets data,
                                          const uint8_t record_magic[NVM_RECORD_MAGIC_SIZE]);

/*
 * Opens a memory, finishing what a power failure interrupted. GBAU_E_MALFORMED when it is none of ours,
 * GBAU_E_CORRUPT when it is damaged, GBAU_E_UNSUPPORTED for another version, GBAU_E_STORAGE when writing fails. The
 * storage must outlive `nvm`.
 */
GBAU_MUST_USE enum gbau_status nvm_open(struct nvm *nvm, const struct nvm_storage *storage);

/* Begins a transaction, forgetting one that was not committed. */
void nvm_begin(struct nvm *nvm);

/*
 * Adds a change of `length` octets at `offset` of the data area. The data itself changes at nvm_commit only, so read
 * what you need before. Errors are sticky and told by nvm_commit.
 */
void nvm_change(struct nvm *nvm, size_t offset, const void *data, size_t length);
void nvm_fill(struct nvm *nvm, size_t offset, uint8_t value, size_t length);

/* Makes the changes durable, all or none. GBAU_E_SPACE for too many of them, GBAU_E_STORAGE when the memory fails. */
GBAU_MUST_USE enum gbau_status nvm_commit(struct nvm *nvm);

/* Overwrites the transaction buffer, which may hold keys. */
void nvm_wipe_buffer(struct nvm *nvm);

#endif
