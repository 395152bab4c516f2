/* digest_response.c: the arithmetic of HTTP Digest (RFC 7616 3.4, RFC 3310 3.3 and 3.4). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "codec/digest_words.h"

enum { JOINED_MAX = 6 }; /* parts of the longest text that is hashed */

static const enum digest_algorithm hashes[DIGEST_SCHEME_COUNT] = {
    [DIGEST_SCHEME_MD5] = DIGEST_MD5,
    [DIGEST_SCHEME_SHA256] = DIGEST_SHA256,
    [DIGEST_SCHEME_AKAV1_MD5] = DIGEST_MD5,
};

/* Every set of qop values and its text; a header that carries one value uses the middle two. */
const char *const digest_qop_names[DIGEST_QOP_SETS] = {
    [DIGEST_QOP_NONE] = "",
    [DIGEST_QOP_AUTH] = "auth",
    [DIGEST_QOP_AUTH_INT] = "auth-int",
    [DIGEST_QOP_AUTH | DIGEST_QOP_AUTH_INT] = "auth,auth-int",
};

void digest_show_count(uint32_t count, char text[DIGEST_COUNT_SIZE])
{
    (void)snprintf(text, DIGEST_COUNT_SIZE, "%08" PRIx32, count);
}

enum digest_algorithm digest_scheme_hash(enum digest_scheme scheme)
{
    return (unsigned)scheme < DIGEST_SCHEME_COUNT ? hashes[scheme] : DIGEST_ALGORITHM_COUNT;
}

/* H(part ":" part ...) as hex. */
static enum gbau_status hash_joined(struct crypto *crypto, enum digest_algorithm algorithm, const struct octets *parts,
                                    size_t part_count, char hex[DIGEST_RESPONSE_SIZE])
{
    struct octets joined[2 * JOINED_MAX];
    size_t count = 0;
    for (size_t i = 0; i < part_count; i++) {
        joined[count++] = parts[i];
        joined[count++] = octets_of_text(":");
    }
    uint8_t digest[DIGEST_MAX_SIZE];
    enum gbau_status status = crypto_digest(crypto, algorithm, joined, count - 1, digest);
    if (status == GBAU_OK) {
        status = hex_encode(octets_of(digest, digest_size(algorithm)), hex, DIGEST_RESPONSE_SIZE);
    }
    secret_wipe(digest, sizeof digest);
    return status;
}

/* A2 of RFC 7616 3.4.3; an answer has an empty method. */
static enum gbau_status hash_a2(struct crypto *crypto, const struct digest_credentials *credentials, const char *method,
                                struct octets body, char hex[DIGEST_RESPONSE_SIZE])
{
    enum digest_algorithm algorithm = digest_scheme_hash(credentials->scheme);
    char body_hex[DIGEST_RESPONSE_SIZE];
    struct octets parts[3] = {octets_of_text(method), octets_of_text(credentials->uri)};
    if (credentials->qop != DIGEST_QOP_AUTH_INT) {
        return hash_joined(crypto, algorithm, parts, 2, hex);
    }
    enum gbau_status status = hash_joined(crypto, algorithm, &body, 1, body_hex);
    if (status != GBAU_OK) {
        return status;
    }
    parts[2] = octets_of_text(body_hex);
    return hash_joined(crypto, algorithm, parts, 3, hex);
}

/* KD(H(A1), nonce ":" nc ":" cnonce ":" qop ":" H(A2)) of RFC 7616 3.4.1; without qop as in RFC 2069. */
static enum gbau_status hash_response(struct crypto *crypto, const struct digest_credentials *credentials,
                                      const char *a1_hex, const char *a2_hex, char hex[DIGEST_RESPONSE_SIZE])
{
    char count[DIGEST_COUNT_SIZE];
    struct octets parts[JOINED_MAX] = {octets_of_text(a1_hex), octets_of_text(credentials->nonce)};
    size_t part_count = 2;
    if (credentials->qop != DIGEST_QOP_NONE) {
        digest_show_count(credentials->nonce_count, count);
        parts[part_count++] = octets_of_text(count);
        parts[part_count++] = octets_of_text(credentials->cnonce);
        parts[part_count++] = octets_of_text(digest_qop_names[credentials->qop]);
    }
    parts[part_count++] = octets_of_text(a2_hex);
    return hash_joined(crypto, digest_scheme_hash(credentials->scheme), parts, part_count, hex);
}

enum gbau_status digest_compute_response(struct crypto *crypto, const struct digest_credentials *credentials,
                                         struct octets password, const char *method, struct octets body,
                                         char response[DIGEST_RESPONSE_SIZE])
{
    if ((unsigned)credentials->qop > DIGEST_QOP_AUTH_INT) {
        return GBAU_E_ARGUMENT;
    }
    char a1_hex[DIGEST_RESPONSE_SIZE];
    char a2_hex[DIGEST_RESPONSE_SIZE];
    struct octets a1[3] = {octets_of_text(credentials->username), octets_of_text(credentials->realm), password};
    enum gbau_status status = hash_joined(crypto, digest_scheme_hash(credentials->scheme), a1, 3, a1_hex);
    if (status == GBAU_OK) {
        status = hash_a2(crypto, credentials, method, body, a2_hex);
    }
    if (status == GBAU_OK) {
        status = hash_response(crypto, credentials, a1_hex, a2_hex, response);
    }
    secret_wipe(a1_hex, sizeof a1_hex);
    return status;
}

enum gbau_status digest_compute_rspauth(struct crypto *crypto, const struct digest_credentials *credentials,
                                        struct octets password, struct octets body, char rspauth[DIGEST_RESPONSE_SIZE])
{
    return digest_compute_response(crypto, credentials, password, "", body, rspauth);
}

bool digest_response_matches(const char *expected, const char *received)
{
    size_t length = strlen(expected);
    if (length == 0 || strlen(received) != length || received[strspn(received, "0123456789abcdefABCDEF")] != '\0') {
        return false;
    }
    unsigned difference = 0;
    for (size_t i = 0; i < length; i++) {
        /* this bit is the case of a letter, and is set in every digit */
        difference |= ((unsigned)expected[i] | 0x20U) ^ ((unsigned)received[i] | 0x20U);
    }
    return difference == 0;
}
