/*
 * test_key_calls.c: the common tests of the key calls on a PKCS#11 face: a holder of keys that knows nothing but C_
 * functions, over the module and a card in a file, against a NAF.
 */
#include "card_ends.h"

#include "gbau/pkcs11.h"
#include "key/key_calls.h"
#include "pkcs11/cryptoki.h"

#define assert_works(call) assert_int_equal((call), CKR_OK)

enum { AROUND_TEXT = 32 };

/* What follows struct gbau_key. */
struct module_key {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE object; /* 0: a hash */
};

struct module_ends {
    struct card_ends card;
    CK_SESSION_HANDLE session;
};

static struct module_key *state_of(struct gbau_key *key)
{
    return key_calls_state(key);
}

static enum gbau_status status_of(const struct gbau_key *key, CK_RV rv)
{
    static const struct {
        CK_RV rv;
        enum gbau_status status;
    } statuses[] = {
        {CKR_OK, GBAU_OK},
        {CKR_SIGNATURE_INVALID, GBAU_E_AUTHENTICATION},
        {CKR_SIGNATURE_LEN_RANGE, GBAU_E_AUTHENTICATION},
        {CKR_MECHANISM_INVALID, GBAU_E_UNSUPPORTED},
        {CKR_KEY_FUNCTION_NOT_PERMITTED, GBAU_E_ACCESS},
        {CKR_ENCRYPTED_DATA_LEN_RANGE, GBAU_E_MALFORMED},
        {CKR_DATA_LEN_RANGE, GBAU_E_ARGUMENT},
    };
    if (rv == CKR_ENCRYPTED_DATA_INVALID) {
        const bool has_tag = key_algorithm_find((unsigned)key->algorithm)->tag_size > 0;
        return has_tag ? GBAU_E_AUTHENTICATION : GBAU_E_MALFORMED; /* else it is the padding */
    }
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        if (statuses[i].rv == rv) {
            return statuses[i].status;
        }
    }
    return GBAU_E_CARD;
}

/* Cryptoki takes pointers that are not const, and no NULL for what has no octets. */
static CK_BYTE *bytes_of(struct octets octets)
{
    static CK_BYTE nothing[1];
    return octets.length == 0 ? nothing : (CK_BYTE *)(uintptr_t)octets.data;
}

static CK_MECHANISM cipher_with(struct octets additional_data)
{
    return (CK_MECHANISM){CKM_GBAU_CIPHER, additional_data.length == 0 ? NULL : bytes_of(additional_data),
                          additional_data.length};
}

static enum gbau_status module_encrypt(struct gbau_key *key, struct octets additional_data, struct octets text,
                                       uint8_t *nonce, struct octet_writer *out)
{
    const struct module_key *state = state_of(key);
    const size_t nonce_size = key_algorithm_find((unsigned)key->algorithm)->nonce_size;
    CK_MECHANISM mechanism = cipher_with(additional_data);
    CK_ULONG length = text.length + 2 * AROUND_TEXT;
    uint8_t *made = malloc(length);
    assert_non_null(made);
    CK_RV rv = C_EncryptInit(state->session, &mechanism, state->object);
    if (rv == CKR_OK) {
        rv = C_Encrypt(state->session, bytes_of(text), text.length, made, &length);
    }
    if (rv == CKR_OK) {
        assert_true(length >= nonce_size);
        memcpy(nonce, made, nonce_size);
        octet_writer_put(out, made + nonce_size, length - nonce_size);
    }
    free(made);
    return status_of(key, rv);
}

static enum gbau_status module_decrypt(struct gbau_key *key, struct octets additional_data, const uint8_t *nonce,
                                       struct octets in, struct octet_writer *text)
{
    const struct module_key *state = state_of(key);
    const size_t nonce_size = key_algorithm_find((unsigned)key->algorithm)->nonce_size;
    CK_MECHANISM mechanism = cipher_with(additional_data);
    CK_ULONG length = in.length + AROUND_TEXT;
    uint8_t *joined = malloc(nonce_size + in.length + 1);
    uint8_t *made = malloc(length);
    assert_true(joined != NULL && made != NULL);
    memcpy(joined, nonce, nonce_size);
    memcpy(joined + nonce_size, in.data, in.length);
    CK_RV rv = C_DecryptInit(state->session, &mechanism, state->object);
    if (rv == CKR_OK) {
        rv = C_Decrypt(state->session, joined, nonce_size + in.length, made, &length);
    }
    if (rv == CKR_OK) {
        octet_writer_put(text, made, length);
    }
    free(joined);
    free(made);
    return status_of(key, rv);
}

static enum gbau_status module_mac(struct gbau_key *key, const struct octets *parts, size_t part_count,
                                   uint8_t mac[MAC_MAX_SIZE])
{
    const struct module_key *state = state_of(key);
    CK_MECHANISM mechanism = {.mechanism = CKM_GBAU_MAC};
    CK_ULONG length = MAC_MAX_SIZE;
    CK_RV rv = C_SignInit(state->session, &mechanism, state->object);
    for (size_t i = 0; i < part_count && rv == CKR_OK; i++) {
        rv = C_SignUpdate(state->session, bytes_of(parts[i]), parts[i].length);
    }
    return status_of(key, rv == CKR_OK ? C_SignFinal(state->session, mac, &length) : rv);
}

