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

static inline void file_watch_begin(struct file_watch *watch, const struct uicc *uicc)
{
    memcpy(watch->data, uicc->nvm.data, uicc->nvm.data_size);
    watch->sequence = uicc->nvm.sequence;
    watch->layout = uicc->layout;
    watch->layout.data = octets_of(watch->data, uicc->nvm.data_size);
}

/* Kinds of change to a file. */
enum file_change { FILE_CONTENT = 0x01, FILE_STATE = 0x02, FILE_MADE = 0x04, FILE_GONE = 0x08, FILE_RESIZED = 0x10 };

static inline bool entries_are_equal(const struct card_file *old, const struct card_file *new)
{
    return old->fid == new->fid && old->kind == new->kind && old->parent == new->parent &&
           old->application == new->application && old->sfi == new->sfi && old->arr_file == new->arr_file &&
           old->arr_record == new->arr_record;
}

static inline unsigned change_of_file(const struct file_watch *watch, const struct uicc *uicc, uint8_t index)
{
    const struct card_file old = card_layout_file(&watch->layout, index);
    const struct card_file new = card_layout_file(&uicc->layout, index);
    if (old.kind == FILE_KIND_NONE || new.kind == FILE_KIND_NONE) {
        return old.kind == new.kind ? 0 : new.kind == FILE_KIND_NONE ? FILE_GONE : FILE_MADE;
    }
    MUST(entries_are_equal(&old, &new)); /* what no command changes */
    if (old.body != new.body || old.size != new.size) {
        return FILE_RESIZED | (old.state != new.state ? FILE_STATE : 0);
    }
    const bool same =
        old.first_record == new.first_record &&memcmp(watch->data + old.body, uicc->nvm.data + new.body, old.size) == 0;
    return (same ? 0 : FILE_CONTENT) | (old.state != new.state ? FILE_STATE : 0);
}

/* What a command may do to files, and to how many. */
static inline unsigned allowed_changes(uint8_t ins)
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
static inline bool may_be_written(const struct uicc *uicc, const struct uicc_channel *channel, uint8_t ins,
                                  uint8_t index)
{
    static const uint16_t gba_files[] = {0x6fd6, 0x6fda, 0x6fd5, 0x6fd7};
    const uint16_t fid = card_layout_file(&uicc->layout, index).fid;
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

static inline void compare_files(const struct file_watch *watch, const struct uicc *uicc,
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

static inline bool changes_the_table(uint8_t ins)
{
    return (allowed_changes(ins) & ~(unsigned)FILE_CONTENT) != 0 || ins == 0xd4;
}

/* After a command on `channel`; the card as it is now is what the next comparison starts from. */
static inline void file_watch_compare(struct file_watch *watch, const struct uicc *uicc,
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
