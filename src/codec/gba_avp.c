/* gba_avp.c: the Diameter messages of Zh and Zn (TS 29.109 clauses 4 to 6; AVP format of RFC 6733 clause 4). */
#include "codec/gba_avp.h"

#include <inttypes.h>
#include <stdio.h>

#include "codec/gba_avp_dictionary.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
    AVP_FLAG_VENDOR = 0x80,
    AVP_FLAG_MANDATORY = 0x40,
    AVP_HEADER_LENGTH = 8,
    AVP_VENDOR_HEADER_LENGTH = 12,
    AVP_ALIGNMENT = 4,
    NUMBER_LENGTH = 4,
    GSID_DIGITS_MAX = 10,
    NO_STATE_MAINTAINED = 1 /* RFC 6733 8.11 */
};

static const struct gba_avp_definition *definition_of(enum avp avp)
{
    return &gba_avp_definitions[avp - 1];
}

bool gba_result_is_experimental(uint32_t result)
{
    return result >= GBA_RESULT_IDENTITY_UNKNOWN && result <= GBA_RESULT_TRANSACTION_IDENTIFIER_INVALID;
}

struct field;

/*
 * How the value of an AVP and a field of a message's struct become each other. `read` returns the Result-Code to answer
 * with; 2001 is success. `write` writes the whole AVP, or nothing for an absent one.
 */
struct form {
    uint32_t (*read)(const struct field *field, struct octets value, void *target);
    void (*write)(const struct field *field, const void *source, struct octet_writer *writer);
};

struct field {
    enum avp avp;
    enum avp group;          /* in which it stands */
    const struct form *form; /* NULL: it is a group itself */
    size_t offset;
    size_t minimum; /* lengths, where the type does not say */
    size_t maximum;
};

static size_t padding_of(size_t length)
{
    return (AVP_ALIGNMENT - length % AVP_ALIGNMENT) % AVP_ALIGNMENT;
}

static void write_header(struct octet_writer *writer, enum avp avp, size_t value_length)
{
    const struct gba_avp_definition *definition = definition_of(avp);
    bool has_vendor = definition->vendor != 0;
    size_t header_length = has_vendor ? AVP_VENDOR_HEADER_LENGTH : AVP_HEADER_LENGTH;
    unsigned flags = (has_vendor ? AVP_FLAG_VENDOR : 0U) | (definition->mandatory ? AVP_FLAG_MANDATORY : 0U);
    octet_writer_u32(writer, definition->code);
    octet_writer_u8(writer, (uint8_t)flags);
    octet_writer_u24(writer, (uint32_t)(header_length + value_length));
    if (has_vendor) {
        octet_writer_u32(writer, definition->vendor);
    }
}

static void write_octets(struct octet_writer *writer, enum avp avp, struct octets value)
{
    write_header(writer, avp, value.length);
    octet_writer_put_octets(writer, value);
    octet_writer_fill(writer, 0, padding_of(value.length));
}

static void write_number(struct octet_writer *writer, enum avp avp, uint32_t number)
{
    write_header(writer, avp, NUMBER_LENGTH);
    octet_writer_u32(writer, number);
}

static uint32_t number_of(struct octets value)
{
    struct octet_reader reader = octet_reader_of(value);
    return octet_reader_u32(&reader);
}

