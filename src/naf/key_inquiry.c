/* key_inquiry.c: BIR and BIA of a NAF. */
#include "naf/key_inquiry.h"

#include <string.h>

#include "codec/gba_avp.h"

void key_inquiry_write(struct octet_writer *writer, const char *fqdn, const uint8_t ua[NAF_ID_UA_SIZE],
                       const char *b_tid)
{
    uint8_t naf_id[NAF_FQDN_SIZE + NAF_ID_UA_SIZE];
    struct octet_writer naf_id_writer = octet_writer_of(naf_id, sizeof naf_id);
    octet_writer_put_text(&naf_id_writer, fqdn);
    octet_writer_put(&naf_id_writer, ua, NAF_ID_UA_SIZE);
    const struct gba_bir bir = {
        .b_tid = octets_of_text(b_tid),
        .naf_id = octets_written(&naf_id_writer),
        .gba_u_aware = true,
    };
    gba_write_bir(writer, &bir);
    writer->failed = writer->failed || naf_id_writer.failed;
}

bool key_inquiry_name_is_plain(const char *name)
{
    for (; *name != '\0'; name++) {
        if ((unsigned char)*name < 0x20 || *name == '"' || *name == '\\' || (unsigned char)*name >= 0x7f) {
            return false;
        }
    }
    return true;
}

static enum gbau_status take_keys(const struct gba_bia *bia, unix_time now, struct naf_keys *keys)
{
    memcpy(keys->ext_key.octets, bia->me_key_material.data, NAF_KEY_SIZE);
    keys->has_int_key = bia->uicc_key_material.length == NAF_KEY_SIZE;
    if (keys->has_int_key) {
        memcpy(keys->int_key.octets, bia->uicc_key_material.data, NAF_KEY_SIZE);
    }
    keys->expires = bia->key_expiry == 0 ? now : clock_from_ntp(bia->key_expiry);
    const bool impi_is_plain =
        octets_to_text(bia->impi, keys->impi, sizeof keys->impi) == GBAU_OK && key_inquiry_name_is_plain(keys->impi);
    return impi_is_plain ? GBAU_OK : GBAU_E_PROTOCOL;
}

enum gbau_status key_inquiry_read(struct octets bia_octets, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE],
                                  unix_time now, struct naf_keys *keys, uint32_t *result)
{
    struct gba_bia bia = {0};
    *keys = (struct naf_keys){0};
    *result = 0;
    if (gba_read_bia(bia_octets, &bia) != GBAU_OK || strlen(b_tid) >= sizeof keys->b_tid) {
        return GBAU_E_PROTOCOL;
    }
    *result = bia.result;
    if (bia.result != GBA_RESULT_SUCCESS) {
        return GBAU_OK;
    }
    memcpy(keys->b_tid, b_tid, strlen(b_tid) + 1);
    memcpy(keys->ua, ua, NAF_ID_UA_SIZE);
    return take_keys(&bia, now, keys);
}
