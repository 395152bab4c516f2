/* milenage.c: Milenage (TS 35.206 clause 4.1) on the block cipher of the table. */
#include "crypto/milenage.h"

#include <string.h>

#include "base/secret.h"

enum output { OUT1, OUT2, OUT3, OUT4, OUT5 };

const struct milenage_constants milenage_default_constants = {
    .rotation = {64, 0, 32, 64, 96},
    .constant = {[OUT2] = {[15] = 1}, [OUT3] = {[15] = 2}, [OUT4] = {[15] = 4}, [OUT5] = {[15] = 8}},
};

static void xor_block(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
    for (size_t i = 0; i < AES_BLOCK_SIZE; i++) {
        out[i] = a[i] ^ b[i];
    }
}

/* out = rot(in, r) xor c: the rotation goes towards the most significant octet. */
static void rotate_and_add(const struct milenage *milenage, enum output which, const uint8_t *in, uint8_t *out)
{
    size_t shift = milenage->constants->rotation[which] / 8U;
    const uint8_t *constant = milenage->constants->constant[which];
    for (size_t i = 0; i < AES_BLOCK_SIZE; i++) {
        out[i] = in[(i + shift) % AES_BLOCK_SIZE] ^ constant[i];
    }
}

/* TEMP = E_K(RAND xor OPc), and loads the key for what follows. */
static enum gbau_status compute_temp(struct crypto *crypto, const struct milenage *milenage,
                                     const struct aka_rand *rand, uint8_t temp[AES_BLOCK_SIZE])
{
    enum gbau_status status = crypto_block_set_key(crypto, BLOCK_AES128, BLOCK_ENCRYPT, milenage->k.octets);
    if (status != GBAU_OK) {
        return status;
    }
    xor_block(temp, rand->octets, milenage->opc.octets);
    return crypto_block_run(crypto, BLOCK_AES128, BLOCK_ENCRYPT, temp, temp, 1);
}

/* The cipher input of OUT1: TEMP xor rot(IN1 xor OPc, r1) xor c1, IN1 = SQN || AMF || SQN || AMF. */
static void prepare_out1(const struct milenage *milenage, const uint8_t *temp, aka_sqn sqn, const struct aka_amf *amf,
                         uint8_t *block)
{
    uint8_t in1[AES_BLOCK_SIZE];
    for (size_t i = 0; i < 6; i++) {
        in1[i] = in1[i + 8] = (uint8_t)(sqn >> (8 * (5 - i)));
    }
    memcpy(in1 + 6, amf->octets, AKA_AMF_SIZE);
    memcpy(in1 + 14, amf->octets, AKA_AMF_SIZE);
    xor_block(in1, in1, milenage->opc.octets);
    rotate_and_add(milenage, OUT1, in1, block);
    xor_block(block, block, temp);
}

/* The cipher input of OUT2 to OUT5: rot(TEMP xor OPc, r) xor c. */
static void prepare_out(const struct milenage *milenage, enum output which, const uint8_t *temp_xor_opc, uint8_t *block)
{
    rotate_and_add(milenage, which, temp_xor_opc, block);
}

static void split_f2345(const struct milenage *milenage, uint8_t blocks[3][AES_BLOCK_SIZE], struct milenage_f2345 *out)
{
    for (size_t i = 0; i < 3; i++) {
        xor_block(blocks[i], blocks[i], milenage->opc.octets);
    }
    memcpy(out->ak.octets, blocks[0], AKA_AK_SIZE);
    memcpy(out->res, blocks[0] + 8, sizeof out->res);
    memcpy(out->ck.octets, blocks[1], AKA_CK_SIZE);
    memcpy(out->ik.octets, blocks[2], AKA_IK_SIZE);
}

static void split_f1(const struct milenage *milenage, uint8_t block[AES_BLOCK_SIZE], struct aka_mac *mac_a,
                     struct aka_mac *mac_s)
{
    xor_block(block, block, milenage->opc.octets);
    if (mac_a != NULL) {
        memcpy(mac_a->octets, block, AKA_MAC_SIZE);
    }
    if (mac_s != NULL) {
        memcpy(mac_s->octets, block + AKA_MAC_SIZE, AKA_MAC_SIZE);
    }
}

enum gbau_status milenage_compute_opc(struct crypto *crypto, const struct aka_k *k, const uint8_t op[AKA_OPC_SIZE],
                                      struct aka_opc *opc)
{
    enum gbau_status status = crypto_block_set_key(crypto, BLOCK_AES128, BLOCK_ENCRYPT, k->octets);
    if (status != GBAU_OK) {
        return status;
    }
    status = crypto_block_run(crypto, BLOCK_AES128, BLOCK_ENCRYPT, op, opc->octets, 1);
    xor_block(opc->octets, opc->octets, op);
    return status;
}

