/* card_model.c: the model's files, how they are found and who may use them, channels, PINs and suspension. */
#include "card_model.h"

#include <string.h>

enum { MF, EF_PL, ADF_USIM, EF_LI, EF_ACM, FIRST_NEW };
enum { RULE_DIRECTORY = 9 };

static void add(struct model *model, int index, const struct model_file *file)
{
    model->files[index] = *file;
    model->files[index].exists = true;
    model->files[index].state = 0x05;
    model->files[index].slot = MODEL_NOTHING;
}

static void add_pin(struct model *model, enum model_pin_name name, uint8_t reference, int unblock_tries,
                    const char *value)
{
    struct model_pin *pin = &model->pins[name];
    *pin = (struct model_pin){.reference = reference,
                              .enabled = true,
                              .tries = name == MODEL_ADM ? 10 : 3,
                              .max_tries = name == MODEL_ADM ? 10 : 3,
                              .unblock_tries = unblock_tries,
                              .max_unblock_tries = unblock_tries};
    memcpy(pin->value, value, sizeof pin->value);
    memcpy(pin->unblock_value, "87654321", sizeof pin->unblock_value);
}

void model_begin(struct model *model)
{
    memset(model, 0, sizeof *model);
    add(model, MF, &(struct model_file){.fid = 0x3f00, .parent = MODEL_NOTHING, .rule = RULE_DIRECTORY});
    add(model, ADF_USIM, &(struct model_file){.fid = 0x7ff0, .parent = MODEL_NOTHING, .rule = RULE_DIRECTORY});
    add(model, EF_PL,
        &(struct model_file){.kind = MODEL_TRANSPARENT,
                             .fid = 0x2f05,
                             .parent = MF,
                             .sfi = 5,
                             .rule = 1,
                             .rules_file = 0x2f06,
                             .size = 10});
    add(model, EF_LI,
        &(struct model_file){.kind = MODEL_TRANSPARENT,
                             .fid = 0x6f05,
                             .parent = ADF_USIM,
                             .sfi = 2,
                             .rule = 1,
                             .rules_file = 0x6f06,
                             .size = 6});
    add(model, EF_ACM,
        &(struct model_file){.kind = MODEL_CYCLIC,
                             .fid = 0x6f39,
                             .parent = ADF_USIM,
                             .sfi = 0x1c,
                             .rule = 8,
                             .rules_file = 0x6f06,
                             .size = 12,
                             .record_length = 3});
    memcpy(model->files[EF_PL].content, "en\xff\xff\xff\xff\xff\xff\xff\xff", 10);
    memcpy(model->files[EF_LI].content, "en\xff\xff\xff\xff", 6);
    add_pin(model, MODEL_PIN1, 0x01, 10, "1234\xff\xff\xff\xff");
    add_pin(model, MODEL_PIN2, 0x81, 10, "1234\xff\xff\xff\xff");
    add_pin(model, MODEL_ADM, 0x0a, 0, "ABCDEFGH");
    model_restart(model);
}

void model_restart(struct model *model)
{
    memset(model->channels, 0, sizeof model->channels);
    model->transfer = (struct model_transfer){0};
    for (int i = 0; i < MODEL_PINS; i++) {
        model->pins[i].verified = false;
    }
    model->channels[0] = (struct model_channel){.open = true, .directory = MF, .file = MODEL_NOTHING};
}

/* Finding files */

int model_find_child(const struct model *model, int directory, uint16_t fid)
{
    for (int i = 0; i < MODEL_FILES; i++) {
        if (model->files[i].exists && model->files[i].parent == directory && model->files[i].fid == fid) {
            return i;
        }
    }
    return MODEL_NOTHING;
}

static int parent_of(const struct model *model, int file)
{
    return model->files[file].parent == MODEL_NOTHING ? MF : model->files[file].parent;
}

