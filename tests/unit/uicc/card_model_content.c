/* card_model_content.c: the model's commands on the content of files. */
#include <string.h>

#include "card_model.h"

static struct model_answer answer_of(const uint8_t *octets, unsigned length)
{
    struct model_answer answer = {.sw = 0x9000, .length = length};
    memcpy(answer.data, octets, length);
    return answer;
}

/* The EF that a command works on, which an SFI selects; an error in `sw`. */
static struct model_file *find_file(struct model *model, const struct model_action *action, uint16_t *sw)
{
    struct model_channel *channel = &model->channels[action->channel];
    if (action->sfi != 0) {
        int found = MODEL_NOTHING;
        for (int i = 0; i < MODEL_FILES; i++) {
            const struct model_file *file = &model->files[i];
            if (file->exists && file->parent == channel->directory && file->sfi == action->sfi) {
                found = i;
            }
        }
        if (found == MODEL_NOTHING) {
            *sw = 0x6a82;
            return NULL;
        }
        model_select(model, channel, found);
    }
    *sw = channel->file == MODEL_NOTHING ? 0x6986 : 0x9000;
    return channel->file == MODEL_NOTHING ? NULL : &model->files[channel->file];
}

static uint16_t check_use(const struct model *model, const struct model_file *file, enum model_right right)
{
    if (file->state != 0x05 || model_is_terminated(model, file->parent)) {
        return 0x6984;
    }
    return model_may(model, file, right) ? 0x9000 : 0x6982;
}

/* Transparent files */

static struct model_answer run_binary(struct model *model, struct model_file *file, const struct model_action *action)
{
    const bool reads = action->command == MODEL_READ_BINARY;
    const uint16_t sw =
        file->kind != MODEL_TRANSPARENT ? 0x6981 : check_use(model, file, reads ? RIGHT_READ : RIGHT_UPDATE);
    if (sw != 0x9000) {
        return model_sw(sw);
    }
    if (action->offset >= file->size) {
        return model_sw(0x6b00);
    }
    const unsigned left = file->size - action->offset;
    if (reads ? action->le < 256 && action->le > left : action->length > left) {
        return model_sw(0x6700);
    }
    if (reads) {
        return answer_of(file->content + action->offset, action->le < left ? action->le : left);
    }
    memcpy(file->content + action->offset, action->data, action->length);
    return model_sw(0x9000);
}

/* Records */

static unsigned count_of(const struct model_file *file)
{
    return file->size / file->record_length;
}

/* Number of the record that is meant; 0: there is none. "Next" and "previous" move the record pointer. */
static unsigned find_record(const struct model_file *file, struct model_channel *channel,
                            const struct model_action *action)
{
    enum { NEXT = 2, PREVIOUS = 3 };
    const unsigned mode = action->p2 & 7U;
    const unsigned count = count_of(file);
    unsigned wanted = action->p1 == 0 ? channel->record : action->p1;
    if (mode == NEXT) {
        wanted = channel->record + 1;
        wanted = wanted > count && file->kind == MODEL_CYCLIC && channel->record != 0 ? 1 : wanted;
    } else if (mode == PREVIOUS) {
        wanted = channel->record == 0 ? count : channel->record - 1;
        wanted = wanted == 0 && file->kind == MODEL_CYCLIC ? count : wanted;
    }
    if (wanted > count) {
        return 0;
    }
    if ((mode == NEXT || mode == PREVIOUS) && wanted != 0) {
        channel->record = wanted;
    }
    return wanted;
}

static uint8_t *record_of(struct model_file *file, unsigned number)
{
    return file->content + (size_t)(number - 1) * file->record_length;
}

static struct model_answer read_record(struct model_file *file, struct model_channel *channel,
                                       const struct model_action *action)
{
    if (action->le < 256 && action->le != file->record_length) {
        return model_sw(0x6700);
    }
    const unsigned number = find_record(file, channel, action);
    return number == 0 ? model_sw(0x6a83) : answer_of(record_of(file, number), file->record_length);
}

/* The oldest record goes, all others are one older. */
static void push_record(struct model_file *file, struct model_channel *channel, const uint8_t *record)
{
    memmove(file->content + file->record_length, file->content, file->size - file->record_length);
    memcpy(file->content, record, file->record_length);
    channel->record = 1;
}

static struct model_answer update_record(struct model_file *file, struct model_channel *channel,
                                         const struct model_action *action)
{
    if (action->length != file->record_length) {
        return model_sw(0x6700);
    }
    if (file->kind == MODEL_CYCLIC) {
        if ((action->p2 & 7) != 3 || action->p1 != 0) {
            return model_sw(0x6a86);
        }
        push_record(file, channel, action->data);
        return model_sw(0x9000);
    }
    const unsigned number = find_record(file, channel, action);
    if (number == 0) {
        return model_sw(0x6a83);
    }
    memcpy(record_of(file, number), action->data, action->length);
    return model_sw(0x9000);
}

