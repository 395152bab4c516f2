/* card_model_administration.c: the model's commands that make, change and delete files. */
#include <string.h>

#include "card_model.h"

static bool lies_below(const struct model *model, int file, int root)
{
    int place = file;
    while (place != root && place != MODEL_NOTHING) {
        place = model->files[place].parent;
    }
    return place == root;
}

/* The first free place in the card's table behind that of the directory; MODEL_SLOTS: none. */
static int find_slot(const struct model *model, int directory)
{
    for (int slot = model->files[directory].slot + 1; slot < MODEL_SLOTS; slot++) {
        bool taken = false;
        for (int i = 0; i < MODEL_FILES; i++) {
            taken = taken || (model->files[i].exists && model->files[i].slot == slot);
        }
        if (!taken) {
            return slot;
        }
    }
    return MODEL_SLOTS;
}

static bool is_taken(const struct model *model, int directory, const struct model_file *new)
{
    static const uint16_t reserved[] = {0x3f00, 0x7fff, 0x3fff, 0xffff};
    bool taken = model->files[directory].fid == new->fid;
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        taken = taken || reserved[i] == new->fid;
    }
    for (int i = 0; i < MODEL_FILES; i++) {
        const struct model_file *file = &model->files[i];
        taken = taken || (file->exists && file->parent == directory &&
                          (file->fid == new->fid || (new->sfi != 0 && file->sfi == new->sfi)));
    }
    return taken;
}

static int depth_of(const struct model *model, int directory)
{
    return directory == MODEL_NOTHING ? 0 : 1 + depth_of(model, model->files[directory].parent);
}

static int free_index(const struct model *model)
{
    int index = 0;
    while (model->files[index].exists) {
        index++;
    }
    return index;
}

static struct model_answer create(struct model *model, const struct model_action *action, bool found_room,
                                  bool *room_needed)
{
    enum { MAX_DEPTH = 8 };
    struct model_channel *channel = &model->channels[action->channel];
    const int directory = channel->directory;
    if (!model_may(model, &model->files[directory], RIGHT_CHANGE)) {
        return model_sw(0x6982);
    }
    if (model_is_terminated(model, directory)) {
        return model_sw(0x6985);
    }
    if (is_taken(model, directory, &action->new)) {
        return model_sw(0x6a89);
    }
    const int slot = find_slot(model, directory);
    *room_needed = action->new.size > 0;
    if (slot == MODEL_SLOTS || depth_of(model, directory) >= MAX_DEPTH) {
        *room_needed = false;
        return model_sw(0x6a84);
    }
    if (*room_needed && !found_room) {
        return model_sw(0x6a84);
    }
    const int index = free_index(model);
    struct model_file *file = &model->files[index];
    *file = action->new;
    file->exists = true;
    file->parent = directory;
    file->slot = slot;
    file->rules_file = 0x2f06;
    memset(file->content, file->kind == MODEL_OF_OBJECTS ? 0 : 0xff, sizeof file->content);
    model_select(model, channel, index);
    return model_sw(0x9000);
}

static void end_transfer_below(struct model *model, int root)
{
    if (model->transfer.ins != 0 && lies_below(model, model->transfer.file, root)) {
        model->transfer = (struct model_transfer){0};
    }
}

static void leave_files(struct model *model, int root)
{
    for (int i = 0; i < MODEL_CHANNELS; i++) {
        struct model_channel *channel = &model->channels[i];
        if (channel->open && lies_below(model, channel->directory, root)) {
            model_select(model, channel, model->files[root].parent);
        } else if (channel->open && channel->file == root) {
            model_select(model, channel, channel->directory);
        }
    }
}

