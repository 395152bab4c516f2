/* command.h: a command APDU taken apart, and the status words that the card answers (TS 102 221 10.1, 10.2). */
#ifndef UICC_COMMAND_H
#define UICC_COMMAND_H

#include "uicc/uicc.h"

enum status_word {
    SW_OK = 0x9000,
    SW_NOTHING_FOUND = 0x6282,
    SW_SELECTED_DEACTIVATED = 0x6283,
    SW_SELECTED_TERMINATED = 0x6285,
    SW_MORE_DATA = 0x62f1,
    SW_MORE_DATA_EXPECTED = 0x63f1,
    SW_WRONG_PIN = 0x63c0, /* plus the tries left */
    SW_MEMORY_PROBLEM = 0x6581,
    SW_WRONG_LENGTH = 0x6700,
    SW_CHANNEL_NOT_SUPPORTED = 0x6881,
    SW_SECURE_MESSAGING_NOT_SUPPORTED = 0x6882,
    SW_WRONG_STRUCTURE = 0x6981,
    SW_SECURITY_STATUS = 0x6982,
    SW_BLOCKED = 0x6983,
    SW_REFERENCED_DATA_INVALID = 0x6984,
    SW_CONDITIONS = 0x6985,
    SW_NO_EF_SELECTED = 0x6986,
    SW_WRONG_DATA = 0x6a80,
    SW_FUNCTION_NOT_SUPPORTED = 0x6a81,
    SW_FILE_NOT_FOUND = 0x6a82,
    SW_RECORD_NOT_FOUND = 0x6a83,
    SW_NO_MEMORY = 0x6a84,
    SW_WRONG_P1_P2 = 0x6a86,
    SW_DATA_NOT_FOUND = 0x6a88,
    SW_FILE_EXISTS = 0x6a89,
    SW_WRONG_OFFSET = 0x6b00,
    SW_INS_NOT_SUPPORTED = 0x6d00,
    SW_CLA_NOT_SUPPORTED = 0x6e00,
    SW_TECHNICAL_PROBLEM = 0x6f00,
    SW_INCREASE_TOO_LARGE = 0x9850,
    SW_AUTHENTICATION_MAC = 0x9862,
    SW_AUTHENTICATION_CONTEXT = 0x9864,
    SW_NOT_NEWER = 0x9865,
    SW_AUTHENTICATION_NO_MEMORY = 0x9866
};

struct uicc_command {
    uint8_t cla;
    uint8_t ins;
    uint8_t p1;
    uint8_t p2;
    uint8_t channel_number;
    struct uicc_channel *channel;
    struct octets data;
    bool is_extended; /* its lengths have two octets; PROCESS of the GBA_U API alone takes that */
    bool has_le;
    uint16_t le; /* 1 to 256 when has_le of a short command */
};

/* A command's work: writes response data, returns the status word. Data is dropped unless SW is 9000, 62XX or 63XX. */
typedef enum status_word command_handler(struct uicc *uicc, const struct uicc_command *command,
                                         struct octet_writer *response);

/* select.c */
command_handler command_select;
command_handler command_status;

/* binary_commands.c */
command_handler command_read_binary;
command_handler command_update_binary;

/* record_commands.c */
command_handler command_read_record;
command_handler command_update_record;
command_handler command_search_record;
command_handler command_increase;

/* data_object_commands.c */
command_handler command_retrieve_data;
command_handler command_set_data;

/* administration.c */
command_handler command_change_file_state; /* ACTIVATE, DEACTIVATE, TERMINATE: by INS */
command_handler command_create_file;
command_handler command_delete_file;
command_handler command_resize_file;

/* toolkit.c */
command_handler command_terminal_profile;
command_handler command_terminal_capability;
command_handler command_envelope;
command_handler command_without_proactive_session; /* FETCH, TERMINAL RESPONSE */

/* suspension.c */
command_handler command_suspend;

/* pin.c */
command_handler command_verify_pin;
command_handler command_change_pin;
command_handler command_disable_pin;
command_handler command_enable_pin;
command_handler command_unblock_pin;

/* channel.c */
command_handler command_manage_channel;

/* authenticate.c */
command_handler command_authenticate;
command_handler command_authenticate_tlv; /* odd INS */

/* api_applet.c */
command_handler command_api_capabilities;
command_handler command_api_list;
command_handler command_api_counter;
command_handler command_api_open_key;
command_handler command_api_process;
command_handler command_api_authenticate_key;
command_handler command_api_derive_key;
command_handler command_api_transfer_key;
command_handler command_api_keep_key;
command_handler command_api_apply;
command_handler command_api_close_key;

/* applet.c */
command_handler command_applet;

/* Commands that need nothing but an answer (uicc.c). */
command_handler command_get_challenge;
command_handler command_get_response;

/* How a failed internal operation shows on the wire. */
enum status_word sw_of_status(enum gbau_status status);

#endif
