/* mechanism.c: tables of mechanisms and algorithms, and readers of parameters. */
#include "pkcs11/mechanism.h"

#include <string.h>

#include "gbau/pkcs11.h"
#include "pkcs11/key_object.h"

enum { GCM_IV = 12, GCM_TAG_BITS = 128, BLOCK = 16, COUNTER_BITS_LEAST = 32, COUNTER_BITS_MOST = 128 };

/* Parameters */

static CK_RV read_nothing(const CK_MECHANISM *mechanism, CK_FLAGS function, struct cipher_parameter *parameter)
{
    (void)function;
    (void)parameter;
    return mechanism->ulParameterLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static bool is_zero(const uint8_t *octets, size_t length)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum |= octets[i];
    }
    return sum == 0;
}

/*
 * An IV is the card's to make, or one would come twice some day. A caller that encrypts gives twelve zero octets, into
 * which the IV is written, or none, and finds it in front of the ciphertext. Any other IV is refused.
 */
static CK_RV read_gcm_iv(const CK_GCM_PARAMS *gcm, CK_FLAGS function, struct cipher_parameter *parameter)
{
    if (gcm->ulIvLen == 0) {
        return CKR_OK;
    }
    if (gcm->ulIvLen != GCM_IV || gcm->pIv == NULL) {
        return CKR_MECHANISM_PARAM_INVALID;
    }
    if (function == CKF_DECRYPT) {
        memcpy(parameter->iv, gcm->pIv, GCM_IV);
        parameter->iv_length = GCM_IV;
        return CKR_OK;
    }
    parameter->iv_out = gcm->pIv;
    return is_zero(gcm->pIv, GCM_IV) ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV read_gcm(const CK_MECHANISM *mechanism, CK_FLAGS function, struct cipher_parameter *parameter)
{
    const CK_GCM_PARAMS *gcm = mechanism->pParameter;
    if (gcm == NULL || mechanism->ulParameterLen != sizeof *gcm || gcm->ulTagBits != GCM_TAG_BITS ||
        (gcm->pAAD == NULL && gcm->ulAADLen != 0)) {
        return CKR_MECHANISM_PARAM_INVALID;
    }
    parameter->additional_data = octets_of(gcm->pAAD, gcm->ulAADLen);
    return read_gcm_iv(gcm, function, parameter);
}

static CK_RV read_ctr(const CK_MECHANISM *mechanism, CK_FLAGS function, struct cipher_parameter *parameter)
{
    const CK_AES_CTR_PARAMS *ctr = mechanism->pParameter;
    (void)function;
    if (ctr == NULL || mechanism->ulParameterLen != sizeof *ctr || ctr->ulCounterBits < COUNTER_BITS_LEAST ||
        ctr->ulCounterBits > COUNTER_BITS_MOST) {
        return CKR_MECHANISM_PARAM_INVALID;
    }
    memcpy(parameter->iv, ctr->cb, BLOCK);
    parameter->iv_length = BLOCK;
    return CKR_OK;
}

static CK_RV read_cbc(const CK_MECHANISM *mechanism, CK_FLAGS function, struct cipher_parameter *parameter)
{
    (void)function;
    if (mechanism->pParameter == NULL || mechanism->ulParameterLen != BLOCK) {
        return CKR_MECHANISM_PARAM_INVALID;
    }
    memcpy(parameter->iv, mechanism->pParameter, BLOCK);
    parameter->iv_length = BLOCK;
    return CKR_OK;
}

static CK_RV read_additional_data(const CK_MECHANISM *mechanism, CK_FLAGS function, struct cipher_parameter *parameter)
{
    (void)function;
    if (mechanism->pParameter == NULL && mechanism->ulParameterLen != 0) {
        return CKR_MECHANISM_PARAM_INVALID;
    }
    parameter->additional_data = octets_of(mechanism->pParameter, mechanism->ulParameterLen);
    return CKR_OK;
}

/* What CKM_GBAU_DERIVE takes is read by key_derivation.c. */
static const struct mechanism mechanisms[] = {
    {CKM_SHA256_HMAC, CKF_SIGN | CKF_VERIFY, 32, 32, read_nothing, {GBAU_HMAC_SHA256}},
    {CKM_AES_CMAC, CKF_SIGN | CKF_VERIFY, 16, 32, read_nothing, {GBAU_AES_128_CMAC, GBAU_AES_256_CMAC}},
    {CKM_AES_GCM, CKF_ENCRYPT | CKF_DECRYPT, 16, 32, read_gcm, {GBAU_AES_128_GCM, GBAU_AES_256_GCM}},
    {CKM_AES_CTR, CKF_DECRYPT, 16, 32, read_ctr, {GBAU_AES_128_CTR, GBAU_AES_256_CTR}},
    {CKM_AES_CBC_PAD, CKF_DECRYPT, 16, 32, read_cbc, {GBAU_AES_128_CBC, GBAU_AES_256_CBC}},
    {CKM_SHA256, CKF_DIGEST, 0, 0, read_nothing, {GBAU_SHA256}},
    {CKM_GBAU_DERIVE, CKF_DERIVE, 32, 32, NULL, {GBAU_KDF}},
    {CKM_GBAU_CIPHER,
     CKF_ENCRYPT | CKF_DECRYPT,
     16,
     32,
     read_additional_data,
     {GBAU_AES_128_GCM, GBAU_AES_256_GCM, GBAU_AES_128_CCM, GBAU_AES_256_CCM, GBAU_SM4_GCM, GBAU_SM4_CCM,
      GBAU_AES_128_CTR, GBAU_AES_256_CTR, GBAU_SM4_CTR, GBAU_AES_128_CBC, GBAU_AES_256_CBC, GBAU_SM4_CBC}},
    {CKM_GBAU_MAC,
     CKF_SIGN | CKF_VERIFY,
     16,
     32,
     read_nothing,
     {GBAU_HMAC_SHA256, GBAU_HMAC_SM3, GBAU_AES_128_CMAC, GBAU_AES_256_CMAC, GBAU_SM4_CMAC}},
    {CKM_GBAU_SM3, CKF_DIGEST, 0, 0, read_nothing, {GBAU_SM3}},
};

static const size_t mechanism_count = sizeof mechanisms / sizeof mechanisms[0];

const struct mechanism *mechanism_list(size_t *count)
{
    *count = mechanism_count;
    return mechanisms;
}

const struct mechanism *mechanism_find(CK_MECHANISM_TYPE type, CK_FLAGS function)
{
    for (size_t i = 0; i < mechanism_count; i++) {
        if (mechanisms[i].type == type && (mechanisms[i].functions & function) != 0) {
            return &mechanisms[i];
        }
    }
    return NULL;
}

bool mechanism_takes(const struct mechanism *mechanism, enum gbau_algorithm algorithm)
{
    for (size_t i = 0; i < MECHANISM_ALGORITHMS_MAX && mechanism->algorithms[i] != 0; i++) {
        if (mechanism->algorithms[i] == algorithm) {
            return true;
        }
    }
    return false;
}

size_t mechanisms_of_key(const struct key_object *object, CK_MECHANISM_TYPE types[MECHANISM_MAX])
{
    const enum gbau_algorithm algorithm = object->origin == KEY_OF_NAF ? GBAU_KDF : object->name.algorithm;
    const CK_FLAGS functions = key_object_functions(object);
    size_t count = 0;
    for (size_t i = 0; i < mechanism_count; i++) {
        if ((mechanisms[i].functions & functions) != 0 && mechanism_takes(&mechanisms[i], algorithm)) {
            types[count++] = mechanisms[i].type;
        }
    }
    return count;
}

/* Algorithms */

struct algorithm_shape {
    uint8_t key_length;
    uint8_t iv_length;
    uint8_t tag_length; /* or length of the MAC */
    CK_KEY_TYPE key_type;
};

/* PKCS#11 has no type for SM4. */
#define CKK_SM4 (CKK_VENDOR_DEFINED | CKM_GBAU_CIPHER)

static const struct algorithm_shape shapes[] = {
    [GBAU_AES_128_GCM] = {16, 12, 16, CKK_AES},
    [GBAU_AES_256_GCM] = {32, 12, 16, CKK_AES},
    [GBAU_AES_128_CCM] = {16, 12, 16, CKK_AES},
    [GBAU_AES_256_CCM] = {32, 12, 16, CKK_AES},
    [GBAU_SM4_GCM] = {16, 12, 16, CKK_SM4},
    [GBAU_SM4_CCM] = {16, 12, 16, CKK_SM4},
    [GBAU_AES_128_CTR] = {16, 16, 0, CKK_AES},
    [GBAU_AES_256_CTR] = {32, 16, 0, CKK_AES},
    [GBAU_SM4_CTR] = {16, 16, 0, CKK_SM4},
    [GBAU_AES_128_CBC] = {16, 16, 0, CKK_AES},
    [GBAU_AES_256_CBC] = {32, 16, 0, CKK_AES},
    [GBAU_SM4_CBC] = {16, 16, 0, CKK_SM4},
    [GBAU_HMAC_SHA256] = {32, 0, 32, CKK_GENERIC_SECRET},
    [GBAU_HMAC_SM3] = {32, 0, 32, CKK_GENERIC_SECRET},
    [GBAU_AES_128_CMAC] = {16, 0, 16, CKK_AES},
    [GBAU_AES_256_CMAC] = {32, 0, 16, CKK_AES},
    [GBAU_SM4_CMAC] = {16, 0, 16, CKK_SM4},
    [GBAU_SHA256] = {0, 0, 32, 0},
    [GBAU_SM3] = {0, 0, 32, 0},
    [GBAU_KDF] = {32, 0, 0, CKK_GENERIC_SECRET},
};

static const struct algorithm_shape *shape_of(enum gbau_algorithm algorithm)
{
    return &shapes[(unsigned)algorithm <= GBAU_KDF ? algorithm : 0];
}

CK_ULONG mechanism_key_length(enum gbau_algorithm algorithm)
{
    return shape_of(algorithm)->key_length;
}

size_t mechanism_iv_length(enum gbau_algorithm algorithm)
{
    return shape_of(algorithm)->iv_length;
}

size_t mechanism_tag_length(enum gbau_algorithm algorithm)
{
    return shape_of(algorithm)->tag_length;
}

CK_KEY_TYPE mechanism_key_type(enum gbau_algorithm algorithm)
{
    return shape_of(algorithm)->key_type;
}

bool mechanism_pads(enum gbau_algorithm algorithm)
{
    return algorithm >= GBAU_AES_128_CBC && algorithm <= GBAU_SM4_CBC;
}
