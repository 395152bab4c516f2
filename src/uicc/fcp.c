/* fcp.c: file control parameters (TS 102 221 11.1.1.3), in the order in which cards give them. */
#include "uicc/fcp.h"

#include "codec/ber_tlv.h"
#include "uicc/card_heap.h"
#include "uicc/pin.h"

enum {
    TAG_FCP = 0x62,
    TAG_DESCRIPTOR = 0x82,
    TAG_FID = 0x83,
    TAG_AID = 0x84,
    TAG_PROPRIETARY = 0xa5,
    TAG_LIFE_CYCLE = 0x8a,
    TAG_SECURITY_REFERENCED = 0x8b,
    TAG_PIN_STATUS = 0xc6,
    TAG_FILE_SIZE = 0x80,
    TAG_SFI = 0x88,
    CODING_DIRECTORY_OR_TRANSPARENT = 0x21, /* data coding octet of the descriptor */
    LIFE_CYCLE_ACTIVATED = 0x05,
    CONTENT_MAX = 120
};

static void write_descriptor(struct octet_writer *writer, const struct card_file *file)
{
    if (file->record_count == 0) {
        ber_tlv_write_head(writer, TAG_DESCRIPTOR, 2);
        octet_writer_u8(writer, (uint8_t)file->kind);
        octet_writer_u8(writer, CODING_DIRECTORY_OR_TRANSPARENT);
        return;
    }
    ber_tlv_write_head(writer, TAG_DESCRIPTOR, 5);
    octet_writer_u8(writer, (uint8_t)file->kind);
    octet_writer_u8(writer, CODING_DIRECTORY_OR_TRANSPARENT);
    octet_writer_u16(writer, file->record_length);
    octet_writer_u8(writer, file->record_count);
}

static void write_identity(struct octet_writer *writer, const struct uicc *uicc, const struct card_file *file)
{
    if (file->application == CARD_NO_INDEX) {
        ber_tlv_write_head(writer, TAG_FID, 2);
        octet_writer_u16(writer, file->fid);
        return;
    }
    const struct card_application application = card_layout_application(&uicc->layout, file->application);
    ber_tlv_write(writer, TAG_AID, octets_of(application.aid, application.aid_length));
}

/* UICC characteristics: clock stop allowed, all voltage classes; the memory that files can still be made of; TERMINAL
 * CAPABILITY is understood (TS 102 221 11.1.1.4.6). */
static void write_characteristics(struct octet_writer *writer, const struct uicc *uicc)
{
    static const uint8_t characteristics[] = {0x80, 0x01, 0x71, 0x83, 0x04};
    static const uint8_t supported_commands[] = {0x87, 0x01, 0x01};
    ber_tlv_write_head(writer, TAG_PROPRIETARY, sizeof characteristics + 4 + sizeof supported_commands);
    octet_writer_put(writer, characteristics, sizeof characteristics);
    octet_writer_u32(writer, card_heap_free(&uicc->layout));
    octet_writer_put(writer, supported_commands, sizeof supported_commands);
}

/* Where the rule stands: FID of the EF_ARR and the record in it. */
static void write_security(struct octet_writer *writer, const struct uicc *uicc, const struct card_file *file)
{
    ber_tlv_write_head(writer, TAG_SECURITY_REFERENCED, 3);
    octet_writer_u16(writer, card_layout_file(&uicc->layout, file->arr_file).fid);
    octet_writer_u8(writer, file->arr_record);
}

/* PS_DO with one bit for each key reference, the first one in b8, then the key references ([M] 9.5.2). */
static void write_pin_status(struct octet_writer *writer, const struct uicc *uicc)
{
    uint8_t octets[3 + 3 * CARD_MAX_PINS];
    uint8_t enabled = 0;
    struct octet_writer status = octet_writer_of(octets, sizeof octets);
    uint8_t *mask = octet_writer_reserve(&status, 3);
    uint8_t bit = 0x80;
    for (uint8_t i = 0; i < uicc->layout.pin_count; i++) {
        const uint8_t reference = card_layout_pin(&uicc->layout, i).key_reference;
        bool administrative = (reference & 0x7f) >= 0x0a && (reference & 0x7f) <= 0x0e;
        if (administrative) {
            continue;
        }
        enabled |= pin_is_enabled(uicc, i) ? bit : 0;
        bit >>= 1;
        ber_tlv_write(&status, TAG_FID, octets_of(&reference, 1)); /* 83: key reference in this template */
    }
    mask[0] = 0x90;
    mask[1] = 1;
    mask[2] = enabled;
    ber_tlv_write(writer, TAG_PIN_STATUS, octets_written(&status));
}

static void write_content(struct octet_writer *writer, const struct uicc *uicc, uint8_t index)
{
    const struct card_file file = card_layout_file(&uicc->layout, index);
    const uint8_t life_cycle = (uint8_t)file.state;
    write_descriptor(writer, &file);
    write_identity(writer, uicc, &file);
    if (index == CARD_MF_INDEX) {
        write_characteristics(writer, uicc);
    }
    ber_tlv_write(writer, TAG_LIFE_CYCLE, octets_of(&life_cycle, 1));
    write_security(writer, uicc, &file);
    if (file.kind == FILE_KIND_DF) {
        write_pin_status(writer, uicc);
        return;
    }
    ber_tlv_write_head(writer, TAG_FILE_SIZE, 2);
    octet_writer_u16(writer, file.size);
    ber_tlv_write_head(writer, TAG_SFI, file.sfi == 0 ? 0 : 1);
    if (file.sfi != 0) {
        octet_writer_u8(writer, (uint8_t)(file.sfi << 3));
    }
}

void fcp_write(struct octet_writer *writer, const struct uicc *uicc, uint8_t file)
{
    uint8_t octets[CONTENT_MAX];
    struct octet_writer content = octet_writer_of(octets, sizeof octets);
    write_content(&content, uicc, file);
    writer->failed = writer->failed || content.failed;
    ber_tlv_write(writer, TAG_FCP, octets_written(&content));
}

void fcp_write_applet(struct octet_writer *writer, const struct card_application *application)
{
    ber_tlv_write_head(writer, TAG_FCP, (size_t)2 + application->aid_length + 3);
    ber_tlv_write(writer, TAG_AID, octets_of(application->aid, application->aid_length));
    ber_tlv_write_head(writer, TAG_LIFE_CYCLE, 1);
    octet_writer_u8(writer, LIFE_CYCLE_ACTIVATED);
}
