/* digest_auth.c: HTTP Digest headers, read and written (RFC 7616, RFC 3310; TS 24.109 clauses 4 and 5). */
#include "codec/digest_auth.h"

#include <string.h>
#include <strings.h>

#include "base/text_coding.h"
#include "codec/digest_words.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
    SHOWN_SIZE = 20, /* room for the longest value that is not text: "auth,auth-int" */
    VALUE_SIZE = DIGEST_URI_SIZE
};

static const char *const scheme_names[DIGEST_SCHEME_COUNT] = {
    [DIGEST_SCHEME_MD5] = "MD5",
    [DIGEST_SCHEME_SHA256] = "SHA-256",
    [DIGEST_SCHEME_AKAV1_MD5] = "AKAv1-MD5",
};

/* How the text of a directive and a field of a header struct become each other. */
struct value_form {
    bool quoted;
    enum gbau_status (*read)(const char *text, void *field, size_t size);
    /* The text of a field, perhaps in `scratch`; empty for a value that is left out, NULL for an impossible one. */
    const char *(*show)(const void *field, char scratch[SHOWN_SIZE]);
};

enum presence { OPTIONAL, MANDATORY, WITH_QOP };

struct directive {
    const char *name;
    const struct value_form *form;
    enum presence presence;
    size_t offset;
    size_t size;
};

struct header {
    bool has_scheme; /* begins with "Digest" */
    size_t size;
    size_t qop_offset;
    const struct directive *directives;
    size_t directive_count;
};

static enum gbau_status read_text(const char *text, void *field, size_t size)
{
    return octets_to_text(octets_of_text(text), field, size) == GBAU_OK ? GBAU_OK : GBAU_E_MALFORMED;
}

static const char *show_text(const void *field, char scratch[SHOWN_SIZE])
{
    (void)scratch;
    return field;
}

