/* test_module.c: the module's life, slots and tokens, threads, forks, and what every C_ function says to bad arguments.
 */
#include "pkcs11_testing.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/module.h"

static void pass_ms(long ms)
{
    const struct timespec time = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&time, NULL);
}

/* Calls of every function that takes a session, with arguments that are sound otherwise */

static CK_OBJECT_HANDLE object;
static CK_ULONG length;
static CK_BYTE octets[64];
static CK_BYTE some_text[] = "text";
static CK_ATTRIBUTE attribute;
static CK_MECHANISM hmac = {.mechanism = CKM_SHA256_HMAC};
static CK_SESSION_INFO session_info;

#define SESSION_CALL(name, call)                                                                                       \
    static CK_RV name(CK_SESSION_HANDLE session)                                                                       \
    {                                                                                                                  \
        return call;                                                                                                   \
    }

SESSION_CALL(close_session, C_CloseSession(session))
SESSION_CALL(get_session_info, C_GetSessionInfo(session, &session_info))
SESSION_CALL(login, C_Login(session, CKU_USER, octets, 4))
SESSION_CALL(logout, C_Logout(session))
SESSION_CALL(destroy_object, C_DestroyObject(session, 1))
SESSION_CALL(get_object_size, C_GetObjectSize(session, 1, &length))
SESSION_CALL(get_attribute_value, C_GetAttributeValue(session, 1, &attribute, 1))
SESSION_CALL(set_attribute_value, C_SetAttributeValue(session, 1, &attribute, 1))
SESSION_CALL(find_objects_init, C_FindObjectsInit(session, NULL, 0))
SESSION_CALL(find_objects, C_FindObjects(session, &object, 1, &length))
SESSION_CALL(find_objects_final, C_FindObjectsFinal(session))
SESSION_CALL(encrypt_init, C_EncryptInit(session, &hmac, 1))
SESSION_CALL(encrypt, C_Encrypt(session, octets, 1, octets, &length))
SESSION_CALL(encrypt_update, C_EncryptUpdate(session, octets, 1, octets, &length))
SESSION_CALL(encrypt_final, C_EncryptFinal(session, octets, &length))
SESSION_CALL(decrypt_init, C_DecryptInit(session, &hmac, 1))
SESSION_CALL(decrypt, C_Decrypt(session, octets, 1, octets, &length))
SESSION_CALL(decrypt_update, C_DecryptUpdate(session, octets, 1, octets, &length))
SESSION_CALL(decrypt_final, C_DecryptFinal(session, octets, &length))
SESSION_CALL(digest_init, C_DigestInit(session, &hmac))
SESSION_CALL(digest, C_Digest(session, octets, 1, octets, &length))
SESSION_CALL(digest_update, C_DigestUpdate(session, octets, 1))
SESSION_CALL(digest_final, C_DigestFinal(session, octets, &length))
SESSION_CALL(sign_init, C_SignInit(session, &hmac, 1))
SESSION_CALL(sign, C_Sign(session, octets, 1, octets, &length))
SESSION_CALL(sign_update, C_SignUpdate(session, octets, 1))
SESSION_CALL(sign_final, C_SignFinal(session, octets, &length))
SESSION_CALL(verify_init, C_VerifyInit(session, &hmac, 1))
SESSION_CALL(verify, C_Verify(session, octets, 1, octets, 32))
SESSION_CALL(verify_update, C_VerifyUpdate(session, octets, 1))
SESSION_CALL(verify_final, C_VerifyFinal(session, octets, 32))
SESSION_CALL(derive_key, C_DeriveKey(session, &hmac, 1, &attribute, 1, &object))
SESSION_CALL(seed_random, C_SeedRandom(session, octets, 1))
SESSION_CALL(generate_random, C_GenerateRandom(session, octets, 1))

