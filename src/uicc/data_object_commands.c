/*
 * data_object_commands.c: RETRIEVE DATA and SET DATA on files of BER-TLV objects (TS 102 221 11.3).
 *
 * Body of such a file: octets used (2) | objects one after the other. Blocks of a new object are written behind the
 * used octets, where nobody looks; the last one makes it count and removes the object that had its tag, in one
 * transaction.
 */
#include "codec/ber_tlv.h"
#include "uicc/file_access.h"

enum { USED_SIZE = 2, FIRST_BLOCK = 0x80, NEXT_BLOCK = 0x00, TAG_LIST = 0x5c, LE_ALL = 256 };

static struct octets objects_of(const struct uicc *uicc, const struct card_file *file)
{
    const uint8_t *body = uicc->nvm.data + file->body;
    const size_t used = (size_t)(body[0] << 8 | body[1]);
    return octets_of(body + USED_SIZE, used <= file->size - (size_t)USED_SIZE ? used : 0);
}

/* An object with its tag and length; an empty view when there is none. */
static struct octets find_object(struct octets objects, uint32_t tag)
{
    struct octet_reader reader = octet_reader_of(objects);
    struct ber_tlv tlv;
    for (size_t start = 0; ber_tlv_next(&reader, &tlv); start = reader.position) {
        if (tlv.tag == tag) {
            return octets_of(objects.data + start, reader.position - start);
        }
    }
    return (struct octets){0};
}

static enum status_word find_tlv_file(struct uicc *uicc, const struct uicc_command *command, enum access_mode mode,
                                      struct card_file *file)
{
    if ((command->p1 & ~SFI_MASK) != 0 || (command->p2 != FIRST_BLOCK && command->p2 != NEXT_BLOCK)) {
        return SW_WRONG_P1_P2;
    }
    enum status_word sw = file_access_find(uicc, command, command->p1, file);
    if (sw != SW_OK) {
        return sw;
    }
    if (file->kind != FILE_KIND_BER_TLV) {
        return SW_WRONG_STRUCTURE;
    }
    return file_access_check(uicc, file, mode);
}

/* A tag of one or two octets. FF and 00 are padding between objects, so none may begin with them. */
static uint32_t read_tag(struct octet_reader *reader)
{
    enum { NUMBER_MASK = 0x1f, THIRD_OCTET = 0x80 };
    const uint8_t first = octet_reader_u8(reader);
    reader->failed = reader->failed || first == 0x00 || first == 0xff;
    if ((first & NUMBER_MASK) != NUMBER_MASK) {
        return first;
    }
    const uint8_t second = octet_reader_u8(reader);
    reader->failed = reader->failed || (second & THIRD_OCTET) != 0;
    return (uint32_t)first << 8 | second;
}

/* True when the data is a tag and nothing else. */
static bool is_tag(struct octets data, uint32_t *tag)
{
    struct octet_reader reader = octet_reader_of(data);
    *tag = read_tag(&reader);
    return octet_reader_end(&reader) == GBAU_OK;
}

/* The transfer that a next block belongs to; NULL when none is under way here. */
static struct uicc_transfer *find_transfer(struct uicc *uicc, const struct uicc_command *command)
{
    struct uicc_transfer *transfer = &uicc->transfer;
    const bool is_ours = transfer->ins == command->ins && transfer->channel == command->channel_number &&
                         transfer->file == command->channel->file;
    return is_ours ? transfer : NULL;
}

static struct uicc_transfer *begin_transfer(struct uicc *uicc, const struct uicc_command *command)
{
    uicc->transfer =
        (struct uicc_transfer){.ins = command->ins, .channel = command->channel_number, .file = command->channel->file};
    return &uicc->transfer;
}

static void end_transfer(struct uicc *uicc)
{
    uicc->transfer = (struct uicc_transfer){0};
}

/* RETRIEVE DATA */

/* The tags of all objects, one after the other; returns how many octets they are. */
static size_t write_tags(struct octets objects, struct octet_writer *writer)
{
    struct octet_reader reader = octet_reader_of(objects);
    struct ber_tlv tlv;
    size_t length = 0;
    while (ber_tlv_next(&reader, &tlv)) {
        if (tlv.tag > 0xff) {
            octet_writer_u16(writer, (uint16_t)tlv.tag);
        } else {
            octet_writer_u8(writer, (uint8_t)tlv.tag);
        }
        length += tlv.tag > 0xff ? 2 : 1;
    }
    return length;
}

/* 5C, length, tags: answered like an object, in blocks where it is long (TS 102 221 11.3.1.1). */
static struct octets make_tag_list(struct octets objects, uint8_t list[CARD_TLV_FILE_MAX])
{
    struct octet_writer nothing = octet_writer_of(list, 0);
    struct octet_writer writer = octet_writer_of(list, CARD_TLV_FILE_MAX);
    ber_tlv_write_head(&writer, TAG_LIST, write_tags(objects, &nothing));
    (void)write_tags(objects, &writer);
    return octets_written(&writer);
}

static enum status_word answer_block(struct uicc *uicc, const struct uicc_command *command, struct octets object,
                                     struct octet_writer *response)
{
    struct uicc_transfer *transfer = &uicc->transfer;
    const size_t left = object.length - transfer->done;
    const size_t wanted = command->has_le ? command->le : LE_ALL;
    const size_t length = wanted < left ? wanted : left;
    octet_writer_put(response, object.data + transfer->done, length);
    transfer->done = (uint16_t)(transfer->done + length);
    if (length < left) {
        return SW_MORE_DATA;
    }
    end_transfer(uicc);
    return SW_OK;
}