static bool is_hex(const char *text)
{
    return text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

static enum gbau_status read_digest(const char *text, void *field, size_t size)
{
    size_t length = strlen(text);
    bool length_is_right = length == 0 || length == HEX_LENGTH(MD5_SIZE) || length == HEX_LENGTH(SHA256_SIZE);
    return length_is_right && is_hex(text) ? read_text(text, field, size) : GBAU_E_MALFORMED;
}

static enum gbau_status read_scheme(const char *text, void *field, size_t size)
{
    (void)size;
    enum digest_scheme *scheme = field;
    for (size_t i = 0; i < DIGEST_SCHEME_COUNT; i++) {
        if (strcasecmp(text, scheme_names[i]) == 0) {
            *scheme = (enum digest_scheme)i;
            return GBAU_OK;
        }
    }
    return GBAU_E_UNSUPPORTED;
}

static const char *show_scheme(const void *field, char scratch[SHOWN_SIZE])
{
    (void)scratch;
    const enum digest_scheme *scheme = field;
    return (unsigned)*scheme < DIGEST_SCHEME_COUNT ? scheme_names[*scheme] : NULL;
}

static unsigned qop_of(struct octets word)
{
    for (unsigned qop = DIGEST_QOP_AUTH; qop <= DIGEST_QOP_AUTH_INT; qop++) {
        if (octets_equal(word, octets_of_text(digest_qop_names[qop]))) {
            return qop;
        }
    }
    return DIGEST_QOP_NONE;
}

static enum gbau_status read_qop(const char *text, void *field, size_t size)
{
    (void)size;
    enum digest_qop *qop = field;
    *qop = (enum digest_qop)qop_of(octets_of_text(text));
    return *qop == DIGEST_QOP_NONE ? GBAU_E_MALFORMED : GBAU_OK;
}

static const char *show_qop(const void *field, char scratch[SHOWN_SIZE])
{
    (void)scratch;
    const enum digest_qop *qop = field;
    return (unsigned)*qop <= DIGEST_QOP_AUTH_INT ? digest_qop_names[*qop] : NULL;
}

/* An offer of unknown values only must not look like no offer: that would take integrity away. */
static enum gbau_status read_offered_qop(const char *text, void *field, size_t size)
{
    (void)size;
    unsigned *offered = field;
    while (*text != '\0') {
        text += strspn(text, ", ");
        size_t length = strcspn(text, ", ");
        *offered |= qop_of(octets_of(text, length));
        text += length;
    }
    return *offered == DIGEST_QOP_NONE ? GBAU_E_UNSUPPORTED : GBAU_OK;
}

static const char *show_offered_qop(const void *field, char scratch[SHOWN_SIZE])
{
    (void)scratch;
    const unsigned *offered = field;
    return *offered < DIGEST_QOP_SETS ? digest_qop_names[*offered] : NULL;
}

/* The count is hashed as text, so only the one text that the arithmetic would make is taken: lower-case hex. */
static enum gbau_status read_count(const char *text, void *field, size_t size)
{
    (void)size;
    uint32_t *count = field;
    uint8_t octets[sizeof *count];
    if (strpbrk(text, "ABCDEF") != NULL || hex_decode_exactly(octets_of_text(text), octets, sizeof octets) != GBAU_OK) {
        return GBAU_E_MALFORMED;
    }
    struct octet_reader reader = octet_reader_of(octets_of(octets, sizeof octets));
    *count = octet_reader_u32(&reader);
    return GBAU_OK;
}

static const char *show_count(const void *field, char scratch[SHOWN_SIZE])
{
    const uint32_t *count = field;
    digest_show_count(*count, scratch);
    return scratch;
}

static enum gbau_status read_stale(const char *text, void *field, size_t size)
{
    (void)size;
    bool *stale = field;
    *stale = strcasecmp(text, "true") == 0;
    return GBAU_OK;
}

static const char *show_stale(const void *field, char scratch[SHOWN_SIZE])
{
    (void)scratch;
    const bool *stale = field;
    return *stale ? "true" : "";
}

static const struct value_form text_form = {.quoted = true, .read = read_text, .show = show_text};
static const struct value_form digest_form = {.quoted = true, .read = read_digest, .show = show_text};
static const struct value_form scheme_form = {.read = read_scheme, .show = show_scheme};
static const struct value_form qop_form = {.read = read_qop, .show = show_qop};
static const struct value_form offered_qop_form = {.quoted = true, .read = read_offered_qop, .show = show_offered_qop};
static const struct value_form count_form = {.read = read_count, .show = show_count};
static const struct value_form stale_form = {.read = read_stale, .show = show_stale};

#define FIELD(type, field) offsetof(struct type, field), sizeof(((struct type *)0)->field)

/* The order of the rows is the order of writing, that of the examples in TS 24.109 annex A. */
static const struct directive challenge_directives[] = {
    {"realm", &text_form, MANDATORY, FIELD(digest_challenge, realm)},
    {"nonce", &text_form, MANDATORY, FIELD(digest_challenge, nonce)},
    {"qop", &offered_qop_form, OPTIONAL, FIELD(digest_challenge, qop)},
    {"opaque", &text_form, OPTIONAL, FIELD(digest_challenge, opaque)},
    {"stale", &stale_form, OPTIONAL, FIELD(digest_challenge, stale)},
    {"algorithm", &scheme_form, OPTIONAL, FIELD(digest_challenge, scheme)},
};

static const struct directive credentials_directives[] = {
    {"username", &text_form, MANDATORY, FIELD(digest_credentials, username)},
    {"realm", &text_form, MANDATORY, FIELD(digest_credentials, realm)},
    {"nonce", &text_form, MANDATORY, FIELD(digest_credentials, nonce)},
    {"uri", &text_form, MANDATORY, FIELD(digest_credentials, uri)},
    {"qop", &qop_form, OPTIONAL, FIELD(digest_credentials, qop)},
    {"nc", &count_form, WITH_QOP, FIELD(digest_credentials, nonce_count)},
    {"cnonce", &text_form, WITH_QOP, FIELD(digest_credentials, cnonce)},
    {"response", &digest_form, MANDATORY, FIELD(digest_credentials, response)},
    {"opaque", &text_form, OPTIONAL, FIELD(digest_credentials, opaque)},
    {"algorithm", &scheme_form, OPTIONAL, FIELD(digest_credentials, scheme)},
    {"auts", &text_form, OPTIONAL, FIELD(digest_credentials, auts)},
};

static const struct directive info_directives[] = {
    {"qop", &qop_form, OPTIONAL, FIELD(digest_info, qop)},
    {"rspauth", &digest_form, OPTIONAL, FIELD(digest_info, rspauth)},
    {"cnonce", &text_form, WITH_QOP, FIELD(digest_info, cnonce)},
    {"nc", &count_form, WITH_QOP, FIELD(digest_info, nonce_count)},
    {"opaque", &text_form, OPTIONAL, FIELD(digest_info, opaque)},
};

static const struct header challenge_header = {
    .has_scheme = true,
    .size = sizeof(struct digest_challenge),
    .qop_offset = offsetof(struct digest_challenge, qop),
    .directives = challenge_directives,
    .directive_count = COUNT_OF(challenge_directives),
};

static const struct header credentials_header = {
    .has_scheme = true,
    .size = sizeof(struct digest_credentials),
    .qop_offset = offsetof(struct digest_credentials, qop),
    .directives = credentials_directives,
    .directive_count = COUNT_OF(credentials_directives),
};

static const struct header info_header = {
    .size = sizeof(struct digest_info),
    .qop_offset = offsetof(struct digest_info, qop),
    .directives = info_directives,
    .directive_count = COUNT_OF(info_directives),
};

static bool has_qop(const struct header *header, const void *in)
{
    unsigned qop; /* an enum or a set of its bits: both are of this size */
    _Static_assert(sizeof qop == sizeof(enum digest_qop), "a qop field is read as an unsigned");
    memcpy(&qop, (const uint8_t *)in + header->qop_offset, sizeof qop);
    return qop != DIGEST_QOP_NONE;
}

static bool is_control(uint8_t octet)
{
    return octet < 0x20 || octet == 0x7f;
}

/* tchar of RFC 9110 5.6.2. */
static bool is_token(uint8_t octet)
{
    return octet > 0x20 && octet < 0x7f && strchr("\"(),/:;<=>?@[\\]{}", octet) == NULL;
}

static bool is_space(uint8_t octet)
{
    return octet == ' ' || octet == '\t';
}

static bool is_separator(uint8_t octet)
{
    return is_space(octet) || octet == ',';
}

static bool is_quoted_run(uint8_t octet)
{
    return octet != '"' && octet != '\\' && !is_control(octet);
}

/* The longest run of octets of one class. */
static struct octets take_run(struct octet_reader *reader, bool (*is_member)(uint8_t octet))
{
    size_t left = octet_reader_left(reader);
    size_t length = 0;
    while (length < left && is_member(reader->input.data[reader->position + length])) {
        length++;
    }
    return octet_reader_take(reader, length);
}

static bool next_is(const struct octet_reader *reader, char character)
{
    return octet_reader_left(reader) > 0 && reader->input.data[reader->position] == (uint8_t)character;
}

/* The rest of a quoted-string whose opening quote is taken (RFC 9110 5.6.4). */
static enum gbau_status take_quoted(struct octet_reader *reader, struct octet_writer *value)
{
    for (;;) {
        octet_writer_put_octets(value, take_run(reader, is_quoted_run));
        uint8_t octet = octet_reader_u8(reader);
        if (octet == '"') {
            return GBAU_OK;
        }
        if (octet == '\\') {
            octet = octet_reader_u8(reader);
        }
        if (reader->failed || is_control(octet)) {
            return GBAU_E_MALFORMED;
        }
        octet_writer_u8(value, octet);
    }
}

static enum gbau_status take_value(struct octet_reader *reader, struct octet_writer *value)
{
    if (next_is(reader, '"')) {
        (void)octet_reader_u8(reader);
        return take_quoted(reader, value);
    }
    struct octets token = take_run(reader, is_token);
    octet_writer_put_octets(value, token);
    return token.length == 0 ? GBAU_E_MALFORMED : GBAU_OK;
}

static const struct directive *find_directive(const struct header *header, struct octets name)
{
    for (size_t i = 0; i < header->directive_count; i++) {
        const struct directive *directive = &header->directives[i];
        if (strlen(directive->name) == name.length &&
            strncasecmp(directive->name, (const char *)name.data, name.length) == 0) {
            return directive;
        }
    }
    return NULL;
}

/* Reads the value of a known directive into its field. */
static enum gbau_status read_value(struct octet_reader *reader, const struct directive *directive, void *out)
{
    char text[VALUE_SIZE];
    struct octet_writer value = octet_writer_of(text, sizeof text - 1);
    enum gbau_status status = take_value(reader, &value);
    if (status != GBAU_OK || octet_writer_end(&value) != GBAU_OK) {
        return GBAU_E_MALFORMED;
    }
    text[value.length] = '\0';
    return directive->form->read(text, (uint8_t *)out + directive->offset, directive->size);
}

static enum gbau_status skip_value(struct octet_reader *reader)
{
    uint8_t nothing[1];
    struct octet_writer nowhere = octet_writer_of(nothing, 0);
    return take_value(reader, &nowhere);
}

/* One `name = value` and what follows it up to the next comma. */
static enum gbau_status read_directive(struct octet_reader *reader, const struct header *header, void *out,
                                       uint32_t *seen)
{
    struct octets name = take_run(reader, is_token);
    (void)take_run(reader, is_space);
    if (name.length == 0 || octet_reader_u8(reader) != '=') {
        return GBAU_E_MALFORMED;
    }
    (void)take_run(reader, is_space);
    const struct directive *directive = find_directive(header, name);
    enum gbau_status status = GBAU_OK;
    if (directive == NULL) {
        status = skip_value(reader);
    } else {
        uint32_t bit = 1U << (directive - header->directives);
        status = *seen & bit ? GBAU_E_MALFORMED : read_value(reader, directive, out);
        *seen |= bit;
    }
    (void)take_run(reader, is_space);
    bool is_separated = octet_reader_left(reader) == 0 || next_is(reader, ',');
    return status == GBAU_OK && !is_separated ? GBAU_E_MALFORMED : status;
}

static enum gbau_status read_digest_word(struct octet_reader *reader)
{
    struct octets word = take_run(reader, is_token);
    if (word.length == 0) {
        return GBAU_E_MALFORMED;
    }
    if (word.length != strlen("Digest") || strncasecmp((const char *)word.data, "Digest", word.length) != 0) {
        return GBAU_E_UNSUPPORTED;
    }
    return take_run(reader, is_space).length > 0 ? GBAU_OK : GBAU_E_MALFORMED;
}

/* Asks for the mandatory directives, and drops those that mean nothing without qop. */
static enum gbau_status check_presence(const struct header *header, void *out, uint32_t seen)
{
    bool qop = has_qop(header, out);
    for (size_t i = 0; i < header->directive_count; i++) {
        const struct directive *directive = &header->directives[i];
        bool is_needed = directive->presence == MANDATORY || (directive->presence == WITH_QOP && qop);
        if (is_needed && (seen & 1U << i) == 0) {
            return GBAU_E_MALFORMED;
        }
        if (directive->presence == WITH_QOP && !qop) {
            memset((uint8_t *)out + directive->offset, 0, directive->size);
        }
    }
    return GBAU_OK;
}

static enum gbau_status read_header(struct octets text, const struct header *header, void *out)
{
    memset(out, 0, header->size);
    if (text.length > DIGEST_HEADER_MAX) {
        return GBAU_E_MALFORMED;
    }
    struct octet_reader reader = octet_reader_of(text);
    (void)take_run(&reader, is_space);
    enum gbau_status status = header->has_scheme ? read_digest_word(&reader) : GBAU_OK;
    uint32_t seen = 0;
    (void)take_run(&reader, is_separator);
    while (status == GBAU_OK && octet_reader_left(&reader) > 0) {
        status = read_directive(&reader, header, out, &seen);
        (void)take_run(&reader, is_separator);
    }
    return status == GBAU_OK ? check_presence(header, out, seen) : status;
}

enum gbau_status digest_read_challenge(struct octets text, struct digest_challenge *challenge)
{
    return read_header(text, &challenge_header, challenge);
}

enum gbau_status digest_read_credentials(struct octets text, struct digest_credentials *credentials)
{
    enum gbau_status status = read_header(text, &credentials_header, credentials);
    size_t length = strlen(credentials->response);
    size_t expected = HEX_LENGTH(digest_size(digest_scheme_hash(credentials->scheme)));
    return status == GBAU_OK && length != 0 && length != expected ? GBAU_E_MALFORMED : status;
}

enum gbau_status digest_read_info(struct octets text, struct digest_info *info)
{
    return read_header(text, &info_header, info);
}

static bool has_control(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (is_control((uint8_t)text[i])) {
            return true;
        }
    }
    return false;
}

