/* file_commands.c: SELECT, STATUS, READ and UPDATE of EFs (TS 102 221 11.1.1 to 11.1.6). */
#include <string.h>

#include "codec/ber_tlv.h"
#include "uicc/access_rule.h"
#include "uicc/api_applet.h"
#include "uicc/channel.h"
#include "uicc/command.h"
#include "uicc/fcp.h"
#include "uicc/file_system.h"

enum {
    SELECT_BY_FID = 0x00,
    SELECT_CHILD_DF = 0x01,
    SELECT_PARENT = 0x03,
    SELECT_BY_NAME = 0x04,
    SELECT_PATH_FROM_MF = 0x08,
    SELECT_PATH_FROM_DF = 0x09,
    SELECT_RETURN_FCP = 0x04,
    SELECT_RETURN_NOTHING = 0x0c,
    SELECT_SESSION_MASK = 0x60,
    SELECT_SESSION_TERMINATE = 0x40,
    SELECT_OCCURRENCE_MASK = 0x03
};

/* SELECT */

static void select_file(struct uicc *uicc, struct uicc_channel *channel, uint8_t index)
{
    const struct card_file *file = &uicc->layout.files[index];
    channel->record = 0;
    if (file->kind == FILE_KIND_DF) {
        channel->directory = index;
        channel->file = CARD_NO_INDEX;
        return;
    }
    channel->directory = file->parent;
    channel->file = index;
}

static void activate_application(struct uicc *uicc, const struct uicc_command *command, uint8_t index)
{
    const struct card_application *application = &uicc->layout.applications[index];
    api_applet_close_channel(uicc, command->channel_number);
    command->channel->application = index;
    if (application->adf != CARD_NO_INDEX) {
        select_file(uicc, command->channel, application->adf);
    }
}

static void terminate_application(struct uicc *uicc, const struct uicc_command *command)
{
    api_applet_close_channel(uicc, command->channel_number);
    channel_open_at_mf(command->channel);
}

static void write_application_fcp(struct uicc *uicc, uint8_t index, struct octet_writer *response)
{
    const struct card_application *application = &uicc->layout.applications[index];
    if (application->adf == CARD_NO_INDEX) {
        fcp_write_applet(response, application);
    } else {
        fcp_write(response, uicc, application->adf);
    }
}

static enum status_word select_by_name(struct uicc *uicc, const struct uicc_command *command,
                                       struct octet_writer *response)
{
    if (command->data.length < 1 || command->data.length > CARD_AID_MAX) {
        return SW_WRONG_LENGTH;
    }
    uint8_t index = file_system_find_application(uicc, command->data, command->p2 & SELECT_OCCURRENCE_MASK,
                                                 command->channel->application);
    if (index == CARD_NO_INDEX) {
        return SW_FILE_NOT_FOUND;
    }
    if ((command->p2 & SELECT_SESSION_MASK) == SELECT_SESSION_TERMINATE) {
        if (command->channel->application != index) {
            return SW_WRONG_P1_P2;
        }
        terminate_application(uicc, command);
    } else {
        activate_application(uicc, command, index);
    }
    if ((command->p2 & SELECT_RETURN_NOTHING) == SELECT_RETURN_FCP) {
        write_application_fcp(uicc, index, response);
    }
    return SW_OK;
}

static uint8_t find_selected(const struct uicc *uicc, const struct uicc_command *command)
{
    const struct uicc_channel *channel = command->channel;
    struct octet_reader reader = octet_reader_of(command->data);
    uint8_t found = CARD_NO_INDEX;
    switch (command->p1) {
    case SELECT_BY_FID:
        return file_system_find(uicc, channel, octet_reader_u16(&reader));
    case SELECT_CHILD_DF:
        found = file_system_find_child(uicc, channel->directory, octet_reader_u16(&reader));
        return found != CARD_NO_INDEX && uicc->layout.files[found].kind == FILE_KIND_DF ? found : CARD_NO_INDEX;
    case SELECT_PARENT:
        return file_system_parent(uicc, channel->directory);
    case SELECT_PATH_FROM_MF:
        return file_system_find_path(uicc, channel, CARD_MF_INDEX, command->data);
    default:
        return file_system_find_path(uicc, channel, channel->directory, command->data);
    }
}

