/* test_real_card.c: the module over gbau.h and a card in a file, against a NAF that has the same Ks_int_NAF. */
#include "card_ends.h"

#include <pthread.h>

#include "gbau/pkcs11.h"
#include "pkcs11/cryptoki.h"

#define assert_works(call) assert_int_equal((call), CKR_OK)

enum { IV = 12, TAG = 16 };

static CK_BBOOL yes = CK_TRUE;
static CK_BYTE some_text[] = "text";
static CK_BYTE abc[] = "abc";
static CK_BYTE at_rest[] = "at rest";
static CK_BYTE aad[] = "aad";
static CK_BYTE vault[] = "vault";

struct client {
    struct card_ends card;
    CK_SESSION_HANDLE session;
};

static void start(struct client *client)
{
    CK_UTF8CHAR pin[] = "1234";
    assert_works(C_Initialize(NULL));
    assert_works(C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &client->session));
    assert_works(C_Login(client->session, CKU_USER, pin, 4));
}

static int open_client(void **state)
{
    static struct client client;
    client = (struct client){0};
    assert_int_equal(open_bench(state), 0);
    client.card.bench = *state;
    assert_ok(crypto_pool_open(2, &client.card.cryptos));
    open_usim(client.card.bench);
    const struct aka_vector vector = bootstrap(client.card.bench, 1);
    follow_bootstrapping(&client.card, &vector);
    usim_close(&client.card.bench->usim);
    reader_close(client.card.bench->reader);
    client.card.bench->reader = NULL;
    assert_int_equal(setenv("GBAU_PKCS11_CARD", place_path(&client.card.bench->place, "card"), 1), 0);
    start(&client);
    *state = &client;
    return 0;
}

static int close_client(void **state)
{
    struct client *client = *state;
    assert_works(C_Finalize(NULL));
    crypto_pool_close(client->card.cryptos);
    void *bench = client->card.bench;
    return close_bench(&bench);
}

static CK_OBJECT_HANDLE find_labelled(CK_SESSION_HANDLE session, const char *label)
{
    CK_ULONG count = 0;
    CK_OBJECT_HANDLE found = 0;
    CK_ATTRIBUTE template[] = {{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}};
    assert_works(C_FindObjectsInit(session, template, 1));
    assert_works(C_FindObjects(session, &found, 1, &count));
    assert_works(C_FindObjectsFinal(session));
    return count == 1 ? found : 0;
}

static CK_OBJECT_HANDLE derive_for(CK_SESSION_HANDLE session, CK_ATTRIBUTE_TYPE function, const char *label)
{
    CK_OBJECT_HANDLE key;
    CK_MECHANISM mechanism = {.mechanism = CKM_GBAU_DERIVE};
    CK_ATTRIBUTE template[] = {{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}, {function, &yes, sizeof yes}};
    assert_works(C_DeriveKey(session, &mechanism, find_labelled(session, "naf.example.com"), template, 2, &key));
    return key;
}

/* The NAF's end of the same key. */
static struct gbau_key *key_of_naf(struct client *client, enum gbau_usage usage, enum gbau_direction direction,
                                   enum gbau_algorithm algorithm, const char *label)
{
    struct gbau_key *key;
    const struct gbau_key_request request = {
        .usage = usage, .direction = direction, .algorithm = algorithm, .label = label};
    assert_ok(local_key_open(&client->card.naf, &request, &key));
    return key;
}

static void test_naf_opens_what_the_module_seals(void **state)
{
    uint8_t text[1000];
    uint8_t sealed[IV + sizeof text + TAG] = {0};
    uint8_t back[sizeof text];
    size_t back_length;
    CK_ULONG length = sizeof text + TAG;
    struct client *client = *state;
    CK_GCM_PARAMS gcm = {.pIv = sealed, .ulIvLen = IV, .ulIvBits = 96, .pAAD = aad, .ulAADLen = 3, .ulTagBits = 128};
    CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof gcm};
    struct gbau_key *naf = key_of_naf(client, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM, "up");
    memset(text, 'x', sizeof text);
    assert_works(C_EncryptInit(client->session, &mechanism, derive_for(client->session, CKA_ENCRYPT, "up")));
    assert_works(C_Encrypt(client->session, text, sizeof text, sealed + IV, &length));
    assert_int_equal(length, sizeof text + TAG);
    assert_ok(gbau_key_decrypt(naf, "aad", 3, sealed, sizeof sealed, back, sizeof back, &back_length));
    assert_int_equal(back_length, sizeof text);
    assert_memory_equal(back, text, sizeof text);
    gbau_key_close(naf);
}

