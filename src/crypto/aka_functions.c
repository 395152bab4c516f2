/* aka_functions.c: one row of functions for each algorithm. */
#include "crypto/aka_functions.h"

#include <string.h>

#include "base/secret.h"

enum mac_kind { MAC_A, MAC_S };

/* What an algorithm offers; all take the keys from `functions`. */
struct algorithm_row {
    enum gbau_status (*check)(const struct aka_functions *functions);
    enum gbau_status (*mac)(struct crypto *crypto, const struct aka_functions *functions, enum mac_kind kind,
                            const struct aka_rand *rand, aka_sqn sqn, const struct aka_amf *amf, struct aka_mac *mac);
    enum gbau_status (*f2345)(struct crypto *crypto, const struct aka_functions *functions, const struct aka_rand *rand,
                              struct aka_f2345 *out);
    enum gbau_status (*f5star)(struct crypto *crypto, const struct aka_functions *functions,
                               const struct aka_rand *rand, struct aka_ak *ak);
};

/* Milenage */

static enum gbau_status milenage_check(const struct aka_functions *functions)
{
    return functions->keys.milenage.constants == NULL ? GBAU_E_ARGUMENT : GBAU_OK;
}

static enum gbau_status milenage_mac(struct crypto *crypto, const struct aka_functions *functions, enum mac_kind kind,
                                     const struct aka_rand *rand, aka_sqn sqn, const struct aka_amf *amf,
                                     struct aka_mac *mac)
{
    return milenage_f1(crypto, &functions->keys.milenage, rand, sqn, amf, kind == MAC_A ? mac : NULL,
                       kind == MAC_S ? mac : NULL);
}

static void take_milenage(struct milenage_f2345 *from, struct aka_f2345 *out)
{
    out->res.length = sizeof from->res;
    memcpy(out->res.octets, from->res, sizeof from->res);
    out->ck = from->ck;
    out->ik = from->ik;
    out->ak = from->ak;
    secret_wipe(from, sizeof *from);
}

static enum gbau_status milenage_keys(struct crypto *crypto, const struct aka_functions *functions,
                                      const struct aka_rand *rand, struct aka_f2345 *out)
{
    struct milenage_f2345 keys = {0};
    enum gbau_status status = milenage_f2345(crypto, &functions->keys.milenage, rand, &keys);
    take_milenage(&keys, out);
    return status;
}

static enum gbau_status milenage_resync_ak(struct crypto *crypto, const struct aka_functions *functions,
                                           const struct aka_rand *rand, struct aka_ak *ak)
{
    return milenage_f5star(crypto, &functions->keys.milenage, rand, ak);
}

/* TUAK */

static enum gbau_status tuak_check_for_aka(const struct aka_functions *functions)
{
    const struct tuak_sizes *sizes = &functions->keys.tuak.sizes;
    bool fits = sizes->mac == AKA_MAC_SIZE && sizes->res <= AKA_RES_MAX_SIZE && sizes->ck == AKA_CK_SIZE &&
                sizes->ik == AKA_IK_SIZE;
    return fits ? tuak_check(&functions->keys.tuak) : GBAU_E_ARGUMENT;
}

static enum gbau_status tuak_mac(struct crypto *crypto, const struct aka_functions *functions, enum mac_kind kind,
                                 const struct aka_rand *rand, aka_sqn sqn, const struct aka_amf *amf,
                                 struct aka_mac *mac)
{
    uint8_t octets[TUAK_OUTPUT_MAX];
    (void)crypto;
    if (kind == MAC_A) {
        tuak_f1(&functions->keys.tuak, rand, sqn, amf, octets);
    } else {
        tuak_f1star(&functions->keys.tuak, rand, sqn, amf, octets);
    }
    memcpy(mac->octets, octets, AKA_MAC_SIZE);
    secret_wipe(octets, sizeof octets);
    return GBAU_OK;
}