enum gbau_status milenage_f1(struct crypto *crypto, const struct milenage *milenage, const struct aka_rand *rand,
                             aka_sqn sqn, const struct aka_amf *amf, struct aka_mac *mac_a, struct aka_mac *mac_s)
{
    uint8_t temp[AES_BLOCK_SIZE];
    uint8_t block[AES_BLOCK_SIZE];
    enum gbau_status status = compute_temp(crypto, milenage, rand, temp);
    if (status == GBAU_OK) {
        prepare_out1(milenage, temp, sqn, amf, block);
        status = crypto_block_run(crypto, BLOCK_AES128, BLOCK_ENCRYPT, block, block, 1);
    }
    if (status == GBAU_OK) {
        split_f1(milenage, block, mac_a, mac_s);
    }
    secret_wipe(temp, sizeof temp);
    secret_wipe(block, sizeof block);
    return status;
}

enum gbau_status milenage_f2345(struct crypto *crypto, const struct milenage *milenage, const struct aka_rand *rand,
                                struct milenage_f2345 *out)
{
    uint8_t temp[AES_BLOCK_SIZE];
    uint8_t blocks[3][AES_BLOCK_SIZE];
    enum gbau_status status = compute_temp(crypto, milenage, rand, temp);
    if (status == GBAU_OK) {
        xor_block(temp, temp, milenage->opc.octets);
        prepare_out(milenage, OUT2, temp, blocks[0]);
        prepare_out(milenage, OUT3, temp, blocks[1]);
        prepare_out(milenage, OUT4, temp, blocks[2]);
        status = crypto_block_run(crypto, BLOCK_AES128, BLOCK_ENCRYPT, blocks[0], blocks[0], 3);
    }
    if (status == GBAU_OK) {
        split_f2345(milenage, blocks, out);
    }
    secret_wipe(temp, sizeof temp);
    secret_wipe(blocks, sizeof blocks);
    return status;
}

enum gbau_status milenage_f5star(struct crypto *crypto, const struct milenage *milenage, const struct aka_rand *rand,
                                 struct aka_ak *ak)
{
    uint8_t temp[AES_BLOCK_SIZE];
    uint8_t block[AES_BLOCK_SIZE];
    enum gbau_status status = compute_temp(crypto, milenage, rand, temp);
    if (status == GBAU_OK) {
        xor_block(temp, temp, milenage->opc.octets);
        prepare_out(milenage, OUT5, temp, block);
        status = crypto_block_run(crypto, BLOCK_AES128, BLOCK_ENCRYPT, block, block, 1);
    }
    if (status == GBAU_OK) {
        xor_block(block, block, milenage->opc.octets);
        memcpy(ak->octets, block, AKA_AK_SIZE);
    }
    secret_wipe(temp, sizeof temp);
    secret_wipe(block, sizeof block);
    return status;
}

enum gbau_status milenage_vector(struct crypto *crypto, const struct milenage *milenage, const struct aka_rand *rand,
                                 aka_sqn sqn, const struct aka_amf *amf, struct aka_mac *mac_a,
                                 struct milenage_f2345 *out)
{
    uint8_t temp[AES_BLOCK_SIZE];
    uint8_t blocks[4][AES_BLOCK_SIZE];
    enum gbau_status status = compute_temp(crypto, milenage, rand, temp);
    if (status == GBAU_OK) {
        prepare_out1(milenage, temp, sqn, amf, blocks[0]);
        xor_block(temp, temp, milenage->opc.octets);
        prepare_out(milenage, OUT2, temp, blocks[1]);
        prepare_out(milenage, OUT3, temp, blocks[2]);
        prepare_out(milenage, OUT4, temp, blocks[3]);
        status = crypto_block_run(crypto, BLOCK_AES128, BLOCK_ENCRYPT, blocks[0], blocks[0], 4);
    }
    if (status == GBAU_OK) {
        split_f1(milenage, blocks[0], mac_a, NULL);
        split_f2345(milenage, blocks + 1, out);
    }
    secret_wipe(temp, sizeof temp);
    secret_wipe(blocks, sizeof blocks);
    return status;
}

void milenage_clear(struct milenage *milenage)
{
    secret_wipe(milenage, sizeof *milenage);
}