static void test_module_opens_what_the_naf_seals(void **state)
{
    uint8_t sealed[100];
    uint8_t back[100];
    size_t sealed_length;
    CK_ULONG length = sizeof back;
    struct client *client = *state;
    CK_MECHANISM mechanism = {.mechanism = CKM_GBAU_CIPHER};
    const CK_OBJECT_HANDLE key = derive_for(client->session, CKA_DECRYPT, "down");
    struct gbau_key *naf = key_of_naf(client, GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_GCM, "down");
    assert_ok(gbau_key_encrypt(naf, NULL, 0, "hello", 5, sealed, sizeof sealed, &sealed_length));
    assert_works(C_DecryptInit(client->session, &mechanism, key));
    assert_works(C_Decrypt(client->session, sealed, sealed_length, back, &length));
    assert_int_equal(length, 5);
    assert_memory_equal(back, "hello", 5);
    sealed[20] ^= 1;
    length = sizeof back;
    assert_works(C_DecryptInit(client->session, &mechanism, key));
    assert_int_equal(C_Decrypt(client->session, sealed, sealed_length, back, &length), CKR_ENCRYPTED_DATA_INVALID);
    gbau_key_close(naf);
}

static void test_macs_both_ways(void **state)
{
    uint8_t mac[GBAU_MAC_MAX];
    CK_ULONG length = sizeof mac;
    size_t mac_length;
    struct client *client = *state;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_HMAC};
    struct gbau_key *up = key_of_naf(client, GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256, "m");
    struct gbau_key *down = key_of_naf(client, GBAU_USAGE_MAC, GBAU_NAF_TO_CARD, GBAU_HMAC_SHA256, "m");
    assert_works(C_SignInit(client->session, &mechanism, derive_for(client->session, CKA_SIGN, "m")));
    assert_works(C_Sign(client->session, some_text, 4, mac, &length));
    assert_ok(gbau_key_verify(up, "text", 4, mac, length));
    assert_ok(gbau_key_mac(down, "text", 4, mac, &mac_length));
    assert_works(C_VerifyInit(client->session, &mechanism, derive_for(client->session, CKA_VERIFY, "m")));
    assert_works(C_Verify(client->session, some_text, 4, mac, mac_length));
    gbau_key_close(up);
    gbau_key_close(down);
}

static void test_digest_and_random(void **state)
{
    uint8_t digest[32];
    uint8_t random[2][100] = {{0}};
    CK_ULONG length = sizeof digest;
    struct client *client = *state;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256};
    assert_works(C_DigestInit(client->session, &mechanism));
    assert_works(C_Digest(client->session, abc, 3, digest, &length));
    assert_octets(octets_of(digest, length), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_works(C_GenerateRandom(client->session, random[0], sizeof random[0]));
    assert_works(C_GenerateRandom(client->session, random[1], sizeof random[1]));
    assert_memory_not_equal(random[0], random[1], sizeof random[0]);
}