/* Lengths that each way of selecting demands; an empty FID with P2 0C selects MF. */
static enum status_word check_select_length(const struct uicc_command *command)
{
    const size_t length = command->data.length;
    switch (command->p1) {
    case SELECT_BY_FID:
    case SELECT_CHILD_DF:
        return length == 2 ? SW_OK : SW_WRONG_LENGTH;
    case SELECT_PARENT:
        return length == 0 ? SW_OK : SW_WRONG_LENGTH;
    case SELECT_PATH_FROM_MF:
    case SELECT_PATH_FROM_DF:
        return length >= 2 && length % 2 == 0 && length <= 16 ? SW_OK : SW_WRONG_LENGTH;
    default:
        return SW_WRONG_P1_P2;
    }
}

enum status_word command_select(struct uicc *uicc, const struct uicc_command *command, struct octet_writer *response)
{
    const uint8_t answer = command->p2 & SELECT_RETURN_NOTHING;
    if (answer != SELECT_RETURN_FCP && answer != SELECT_RETURN_NOTHING) {
        return SW_WRONG_P1_P2;
    }
    if (command->p1 == SELECT_BY_NAME) {
        return select_by_name(uicc, command, response);
    }
    if (command->p1 == SELECT_BY_FID && command->data.length == 0 && command->p2 == SELECT_RETURN_NOTHING) {
        select_file(uicc, command->channel, CARD_MF_INDEX);
        return SW_OK;
    }
    enum status_word sw = check_select_length(command);
    if (sw != SW_OK) {
        return sw;
    }
    uint8_t found = find_selected(uicc, command);
    if (found == CARD_NO_INDEX) {
        return SW_FILE_NOT_FOUND;
    }
    select_file(uicc, command->channel, found);
    if (answer == SELECT_RETURN_FCP) {
        fcp_write(response, uicc, found);
    }
    return SW_OK;
}

/* STATUS */

enum { STATUS_P1_MAX = 0x02, STATUS_FCP = 0x00, STATUS_AID = 0x01, STATUS_NOTHING = 0x0c };

enum status_word command_status(struct uicc *uicc, const struct uicc_command *command, struct octet_writer *response)
{
    if (command->data.length > 0) {
        return SW_WRONG_LENGTH;
    }
    if (command->p1 > STATUS_P1_MAX) {
        return SW_WRONG_P1_P2;
    }
    const struct card_application *application =
        command->channel->application == CARD_NO_INDEX ? NULL
                                                       : &uicc->layout.applications[command->channel->application];
    switch (command->p2) {
    case STATUS_FCP:
        fcp_write(response, uicc, command->channel->directory);
        return SW_OK;
    case STATUS_AID:
        if (application != NULL) {
            ber_tlv_write(response, 0x84, octets_of(application->aid, application->aid_length));
        }
        return SW_OK;
    case STATUS_NOTHING:
        return SW_OK;
    default:
        return SW_WRONG_P1_P2;
    }
}

/* READ and UPDATE BINARY */

/* The file that a command works on: by SFI in P1, or the current one. An SFI also selects the file. */
static enum status_word find_binary(struct uicc *uicc, const struct uicc_command *command, size_t *offset,
                                    const struct card_file **file)
{
    enum { USES_SFI = 0x80, SFI_MASK = 0x1f };
    if ((command->p1 & USES_SFI) != 0) {
        uint8_t found = file_system_find_sfi(uicc, command->channel, command->p1 & SFI_MASK);
        if (found == CARD_NO_INDEX) {
            return SW_FILE_NOT_FOUND;
        }
        select_file(uicc, command->channel, found);
        *offset = command->p2;
    } else {
        *offset = (size_t)(command->p1 << 8 | command->p2);
    }
    if (command->channel->file == CARD_NO_INDEX) {
        return SW_NO_EF_SELECTED;
    }
    *file = &uicc->layout.files[command->channel->file];
    return (*file)->kind == FILE_KIND_TRANSPARENT ? SW_OK : SW_WRONG_STRUCTURE;
}

enum status_word command_read_binary(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    size_t offset = 0;
    const struct card_file *file = NULL;
    enum status_word sw = find_binary(uicc, command, &offset, &file);
    if (sw != SW_OK) {
        return sw;
    }
    if (!access_rule_allows(uicc, file, ACCESS_READ)) {
        return SW_SECURITY_STATUS;
    }
    if (command->data.length > 0 || !command->has_le) {
        return SW_WRONG_LENGTH;
    }
    if (offset >= file->size) {
        return SW_WRONG_OFFSET;
    }
    size_t left = file->size - offset;
    /* Le = 00 means all there is; any other Le beyond the end is an error */
    if (command->le < 256 && command->le > left) {
        return SW_WRONG_LENGTH;
    }
    size_t length = command->le < left ? command->le : left;
    octet_writer_put(response, uicc->nvm.data + file->body + offset, length);
    return SW_OK;
}

