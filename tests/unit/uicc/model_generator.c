/* model_generator.c: commands are weighted, and their parts chosen from what is there, so that deep states are reached.
 */
#include "model_generator.h"

#include <string.h>

enum { ADF_FID = 0x7ff0, SELECT_AID = 0x04, FIRST_BLOCK = 0x80, NEXT_BLOCK = 0x00, OPEN_CHANNELS = 6 };

uint32_t random_below(struct random *random, uint32_t limit)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 17;
    random->state ^= random->state << 5;
    return (uint32_t)(((uint64_t)random->state * limit) >> 32);
}

static bool one_in(struct random *random, uint32_t count)
{
    return random_below(random, count) == 0;
}

/* What a generator works with. */
struct generation {
    struct random *random;
    const struct model *model;
    const struct model_channel *channel;
    struct model_action *action;
};

static const struct model_file *current_file(const struct generation *generation)
{
    const int file = generation->channel->file;
    return file == MODEL_NOTHING ? NULL : &generation->model->files[file];
}

static bool is_in_adf(const struct generation *generation)
{
    return generation->model->files[generation->channel->directory].fid == ADF_FID;
}

/* Identifiers */

static uint16_t any_fid(struct random *random)
{
    static const uint16_t fids[] = {0x3f00, 0x7fff, 0x2f05, 0x5000, 0x5001, 0x5002, 0x5003, 0x5101,
                                    0x5102, 0x5103, 0x5104, 0x5105, 0x5106, 0x6f05, 0x6f39, 0x5fff};
    return fids[random_below(random, sizeof fids / sizeof fids[0])];
}

/* Mostly that of a file in the current directory. */
static uint16_t likely_fid(const struct generation *generation)
{
    uint16_t children[MODEL_FILES];
    uint32_t count = 0;
    for (int i = 0; i < MODEL_FILES; i++) {
        const struct model_file *file = &generation->model->files[i];
        if (file->exists && file->parent == generation->channel->directory) {
            children[count++] = file->fid;
        }
    }
    const bool any = count == 0 || one_in(generation->random, 4);
    return any ? any_fid(generation->random) : children[random_below(generation->random, count)];
}

static bool is_new_file(uint16_t fid)
{
    return fid >= 0x5000 && fid < 0x6000;
}

/* SFIs that the model knows all files of; 0 mostly. */
static uint8_t any_sfi(const struct generation *generation)
{
    static const uint8_t in_adf[] = {2, 0x1c};
    static const uint8_t elsewhere[] = {5, 10, 11, 12};
    if (!one_in(generation->random, 3)) {
        return 0;
    }
    return is_in_adf(generation) ? in_adf[random_below(generation->random, 2)]
                                 : elsewhere[random_below(generation->random, 4)];
}

static void fill(const struct generation *generation, unsigned length)
{
    enum { ALPHABET = 4 }; /* few different octets, so that searches find something */
    generation->action->length = length;
    for (unsigned i = 0; i < length; i++) {
        generation->action->data[i] = (uint8_t)random_below(generation->random, ALPHABET);
    }
}

static unsigned any_le(struct random *random)
{
    return one_in(random, 2) ? 256 : 1 + random_below(random, 255);
}

/* SELECT, channels */

static void put_fid(struct model_action *action, uint16_t fid)
{
    action->data[action->length++] = (uint8_t)(fid >> 8);
    action->data[action->length++] = (uint8_t)fid;
}

/* The path to a file that is there, from MF or its application. */
static void put_path(const struct generation *generation, int file)
{
    const struct model_file *entry = &generation->model->files[file];
    if (entry->parent != MODEL_NOTHING) {
        put_path(generation, entry->parent);
        put_fid(generation->action, entry->fid);
    } else if (entry->fid == ADF_FID) {
        put_fid(generation->action, 0x7fff);
    }
}

static void generate_path(const struct generation *generation)
{
    const int file = (int)random_below(generation->random, MODEL_FILES);
    if (generation->model->files[file].exists && generation->model->files[file].parent != MODEL_NOTHING) {
        generation->action->p1 = 0x08;
        put_path(generation, file);
    } else {
        generation->action->p1 = one_in(generation->random, 2) ? 0x08 : 0x09;
        put_fid(generation->action, likely_fid(generation));
        if (one_in(generation->random, 2)) {
            put_fid(generation->action, any_fid(generation->random));
        }
    }
}