static CK_RV (*const session_calls[])(CK_SESSION_HANDLE session) = {close_session,
                                                                    get_session_info,
                                                                    login,
                                                                    logout,
                                                                    destroy_object,
                                                                    get_object_size,
                                                                    get_attribute_value,
                                                                    set_attribute_value,
                                                                    find_objects_init,
                                                                    find_objects,
                                                                    find_objects_final,
                                                                    encrypt_init,
                                                                    encrypt,
                                                                    encrypt_update,
                                                                    encrypt_final,
                                                                    decrypt_init,
                                                                    decrypt,
                                                                    decrypt_update,
                                                                    decrypt_final,
                                                                    digest_init,
                                                                    digest,
                                                                    digest_update,
                                                                    digest_final,
                                                                    sign_init,
                                                                    sign,
                                                                    sign_update,
                                                                    sign_final,
                                                                    verify_init,
                                                                    verify,
                                                                    verify_update,
                                                                    verify_final,
                                                                    derive_key,
                                                                    seed_random,
                                                                    generate_random};

static void test_sessions_that_are_none(void **state)
{
    const CK_SESSION_HANDLE closed = open_session(0, 0);
    (void)state;
    assert_works(C_CloseSession(closed));
    for (size_t i = 0; i < COUNT(session_calls); i++) {
        assert_rv(session_calls[i](0), CKR_SESSION_HANDLE_INVALID);
        assert_rv(session_calls[i](closed), CKR_SESSION_HANDLE_INVALID);
        assert_rv(session_calls[i](~0UL), CKR_SESSION_HANDLE_INVALID);
        assert_rv(session_calls[i](closed | 7UL << HANDLE_BITS), CKR_SESSION_HANDLE_INVALID);
    }
}