static struct model_answer delete (struct model *model, const struct model_action *action)
{
    const int directory = model->channels[action->channel].directory;
    int root = model_find_child(model, directory, action->fid);
    if (root == MODEL_NOTHING && model->files[directory].fid == action->fid) {
        root = directory;
    }
    if (root == MODEL_NOTHING) {
        return model_sw(0x6a82);
    }
    const struct model_file *file = &model->files[root];
    if (file->parent == MODEL_NOTHING) {
        return model_sw(0x6985);
    }
    if (!model_may(model, file, RIGHT_CHANGE) && !model_may(model, &model->files[file->parent], RIGHT_CHANGE)) {
        return model_sw(0x6982);
    }
    end_transfer_below(model, root);
    leave_files(model, root);
    bool goes[MODEL_FILES];
    for (int i = 0; i < MODEL_FILES; i++) {
        goes[i] = model->files[i].exists && lies_below(model, i, root);
    }
    for (int i = 0; i < MODEL_FILES; i++) {
        model->files[i].exists = model->files[i].exists && !goes[i];
    }
    return model_sw(0x9000);
}

static bool size_is_possible(const struct model_file *file, unsigned size)
{
    enum { OBJECTS_MAX = 1200 };
    if (file->kind == MODEL_OF_OBJECTS) {
        return size >= 4 && size <= OBJECTS_MAX && size >= 2 + model_used_by_objects(file);
    }
    return size >= 1 &&
           (file->record_length == 0 || (size % file->record_length == 0 && size / file->record_length <= 254));
}

static void forget_lost_records(struct model *model, int index)
{
    const struct model_file *file = &model->files[index];
    for (int i = 0; i < MODEL_CHANNELS && file->record_length != 0; i++) {
        struct model_channel *channel = &model->channels[i];
        if (channel->file == index && channel->record > file->size / file->record_length) {
            channel->record = 0;
        }
    }
}

static struct model_answer resize(struct model *model, const struct model_action *action, bool found_room,
                                  bool *room_needed)
{
    const int index = model_find_child(model, model->channels[action->channel].directory, action->fid);
    if (index == MODEL_NOTHING) {
        return model_sw(0x6a82);
    }
    struct model_file *file = &model->files[index];
    if (file->kind == MODEL_DIRECTORY) {
        return model_sw(0x6a81);
    }
    if (!model_may(model, file, RIGHT_RESIZE)) {
        return model_sw(0x6982);
    }
    if (!size_is_possible(file, action->size)) {
        return model_sw(0x6a80);
    }
    end_transfer_below(model, index);
    /* a cyclic file that has turned needs a new place for its records whatever its size */
    *room_needed = action->size > file->size || (file->kind == MODEL_CYCLIC && !found_room);
    if (*room_needed && !found_room) {
        return model_sw(0x6a84);
    }
    if (action->size > file->size && file->kind != MODEL_OF_OBJECTS) {
        memset(file->content + file->size, 0xff, action->size - file->size);
    }
    file->size = action->size;
    forget_lost_records(model, index);
    return model_sw(0x9000);
}

static struct model_answer change_state(struct model *model, const struct model_action *action)
{
    const struct model_channel *channel = &model->channels[action->channel];
    const int index = action->fid == 0 ? channel->file : model_find(model, channel, action->fid);
    if (index == MODEL_NOTHING) {
        return model_sw(action->fid == 0 ? 0x6986 : 0x6a82);
    }
    struct model_file *file = &model->files[index];
    const bool of_directory = action->command == MODEL_TERMINATE_DF;
    if ((file->kind == MODEL_DIRECTORY) != of_directory || index == 0) {
        return model_sw(0x6981);
    }
    if (!model_may(model, file, RIGHT_CHANGE)) {
        return model_sw(0x6982);
    }
    if (file->state == 0x0c) {
        return model_sw(0x6985);
    }
    file->state = action->command == MODEL_ACTIVATE ? 0x05 : action->command == MODEL_DEACTIVATE ? 0x04 : 0x0c;
    return model_sw(0x9000);
}

struct model_answer model_run_administration(struct model *model, const struct model_action *action, bool found_room,
                                             bool *room_needed)
{
    switch (action->command) {
    case MODEL_CREATE:
        return create(model, action, found_room, room_needed);
    case MODEL_DELETE:
        return delete (model, action);
    case MODEL_RESIZE:
        return resize(model, action, found_room, room_needed);
    default:
        return change_state(model, action);
    }
}