int model_find(const struct model *model, const struct model_channel *channel, uint16_t fid)
{
    const int parent = parent_of(model, channel->directory);
    if (fid == 0x3f00) {
        return MF;
    }
    if (fid == 0x7fff) {
        return channel->usim ? ADF_USIM : MODEL_NOTHING;
    }
    if (model->files[channel->directory].fid == fid) {
        return channel->directory;
    }
    const int child = model_find_child(model, channel->directory, fid);
    if (child != MODEL_NOTHING) {
        return child;
    }
    if (model->files[parent].fid == fid) {
        return parent;
    }
    const int sibling = model_find_child(model, parent, fid);
    return sibling != MODEL_NOTHING && model->files[sibling].kind == MODEL_DIRECTORY ? sibling : MODEL_NOTHING;
}

void model_select(struct model *model, struct model_channel *channel, int file)
{
    const bool is_directory = model->files[file].kind == MODEL_DIRECTORY;
    channel->directory = is_directory ? file : model->files[file].parent;
    channel->file = is_directory ? MODEL_NOTHING : file;
    channel->record = 0;
}

bool model_is_terminated(const struct model *model, int file)
{
    for (int place = file; place != MODEL_NOTHING; place = model->files[place].parent) {
        if (model->files[place].state == 0x0c) {
            return true;
        }
    }
    return false;
}

/* Rights */

enum who { NOBODY, EVERYBODY, PIN1, PIN2, ADM };

/* Of the usual EF_ARR: read, update, increase, change of state and deletion, resize. */
static const enum who rules[10][MODEL_RIGHTS] = {
    [1] = {EVERYBODY, PIN1, NOBODY, ADM, ADM},
    [2] = {EVERYBODY, ADM, NOBODY, ADM, ADM},
    [3] = {EVERYBODY, NOBODY, NOBODY, NOBODY, NOBODY},
    [4] = {PIN1, PIN1, NOBODY, ADM, ADM},
    [5] = {PIN1, ADM, NOBODY, ADM, ADM},
    [6] = {ADM, ADM, NOBODY, ADM, ADM},
    [7] = {PIN1, PIN2, NOBODY, ADM, ADM},
    [8] = {PIN1, PIN1, PIN1, ADM, ADM},
    [9] = {ADM, ADM, NOBODY, ADM, NOBODY}, /* every right that has a bit */
};

bool model_may(const struct model *model, const struct model_file *file, enum model_right right)
{
    const enum who who = rules[file->rule][right];
    if (who == NOBODY || who == EVERYBODY) {
        return who == EVERYBODY;
    }
    const struct model_pin *pin = &model->pins[who - PIN1];
    return pin->verified || !pin->enabled;
}

/* SELECT, STATUS, MANAGE CHANNEL */

static void put(struct model_answer *answer, const uint8_t *octets, unsigned length)
{
    memcpy(answer->data + answer->length, octets, length);
    answer->length += length;
}

/* FCP of an EF (TS 102 221 11.1.1.3). */
static void put_fcp(struct model_answer *answer, const struct model_file *file)
{
    static const uint8_t descriptors[] = {
        [MODEL_TRANSPARENT] = 0x41, [MODEL_LINEAR] = 0x42, [MODEL_CYCLIC] = 0x46, [MODEL_OF_OBJECTS] = 0x79};
    const bool has_records = file->record_length > 0;
    const uint8_t length = (uint8_t)(22 + (has_records ? 3 : 0) + (file->sfi != 0 ? 1 : 0));
    const uint8_t head[] = {0x62, length, 0x82, has_records ? 5 : 2, descriptors[file->kind], 0x21};
    put(answer, head, sizeof head);
    if (has_records) {
        const uint8_t records[] = {0, (uint8_t)file->record_length, (uint8_t)(file->size / file->record_length)};
        put(answer, records, sizeof records);
    }
    const uint8_t rest[] = {0x83,
                            2,
                            (uint8_t)(file->fid >> 8),
                            (uint8_t)file->fid,
                            0x8a,
                            1,
                            file->state,
                            0x8b,
                            3,
                            (uint8_t)(file->rules_file >> 8),
                            (uint8_t)file->rules_file,
                            file->rule,
                            0x80,
                            2,
                            (uint8_t)(file->size >> 8),
                            (uint8_t)file->size,
                            0x88,
                            file->sfi != 0,
                            (uint8_t)(file->sfi << 3)};
    put(answer, rest, file->sfi != 0 ? sizeof rest : sizeof rest - 1);
}

