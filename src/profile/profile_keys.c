/* profile_keys.c: keys as people give them become keys as algorithms use them. */
#include "profile/profile_keys.h"

#include <string.h>

#include "base/secret.h"

static const char *milenage_problem(const struct profile_keys *keys)
{
    if (keys->k_length != AKA_K_SIZE) {
        return "k must be 32 hexadecimal digits";
    }
    return keys->operator_length != AKA_OPC_SIZE ? "give op or opc, 32 hexadecimal digits" : NULL;
}

static const char *tuak_problem(const struct profile_keys *keys)
{
    if (keys->k_length != AKA_K_SIZE && keys->k_length != TUAK_K_MAX) {
        return "k must be 32 or 64 hexadecimal digits";
    }
    if (keys->operator_length != TUAK_TOPC_SIZE) {
        return "give top or topc, 64 hexadecimal digits";
    }
    const bool has_res = keys->tuak_res_bits == 32 || keys->tuak_res_bits == 64 || keys->tuak_res_bits == 128;
    return has_res ? NULL : "TUAK gives RES of 32, 64 or 128 bits";
}

static const char *xor_problem(const struct profile_keys *keys)
{
    if (keys->operator_length != 0) {
        return "xor has neither op nor opc";
    }
    return keys->k_length != AKA_K_SIZE ? "k must be 32 hexadecimal digits" : NULL;
}

const char *profile_keys_problem(const struct profile_keys *keys)
{
    if (keys->k_length == 0) {
        return "k is missing: it has to be filled in";
    }
    switch (keys->algorithm) {
    case AKA_ALGORITHM_MILENAGE:
        return milenage_problem(keys);
    case AKA_ALGORITHM_TUAK:
        return tuak_problem(keys);
    default:
        return xor_problem(keys);
    }
}

static enum gbau_status finish_milenage(const struct profile_keys *keys, struct crypto *crypto,
                                        struct aka_functions *functions)
{
    struct milenage *milenage = &functions->keys.milenage;
    memcpy(milenage->k.octets, keys->k, AKA_K_SIZE);
    memcpy(milenage->opc.octets, keys->operator_key, AKA_OPC_SIZE);
    milenage->constants = keys->has_constants ? &keys->constants : &milenage_default_constants;
    return keys->operator_is_common ? milenage_compute_opc(crypto, &milenage->k, keys->operator_key, &milenage->opc)
                                    : GBAU_OK;
}

static enum gbau_status finish_tuak(const struct profile_keys *keys, struct aka_functions *functions)
{
    struct tuak *tuak = &functions->keys.tuak;
    tuak->sizes = (struct tuak_sizes){
        .k = keys->k_length, .mac = AKA_MAC_SIZE, .res = keys->tuak_res_bits / 8, .ck = AKA_CK_SIZE, .ik = AKA_IK_SIZE};
    tuak->iterations = keys->tuak_iterations;
    memcpy(tuak->k, keys->k, keys->k_length);
    memcpy(tuak->topc, keys->operator_key, TUAK_TOPC_SIZE);
    if (keys->operator_is_common) {
        tuak_compute_topc(tuak, keys->operator_key, tuak->topc);
    }
    return GBAU_OK;
}

enum gbau_status profile_keys_finish(const struct profile_keys *keys, struct crypto *crypto,
                                     struct aka_functions *functions)
{
    enum gbau_status status = GBAU_OK;
    memset(functions, 0, sizeof *functions);
    functions->algorithm = keys->algorithm;
    if (keys->algorithm == AKA_ALGORITHM_MILENAGE) {
        status = finish_milenage(keys, crypto, functions);
    } else if (keys->algorithm == AKA_ALGORITHM_TUAK) {
        status = finish_tuak(keys, functions);
    } else {
        memcpy(functions->keys.xor_k.octets, keys->k, AKA_K_SIZE);
    }
    return status == GBAU_OK ? aka_functions_check(functions) : status;
}
