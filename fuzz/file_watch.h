/* file_watch.h: a second look at a card's files after each command: only what the command is about may have changed. */
#ifndef FUZZ_FILE_WATCH_H
#define FUZZ_FILE_WATCH_H

#include <string.h>

#include "fuzzing.h"
#include "uicc/uicc.h"

/* The data area as it was before the command. */
struct file_watch {
    uint64_t sequence; /* of the memory's last transaction */
    uint8_t data[NVM_MAX_PAGES * NVM_PAGE_SIZE];
    struct card_layout layout; /* views `data` */
};

UNSEEN static void file_watch_begin(struct file_watch *watch, const struct uicc *uicc)
{
    memcpy(watch->data, uicc->nvm.data, uicc->nvm.data_size);
    watch->sequence = uicc->nvm.sequence;
    watch->layout = uicc->layout;
    watch->layout.data = octets_of(watch->data, uicc->nvm.data_size);
}

/* Kinds of change to a file. */
enum file_change { FILE_CONTENT = 0x01, FILE_STATE = 0x02, FILE_MADE = 0x04, FILE_GONE = 0x08, FILE_RESIZED = 0x10 };

/* Entries are looked at as they stand in the table: decoding all of them would take longer than the commands. */
enum { ENTRY_IDENTITY = 8, ENTRY_STATE = 8, ENTRY_FIRST_RECORD = 10, ENTRY_SIZE = 12, ENTRY_BODY = 16 };

UNSEEN static unsigned number_at(const uint8_t *octets, unsigned length)
{
    unsigned number = 0;
    for (unsigned i = 0; i < length; i++) {
        number = number << 8 | octets[i];
    }
    return number;
}

UNSEEN static unsigned change_of_file(const struct file_watch *watch, const struct uicc *uicc, uint8_t index)
{
    const uint8_t *old = watch->data + card_layout_file_offset(index);
    const uint8_t *new = uicc->nvm.data + card_layout_file_offset(index);
    if (old[CARD_FILE_KIND_OFFSET] == FILE_KIND_NONE || new[CARD_FILE_KIND_OFFSET] == FILE_KIND_NONE) {
        const bool same = old[CARD_FILE_KIND_OFFSET] == new[CARD_FILE_KIND_OFFSET];
        return same ? 0 : new[CARD_FILE_KIND_OFFSET] == FILE_KIND_NONE ? FILE_GONE : FILE_MADE;
    }
    MUST(memcmp(old, new, ENTRY_IDENTITY) == 0); /* what no command changes */
    const unsigned state = old[ENTRY_STATE] == new[ENTRY_STATE] ? 0 : FILE_STATE;
    const unsigned size = number_at(old + ENTRY_SIZE, 2);
    const unsigned body = number_at(old + ENTRY_BODY, 4);
    if (size != number_at(new + ENTRY_SIZE, 2) || body != number_at(new + ENTRY_BODY, 4)) {
        return FILE_RESIZED | state;
    }
    const bool same = old[ENTRY_FIRST_RECORD] == new[ENTRY_FIRST_RECORD] &&
                      memcmp(watch->data + body, uicc->nvm.data + body, size) == 0;
    return (same ? 0 : FILE_CONTENT) | state;
}

/* What a command may do to files, and to how many. */
UNSEEN static unsigned allowed_changes(uint8_t ins)
{
    switch (ins) {
    case 0xd6:
    case 0xdc:
    case 0x32:
    case 0xdb:
    case 0x88:
        return FILE_CONTENT;
    case 0x04:
    case 0x44:
    case 0xe6:
    case 0xe8:
        return FILE_STATE;
    case 0xe0:
        return FILE_MADE;
    case 0xe4:
        return FILE_GONE;
    case 0xd4:
        return FILE_RESIZED | FILE_CONTENT; /* a turned cyclic file that stays where it was */
    default:
        return 0;
    }
}

/* A file that changed its content is the current one, or, at AUTHENTICATE, one of the GBA files. */
UNSEEN static bool may_be_written(const struct uicc *uicc, const struct uicc_channel *channel, uint8_t ins,
                                  uint8_t index)
{
    static const uint16_t gba_files[] = {0x6fd6, 0x6fda, 0x6fd5, 0x6fd7};
    const unsigned fid = number_at(uicc->nvm.data + card_layout_file_offset(index), 2);
    if (ins != 0x88) {
        return ins == 0xd4 || channel->file == index;
    }
    for (size_t i = 0; i < sizeof gba_files / sizeof gba_files[0]; i++) {
        if (gba_files[i] == fid) {
            return true;
        }
    }
    return false;
}

UNSEEN static void compare_files(const struct file_watch *watch, const struct uicc *uicc,
                                 const struct uicc_channel *channel, uint8_t ins)
{
    unsigned changed = 0;
    for (uint8_t i = 0; i < uicc->layout.file_slots; i++) {
        const unsigned change = change_of_file(watch, uicc, i);
        MUST((change & ~allowed_changes(ins)) == 0);
        MUST((change & FILE_CONTENT) == 0 || may_be_written(uicc, channel, ins, i));
        changed += change != 0;
    }
    MUST(changed <= 1 || ins == 0xe4 || ins == 0x88);
}

UNSEEN static bool changes_the_table(uint8_t ins)
{
    return (allowed_changes(ins) & ~(unsigned)FILE_CONTENT) != 0 || ins == 0xd4;
}

/* After a command on `channel`; the card as it is now is what the next comparison starts from. */
UNSEEN static void file_watch_compare(struct file_watch *watch, const struct uicc *uicc,
                                      const struct uicc_channel *channel, uint8_t ins)
{
    if (watch->sequence == uicc->nvm.sequence) { /* no transaction: nothing has changed */
        return;
    }
    compare_files(watch, uicc, channel, ins);
    if (changes_the_table(ins)) { /* a card that could not be opened any more */
        struct card_layout layout;
        MUST(card_layout_read(octets_of(uicc->nvm.data, uicc->nvm.data_size), &layout) == GBAU_OK);
    }
    file_watch_begin(watch, uicc);
}

#endif