static bool has_control(struct octets text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

static uint32_t read_octets_field(const struct field *field, struct octets value, void *target)
{
    if (value.length < field->minimum || value.length > field->maximum) {
        return GBA_RESULT_INVALID_AVP_LENGTH;
    }
    *(struct octets *)target = value;
    return GBA_RESULT_SUCCESS;
}

static uint32_t read_text_field(const struct field *field, struct octets value, void *target)
{
    uint32_t result = read_octets_field(field, value, target);
    return result == GBA_RESULT_SUCCESS && has_control(value) ? GBA_RESULT_INVALID_AVP_VALUE : result;
}

static void write_octets_field(const struct field *field, const void *source, struct octet_writer *writer)
{
    const struct octets *value = source;
    if (value->length == 0) {
        return;
    }
    if (value->length < field->minimum || value->length > field->maximum) {
        writer->failed = true;
        return;
    }
    write_octets(writer, field->avp, *value);
}

static uint32_t read_number_field(const struct field *field, struct octets value, void *target)
{
    (void)field;
    *(uint32_t *)target = number_of(value);
    return GBA_RESULT_SUCCESS;
}

static void write_number_field(const struct field *field, const void *source, struct octet_writer *writer)
{
    const uint32_t *number = source;
    if (*number != 0) {
        write_number(writer, field->avp, *number);
    }
}

static uint32_t read_yes_field(const struct field *field, struct octets value, void *target)
{
    (void)field;
    uint32_t number = number_of(value);
    *(bool *)target = number == 1;
    return number <= 1 ? GBA_RESULT_SUCCESS : GBA_RESULT_INVALID_AVP_VALUE;
}

static void write_yes_field(const struct field *field, const void *source, struct octet_writer *writer)
{
    const bool *yes = source;
    if (*yes) {
        write_number(writer, field->avp, 1);
    }
}

/* A GSID is decimal text; `target` is the struct gba_bir. */
static uint32_t read_gsid_field(const struct field *field, struct octets value, void *target)
{
    struct gba_bir *bir = target;
    uint64_t gsid = 0;
    if (bir->gsid_count == GBA_BIR_MAX_GSIDS) {
        return GBA_RESULT_AVP_OCCURS_TOO_MANY_TIMES;
    }
    if (value.length < field->minimum || value.length > field->maximum) {
        return GBA_RESULT_INVALID_AVP_LENGTH;
    }
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return GBA_RESULT_INVALID_AVP_VALUE;
        }
        gsid = gsid * 10 + (uint64_t)(value.data[i] - '0');
    }
    if (gsid > UINT32_MAX) {
        return GBA_RESULT_INVALID_AVP_VALUE;
    }
    bir->gsids[bir->gsid_count++] = (uint32_t)gsid;
    return GBA_RESULT_SUCCESS;
}

static void write_gsid_field(const struct field *field, const void *source, struct octet_writer *writer)
{
    const struct gba_bir *bir = source;
    if (bir->gsid_count > GBA_BIR_MAX_GSIDS) {
        writer->failed = true;
        return;
    }
    for (size_t i = 0; i < bir->gsid_count; i++) {
        char text[GSID_DIGITS_MAX + 1];
        (void)snprintf(text, sizeof text, "%" PRIu32, bir->gsids[i]);
        write_octets(writer, field->avp, octets_of_text(text));
    }
}

/* Result-Code and Experimental-Result share a field: the one that comes second has come too often. */
static uint32_t read_result_field(const struct field *field, struct octets value, void *target)
{
    (void)field;
    uint32_t *result = target;
    if (*result != 0) {
        return GBA_RESULT_AVP_OCCURS_TOO_MANY_TIMES;
    }
    *result = number_of(value);
    return GBA_RESULT_SUCCESS;
}

static void write_result_field(const struct field *field, const void *source, struct octet_writer *writer)
{
    const uint32_t *result = source;
    bool is_for_group = field->group == AVP_EXPERIMENTAL_RESULT;
    if (gba_result_is_experimental(*result) == is_for_group) {
        write_number(writer, field->avp, *result);
    }
}

/* The Vendor-Id of an Experimental-Result has no field; it is written beside a result that belongs there. */
static uint32_t read_vendor_field(const struct field *field, struct octets value, void *target)
{
    (void)field;
    (void)target;
    return number_of(value) == GBA_VENDOR_3GPP ? GBA_RESULT_SUCCESS : GBA_RESULT_INVALID_AVP_VALUE;
}

static void write_vendor_field(const struct field *field, const void *source, struct octet_writer *writer)
{
    const uint32_t *result = source;
    if (gba_result_is_experimental(*result)) {
        write_number(writer, field->avp, GBA_VENDOR_3GPP);
    }
}