enum status_word command_retrieve_data(struct uicc *uicc, const struct uicc_command *command,
                                       struct octet_writer *response)
{
    struct card_file file;
    uint8_t list[CARD_TLV_FILE_MAX];
    uint32_t tag = 0;
    enum status_word sw = find_tlv_file(uicc, command, ACCESS_READ, &file);
    if (sw != SW_OK) {
        return sw;
    }
    const bool is_first = command->p2 == FIRST_BLOCK;
    if ((!command->has_le && !is_first) || is_first != (command->data.length > 0)) { /* T=0 has Lc or Le, not both */
        return SW_WRONG_LENGTH;
    }
    const struct octets objects = objects_of(uicc, &file);
    if (is_first && !is_tag(command->data, &tag)) {
        return SW_WRONG_DATA;
    }
    struct uicc_transfer *transfer = is_first ? begin_transfer(uicc, command) : find_transfer(uicc, command);
    if (transfer == NULL) {
        return SW_CONDITIONS;
    }
    transfer->tag = is_first ? (uint16_t)tag : transfer->tag;
    const struct octets object =
        transfer->tag == TAG_LIST ? make_tag_list(objects, list) : find_object(objects, transfer->tag);
    if (object.length == 0 || transfer->done > object.length) {
        end_transfer(uicc);
        return SW_DATA_NOT_FOUND;
    }
    return answer_block(uicc, command, object, response);
}

/* SET DATA */

/* Tag and length that begin an object; false for a broken one, or when there are not enough octets to tell. */
static bool read_object_head(struct octets block, uint32_t *tag, size_t *total)
{
    struct octet_reader reader = octet_reader_of(block);
    *tag = read_tag(&reader);
    size_t length = octet_reader_u8(&reader);
    if (length > 0x80 && length <= 0x83) {
        const size_t octets = length - 0x80;
        length = 0;
        for (size_t i = 0; i < octets; i++) {
            length = length << 8 | octet_reader_u8(&reader);
        }
    } else if (length >= 0x80) {
        return false;
    }
    *total = reader.position + length;
    return !reader.failed;
}

/* Octets that count once `removed` is gone and `added` more, which stand behind the used ones, have come. */
static enum status_word rewrite(struct uicc *uicc, const struct card_file *file, struct octets removed, size_t added)
{
    const struct octets objects = objects_of(uicc, file);
    const size_t used = objects.length + added - removed.length;
    const uint8_t head[USED_SIZE] = {(uint8_t)(used >> 8), (uint8_t)used};
    nvm_begin(&uicc->nvm);
    nvm_change(&uicc->nvm, file->body, head, sizeof head);
    if (removed.length > 0) {
        const uint8_t *behind = removed.data + removed.length;
        const size_t moved = (size_t)(objects.data + objects.length + added - behind);
        nvm_change(&uicc->nvm, (size_t)(removed.data - uicc->nvm.data), behind, moved);
    }
    return sw_of_status(nvm_commit(&uicc->nvm));
}

static enum status_word begin_object(struct uicc *uicc, const struct uicc_command *command,
                                     const struct card_file *file)
{
    uint32_t tag = 0;
    size_t total = 0;
    if (is_tag(command->data, &tag)) { /* a tag and nothing else: the object goes */
        const struct octets object = find_object(objects_of(uicc, file), tag);
        end_transfer(uicc);
        return object.length == 0 ? SW_DATA_NOT_FOUND : rewrite(uicc, file, object, 0);
    }
    if (!read_object_head(command->data, &tag, &total) || tag == TAG_LIST || command->data.length > total) {
        return SW_WRONG_DATA;
    }
    if (total > file->size - (size_t)USED_SIZE - objects_of(uicc, file).length) {
        return SW_NO_MEMORY;
    }
    struct uicc_transfer *transfer = begin_transfer(uicc, command);
    transfer->tag = (uint16_t)tag;
    transfer->total = (uint16_t)total;
    return SW_OK;
}

static enum status_word write_block(struct uicc *uicc, const struct uicc_command *command, const struct card_file *file)
{
    struct uicc_transfer *transfer = &uicc->transfer;
    const struct octets objects = objects_of(uicc, file);
    if (command->data.length > (size_t)(transfer->total - transfer->done)) {
        end_transfer(uicc);
        return SW_WRONG_DATA;
    }
    const size_t offset = file->body + USED_SIZE + objects.length + transfer->done;
    enum status_word sw = file_access_write(uicc, offset, command->data);
    if (sw != SW_OK) {
        return sw;
    }
    transfer->done = (uint16_t)(transfer->done + command->data.length);
    if (transfer->done < transfer->total) {
        return SW_MORE_DATA_EXPECTED;
    }
    sw = rewrite(uicc, file, find_object(objects, transfer->tag), transfer->total);
    end_transfer(uicc);
    return sw;
}

enum status_word command_set_data(struct uicc *uicc, const struct uicc_command *command, struct octet_writer *response)
{
    (void)response;
    struct card_file file;
    enum status_word sw = find_tlv_file(uicc, command, ACCESS_UPDATE, &file);
    if (sw != SW_OK) {
        return sw;
    }
    if (command->data.length == 0) {
        return SW_WRONG_LENGTH;
    }
    if (command->p2 == FIRST_BLOCK) {
        sw = begin_object(uicc, command, &file);
        if (sw != SW_OK || uicc->transfer.ins != command->ins) {
            return sw;
        }
    }
    return find_transfer(uicc, command) == NULL ? SW_CONDITIONS : write_block(uicc, command, &file);
}
