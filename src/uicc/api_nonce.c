/* api_nonce.c: the counter that nonces are made of, reserved in the memory in blocks. */
#include "uicc/api_nonce.h"

#include "uicc/api.h"

/*
 * Nonces reserved by one write of the memory. A write takes milliseconds, a message microseconds; what is reserved and
 * not used when power fails is lost, out of 2^64.
 */
enum { NONCE_BLOCK = 4096 };

static uint64_t read_counter(const struct uicc *uicc)
{
    struct octet_reader reader = octet_reader_of(octets_of(uicc->nvm.data + uicc->layout.nonce_counter, 8));
    return octet_reader_u64(&reader);
}

static enum gbau_status reserve(struct uicc *uicc)
{
    uint8_t octets[8];
    const uint64_t reserved = read_counter(uicc);
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    octet_writer_u64(&writer, reserved + NONCE_BLOCK);
    nvm_begin(&uicc->nvm);
    nvm_change(&uicc->nvm, uicc->layout.nonce_counter, octets, sizeof octets);
    enum gbau_status status = nvm_commit(&uicc->nvm);
    if (status == GBAU_OK) {
        status = crypto_random(uicc->crypto, uicc->api.nonce_prefix, sizeof uicc->api.nonce_prefix);
    }
    if (status == GBAU_OK) {
        uicc->api.next_nonce = reserved;
        uicc->api.nonce_limit = reserved + NONCE_BLOCK;
    }
    return status;
}

enum gbau_status api_nonce_count(struct uicc *uicc, uint64_t *counter)
{
    if (uicc->api.next_nonce == uicc->api.nonce_limit) {
        const enum gbau_status status = reserve(uicc);
        if (status != GBAU_OK) {
            return status;
        }
    }
    *counter = uicc->api.next_nonce++;
    return GBAU_OK;
}

enum gbau_status api_nonce_make(struct uicc *uicc, uint8_t nonce[AEAD_NONCE_SIZE])
{
    uint64_t counter = 0;
    const enum gbau_status status = api_nonce_count(uicc, &counter);
    struct octet_writer writer = octet_writer_of(nonce, AEAD_NONCE_SIZE);
    octet_writer_put(&writer, uicc->api.nonce_prefix, sizeof uicc->api.nonce_prefix);
    octet_writer_u64(&writer, counter);
    return status;
}

enum status_word api_counter(const struct api_caller *caller, uint64_t *counter)
{
    return sw_of_status(api_nonce_count(caller->uicc, counter));
}