static bool holds(const uint8_t *record, unsigned length, const struct model_action *action)
{
    for (unsigned start = 0; start + action->length <= length; start++) {
        if (memcmp(record + start, action->data, action->length) == 0) {
            return true;
        }
    }
    return false;
}

static struct model_answer search_record(struct model_file *file, struct model_channel *channel,
                                         const struct model_action *action)
{
    const bool backward = (action->p2 & 7) == 5;
    const unsigned count = count_of(file);
    struct model_answer answer = {.sw = 0x9000};
    if (action->length > file->record_length) {
        return model_sw(0x6700);
    }
    unsigned start = action->p1 == 0 ? channel->record : action->p1;
    start = start == 0 ? (backward ? count : 1) : start;
    if (start > count) {
        return model_sw(0x6a83);
    }
    for (unsigned number = start; number >= 1 && number <= count; number += backward ? -1U : 1U) {
        if (holds(record_of(file, number), file->record_length, action)) {
            answer.data[answer.length++] = (uint8_t)number;
        }
    }
    if (answer.length == 0) {
        return model_sw(0x6282);
    }
    channel->record = answer.data[0];
    return answer;
}

static struct model_answer increase(struct model_file *file, struct model_channel *channel,
                                    const struct model_action *action)
{
    uint8_t sum[256];
    unsigned carry = 0;
    if (action->length > file->record_length) {
        return model_sw(0x6700);
    }
    for (unsigned i = 1; i <= file->record_length; i++) {
        carry += file->content[file->record_length - i];
        carry += i <= action->length ? action->data[action->length - i] : 0;
        sum[file->record_length - i] = (uint8_t)carry;
        carry >>= 8;
    }
    if (carry != 0) {
        return model_sw(0x9850);
    }
    push_record(file, channel, sum);
    struct model_answer answer = answer_of(sum, file->record_length);
    memcpy(answer.data + answer.length, action->data, action->length);
    answer.length += action->length;
    return answer;
}

static struct model_answer run_records(struct model *model, struct model_file *file, const struct model_action *action)
{
    struct model_channel *channel = &model->channels[action->channel];
    const bool increases = action->command == MODEL_INCREASE;
    const enum model_right right = increases                                ? RIGHT_INCREASE
                                   : action->command == MODEL_UPDATE_RECORD ? RIGHT_UPDATE
                                                                            : RIGHT_READ;
    const bool structure_right = file->kind == MODEL_CYCLIC || (file->kind == MODEL_LINEAR && !increases);
    const uint16_t sw = structure_right ? check_use(model, file, right) : 0x6981;
    if (sw != 0x9000) {
        return model_sw(sw);
    }
    switch (action->command) {
    case MODEL_READ_RECORD:
        return read_record(file, channel, action);
    case MODEL_UPDATE_RECORD:
        return update_record(file, channel, action);
    case MODEL_SEARCH_RECORD:
        return search_record(file, channel, action);
    default:
        return increase(file, channel, action);
    }
}

/* Objects */

enum { FIRST_BLOCK = 0x80, TAG_LIST = 0x5c };

unsigned model_used_by_objects(const struct model_file *file)
{
    unsigned used = 0;
    for (unsigned i = 0; i < file->object_count; i++) {
        used += file->objects[i].length;
    }
    return used;
}

/* Place of an object among the others; object_count: there is none. `offset` becomes that in the content. */
static unsigned find_object(const struct model_file *file, uint16_t tag, unsigned *offset)
{
    unsigned place = 0;
    *offset = 0;
    while (place < file->object_count && file->objects[place].tag != tag) {
        *offset += file->objects[place].length;
        place++;
    }
    return place;
}

static bool remove_object(struct model_file *file, uint16_t tag)
{
    unsigned offset = 0;
    const unsigned used = model_used_by_objects(file);
    unsigned place = find_object(file, tag, &offset);
    if (place == file->object_count) {
        return false;
    }
    const unsigned end = offset + file->objects[place].length;
    memmove(file->content + offset, file->content + end, used - end);
    for (file->object_count--; place < file->object_count; place++) {
        file->objects[place] = file->objects[place + 1];
    }
    return true;
}

static unsigned make_tag_list(const struct model_file *file, uint8_t *list)
{
    unsigned length = 2;
    for (unsigned i = 0; i < file->object_count; i++) {
        if (file->objects[i].tag > 0xff) {
            list[length++] = (uint8_t)(file->objects[i].tag >> 8);
        }
        list[length++] = (uint8_t)file->objects[i].tag;
    }
    list[0] = TAG_LIST;
    list[1] = (uint8_t)(length - 2);
    return length;
}

/* The tag that some data begins with. */
static uint16_t tag_of(const uint8_t *data)
{
    const unsigned tag = (data[0] & 0x1f) == 0x1f ? (unsigned)(data[0] << 8 | data[1]) : data[0];
    return (uint16_t)tag;
}

