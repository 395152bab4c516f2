/* svg_text.c: text for an SVG picture: made clean, measured without the font, broken into lines, escaped. */
#include "trace/svg_text.h"

#include <string.h>

static const char ellipsis[] = "\xe2\x80\xa6";

enum {
    ELLIPSIS_LENGTH = sizeof ellipsis - 1,
    LINE_MAX_LENGTH = SVG_LINE_SIZE - 1 - ELLIPSIS_LENGTH,
    WIDE = 1000,
    MONOSPACE_WIDTH = 602,
    BOLD_PERCENT = 127
};

/* Widths of U+0020 to U+007E in DejaVu Sans, in thousandths of the font's size. */
static const uint16_t ascii_widths[] = {
    318,  401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, /* space to slash */
    636,  636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, /* 0 to ? */
    1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787, /* @ to O */
    603,  787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, /* P to _ */
    500,  613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, /* ` to o */
    635,  635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,      /* p to ~ */
};

/* The shapes of UTF-8 (RFC 3629): a mask and value of the first octet, how many follow, and the least character. */
static const struct {
    uint8_t mask;
    uint8_t value;
    size_t following;
    uint32_t least;
} utf8_shapes[] = {{0x80, 0x00, 0, 0}, {0xe0, 0xc0, 1, 0x80}, {0xf0, 0xe0, 2, 0x800}, {0xf8, 0xf0, 3, 0x10000}};

/* The characters of XML 1.0, 2.2, but for the control characters. */
static bool is_allowed(uint32_t character)
{
    return character >= 0x20 && character != 0x7f && (character < 0xd800 || character > 0xdfff) &&
           character != 0xfffe && character != 0xffff && character <= 0x10ffff;
}

/* The length in octets of the character that `text` begins with, or 0 when it begins with none that is allowed. */
static size_t character_length(struct octets text)
{
    for (size_t i = 0; i < sizeof utf8_shapes / sizeof utf8_shapes[0]; i++) {
        if ((text.data[0] & utf8_shapes[i].mask) != utf8_shapes[i].value) {
            continue;
        }
        struct octet_reader reader = octet_reader_of(text);
        uint32_t character = octet_reader_u8(&reader) & (uint8_t)~utf8_shapes[i].mask;
        bool good = true;
        for (size_t j = 0; j < utf8_shapes[i].following; j++) {
            const uint8_t octet = octet_reader_u8(&reader);
            good = good && (octet & 0xc0) == 0x80;
            character = character << 6 | (octet & 0x3f);
        }
        good = good && !reader.failed && character >= utf8_shapes[i].least && is_allowed(character);
        return good ? reader.position : 0;
    }
    return 0;
}

/* Puts the next character, or what stands for it. */
static void put_clean_character(struct octet_reader *reader, struct octet_writer *writer)
{
    const struct octets rest = {reader->input.data + reader->position, octet_reader_left(reader)};
    const size_t length = character_length(rest);
    if (length > 0) {
        octet_writer_put_octets(writer, octet_reader_take(reader, length));
        return;
    }
    const uint8_t octet = octet_reader_u8(reader);
    octet_writer_u8(writer, octet < 0x20 ? ' ' : '?');
}

bool svg_text_clean(const char *text, char *out, size_t capacity)
{
    struct octet_reader reader = octet_reader_of(octets_of_text(text == NULL ? "" : text));
    struct octet_writer writer = octet_writer_of(out, capacity - 1);
    size_t cut = 0; /* the last place that leaves room for the ellipsis */
    while (octet_reader_left(&reader) > 0 && !writer.failed) {
        if (writer.length + ELLIPSIS_LENGTH <= writer.capacity) {
            cut = writer.length;
        }
        put_clean_character(&reader, &writer);
    }
    const bool overlong = writer.failed;
    if (overlong) {
        writer = octet_writer_of(out, capacity - 1);
        (void)octet_writer_reserve(&writer, cut);
        octet_writer_put(&writer, ellipsis, ELLIPSIS_LENGTH);
    }
    out[writer.length] = '\0';
    return overlong;
}

