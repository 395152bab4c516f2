/*
 * bench_pkcs11.c: libgbau-pkcs11 on a card in this process, beside SoftHSM2: one client, one table of functions each.
 *
 *     bench_pkcs11 GBAU_MODULE SOFTHSM_MODULE DIRECTORY
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "crypto/openssl.h"
#include "gbau/pkcs11.h"
#include "key/aka_vector.h"
#include "measure.h"
#include "me/usim.h"
#include "reader/card_image.h"

#define PIN "1234"

static const uint8_t naf_id[] = "naf.example.com\x01\x00\x00\x00\x02";

enum { OBJECTS = 1000, TEXT_MAX = 16384, IV_SIZE = 12, TAG_SIZE = 16, TOKEN_LABEL_SIZE = 32, PATH_MAX_SIZE = 512 };

/* A module with its two keys, and 1,000 objects to find one among. */
struct subject {
    CK_FUNCTION_LIST *p11;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE base; /* what keys are derived from; 0: they are created */
    CK_OBJECT_HANDLE mac_key;
    CK_OBJECT_HANDLE cipher_key;
    uint8_t iv[IV_SIZE];
    size_t text_length;
};

static void require_ok(CK_RV rv, const char *what)
{
    if (rv != CKR_OK) {
        fprintf(stderr, "bench_pkcs11: %s: 0x%lx\n", what, rv);
        exit(EXIT_FAILURE);
    }
}

/* A card that was bootstrapped */

static struct card_profile make_profile(void)
{
    static const struct aka_k k = {.octets = {1}};
    static const struct aka_opc opc = {.octets = {2}};
    return (struct card_profile){.imsi = "001010123456789",
                                 .mnc_digits = 2,
                                 .gba_rules = GBA_U_RULES_DEFAULT,
                                 .sqn_delta = PROFILE_SQN_DELTA_DEFAULT,
                                 .pin = PIN,
                                 .pin_enabled = true,
                                 .puk = "12345678",
                                 .functions = aka_functions_of_milenage(&k, &opc),
                                 .api_line_count = 1,
                                 .api_lines = {{.naf_id = octets_of(naf_id, sizeof naf_id - 1)}}};
}

static struct aka_vector make_vector(struct crypto *crypto, const struct card_profile *profile)
{
    struct aka_vector vector;
    const struct aka_amf amf = {0};
    measure_require(crypto_random(crypto, vector.rand.octets, AKA_RAND_SIZE) == GBAU_OK, "random");
    measure_require(aka_vector_make(crypto, &profile->functions.keys.milenage, 1 << AKA_SQN_IND_BITS, &amf, &vector) ==
                        GBAU_OK,
                    "vector");
    measure_require(gba_u_mask_mac(crypto, &vector.ik, vector.autn.octets + 8) == GBAU_OK, "mask");
    return vector;
}

static void bootstrap(struct crypto *crypto, const char *path, const struct card_profile *profile)
{
    struct reader *reader;
    struct usim usim;
    struct usim_answer answer;
    struct ks_ext_naf unused;
    const struct aka_vector vector = make_vector(crypto, profile);
    measure_require(reader_open(path, NULL, &reader) == GBAU_OK, "opening the card");
    measure_require(usim_open(&usim, reader, PIN, NULL) == GBAU_OK, "opening the USIM");
    measure_require(usim_bootstrap(&usim, &vector.rand, &vector.autn, &answer) == GBAU_OK, "bootstrapping");
    measure_require(usim_write_bootstrapping(&usim, "bench@bsf.example", "2030-01-01T00:00:00Z") == GBAU_OK, "B-TID");
    measure_require(usim_derive_naf(&usim, octets_of(naf_id, sizeof naf_id - 1), octets_of_text(usim.identity.impi),
                                    &unused) == GBAU_OK,
                    "deriving");
    usim_close(&usim);
    reader_close(reader);
}

static void make_card(const char *path)
{
    struct crypto crypto;
    const struct card_profile profile = make_profile();
    (void)unlink(path);
    measure_require(crypto_openssl_open(&crypto) == GBAU_OK, "libcrypto");
    measure_require(card_image_create(path, &profile, NULL) == GBAU_OK, "making a card");
    bootstrap(&crypto, path, &profile);
    crypto_openssl_close(&crypto);
}

/* Modules */

static CK_FUNCTION_LIST *load(const char *path)
{
    CK_FUNCTION_LIST *p11;
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    measure_require(module != NULL, "loading a module");
    CK_C_GetFunctionList get;
    *(void **)&get = dlsym(module, "C_GetFunctionList");
    measure_require(get != NULL && get(&p11) == CKR_OK, "C_GetFunctionList");
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
    require_ok(p11->C_Initialize(&arguments), "C_Initialize");
    return p11;
}