static void generate_select(const struct generation *generation)
{
    struct model_action *action = generation->action;
    action->p2 = 0x0c;
    switch (random_below(generation->random, 8)) {
    case 0:
        action->p1 = SELECT_AID;
        return;
    case 1:
        action->p1 = 0x03;
        return;
    case 2:
    case 3:
        generate_path(generation);
        break;
    case 4:
        action->p1 = 0x01;
        put_fid(action, likely_fid(generation));
        return;
    default:
        put_fid(action, likely_fid(generation));
        break;
    }
    /* an EF shows its FCP; that of a directory holds what the model does not know */
    const uint16_t fid = (uint16_t)(action->data[action->length - 2] << 8 | action->data[action->length - 1]);
    action->p2 = (fid >> 8) == 0x51 || fid == 0x2f05 || (fid >> 8) == 0x6f ? 0x04 : 0x0c;
}

static void generate_status(const struct generation *generation)
{
    generation->action->p2 = 0x0c;
}

static void generate_manage_channel(const struct generation *generation)
{
    struct model_action *action = generation->action;
    int open = 0;
    for (int i = 0; i < MODEL_CHANNELS; i++) {
        open += generation->model->channels[i].open;
    }
    if (open >= OPEN_CHANNELS || one_in(generation->random, 2)) {
        action->p1 = 0x80;
        action->p2 = (uint8_t)random_below(generation->random, OPEN_CHANNELS + 1);
    }
    action->le = action->p1 == 0 ? 1 : 0;
}

/* Content */

static void generate_binary(const struct generation *generation)
{
    struct model_action *action = generation->action;
    const struct model_file *file = current_file(generation);
    const unsigned size = file == NULL || file->size == 0 ? 10 : file->size;
    action->sfi = any_sfi(generation);
    action->offset = one_in(generation->random, 8) ? random_below(generation->random, 0x8000)
                                                   : random_below(generation->random, size + 2);
    if (action->sfi != 0) {
        action->offset &= 0xff;
    }
    if (action->command == MODEL_READ_BINARY) {
        action->le = any_le(generation->random);
        return;
    }
    const unsigned left = size > action->offset ? size - action->offset : 1;
    fill(generation, 1 + random_below(generation->random, (left < 254 ? left : 254) + (left < 254)));
}

static unsigned record_length_of(const struct generation *generation)
{
    const struct model_file *file = current_file(generation);
    return file == NULL || file->record_length == 0 ? 3 : file->record_length;
}

static void choose_record(const struct generation *generation)
{
    const struct model_file *file = current_file(generation);
    const unsigned count = file == NULL || file->record_length == 0 ? 4 : file->size / file->record_length;
    struct model_action *action = generation->action;
    action->sfi = any_sfi(generation);
    action->p2 = (uint8_t)(2 + random_below(generation->random, 3));
    if (action->p2 == 4) {
        action->p1 = (uint8_t)random_below(generation->random, count + 2);
    }
}

static void generate_read_record(const struct generation *generation)
{
    choose_record(generation);
    generation->action->le = one_in(generation->random, 4) ? record_length_of(generation) : 256;
}

static void generate_update_record(const struct generation *generation)
{
    const struct model_file *file = current_file(generation);
    choose_record(generation);
    if (file != NULL && file->kind == MODEL_CYCLIC && !one_in(generation->random, 8)) {
        generation->action->p1 = 0;
        generation->action->p2 = 3;
    }
    fill(generation, record_length_of(generation) + one_in(generation->random, 16));
}

static void generate_search(const struct generation *generation)
{
    choose_record(generation);
    generation->action->p2 = one_in(generation->random, 2) ? 4 : 5;
    fill(generation, 1 + random_below(generation->random, 3));
    const struct model_file *file = current_file(generation);
    if (file != NULL && file->record_length != 0 && one_in(generation->random, 2)) { /* what is there for sure */
        generation->action->length = file->record_length < 3 ? file->record_length : 3;
        memcpy(generation->action->data, file->content, generation->action->length);
    }
}

