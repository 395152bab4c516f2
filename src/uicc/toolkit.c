/*
 * toolkit.c: the commands of the card application toolkit, on a card that has nothing to say by itself: no proactive
 * command ever waits, no toolkit applet listens (TS 102 221 11.1.19, 11.2; TS 102 223).
 */
#include "codec/ber_tlv.h"
#include "uicc/command.h"

static bool has_parameters(const struct uicc_command *command)
{
    return command->p1 != 0 || command->p2 != 0;
}

enum status_word command_terminal_profile(struct uicc *uicc, const struct uicc_command *command,
                                          struct octet_writer *response)
{
    (void)uicc;
    (void)response;
    if (has_parameters(command)) {
        return SW_WRONG_P1_P2;
    }
    return command->data.length == 0 ? SW_WRONG_LENGTH : SW_OK;
}

/* The data is one template of that tag and nothing behind it. */
static bool is_template(struct octets data, uint32_t tag)
{
    struct octet_reader reader = octet_reader_of(data);
    struct ber_tlv tlv;
    return ber_tlv_next(&reader, &tlv) && (tag == 0 || tlv.tag == tag) && octet_reader_end(&reader) == GBAU_OK;
}

enum status_word command_terminal_capability(struct uicc *uicc, const struct uicc_command *command,
                                             struct octet_writer *response)
{
    enum { TAG_TERMINAL_CAPABILITY = 0xa9 };
    (void)uicc;
    (void)response;
    if (has_parameters(command)) {
        return SW_WRONG_P1_P2;
    }
    return is_template(command->data, TAG_TERMINAL_CAPABILITY) ? SW_OK : SW_WRONG_DATA;
}

/* Nobody listens to the event; that is no error of the terminal's ([M] 102 221 11.2.2). */
enum status_word command_envelope(struct uicc *uicc, const struct uicc_command *command, struct octet_writer *response)
{
    (void)uicc;
    (void)response;
    if (has_parameters(command)) {
        return SW_WRONG_P1_P2;
    }
    if (command->data.length == 0) {
        return SW_WRONG_LENGTH;
    }
    return is_template(command->data, 0) ? SW_OK : SW_WRONG_DATA;
}

/* FETCH and TERMINAL RESPONSE belong to a proactive command, and there is none ([M] 6985). */
enum status_word command_without_proactive_session(struct uicc *uicc, const struct uicc_command *command,
                                                   struct octet_writer *response)
{
    (void)uicc;
    (void)response;
    return has_parameters(command) ? SW_WRONG_P1_P2 : SW_CONDITIONS;
}