static void assert_not_initialized(void)
{
    CK_INFO info;
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO token_info;
    CK_MECHANISM_INFO mechanism_info;
    CK_MECHANISM_TYPE type;
    for (size_t i = 0; i < COUNT(session_calls); i++) {
        assert_rv(session_calls[i](1), CKR_CRYPTOKI_NOT_INITIALIZED);
    }
    assert_rv(C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(C_GetInfo(&info), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(C_GetSlotList(CK_TRUE, NULL, &length), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(C_GetSlotInfo(0, &slot_info), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(C_GetTokenInfo(0, &token_info), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(C_GetMechanismList(0, &type, &length), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(C_GetMechanismInfo(0, CKM_SHA256, &mechanism_info), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &object), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(C_CloseAllSessions(0), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, &object, NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void test_nothing_works_uninitialized(void **state)
{
    (void)state;
    assert_not_initialized();
}

/* Life */

static CK_RV a_mutex(void *mutex)
{
    (void)mutex;
    return CKR_OK;
}

static CK_RV make_mutex(void **mutex)
{
    (void)mutex;
    return CKR_OK;
}

static void test_initializing(void **state)
{
    CK_C_INITIALIZE_ARGS arguments = {.pReserved = &length};
    (void)state;
    fake_reset();
    assert_int_equal(setenv("GBAU_PKCS11_CARD", CARDS, 1), 0);
    assert_rv(C_Initialize(&arguments), CKR_ARGUMENTS_BAD);
    arguments = (CK_C_INITIALIZE_ARGS){.LockMutex = a_mutex};
    assert_rv(C_Initialize(&arguments), CKR_ARGUMENTS_BAD);
    arguments = (CK_C_INITIALIZE_ARGS){
        .CreateMutex = make_mutex, .DestroyMutex = a_mutex, .LockMutex = a_mutex, .UnlockMutex = a_mutex};
    assert_rv(C_Initialize(&arguments), CKR_CANT_LOCK);
    arguments.flags = CKF_OS_LOCKING_OK;
    assert_works(C_Initialize(&arguments));
    assert_rv(C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
    assert_rv(C_Finalize(&length), CKR_ARGUMENTS_BAD);
    assert_works(C_Finalize(NULL));
    assert_works(C_Initialize(NULL));
    assert_works(C_Finalize(NULL));
}

static void test_configuration_that_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("GBAU_PKCS11_CARD"), 0);
    assert_int_equal(setenv("GBAU_PKCS11_CONFIG", "/nowhere/pkcs11.yaml", 1), 0);
    assert_rv(C_Initialize(NULL), CKR_GENERAL_ERROR);
    assert_int_equal(unsetenv("GBAU_PKCS11_CONFIG"), 0);
}

static void test_function_list(void **state)
{
    CK_FUNCTION_LIST *list;
    CK_INFO info;
    (void)state;
    assert_rv(C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD);
    assert_works(C_GetFunctionList(&list));
    assert_int_equal(list->version.major, 2);
    assert_int_equal(list->version.minor, 40);
    void **functions = (void **)&list->C_Initialize;
    for (; functions <= (void **)&list->C_WaitForSlotEvent; functions++) {
        assert_non_null(*functions);
    }
    assert_works(list->C_GetInfo(&info));
    assert_rv(C_GetInfo(NULL), CKR_ARGUMENTS_BAD);
    assert_memory_equal(info.manufacturerID, "gbau                            ", 32);
}

/* Slots */

static int open_slots(void **state)
{
    (void)state;
    fake_reset();
    initialize("/dev/null;/nowhere/absent.card;/dev/zero");
    return 0;
}

static void test_slot_lists(void **state)
{
    CK_SLOT_ID slots[3];
    CK_ULONG count = 0;
    (void)state;
    assert_rv(C_GetSlotList(CK_TRUE, slots, NULL), CKR_ARGUMENTS_BAD);
    assert_works(C_GetSlotList(CK_FALSE, NULL, &count));
    assert_int_equal(count, 3);
    assert_works(C_GetSlotList(CK_TRUE, NULL, &count));
    assert_int_equal(count, 2);
    count = 1;
    assert_rv(C_GetSlotList(CK_TRUE, slots, &count), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(count, 2);
    assert_works(C_GetSlotList(CK_TRUE, slots, &count));
    assert_int_equal(slots[0], 0);
    assert_int_equal(slots[1], 2);
}

static void test_slots_and_tokens(void **state)
{
    CK_SLOT_INFO slot;
    CK_TOKEN_INFO token;
    CK_SESSION_HANDLE session;
    (void)state;
    assert_works(C_GetSlotInfo(0, &slot));
    assert_true((slot.flags & CKF_TOKEN_PRESENT) != 0);
    assert_memory_equal(slot.slotDescription, "/dev/null   ", 12);
    assert_works(C_GetSlotInfo(1, &slot));
    assert_int_equal(slot.flags & CKF_TOKEN_PRESENT, 0);
    assert_rv(C_GetSlotInfo(3, &slot), CKR_SLOT_ID_INVALID);
    assert_rv(C_GetSlotInfo(0, NULL), CKR_ARGUMENTS_BAD);
    assert_works(C_GetTokenInfo(0, &token));
    assert_true((token.flags & CKF_LOGIN_REQUIRED) != 0);
    assert_memory_equal(token.label, "null                            ", 32);
    assert_rv(C_GetTokenInfo(3, &token), CKR_SLOT_ID_INVALID);
    assert_rv(C_GetTokenInfo(0, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_TOKEN_NOT_PRESENT);
    assert_rv(C_OpenSession(3, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_SLOT_ID_INVALID);
    assert_rv(C_OpenSession(0, 0, NULL, NULL, &session), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
    assert_rv(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_CloseAllSessions(3), CKR_SLOT_ID_INVALID);
}

static void test_token_without_pin(void **state)
{
    CK_TOKEN_INFO token;
    (void)state;
    fake.asks_for_pin = false;
    assert_works(C_GetTokenInfo(2, &token));
    assert_int_equal(token.flags & CKF_LOGIN_REQUIRED, 0);
    const CK_SESSION_HANDLE session = open_session(2, 0);
    assert_int_not_equal(find_labelled(session, "naf.example.com"), 0);
    log_in(session); /* allowed, and changes nothing */
}

static void test_slots_are_independent(void **state)
{
    (void)state;
    const CK_SESSION_HANDLE first = open_session(0, 0);
    const CK_SESSION_HANDLE second = open_session(2, 0);
    assert_int_not_equal(first, second);
    log_in(first);
    assert_int_not_equal(find_labelled(first, "naf.example.com"), 0);
    assert_int_equal(find_labelled(second, "naf.example.com"), 0);
    log_in(second);
    assert_int_equal(fake.open_cards, 2);
    assert_works(C_CloseAllSessions(0));
    assert_int_not_equal(find_labelled(second, "naf.example.com"), 0);
}

static void test_mechanisms(void **state)
{
    CK_MECHANISM_TYPE types[32];
    CK_MECHANISM_INFO info;
    CK_ULONG count = 0;
    (void)state;
    assert_rv(C_GetMechanismList(0, types, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_GetMechanismList(3, types, &count), CKR_SLOT_ID_INVALID);
    assert_works(C_GetMechanismList(0, NULL, &count));
    assert_int_equal(count, 10);
    count--;
    assert_rv(C_GetMechanismList(0, types, &count), CKR_BUFFER_TOO_SMALL);
    assert_works(C_GetMechanismList(0, types, &count));
    for (CK_ULONG i = 0; i < count; i++) {
        assert_works(C_GetMechanismInfo(0, types[i], &info));
        assert_true((info.flags & CKF_HW) != 0);
    }
    assert_works(C_GetMechanismInfo(0, CKM_AES_GCM, &info));
    assert_int_equal(info.flags, CKF_HW | CKF_ENCRYPT | CKF_DECRYPT);
    assert_int_equal(info.ulMinKeySize, 16);
    assert_int_equal(info.ulMaxKeySize, 32);
    assert_rv(C_GetMechanismInfo(0, CKM_MD5, &info), CKR_MECHANISM_INVALID);
    assert_rv(C_GetMechanismInfo(3, CKM_MD5, &info), CKR_SLOT_ID_INVALID);
    assert_rv(C_GetMechanismInfo(0, CKM_AES_GCM, NULL), CKR_ARGUMENTS_BAD);
}

/* Arguments */

static void test_null_arguments(void **state)
{
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    const CK_OBJECT_HANDLE key = derive_for(session, CKA_SIGN, "a");
    CK_MECHANISM sha256 = {.mechanism = CKM_SHA256};
    CK_ATTRIBUTE hole = {CKA_LABEL, NULL, 1};
    assert_rv(C_GetSessionInfo(session, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_GetObjectSize(session, key, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_GetAttributeValue(session, key, NULL, 1), CKR_ARGUMENTS_BAD);
    assert_rv(C_SetAttributeValue(session, key, NULL, 1), CKR_ARGUMENTS_BAD);
    assert_rv(C_FindObjectsInit(session, NULL, 1), CKR_ARGUMENTS_BAD);
    assert_rv(C_FindObjectsInit(session, &hole, 1), CKR_ARGUMENTS_BAD);
    assert_works(C_FindObjectsInit(session, NULL, 0));
    assert_rv(C_FindObjects(session, NULL, 1, &length), CKR_ARGUMENTS_BAD);
    assert_rv(C_FindObjects(session, &object, 1, NULL), CKR_ARGUMENTS_BAD);
    assert_works(C_FindObjectsFinal(session));
    assert_rv(C_EncryptInit(session, NULL, key), CKR_ARGUMENTS_BAD);
    assert_rv(C_SignInit(session, NULL, key), CKR_ARGUMENTS_BAD);
    assert_rv(C_DigestInit(session, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_DeriveKey(session, NULL, key, NULL, 0, &object), CKR_ARGUMENTS_BAD);
    assert_rv(C_DeriveKey(session, &hmac, key, NULL, 1, &object), CKR_ARGUMENTS_BAD);
    assert_rv(C_DeriveKey(session, &hmac, key, NULL, 0, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_GenerateRandom(session, NULL, 1), CKR_ARGUMENTS_BAD);
    assert_works(C_DigestInit(session, &sha256));
    assert_rv(C_DigestUpdate(session, NULL, 1), CKR_ARGUMENTS_BAD);
    assert_rv(C_DigestFinal(session, octets, &length), CKR_OPERATION_NOT_INITIALIZED); /* it has ended */
    assert_works(C_DigestInit(session, &sha256));
    assert_rv(C_Digest(session, octets, 1, octets, NULL), CKR_ARGUMENTS_BAD);
    assert_works(C_DigestInit(session, &sha256));
    assert_rv(C_DigestFinal(session, octets, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, &object, octets), CKR_ARGUMENTS_BAD);
}

static void test_null_arguments_of_operations(void **state)
{
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    CK_MECHANISM cipher = {.mechanism = CKM_GBAU_CIPHER};
    const CK_OBJECT_HANDLE cipher_key = derive_for(session, CKA_ENCRYPT, "c");
    const CK_OBJECT_HANDLE verify_key = derive_for(session, CKA_VERIFY, "v");
    assert_works(C_EncryptInit(session, &cipher, cipher_key));
    assert_rv(C_Encrypt(session, NULL, 1, octets, &length), CKR_ARGUMENTS_BAD);
    assert_works(C_EncryptInit(session, &cipher, cipher_key));
    assert_rv(C_EncryptUpdate(session, octets, 1, octets, NULL), CKR_ARGUMENTS_BAD);
    assert_works(C_EncryptInit(session, &cipher, cipher_key));
    assert_rv(C_EncryptUpdate(session, NULL, 1, octets, &length), CKR_ARGUMENTS_BAD);
    assert_works(C_VerifyInit(session, &hmac, verify_key));
    assert_rv(C_Verify(session, octets, 1, NULL, 32), CKR_ARGUMENTS_BAD);
    assert_works(C_VerifyInit(session, &hmac, verify_key));
    assert_rv(C_Verify(session, NULL, 1, octets, 32), CKR_ARGUMENTS_BAD);
    assert_works(C_VerifyInit(session, &hmac, verify_key));
    assert_rv(C_VerifyFinal(session, NULL, 32), CKR_ARGUMENTS_BAD);
}

static void test_what_is_not_offered(void **state)
{
    CK_FUNCTION_LIST *p11;
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    assert_works(C_GetFunctionList(&p11));
    assert_rv(p11->C_InitToken(0, octets, 4, octets), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_InitPIN(session, octets, 4), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_SetPIN(session, octets, 4, octets, 4), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_GetOperationState(session, octets, &length), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_SetOperationState(session, octets, 1, 0, 0), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_CreateObject(session, &attribute, 1, &object), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_CopyObject(session, 1, &attribute, 1, &object), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_DigestKey(session, 1), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_SignRecoverInit(session, &hmac, 1), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_SignRecover(session, octets, 1, octets, &length), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_VerifyRecoverInit(session, &hmac, 1), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_VerifyRecover(session, octets, 1, octets, &length), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_DigestEncryptUpdate(session, octets, 1, octets, &length), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_DecryptDigestUpdate(session, octets, 1, octets, &length), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_SignEncryptUpdate(session, octets, 1, octets, &length), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_DecryptVerifyUpdate(session, octets, 1, octets, &length), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_GenerateKey(session, &hmac, &attribute, 1, &object), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_GenerateKeyPair(session, &hmac, &attribute, 1, &attribute, 1, &object, &object),
              CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_WrapKey(session, &hmac, 1, 1, octets, &length), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_UnwrapKey(session, &hmac, 1, octets, 1, &attribute, 1, &object), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_GetFunctionStatus(session), CKR_FUNCTION_NOT_PARALLEL);
    assert_rv(p11->C_CancelFunction(session), CKR_FUNCTION_NOT_PARALLEL);
    assert_rv(p11->C_SeedRandom(session, octets, 1), CKR_RANDOM_SEED_NOT_SUPPORTED);
}

static void test_random(void **state)
{
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    assert_works(C_GenerateRandom(session, octets, sizeof octets));
    assert_int_equal(octets[63], 0x5a);
    assert_works(C_GenerateRandom(session, NULL, 0));
}

static void test_what_needs_no_login(void **state)
{
    CK_MECHANISM sha256 = {.mechanism = CKM_SHA256};
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    assert_works(C_Logout(session));
    assert_works(C_GenerateRandom(session, octets, 1));
    assert_works(C_DigestInit(session, &sha256));
    length = sizeof octets;
    assert_works(C_Digest(session, octets, 1, octets, &length));
    assert_int_equal(find_labelled(session, "naf.example.com"), 0);
    assert_rv(C_SignInit(session, &hmac, 1), CKR_USER_NOT_LOGGED_IN);
    log_in(session); /* opens the card anew */
    assert_int_not_equal(find_labelled(session, "naf.example.com"), 0);
}

/* An error ends an operation, unless it is that of a small buffer: nobody is left with one that he cannot end. */
static void test_operations_end_without_card(void **state)
{
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    CK_OBJECT_HANDLE key = derive_for(session, CKA_SIGN, "a");
    assert_works(C_SignInit(session, &hmac, key));
    assert_works(C_SignUpdate(session, octets, 1));
    assert_works(C_Logout(session));
    length = sizeof octets;
    assert_rv(C_SignFinal(session, octets, &length), CKR_USER_NOT_LOGGED_IN);
    log_in(session);
    key = derive_for(session, CKA_SIGN, "a");
    assert_works(C_SignInit(session, &hmac, key));
    for (int i = 0; i < 100 && __atomic_load_n(&fake.open_cards, __ATOMIC_SEQ_CST) > 0; i++) {
        pass_ms(20);
    }
    fake.open_status = GBAU_E_IO;
    assert_rv(C_Sign(session, octets, 1, octets, &length), CKR_DEVICE_ERROR);
    fake.open_status = GBAU_OK;
    assert_works(C_SignInit(session, &hmac, key));
    length = sizeof octets;
    assert_works(C_Sign(session, octets, 1, octets, &length));
}

/* Another program has reset the card in a reader that both use: key and card are opened again, and nobody notices. */
static void test_card_that_was_reset(void **state)
{
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    const CK_OBJECT_HANDLE key = derive_for(session, CKA_SIGN, "a");
    const unsigned opens = fake.opens;
    assert_works(C_SignInit(session, &hmac, key));
    length = sizeof octets;
    fake.use_status = GBAU_E_BUSY;
    assert_works(C_Sign(session, octets, 1, octets, &length));
    assert_int_equal(fake.opens, opens + 1);
    assert_works(C_SignInit(session, &hmac, key));
    fake.use_status = GBAU_E_IO; /* may have been done: not again */
    assert_rv(C_Sign(session, octets, 1, octets, &length), CKR_DEVICE_ERROR);
}

/* Idle cards */

static void test_idle_card_is_given_back(void **state)
{
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    const CK_OBJECT_HANDLE key = derive_for(session, CKA_SIGN, "a");
    for (int i = 0; i < 100 && __atomic_load_n(&fake.open_cards, __ATOMIC_SEQ_CST) > 0; i++) {
        pass_ms(20);
    }
    assert_int_equal(fake.open_cards, 0);
    length = sizeof octets;
    assert_works(C_SignInit(session, &hmac, key)); /* opens card and key again */
    assert_works(C_Sign(session, octets, 1, octets, &length));
    assert_int_equal(fake.opens, 2);
}

static void test_without_threads_each_call_gives_it_back(void **state)
{
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_LIBRARY_CANT_CREATE_OS_THREADS};
    (void)state;
    fake_reset();
    assert_int_equal(setenv("GBAU_PKCS11_CARD", CARDS, 1), 0);
    assert_works(C_Initialize(&arguments));
    const CK_SESSION_HANDLE session = open_session(0, 0);
    log_in(session);
    assert_int_equal(fake.open_cards, 0);
    assert_int_not_equal(find_labelled(session, "naf.example.com"), 0);
    assert_int_equal(fake.open_cards, 0);
    assert_works(C_Finalize(NULL));
}

/* Threads and forks */

static void *use_keys(void *context)
{
    CK_ULONG failures = 0;
    const CK_OBJECT_HANDLE key = *(const CK_OBJECT_HANDLE *)context;
    const CK_SESSION_HANDLE session = open_session(0, 0);
    for (int i = 0; i < 300; i++) {
        uint8_t mac[32];
        CK_ULONG mac_length = sizeof mac;
        failures +=
            C_SignInit(session, &hmac, key) != CKR_OK || C_Sign(session, some_text, 4, mac, &mac_length) != CKR_OK;
    }
    return failures == 0 ? context : NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    CK_OBJECT_HANDLE keys[4];
    char label[2] = "a";
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    fake.handles = 2; /* so that they take handles from each other */
    for (size_t i = 0; i < 4; i++, label[0]++) {
        keys[i] = derive_for(session, CKA_SIGN, label);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use_keys, &keys[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
    }
}

static int in_child(CK_SESSION_HANDLE session)
{
    if (C_GetSessionInfo(session, &session_info) != CKR_CRYPTOKI_NOT_INITIALIZED || C_Initialize(NULL) != CKR_OK) {
        return 1;
    }
    if (C_GetSessionInfo(session, &session_info) != CKR_SESSION_HANDLE_INVALID) {
        return 2;
    }
    return C_Finalize(NULL) == CKR_OK ? 0 : 3;
}

static void test_child_begins_anew(void **state)
{
    int status = -1;
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    const pid_t child = fork();
    if (child == 0) {
        _exit(in_child(session));
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_works(C_GetSessionInfo(session, &session_info));
}

/* Events */

static void *wait_for_event(void *context)
{
    static CK_RV rv;
    CK_SLOT_ID *slot = context;
    rv = C_WaitForSlotEvent(0, slot, NULL);
    return &rv;
}

static void test_events(void **state)
{
    char path[] = "/tmp/gbau-pkcs11-XXXXXX";
    CK_SLOT_ID slot = 77;
    pthread_t thread;
    void *result = NULL;
    const int file = mkstemp(path);
    (void)state;
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
    fake_reset();
    initialize(path);
    assert_works(C_GetSlotList(CK_FALSE, NULL, &length));
    assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
    assert_works(C_GetSlotList(CK_TRUE, NULL, &length));
    assert_int_equal(length, 1);
    assert_int_equal(unlink(path), 0);
    assert_works(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL));
    assert_int_equal(slot, 0);
    assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &slot), 0);
    pass_ms(50);
    const int again = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(again >= 0);
    assert_int_equal(close(again), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_rv(*(CK_RV *)result, CKR_OK);
    assert_int_equal(unlink(path), 0);
    assert_works(C_Finalize(NULL));
}

static void test_finalizing_ends_the_wait(void **state)
{
    CK_SLOT_ID slot;
    pthread_t thread;
    void *result = NULL;
    (void)state;
    fake_reset();
    initialize("/nowhere/absent.card");
    assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &slot), 0);
    pass_ms(50);
    assert_works(C_Finalize(NULL));
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_rv(*(CK_RV *)result, CKR_CRYPTOKI_NOT_INITIALIZED);
}

#define slots_test(function) cmocka_unit_test_setup_teardown((function), open_slots, close_module)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_works_uninitialized),
        cmocka_unit_test(test_initializing),
        cmocka_unit_test(test_configuration_that_is_wrong),
        module_test(test_function_list),
        module_test(test_sessions_that_are_none),
        slots_test(test_slot_lists),
        slots_test(test_slots_and_tokens),
        slots_test(test_token_without_pin),
        slots_test(test_slots_are_independent),
        slots_test(test_mechanisms),
        module_test(test_null_arguments),
        module_test(test_null_arguments_of_operations),
        module_test(test_what_is_not_offered),
        module_test(test_random),
        module_test(test_what_needs_no_login),
        module_test(test_operations_end_without_card),
        module_test(test_card_that_was_reset),
        module_test(test_idle_card_is_given_back),
        cmocka_unit_test(test_without_threads_each_call_gives_it_back),
        module_test(test_threads),
        module_test(test_child_begins_anew),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_finalizing_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
