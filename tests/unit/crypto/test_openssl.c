/* test_openssl.c: opening and closing the OpenSSL binding, also when libcrypto or the heap gives nothing. */
#include "crypto/openssl.h"

#include <openssl/evp.h>

#include "crypto_testing.h"

/* Global, because the linker puts the functions below in the place of libcrypto's. Below 0: none fails. */
static int calls_left = -1;

static bool call_fails(void)
{
    return calls_left >= 0 && calls_left-- == 0;
}

EVP_MD *__real_EVP_MD_fetch(OSSL_LIB_CTX *context, const char *algorithm, const char *properties);
EVP_MD *__wrap_EVP_MD_fetch(OSSL_LIB_CTX *context, const char *algorithm, const char *properties);
EVP_MD *__wrap_EVP_MD_fetch(OSSL_LIB_CTX *context, const char *algorithm, const char *properties)
{
    return call_fails() ? NULL : __real_EVP_MD_fetch(context, algorithm, properties);
}

EVP_CIPHER *__real_EVP_CIPHER_fetch(OSSL_LIB_CTX *context, const char *algorithm, const char *properties);
EVP_CIPHER *__wrap_EVP_CIPHER_fetch(OSSL_LIB_CTX *context, const char *algorithm, const char *properties);
EVP_CIPHER *__wrap_EVP_CIPHER_fetch(OSSL_LIB_CTX *context, const char *algorithm, const char *properties)
{
    return call_fails() ? NULL : __real_EVP_CIPHER_fetch(context, algorithm, properties);
}

EVP_MAC *__real_EVP_MAC_fetch(OSSL_LIB_CTX *context, const char *algorithm, const char *properties);
EVP_MAC *__wrap_EVP_MAC_fetch(OSSL_LIB_CTX *context, const char *algorithm, const char *properties);
EVP_MAC *__wrap_EVP_MAC_fetch(OSSL_LIB_CTX *context, const char *algorithm, const char *properties)
{
    return call_fails() ? NULL : __real_EVP_MAC_fetch(context, algorithm, properties);
}

EVP_CIPHER_CTX *__real_EVP_CIPHER_CTX_new(void);
EVP_CIPHER_CTX *__wrap_EVP_CIPHER_CTX_new(void);
EVP_CIPHER_CTX *__wrap_EVP_CIPHER_CTX_new(void)
{
    return call_fails() ? NULL : __real_EVP_CIPHER_CTX_new();
}

int __real_EVP_CipherInit_ex2(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, const unsigned char *key,
                              const unsigned char *iv, int encrypt, const OSSL_PARAM parameters[]);
int __wrap_EVP_CipherInit_ex2(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, const unsigned char *key,
                              const unsigned char *iv, int encrypt, const OSSL_PARAM parameters[]);
int __wrap_EVP_CipherInit_ex2(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, const unsigned char *key,
                              const unsigned char *iv, int encrypt, const OSSL_PARAM parameters[])
{
    return call_fails() ? 0 : __real_EVP_CipherInit_ex2(context, cipher, key, iv, encrypt, parameters);
}

int __real_EVP_CIPHER_CTX_set_padding(EVP_CIPHER_CTX *context, int padding);
int __wrap_EVP_CIPHER_CTX_set_padding(EVP_CIPHER_CTX *context, int padding);
int __wrap_EVP_CIPHER_CTX_set_padding(EVP_CIPHER_CTX *context, int padding)
{
    return call_fails() ? 0 : __real_EVP_CIPHER_CTX_set_padding(context, padding);
}

EVP_MD_CTX *__real_EVP_MD_CTX_new(void);
EVP_MD_CTX *__wrap_EVP_MD_CTX_new(void);
EVP_MD_CTX *__wrap_EVP_MD_CTX_new(void)
{
    return call_fails() ? NULL : __real_EVP_MD_CTX_new();
}

EVP_MAC_CTX *__real_EVP_MAC_CTX_new(EVP_MAC *mac);
EVP_MAC_CTX *__wrap_EVP_MAC_CTX_new(EVP_MAC *mac);
EVP_MAC_CTX *__wrap_EVP_MAC_CTX_new(EVP_MAC *mac)
{
    return call_fails() ? NULL : __real_EVP_MAC_CTX_new(mac);
}

int __real_EVP_MAC_CTX_set_params(EVP_MAC_CTX *context, const OSSL_PARAM parameters[]);
int __wrap_EVP_MAC_CTX_set_params(EVP_MAC_CTX *context, const OSSL_PARAM parameters[]);
int __wrap_EVP_MAC_CTX_set_params(EVP_MAC_CTX *context, const OSSL_PARAM parameters[])
{
    return call_fails() ? 0 : __real_EVP_MAC_CTX_set_params(context, parameters);
}

