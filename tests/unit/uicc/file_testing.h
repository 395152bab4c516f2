/* file_testing.h: files made by CREATE FILE on a card under test, by the administrator. */
#ifndef TESTS_UNIT_UICC_FILE_TESTING_H
#define TESTS_UNIT_UICC_FILE_TESTING_H

#include "test_card.h"

/* Descriptors of TS 102 221 11.1.1.4.3. */
#define DESCRIPTOR_TRANSPARENT "82024121"
#define DESCRIPTOR_DIRECTORY   "82027821"
#define DESCRIPTOR_BER_TLV     "82027921"

/* The record of MF's EF_ARR that a file refers to. */
enum test_rule { RULE_NEVER = 3, RULE_PIN_PIN = 4, RULE_PIN_PIN2 = 7, RULE_PIN_INCREASE_PIN = 8, RULE_ALL_ADM = 9 };

enum { NO_SFI = 0, NO_SIZE = 0 };

/* Descriptor of a file of records: "42" linear fixed, "46" cyclic. */
static inline const char *descriptor_of_records(const char *kind, unsigned record_length)
{
    static char text[16];
    (void)snprintf(text, sizeof text, "8204%s21%04x", kind, record_length);
    return text;
}

/* The FCP of a new file, as hex. */
static inline const char *new_file_fcp(const char *descriptor, unsigned fid, enum test_rule rule, unsigned size,
                                       unsigned sfi)
{
    static char text[100];
    char content[90];
    char sizes[20] = "";
    if (size != NO_SIZE) {
        (void)snprintf(sizes, sizeof sizes, "8002%04x", size);
    }
    if (sfi == NO_SFI) {
        (void)snprintf(content, sizeof content, "%s8302%04x8a01058b032f06%02x%s8800", descriptor, fid, rule, sizes);
    } else {
        (void)snprintf(content, sizeof content, "%s8302%04x8a01058b032f06%02x%s8801%02x", descriptor, fid, rule, sizes,
                       sfi << 3);
    }
    (void)snprintf(text, sizeof text, "62%02zx%s", strlen(content) / 2, content);
    return text;
}

/* CREATE FILE in the current directory of the basic channel; its response. The new file is the current one. */
static inline const char *create_file(struct test_card *card, const char *descriptor, unsigned fid, enum test_rule rule,
                                      unsigned size, unsigned sfi)
{
    const char *fcp = new_file_fcp(descriptor, fid, rule, size, sfi);
    return apduf(card, "00e00000%02zx%s", strlen(fcp) / 2, fcp);
}

static inline const char *create_transparent(struct test_card *card, unsigned fid, unsigned size)
{
    return create_file(card, DESCRIPTOR_TRANSPARENT, fid, RULE_PIN_PIN, size, NO_SFI);
}

static inline const char *create_directory(struct test_card *card, unsigned fid)
{
    return create_file(card, DESCRIPTOR_DIRECTORY, fid, RULE_ALL_ADM, NO_SIZE, NO_SFI);
}

/* CREATE FILE with the content of an FCP. */
static inline const char *create_with(struct test_card *card, const char *content)
{
    const size_t length = strlen(content) / 2;
    return apduf(card, "00e00000%02zx62%02zx%s", length + 2, length, content);
}

/* RESIZE FILE of a child of the current directory. */
static inline const char *resize_file(struct test_card *card, unsigned fid, unsigned size)
{
    return apduf(card, "80d400000a62088302%04x8002%04x", fid, size);
}

static inline const char *delete_file(struct test_card *card, unsigned fid)
{
    return apduf(card, "00e4000002%04x", fid);
}

static inline const char *select_file(struct test_card *card, unsigned fid)
{
    return apduf(card, "00a4000c02%04x", fid);
}

/* `count` times the same two hex digits. */
static inline const char *repeated(const char *octet, size_t count)
{
    static char texts[2][2 * 256 + 1];
    static unsigned next;
    char *text = texts[next++ % 2];
    assert_in_range(count, 0, 256);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + 2 * i, octet, 2);
    }
    text[2 * count] = '\0';
    return text;
}

/* A new card, MF selected, PIN and ADM verified. */
static inline void begin_as_administrator(struct test_card *card)
{
    test_card_begin(card);
    assert_apdu(card, "0020000108" TEST_PIN, "9000");
    assert_apdu(card, "0020000a08" TEST_ADM, "9000");
}

#endif
