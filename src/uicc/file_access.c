/* file_access.c: which EF, may it be done, and the write. */
#include "uicc/file_access.h"

#include "uicc/file_system.h"

enum status_word file_access_find(struct uicc *uicc, const struct uicc_command *command, uint8_t sfi,
                                  struct card_file *file)
{
    if (sfi != 0) {
        const uint8_t found = file_system_find_sfi(uicc, command->channel, sfi);
        if (found == CARD_NO_INDEX) {
            return SW_FILE_NOT_FOUND;
        }
        file_system_select(uicc, command->channel, found);
    }
    if (command->channel->file == CARD_NO_INDEX) {
        return SW_NO_EF_SELECTED;
    }
    *file = card_layout_file(&uicc->layout, command->channel->file);
    return SW_OK;
}

enum status_word file_access_check_state(const struct uicc *uicc, const struct card_file *file)
{
    const bool out_of_use = file->state == FILE_STATE_DEACTIVATED || file->state == FILE_STATE_TERMINATED ||
                            file_system_is_terminated(uicc, file->parent);
    return out_of_use ? SW_REFERENCED_DATA_INVALID : SW_OK;
}

enum status_word file_access_check(const struct uicc *uicc, const struct card_file *file, enum access_mode mode)
{
    const enum status_word sw = file_access_check_state(uicc, file);
    if (sw != SW_OK) {
        return sw;
    }
    return access_rule_allows(uicc, file, mode) ? SW_OK : SW_SECURITY_STATUS;
}

enum status_word file_access_write(struct uicc *uicc, size_t offset, struct octets data)
{
    nvm_begin(&uicc->nvm);
    nvm_change(&uicc->nvm, offset, data.data, data.length);
    return sw_of_status(nvm_commit(&uicc->nvm));
}
