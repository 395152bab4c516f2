/*
 * digest_auth.h: HTTP Digest headers and arithmetic for Ub and Ua (RFC 7616, RFC 3310; TS 24.109 clauses 4 and 5).
 *
 * Reader and writer of each header stand together in digest_auth.c, the arithmetic in digest_response.c. Readers take
 * untrusted text: every directive has a bound, a directive given twice is malformed, unknown directives are skipped.
 * Values are C strings without quotes and backslash escapes; a value that holds a control character is malformed.
 */
#ifndef CODEC_DIGEST_AUTH_H
#define CODEC_DIGEST_AUTH_H

#include "base/octets.h"
#include "crypto/primitives.h"

enum {
    DIGEST_HEADER_MAX = 4096, /* a header longer than this is malformed */
    DIGEST_USERNAME_SIZE = 320,
    DIGEST_REALM_SIZE = 512,
    DIGEST_NONCE_SIZE = 512,
    DIGEST_URI_SIZE = 1024,
    DIGEST_CNONCE_SIZE = 128,
    DIGEST_OPAQUE_SIZE = 256,
    DIGEST_AUTS_SIZE = 64,
    DIGEST_RESPONSE_SIZE = 65 /* hex of SHA-256 and its zero */
};

enum digest_scheme {
    DIGEST_SCHEME_MD5,       /* "MD5", the default when the directive is absent */
    DIGEST_SCHEME_SHA256,    /* "SHA-256" */
    DIGEST_SCHEME_AKAV1_MD5, /* "AKAv1-MD5" (RFC 3310) */
    DIGEST_SCHEME_COUNT
};

enum digest_qop { DIGEST_QOP_NONE = 0, DIGEST_QOP_AUTH = 1, DIGEST_QOP_AUTH_INT = 2 };

/* WWW-Authenticate. */
struct digest_challenge {
    char realm[DIGEST_REALM_SIZE];
    char nonce[DIGEST_NONCE_SIZE];
    char opaque[DIGEST_OPAQUE_SIZE]; /* empty when absent */
    enum digest_scheme scheme;
    unsigned qop; /* a set of enum digest_qop bits */
    bool stale;
};

/* Authorization. */
struct digest_credentials {
    char username[DIGEST_USERNAME_SIZE];
    char realm[DIGEST_REALM_SIZE];
    char nonce[DIGEST_NONCE_SIZE]; /* empty in message 1 of Ub */
    char uri[DIGEST_URI_SIZE];
    char response[DIGEST_RESPONSE_SIZE]; /* hex as received, of the length of the scheme's hash, or empty */
    char cnonce[DIGEST_CNONCE_SIZE];
    char opaque[DIGEST_OPAQUE_SIZE];
    char auts[DIGEST_AUTS_SIZE]; /* base64, empty when absent (RFC 3310 3.4) */
    enum digest_scheme scheme;
    enum digest_qop qop; /* one value */
    uint32_t nonce_count;
};

/* Authentication-Info; rspauth is empty when absent. */
struct digest_info {
    char rspauth[DIGEST_RESPONSE_SIZE];
    char cnonce[DIGEST_CNONCE_SIZE];
    char opaque[DIGEST_OPAQUE_SIZE];
    enum digest_qop qop;
    uint32_t nonce_count;
};

/*
 * Readers: `text` is the header's value without its name. The views need not end in zero.
 * GBAU_E_MALFORMED for broken syntax, an overlong or doubled directive, or a mandatory directive that is missing
 * (challenge: realm, nonce; credentials: username, realm, nonce, uri, response; credentials and info with qop also nc
 * and cnonce), or a response or rspauth that is not hex of a digest's length; GBAU_E_UNSUPPORTED for another scheme
 * than Digest, an unknown algorithm, or an offer of unknown qop values only. One challenge a header. nc and cnonce
 * without qop are dropped. Hashed values must come as the arithmetic below writes them: nc in lower-case hex, qop in
 * lower case. After a failure the struct holds nothing of use. Thread-safe.
 */
GBAU_MUST_USE enum gbau_status digest_read_challenge(struct octets text, struct digest_challenge *challenge);
GBAU_MUST_USE enum gbau_status digest_read_credentials(struct octets text, struct digest_credentials *credentials);
GBAU_MUST_USE enum gbau_status digest_read_info(struct octets text, struct digest_info *info);

/*
 * Writers: a C string of at most `capacity` - 1 characters; quotes and backslashes in values are escaped. Empty
 * optional directives are left out, nc and cnonce too without qop, and algorithm=MD5 in credentials without a nonce
 * (message 1). GBAU_E_ARGUMENT for a control character in a value or an enum out of range, GBAU_E_SPACE. Thread-safe.
 */
GBAU_MUST_USE enum gbau_status digest_write_challenge(const struct digest_challenge *challenge, char *text,
                                                      size_t capacity);
GBAU_MUST_USE enum gbau_status digest_write_credentials(const struct digest_credentials *credentials, char *text,
                                                        size_t capacity);
GBAU_MUST_USE enum gbau_status digest_write_info(const struct digest_info *info, char *text, size_t capacity);

/* The hash behind a scheme: MD5 for MD5 and AKAv1-MD5, SHA-256 for SHA-256, DIGEST_ALGORITHM_COUNT for none such. */
enum digest_algorithm digest_scheme_hash(enum digest_scheme scheme);

/*
 * The `response` of a request (RFC 7616 3.4), as lower-case hex in `response`.
 * `password` is raw octets: RES on Ub, base64 text of the NAF key on Ua, empty with AUTS (RFC 3310 3.4).
 * username, realm, nonce, uri, qop, nonce_count, cnonce and scheme are taken from `credentials`; `body` is used with
 * auth-int only. Secrets on the stack are wiped. Allocates nothing. GBAU_E_ARGUMENT for an enum out of range,
 * GBAU_E_CRYPTO. As thread-safe as `crypto`.
 */
GBAU_MUST_USE enum gbau_status digest_compute_response(struct crypto *crypto,
                                                       const struct digest_credentials *credentials,
                                                       struct octets password, const char *method, struct octets body,
                                                       char response[DIGEST_RESPONSE_SIZE]);

/* The `rspauth` of the answer to it: as above with an empty method and the answer's body (RFC 7616 3.5). */
GBAU_MUST_USE enum gbau_status digest_compute_rspauth(struct crypto *crypto,
                                                      const struct digest_credentials *credentials,
                                                      struct octets password, struct octets body,
                                                      char rspauth[DIGEST_RESPONSE_SIZE]);

/*
 * Compares two hex digests of the same scheme in constant time, without regard to case. An empty text, another length
 * or a `received` that is not hex never matches.
 */
bool digest_response_matches(const char *expected, const char *received);

#endif
