/* binary_commands.c: READ and UPDATE BINARY (TS 102 221 11.1.3, 11.1.4). */
#include "uicc/file_access.h"

/* The transparent file and the offset that P1 and P2 name: SFI and offset, or an offset of 15 bits. */
static enum status_word find_binary(struct uicc *uicc, const struct uicc_command *command, size_t *offset,
                                    struct card_file *file)
{
    enum { USES_SFI = 0x80, RESERVED_WITH_SFI = 0x60 };
    const bool uses_sfi = (command->p1 & USES_SFI) != 0;
    const uint8_t sfi = uses_sfi ? command->p1 & SFI_MASK : 0;
    *offset = uses_sfi ? command->p2 : (size_t)(command->p1 << 8 | command->p2);
    if (uses_sfi && (command->p1 & RESERVED_WITH_SFI) != 0) {
        return SW_WRONG_P1_P2;
    }
    if (uses_sfi && sfi == 0) {
        return SW_FILE_NOT_FOUND;
    }
    enum status_word sw = file_access_find(uicc, command, sfi, file);
    if (sw != SW_OK) {
        return sw;
    }
    return file->kind == FILE_KIND_TRANSPARENT ? SW_OK : SW_WRONG_STRUCTURE;
}

enum status_word command_read_binary(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    size_t offset = 0;
    struct card_file file;
    enum status_word sw = find_binary(uicc, command, &offset, &file);
    if (sw == SW_OK) {
        sw = file_access_check(uicc, &file, ACCESS_READ);
    }
    if (sw != SW_OK) {
        return sw;
    }
    if (command->data.length > 0 || !command->has_le) {
        return SW_WRONG_LENGTH;
    }
    if (offset >= file.size) {
        return SW_WRONG_OFFSET;
    }
    const size_t left = file.size - offset;
    /* Le = 00 means all there is; any other Le beyond the end is an error */
    if (command->le < 256 && command->le > left) {
        return SW_WRONG_LENGTH;
    }
    octet_writer_put(response, uicc->nvm.data + file.body + offset, command->le < left ? command->le : left);
    return SW_OK;
}

enum status_word command_update_binary(struct uicc *uicc, const struct uicc_command *command,
                                       struct octet_writer *response)
{
    (void)response;
    size_t offset = 0;
    struct card_file file;
    enum status_word sw = find_binary(uicc, command, &offset, &file);
    if (sw == SW_OK) {
        sw = file_access_check(uicc, &file, ACCESS_UPDATE);
    }
    if (sw != SW_OK) {
        return sw;
    }
    if (command->data.length == 0) {
        return SW_WRONG_LENGTH;
    }
    if (offset >= file.size) {
        return SW_WRONG_OFFSET;
    }
    if (command->data.length > file.size - offset) {
        return SW_WRONG_LENGTH;
    }
    return file_access_write(uicc, file.body + offset, command->data);
}
