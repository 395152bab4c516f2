/* test_operation.c: ciphers, MACs and digests in one piece and in parts, and how long an operation lives. */
#include "pkcs11_testing.h"

#include "pkcs11/operation.h"

enum { IV = 12, TAG = 16 };

static uint8_t text[300] = "what is said to the service";
static uint8_t out[512];
static uint8_t back[512];

static CK_SESSION_HANDLE session_of(void **state)
{
    return *(CK_SESSION_HANDLE *)*state;
}

/* A persisted key encrypts and decrypts, so one session shows both ways. */
static CK_OBJECT_HANDLE both_ways(CK_SESSION_HANDLE session, enum gbau_algorithm algorithm)
{
    CK_OBJECT_HANDLE key;
    const bool is_mac = algorithm >= GBAU_HMAC_SHA256;
    struct gbau_pkcs11_derive parameter = {
        .usage = is_mac ? GBAU_USAGE_MAC : GBAU_USAGE_ENCRYPT, .direction = GBAU_CARD_TO_CARD, .algorithm = algorithm};
    CK_ATTRIBUTE template[] = {TEXT(CKA_LABEL, "both"), IS(CKA_TOKEN)};
    assert_works(derive_with(session, &parameter, template, 2, &key));
    return key;
}

static CK_GCM_PARAMS gcm_of(uint8_t *iv, CK_ULONG iv_length, const char *additional_data)
{
    return (CK_GCM_PARAMS){.pIv = iv,
                           .ulIvLen = iv_length,
                           .ulIvBits = 8 * iv_length,
                           .pAAD = (uint8_t *)(uintptr_t)additional_data,
                           .ulAADLen = strlen(additional_data),
                           .ulTagBits = 8 * TAG};
}

static CK_ULONG encrypt(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_ULONG length)
{
    CK_ULONG out_length = sizeof out;
    assert_works(C_EncryptInit(session, mechanism, key));
    assert_works(C_Encrypt(session, text, length, out, &out_length));
    return out_length;
}

static CK_RV decrypt(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_ULONG length,
                     CK_ULONG *back_length)
{
    *back_length = sizeof back;
    assert_works(C_DecryptInit(session, mechanism, key));
    return C_Decrypt(session, out, length, back, back_length);
}

/* AES-GCM */

static void test_card_writes_the_iv(void **state)
{
    uint8_t iv[IV] = {0};
    uint8_t first[IV] = {0};
    CK_ULONG length;
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_AES_256_GCM);
    CK_GCM_PARAMS gcm = gcm_of(iv, IV, "aad");
    CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof gcm};
    for (CK_ULONG i = 0; i <= sizeof text; i += 60) {
        memset(iv, 0, IV);
        assert_int_equal(encrypt(session, &mechanism, key, i), i + TAG);
        assert_memory_not_equal(iv, first, IV);
        memcpy(first, iv, IV);
        assert_works(decrypt(session, &mechanism, key, i + TAG, &length));
        assert_int_equal(length, i);
        assert_memory_equal(back, text, i);
    }
}

static void test_iv_in_front(void **state)
{
    CK_ULONG length;
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_AES_256_GCM);
    CK_GCM_PARAMS gcm = gcm_of(NULL, 0, "");
    CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof gcm};
    assert_int_equal(encrypt(session, &mechanism, key, 20), IV + 20 + TAG);
    assert_works(decrypt(session, &mechanism, key, IV + 20 + TAG, &length));
    assert_int_equal(length, 20);
    assert_memory_equal(back, text, 20);
    CK_GCM_PARAMS apart = gcm_of(out, IV, "");
    CK_MECHANISM mechanism_apart = {CKM_AES_GCM, &apart, sizeof apart};
    length = sizeof back;
    assert_works(C_DecryptInit(session, &mechanism_apart, key)); /* the two forms are one */
    assert_works(C_Decrypt(session, out + IV, 20 + TAG, back, &length));
    assert_memory_equal(back, text, 20);
}

