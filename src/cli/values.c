/* values.c: option values turned into what they mean. */
#include "cli/values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "cli/verbs.h"
#include "crypto/milenage.h"
#include "crypto/openssl.h"

enum gbau_status value_hex(const char *option, const char *text, uint8_t *out, size_t length)
{
    if (hex_decode_exactly(octets_of_text(text), out, length) == GBAU_OK) {
        return GBAU_OK;
    }
    log_error(&cli_log, "%s takes %zu hexadecimal digits", option, 2 * length); /* the value may be a key: not shown */
    return GBAU_E_ARGUMENT;
}

enum gbau_status value_number(const char *option, const char *text, uint64_t minimum, uint64_t maximum,
                              uint64_t *value)
{
    char *end = NULL;
    errno = 0;
    *value = strtoull(text, &end, 10);
    if (errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && *value >= minimum && *value <= maximum) {
        return GBAU_OK;
    }
    log_error(&cli_log, "%s takes a number from %llu to %llu", option, (unsigned long long)minimum,
              (unsigned long long)maximum);
    return GBAU_E_ARGUMENT;
}

enum gbau_status value_digits(const char *option, const char *text, size_t minimum, size_t maximum)
{
    size_t length = strspn(text, "0123456789");
    if (text[length] == '\0' && length >= minimum && length <= maximum) {
        return GBAU_OK;
    }
    log_error(&cli_log, "%s takes %zu to %zu digits", option, minimum, maximum);
    return GBAU_E_ARGUMENT;
}

static enum gbau_status compute_opc(const uint8_t op[AKA_OPC_SIZE], const struct aka_k *k, struct aka_opc *out)
{
    struct crypto crypto;
    enum gbau_status status = crypto_openssl_open(&crypto);
    if (status == GBAU_OK) {
        status = milenage_compute_opc(&crypto, k, op, out);
    }
    crypto_openssl_close(&crypto);
    return status;
}

enum gbau_status value_opc(const char *op, const char *opc, const struct aka_k *k, struct aka_opc *out)
{
    uint8_t octets[AKA_OPC_SIZE];
    if ((op == NULL) == (opc == NULL)) {
        log_error(&cli_log, "give either --op or --opc");
        return GBAU_E_ARGUMENT;
    }
    if (opc != NULL) {
        return value_hex("--opc", opc, out->octets, sizeof out->octets);
    }
    enum gbau_status status = value_hex("--op", op, octets, sizeof octets);
    if (status == GBAU_OK) {
        status = compute_opc(octets, k, out);
    }
    secret_wipe(octets, sizeof octets);
    return status;
}
