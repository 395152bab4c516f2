/* session_record.c: writes and reads the records of session_record.h. */
#include "store/session_record.h"

#include <string.h>

#include "base/secret.h"

/* What a record is bound to: its kind and identity, each with its length or end, and its own clear part. */
enum { IDENTITY_MAX = B_TID_SIZE, BOUND_MAX = 8 + 2 + IDENTITY_MAX + SESSION_RECORD_MAX };

static const char session_kind[] = "session";
static const char tmpi_kind[] = "tmpi";

static bool text_fits(const char *text, size_t minimum, size_t size)
{
    size_t length = strnlen(text, size);
    return length >= minimum && length < size;
}

static void write_text(struct octet_writer *writer, const char *text)
{
    octet_writer_u16(writer, (uint16_t)strlen(text));
    octet_writer_put_text(writer, text);
}

/* False when the text does not fit, holds a zero octet or is not there. */
static bool read_text(struct octet_reader *reader, char *text, size_t size)
{
    struct octets octets = octet_reader_take(reader, octet_reader_u16(reader));
    return !reader->failed && octets_to_text(octets, text, size) == GBAU_OK;
}

static void write_time(struct octet_writer *writer, unix_time time)
{
    octet_writer_u64(writer, (uint64_t)time);
}

static bool read_time(struct octet_reader *reader, unix_time *time)
{
    uint64_t value = octet_reader_u64(reader);
    *time = value <= INT64_MAX ? (unix_time)value : 0;
    return value <= INT64_MAX;
}

static bool read_start(struct octet_reader *reader, unix_time *expires)
{
    return octet_reader_u8(reader) == SESSION_RECORD_VERSION && read_time(reader, expires) && !reader->failed;
}

static struct octets bind(const char *kind, const char *identity, struct octets clear, uint8_t bound[BOUND_MAX])
{
    struct octet_writer writer = octet_writer_of(bound, BOUND_MAX);
    octet_writer_put_text(&writer, kind);
    write_text(&writer, identity);
    octet_writer_put_octets(&writer, clear);
    return octets_written(&writer);
}

/* Appends `secret`, sealed and bound to the identity and to all that the record holds so far. */
static enum gbau_status seal(struct octet_writer *record, const char *kind, const char *identity, struct octets secret,
                             struct key_wrap *wrap)
{
    uint8_t bound[BOUND_MAX];
    enum gbau_status status = octet_writer_end(record);
    if (status != GBAU_OK) {
        return status;
    }
    return key_wrap_seal(wrap, secret, bind(kind, identity, octets_written(record), bound), record);
}

/* Opens the rest of the record, which is all that follows what the reader has read. */
static enum gbau_status open_sealed(struct octet_reader *reader, const char *kind, const char *identity,
                                    struct key_wrap *wrap, uint8_t *secret, size_t length)
{
    uint8_t bound[BOUND_MAX];
    struct octets clear = octets_of(reader->input.data, reader->position);
    struct octets sealed = octet_reader_take(reader, octet_reader_left(reader));
    return key_wrap_open_secret(wrap, sealed, bind(kind, identity, clear, bound), secret, length);
}

static bool session_is_valid(const struct bootstrapping_session *session)
{
    return text_fits(session->b_tid, 1, B_TID_SIZE) && text_fits(session->impi, 1, SESSION_IMPI_SIZE) &&
           text_fits(session->tmpi, 0, TMPI_SIZE) && text_fits(session->guss_xml, 0, SESSION_GUSS_SIZE) &&
           (session->mode == GBA_MODE_ME || session->mode == GBA_MODE_U) && session->created >= 0 &&
           session->expires >= 0;
}

enum gbau_status session_record_write(const struct bootstrapping_session *session, struct key_wrap *wrap,
                                      struct octet_writer *writer)
{
    if (!session_is_valid(session) || writer->length != 0) {
        return GBAU_E_ARGUMENT;
    }
    octet_writer_u8(writer, SESSION_RECORD_VERSION);
    write_time(writer, session->expires);
    write_time(writer, session->created);
    octet_writer_u8(writer, (uint8_t)session->mode);
    octet_writer_put(writer, session->rand.octets, AKA_RAND_SIZE);
    write_text(writer, session->impi);
    write_text(writer, session->tmpi);
    write_text(writer, session->guss_xml);
    return seal(writer, session_kind, session->b_tid, octets_of(session->ks.octets, AKA_KS_SIZE), wrap);
}

static bool read_clear_part(struct octet_reader *reader, struct bootstrapping_session *session)
{
    bool valid = read_start(reader, &session->expires) && read_time(reader, &session->created);
    uint8_t mode = octet_reader_u8(reader);
    session->mode = (enum gba_mode)mode;
    octet_reader_copy(reader, session->rand.octets, AKA_RAND_SIZE);
    return valid && (mode == GBA_MODE_ME || mode == GBA_MODE_U) && !reader->failed &&
           read_text(reader, session->impi, SESSION_IMPI_SIZE) && read_text(reader, session->tmpi, TMPI_SIZE) &&
           read_text(reader, session->guss_xml, SESSION_GUSS_SIZE);
}

enum gbau_status session_record_read(struct octets record, const char *b_tid, struct key_wrap *wrap,
                                     struct bootstrapping_session *session)
{
    struct octet_reader reader = octet_reader_of(record);
    memset(session, 0, sizeof *session);
    enum gbau_status status = octets_to_text(octets_of_text(b_tid), session->b_tid, B_TID_SIZE);
    if (status == GBAU_OK && read_clear_part(&reader, session)) {
        status = open_sealed(&reader, session_kind, b_tid, wrap, session->ks.octets, AKA_KS_SIZE);
    } else {
        status = GBAU_E_CORRUPT;
    }
    if (status != GBAU_OK) {
        secret_wipe(session, sizeof *session);
    }
    return status;
}

enum gbau_status tmpi_record_write(const struct bootstrapping_session *session, struct key_wrap *wrap,
                                   struct octet_writer *writer)
{
    if (!session_is_valid(session) || session->tmpi[0] == '\0' || writer->length != 0) {
        return GBAU_E_ARGUMENT;
    }
    octet_writer_u8(writer, SESSION_RECORD_VERSION);
    write_time(writer, session->expires);
    write_text(writer, session->impi);
    return seal(writer, tmpi_kind, session->tmpi, (struct octets){0}, wrap);
}

enum gbau_status tmpi_record_read(struct octets record, const char *tmpi, struct key_wrap *wrap,
                                  char impi[SESSION_IMPI_SIZE], unix_time *expires)
{
    struct octet_reader reader = octet_reader_of(record);
    uint8_t nothing[1];
    enum gbau_status status = GBAU_E_CORRUPT;
    *expires = 0;
    if (text_fits(tmpi, 1, TMPI_SIZE) && read_start(&reader, expires) && read_text(&reader, impi, SESSION_IMPI_SIZE)) {
        status = open_sealed(&reader, tmpi_kind, tmpi, wrap, nothing, 0);
    }
    if (status != GBAU_OK) {
        impi[0] = '\0';
    }
    return status;
}

enum gbau_status session_record_read_expiry(struct octets record, unix_time *expires)
{
    struct octet_reader reader = octet_reader_of(record);
    return read_start(&reader, expires) ? GBAU_OK : GBAU_E_CORRUPT;
}