static void test_ivs_and_parameters_that_are_refused(void **state)
{
    uint8_t iv[16] = {0};
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_AES_256_GCM);
    CK_GCM_PARAMS gcm = gcm_of(iv, IV, "");
    CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof gcm};
    iv[11] = 1; /* the caller's own */
    assert_rv(C_EncryptInit(session, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
    iv[11] = 0;
    gcm.ulIvLen = 16;
    assert_rv(C_EncryptInit(session, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
    assert_rv(C_DecryptInit(session, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
    gcm = gcm_of(NULL, IV, "");
    assert_rv(C_DecryptInit(session, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
    gcm = gcm_of(iv, IV, "");
    gcm.ulTagBits = 96;
    assert_rv(C_EncryptInit(session, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
    gcm = gcm_of(iv, IV, "");
    gcm.pAAD = NULL;
    gcm.ulAADLen = 1;
    assert_rv(C_EncryptInit(session, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
    mechanism.ulParameterLen--;
    assert_rv(C_EncryptInit(session, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
    mechanism = (CK_MECHANISM){.mechanism = CKM_AES_GCM};
    assert_rv(C_EncryptInit(session, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
}

static void test_what_was_changed_is_refused(void **state)
{
    uint8_t iv[IV] = {0};
    CK_ULONG length;
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_AES_256_GCM);
    CK_GCM_PARAMS gcm = gcm_of(iv, IV, "aad");
    CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof gcm};
    const CK_ULONG out_length = encrypt(session, &mechanism, key, 20);
    for (CK_ULONG i = 0; i < out_length; i++) {
        out[i] ^= 1;
        assert_rv(decrypt(session, &mechanism, key, out_length, &length), CKR_ENCRYPTED_DATA_INVALID);
        out[i] ^= 1;
    }
    gcm.pAAD = (uint8_t *)(uintptr_t) "aae";
    assert_rv(decrypt(session, &mechanism, key, out_length, &length), CKR_ENCRYPTED_DATA_INVALID);
    assert_rv(decrypt(session, &mechanism, key, TAG - 1, &length), CKR_ENCRYPTED_DATA_LEN_RANGE);
}

static void test_additional_data_is_copied(void **state)
{
    uint8_t iv[IV] = {0};
    char additional_data[] = "aad";
    CK_ULONG length = sizeof out;
    CK_ULONG back_length;
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_AES_256_GCM);
    CK_GCM_PARAMS gcm = gcm_of(iv, IV, additional_data);
    CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof gcm};
    assert_works(C_EncryptInit(session, &mechanism, key));
    additional_data[0] = 'x';
    assert_works(C_Encrypt(session, text, 20, out, &length));
    assert_rv(decrypt(session, &mechanism, key, length, &back_length), CKR_ENCRYPTED_DATA_INVALID);
    additional_data[0] = 'a';
    assert_works(decrypt(session, &mechanism, key, length, &back_length));
}

static void test_in_place(void **state)
{
    CK_ULONG length = sizeof out;
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_AES_256_GCM);
    CK_MECHANISM mechanism = {.mechanism = CKM_GBAU_CIPHER};
    memcpy(out, text, 100);
    assert_works(C_EncryptInit(session, &mechanism, key));
    assert_works(C_Encrypt(session, out, 100, out, &length));
    assert_int_equal(length, IV + 100 + TAG);
    assert_works(C_DecryptInit(session, &mechanism, key));
    assert_works(C_Decrypt(session, out, length, out, &length));
    assert_int_equal(length, 100);
    assert_memory_equal(out, text, 100);
}

/* Other ciphers */

static void test_ctr_and_cbc_are_decrypted(void **state)
{
    CK_ULONG length;
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_AES_128_CTR);
    CK_MECHANISM own = {.mechanism = CKM_GBAU_CIPHER};
    assert_int_equal(encrypt(session, &own, key, 33), 16 + 33);
    CK_AES_CTR_PARAMS ctr = {.ulCounterBits = 32};
    CK_MECHANISM mechanism = {CKM_AES_CTR, &ctr, sizeof ctr};
    assert_rv(C_EncryptInit(session, &mechanism, key), CKR_MECHANISM_INVALID);
    memcpy(ctr.cb, out, 16);
    length = sizeof back;
    assert_works(C_DecryptInit(session, &mechanism, key));
    assert_works(C_Decrypt(session, out + 16, 33, back, &length));
    assert_int_equal(length, 33);
    assert_memory_equal(back, text, 33);
    ctr.ulCounterBits = 8;
    assert_rv(C_DecryptInit(session, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
    CK_MECHANISM cbc = {CKM_AES_CBC_PAD, out, 16};
    assert_rv(C_DecryptInit(session, &cbc, key), CKR_KEY_TYPE_INCONSISTENT);
    cbc.ulParameterLen = 15;
    assert_rv(C_DecryptInit(session, &cbc, key), CKR_MECHANISM_PARAM_INVALID);
}

static void test_padding_gives_room_up_to_a_block(void **state)
{
    CK_ULONG length = 0;
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_AES_256_CBC);
    CK_MECHANISM own = {.mechanism = CKM_GBAU_CIPHER};
    assert_works(C_EncryptInit(session, &own, key));
    assert_works(C_Encrypt(session, text, 32, NULL, &length));
    assert_int_equal(length, 16 + 48);
    assert_works(C_Encrypt(session, text, 31, NULL, &length));
    assert_int_equal(length, 16 + 32);
}

/* Lives of operations */

static void test_length_may_be_asked_for(void **state)
{
    CK_ULONG length = 0;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_HMAC};
    const CK_SESSION_HANDLE session = session_of(state);
    assert_works(C_SignInit(session, &mechanism, derive_for(session, CKA_SIGN, "a")));
    assert_works(C_Sign(session, text, 5, NULL, &length));
    assert_int_equal(length, 32);
    length = 31;
    assert_rv(C_Sign(session, text, 5, out, &length), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(length, 32);
    assert_works(C_Sign(session, text, 5, out, &length));
    assert_rv(C_Sign(session, text, 5, out, &length), CKR_OPERATION_NOT_INITIALIZED);
}

static void test_small_room_for_ciphers(void **state)
{
    CK_ULONG length = 20;
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_AES_256_GCM);
    CK_MECHANISM mechanism = {.mechanism = CKM_GBAU_CIPHER};
    assert_works(C_EncryptInit(session, &mechanism, key));
    assert_rv(C_Encrypt(session, text, 20, out, &length), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(length, IV + 20 + TAG);
    assert_works(C_Encrypt(session, text, 20, out, &length));
    CK_ULONG back_length = 19;
    assert_works(C_DecryptInit(session, &mechanism, key));
    assert_rv(C_Decrypt(session, out, length, back, &back_length), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(back_length, 20);
    assert_works(C_Decrypt(session, out, length, back, &back_length));
    assert_memory_equal(back, text, 20);
}

static void test_errors_end_operations(void **state)
{
    CK_ULONG length = sizeof out;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_HMAC};
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = derive_for(session, CKA_SIGN, "a");
    assert_works(C_SignInit(session, &mechanism, key));
    assert_rv(C_SignInit(session, &mechanism, key), CKR_OPERATION_ACTIVE);
    fake.use_status = GBAU_E_LIMIT;
    assert_rv(C_Sign(session, text, 5, out, &length), CKR_TOKEN_RESOURCE_EXCEEDED);
    assert_works(C_SignInit(session, &mechanism, key));
    assert_rv(C_Sign(session, NULL, 5, out, &length), CKR_ARGUMENTS_BAD);
    assert_works(C_SignInit(session, &mechanism, key));
    fake.use_status = GBAU_E_IO; /* the card went away: the next call opens it anew */
    length = sizeof out;
    assert_rv(C_Sign(session, text, 5, out, &length), CKR_DEVICE_ERROR);
    assert_int_equal(fake.open_cards, 0);
    assert_works(C_SignInit(session, &mechanism, key));
    length = sizeof out;
    assert_works(C_Sign(session, text, 5, out, &length));
}

static void test_key_that_went_away(void **state)
{
    CK_ULONG length = sizeof out;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_HMAC};
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = derive_for(session, CKA_SIGN, "a");
    assert_works(C_SignInit(session, &mechanism, key));
    assert_works(C_DestroyObject(session, key));
    assert_rv(C_Sign(session, text, 5, out, &length), CKR_KEY_HANDLE_INVALID);
    assert_rv(C_SignInit(session, &mechanism, key), CKR_KEY_HANDLE_INVALID);
}

static void test_keys_are_for_their_function_only(void **state)
{
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE sign = derive_for(session, CKA_SIGN, "s");
    const CK_OBJECT_HANDLE verify = derive_for(session, CKA_VERIFY, "v");
    const CK_OBJECT_HANDLE naf_key = find_labelled(session, "naf.example.com");
    CK_MECHANISM mac = {.mechanism = CKM_SHA256_HMAC};
    CK_MECHANISM cmac = {.mechanism = CKM_AES_CMAC};
    CK_MECHANISM cipher = {.mechanism = CKM_GBAU_CIPHER};
    CK_MECHANISM with_parameter = {CKM_SHA256_HMAC, text, 1};
    assert_rv(C_SignInit(session, &mac, verify), CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(C_VerifyInit(session, &mac, sign), CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(C_SignInit(session, &mac, naf_key), CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(C_EncryptInit(session, &cipher, sign), CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(C_SignInit(session, &cmac, sign), CKR_KEY_TYPE_INCONSISTENT);
    assert_rv(C_SignInit(session, &cipher, sign), CKR_MECHANISM_INVALID);
    assert_rv(C_SignInit(session, &with_parameter, sign), CKR_MECHANISM_PARAM_INVALID);
}

/* Parts */

static void test_parts_are_the_whole(void **state)
{
    uint8_t mac[32];
    CK_ULONG length = sizeof mac;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_HMAC};
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_HMAC_SHA256);
    assert_works(C_SignInit(session, &mechanism, key));
    assert_works(C_Sign(session, text, 300, mac, &length));
    assert_works(C_SignInit(session, &mechanism, key));
    for (size_t i = 0; i < 300; i += 100) {
        assert_works(C_SignUpdate(session, text + i, 100));
    }
    length = sizeof out;
    assert_works(C_SignFinal(session, NULL, &length));
    assert_int_equal(length, 32);
    assert_works(C_SignFinal(session, out, &length));
    assert_memory_equal(out, mac, 32);
    assert_works(C_VerifyInit(session, &mechanism, key));
    assert_works(C_VerifyUpdate(session, text, 150));
    assert_works(C_VerifyUpdate(session, text + 150, 150));
    assert_works(C_VerifyFinal(session, mac, 32));
    assert_rv(C_VerifyFinal(session, mac, 32), CKR_OPERATION_NOT_INITIALIZED);
}

static void test_parts_are_forgotten(void **state)
{
    uint8_t mac[32];
    CK_ULONG length = sizeof mac;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_HMAC};
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_HMAC_SHA256);
    assert_works(C_SignInit(session, &mechanism, key));
    assert_works(C_Sign(session, text, 100, mac, &length));
    for (size_t round = 0; round < 2; round++) {
        assert_works(C_SignInit(session, &mechanism, key));
        assert_works(C_SignUpdate(session, text, 100));
        length = sizeof out;
        assert_works(C_SignFinal(session, out, &length));
        assert_memory_equal(out, mac, 32);
    }
    assert_works(C_SignInit(session, &mechanism, key));
    assert_works(C_SignUpdate(session, text, 50));
    assert_rv(C_SignUpdate(session, NULL, 1), CKR_ARGUMENTS_BAD); /* ends it */
    assert_works(C_SignInit(session, &mechanism, key));
    assert_works(C_SignUpdate(session, text, 100));
    length = sizeof out;
    assert_works(C_SignFinal(session, out, &length));
    assert_memory_equal(out, mac, 32);
}

static void test_ciphers_in_parts(void **state)
{
    uint8_t iv[IV] = {0};
    CK_ULONG length = sizeof out;
    CK_ULONG part_length = 7;
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_AES_256_GCM);
    CK_GCM_PARAMS gcm = gcm_of(iv, IV, "");
    CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof gcm};
    assert_works(C_EncryptInit(session, &mechanism, key));
    assert_works(C_EncryptUpdate(session, text, 100, NULL, &part_length)); /* a question */
    assert_int_equal(part_length, 0);
    assert_works(C_EncryptUpdate(session, text, 100, out, &part_length));
    assert_works(C_EncryptUpdate(session, text + 100, 100, out, &part_length));
    assert_works(C_EncryptFinal(session, NULL, &length));
    assert_int_equal(length, 200 + TAG);
    assert_works(C_EncryptFinal(session, out, &length));
    assert_works(C_DecryptInit(session, &mechanism, key));
    assert_works(C_DecryptUpdate(session, out, 3, back, &part_length));
    assert_int_equal(part_length, 0);
    assert_works(C_DecryptUpdate(session, out + 3, length - 3, back, &part_length));
    length = sizeof back;
    assert_works(C_DecryptFinal(session, back, &length));
    assert_int_equal(length, 200);
    assert_memory_equal(back, text, 200);
}

static void test_parts_and_whole_do_not_mix(void **state)
{
    CK_ULONG length = sizeof out;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_HMAC};
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_HMAC_SHA256);
    assert_works(C_SignInit(session, &mechanism, key));
    assert_works(C_SignUpdate(session, text, 10));
    assert_rv(C_Sign(session, text, 10, out, &length), CKR_OPERATION_ACTIVE);
    assert_works(C_VerifyInit(session, &mechanism, key));
    assert_works(C_VerifyUpdate(session, text, 10));
    assert_rv(C_Verify(session, text, 10, out, 32), CKR_OPERATION_ACTIVE);
    assert_rv(C_SignUpdate(session, text, 10), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_SignFinal(session, out, &length), CKR_OPERATION_NOT_INITIALIZED);
}

static void test_too_much_data(void **state)
{
    CK_ULONG length = sizeof out;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256};
    const CK_SESSION_HANDLE session = session_of(state);
    uint8_t *much = calloc(1, OPERATION_DATA_MAX + 1);
    assert_non_null(much);
    assert_works(C_DigestInit(session, &mechanism));
    assert_rv(C_Digest(session, much, OPERATION_DATA_MAX + 1, out, &length), CKR_DATA_LEN_RANGE);
    assert_works(C_DigestInit(session, &mechanism));
    assert_works(C_Digest(session, much, OPERATION_DATA_MAX, out, &length));
    assert_works(C_DigestInit(session, &mechanism));
    assert_works(C_DigestUpdate(session, much, OPERATION_DATA_MAX));
    assert_rv(C_DigestUpdate(session, much, 1), CKR_DATA_LEN_RANGE);
    assert_rv(C_DigestFinal(session, out, &length), CKR_OPERATION_NOT_INITIALIZED);
    free(much);
}

static void test_digests(void **state)
{
    uint8_t digest[32];
    CK_ULONG length = sizeof digest;
    CK_MECHANISM sha256 = {.mechanism = CKM_SHA256};
    CK_MECHANISM sm3 = {.mechanism = CKM_GBAU_SM3};
    CK_MECHANISM md5 = {.mechanism = CKM_MD5};
    const CK_SESSION_HANDLE session = session_of(state);
    assert_works(C_DigestInit(session, &sha256));
    assert_works(C_Digest(session, text, 100, digest, &length));
    assert_int_equal(length, 32);
    assert_works(C_DigestInit(session, &sha256));
    assert_works(C_DigestUpdate(session, text, 50));
    assert_works(C_DigestUpdate(session, text + 50, 50));
    assert_works(C_DigestFinal(session, out, &length));
    assert_memory_equal(out, digest, 32);
    assert_works(C_DigestInit(session, &sm3));
    assert_works(C_Digest(session, text, 100, out, &length));
    assert_memory_not_equal(out, digest, 32);
    assert_rv(C_DigestInit(session, &md5), CKR_MECHANISM_INVALID);
}

static void test_verifying(void **state)
{
    uint8_t mac[32];
    CK_ULONG length = sizeof mac;
    CK_MECHANISM mechanism = {.mechanism = CKM_GBAU_MAC};
    const CK_SESSION_HANDLE session = session_of(state);
    const CK_OBJECT_HANDLE key = both_ways(session, GBAU_SM4_CMAC);
    assert_works(C_SignInit(session, &mechanism, key));
    assert_works(C_Sign(session, text, 300, mac, &length));
    assert_int_equal(length, 16);
    assert_works(C_VerifyInit(session, &mechanism, key));
    assert_works(C_Verify(session, text, 300, mac, 16));
    assert_works(C_VerifyInit(session, &mechanism, key));
    assert_rv(C_Verify(session, text, 300, mac, 15), CKR_SIGNATURE_LEN_RANGE);
    mac[15] ^= 1;
    assert_works(C_VerifyInit(session, &mechanism, key));
    assert_rv(C_Verify(session, text, 300, mac, 16), CKR_SIGNATURE_INVALID);
    assert_rv(C_Verify(session, text, 300, mac, 16), CKR_OPERATION_NOT_INITIALIZED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        module_test(test_card_writes_the_iv),
        module_test(test_iv_in_front),
        module_test(test_ivs_and_parameters_that_are_refused),
        module_test(test_what_was_changed_is_refused),
        module_test(test_additional_data_is_copied),
        module_test(test_in_place),
        module_test(test_ctr_and_cbc_are_decrypted),
        module_test(test_padding_gives_room_up_to_a_block),
        module_test(test_length_may_be_asked_for),
        module_test(test_small_room_for_ciphers),
        module_test(test_errors_end_operations),
        module_test(test_key_that_went_away),
        module_test(test_keys_are_for_their_function_only),
        module_test(test_parts_are_the_whole),
        module_test(test_parts_are_forgotten),
        module_test(test_ciphers_in_parts),
        module_test(test_parts_and_whole_do_not_mix),
        module_test(test_too_much_data),
        module_test(test_digests),
        module_test(test_verifying),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