static enum gbau_status module_verify(struct gbau_key *key, const struct octets *parts, size_t part_count,
                                      struct octets mac)
{
    const struct module_key *state = state_of(key);
    CK_MECHANISM mechanism = {.mechanism = CKM_GBAU_MAC};
    CK_RV rv = C_VerifyInit(state->session, &mechanism, state->object);
    for (size_t i = 0; i < part_count && rv == CKR_OK; i++) {
        rv = C_VerifyUpdate(state->session, bytes_of(parts[i]), parts[i].length);
    }
    return status_of(key, rv == CKR_OK ? C_VerifyFinal(state->session, bytes_of(mac), mac.length) : rv);
}

static enum gbau_status module_hash(struct gbau_key *key, struct octets data, uint8_t hash[32])
{
    const struct module_key *state = state_of(key);
    CK_MECHANISM mechanism = {.mechanism = key->algorithm == KEY_ALGORITHM_SM3 ? CKM_GBAU_SM3 : CKM_SHA256};
    CK_ULONG length = 32;
    const CK_RV rv = C_DigestInit(state->session, &mechanism);
    return status_of(key, rv == CKR_OK ? C_Digest(state->session, bytes_of(data), data.length, hash, &length) : rv);
}

static enum gbau_status derive_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE parent,
                                      const struct application_key_description *description, struct gbau_key *key)
{
    struct gbau_pkcs11_derive parameter = {.usage = description->usage,
                                           .direction = description->direction,
                                           .algorithm = description->algorithm,
                                           .label = description->label.data,
                                           .label_length = description->label.length,
                                           .context = description->context.data,
                                           .context_length = description->context.length};
    CK_MECHANISM mechanism = {CKM_GBAU_DERIVE, &parameter, sizeof parameter};
    CK_ATTRIBUTE b_tid = {CKA_GBAU_B_TID, key->b_tid, sizeof key->b_tid - 1};
    struct module_key *state = state_of(key);
    state->session = session;
    CK_RV rv = C_DeriveKey(session, &mechanism, parent, NULL, 0, &state->object);
    if (rv == CKR_OK) {
        rv = C_GetAttributeValue(session, state->object, &b_tid, 1);
    }
    return status_of(key, rv);
}

static enum gbau_status module_derive(struct gbau_key *key, const struct application_key_description *description,
                                      struct gbau_key *child)
{
    const struct module_key *state = state_of(key);
    return derive_object(state->session, state->object, description, child);
}

static void module_close(struct gbau_key *key)
{
    const struct module_key *state = state_of(key);
    if (state->object != 0) {
        assert_works(C_DestroyObject(state->session, state->object));
    }
}

static const struct key_holder module_holder = {
    .encrypt = module_encrypt,
    .decrypt = module_decrypt,
    .mac = module_mac,
    .verify = module_verify,
    .hash = module_hash,
    .derive = module_derive,
    .close = module_close,
};

static CK_OBJECT_HANDLE find_naf_key(CK_SESSION_HANDLE session)
{
    CK_ULONG count = 0;
    CK_OBJECT_HANDLE found = 0;
    char fqdn[] = "naf.example.com";
    CK_ATTRIBUTE template[] = {{CKA_LABEL, fqdn, strlen(fqdn)}};
    assert_works(C_FindObjectsInit(session, template, 1));
    assert_works(C_FindObjects(session, &found, 1, &count));
    assert_works(C_FindObjectsFinal(session));
    assert_int_equal(count, 1);
    return found;
}

static enum gbau_status open_in_module(void *context, const struct gbau_key_request *request, struct gbau_key **key)
{
    struct module_ends *ends = context;
    struct application_key_description description;
    struct gbau_key *made = key_calls_new(&module_holder, sizeof(struct module_key));
    *key = NULL;
    assert_non_null(made);
    enum gbau_status status = key_calls_describe(request, true, made, &description);
    if (status == GBAU_OK && request->usage == GBAU_USAGE_HASH) {
        state_of(made)->session = ends->session;
    } else if (status == GBAU_OK) {
        status = derive_object(ends->session, find_naf_key(ends->session), &description, made);
    }
    if (status != GBAU_OK) {
        gbau_key_close(made);
        return status;
    }
    *key = made;
    return GBAU_OK;
}

static enum gbau_status open_naf_end(void *context, const struct gbau_key_request *request, struct gbau_key **key)
{
    return local_key_open(&((struct module_ends *)context)->card.naf, request, key);
}

static int open_module_ends(void **state)
{
    static struct module_ends ends;
    CK_UTF8CHAR pin[] = "1234";
    ends = (struct module_ends){0};
    assert_int_equal(open_bench(state), 0);
    struct card_ends *card = &ends.card;
    card->bench = *state;
    assert_ok(crypto_pool_open(2, &card->cryptos));
    open_usim(card->bench);
    const struct aka_vector vector = bootstrap(card->bench, 1);
    follow_bootstrapping(card, &vector);
    usim_close(&card->bench->usim);
    reader_close(card->bench->reader);
    card->bench->reader = NULL;
    card->ends = (struct key_ends){.context = &ends,
                                   .open_card = open_in_module,
                                   .open_naf = open_naf_end,
                                   .card_has_all_algorithms = true,
                                   .long_length = 200000};
    assert_int_equal(setenv("GBAU_PKCS11_CARD", place_path(&card->bench->place, "card"), 1), 0);
    assert_works(C_Initialize(NULL));
    assert_works(C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &ends.session));
    assert_works(C_Login(ends.session, CKU_USER, pin, 4));
    *state = &card->ends;
    return 0;
}

static int close_module_ends(void **state)
{
    struct module_ends *ends = ((struct key_ends *)*state)->context;
    assert_works(C_Finalize(NULL));
    crypto_pool_close(ends->card.cryptos);
    void *bench = ends->card.bench;
    return close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {KEY_CALLS_MESSAGE_TESTS(open_module_ends, close_module_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