static int find_path(const struct model *model, const struct model_channel *channel, const struct model_action *action)
{
    int found = action->p1 == 0x08 ? MF : channel->directory;
    for (unsigned i = 0; i + 1 < action->length && found != MODEL_NOTHING; i += 2) {
        const uint16_t fid = (uint16_t)(action->data[i] << 8 | action->data[i + 1]);
        if (model->files[found].kind != MODEL_DIRECTORY) {
            return MODEL_NOTHING;
        }
        if (i == 0 && fid == 0x7fff) {
            found = channel->usim ? ADF_USIM : MODEL_NOTHING;
        } else {
            found = model_find_child(model, found, fid);
        }
    }
    return found;
}

static int find_selected(const struct model *model, const struct model_channel *channel,
                         const struct model_action *action)
{
    const uint16_t fid = (uint16_t)(action->data[0] << 8 | action->data[1]);
    switch (action->p1) {
    case 0x00:
        return model_find(model, channel, fid);
    case 0x01: {
        const int child = model_find_child(model, channel->directory, fid);
        return child != MODEL_NOTHING && model->files[child].kind == MODEL_DIRECTORY ? child : MODEL_NOTHING;
    }
    case 0x03:
        return parent_of(model, channel->directory);
    case 0x04:
        return ADF_USIM;
    default:
        return find_path(model, channel, action);
    }
}

static struct model_answer run_select(struct model *model, const struct model_action *action)
{
    struct model_channel *channel = &model->channels[action->channel];
    struct model_answer answer = {.sw = 0x9000};
    const int found = find_selected(model, channel, action);
    if (found == MODEL_NOTHING) {
        return model_sw(0x6a82);
    }
    channel->usim = channel->usim || action->p1 == 0x04;
    model_select(model, channel, found);
    if (action->p2 == 0x04) {
        put_fcp(&answer, &model->files[found]);
    }
    answer.sw = model->files[found].state == 0x0c ? 0x6285 : model->files[found].state == 0x04 ? 0x6283 : 0x9000;
    return answer;
}

static struct model_answer run_manage_channel(struct model *model, const struct model_action *action)
{
    struct model_channel *channel = &model->channels[action->channel];
    if (action->p1 == 0x80) {
        const int number = action->p2 == 0 ? action->channel : action->p2;
        if (number == 0 || number >= MODEL_CHANNELS || !model->channels[number].open) {
            return model_sw(0x6881);
        }
        model->channels[number].open = false;
        if (model->transfer.channel == number) {
            model->transfer = (struct model_transfer){0};
        }
        return model_sw(0x9000);
    }
    uint8_t number = 1;
    while (number < MODEL_CHANNELS && model->channels[number].open) {
        number++;
    }
    if (number == MODEL_CHANNELS) {
        return model_sw(0x6a81);
    }
    const struct model_channel at_mf = {.open = true, .directory = MF, .file = MODEL_NOTHING};
    model->channels[number] = action->channel == 0 ? at_mf : *channel;
    return (struct model_answer){.sw = 0x9000, .length = 1, .data = {number}};
}

/* PINs */

static struct model_answer try_secret(struct model_pin *pin, bool unblock, const uint8_t *value)
{
    int *tries = unblock ? &pin->unblock_tries : &pin->tries;
    if (*tries == 0) {
        return model_sw(0x6983);
    }
    if (memcmp(value, unblock ? pin->unblock_value : pin->value, 8) != 0) {
        (*tries)--;
        pin->verified = pin->verified && unblock;
        return model_sw((uint16_t)(0x63c0 + *tries));
    }
    pin->tries = pin->max_tries;
    pin->unblock_tries = unblock ? pin->max_unblock_tries : pin->unblock_tries;
    pin->verified = true;
    return model_sw(0x9000);
}