static const struct form octets_form = {read_octets_field, write_octets_field};
static const struct form text_form = {read_text_field, write_octets_field};
static const struct form number_form = {read_number_field, write_number_field};
static const struct form yes_form = {read_yes_field, write_yes_field};
static const struct form gsid_form = {read_gsid_field, write_gsid_field};
static const struct form result_form = {read_result_field, write_result_field};
static const struct form vendor_form = {read_vendor_field, write_vendor_field};

struct message {
    const struct field *fields;
    size_t field_count;
    uint32_t application;
    bool has_session_state;
};

#define MAR(field) offsetof(struct gba_mar, field)
static const struct field mar_fields[] = {
    {AVP_USER_NAME, AVP_NONE, &text_form, MAR(impi), 1, GBA_NAME_MAX},
    {AVP_SIP_AUTH_DATA_ITEM, AVP_NONE, NULL, 0, 0, 0},
    {AVP_SIP_AUTHENTICATION_SCHEME, AVP_SIP_AUTH_DATA_ITEM, &text_form, MAR(scheme), 1, GBA_SCHEME_MAX},
    {AVP_SIP_AUTHORIZATION, AVP_SIP_AUTH_DATA_ITEM, &octets_form, MAR(rand_auts), GBA_RAND_AUTS_LENGTH,
     GBA_RAND_AUTS_LENGTH},
    {AVP_GUSS_TIMESTAMP, AVP_NONE, &number_form, MAR(guss_timestamp), 0, 0},
};

#define MAA(field) offsetof(struct gba_maa, field)
static const struct field maa_fields[] = {
    {AVP_RESULT_CODE, AVP_NONE, &result_form, MAA(result), 0, 0},
    {AVP_EXPERIMENTAL_RESULT, AVP_NONE, NULL, 0, 0, 0},
    {AVP_VENDOR_ID, AVP_EXPERIMENTAL_RESULT, &vendor_form, MAA(result), 0, 0},
    {AVP_EXPERIMENTAL_RESULT_CODE, AVP_EXPERIMENTAL_RESULT, &result_form, MAA(result), 0, 0},
    {AVP_USER_NAME, AVP_NONE, &text_form, MAA(impi), 1, GBA_NAME_MAX},
    {AVP_SIP_AUTH_DATA_ITEM, AVP_NONE, NULL, 0, 0, 0},
    {AVP_SIP_AUTHENTICATION_SCHEME, AVP_SIP_AUTH_DATA_ITEM, &text_form, MAA(scheme), 1, GBA_SCHEME_MAX},
    {AVP_SIP_AUTHENTICATE, AVP_SIP_AUTH_DATA_ITEM, &octets_form, MAA(rand_autn), GBA_RAND_AUTN_LENGTH,
     GBA_RAND_AUTN_LENGTH},
    {AVP_SIP_AUTHORIZATION, AVP_SIP_AUTH_DATA_ITEM, &octets_form, MAA(xres), GBA_XRES_MIN, GBA_XRES_MAX},
    {AVP_CONFIDENTIALITY_KEY, AVP_SIP_AUTH_DATA_ITEM, &octets_form, MAA(ck), GBA_AKA_KEY_LENGTH, GBA_AKA_KEY_LENGTH},
    {AVP_INTEGRITY_KEY, AVP_SIP_AUTH_DATA_ITEM, &octets_form, MAA(ik), GBA_AKA_KEY_LENGTH, GBA_AKA_KEY_LENGTH},
    {AVP_GBA_USER_SEC_SETTINGS, AVP_NONE, &octets_form, MAA(guss), 0, GBA_USER_SETTINGS_MAX},
};

#define BIR(field) offsetof(struct gba_bir, field)
static const struct field bir_fields[] = {
    {AVP_GAA_SERVICE_IDENTIFIER, AVP_NONE, &gsid_form, 0, 1, GSID_DIGITS_MAX},
    {AVP_TRANSACTION_IDENTIFIER, AVP_NONE, &text_form, BIR(b_tid), 1, GBA_NAME_MAX},
    {AVP_NAF_ID, AVP_NONE, &octets_form, BIR(naf_id), GBA_NAF_ID_MIN, GBA_NAF_ID_MAX},
    {AVP_GBA_U_AWARENESS_INDICATOR, AVP_NONE, &yes_form, BIR(gba_u_aware), 0, 0},
};

