/* test_card_heap.c: room for bodies against a map of octets, in cards whose files come and go at random. */
#include "testing.h"
#include "uicc/card_heap.h"

enum { SLOTS = 40, HEAP = 1000, HEAP_SIZE = 500, ROUNDS = 20000 };

struct heap_under_test {
    uint8_t tables[HEAP];
    bool taken[HEAP_SIZE];
    struct card_layout layout;
    uint32_t random;
};

static void begin(struct heap_under_test *heap)
{
    *heap = (struct heap_under_test){.random = 1};
    heap->layout = (struct card_layout){.data = octets_of(heap->tables, sizeof heap->tables),
                                        .file_slots = SLOTS,
                                        .heap = HEAP,
                                        .heap_end = HEAP + HEAP_SIZE};
}

static uint32_t next_random(struct heap_under_test *heap, uint32_t limit)
{
    heap->random = heap->random * 1664525U + 1013904223U;
    return (heap->random >> 8) % limit;
}

static void write_slot(struct heap_under_test *heap, uint8_t slot, const struct card_file *file)
{
    struct octet_writer writer = octet_writer_of(heap->tables + card_layout_file_offset(slot), CARD_FILE_ENTRY_SIZE);
    card_layout_write_file(&writer, file);
}

static void take(struct heap_under_test *heap, const struct card_file *file, bool taken)
{
    for (uint32_t i = 0; i < file->size; i++) {
        assert_true(heap->taken[file->body - HEAP + i] != taken);
        heap->taken[file->body - HEAP + i] = taken;
    }
}

/* The first place of `size` free octets in the map. */
static bool find_in_map(const struct heap_under_test *heap, size_t size, uint32_t *offset)
{
    size_t run = 0;
    for (uint32_t i = 0; i < HEAP_SIZE; i++) {
        run = heap->taken[i] ? 0 : run + 1;
        if (run == size) {
            *offset = HEAP + i + 1 - (uint32_t)size;
            return true;
        }
    }
    return false;
}

static uint32_t free_in_map(const struct heap_under_test *heap)
{
    uint32_t count = 0;
    for (size_t i = 0; i < HEAP_SIZE; i++) {
        count += !heap->taken[i];
    }
    return count;
}

static void test_against_a_map(void **state)
{
    (void)state;
    struct heap_under_test heap;
    size_t refused = 0;
    begin(&heap);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint8_t slot = (uint8_t)next_random(&heap, SLOTS);
        struct card_file file = card_layout_file(&heap.layout, slot);
        if (file.kind != FILE_KIND_NONE) {
            take(&heap, &file, false);
            write_slot(&heap, slot, &(struct card_file){.kind = FILE_KIND_NONE, .size = 77, .body = HEAP});
        }
        file = (struct card_file){.kind = FILE_KIND_TRANSPARENT, .size = (uint16_t)(1 + next_random(&heap, 60))};
        uint32_t expected = 0;
        const bool fits = find_in_map(&heap, file.size, &expected);
        assert_int_equal(card_heap_find(&heap.layout, file.size, &file.body), fits);
        refused += !fits;
        if (fits) {
            assert_int_equal(file.body, expected);
            write_slot(&heap, slot, &file);
            take(&heap, &file, true);
        }
        assert_int_equal(card_heap_free(&heap.layout), free_in_map(&heap));
    }
    assert_in_range(refused, ROUNDS / 100, ROUNDS);
}

static void test_limits(void **state)
{
    (void)state;
    struct heap_under_test heap;
    uint32_t offset = 0;
    begin(&heap);
    assert_true(card_heap_find(&heap.layout, HEAP_SIZE, &offset));
    assert_int_equal(offset, HEAP);
    assert_false(card_heap_find(&heap.layout, HEAP_SIZE + 1, &offset));
    assert_false(card_heap_find(&heap.layout, SIZE_MAX, &offset));
    /* directories have no body, wherever their entry says that it is */
    write_slot(&heap, 3, &(struct card_file){.kind = FILE_KIND_DF, .size = 0, .body = HEAP + 10});
    assert_true(card_heap_find(&heap.layout, HEAP_SIZE, &offset));
    write_slot(&heap, 4, &(struct card_file){.kind = FILE_KIND_TRANSPARENT, .size = 1, .body = HEAP + HEAP_SIZE - 1});
    assert_false(card_heap_find(&heap.layout, HEAP_SIZE, &offset));
    assert_true(card_heap_find(&heap.layout, HEAP_SIZE - 1, &offset));
    assert_int_equal(card_heap_free(&heap.layout), HEAP_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_a_map), cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