static void generate_increase(const struct generation *generation)
{
    generation->action->sfi = any_sfi(generation);
    fill(generation, 1 + random_below(generation->random, 3));
    if (one_in(generation->random, 4)) {
        generation->action->data[0] = 0xff;
    }
}

/* Objects */

static void put_tag(const struct generation *generation)
{
    static const uint16_t tags[] = {0x80, 0x81, 0xa2, 0x5f20, 0x5f21};
    struct model_action *action = generation->action;
    const uint16_t tag = tags[random_below(generation->random, 5)];
    if (tag > 0xff) {
        action->data[action->length++] = (uint8_t)(tag >> 8);
    }
    action->data[action->length++] = (uint8_t)tag;
}

static bool has_transfer(const struct generation *generation)
{
    const struct model_transfer *transfer = &generation->model->transfer;
    return transfer->ins == generation->action->command && transfer->channel == generation->action->channel;
}

static void generate_retrieve(const struct generation *generation)
{
    struct model_action *action = generation->action;
    action->le = any_le(generation->random);
    if (has_transfer(generation) ? !one_in(generation->random, 4) : one_in(generation->random, 8)) {
        action->p2 = NEXT_BLOCK;
        return;
    }
    action->p2 = FIRST_BLOCK;
    action->sfi = any_sfi(generation);
    if (one_in(generation->random, 4)) {
        action->data[action->length++] = 0x5c;
    } else {
        put_tag(generation);
    }
}

static void put_length(struct model_action *action, unsigned length)
{
    if (length > 0xff) {
        action->data[action->length++] = 0x82;
        action->data[action->length++] = (uint8_t)(length >> 8);
    } else if (length >= 0x80) {
        action->data[action->length++] = 0x81;
    }
    action->data[action->length++] = (uint8_t)length;
}

/* The head of a new object and the first octets of its value, all of them or some. */
static void generate_first_block(const struct generation *generation)
{
    struct model_action *action = generation->action;
    action->p2 = FIRST_BLOCK;
    action->sfi = any_sfi(generation);
    put_tag(generation);
    if (one_in(generation->random, 6)) { /* a tag alone deletes */
        return;
    }
    const unsigned length = random_below(generation->random, one_in(generation->random, 3) ? 600 : 30);
    put_length(action, length);
    unsigned now = one_in(generation->random, 2) ? length : random_below(generation->random, length + 1);
    const unsigned room = MODEL_DATA - action->length;
    for (now = now < room ? now : room; now > 0; now--) {
        action->data[action->length++] = (uint8_t)random_below(generation->random, 256);
    }
}

static void generate_set_data(const struct generation *generation)
{
    struct model_action *action = generation->action;
    const struct model_transfer *transfer = &generation->model->transfer;
    if (!has_transfer(generation) || one_in(generation->random, 5)) {
        generate_first_block(generation);
        return;
    }
    const unsigned left = transfer->total - transfer->done;
    const unsigned most = left < MODEL_DATA ? left : MODEL_DATA;
    action->p2 = NEXT_BLOCK;
    fill(generation, one_in(generation->random, 2) ? most : 1 + random_below(generation->random, most));
    if (one_in(generation->random, 16) && action->length < MODEL_DATA) {
        action->length++;
    }
}

/* PINs */

static void put_value(const struct generation *generation, const char *value)
{
    memcpy(generation->action->data + generation->action->length, value, 8);
    generation->action->length += 8;
}

static void generate_pin(const struct generation *generation)
{
    static const char *const values[] = {"1234\xff\xff\xff\xff", "5678\xff\xff\xff\xff", "87654321"};
    struct model_action *action = generation->action;
    const struct model_pin *pin = &generation->model->pins[random_below(generation->random, MODEL_PINS)];
    if (action->command == MODEL_ENABLE_PIN || action->command == MODEL_DISABLE_PIN) {
        pin = one_in(generation->random, 8) ? pin : &generation->model->pins[MODEL_PIN1];
    }
    action->p2 = pin->reference;
    if (one_in(generation->random, 5)) {
        put_value(generation, "9999\xff\xff\xff\xff");
    } else if (action->command == MODEL_UNBLOCK_PIN) {
        put_value(generation, (const char *)pin->unblock_value);
    } else {
        put_value(generation, (const char *)pin->value);
    }
    if (action->command == MODEL_CHANGE_PIN || action->command == MODEL_UNBLOCK_PIN) {
        put_value(generation, values[random_below(generation->random, 3)]);
    }
}

