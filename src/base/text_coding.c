/* text_coding.c: hexadecimal and base64 (RFC 4648 clauses 4 and 8). */
#include "base/text_coding.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum gbau_status hex_encode(struct octets octets, char *text, size_t capacity)
{
    if (octets.length >= capacity / 2 + capacity % 2) {
        return GBAU_E_SPACE;
    }
    for (size_t i = 0; i < octets.length; i++) {
        text[2 * i] = hex_digits[octets.data[i] >> 4];
        text[2 * i + 1] = hex_digits[octets.data[i] & 0x0f];
    }
    text[2 * octets.length] = '\0';
    return GBAU_OK;
}

static int hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

enum gbau_status hex_decode(struct octets text, uint8_t *out, size_t capacity, size_t *out_length)
{
    if (text.length % 2 != 0) {
        return GBAU_E_MALFORMED;
    }
    if (text.length / 2 > capacity) {
        return GBAU_E_SPACE;
    }
    for (size_t i = 0; i < text.length / 2; i++) {
        int high = hex_value(text.data[2 * i]);
        int low = hex_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return GBAU_E_MALFORMED;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    *out_length = text.length / 2;
    return GBAU_OK;
}

enum gbau_status hex_decode_exactly(struct octets text, uint8_t *out, size_t length)
{
    size_t decoded = 0;
    if (text.length != 2 * length) {
        return GBAU_E_MALFORMED;
    }
    return hex_decode(text, out, length, &decoded);
}

enum gbau_status base64_encode(struct octets octets, char *text, size_t capacity)
{
    if (BASE64_LENGTH(octets.length) >= capacity) {
        return GBAU_E_SPACE;
    }
    char *end = text;
    for (size_t i = 0; i < octets.length; i += 3) {
        size_t left = octets.length - i;
        uint32_t group = (uint32_t)octets.data[i] << 16;
        group |= left > 1 ? (uint32_t)octets.data[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)octets.data[i + 2] : 0;
        *end++ = base64_digits[group >> 18];
        *end++ = base64_digits[group >> 12 & 0x3f];
        *end++ = left > 1 ? base64_digits[group >> 6 & 0x3f] : '=';
        *end++ = left > 2 ? base64_digits[group & 0x3f] : '=';
    }
    *end = '\0';
    return GBAU_OK;
}

static int base64_value(uint8_t digit)
{
    if (digit >= 'A' && digit <= 'Z') {
        return digit - 'A';
    }
    if (digit >= 'a' && digit <= 'z') {
        return digit - 'a' + 26;
    }
    if (digit >= '0' && digit <= '9') {
        return digit - '0' + 52;
    }
    if (digit == '+' || digit == '/') {
        return digit == '+' ? 62 : 63;
    }
    return -1;
}

static size_t base64_padding(struct octets text)
{
    size_t padding = 0;
    while (padding < 2 && padding < text.length && text.data[text.length - 1 - padding] == '=') {
        padding++;
    }
    return padding;
}

enum gbau_status base64_decode(struct octets text, uint8_t *out, size_t capacity, size_t *out_length)
{
    if (text.length % 4 != 0) {
        return GBAU_E_MALFORMED;
    }
    size_t digits = text.length - base64_padding(text);
    size_t length = digits * 3 / 4;
    if (length > capacity) {
        return GBAU_E_SPACE;
    }
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t written = 0;
    for (size_t i = 0; i < digits; i++) {
        int value = base64_value(text.data[i]);
        if (value < 0) {
            return GBAU_E_MALFORMED;
        }
        bits = bits << 6 | (uint32_t)value;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[written++] = (uint8_t)(bits >> bit_count);
            bits &= (1U << bit_count) - 1;
        }
    }
    if (bits != 0) {
        return GBAU_E_MALFORMED;
    }
    *out_length = written;
    return GBAU_OK;
}
