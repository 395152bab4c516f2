/* access_records.c: finds rules in EF_ARR. */
#include "profile/access_records.h"

#include <string.h>

#include "profile/rule_words.h"

enum { FID_ARR_OF_MF = 0x2f06, FID_ARR = 0x6f06 };

bool access_record_is_in(const struct card_file *file)
{
    return file->kind == FILE_KIND_LINEAR_FIXED && (file->fid == FID_ARR_OF_MF || file->fid == FID_ARR);
}

static uint8_t find_in_directory(const struct file_list *list, uint8_t directory)
{
    for (size_t i = 1; i < list->count; i++) {
        if (list->files[i].file.parent == directory && access_record_is_in(&list->files[i].file)) {
            return (uint8_t)i;
        }
    }
    return CARD_NO_INDEX;
}

uint8_t access_record_find_file(const struct file_list *list, uint8_t index)
{
    uint8_t directory = index == CARD_MF_INDEX ? CARD_MF_INDEX : file_path_parent(list, index);
    uint8_t found = find_in_directory(list, directory);
    while (found == CARD_NO_INDEX && directory != CARD_MF_INDEX) {
        directory = file_path_parent(list, directory);
        found = find_in_directory(list, directory);
    }
    return found;
}

struct octets access_record_trim(struct octets octets)
{
    while (octets.length > 0 && octets.data[octets.length - 1] == 0xff) {
        octets.length--;
    }
    return octets;
}

struct octets access_record_rule(const struct described_file *arr, size_t number)
{
    const size_t start = (number - 1) * arr->file.record_length;
    if (start >= arr->content.length) {
        return (struct octets){0};
    }
    const size_t left = arr->content.length - start;
    const size_t length = left < arr->file.record_length ? left : arr->file.record_length;
    return access_record_trim(octets_of(arr->content.data + start, length));
}

uint8_t access_record_find(const struct described_file *arr, struct octets rule)
{
    for (uint8_t number = 1; number <= arr->file.record_count; number++) {
        if (octets_equal(access_record_rule(arr, number), rule)) {
            return number;
        }
    }
    return 0;
}

uint8_t access_record_find_name(const struct described_file *arr, const char *wanted)
{
    char name[RULE_NAME_SIZE];
    for (uint8_t number = 1; number <= arr->file.record_count; number++) {
        if (rule_words_name(access_record_rule(arr, number), name) && strcmp(name, wanted) == 0) {
            return number;
        }
    }
    return 0;
}