#define BIA(field) offsetof(struct gba_bia, field)
static const struct field bia_fields[] = {
    {AVP_RESULT_CODE, AVP_NONE, &result_form, BIA(result), 0, 0},
    {AVP_EXPERIMENTAL_RESULT, AVP_NONE, NULL, 0, 0, 0},
    {AVP_VENDOR_ID, AVP_EXPERIMENTAL_RESULT, &vendor_form, BIA(result), 0, 0},
    {AVP_EXPERIMENTAL_RESULT_CODE, AVP_EXPERIMENTAL_RESULT, &result_form, BIA(result), 0, 0},
    {AVP_USER_NAME, AVP_NONE, &text_form, BIA(impi), 1, GBA_NAME_MAX},
    {AVP_ME_KEY_MATERIAL, AVP_NONE, &octets_form, BIA(me_key_material), GBA_NAF_KEY_LENGTH, GBA_NAF_KEY_LENGTH},
    {AVP_UICC_KEY_MATERIAL, AVP_NONE, &octets_form, BIA(uicc_key_material), GBA_NAF_KEY_LENGTH, GBA_NAF_KEY_LENGTH},
    {AVP_KEY_EXPIRY_TIME, AVP_NONE, &number_form, BIA(key_expiry), 0, 0},
    {AVP_BOOTSTRAP_INFO_CREATION_TIME, AVP_NONE, &number_form, BIA(creation_time), 0, 0},
    {AVP_GBA_USER_SEC_SETTINGS, AVP_NONE, &octets_form, BIA(uss_list), 0, GBA_USER_SETTINGS_MAX},
    {AVP_GBA_TYPE, AVP_NONE, &number_form, BIA(gba_type), 0, 0},
};

static const struct message mar_message = {mar_fields, COUNT_OF(mar_fields), GBA_APPLICATION_ZH, true};
static const struct message maa_message = {maa_fields, COUNT_OF(maa_fields), GBA_APPLICATION_ZH, true};
static const struct message bir_message = {bir_fields, COUNT_OF(bir_fields), GBA_APPLICATION_ZN, false};
static const struct message bia_message = {bia_fields, COUNT_OF(bia_fields), GBA_APPLICATION_ZN, false};

struct raw_avp {
    enum avp avp; /* or AVP_UNKNOWN */
    uint32_t code;
    uint32_t vendor;
    bool is_mandatory;
    struct octets value;
};

static enum avp find_avp(uint32_t code, uint32_t vendor)
{
    for (size_t i = 0; i < gba_avp_definition_count; i++) {
        if (gba_avp_definitions[i].code == code && gba_avp_definitions[i].vendor == vendor) {
            return (enum avp)(i + 1);
        }
    }
    return AVP_UNKNOWN;
}

/* Takes one AVP with its padding (RFC 6733 4.1). */
static uint32_t take_avp(struct octet_reader *reader, struct raw_avp *raw)
{
    raw->code = octet_reader_u32(reader);
    uint8_t flags = octet_reader_u8(reader);
    size_t length = octet_reader_u24(reader);
    raw->vendor = flags & AVP_FLAG_VENDOR ? octet_reader_u32(reader) : 0;
    raw->is_mandatory = flags & AVP_FLAG_MANDATORY;
    size_t header_length = flags & AVP_FLAG_VENDOR ? AVP_VENDOR_HEADER_LENGTH : AVP_HEADER_LENGTH;
    if (reader->failed || length < header_length) {
        return GBA_RESULT_INVALID_AVP_LENGTH;
    }
    raw->value = octet_reader_take(reader, length - header_length);
    (void)octet_reader_take(reader, padding_of(length));
    raw->avp = find_avp(raw->code, raw->vendor);
    return reader->failed ? GBA_RESULT_INVALID_AVP_LENGTH : GBA_RESULT_SUCCESS;
}

/* An unknown AVP may be skipped unless it is one of GBA or Cx that must be understood. */
static bool may_be_skipped(const struct raw_avp *raw)
{
    bool is_ours = (raw->code >= 400 && raw->code <= 420) || (raw->code >= 600 && raw->code <= 640);
    return !raw->is_mandatory || raw->vendor != GBA_VENDOR_3GPP || !is_ours;
}

