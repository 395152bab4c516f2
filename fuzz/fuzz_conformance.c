/*
 * fuzz_conformance.c: one check of a card or its API against any answers. Whatever comes back, the check ends, and says
 * in printable text what it saw.
 *
 * Input: two octets for the number of the check, then answers: a length octet and so many octets. When they run out the
 * card is gone.
 */
#include "fuzzing.h"

#include <ctype.h>
#include <string.h>

#include "conformance/conformance.h"
#include "crypto/openssl.h"
#include "reader/reader_driver.h"

static struct octet_reader answers;
static struct crypto crypto;
static const uint8_t adm[] = "ADM1ADM1";

/* The card: it says what stands in the input. */

static enum gbau_status answer(void *state, struct octets command, uint8_t *response, size_t capacity, size_t *length)
{
    (void)state;
    (void)command;
    const struct octets next = octet_reader_take(&answers, octet_reader_u8(&answers));
    if (answers.failed) {
        return GBAU_E_IO;
    }
    if (next.length > capacity) {
        return GBAU_E_SPACE;
    }
    if (next.length > 0) {
        memcpy(response, next.data, next.length);
    }
    *length = next.length;
    return GBAU_OK;
}

static void close_card(void *state)
{
    (void)state;
}

static const struct reader_driver driver = {.transmit = answer, .close = close_card};

/* In the place of the room's own driver. */
enum gbau_status file_driver_open(const char *path, const struct log *log, struct reader_connection *connection)
{
    (void)path;
    (void)log;
    *connection = (struct reader_connection){.driver = &driver};
    return GBAU_OK;
}

static void look_at_result(void *context, const struct conformance_result *result)
{
    (void)context;
    const size_t length = strnlen(result->detail, CONFORMANCE_DETAIL_SIZE);
    MUST(length < CONFORMANCE_DETAIL_SIZE);
    for (size_t i = 0; i < length; i++) {
        MUST(isprint((unsigned char)result->detail[i]));
    }
}

int LLVMFuzzerInitialize(int *argument_count, char ***arguments);

int LLVMFuzzerInitialize(int *argument_count, char ***arguments)
{
    (void)argument_count;
    (void)arguments;
    MUST(crypto_openssl_open(&crypto) == GBAU_OK);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct milenage milenage = {.constants = &milenage_default_constants};
    struct reader *reader = NULL;
    for (uint8_t i = 0; i < AKA_K_SIZE; i++) {
        milenage.k.octets[i] = (uint8_t)(0x40 + i);
        milenage.opc.octets[i] = (uint8_t)(0x50 + i);
    }
    answers = octet_reader_of(octets_of(data, size));
    const size_t card_checks = conformance_check_count(CONFORMANCE_CARD);
    const size_t index = octet_reader_u16(&answers) % (card_checks + conformance_check_count(CONFORMANCE_API));
    const enum conformance_suite suite = index < card_checks ? CONFORMANCE_CARD : CONFORMANCE_API;
    const struct check *check = conformance_check(suite, index < card_checks ? index : index - card_checks);
    const struct conformance_given given = {.suite = suite,
                                            .pin = "1234",
                                            .puk = "87654321",
                                            .adm = adm,
                                            .milenage = &milenage,
                                            .destructive = true,
                                            .only = conformance_check_name(check)};
    MUST(reader_open("card", NULL, &reader) == GBAU_OK);
    enum gbau_status status = conformance_run(reader, &crypto, &given, look_at_result, NULL, NULL);
    MUST(status == GBAU_OK || status == GBAU_E_IO || status == GBAU_E_PIN_WRONG || status == GBAU_E_PIN_BLOCKED);
    reader_close(reader);
    return 0;
}