/* Administration */

static void generate_create(const struct generation *generation)
{
    struct random *random = generation->random;
    struct model_file *new = &generation->action->new;
    new->kind = (enum model_kind)random_below(random, MODEL_OF_OBJECTS + 1);
    new->kind = new->kind == MODEL_LINEAR &&one_in(random, 2) ? MODEL_OF_OBJECTS : new->kind;
    new->state = one_in(random, 16) && new->kind != MODEL_DIRECTORY ? 0x04 : 0x05;
    if (new->kind == MODEL_DIRECTORY) {
        new->fid = (uint16_t)(0x5000 + random_below(random, 4));
        new->rule = 9;
        return;
    }
    new->fid = (uint16_t)(0x5101 + random_below(random, 6));
    new->rule = (uint8_t)(one_in(random, 2) ? 8 : 1 + random_below(random, 9));
    new->sfi = is_in_adf(generation) ? 0 : any_sfi(generation);
    new->size = 4 + random_below(random, one_in(random, 16) ? MODEL_CONTENT - 4 : 200);
    if (new->kind == MODEL_LINEAR || new->kind == MODEL_CYCLIC) {
        new->record_length = 1 + random_below(random, 20);
        new->size = new->record_length *(1 + random_below(random, 12));
    } else if (new->kind == MODEL_OF_OBJECTS &&new->size > 1200) {
        new->size = 1200;
    }
}

static void generate_delete(const struct generation *generation)
{
    const uint16_t fid = likely_fid(generation);
    generation->action->fid = is_new_file(fid) ? fid : 0x3f00;
}

static void generate_resize(const struct generation *generation)
{
    struct model_action *action = generation->action;
    action->fid = likely_fid(generation);
    const int child = model_find_child(generation->model, generation->channel->directory, action->fid);
    action->size = random_below(generation->random, one_in(generation->random, 16) ? MODEL_CONTENT : 300);
    if (child != MODEL_NOTHING && generation->model->files[child].record_length != 0 &&
        !one_in(generation->random, 8)) {
        action->size = generation->model->files[child].record_length * (1 + random_below(generation->random, 12));
    }
}

static void generate_change_of_state(const struct generation *generation)
{
    const uint16_t fid = likely_fid(generation);
    if (generation->action->command == MODEL_TERMINATE_DF) { /* a new one: the application is needed further */
        generation->action->fid = (uint16_t)(0x5000 + random_below(generation->random, 4));
    } else if (!one_in(generation->random, 3)) {
        generation->action->fid = fid == 0x7fff ? 0x5000 : fid;
    }
}

static void generate_suspend(const struct generation *generation)
{
    struct model_action *action = generation->action;
    if (generation->model->suspended) {
        action->p1 = 0x01;
        action->length = 8;
        memcpy(action->data, generation->model->token, 8);
        action->data[7] ^= one_in(generation->random, 8);
        return;
    }
    action->length = 4;
    memcpy(action->data, "\x00\x01\x00\x05", 4);
}

typedef void generator(const struct generation *generation);

/* On what a command has a chance to work. */
enum fitness { FITS_ALWAYS, FITS_TRANSPARENT, FITS_RECORDS, FITS_CYCLIC, FITS_OBJECTS };

