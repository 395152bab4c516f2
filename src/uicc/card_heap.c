/* card_heap.c: free room is what the table of files leaves: no list of it could ever be wrong. */
#include "uicc/card_heap.h"

static bool has_body(const struct card_file *file)
{
    return file->kind != FILE_KIND_NONE && file->size > 0;
}

uint32_t card_heap_free(const struct card_layout *layout)
{
    uint32_t left = layout->heap_end - layout->heap;
    for (uint8_t i = 0; i < layout->file_slots; i++) {
        const struct card_file file = card_layout_file(layout, i);
        left -= has_body(&file) ? file.size : 0;
    }
    return left;
}

/* The end of a body that reaches into the `size` octets at `offset`; 0 when none does. */
static uint32_t end_of_obstacle(const struct card_layout *layout, uint32_t offset, size_t size)
{
    for (uint8_t i = 0; i < layout->file_slots; i++) {
        const struct card_file file = card_layout_file(layout, i);
        if (has_body(&file) && file.body < offset + size && offset < file.body + file.size) {
            return file.body + file.size;
        }
    }
    return 0;
}

bool card_heap_find(const struct card_layout *layout, size_t size, uint32_t *offset)
{
    uint32_t candidate = layout->heap;
    while (size <= layout->heap_end - candidate) {
        const uint32_t next = end_of_obstacle(layout, candidate, size);
        if (next == 0) {
            *offset = candidate;
            return true;
        }
        candidate = next;
    }
    return false;
}