static bool heap_fails;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return heap_fails ? NULL : __real_calloc(count, size);
}

static void assert_closed(const struct crypto *crypto)
{
    assert_null(crypto->table);
    assert_null(crypto->state);
}

static void assert_works(struct crypto *crypto)
{
    uint8_t digest[SHA1_SIZE];
    const struct octets message = octets_of_text("abc");
    assert_ok(crypto_digest(crypto, DIGEST_SHA1, &message, 1, digest));
    assert_octets(octets_of(digest, sizeof digest), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

static void test_close_twice(void **state)
{
    (void)state;
    struct crypto crypto;
    assert_ok(crypto_openssl_open(&crypto));
    assert_works(&crypto);
    crypto_openssl_close(&crypto);
    assert_closed(&crypto);
    crypto_openssl_close(&crypto);
    assert_closed(&crypto);
}

/* Each open crypto has keys of its own. */
static void test_two_at_once(void **state)
{
    (void)state;
    struct crypto first;
    struct crypto second;
    uint8_t key[AES128_KEY_SIZE] = {0};
    uint8_t out[2][AES_BLOCK_SIZE];
    const uint8_t in[AES_BLOCK_SIZE] = {0};
    assert_ok(crypto_openssl_open(&first));
    assert_ok(crypto_openssl_open(&second));
    assert_ok(crypto_block_set_key(&first, BLOCK_AES128, BLOCK_ENCRYPT, key));
    key[0] = 1;
    assert_ok(crypto_block_set_key(&second, BLOCK_AES128, BLOCK_ENCRYPT, key));
    assert_ok(crypto_block_run(&first, BLOCK_AES128, BLOCK_ENCRYPT, in, out[0], 1));
    assert_octets(octets_of(out[0], AES_BLOCK_SIZE), "66e94bd4ef8a2c3b884cfa59ca342b2e");
    crypto_openssl_close(&first);
    assert_ok(crypto_block_run(&second, BLOCK_AES128, BLOCK_ENCRYPT, in, out[1], 1));
    assert_memory_not_equal(out[0], out[1], AES_BLOCK_SIZE);
    crypto_openssl_close(&second);
}

/* Lets each call that opening makes fail in turn: told, and nothing is left over (AddressSanitizer watches). */
static void test_every_failure_of_opening(void **state)
{
    (void)state;
    struct crypto crypto;
    int failures = 0;
    for (;; failures++) {
        calls_left = failures;
        enum gbau_status status = crypto_openssl_open(&crypto);
        const bool all_passed = calls_left >= 0;
        calls_left = -1;
        if (all_passed) {
            assert_ok(status);
            break;
        }
        assert_status(status, GBAU_E_CRYPTO);
        assert_closed(&crypto);
        assert_true(failures < 100);
    }
    assert_true(failures >= 29);
    assert_works(&crypto);
    crypto_openssl_close(&crypto);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct crypto crypto;
    heap_fails = true;
    enum gbau_status status = crypto_openssl_open(&crypto);
    heap_fails = false;
    assert_status(status, GBAU_E_MEMORY);
    assert_closed(&crypto);
    crypto_openssl_close(&crypto);
}

/* libcrypto counts in int. */
static void test_too_long(void **state)
{
    if (sizeof(size_t) <= sizeof(int)) {
        skip();
    }
    static const uint8_t key[16] = {0};
    const uint8_t nonce[AES_GCM_NONCE_SIZE] = {0};
    uint8_t tag[AES_GCM_TAG_SIZE] = {0};
    uint8_t text[1];
    const struct octets too_long = {.data = text, .length = (size_t)INT32_MAX + 1};
    const struct octets none = {0};
    struct crypto crypto;
    (void)state;
    assert_ok(crypto_openssl_open(&crypto));
    assert_status(crypto_aes_gcm_seal(&crypto, octets_of(key, 16), nonce, too_long, none, text, tag), GBAU_E_ARGUMENT);
    assert_status(crypto_aes_gcm_seal(&crypto, octets_of(key, 16), nonce, none, too_long, text, tag), GBAU_E_ARGUMENT);
    assert_status(crypto_aes_gcm_open(&crypto, octets_of(key, 16), nonce, too_long, none, tag, text), GBAU_E_ARGUMENT);
    assert_status(crypto_block_run(&crypto, BLOCK_AES128, BLOCK_ENCRYPT, text, text, INT32_MAX / 16 + 1),
                  GBAU_E_ARGUMENT);
    assert_status(crypto_random(&crypto, text, too_long.length), GBAU_E_ARGUMENT);
    crypto_openssl_close(&crypto);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_twice),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_every_failure_of_opening),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
