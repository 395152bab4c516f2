/* content_testing.h: what a decoder makes of octets, as one line. */
#ifndef TESTS_UNIT_CARD_TEXT_CONTENT_TESTING_H
#define TESTS_UNIT_CARD_TEXT_CONTENT_TESTING_H

#include "card_text/file_names.h"
#include "testing.h"

#include <stdio.h>

/* The line that `hex` gives as content of the file `fid` in `place`; in a static buffer. */
static inline const char *decoded(enum card_place place, uint16_t fid, const char *hex)
{
    static char line[8192];
    static struct card_content content;
    uint8_t octets[1024];
    const size_t length = strlen(hex) / 2;
    from_hex(hex, octets, length);
    const struct file_name *name = file_name_find(place, fid);
    assert_non_null(name);
    file_name_decode(name, octets_of(octets, length), &content);
    struct text text = text_of(line, sizeof line);
    content_put_line(&content, &text);
    return line;
}

struct decoding {
    enum card_place place;
    uint16_t fid;
    const char *hex;
    const char *line;
};

static inline void assert_decodings(const struct decoding *decodings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(decoded(decodings[i].place, decodings[i].fid, decodings[i].hex), decodings[i].line);
    }
}

#define assert_all_decoded(decodings) assert_decodings((decodings), sizeof(decodings) / sizeof((decodings)[0]))

/* Cuts each body at every length, and spoils every octet of it: nothing may crash, nothing raw may come out. */
static inline void assert_survives_damage(const struct decoding *decodings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char hex[2048];
        const size_t length = strlen(decodings[i].hex);
        for (size_t cut = 0; cut <= length; cut += 2) {
            (void)snprintf(hex, sizeof hex, "%.*s", (int)cut, decodings[i].hex);
            (void)decoded(decodings[i].place, decodings[i].fid, hex);
        }
        for (size_t position = 0; position < length; position += 2) {
            (void)snprintf(hex, sizeof hex, "%s", decodings[i].hex);
            memcpy(hex + position, position % 4 == 0 ? "7f" : "1b", 2);
            const char *line = decoded(decodings[i].place, decodings[i].fid, hex);
            for (; *line != '\0'; line++) {
                assert_true((unsigned char)*line >= 0x20 && *line != 0x7f);
            }
        }
    }
}

#endif
