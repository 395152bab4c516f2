/* gba_keys.c: Ks and the NAF keys of GBA (TS 33.220 annex B and clause 5.3). */
#include "key/gba_keys.h"

#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "crypto/kdf.h"

#define KDF_FC_GBA  0x01 /* 33.220 B.3 */
#define TMPI_SUFFIX "@tmpi.bsf.3gppnetwork.org"

enum { TMPI_KEY_OCTETS = 24 };

void ks_from_ck_ik(struct ks *ks, const struct aka_ck *ck, const struct aka_ik *ik)
{
    memcpy(ks->octets, ck->octets, AKA_CK_SIZE);
    memcpy(ks->octets + AKA_CK_SIZE, ik->octets, AKA_IK_SIZE);
}

enum gbau_status gba_u_mask_mac(struct crypto *crypto, const struct aka_ik *ik, uint8_t mac[AKA_MAC_SIZE])
{
    uint8_t digest[SHA1_SIZE];
    struct octets part = octets_of(ik->octets, AKA_IK_SIZE);
    enum gbau_status status = crypto_digest(crypto, DIGEST_SHA1, &part, 1, digest);
    if (status == GBAU_OK) {
        for (size_t i = 0; i < AKA_MAC_SIZE; i++) {
            mac[i] ^= digest[i];
        }
    }
    secret_wipe(digest, sizeof digest);
    return status;
}

void gba_u_flip_res(struct aka_res *res)
{
    if (res->length > 0) {
        res->octets[res->length - 1] ^= 0x01;
    }
}

static enum gbau_status derive_naf_key(struct crypto *crypto, const char *p0, const struct ks *ks,
                                       const struct aka_rand *rand, struct octets impi, struct octets naf_id,
                                       uint8_t key[NAF_KEY_SIZE])
{
    const struct octets parameters[] = {octets_of_text(p0), octets_of(rand->octets, AKA_RAND_SIZE), impi, naf_id};
    return kdf_derive(crypto, octets_of(ks->octets, AKA_KS_SIZE), KDF_FC_GBA, parameters, 4, key);
}

enum gbau_status gba_derive_ks_ext_naf(struct crypto *crypto, const struct ks *ks, const struct aka_rand *rand,
                                       struct octets impi, struct octets naf_id, struct ks_ext_naf *key)
{
    return derive_naf_key(crypto, "gba-me", ks, rand, impi, naf_id, key->octets);
}

enum gbau_status gba_derive_ks_int_naf(struct crypto *crypto, const struct ks *ks, const struct aka_rand *rand,
                                       struct octets impi, struct octets naf_id, struct ks_int_naf *key)
{
    return derive_naf_key(crypto, "gba-u", ks, rand, impi, naf_id, key->octets);
}

enum gbau_status gba_tmpi_of(const struct ks_ext_naf *key, char *tmpi, size_t capacity)
{
    enum gbau_status status = base64_encode(octets_of(key->octets, TMPI_KEY_OCTETS), tmpi, capacity);
    if (status != GBAU_OK) {
        return status;
    }
    size_t length = BASE64_LENGTH(TMPI_KEY_OCTETS);
    if (capacity - length < sizeof TMPI_SUFFIX) {
        return GBAU_E_SPACE;
    }
    memcpy(tmpi + length, TMPI_SUFFIX, sizeof TMPI_SUFFIX);
    return GBAU_OK;
}

void gba_write_bsf_id(struct octet_writer *writer, struct octets bsf_fqdn)
{
    static const uint8_t tmpi_protocol[NAF_ID_UA_SIZE] = {0x01, 0x00, 0x00, 0x01, 0x00};
    octet_writer_put_octets(writer, bsf_fqdn);
    octet_writer_put(writer, tmpi_protocol, sizeof tmpi_protocol);
}

bool gba_username_is_tmpi(struct octets username)
{
    const struct octets suffix = octets_of_text(TMPI_SUFFIX);
    return username.length == TMPI_LENGTH &&
           octets_equal(octets_of(username.data + username.length - suffix.length, suffix.length), suffix);
}
