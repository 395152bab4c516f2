/* model_coding.c: the model's commands as APDUs. */
#include <string.h>

#include "model_generator.h"

static uint8_t class_of(const struct model_action *action)
{
    static const uint8_t proprietary[] = {MODEL_INCREASE, MODEL_RETRIEVE_DATA, MODEL_SET_DATA,
                                          MODEL_RESIZE,   MODEL_STATUS,        MODEL_SUSPEND};
    const bool is_proprietary = memchr(proprietary, (int)action->command, sizeof proprietary) != NULL;
    const unsigned base = is_proprietary ? 0x80 : 0x00;
    return (uint8_t)(action->channel < 4 ? base | (unsigned)action->channel
                                         : base | 0x40U | (unsigned)(action->channel - 4));
}

static void encode_parameters(const struct model_action *action, uint8_t *p1, uint8_t *p2)
{
    *p1 = action->p1;
    *p2 = action->p2;
    switch (action->command) {
    case MODEL_READ_BINARY:
    case MODEL_UPDATE_BINARY:
        *p1 = (uint8_t)(action->sfi != 0 ? 0x80U | action->sfi : action->offset >> 8);
        *p2 = (uint8_t)action->offset;
        break;
    case MODEL_READ_RECORD:
    case MODEL_UPDATE_RECORD:
    case MODEL_SEARCH_RECORD:
        *p2 = (uint8_t)(action->sfi << 3 | action->p2);
        break;
    case MODEL_INCREASE:
        *p1 = action->sfi != 0 ? 0x80 | action->sfi : 0;
        break;
    case MODEL_RETRIEVE_DATA:
    case MODEL_SET_DATA:
        *p1 = action->sfi;
        break;
    default:
        break;
    }
}

static void write_new_file(struct octet_writer *writer, const struct model_file *new)
{
    static const uint8_t kinds[] = {0x78, 0x41, 0x42, 0x46, 0x79};
    uint8_t content[40];
    struct octet_writer fcp = octet_writer_of(content, sizeof content);
    octet_writer_u8(&fcp, 0x82);
    octet_writer_u8(&fcp, new->record_length == 0 ? 2 : 4);
    octet_writer_u8(&fcp, kinds[new->kind]);
    octet_writer_u8(&fcp, 0x21);
    if (new->record_length != 0) {
        octet_writer_u16(&fcp, (uint16_t) new->record_length);
    }
    octet_writer_u16(&fcp, 0x8302);
    octet_writer_u16(&fcp, new->fid);
    octet_writer_u16(&fcp, 0x8a01);
    octet_writer_u8(&fcp, new->state);
    octet_writer_u16(&fcp, 0x8b03);
    octet_writer_u16(&fcp, 0x2f06);
    octet_writer_u8(&fcp, new->rule);
    if (new->kind != MODEL_DIRECTORY) {
        octet_writer_u16(&fcp, 0x8002);
        octet_writer_u16(&fcp, (uint16_t) new->size);
        octet_writer_u8(&fcp, 0x88);
        octet_writer_u8(&fcp, new->sfi != 0);
        octet_writer_put(&fcp, &(uint8_t){(uint8_t)(new->sfi << 3)}, new->sfi != 0);
    }
    octet_writer_u8(writer, 0x62);
    octet_writer_u8(writer, (uint8_t)fcp.length);
    octet_writer_put_octets(writer, octets_written(&fcp));
}

static void write_resize(struct octet_writer *writer, const struct model_action *action)
{
    octet_writer_u16(writer, 0x6208);
    octet_writer_u16(writer, 0x8302);
    octet_writer_u16(writer, action->fid);
    octet_writer_u16(writer, 0x8002);
    octet_writer_u16(writer, (uint16_t)action->size);
}

static void write_data(struct octet_writer *writer, const struct model_action *action)
{
    enum { BY_NAME = 0x04 };
    static const uint8_t usim_aid[] = {0xa0, 0, 0, 0, 0x87, 0x10, 2, 0xff, 0xff, 0xff, 0xff, 0x89, 7, 9, 0, 0};
    switch (action->command) {
    case MODEL_SELECT:
        octet_writer_put(writer, action->p1 == BY_NAME ? usim_aid : action->data,
                         action->p1 == BY_NAME ? sizeof usim_aid : action->length);
        break;
    case MODEL_CREATE:
        write_new_file(writer, &action->new);
        break;
    case MODEL_RESIZE:
        write_resize(writer, action);
        break;
    case MODEL_DELETE:
    case MODEL_ACTIVATE:
    case MODEL_DEACTIVATE:
    case MODEL_TERMINATE_EF:
    case MODEL_TERMINATE_DF:
        octet_writer_put(writer, (const uint8_t[]){(uint8_t)(action->fid >> 8), (uint8_t)action->fid},
                         action->fid != 0 ? 2 : 0);
        break;
    default:
        octet_writer_put(writer, action->data, action->length);
        break;
    }
}

size_t encode_action(const struct model_action *action, uint8_t *apdu)
{
    uint8_t data[MODEL_DATA];
    struct octet_writer body = octet_writer_of(data, sizeof data);
    struct octet_writer writer = octet_writer_of(apdu, 261);
    uint8_t p1 = 0;
    uint8_t p2 = 0;
    encode_parameters(action, &p1, &p2);
    write_data(&body, action);
    octet_writer_u8(&writer, class_of(action));
    octet_writer_u8(&writer, (uint8_t)action->command);
    octet_writer_u8(&writer, p1);
    octet_writer_u8(&writer, p2);
    if (body.length > 0) {
        octet_writer_u8(&writer, (uint8_t)body.length);
        octet_writer_put_octets(&writer, octets_written(&body));
    }
    if (action->le != 0) {
        octet_writer_u8(&writer, (uint8_t)action->le);
    }
    return writer.length;
}