static const struct field *find_field(const struct message *message, enum avp avp, enum avp group)
{
    for (size_t i = 0; i < message->field_count; i++) {
        if (message->fields[i].avp == avp && message->fields[i].group == group) {
            return &message->fields[i];
        }
    }
    return NULL;
}

static bool is_number(enum avp avp)
{
    enum gba_avp_type type = definition_of(avp)->type;
    return type == GBA_AVP_UNSIGNED32 || type == GBA_AVP_ENUMERATED || type == GBA_AVP_TIME;
}

/* Where in a message reading has come to. */
struct place {
    const struct message *message;
    enum avp group; /* AVP_UNKNOWN in a group that has no place in the message: it is walked, but fills no field */
    unsigned depth;
    void *out;
};

static uint32_t read_group(struct octets avps, const struct place *place);

static uint32_t read_avp(const struct raw_avp *raw, const struct place *place)
{
    if (is_number(raw->avp) && raw->value.length != NUMBER_LENGTH) {
        return GBA_RESULT_INVALID_AVP_LENGTH;
    }
    const struct field *field = find_field(place->message, raw->avp, place->group);
    if (definition_of(raw->avp)->type == GBA_AVP_GROUPED) {
        struct place inside = *place;
        inside.group = field == NULL ? AVP_UNKNOWN : raw->avp;
        inside.depth++;
        return read_group(raw->value, &inside);
    }
    return field == NULL ? GBA_RESULT_SUCCESS
                         : field->form->read(field, raw->value, (uint8_t *)place->out + field->offset);
}

/* Reads an AVP unless it is unknown, or one of `seen` that may come once only. */
static uint32_t read_next(struct octet_reader *reader, const struct place *place, uint32_t *seen)
{
    struct raw_avp raw;
    uint32_t result = take_avp(reader, &raw);
    if (result != GBA_RESULT_SUCCESS) {
        return result;
    }
    if (raw.avp == AVP_UNKNOWN) {
        return may_be_skipped(&raw) ? GBA_RESULT_SUCCESS : GBA_RESULT_AVP_UNSUPPORTED;
    }
    if (*seen & 1U << raw.avp) {
        return GBA_RESULT_AVP_OCCURS_TOO_MANY_TIMES;
    }
    *seen |= raw.avp == AVP_GAA_SERVICE_IDENTIFIER ? 0 : 1U << raw.avp;
    return read_avp(&raw, place);
}

static uint32_t read_group(struct octets avps, const struct place *place)
{
    if (place->depth > GBA_AVP_DEPTH_MAX) {
        return GBA_RESULT_UNABLE_TO_COMPLY;
    }
    struct octet_reader reader = octet_reader_of(avps);
    uint32_t seen = 0;
    uint32_t result = GBA_RESULT_SUCCESS;
    while (result == GBA_RESULT_SUCCESS && octet_reader_left(&reader) > 0) {
        result = read_next(&reader, place, &seen);
    }
    return result;
}

static uint32_t read_message(struct octets avps, const struct message *message, void *out)
{
    const struct place top = {.message = message, .group = AVP_NONE, .out = out};
    return avps.length > GBA_MESSAGE_MAX ? GBA_RESULT_UNABLE_TO_COMPLY : read_group(avps, &top);
}

static enum gbau_status status_of(uint32_t result)
{
    if (result == GBA_RESULT_SUCCESS) {
        return GBAU_OK;
    }
    return result == GBA_RESULT_AVP_UNSUPPORTED ? GBAU_E_UNSUPPORTED : GBAU_E_MALFORMED;
}

enum gbau_status gba_read_mar(struct octets avps, struct gba_mar *mar, uint32_t *result)
{
    *mar = (struct gba_mar){0};
    *result = read_message(avps, &mar_message, mar);
    if (*result == GBA_RESULT_SUCCESS && mar->impi.length == 0) {
        *result = GBA_RESULT_MISSING_AVP;
    }
    return status_of(*result);
}

