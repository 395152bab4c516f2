/* aka_vector.c: authentication vectors and resynchronisation on the network's side. */
#include "key/aka_vector.h"

#include <string.h>

#include "base/secret.h"

enum gbau_status aka_vector_make(struct crypto *crypto, const struct milenage *milenage, aka_sqn sqn,
                                 const struct aka_amf *amf, struct aka_vector *vector)
{
    struct aka_mac mac;
    struct milenage_f2345 keys;
    enum gbau_status status = milenage_vector(crypto, milenage, &vector->rand, sqn, amf, &mac, &keys);
    if (status == GBAU_OK) {
        struct octet_writer autn = octet_writer_of(vector->autn.octets, AKA_AUTN_SIZE);
        octet_writer_u48(&autn, sqn);
        octet_writer_put(&autn, amf->octets, AKA_AMF_SIZE);
        octet_writer_put(&autn, mac.octets, AKA_MAC_SIZE);
        for (size_t i = 0; i < AKA_AK_SIZE; i++) {
            vector->autn.octets[i] ^= keys.ak.octets[i];
        }
        vector->xres.length = sizeof keys.res;
        memcpy(vector->xres.octets, keys.res, sizeof keys.res);
        vector->ck = keys.ck;
        vector->ik = keys.ik;
    }
    secret_wipe(&keys, sizeof keys);
    return status;
}

enum gbau_status aka_read_auts(struct crypto *crypto, const struct milenage *milenage, const struct aka_rand *rand,
                               const struct aka_auts *auts, aka_sqn *sqn_ms)
{
    static const struct aka_amf no_amf;
    struct aka_ak ak;
    struct aka_mac expected;
    uint8_t revealed[AKA_AK_SIZE];
    enum gbau_status status = milenage_f5star(crypto, milenage, rand, &ak);
    if (status != GBAU_OK) {
        return status;
    }
    for (size_t i = 0; i < AKA_AK_SIZE; i++) {
        revealed[i] = auts->octets[i] ^ ak.octets[i];
    }
    secret_wipe(&ak, sizeof ak);
    struct octet_reader reader = octet_reader_of(octets_of(revealed, sizeof revealed));
    *sqn_ms = octet_reader_u48(&reader);
    status = milenage_f1(crypto, milenage, rand, *sqn_ms, &no_amf, NULL, &expected);
    if (status == GBAU_OK && !secret_equal(expected.octets, auts->octets + AKA_AK_SIZE, AKA_MAC_SIZE)) {
        status = GBAU_E_AUTHENTICATION;
    }
    secret_wipe(&expected, sizeof expected);
    return status;
}