static enum gbau_status tuak_keys(struct crypto *crypto, const struct aka_functions *functions,
                                  const struct aka_rand *rand, struct aka_f2345 *out)
{
    struct tuak_f2345 keys;
    (void)crypto;
    tuak_f2345(&functions->keys.tuak, rand, &keys);
    out->res.length = functions->keys.tuak.sizes.res;
    memcpy(out->res.octets, keys.res, out->res.length);
    memcpy(out->ck.octets, keys.ck, AKA_CK_SIZE);
    memcpy(out->ik.octets, keys.ik, AKA_IK_SIZE);
    out->ak = keys.ak;
    secret_wipe(&keys, sizeof keys);
    return GBAU_OK;
}

static enum gbau_status tuak_resync_ak(struct crypto *crypto, const struct aka_functions *functions,
                                       const struct aka_rand *rand, struct aka_ak *ak)
{
    (void)crypto;
    tuak_f5star(&functions->keys.tuak, rand, ak);
    return GBAU_OK;
}

/* XOR (TS 34.108 8.1.2, [M]): XDOUT = K xor RAND; all the rest is cut out of it. */

enum { XOR_CK_AT = 1, XOR_IK_AT = 2, XOR_AK_AT = 3 };

static void xor_output(const struct aka_functions *functions, const struct aka_rand *rand, uint8_t xdout[AKA_K_SIZE])
{
    for (size_t i = 0; i < AKA_K_SIZE; i++) {
        xdout[i] = functions->keys.xor_k.octets[i] ^ rand->octets[i];
    }
}

static enum gbau_status xor_check(const struct aka_functions *functions)
{
    (void)functions;
    return GBAU_OK;
}

/* XMAC = XDOUT xor (SQN || AMF); MAC-S is made alike. */
static enum gbau_status xor_mac(struct crypto *crypto, const struct aka_functions *functions, enum mac_kind kind,
                                const struct aka_rand *rand, aka_sqn sqn, const struct aka_amf *amf,
                                struct aka_mac *mac)
{
    uint8_t xdout[AKA_K_SIZE];
    struct octet_writer cdout = octet_writer_of(mac->octets, AKA_MAC_SIZE);
    (void)crypto;
    (void)kind;
    xor_output(functions, rand, xdout);
    octet_writer_u48(&cdout, sqn);
    octet_writer_put(&cdout, amf->octets, AKA_AMF_SIZE);
    for (size_t i = 0; i < AKA_MAC_SIZE; i++) {
        mac->octets[i] ^= xdout[i];
    }
    secret_wipe(xdout, sizeof xdout);
    return octet_writer_end(&cdout);
}

static enum gbau_status xor_keys(struct crypto *crypto, const struct aka_functions *functions,
                                 const struct aka_rand *rand, struct aka_f2345 *out)
{
    uint8_t xdout[AKA_K_SIZE];
    (void)crypto;
    xor_output(functions, rand, xdout);
    out->res.length = AKA_RES_MAX_SIZE;
    memcpy(out->res.octets, xdout, AKA_RES_MAX_SIZE);
    memcpy(out->ak.octets, xdout + XOR_AK_AT, AKA_AK_SIZE);
    for (size_t i = 0; i < AKA_CK_SIZE; i++) {
        out->ck.octets[i] = xdout[(i + XOR_CK_AT) % AKA_K_SIZE];
        out->ik.octets[i] = xdout[(i + XOR_IK_AT) % AKA_K_SIZE];
    }
    secret_wipe(xdout, sizeof xdout);
    return GBAU_OK;
}

static enum gbau_status xor_resync_ak(struct crypto *crypto, const struct aka_functions *functions,
                                      const struct aka_rand *rand, struct aka_ak *ak)
{
    uint8_t xdout[AKA_K_SIZE];
    (void)crypto;
    xor_output(functions, rand, xdout);
    memcpy(ak->octets, xdout + XOR_AK_AT, AKA_AK_SIZE);
    secret_wipe(xdout, sizeof xdout);
    return GBAU_OK;
}

