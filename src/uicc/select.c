/* select.c: SELECT and STATUS (TS 102 221 11.1.1, 11.1.2). */
#include "codec/ber_tlv.h"
#include "uicc/api_session.h"
#include "uicc/applet.h"
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

static void activate_application(struct uicc *uicc, const struct uicc_command *command, uint8_t index)
{
    const uint8_t adf = card_layout_application(&uicc->layout, index).adf;
    api_session_end_channel(uicc, command->channel_number);
    command->channel->application = index;
    command->channel->applet = 0;
    if (adf != CARD_NO_INDEX) {
        file_system_select(uicc, command->channel, adf);
    }
}

static void terminate_application(struct uicc *uicc, const struct uicc_command *command)
{
    api_session_end_channel(uicc, command->channel_number);
    channel_open_at_mf(command->channel);
}

static void write_application_fcp(struct uicc *uicc, uint8_t index, struct octet_writer *response)
{
    const struct card_application application = card_layout_application(&uicc->layout, index);
    if (application.kind == APPLICATION_APPLET) {
        fcp_write_applet(response, &application);
    } else {
        fcp_write(response, uicc, application.adf);
    }
}

/* An applet of the embedder's: selected, or its session ended. */
static enum status_word select_applet(struct uicc *uicc, const struct uicc_command *command,
                                      struct octet_writer *response)
{
    const uint8_t number = applet_find(uicc, command->data);
    const bool is_occurrence = (command->p2 & SELECT_OCCURRENCE_MASK) != 0;
    if (number == 0 || is_occurrence) {
        return SW_FILE_NOT_FOUND;
    }
    const bool terminates = (command->p2 & SELECT_SESSION_MASK) == SELECT_SESSION_TERMINATE;
    if (terminates && command->channel->applet != number) {
        return SW_WRONG_P1_P2;
    }
    terminate_application(uicc, command);
    command->channel->applet = terminates ? 0 : number;
    if ((command->p2 & SELECT_RETURN_NOTHING) == SELECT_RETURN_FCP) {
        const struct card_application application = applet_application(uicc, number);
        fcp_write_applet(response, &application);
    }
    return SW_OK;
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
        return select_applet(uicc, command, response);
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
        return found != CARD_NO_INDEX && file_system_is_directory(uicc, found) ? found : CARD_NO_INDEX;
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

/* A file that is out of use is selected all the same; the warning says so. */
static enum status_word sw_of_selected(const struct uicc *uicc, uint8_t index)
{
    const enum file_state state = card_layout_file(&uicc->layout, index).state;
    if (state == FILE_STATE_TERMINATED) {
        return SW_SELECTED_TERMINATED;
    }
    return state == FILE_STATE_DEACTIVATED ? SW_SELECTED_DEACTIVATED : SW_OK;
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
        file_system_select(uicc, command->channel, CARD_MF_INDEX);
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
    file_system_select(uicc, command->channel, found);
    if (answer == SELECT_RETURN_FCP) {
        fcp_write(response, uicc, found);
    }
    return sw_of_selected(uicc, found);
}

/* STATUS */

enum { STATUS_P1_MAX = 0x02, STATUS_FCP = 0x00, STATUS_AID = 0x01, STATUS_NOTHING = 0x0c };

static void write_current_aid(const struct uicc *uicc, const struct uicc_channel *channel,
                              struct octet_writer *response)
{
    enum { TAG_AID = 0x84 };
    if (channel->application != CARD_NO_INDEX || channel->applet != 0) {
        const struct card_application application =
            channel->applet != 0 ? applet_application(uicc, channel->applet)
                                 : card_layout_application(&uicc->layout, channel->application);
        ber_tlv_write(response, TAG_AID, octets_of(application.aid, application.aid_length));
    }
}

enum status_word command_status(struct uicc *uicc, const struct uicc_command *command, struct octet_writer *response)
{
    if (command->data.length > 0) {
        return SW_WRONG_LENGTH;
    }
    if (command->p1 > STATUS_P1_MAX) {
        return SW_WRONG_P1_P2;
    }
    switch (command->p2) {
    case STATUS_FCP:
        fcp_write(response, uicc, command->channel->directory);
        return SW_OK;
    case STATUS_AID:
        write_current_aid(uicc, command->channel, response);
        return SW_OK;
    case STATUS_NOTHING:
        return SW_OK;
    default:
        return SW_WRONG_P1_P2;
    }
}
