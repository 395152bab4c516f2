/* access_records.h: the records of EF_ARR, each with a rule or free (TS 102 221 9.2.7, 13.4). Private to this room. */
#ifndef PROFILE_ACCESS_RECORDS_H
#define PROFILE_ACCESS_RECORDS_H

#include "profile/file_path.h"

/* True for an EF_ARR. */
bool access_record_is_in(const struct card_file *file);

/* Index of the EF_ARR in the file's directory or in the next one above that has one; CARD_NO_INDEX. */
uint8_t access_record_find_file(const struct file_list *list, uint8_t index);

/* Octets without their padding with FF. */
struct octets access_record_trim(struct octets octets);

/* The rule in a record, which counts from 1; empty when it is free. */
struct octets access_record_rule(const struct described_file *arr, size_t number);

/* The number of the first record with this rule (empty: of the first free record), or 0. */
uint8_t access_record_find(const struct described_file *arr, struct octets rule);

/* The number of the first record whose rule has this name by what it says (see rule_words_name), or 0. */
uint8_t access_record_find_name(const struct described_file *arr, const char *wanted);

#endif
