/* aka_keys.c: keys of an application, read and written. */
#include "uicc/aka_keys.h"

#include <string.h>

static void write_constants(struct octet_writer *writer, const struct milenage_constants *constants)
{
    octet_writer_u8(writer, memcmp(constants, &milenage_default_constants, sizeof *constants) != 0 ? 1 : 0);
    octet_writer_put(writer, constants->rotation, sizeof constants->rotation);
    octet_writer_put(writer, constants->constant, sizeof constants->constant);
}

static void write_milenage(struct octet_writer *writer, const struct aka_functions *functions)
{
    const struct milenage *milenage = &functions->keys.milenage;
    octet_writer_put(writer, milenage->k.octets, AKA_K_SIZE);
    octet_writer_put(writer, milenage->opc.octets, AKA_OPC_SIZE);
    write_constants(writer, milenage->constants);
}

static enum gbau_status read_milenage(struct octet_reader *reader, struct aka_keys *keys)
{
    struct milenage *milenage = &keys->functions.keys.milenage;
    octet_reader_copy(reader, milenage->k.octets, AKA_K_SIZE);
    octet_reader_copy(reader, milenage->opc.octets, AKA_OPC_SIZE);
    milenage->constants = &milenage_default_constants;
    if (octet_reader_u8(reader) == 0) { /* nearly every card's case: nothing to copy */
        return reader->failed ? GBAU_E_CORRUPT : GBAU_OK;
    }
    octet_reader_copy(reader, keys->constants.rotation, sizeof keys->constants.rotation);
    octet_reader_copy(reader, keys->constants.constant, sizeof keys->constants.constant);
    milenage->constants = &keys->constants;
    return octet_reader_end(reader) == GBAU_OK ? GBAU_OK : GBAU_E_CORRUPT;
}

static void write_tuak(struct octet_writer *writer, const struct aka_functions *functions)
{
    const struct tuak *tuak = &functions->keys.tuak;
    octet_writer_u8(writer, (uint8_t)tuak->sizes.k);
    octet_writer_u8(writer, (uint8_t)tuak->sizes.res);
    octet_writer_u8(writer, (uint8_t)tuak->iterations);
    octet_writer_put(writer, tuak->k, TUAK_K_MAX);
    octet_writer_put(writer, tuak->topc, TUAK_TOPC_SIZE);
}

static enum gbau_status read_tuak(struct octet_reader *reader, struct aka_keys *keys)
{
    struct tuak *tuak = &keys->functions.keys.tuak;
    tuak->sizes = (struct tuak_sizes){.mac = AKA_MAC_SIZE, .ck = AKA_CK_SIZE, .ik = AKA_IK_SIZE};
    tuak->sizes.k = octet_reader_u8(reader);
    tuak->sizes.res = octet_reader_u8(reader);
    tuak->iterations = octet_reader_u8(reader);
    octet_reader_copy(reader, tuak->k, TUAK_K_MAX);
    octet_reader_copy(reader, tuak->topc, TUAK_TOPC_SIZE);
    return octet_reader_end(reader) == GBAU_OK ? GBAU_OK : GBAU_E_CORRUPT;
}

static void write_xor(struct octet_writer *writer, const struct aka_functions *functions)
{
    octet_writer_put(writer, functions->keys.xor_k.octets, AKA_K_SIZE);
}

static enum gbau_status read_xor(struct octet_reader *reader, struct aka_keys *keys)
{
    octet_reader_copy(reader, keys->functions.keys.xor_k.octets, AKA_K_SIZE);
    return octet_reader_end(reader) == GBAU_OK ? GBAU_OK : GBAU_E_CORRUPT;
}

struct coding {
    size_t size;
    void (*write)(struct octet_writer *writer, const struct aka_functions *functions);
    enum gbau_status (*read)(struct octet_reader *reader, struct aka_keys *keys);
};

static const struct coding codings[] = {
    [AKA_ALGORITHM_MILENAGE] = {AKA_KEYS_MILENAGE_SIZE, write_milenage, read_milenage},
    [AKA_ALGORITHM_TUAK] = {AKA_KEYS_TUAK_SIZE, write_tuak, read_tuak},
    [AKA_ALGORITHM_XOR] = {AKA_K_SIZE, write_xor, read_xor},
};

static bool is_known(enum aka_algorithm algorithm)
{
    return algorithm >= AKA_ALGORITHM_MILENAGE && algorithm <= AKA_ALGORITHM_XOR;
}

size_t aka_keys_size(enum aka_algorithm algorithm)
{
    return is_known(algorithm) ? codings[algorithm].size : 0;
}

void aka_keys_write(struct octet_writer *writer, const struct aka_functions *functions)
{
    codings[functions->algorithm].write(writer, functions);
}

enum gbau_status aka_keys_read(struct octets octets, enum aka_algorithm algorithm, struct aka_keys *keys)
{
    if (!is_known(algorithm)) {
        return GBAU_E_CORRUPT;
    }
    struct octet_reader reader = octet_reader_of(octets);
    keys->functions.algorithm = algorithm;
    enum gbau_status status = codings[algorithm].read(&reader, keys);
    return status == GBAU_OK && aka_functions_check(&keys->functions) != GBAU_OK ? GBAU_E_CORRUPT : status;
}