static void write_quoted(struct octet_writer *writer, const char *text)
{
    octet_writer_u8(writer, '"');
    for (;;) {
        size_t plain = strcspn(text, "\"\\");
        octet_writer_put(writer, text, plain);
        if (text[plain] == '\0') {
            break;
        }
        octet_writer_u8(writer, '\\');
        octet_writer_u8(writer, (uint8_t)text[plain]);
        text += plain + 1;
    }
    octet_writer_u8(writer, '"');
}

/* A control character would end the header line and begin another: it is refused, not escaped. */
static enum gbau_status write_directive(struct octet_writer *writer, const struct directive *directive, bool is_needed,
                                        const void *in)
{
    char scratch[SHOWN_SIZE];
    const char *text = directive->form->show((const uint8_t *)in + directive->offset, scratch);
    if (text == NULL || has_control(text)) {
        return GBAU_E_ARGUMENT;
    }
    if (!is_needed && text[0] == '\0') {
        return GBAU_OK;
    }
    octet_writer_put_text(writer, writer->length == 0 || writer->data[writer->length - 1] == ' ' ? "" : ", ");
    octet_writer_put_text(writer, directive->name);
    octet_writer_u8(writer, '=');
    if (directive->form->quoted) {
        write_quoted(writer, text);
    } else {
        octet_writer_put_text(writer, text);
    }
    return GBAU_OK;
}

