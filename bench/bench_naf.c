/* bench_naf.c: sealing at the service by libgbau-naf, beside AES-256-GCM by EVP alone. */
#include <stdint.h>
#include <string.h>

#include <openssl/evp.h>

#include "gbau/naf.h"
#include "measure.h"

enum { TEXT_SIZE = 1024, NONCE_SIZE = 12, TAG_SIZE = 16 };

struct bench {
    struct gbau_key *key;
    EVP_CIPHER_CTX *cipher;
    uint8_t text[TEXT_SIZE];
};

static void our_encryptions(void *context, size_t count)
{
    struct bench *bench = context;
    uint8_t out[NONCE_SIZE + TEXT_SIZE + TAG_SIZE];
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        measure_require(gbau_key_encrypt(bench->key, NULL, 0, bench->text, TEXT_SIZE, out, sizeof out, &length) ==
                            GBAU_OK,
                        "gbau_key_encrypt");
    }
}

static void our_messages(void *context, size_t count)
{
    struct bench *bench = context;
    uint8_t out[TEXT_SIZE + GBAU_SEAL_OVERHEAD];
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        measure_require(gbau_key_seal(bench->key, NULL, 0, bench->text, TEXT_SIZE, out, sizeof out, &length) ==
                            GBAU_OK,
                        "gbau_key_seal");
    }
}

/* The cipher alone: one context, one key, a counter for the nonce. */
static void raw_evp(void *context, size_t count)
{
    struct bench *bench = context;
    uint8_t out[NONCE_SIZE + TEXT_SIZE + TAG_SIZE];
    int length = 0;
    memset(out, 0, NONCE_SIZE);
    for (size_t i = 0; i < count; i++) {
        memcpy(out, &i, sizeof i);
        measure_require(EVP_EncryptInit_ex2(bench->cipher, NULL, NULL, out, NULL) == 1 &&
                            EVP_EncryptUpdate(bench->cipher, out + NONCE_SIZE, &length, bench->text, TEXT_SIZE) == 1 &&
                            EVP_EncryptFinal_ex(bench->cipher, out + NONCE_SIZE + length, &length) == 1 &&
                            EVP_CIPHER_CTX_ctrl(bench->cipher, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE,
                                                out + NONCE_SIZE + TEXT_SIZE) == 1,
                        "EVP");
    }
}

static struct gbau_key *open_key(struct gbau_naf *naf)
{
    static const uint8_t ua[5] = {0xff, 0x67, 0x62, 0x00, 0x01};
    static const uint8_t root[32] = {1};
    const struct gbau_key_request request = {.usage = GBAU_USAGE_ENCRYPT,
                                             .direction = GBAU_NAF_TO_CARD,
                                             .algorithm = GBAU_AES_256_GCM,
                                             .label = "bench"};
    struct gbau_key *key = NULL;
    measure_require(gbau_naf_add_key(naf, "bench@bsf.example", ua, root, 3600) == GBAU_OK, "gbau_naf_add_key");
    measure_require(gbau_naf_key_open(naf, "bench@bsf.example", ua, NULL, 0, &request, &key) == GBAU_OK,
                    "gbau_naf_key_open");
    return key;
}

int main(void)
{
    static const uint8_t evp_key[32] = {2};
    struct gbau_naf *naf = NULL;
    struct bench bench = {0};
    measure_require(gbau_naf_open_offline("naf.example.com", &naf) == GBAU_OK, "gbau_naf_open_offline");
    bench.key = open_key(naf);
    bench.cipher = EVP_CIPHER_CTX_new();
    measure_require(bench.cipher != NULL &&
                        EVP_EncryptInit_ex2(bench.cipher, EVP_aes_256_gcm(), evp_key, NULL, NULL) == 1,
                    "libcrypto");
    struct measurement encryption = {
        .name = "NAF: AES-256-GCM of 1 KiB", .unit = "texts", .subject = our_encryptions, .subject_context = &bench,
        .subject_count = 60000, .reference_name = "EVP alone, no nonce made", .reference = raw_evp,
        .reference_context = &bench, .reference_count = 60000, .goal = 0.8,
        .bound = "AES-GCM of libcrypto; a random nonce, checks, a crypto borrowed"};
    struct measurement message = encryption;
    message.name = "NAF: COSE_Encrypt0 of 1 KiB";
    message.subject = our_messages;
    message.goal = 0;
    message.bound = "the same, and 100 octets of CBOR written twice: in the message and as additional data";
    measure(&encryption);
    measure(&message);
    EVP_CIPHER_CTX_free(bench.cipher);
    gbau_key_close(bench.key);
    gbau_naf_close(naf);
    return 0;
}
