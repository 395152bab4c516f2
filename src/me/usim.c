/* usim.c: the ME's dealings with a USIM. */
#include "me/usim.h"

#include <string.h>

#include "base/ignore.h"
#include "base/secret.h"
#include "key/naf_id.h"
#include "me/apdu.h"

enum {
    INS_SELECT = 0xa4,
    INS_READ_BINARY = 0xb0,
    INS_UPDATE_BINARY = 0xd6,
    INS_VERIFY = 0x20,
    INS_MANAGE_CHANNEL = 0x70,
    INS_AUTHENTICATE = 0x88
};
enum { P2_CONTEXT_3G = 0x81, P2_CONTEXT_GBA = 0x84 };
enum { TAG_SUCCESS = 0xdb, TAG_SYNC_FAILURE = 0xdc, TAG_BOOTSTRAPPING = 0xdd, TAG_NAF_DERIVATION = 0xde };
enum { FID_IMSI = 0x6f07, FID_UST = 0x6f38, FID_AD = 0x6fad, FID_GBABP = 0x6fd6 };
enum { SERVICE_GBA = 68, PIN_SIZE = 8, MAX_CHANNEL = 19, SW_PIN_DISABLED = 0x6984, SW_CONDITIONS = 0x6985 };

static const uint8_t usim_aid_prefix[] = {0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02};

/* Sends a command and demands success; an unexpected SW is logged with what was tried. */
static enum gbau_status run(struct usim *usim, const struct apdu_command *command, const char *what,
                            struct apdu_response *response)
{
    enum gbau_status status = apdu_exchange(usim->reader, usim->channel, command, response);
    if (status != GBAU_OK) {
        log_error(usim->log, "%s: the card does not answer", what);
        return status;
    }
    status = apdu_status_of_sw(response->sw);
    if (status != GBAU_OK) {
        log_error(usim->log, "%s: the card answered %04X (%s)", what, response->sw, gbau_status_text(status));
    }
    return status;
}

/* Files */

static enum gbau_status select_file(struct usim *usim, uint16_t fid, const char *name)
{
    const uint8_t octets[] = {(uint8_t)(fid >> 8), (uint8_t)fid};
    struct apdu_response response;
    const struct apdu_command command = {
        .ins = INS_SELECT, .p2 = 0x0c, .data = octets_of(octets, sizeof octets), .le = APDU_NO_LE};
    return run(usim, &command, name, &response);
}

static enum gbau_status read_file(struct usim *usim, uint16_t fid, const char *name, struct apdu_response *response)
{
    const struct apdu_command command = {.ins = INS_READ_BINARY, .le = APDU_ANY_LE};
    enum gbau_status status = select_file(usim, fid, name);
    return status == GBAU_OK ? run(usim, &command, name, response) : status;
}

static char digit_of(unsigned nibble)
{
    return (char)(nibble <= 9 ? '0' + nibble : '?');
}

/* Length, then parity nibble and digits, two to an octet (31.102 4.2.2). */
static enum gbau_status decode_imsi(struct octets content, char imsi[IDENTITY_IMSI_SIZE])
{
    struct octet_reader reader = octet_reader_of(content);
    uint8_t length = octet_reader_u8(&reader);
    struct octets octets = octet_reader_take(&reader, length);
    if (reader.failed || length < 1 || length > 8) {
        return GBAU_E_CARD;
    }
    size_t digits = 0;
    const bool is_odd = (octets.data[0] & 0x08) != 0;
    const size_t count = 2 * (size_t)length - (is_odd ? 1 : 2);
    imsi[digits++] = digit_of(octets.data[0] >> 4);
    for (size_t i = 1; i < length && digits < count; i++) {
        imsi[digits++] = digit_of(octets.data[i] & 0x0fU);
        if (digits < count) {
            imsi[digits++] = digit_of(octets.data[i] >> 4);
        }
    }
    imsi[digits] = '\0';
    return GBAU_OK;
}

