/* text.c: text for people out of octets that nobody should trust. */
#include "card_text/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char ellipsis[] = "…";

enum { ELLIPSIS_LENGTH = sizeof ellipsis - 1, UTF8_MAX = 4, FORMATTED_MAX = 512 };

struct text text_of(char *buffer, size_t capacity)
{
    buffer[0] = '\0';
    return (struct text){.characters = buffer, .capacity = capacity};
}

/* Room for the ellipsis is kept, so that it can always be set. */
static bool has_room(const struct text *text, size_t length)
{
    return !text->cut && text->length + length + ELLIPSIS_LENGTH < text->capacity;
}

/* Puts all characters or, where they do not fit, none of them and the ellipsis. */
static void put_whole(struct text *text, const char *characters, size_t length)
{
    if (has_room(text, length)) {
        memcpy(text->characters + text->length, characters, length);
        text->length += length;
    } else if (!text->cut) {
        text->cut = true;
        memcpy(text->characters + text->length, ellipsis, ELLIPSIS_LENGTH);
        text->length += ELLIPSIS_LENGTH;
    }
    text->characters[text->length] = '\0';
}

/* Length of the UTF-8 character that begins with `first`; 1 for what begins none. */
static size_t utf8_length(uint8_t first)
{
    return first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
}

void text_put(struct text *text, const char *words)
{
    while (*words != '\0' && !text->cut) {
        const size_t length = strnlen(words, utf8_length((uint8_t)*words));
        put_whole(text, words, length);
        words += length;
    }
}