static CK_SLOT_ID first_slot(CK_FUNCTION_LIST *p11)
{
    CK_SLOT_ID slots[4];
    CK_ULONG count = 4;
    require_ok(p11->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    measure_require(count > 0, "finding a slot");
    return slots[0];
}

static void log_in(struct subject *subject)
{
    CK_UTF8CHAR pin[] = PIN;
    require_ok(subject->p11->C_OpenSession(first_slot(subject->p11), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                           &subject->session),
               "C_OpenSession");
    require_ok(subject->p11->C_Login(subject->session, CKU_USER, pin, sizeof pin - 1), "C_Login");
}

static void set_up_softhsm(CK_FUNCTION_LIST *p11)
{
    CK_SESSION_HANDLE session;
    CK_UTF8CHAR pin[] = PIN;
    CK_UTF8CHAR label[TOKEN_LABEL_SIZE];
    memset(label, ' ', sizeof label);
    require_ok(p11->C_InitToken(first_slot(p11), pin, sizeof pin - 1, label), "C_InitToken");
    require_ok(p11->C_OpenSession(first_slot(p11), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
               "C_OpenSession");
    require_ok(p11->C_Login(session, CKU_SO, pin, sizeof pin - 1), "C_Login");
    require_ok(p11->C_InitPIN(session, pin, sizeof pin - 1), "C_InitPIN");
    require_ok(p11->C_CloseSession(session), "C_CloseSession");
}

static CK_OBJECT_HANDLE find_base(const struct subject *subject)
{
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE template[] = {{CKA_DERIVE, &yes, sizeof yes}};
    CK_OBJECT_HANDLE found;
    CK_ULONG count;
    require_ok(subject->p11->C_FindObjectsInit(subject->session, template, 1), "C_FindObjectsInit");
    require_ok(subject->p11->C_FindObjects(subject->session, &found, 1, &count), "C_FindObjects");
    require_ok(subject->p11->C_FindObjectsFinal(subject->session), "C_FindObjectsFinal");
    measure_require(count == 1, "finding the NAF key");
    return found;
}

/* A private session object for one function, derived in the card, or put into SoftHSM2. */
static CK_OBJECT_HANDLE make_key(const struct subject *subject, CK_ATTRIBUTE_TYPE function, CK_KEY_TYPE type,
                                 char *label)
{
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_OBJECT_HANDLE key;
    uint8_t octets[32] = {3};
    CK_MECHANISM derive = {.mechanism = CKM_GBAU_DERIVE};
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type}, {function, &yes, sizeof yes},
        {CKA_LABEL, label, strlen(label)}, {CKA_TOKEN, &no, sizeof no},        {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes}, {CKA_EXTRACTABLE, &no, sizeof no},  {CKA_VALUE, octets, sizeof octets}};
    const CK_ULONG count = sizeof template / sizeof template[0];
    if (subject->base != 0) {
        require_ok(subject->p11->C_DeriveKey(subject->session, &derive, subject->base, template, count - 1, &key),
                   "C_DeriveKey");
    } else {
        require_ok(subject->p11->C_CreateObject(subject->session, template, count, &key), "C_CreateObject");
    }
    return key;
}

static void name_object(char label[16], size_t number)
{
    (void)snprintf(label, 16, "key %zu", number % OBJECTS);
}

static void make_keys(struct subject *subject)
{
    char label[16];
    char mac[] = "mac";
    char cipher[] = "cipher";
    for (size_t i = 0; i < OBJECTS - 2; i++) {
        name_object(label, i);
        (void)make_key(subject, CKA_SIGN, CKK_GENERIC_SECRET, label);
    }
    subject->mac_key = make_key(subject, CKA_SIGN, CKK_GENERIC_SECRET, mac);
    subject->cipher_key = make_key(subject, CKA_ENCRYPT, CKK_AES, cipher);
}

/* Work */

static uint8_t text[TEXT_MAX];
static uint8_t out[TEXT_MAX + TAG_SIZE];

static void sign(void *context, size_t count)
{
    const struct subject *subject = context;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_HMAC};
    for (size_t i = 0; i < count; i++) {
        CK_ULONG length = sizeof out;
        require_ok(subject->p11->C_SignInit(subject->session, &mechanism, subject->mac_key), "C_SignInit");
        require_ok(subject->p11->C_Sign(subject->session, text, subject->text_length, out, &length), "C_Sign");
    }
}

/* The card makes the IV; SoftHSM2 is given one, a counter. */
static void next_iv(struct subject *subject)
{
    if (subject->base != 0) {
        memset(subject->iv, 0, IV_SIZE);
        return;
    }
    for (size_t i = IV_SIZE; i-- > 0 && ++subject->iv[i] == 0;) {
    }
}