enum gbau_status gba_read_bir(struct octets avps, struct gba_bir *bir, uint32_t *result)
{
    *bir = (struct gba_bir){0};
    *result = read_message(avps, &bir_message, bir);
    if (*result == GBA_RESULT_SUCCESS && (bir->b_tid.length == 0 || bir->naf_id.length == 0)) {
        *result = GBA_RESULT_MISSING_AVP;
    }
    return status_of(*result);
}

/* An answer needs a result, and all of its mandatory AVPs when that is success. */
static enum gbau_status check_answer(uint32_t result, bool is_complete)
{
    bool is_lacking = result == 0 || (result == GBA_RESULT_SUCCESS && !is_complete);
    return is_lacking ? GBAU_E_MALFORMED : GBAU_OK;
}

enum gbau_status gba_read_maa(struct octets avps, struct gba_maa *maa)
{
    *maa = (struct gba_maa){0};
    enum gbau_status status = status_of(read_message(avps, &maa_message, maa));
    if (status != GBAU_OK) {
        return status;
    }
    bool has_vector = maa->rand_autn.length > 0 && maa->xres.length > 0 && maa->ck.length > 0 && maa->ik.length > 0;
    return check_answer(maa->result, has_vector);
}

enum gbau_status gba_read_bia(struct octets avps, struct gba_bia *bia)
{
    *bia = (struct gba_bia){0};
    enum gbau_status status = status_of(read_message(avps, &bia_message, bia));
    return status != GBAU_OK ? status : check_answer(bia->result, bia->me_key_material.length > 0);
}

/* Begins a grouped AVP; the length in its header is right once end_group has seen what stands inside. */
static size_t begin_group(struct octet_writer *writer, enum avp group)
{
    size_t start = writer->length;
    write_header(writer, group, 0);
    return start;
}

static void end_group(struct octet_writer *writer, enum avp group, size_t start)
{
    if (writer->failed) {
        return;
    }
    size_t length = writer->length - start;
    size_t header_length = definition_of(group)->vendor != 0 ? AVP_VENDOR_HEADER_LENGTH : AVP_HEADER_LENGTH;
    struct octet_writer header = octet_writer_of(writer->data + start, header_length);
    write_header(&header, group, length - header_length);
    if (length == header_length) {
        writer->length = start; /* an empty group is an absent one */
    }
}

static void write_fields(struct octet_writer *writer, const struct message *message, enum avp group, const void *in)
{
    for (size_t i = 0; i < message->field_count; i++) {
        const struct field *field = &message->fields[i];
        if (field->group != group) {
            continue;
        }
        if (field->form != NULL) {
            field->form->write(field, (const uint8_t *)in + field->offset, writer);
            continue;
        }
        size_t start = begin_group(writer, field->avp);
        write_fields(writer, message, field->avp, in);
        end_group(writer, field->avp, start);
    }
}

static void write_message(struct octet_writer *writer, const struct message *message, const void *in)
{
    size_t start = begin_group(writer, AVP_VENDOR_SPECIFIC_APPLICATION_ID);
    write_number(writer, AVP_VENDOR_ID, GBA_VENDOR_3GPP);
    write_number(writer, AVP_AUTH_APPLICATION_ID, message->application);
    end_group(writer, AVP_VENDOR_SPECIFIC_APPLICATION_ID, start);
    if (message->has_session_state) {
        write_number(writer, AVP_AUTH_SESSION_STATE, NO_STATE_MAINTAINED);
    }
    write_fields(writer, message, AVP_NONE, in);
}

void gba_write_mar(struct octet_writer *writer, const struct gba_mar *mar)
{
    write_message(writer, &mar_message, mar);
}

void gba_write_maa(struct octet_writer *writer, const struct gba_maa *maa)
{
    write_message(writer, &maa_message, maa);
}

void gba_write_bir(struct octet_writer *writer, const struct gba_bir *bir)
{
    write_message(writer, &bir_message, bir);
}

void gba_write_bia(struct octet_writer *writer, const struct gba_bia *bia)
{
    write_message(writer, &bia_message, bia);
}
