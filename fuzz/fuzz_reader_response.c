/*
 * fuzz_reader_response.c: the card as attacker: whatever it answers, T=0 and the USIM's client stay within their
 * buffers, end, and make of it a result that holds together.
 *
 * Input: one octet (bit 0: T=0; bits 1 to 3: what the client does once it is open), then responses, each begun by a
 * length octet; 255: the driver fails instead. Behind the last one the card answers 9000.
 */
#include "fuzzing.h"

#include <string.h>

#include "base/ignore.h"
#include "me/usim.h"
#include "reader/reader_driver.h"

enum { EXCHANGES_MAX = 4000, FAILURE = 0xff };

static struct octet_reader input;
static unsigned exchanges;
static bool is_t0;

static enum gbau_status card_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                      size_t *length)
{
    (void)state;
    MUST(command.length >= 4 && command.length <= READER_COMMAND_MAX);
    MUST(++exchanges < EXCHANGES_MAX);
    static const uint8_t success[] = {0x90, 0x00};
    struct octets answer = octets_of(success, sizeof success);
    if (octet_reader_left(&input) > 0) {
        const size_t wanted = octet_reader_u8(&input);
        if (wanted == FAILURE) {
            return GBAU_E_IO;
        }
        const size_t left = octet_reader_left(&input);
        answer = octet_reader_take(&input, wanted < left ? wanted : left);
    }
    if (answer.length > capacity) {
        return GBAU_E_SPACE;
    }
    if (answer.length > 0) {
        memcpy(response, answer.data, answer.length);
    }
    *length = answer.length;
    return GBAU_OK;
}

static void card_close(void *state)
{
    (void)state;
}

static const struct reader_driver card_driver = {.transmit = card_transmit, .close = card_close};

/* Takes the place of the real one: every name that is a file's opens this card. */
enum gbau_status file_driver_open(const char *path, const struct log *log, struct reader_connection *connection)
{
    (void)path;
    (void)log;
    *connection = (struct reader_connection){.driver = &card_driver, .is_t0 = is_t0};
    return GBAU_OK;
}

static void authenticate(struct usim *usim, bool in_3g)
{
    static const struct aka_rand rand;
    static const struct aka_autn autn;
    struct usim_answer answer;
    enum gbau_status status =
        in_3g ? usim_authenticate_3g(usim, &rand, &autn, &answer) : usim_bootstrap(usim, &rand, &autn, &answer);
    MUST(status != GBAU_OK || answer.is_sync_failure ||
         (answer.res.length >= 4 && answer.res.length <= sizeof answer.res.octets));
}

static void derive(struct usim *usim)
{
    static const uint8_t naf_id[] = "naf.example.com\x01\x00\x00\x00";
    struct ks_ext_naf key;
    status_ignore(usim_derive_naf(usim, octets_of(naf_id, sizeof naf_id - 1), octets_of("impi", 4), &key));
}

static void read_bootstrapping(struct usim *usim)
{
    struct usim_bootstrapping bootstrapping;
    if (usim_read_bootstrapping(usim, &bootstrapping) == GBAU_OK) {
        MUST(strlen(bootstrapping.b_tid) > 0 && strlen(bootstrapping.b_tid) <= USIM_B_TID_MAX);
        MUST(strlen(bootstrapping.lifetime) <= USIM_LIFETIME_MAX);
    }
}

static void use(struct usim *usim, unsigned what)
{
    MUST(usim->channel <= 19);
    MUST(strlen(usim->identity.impi) < sizeof usim->identity.impi);
    switch (what) {
    case 0:
    case 1:
        authenticate(usim, what == 0);
        return;
    case 2:
        derive(usim);
        return;
    case 3:
        read_bootstrapping(usim);
        return;
    default:
        if (usim_write_bootstrapping(usim, "b-tid@bsf.example", "2026-01-01T00:00:00Z") != GBAU_OK) {
            read_bootstrapping(usim);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader *reader = NULL;
    struct usim usim;
    input = octet_reader_of(octets_of(data, size));
    exchanges = 0;
    const uint8_t options = octet_reader_u8(&input);
    is_t0 = (options & 1) != 0;
    MUST(reader_open("card", NULL, &reader) == GBAU_OK);
    if (usim_open(&usim, reader, "1234", NULL) == GBAU_OK) {
        use(&usim, options >> 1 & 7);
        usim_close(&usim);
    }
    reader_close(reader);
    return 0;
}