/* In thousandths of the font's size. */
static int character_width(enum svg_face face, struct octets character)
{
    if (character.length != 1) {
        return WIDE;
    }
    if (face == SVG_FACE_MONOSPACE) {
        return MONOSPACE_WIDTH;
    }
    const int width = ascii_widths[character.data[0] - 0x20];
    return face == SVG_FACE_BOLD ? width * BOLD_PERCENT / 100 : width;
}

static struct octets take_character(struct octet_reader *reader)
{
    const struct octets rest = {reader->input.data + reader->position, octet_reader_left(reader)};
    return octet_reader_take(reader, character_length(rest));
}

int svg_text_width(struct svg_font font, struct octets text)
{
    struct octet_reader reader = octet_reader_of(text);
    int width = 0;
    while (octet_reader_left(&reader) > 0) {
        width += character_width(font.face, take_character(&reader));
    }
    return (width * font.size + 999) / 1000;
}

/* The longest beginning of `text` that is at most `width` wide; at least one character, so that wrapping ends. */
static struct octets fitting_part(struct svg_font font, struct octets text, int width)
{
    struct octet_reader reader = octet_reader_of(text);
    size_t length = take_character(&reader).length;
    while (octet_reader_left(&reader) > 0) {
        (void)take_character(&reader);
        if (reader.position > LINE_MAX_LENGTH || svg_text_width(font, octets_of(text.data, reader.position)) > width) {
            break;
        }
        length = reader.position;
    }
    return octets_of(text.data, length);
}

/* Shortens a part that ends inside a word to the space before that word, if there is one. */
static struct octets whole_words(struct octets text, struct octets part)
{
    if (part.length == text.length || text.data[part.length] == ' ') {
        return part;
    }
    const uint8_t *space = memrchr(part.data, ' ', part.length);
    return space == NULL || space == part.data ? part : octets_of(part.data, (size_t)(space - part.data));
}

static struct octets without_leading_spaces(struct octets text)
{
    while (text.length > 0 && text.data[0] == ' ') {
        text = octets_of(text.data + 1, text.length - 1);
    }
    return text;
}

static struct octets without_trailing_spaces(struct octets text)
{
    while (text.length > 0 && text.data[text.length - 1] == ' ') {
        text.length--;
    }
    return text;
}

static void put_line(struct svg_lines *lines, struct octets part, const char *end)
{
    struct octet_writer writer = octet_writer_of(lines->line[lines->count], SVG_LINE_SIZE - 1);
    octet_writer_put_octets(&writer, part);
    octet_writer_put_text(&writer, end);
    lines->line[lines->count++][writer.length] = '\0';
}

void svg_text_wrap(struct svg_font font, const char *text, int width, size_t limit, struct svg_lines *lines)
{
    const int ellipsis_width = svg_text_width(font, octets_of_text(ellipsis));
    struct octets rest = without_trailing_spaces(without_leading_spaces(octets_of_text(text)));
    lines->count = 0;
    while (rest.length > 0) {
        struct octets part = fitting_part(font, rest, width);
        if (part.length < rest.length && lines->count + 1 == limit) {
            part = fitting_part(font, rest, width - ellipsis_width);
            put_line(lines, without_trailing_spaces(part), ellipsis);
            return;
        }
        part = whole_words(rest, part);
        put_line(lines, without_trailing_spaces(part), "");
        rest = without_leading_spaces(octets_of(rest.data + part.length, rest.length - part.length));
    }
}

void svg_text_write(FILE *file, const char *text)
{
    static const struct {
        char character;
        const char *entity;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (; *text != '\0'; text++) {
        size_t i = 0;
        while (i < sizeof escapes / sizeof escapes[0] && escapes[i].character != *text) {
            i++;
        }
        if (i < sizeof escapes / sizeof escapes[0]) {
            (void)fputs(escapes[i].entity, file);
        } else {
            (void)fputc(*text, file);
        }
    }
}
