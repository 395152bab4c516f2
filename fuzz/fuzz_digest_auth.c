/* fuzz_digest_auth.c: Digest headers: what is read is written and reads the same, and the arithmetic takes it. */
#include "fuzzing.h"

#include <string.h>

#include "codec/digest_auth.h"
#include "crypto/openssl.h"

enum { WRITTEN_SIZE = 4 * DIGEST_HEADER_MAX };

static void try_challenge(struct octets text)
{
    struct digest_challenge first;
    struct digest_challenge second;
    char written[WRITTEN_SIZE];
    if (digest_read_challenge(text, &first) != GBAU_OK) {
        return;
    }
    MUST(digest_write_challenge(&first, written, sizeof written) == GBAU_OK);
    if (strlen(written) <= DIGEST_HEADER_MAX) {
        MUST(digest_read_challenge(octets_of_text(written), &second) == GBAU_OK);
        MUST(strcmp(first.realm, second.realm) == 0 && strcmp(first.nonce, second.nonce) == 0);
        MUST(strcmp(first.opaque, second.opaque) == 0 && first.scheme == second.scheme);
        MUST(first.qop == second.qop && first.stale == second.stale);
    }
}

static void try_arithmetic(const struct digest_credentials *credentials, struct octets body)
{
    struct crypto crypto;
    char response[DIGEST_RESPONSE_SIZE];
    MUST(crypto_openssl_open(&crypto) == GBAU_OK);
    MUST(digest_compute_response(&crypto, credentials, body, "GET", body, response) == GBAU_OK);
    MUST(digest_response_matches(response, response));
    MUST(strlen(response) == 2 * digest_size(digest_scheme_hash(credentials->scheme)));
    (void)digest_response_matches(response, credentials->response);
    crypto_openssl_close(&crypto);
}

static void try_credentials(struct octets text)
{
    struct digest_credentials first;
    struct digest_credentials second;
    char written[WRITTEN_SIZE];
    if (digest_read_credentials(text, &first) != GBAU_OK) {
        return;
    }
    try_arithmetic(&first, text);
    MUST(digest_write_credentials(&first, written, sizeof written) == GBAU_OK);
    if (strlen(written) <= DIGEST_HEADER_MAX) {
        MUST(digest_read_credentials(octets_of_text(written), &second) == GBAU_OK);
        MUST(strcmp(first.username, second.username) == 0 && strcmp(first.realm, second.realm) == 0);
        MUST(strcmp(first.nonce, second.nonce) == 0 && strcmp(first.uri, second.uri) == 0);
        MUST(strcmp(first.response, second.response) == 0 && strcmp(first.cnonce, second.cnonce) == 0);
        MUST(strcmp(first.opaque, second.opaque) == 0 && strcmp(first.auts, second.auts) == 0);
        MUST(first.scheme == second.scheme && first.qop == second.qop && first.nonce_count == second.nonce_count);
    }
}

static void try_info(struct octets text)
{
    struct digest_info first;
    struct digest_info second;
    char written[WRITTEN_SIZE];
    if (digest_read_info(text, &first) != GBAU_OK) {
        return;
    }
    MUST(digest_write_info(&first, written, sizeof written) == GBAU_OK);
    if (strlen(written) <= DIGEST_HEADER_MAX) {
        MUST(digest_read_info(octets_of_text(written), &second) == GBAU_OK);
        MUST(strcmp(first.rspauth, second.rspauth) == 0 && strcmp(first.cnonce, second.cnonce) == 0);
        MUST(strcmp(first.opaque, second.opaque) == 0);
        MUST(first.qop == second.qop && first.nonce_count == second.nonce_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct octets text = octets_of(data, size);
    try_challenge(text);
    try_credentials(text);
    try_info(text);
    return 0;
}