static const struct algorithm_row rows[] = {
    [AKA_ALGORITHM_MILENAGE] = {milenage_check, milenage_mac, milenage_keys, milenage_resync_ak},
    [AKA_ALGORITHM_TUAK] = {tuak_check_for_aka, tuak_mac, tuak_keys, tuak_resync_ak},
    [AKA_ALGORITHM_XOR] = {xor_check, xor_mac, xor_keys, xor_resync_ak},
};

struct aka_functions aka_functions_of_milenage(const struct aka_k *k, const struct aka_opc *opc)
{
    return (struct aka_functions){
        .algorithm = AKA_ALGORITHM_MILENAGE,
        .keys.milenage = {.k = *k, .opc = *opc, .constants = &milenage_default_constants},
    };
}

enum gbau_status aka_functions_check(const struct aka_functions *functions)
{
    if (functions->algorithm < AKA_ALGORITHM_MILENAGE || functions->algorithm > AKA_ALGORITHM_XOR) {
        return GBAU_E_ARGUMENT;
    }
    return rows[functions->algorithm].check(functions);
}

enum gbau_status aka_f1(struct crypto *crypto, const struct aka_functions *functions, const struct aka_rand *rand,
                        aka_sqn sqn, const struct aka_amf *amf, struct aka_mac *mac_a)
{
    return rows[functions->algorithm].mac(crypto, functions, MAC_A, rand, sqn, amf, mac_a);
}

enum gbau_status aka_f1star(struct crypto *crypto, const struct aka_functions *functions, const struct aka_rand *rand,
                            aka_sqn sqn, const struct aka_amf *amf, struct aka_mac *mac_s)
{
    return rows[functions->algorithm].mac(crypto, functions, MAC_S, rand, sqn, amf, mac_s);
}

enum gbau_status aka_f2345(struct crypto *crypto, const struct aka_functions *functions, const struct aka_rand *rand,
                           struct aka_f2345 *out)
{
    return rows[functions->algorithm].f2345(crypto, functions, rand, out);
}

static enum gbau_status check_milenage(struct crypto *crypto, const struct aka_functions *functions,
                                       const struct aka_rand *rand, const uint8_t concealed_sqn[AKA_AK_SIZE],
                                       const struct aka_amf *amf, struct aka_f2345 *out, aka_sqn *sqn,
                                       struct aka_mac *mac_a)
{
    struct milenage_f2345 keys = {0};
    enum gbau_status status =
        milenage_challenge(crypto, &functions->keys.milenage, rand, concealed_sqn, amf, &keys, sqn, mac_a);
    take_milenage(&keys, out);
    return status;
}

enum gbau_status aka_challenge(struct crypto *crypto, const struct aka_functions *functions,
                                     const struct aka_rand *rand, const uint8_t concealed_sqn[AKA_AK_SIZE],
                                     const struct aka_amf *amf, struct aka_f2345 *out, aka_sqn *sqn,
                                     struct aka_mac *mac_a)
{
    if (functions->algorithm == AKA_ALGORITHM_MILENAGE) {
        return check_milenage(crypto, functions, rand, concealed_sqn, amf, out, sqn, mac_a);
    }
    enum gbau_status status = aka_f2345(crypto, functions, rand, out);
    if (status != GBAU_OK) {
        return status;
    }
    *sqn = aka_reveal_sqn(concealed_sqn, &out->ak);
    return aka_f1(crypto, functions, rand, *sqn, amf, mac_a);
}

enum gbau_status aka_f5star(struct crypto *crypto, const struct aka_functions *functions, const struct aka_rand *rand,
                            struct aka_ak *ak)
{
    return rows[functions->algorithm].f5star(crypto, functions, rand, ak);
}

void aka_functions_clear(struct aka_functions *functions)
{
    secret_wipe(functions, sizeof *functions);
}