static const struct {
    enum model_command command;
    unsigned weight;
    enum fitness fitness;
    generator *generate;
} generators[] = {
    {MODEL_SELECT, 20, FITS_ALWAYS, generate_select},
    {MODEL_STATUS, 1, FITS_ALWAYS, generate_status},
    {MODEL_MANAGE_CHANNEL, 4, FITS_ALWAYS, generate_manage_channel},
    {MODEL_READ_BINARY, 14, FITS_TRANSPARENT, generate_binary},
    {MODEL_UPDATE_BINARY, 14, FITS_TRANSPARENT, generate_binary},
    {MODEL_READ_RECORD, 16, FITS_RECORDS, generate_read_record},
    {MODEL_UPDATE_RECORD, 24, FITS_RECORDS, generate_update_record},
    {MODEL_SEARCH_RECORD, 16, FITS_RECORDS, generate_search},
    {MODEL_INCREASE, 20, FITS_CYCLIC, generate_increase},
    {MODEL_RETRIEVE_DATA, 40, FITS_OBJECTS, generate_retrieve},
    {MODEL_SET_DATA, 60, FITS_OBJECTS, generate_set_data},
    {MODEL_VERIFY, 8, FITS_ALWAYS, generate_pin},
    {MODEL_CHANGE_PIN, 1, FITS_ALWAYS, generate_pin},
    {MODEL_DISABLE_PIN, 1, FITS_ALWAYS, generate_pin},
    {MODEL_ENABLE_PIN, 4, FITS_ALWAYS, generate_pin},
    {MODEL_UNBLOCK_PIN, 2, FITS_ALWAYS, generate_pin},
    {MODEL_CREATE, 16, FITS_ALWAYS, generate_create},
    {MODEL_DELETE, 3, FITS_ALWAYS, generate_delete},
    {MODEL_RESIZE, 8, FITS_ALWAYS, generate_resize},
    {MODEL_DEACTIVATE, 1, FITS_ALWAYS, generate_change_of_state},
    {MODEL_ACTIVATE, 3, FITS_ALWAYS, generate_change_of_state},
    {MODEL_TERMINATE_EF, 1, FITS_ALWAYS, generate_change_of_state},
    {MODEL_TERMINATE_DF, 3, FITS_ALWAYS, generate_change_of_state},
    {MODEL_SUSPEND, 1, FITS_ALWAYS, generate_suspend},
};

enum { GENERATORS = sizeof generators / sizeof generators[0] };

static unsigned draw_generator(struct random *random)
{
    unsigned total = 0;
    for (unsigned i = 0; i < GENERATORS; i++) {
        total += generators[i].weight;
    }
    unsigned left = random_below(random, total);
    unsigned chosen = 0;
    while (left >= generators[chosen].weight) {
        left -= generators[chosen].weight;
        chosen++;
    }
    return chosen;
}

static bool fits(const struct model *model, int channel, enum fitness fitness)
{
    const int file = model->channels[channel].file;
    if (fitness == FITS_ALWAYS || !model->channels[channel].open) {
        return true;
    }
    const enum model_kind kind = file == MODEL_NOTHING ? MODEL_DIRECTORY : model->files[file].kind;
    switch (kind) {
    case MODEL_TRANSPARENT:
        return fitness == FITS_TRANSPARENT;
    case MODEL_LINEAR:
        return fitness == FITS_RECORDS;
    case MODEL_CYCLIC:
        return fitness == FITS_RECORDS || fitness == FITS_CYCLIC;
    case MODEL_OF_OBJECTS:
        return fitness == FITS_OBJECTS;
    default:
        return false;
    }
}

/* Mostly one that fits to the current file; after a suspension, the one that ends it. */
static unsigned choose_generator(struct random *random, const struct model *model, int channel)
{
    if (model->suspended && !one_in(random, 3)) {
        return GENERATORS - 1;
    }
    unsigned chosen = draw_generator(random);
    while (!fits(model, channel, generators[chosen].fitness) && !one_in(random, 16)) {
        chosen = draw_generator(random);
    }
    return chosen;
}

/* One that is open, seldom another. */
static int choose_channel(struct random *random, const struct model *model)
{
    int channel = one_in(random, 2) ? 0 : (int)random_below(random, OPEN_CHANNELS);
    while (!model->channels[channel].open && !one_in(random, 32)) {
        channel = (int)random_below(random, OPEN_CHANNELS);
    }
    return channel;
}

struct model_action generate_action(struct random *random, const struct model *model)
{
    struct model_action action = {.channel = choose_channel(random, model)};
    const unsigned chosen = choose_generator(random, model, action.channel);
    action.command = generators[chosen].command;
    if (action.command == MODEL_SUSPEND && !one_in(random, 8)) {
        action.channel = 0;
    }
    const struct model_channel *channel = &model->channels[model->channels[action.channel].open ? action.channel : 0];
    generators[chosen].generate(
        &(struct generation){.random = random, .model = model, .channel = channel, .action = &action});
    return action;
}