static void test_kept_key_outlives_the_module(void **state)
{
    uint8_t sealed[100];
    uint8_t back[100];
    CK_ULONG length = sizeof sealed;
    CK_ULONG back_length = sizeof back;
    CK_OBJECT_HANDLE key;
    struct client *client = *state;
    CK_MECHANISM derivation = {.mechanism = CKM_GBAU_DERIVE};
    CK_MECHANISM mechanism = {.mechanism = CKM_GBAU_CIPHER};
    CK_ATTRIBUTE template[] = {
        {CKA_LABEL, vault, 5}, {CKA_TOKEN, &yes, 1}, {CKA_ENCRYPT, &yes, 1}, {CKA_DECRYPT, &yes, 1}};
    assert_works(C_DeriveKey(client->session, &derivation, find_labelled(client->session, "naf.example.com"), template,
                             4, &key));
    assert_int_equal(find_labelled(client->session, "vault"), key);
    assert_works(C_EncryptInit(client->session, &mechanism, key));
    assert_works(C_Encrypt(client->session, at_rest, 7, sealed, &length));
    assert_works(C_Finalize(NULL));
    start(client);
    key = find_labelled(client->session, "vault");
    assert_works(C_DecryptInit(client->session, &mechanism, key));
    assert_works(C_Decrypt(client->session, sealed, length, back, &back_length));
    assert_memory_equal(back, "at rest", 7);
    assert_works(C_DestroyObject(client->session, key));
    assert_int_equal(find_labelled(client->session, "vault"), 0);
}

/* Many keys in few handles of the card, each still itself. */
static void test_more_keys_than_the_card_has_handles(void **state)
{
    enum { KEYS = 40 };
    CK_OBJECT_HANDLE keys[KEYS];
    uint8_t made[KEYS][32];
    uint8_t again[32];
    char label[16];
    struct client *client = *state;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_HMAC};
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < KEYS; i++) {
            CK_ULONG length = sizeof again;
            (void)snprintf(label, sizeof label, "key %zu", i);
            keys[i] = round == 0 ? derive_for(client->session, CKA_SIGN, label) : keys[i];
            assert_works(C_SignInit(client->session, &mechanism, keys[i]));
            assert_works(C_Sign(client->session, some_text, 4, round == 0 ? made[i] : again, &length));
            assert_true(round == 0 || memcmp(again, made[i], 32) == 0);
            assert_true(i == 0 || memcmp(made[i], made[0], 32) != 0);
        }
    }
}

/* Processes */

/* Ends with 0 when all MACs were made and are the same. */
static int sign_often(const uint8_t expected[32], size_t count)
{
    struct client client = {0};
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_HMAC};
    start(&client);
    const CK_OBJECT_HANDLE key = derive_for(client.session, CKA_SIGN, "shared");
    for (size_t i = 0; i < count; i++) {
        uint8_t mac[32];
        CK_ULONG length = sizeof mac;
        if (C_SignInit(client.session, &mechanism, key) != CKR_OK ||
            C_Sign(client.session, some_text, 4, mac, &length) != CKR_OK || memcmp(mac, expected, 32) != 0) {
            return 1;
        }
        if (i % 500 == 0) {
            (void)usleep(1000);
        }
    }
    return C_Finalize(NULL) == CKR_OK ? 0 : 2;
}

static void test_processes_share_the_card(void **state)
{
    enum { PROCESSES = 3 };
    pid_t children[PROCESSES];
    uint8_t mac[32];
    CK_ULONG length = sizeof mac;
    struct client *client = *state;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_HMAC};
    const CK_OBJECT_HANDLE key = derive_for(client->session, CKA_SIGN, "shared");
    assert_works(C_SignInit(client->session, &mechanism, key));
    assert_works(C_Sign(client->session, some_text, 4, mac, &length));
    for (size_t i = 0; i < PROCESSES; i++) { /* the card is open here when they are forked */
        children[i] = fork();
        if (children[i] == 0) {
            _exit(sign_often(mac, 20000));
        }
        assert_true(children[i] > 0);
    }
    for (size_t i = 0; i < 2000; i++) {
        assert_works(C_SignInit(client->session, &mechanism, key));
        length = sizeof mac;
        assert_works(C_Sign(client->session, some_text, 4, mac, &length));
        (void)usleep(100);
    }
    for (size_t i = 0; i < PROCESSES; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

#define client_test(function) cmocka_unit_test_setup_teardown((function), open_client, close_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        client_test(test_naf_opens_what_the_module_seals),
        client_test(test_module_opens_what_the_naf_seals),
        client_test(test_macs_both_ways),
        client_test(test_digest_and_random),
        client_test(test_kept_key_outlives_the_module),
        client_test(test_more_keys_than_the_card_has_handles),
        client_test(test_processes_share_the_card),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