/* Writes the directives in the order of their table, but for the one named `left_out`. */
static enum gbau_status write_header(const struct header *header, const void *in, const char *left_out, char *text,
                                     size_t capacity)
{
    struct octet_writer writer = octet_writer_of(text, capacity);
    bool qop = has_qop(header, in);
    octet_writer_put_text(&writer, header->has_scheme ? "Digest " : "");
    for (size_t i = 0; i < header->directive_count; i++) {
        const struct directive *directive = &header->directives[i];
        bool is_void = directive->presence == WITH_QOP && !qop;
        if (is_void || strcmp(directive->name, left_out) == 0) {
            continue;
        }
        enum gbau_status status = write_directive(&writer, directive, directive->presence != OPTIONAL, in);
        if (status != GBAU_OK) {
            return status;
        }
    }
    octet_writer_u8(&writer, '\0');
    return octet_writer_end(&writer);
}

enum gbau_status digest_write_challenge(const struct digest_challenge *challenge, char *text, size_t capacity)
{
    return write_header(&challenge_header, challenge, "", text, capacity);
}

enum gbau_status digest_write_credentials(const struct digest_credentials *credentials, char *text, size_t capacity)
{
    /* message 1 of Ub answers no challenge and so names no algorithm (24.109 annex A.3) */
    bool is_first = credentials->nonce[0] == '\0' && credentials->scheme == DIGEST_SCHEME_MD5;
    return write_header(&credentials_header, credentials, is_first ? "algorithm" : "", text, capacity);
}

enum gbau_status digest_write_info(const struct digest_info *info, char *text, size_t capacity)
{
    return write_header(&info_header, info, "", text, capacity);
}