static enum gbau_status read_identity(struct usim *usim)
{
    struct apdu_response response;
    char imsi[IDENTITY_IMSI_SIZE];
    enum gbau_status status = read_file(usim, FID_IMSI, "reading EF_IMSI", &response);
    if (status == GBAU_OK) {
        status = decode_imsi(response.data, imsi);
    }
    if (status == GBAU_OK) {
        status = read_file(usim, FID_AD, "reading EF_AD", &response);
    }
    if (status != GBAU_OK) {
        return status;
    }
    unsigned mnc_digits = response.data.length >= 4 ? response.data.data[3] & 0x0fU : 2;
    status = identity_of_imsi(imsi, mnc_digits == 3 ? 3 : 2, &usim->identity);
    if (status != GBAU_OK) {
        log_error(usim->log, "EF_IMSI of the card holds no IMSI");
        return GBAU_E_CARD;
    }
    return GBAU_OK;
}

static enum gbau_status read_services(struct usim *usim)
{
    struct apdu_response response;
    enum gbau_status status = read_file(usim, FID_UST, "reading EF_UST", &response);
    const size_t octet = (SERVICE_GBA - 1) / 8;
    usim->has_gba = status == GBAU_OK && response.data.length > octet &&
                    (response.data.data[octet] & 1U << (SERVICE_GBA - 1) % 8) != 0;
    return status;
}

/* Opening */

/* A channel of our own leaves that of other programs alone; a card that gives none is used on channel 0. */
static void open_channel(struct usim *usim)
{
    struct apdu_response response;
    const struct apdu_command command = {.ins = INS_MANAGE_CHANNEL, .le = 1};
    usim->channel = 0;
    if (apdu_exchange(usim->reader, 0, &command, &response) == GBAU_OK && response.sw == 0x9000 &&
        response.data.length == 1 && response.data.data[0] >= 1 && response.data.data[0] <= MAX_CHANNEL) {
        usim->channel = response.data.data[0];
    }
}

static enum gbau_status select_usim(struct usim *usim)
{
    struct apdu_response response;
    const struct apdu_command command = {.ins = INS_SELECT, .p1 = 0x04, .p2 = 0x0c, .le = APDU_NO_LE,
                                         .data = octets_of(usim_aid_prefix, sizeof usim_aid_prefix)};
    return run(usim, &command, "selecting the USIM", &response);
}

static enum gbau_status verify_pin(struct usim *usim, const char *pin)
{
    uint8_t value[PIN_SIZE];
    struct apdu_response response;
    size_t length = strspn(pin, "0123456789");
    if (pin[length] != '\0' || length < 4 || length > PIN_SIZE) {
        log_error(usim->log, "a PIN has 4 to 8 digits");
        return GBAU_E_ARGUMENT;
    }
    memset(value, 0xff, sizeof value);
    memcpy(value, pin, length);
    const struct apdu_command command = {
        .ins = INS_VERIFY, .p2 = 0x01, .data = octets_of(value, sizeof value), .le = APDU_NO_LE};
    enum gbau_status status = apdu_exchange(usim->reader, usim->channel, &command, &response);
    secret_wipe(value, sizeof value);
    if (status != GBAU_OK) {
        return status;
    }
    status = apdu_status_of_sw(response.sw);
    if (status == GBAU_E_PIN_WRONG) {
        log_error(usim->log, "wrong PIN, %u tries left: the card blocks it when none is", response.sw & 0x0fU);
    } else if (status != GBAU_OK) {
        log_error(usim->log, "the card refused the PIN with %04X (%s)", response.sw, gbau_status_text(status));
    }
    return status;
}

enum gbau_status usim_unlock(struct usim *usim, const char *pin)
{
    struct apdu_response response;
    const struct apdu_command query = {.ins = INS_VERIFY, .p2 = 0x01, .le = APDU_NO_LE};
    enum gbau_status status = apdu_exchange(usim->reader, usim->channel, &query, &response);
    if (status != GBAU_OK) {
        return status;
    }
    if (response.sw == SW_PIN_DISABLED || response.sw == 0x9000) {
        return GBAU_OK;
    }
    if (apdu_status_of_sw(response.sw) == GBAU_E_PIN_BLOCKED) {
        log_error(usim->log, "the PIN of the card is blocked: unblock it with its PUK");
        return GBAU_E_PIN_BLOCKED;
    }
    if (pin == NULL) {
        log_error(usim->log, "the card asks for its PIN: give it with --pin");
        return GBAU_E_PIN_REQUIRED;
    }
    return verify_pin(usim, pin);
}