static void encrypt(void *context, size_t count)
{
    struct subject *subject = context;
    CK_GCM_PARAMS gcm = {.pIv = subject->iv, .ulIvLen = IV_SIZE, .ulIvBits = 8 * IV_SIZE, .ulTagBits = 8 * TAG_SIZE};
    CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof gcm};
    for (size_t i = 0; i < count; i++) {
        CK_ULONG length = sizeof out;
        next_iv(subject);
        require_ok(subject->p11->C_EncryptInit(subject->session, &mechanism, subject->cipher_key), "C_EncryptInit");
        require_ok(subject->p11->C_Encrypt(subject->session, text, subject->text_length, out, &length), "C_Encrypt");
    }
}

static void find(void *context, size_t count)
{
    const struct subject *subject = context;
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    char label[16];
    for (size_t i = 0; i < count; i++) {
        CK_OBJECT_HANDLE found;
        CK_ULONG found_count;
        name_object(label, i * 7 % (OBJECTS - 2));
        CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, label, strlen(label)}};
        require_ok(subject->p11->C_FindObjectsInit(subject->session, template, 2), "C_FindObjectsInit");
        require_ok(subject->p11->C_FindObjects(subject->session, &found, 1, &found_count), "C_FindObjects");
        require_ok(subject->p11->C_FindObjectsFinal(subject->session), "C_FindObjectsFinal");
        measure_require(found_count == 1, "finding an object");
    }
}

static void measure_all(struct subject *ours, struct subject *softhsm)
{
    static const struct {
        const char *name;
        const char *unit;
        measure_work *work;
        size_t length;
        size_t our_count;
        size_t softhsm_count;
        const char *bound;
    } rows[] = {
        {"PKCS#11: HMAC-SHA-256 of 64 octets", "MACs", sign, 64, 20000, 5000, "one APDU: coding, dispatch, two hashes"},
        {"PKCS#11: HMAC-SHA-256 of 1 KiB", "MACs", sign, 1024, 10000, 5000, "one extended APDU and its hash"},
        {"PKCS#11: AES-256-GCM of 64 octets", "texts", encrypt, 64, 20000, 5000, "one APDU and a nonce of the card"},
        {"PKCS#11: AES-256-GCM of 1 KiB", "texts", encrypt, 1024, 10000, 5000, "one extended APDU and a nonce of the card"},
        {"PKCS#11: AES-256-GCM of 16 KiB", "texts", encrypt, 16384, 2000, 3000, "AES-GCM itself, and three copies"},
        {"PKCS#11: find by label among 1,000", "searches", find, 0, 50000, 200, "a hash of the label"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ours->text_length = softhsm->text_length = rows[i].length;
        const struct measurement measurement = {.name = rows[i].name,
                                                .unit = rows[i].unit,
                                                .subject = rows[i].work,
                                                .subject_context = ours,
                                                .subject_count = rows[i].our_count,
                                                .reference_name = "SoftHSM2",
                                                .reference = rows[i].work,
                                                .reference_context = softhsm,
                                                .reference_count = rows[i].softhsm_count,
                                                .goal = 2,
                                                .bound = rows[i].bound};
        measure(&measurement);
    }
}

static void write_softhsm_configuration(const char *directory, const char *path)
{
    char tokens[PATH_MAX_SIZE];
    (void)snprintf(tokens, sizeof tokens, "%s/tokens", directory);
    measure_require(mkdir(tokens, 0700) == 0, "making a directory for SoftHSM2");
    FILE *file = fopen(path, "w");
    measure_require(file != NULL, "configuring SoftHSM2");
    fprintf(file, "directories.tokendir = %s\nlog.level = ERROR\n", tokens);
    measure_require(fclose(file) == 0, "configuring SoftHSM2");
}

int main(int argc, char **argv)
{
    char card[PATH_MAX_SIZE];
    char configuration[PATH_MAX_SIZE];
    struct subject ours = {0};
    struct subject softhsm = {0};
    measure_require(argc == 4, "usage: bench_pkcs11 GBAU_MODULE SOFTHSM_MODULE DIRECTORY;");
    (void)snprintf(card, sizeof card, "%s/pkcs11.card", argv[3]);
    (void)snprintf(configuration, sizeof configuration, "%s/softhsm2.conf", argv[3]);
    make_card(card);
    write_softhsm_configuration(argv[3], configuration);
    (void)setenv("GBAU_PKCS11_CARD", card, 1);
    (void)setenv("SOFTHSM2_CONF", configuration, 1);
    ours.p11 = load(argv[1]);
    softhsm.p11 = load(argv[2]);
    set_up_softhsm(softhsm.p11);
    log_in(&ours);
    log_in(&softhsm);
    ours.base = find_base(&ours);
    make_keys(&ours);
    make_keys(&softhsm);
    measure_all(&ours, &softhsm);
    require_ok(ours.p11->C_Finalize(NULL), "C_Finalize");
    require_ok(softhsm.p11->C_Finalize(NULL), "C_Finalize");
    return 0;
}