struct model_answer model_run_pin(struct model *model, const struct model_action *action)
{
    struct model_pin *pin = model->pins;
    if (action->command == MODEL_DISABLE_PIN && action->p2 != 0x01) {
        return model_sw(0x6a81);
    }
    while (pin->reference != action->p2) {
        pin++;
    }
    const bool unblock = action->command == MODEL_UNBLOCK_PIN;
    if (unblock && pin->max_unblock_tries == 0) {
        return model_sw(0x6a81);
    }
    if (!unblock && pin->enabled == (action->command == MODEL_ENABLE_PIN)) {
        return model_sw(0x6984);
    }
    const struct model_answer answer = try_secret(pin, unblock, action->data);
    if (answer.sw == 0x9000) {
        if (unblock || action->command == MODEL_CHANGE_PIN) {
            memcpy(pin->value, action->data + 8, 8);
        }
        pin->enabled = action->command != MODEL_DISABLE_PIN;
    }
    return answer;
}

/* Suspension */

static struct model_answer run_suspend(struct model *model, const struct model_action *action)
{
    enum { RESUME = 0x01 };
    if (action->channel != 0) {
        return model_sw(0x6a86);
    }
    if (action->p1 == RESUME) {
        if (!model->suspended) {
            return model_sw(0x6985);
        }
        model->suspended = false;
        if (!model->token_known || memcmp(model->token, action->data, sizeof model->token) != 0) {
            return model_sw(0x6982);
        }
        memcpy(model->channels, model->kept_channels, sizeof model->channels);
        for (int i = 0; i < MODEL_PINS; i++) {
            model->pins[i].verified = model->kept_verified[i];
        }
        return model_sw(0x9000);
    }
    memcpy(model->kept_channels, model->channels, sizeof model->channels);
    for (int i = 0; i < MODEL_PINS; i++) {
        model->kept_verified[i] = model->pins[i].verified;
    }
    model_restart(model);
    model->suspended = true;
    return model_sw(0x9000);
}

static struct model_answer run_command(struct model *model, const struct model_action *action, bool found_room,
                                       bool *room_needed)
{
    switch (action->command) {
    case MODEL_SELECT:
        return run_select(model, action);
    case MODEL_STATUS:
        return model_sw(0x9000);
    case MODEL_MANAGE_CHANNEL:
        return run_manage_channel(model, action);
    case MODEL_SUSPEND:
        return run_suspend(model, action);
    case MODEL_VERIFY:
    case MODEL_CHANGE_PIN:
    case MODEL_DISABLE_PIN:
    case MODEL_ENABLE_PIN:
    case MODEL_UNBLOCK_PIN:
        return model_run_pin(model, action);
    case MODEL_CREATE:
    case MODEL_DELETE:
    case MODEL_RESIZE:
    case MODEL_ACTIVATE:
    case MODEL_DEACTIVATE:
    case MODEL_TERMINATE_EF:
    case MODEL_TERMINATE_DF:
        return model_run_administration(model, action, found_room, room_needed);
    default:
        return model_run_content(model, action);
    }
}

struct model_answer model_run(struct model *model, const struct model_action *action, bool found_room,
                              bool *room_needed)
{
    *room_needed = false;
    if (!model->channels[action->channel].open) {
        return model_sw(0x6881);
    }
    const bool continues = model->transfer.ins == action->command && action->p2 == 0x00;
    if (model->transfer.channel == action->channel && !continues) {
        model->transfer = (struct model_transfer){0};
    }
    model->suspended = model->suspended && action->command == MODEL_SUSPEND;
    return run_command(model, action, found_room, room_needed);
}
