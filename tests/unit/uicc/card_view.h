/*
 * card_view.h: all that a card under test keeps and shows: its files with their content, PINs, keys and states, without
 * where in the memory they stand. Two cards with equal views are the same card to everybody outside.
 */
#ifndef TESTS_UNIT_UICC_CARD_VIEW_H
#define TESTS_UNIT_UICC_CARD_VIEW_H

#include "test_card.h"
#include "uicc/suspension.h"

struct card_view {
    size_t length;
    uint8_t octets[CARD_DATA_MAX];
    uint8_t tries[CARD_MAX_PINS][2]; /* of PINs and unblock PINs, which a try lowers before it is made */
};

static inline void view_states(const struct uicc *uicc, struct card_view *view, struct octet_writer *writer)
{
    enum { TRIES = 1, UNBLOCK_TRIES = 2 };
    const struct card_layout *layout = &uicc->layout;
    const size_t start = card_layout_size(layout);
    uint8_t *states = octet_writer_reserve(writer, layout->heap - start);
    assert_non_null(states);
    memcpy(states, uicc->nvm.data + start, layout->heap - start);
    for (uint8_t i = 0; i < layout->pin_count; i++) {
        uint8_t *state = states + card_layout_pin(layout, i).state - start;
        view->tries[i][0] = state[TRIES];
        view->tries[i][1] = state[UNBLOCK_TRIES];
        state[TRIES] = state[UNBLOCK_TRIES] = 0;
    }
    /* of a suspension only whether there is one: its token is random */
    memset(states + layout->suspension - start + 1, 0, SUSPENSION_STATE_SIZE - 1);
}

static inline void view_body(const struct uicc *uicc, const struct card_file *file, struct octet_writer *writer)
{
    const uint8_t *body = uicc->nvm.data + file->body;
    if (file->kind == FILE_KIND_BER_TLV) { /* what stands behind the objects is nobody's */
        octet_writer_put(writer, body, (size_t)2 + (size_t)(body[0] << 8 | body[1]));
        return;
    }
    const size_t turned = (size_t)file->first_record * file->record_length;
    octet_writer_put(writer, body + turned, file->size - turned);
    octet_writer_put(writer, body, turned);
}

static inline void card_view_take(const struct uicc *uicc, struct card_view *view)
{
    struct octet_writer writer = octet_writer_of(view->octets, sizeof view->octets);
    view_states(uicc, view, &writer);
    for (uint8_t i = 0; i < uicc->layout.file_slots; i++) {
        const struct card_file file = card_layout_file(&uicc->layout, i);
        if (file.kind == FILE_KIND_NONE) {
            continue;
        }
        struct card_file shown = file;
        shown.body = 0;
        shown.first_record = 0;
        octet_writer_u8(&writer, i);
        card_layout_write_file(&writer, &shown);
        view_body(uicc, &file, &writer);
    }
    assert_ok(octet_writer_end(&writer));
    view->length = writer.length;
}

static inline bool card_view_equals(const struct card_view *left, const struct card_view *right)
{
    return left->length == right->length && memcmp(left->octets, right->octets, left->length) == 0;
}

#endif