void text_format(struct text *text, const char *format, ...)
{
    char formatted[FORMATTED_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(formatted, sizeof formatted, format, arguments);
    va_end(arguments);
    text_put(text, formatted);
}

void text_put_hex(struct text *text, struct octets octets, size_t limit)
{
    const size_t shown = octets.length > limit ? limit : octets.length;
    for (size_t i = 0; i < shown; i++) {
        text_format(text, "%02X", octets.data[i]);
    }
    if (shown < octets.length) {
        text_format(text, "… (%zu octets)", octets.length);
    }
}

/* Ranges of characters that a terminal would obey, or that hide or turn around what stands beside them. */
static const struct {
    uint32_t first;
    uint32_t last;
} unprintable[] = {
    {0x00, 0x1f},     {0x7f, 0xa0},     {0xad, 0xad},        {0x61c, 0x61c},   {0x200b, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xd800, 0xf8ff},    {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
    {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0x10ffff},
};

static bool is_printable(uint32_t character)
{
    for (size_t i = 0; i < sizeof unprintable / sizeof unprintable[0]; i++) {
        if (character >= unprintable[i].first && character <= unprintable[i].last) {
            return false;
        }
    }
    return character <= 0x10ffff;
}

static size_t encode_utf8(uint32_t character, char out[UTF8_MAX])
{
    static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    const size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    out[0] = (char)(marks[length] | character);
    return length;
}

void text_put_character(struct text *text, uint32_t character)
{
    char encoded[UTF8_MAX];
    if (character == '\\') {
        text_put(text, "\\\\");
    } else if (is_printable(character)) {
        put_whole(text, encoded, encode_utf8(character, encoded));
    } else if (character <= 0xff) {
        text_format(text, "\\x%02X", (unsigned)character);
    } else {
        text_format(text, "\\u{%X}", (unsigned)character);
    }
}

/* The next character of UTF-8; false, with nothing taken, where it is broken. */
static bool take_utf8(struct octet_reader *reader, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    struct octet_reader ahead = *reader;
    const uint8_t first = octet_reader_u8(&ahead);
    const size_t length = utf8_length(first);
    *character = length == 1 ? first : first & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        const uint8_t next = octet_reader_u8(&ahead);
        ahead.failed = ahead.failed || (next & 0xc0) != 0x80;
        *character = *character << 6 | (next & 0x3f);
    }
    if (ahead.failed || (length == 1 && first >= 0x80) || *character < least[length]) {
        return false;
    }
    *reader = ahead;
    return true;
}

void text_put_untrusted(struct text *text, struct octets octets)
{
    struct octet_reader reader = octet_reader_of(octets);
    while (octet_reader_left(&reader) > 0 && !text->cut) {
        uint32_t character = 0;
        if (take_utf8(&reader, &character)) {
            text_put_character(text, character);
        } else {
            text_format(text, "\\x%02X", octet_reader_u8(&reader));
        }
    }
}

/* TS 23.038 6.2.1, without the extension table: its escape is shown as what it is. */
static const uint16_t default_alphabet[128] = {
    '@',   0xa3, '$',   0xa5,  0xe8,  0xe9,  0xf9,  0xec,  0xf2,  0xc7,  '\n',  0xd8, 0xf8, '\r', 0xc5, 0xe5,
    0x394, '_',  0x3a6, 0x393, 0x39b, 0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398, 0x39e, 0x1b, 0xc6, 0xe6, 0xdf, 0xc9,
    ' ',   '!',  '"',   '#',   0xa4,  '%',   '&',   '\'',  '(',   ')',   '*',   '+',  ',',  '-',  '.',  '/',
    '0',   '1',  '2',   '3',   '4',   '5',   '6',   '7',   '8',   '9',   ':',   ';',  '<',  '=',  '>',  '?',
    0xa1,  'A',  'B',   'C',   'D',   'E',   'F',   'G',   'H',   'I',   'J',   'K',  'L',  'M',  'N',  'O',
    'P',   'Q',  'R',   'S',   'T',   'U',   'V',   'W',   'X',   'Y',   'Z',   0xc4, 0xd6, 0xd1, 0xdc, 0xa7,
    0xbf,  'a',  'b',   'c',   'd',   'e',   'f',   'g',   'h',   'i',   'j',   'k',  'l',  'm',  'n',  'o',
    'p',   'q',  'r',   's',   't',   'u',   'v',   'w',   'x',   'y',   'z',   0xe4, 0xf6, 0xf1, 0xfc, 0xe0,
};

static struct octets without_padding(struct octets octets)
{
    while (octets.length > 0 && octets.data[octets.length - 1] == 0xff) {
        octets.length--;
    }
    return octets;
}

/* UCS2, two octets a character, up to FFFF. */
static void put_ucs2(struct text *text, struct octet_reader *reader)
{
    while (octet_reader_left(reader) >= 2 && !text->cut) {
        const uint16_t character = octet_reader_u16(reader);
        if (character == 0xffff) {
            return;
        }
        text_put_character(text, character);
    }
}

/* A number of octets: the default alphabet, or with b8 set an offset from `base`. */
static void put_based(struct text *text, struct octet_reader *reader, size_t count, uint32_t base)
{
    for (size_t i = 0; i < count && octet_reader_left(reader) > 0; i++) {
        const uint8_t octet = octet_reader_u8(reader);
        text_put_character(text, octet < 0x80 ? default_alphabet[octet] : base + (octet & 0x7f));
    }
}

void text_put_alpha(struct text *text, struct octets octets)
{
    enum { UCS2 = 0x80, UCS2_SHORT_BASE = 0x81, UCS2_LONG_BASE = 0x82 };
    struct octet_reader reader = octet_reader_of(octets);
    const uint8_t coding = octets.length > 0 ? octets.data[0] : 0;
    if (coding == UCS2) {
        (void)octet_reader_u8(&reader);
        put_ucs2(text, &reader);
        return;
    }
    if (coding == UCS2_SHORT_BASE || coding == UCS2_LONG_BASE) {
        (void)octet_reader_u8(&reader);
        const size_t count = octet_reader_u8(&reader);
        const uint32_t base =
            coding == UCS2_SHORT_BASE ? (uint32_t)octet_reader_u8(&reader) << 7 : octet_reader_u16(&reader);
        put_based(text, &reader, count, base);
        return;
    }
    reader = octet_reader_of(without_padding(octets));
    put_based(text, &reader, octets.length, 0x80);
}

void text_put_septets(struct text *text, struct octets octets, unsigned spare)
{
    const size_t bits = 8 * octets.length > spare ? 8 * octets.length - spare : 0;
    for (size_t position = 0; position + 7 <= bits; position += 7) {
        const size_t octet = position / 8;
        const unsigned next = octet + 1 < octets.length ? octets.data[octet + 1] : 0;
        text_put_character(text, default_alphabet[((octets.data[octet] | next << 8) >> position % 8) & 0x7f]);
    }
}

void text_put_swapped_digits(struct text *text, struct octets octets, const char *symbols)
{
    for (size_t i = 0; i < 2 * octets.length; i++) {
        const unsigned digit = (unsigned)(octets.data[i / 2] >> (i % 2 * 4)) & 0x0fU;
        if (digit == 0x0f) {
            return;
        }
        put_whole(text, symbols + digit, 1);
    }
}