static unsigned tag_length(uint16_t tag)
{
    return tag > 0xff ? 2 : 1;
}

static bool transfer_is(const struct model *model, const struct model_action *action)
{
    const struct model_transfer *transfer = &model->transfer;
    return transfer->ins == action->command && transfer->channel == action->channel &&
           transfer->file == model->channels[action->channel].file;
}

static void begin_transfer(struct model *model, const struct model_action *action, uint16_t tag)
{
    model->transfer = (struct model_transfer){.ins = (uint8_t)action->command,
                                              .channel = action->channel,
                                              .file = model->channels[action->channel].file,
                                              .tag = tag};
}

static struct model_answer retrieve_data(struct model *model, struct model_file *file,
                                         const struct model_action *action)
{
    struct model_transfer *transfer = &model->transfer;
    uint8_t list[2 + 2 * MODEL_OBJECTS];
    const uint8_t *object = list;
    unsigned offset = 0;
    if (action->p2 == FIRST_BLOCK) {
        begin_transfer(model, action, tag_of(action->data));
    } else if (!transfer_is(model, action)) {
        return model_sw(0x6985);
    }
    unsigned length = make_tag_list(file, list);
    if (transfer->tag != TAG_LIST) {
        const unsigned place = find_object(file, transfer->tag, &offset);
        if (place == file->object_count) {
            *transfer = (struct model_transfer){0};
            return model_sw(0x6a88);
        }
        object = file->content + offset;
        length = file->objects[place].length;
    }
    const unsigned left = length - transfer->done;
    struct model_answer answer = answer_of(object + transfer->done, action->le < left ? action->le : left);
    transfer->done += answer.length;
    if (answer.length < left) {
        answer.sw = 0x62f1;
    } else {
        *transfer = (struct model_transfer){0};
    }
    return answer;
}

/* A new object begins; its length stands in one octet, or in one or two behind 81 or 82. */
static uint16_t begin_object(struct model *model, struct model_file *file, const struct model_action *action)
{
    const uint16_t tag = tag_of(action->data);
    unsigned head = tag_length(tag) + 1;
    const uint8_t *length = action->data + head - 1;
    unsigned total = length[0];
    if (length[0] == 0x81) {
        total = length[1];
        head += 1;
    } else if (length[0] == 0x82) {
        total = (unsigned)(length[1] << 8 | length[2]);
        head += 2;
    }
    total += head;
    if (total > file->size - 2 - model_used_by_objects(file)) {
        return 0x6a84;
    }
    begin_transfer(model, action, tag);
    model->transfer.total = total;
    return 0x9000;
}

static struct model_answer set_data(struct model *model, struct model_file *file, const struct model_action *action)
{
    struct model_transfer *transfer = &model->transfer;
    if (action->p2 == FIRST_BLOCK) {
        const uint16_t tag = tag_of(action->data);
        if (action->length == tag_length(tag)) {
            *transfer = (struct model_transfer){0};
            return model_sw(remove_object(file, tag) ? 0x9000 : 0x6a88);
        }
        const uint16_t sw = begin_object(model, file, action);
        if (sw != 0x9000) {
            return model_sw(sw);
        }
    }
    if (!transfer_is(model, action)) {
        return model_sw(0x6985);
    }
    if (action->length > transfer->total - transfer->done) {
        *transfer = (struct model_transfer){0};
        return model_sw(0x6a80);
    }
    memcpy(transfer->octets + transfer->done, action->data, action->length);
    transfer->done += action->length;
    if (transfer->done < transfer->total) {
        return model_sw(0x63f1);
    }
    (void)remove_object(file, transfer->tag);
    memcpy(file->content + model_used_by_objects(file), transfer->octets, transfer->total);
    file->objects[file->object_count].tag = transfer->tag;
    file->objects[file->object_count].length = transfer->total;
    file->object_count++;
    *transfer = (struct model_transfer){0};
    return model_sw(0x9000);
}

static struct model_answer run_objects(struct model *model, struct model_file *file, const struct model_action *action)
{
    const bool reads = action->command == MODEL_RETRIEVE_DATA;
    const uint16_t sw =
        file->kind != MODEL_OF_OBJECTS ? 0x6981 : check_use(model, file, reads ? RIGHT_READ : RIGHT_UPDATE);
    if (sw != 0x9000) {
        return model_sw(sw);
    }
    return reads ? retrieve_data(model, file, action) : set_data(model, file, action);
}

struct model_answer model_run_content(struct model *model, const struct model_action *action)
{
    uint16_t sw = 0x9000;
    struct model_file *file = find_file(model, action, &sw);
    if (file == NULL) {
        return model_sw(sw);
    }
    switch (action->command) {
    case MODEL_READ_BINARY:
    case MODEL_UPDATE_BINARY:
        return run_binary(model, file, action);
    case MODEL_RETRIEVE_DATA:
    case MODEL_SET_DATA:
        return run_objects(model, file, action);
    default:
        return run_records(model, file, action);
    }
}