enum gbau_status usim_open(struct usim *usim, struct reader *reader, const char *pin, const struct log *log)
{
    *usim = (struct usim){.reader = reader, .log = log};
    open_channel(usim);
    enum gbau_status status = select_usim(usim);
    if (status == GBAU_OK) {
        status = usim_unlock(usim, pin);
    }
    if (status == GBAU_OK) {
        status = read_identity(usim);
    }
    if (status == GBAU_OK) {
        status = read_services(usim);
    }
    if (status != GBAU_OK) {
        usim_close(usim);
    }
    return status;
}

void usim_close(struct usim *usim)
{
    struct apdu_response response;
    if (usim->reader != NULL && usim->channel != 0) {
        const struct apdu_command command = {
            .ins = INS_MANAGE_CHANNEL, .p1 = 0x80, .p2 = usim->channel, .le = APDU_NO_LE};
        status_ignore(apdu_exchange(usim->reader, 0, &command, &response)); /* nothing can be done if it fails */
    }
    usim->reader = NULL;
}

/* AUTHENTICATE */

static void write_value(struct octet_writer *writer, const uint8_t *value, size_t length)
{
    octet_writer_u8(writer, (uint8_t)length);
    octet_writer_put(writer, value, length);
}

/* A length octet and that many octets, which must be exactly `length`. */
static void read_value(struct octet_reader *reader, uint8_t *value, size_t length)
{
    if (octet_reader_u8(reader) != length) {
        reader->failed = true;
    }
    octet_reader_copy(reader, value, length);
}

static void read_res(struct octet_reader *reader, struct aka_res *res)
{
    res->length = octet_reader_u8(reader);
    if (res->length < 4 || res->length > sizeof res->octets) {
        reader->failed = true;
        return;
    }
    octet_reader_copy(reader, res->octets, res->length);
}

static enum gbau_status read_answer(struct octets data, bool with_keys, struct usim_answer *answer)
{
    struct octet_reader reader = octet_reader_of(data);
    uint8_t tag = octet_reader_u8(&reader);
    *answer = (struct usim_answer){.is_sync_failure = tag == TAG_SYNC_FAILURE};
    if (tag == TAG_SYNC_FAILURE) {
        read_value(&reader, answer->auts.octets, AKA_AUTS_SIZE);
        return octet_reader_end(&reader) == GBAU_OK ? GBAU_OK : GBAU_E_CARD;
    }
    read_res(&reader, &answer->res);
    if (!with_keys) {
        return tag == TAG_SUCCESS && octet_reader_end(&reader) == GBAU_OK ? GBAU_OK : GBAU_E_CARD;
    }
    read_value(&reader, answer->ck.octets, AKA_CK_SIZE);
    read_value(&reader, answer->ik.octets, AKA_IK_SIZE); /* Kc may follow */
    return tag == TAG_SUCCESS && !reader.failed ? GBAU_OK : GBAU_E_CARD;
}

static enum gbau_status run_challenge(struct usim *usim, uint8_t context, const struct aka_rand *rand,
                                      const struct aka_autn *autn, struct usim_answer *answer)
{
    uint8_t data[3 + AKA_RAND_SIZE + AKA_AUTN_SIZE];
    struct apdu_response response;
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    if (context == P2_CONTEXT_GBA) {
        octet_writer_u8(&writer, TAG_BOOTSTRAPPING);
    }
    write_value(&writer, rand->octets, AKA_RAND_SIZE);
    write_value(&writer, autn->octets, AKA_AUTN_SIZE);
    const struct apdu_command command = {
        .ins = INS_AUTHENTICATE, .p2 = context, .data = octets_written(&writer), .le = APDU_ANY_LE};
    enum gbau_status status = run(usim, &command, "AUTHENTICATE", &response);
    if (status == GBAU_OK) {
        status = read_answer(response.data, context == P2_CONTEXT_3G, answer);
    }
    secret_wipe(&response, sizeof response);
    return status;
}

enum gbau_status usim_authenticate_3g(struct usim *usim, const struct aka_rand *rand, const struct aka_autn *autn,
                                      struct usim_answer *answer)
{
    return run_challenge(usim, P2_CONTEXT_3G, rand, autn, answer);
}