/* One change of one file, durable before the answer. */
static enum status_word write_body(struct uicc *uicc, size_t offset, struct octets data)
{
    nvm_begin(&uicc->nvm);
    nvm_change(&uicc->nvm, offset, data.data, data.length);
    return sw_of_status(nvm_commit(&uicc->nvm));
}

enum status_word command_update_binary(struct uicc *uicc, const struct uicc_command *command,
                                       struct octet_writer *response)
{
    (void)response;
    size_t offset = 0;
    const struct card_file *file = NULL;
    enum status_word sw = find_binary(uicc, command, &offset, &file);
    if (sw != SW_OK) {
        return sw;
    }
    if (!access_rule_allows(uicc, file, ACCESS_UPDATE)) {
        return SW_SECURITY_STATUS;
    }
    if (command->data.length == 0) {
        return SW_WRONG_LENGTH;
    }
    if (offset >= file->size) {
        return SW_WRONG_OFFSET;
    }
    if (command->data.length > file->size - offset) {
        return SW_WRONG_LENGTH;
    }
    return write_body(uicc, file->body + offset, command->data);
}

/* READ and UPDATE RECORD */

enum { RECORD_NEXT = 2, RECORD_PREVIOUS = 3, RECORD_ABSOLUTE = 4 };

static enum status_word find_record_file(struct uicc *uicc, const struct uicc_command *command,
                                         const struct card_file **file)
{
    const uint8_t sfi = command->p2 >> 3;
    if (sfi != 0) {
        uint8_t found = file_system_find_sfi(uicc, command->channel, sfi);
        if (found == CARD_NO_INDEX) {
            return SW_FILE_NOT_FOUND;
        }
        select_file(uicc, command->channel, found);
    }
    if (command->channel->file == CARD_NO_INDEX) {
        return SW_NO_EF_SELECTED;
    }
    *file = &uicc->layout.files[command->channel->file];
    return (*file)->kind == FILE_KIND_LINEAR_FIXED ? SW_OK : SW_WRONG_STRUCTURE;
}

/* The record that P1 and P2 name; the record pointer moves with "next" and "previous" only. */
static enum status_word find_record(const struct uicc_command *command, const struct card_file *file,
                                    uint8_t *record)
{
    const uint8_t current = command->channel->record;
    const uint8_t mode = command->p2 & 0x07;
    if (mode != RECORD_ABSOLUTE && (command->p1 != 0 || (mode != RECORD_NEXT && mode != RECORD_PREVIOUS))) {
        return SW_WRONG_P1_P2;
    }
    int wanted = command->p1 == 0 ? current : command->p1;
    if (mode == RECORD_NEXT) {
        wanted = current + 1;
    } else if (mode == RECORD_PREVIOUS) {
        wanted = current == 0 ? file->record_count : current - 1;
    }
    if (wanted < 1 || wanted > file->record_count) {
        return SW_RECORD_NOT_FOUND;
    }
    if (mode != RECORD_ABSOLUTE) {
        command->channel->record = (uint8_t)wanted;
    }
    *record = (uint8_t)wanted;
    return SW_OK;
}

static size_t record_offset(const struct card_file *file, uint8_t record)
{
    return file->body + (size_t)(record - 1) * file->record_length;
}

enum status_word command_read_record(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    const struct card_file *file = NULL;
    uint8_t record = 0;
    enum status_word sw = find_record_file(uicc, command, &file);
    if (sw != SW_OK) {
        return sw;
    }
    if (!access_rule_allows(uicc, file, ACCESS_READ)) {
        return SW_SECURITY_STATUS;
    }
    if (command->data.length > 0 || !command->has_le || (command->le < 256 && command->le != file->record_length)) {
        return SW_WRONG_LENGTH;
    }
    sw = find_record(command, file, &record);
    if (sw == SW_OK) {
        octet_writer_put(response, uicc->nvm.data + record_offset(file, record), file->record_length);
    }
    return sw;
}

enum status_word command_update_record(struct uicc *uicc, const struct uicc_command *command,
                                       struct octet_writer *response)
{
    (void)response;
    const struct card_file *file = NULL;
    uint8_t record = 0;
    enum status_word sw = find_record_file(uicc, command, &file);
    if (sw != SW_OK) {
        return sw;
    }
    if (!access_rule_allows(uicc, file, ACCESS_UPDATE)) {
        return SW_SECURITY_STATUS;
    }
    if (command->data.length != file->record_length) {
        return SW_WRONG_LENGTH;
    }
    sw = find_record(command, file, &record);
    return sw == SW_OK ? write_body(uicc, record_offset(file, record), command->data) : sw;
}