enum gbau_status usim_bootstrap(struct usim *usim, const struct aka_rand *rand, const struct aka_autn *autn,
                                struct usim_answer *answer)
{
    return run_challenge(usim, P2_CONTEXT_GBA, rand, autn, answer);
}

enum gbau_status usim_derive_naf(struct usim *usim, struct octets naf_id, struct octets impi, struct ks_ext_naf *key)
{
    uint8_t data[APDU_DATA_MAX];
    struct apdu_response response;
    if (naf_id.length > NAF_ID_MAX || impi.length > IMPI_MAX) {
        return GBAU_E_ARGUMENT;
    }
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    octet_writer_u8(&writer, TAG_NAF_DERIVATION);
    write_value(&writer, naf_id.data, naf_id.length);
    write_value(&writer, impi.data, impi.length);
    if (octet_writer_end(&writer) != GBAU_OK) {
        log_error(usim->log, "the name of the NAF is too long for the card");
        return GBAU_E_SPACE;
    }
    const struct apdu_command command = {
        .ins = INS_AUTHENTICATE, .p2 = P2_CONTEXT_GBA, .data = octets_written(&writer), .le = APDU_ANY_LE};
    enum gbau_status status = apdu_exchange(usim->reader, usim->channel, &command, &response);
    if (status == GBAU_OK && response.sw == SW_CONDITIONS) {
        log_error(usim->log, "the card has no bootstrapped key: run 'gbau bootstrap' first");
        return GBAU_E_NOT_FOUND;
    }
    if (status == GBAU_OK) {
        status = apdu_status_of_sw(response.sw);
    }
    if (status == GBAU_OK) {
        struct octet_reader reader = octet_reader_of(response.data);
        bool is_success = octet_reader_u8(&reader) == TAG_SUCCESS;
        read_value(&reader, key->octets, NAF_KEY_SIZE);
        status = is_success && octet_reader_end(&reader) == GBAU_OK ? GBAU_OK : GBAU_E_CARD;
    }
    secret_wipe(&response, sizeof response);
    return status;
}

/* EF_GBABP */

static void read_text(struct octet_reader *reader, char *text, size_t capacity)
{
    struct octets octets = octet_reader_take(reader, octet_reader_u8(reader));
    if (!reader->failed && octets_to_text(octets, text, capacity) != GBAU_OK) {
        reader->failed = true;
    }
}

enum gbau_status usim_read_bootstrapping(struct usim *usim, struct usim_bootstrapping *bootstrapping)
{
    struct apdu_response response;
    enum gbau_status status = read_file(usim, FID_GBABP, "reading EF_GBABP", &response);
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_reader reader = octet_reader_of(response.data);
    read_value(&reader, bootstrapping->rand.octets, AKA_RAND_SIZE);
    read_text(&reader, bootstrapping->b_tid, sizeof bootstrapping->b_tid);
    read_text(&reader, bootstrapping->lifetime, sizeof bootstrapping->lifetime);
    return reader.failed || bootstrapping->b_tid[0] == '\0' ? GBAU_E_NOT_FOUND : GBAU_OK;
}

enum gbau_status usim_write_bootstrapping(struct usim *usim, const char *b_tid, const char *lifetime)
{
    uint8_t data[APDU_DATA_MAX];
    struct apdu_response response;
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    write_value(&writer, (const uint8_t *)b_tid, strlen(b_tid));
    write_value(&writer, (const uint8_t *)lifetime, strlen(lifetime));
    if (strlen(b_tid) > USIM_B_TID_MAX || strlen(lifetime) > USIM_LIFETIME_MAX || writer.failed) {
        return GBAU_E_SPACE;
    }
    enum gbau_status status = select_file(usim, FID_GBABP, "selecting EF_GBABP");
    if (status != GBAU_OK) {
        return status;
    }
    const struct apdu_command command = {.ins = INS_UPDATE_BINARY, .p2 = 1 + AKA_RAND_SIZE, .le = APDU_NO_LE,
                                         .data = octets_written(&writer)};
    return run(usim, &command, "writing B-TID and lifetime to EF_GBABP", &response);
}

enum gbau_status usim_write_naf_id(struct octet_writer *writer, const char *fqdn, const uint8_t ua[NAF_ID_UA_SIZE])
{
    return naf_id_write(writer, octets_of_text(fqdn), ua);
}
