/* c_slot.c: C_GetSlotList to C_SetPIN: slots, tokens, mechanisms. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "pkcs11/module.h"
#include "pkcs11/padded_text.h"

static CK_RV is_wanted(CK_SLOT_ID id, bool token_present, bool *wanted)
{
    struct slot *slot;
    CK_RV rv = module_enter_slot(id, &slot);
    if (rv != CKR_OK) {
        return rv;
    }
    *wanted = !token_present || slot_is_present(slot);
    return module_leave(slot, CKR_OK);
}

CRYPTOKI_API CK_RV C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID *slot_list, CK_ULONG *count)
{
    CK_ULONG slot_count;
    CK_ULONG found = 0;
    CK_SLOT_ID ids[SLOT_MAX];
    CK_RV rv = module_slot_count(&slot_count);
    if (rv != CKR_OK) {
        return rv;
    }
    if (count == NULL) {
        return CKR_ARGUMENTS_BAD;
    }
    for (CK_SLOT_ID id = 0; id < slot_count; id++) {
        bool wanted = false;
        rv = is_wanted(id, token_present != CK_FALSE, &wanted);
        if (rv != CKR_OK) {
            return rv;
        }
        if (wanted) {
            ids[found++] = id;
        }
    }
    const CK_ULONG room = *count;
    *count = found;
    if (slot_list == NULL) {
        return CKR_OK;
    }
    if (room < found) {
        return CKR_BUFFER_TOO_SMALL;
    }
    memcpy(slot_list, ids, found * sizeof ids[0]);
    return CKR_OK;
}

CRYPTOKI_API CK_RV C_GetSlotInfo(CK_SLOT_ID slot_id, CK_SLOT_INFO *info)
{
    struct slot *slot;
    CK_RV rv = module_enter_slot(slot_id, &slot);
    if (rv != CKR_OK) {
        return rv;
    }
    if (info == NULL) {
        return module_leave(slot, CKR_ARGUMENTS_BAD);
    }
    *info = (CK_SLOT_INFO){.flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT};
    info->flags |= slot_is_present(slot) ? CKF_TOKEN_PRESENT : 0;
    padded_text_put(info->slotDescription, sizeof info->slotDescription, slot->token.connection.configuration->card);
    padded_text_put(info->manufacturerID, sizeof info->manufacturerID, "gbau");
    return module_leave(slot, CKR_OK);
}

/* Whether the card asks for its PIN is known when it was opened once. */
static CK_RV learn_about_pin(struct token *token)
{
    CK_RV rv = token->pin_state == TOKEN_PIN_UNKNOWN ? token_connect(token) : CKR_OK;
    return rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_PIN_LOCKED ? CKR_OK : rv;
}

static void describe_token(const struct slot *slot, CK_TOKEN_INFO *info)
{
    char serial[17];
    const struct slot_configuration *configuration = slot->token.connection.configuration;
    *info = (CK_TOKEN_INFO){.flags = CKF_RNG | CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED |
                                     (slot->token.pin_state != TOKEN_PIN_NOT_REQUIRED ? CKF_LOGIN_REQUIRED : 0),
                            .ulMaxSessionCount = SESSION_MAX,
                            .ulSessionCount = slot->session_count,
                            .ulMaxRwSessionCount = SESSION_MAX,
                            .ulRwSessionCount = slot->writable_count,
                            .ulMaxPinLen = TOKEN_PIN_MAX,
                            .ulMinPinLen = TOKEN_PIN_MIN,
                            .ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION,
                            .ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION,
                            .ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION,
                            .ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION};
    (void)snprintf(serial, sizeof serial, "%08x", hash_text(configuration->card));
    padded_text_put(info->label, sizeof info->label, configuration->label);
    padded_text_put(info->manufacturerID, sizeof info->manufacturerID, "gbau");
    padded_text_put(info->model, sizeof info->model, "GBA_U UICC");
    padded_text_put(info->serialNumber, sizeof info->serialNumber, serial);
    padded_text_put(info->utcTime, sizeof info->utcTime, "");
}

CRYPTOKI_API CK_RV C_GetTokenInfo(CK_SLOT_ID slot_id, CK_TOKEN_INFO *info)
{
    struct slot *slot;
    CK_RV rv = module_enter_slot(slot_id, &slot);
    if (rv != CKR_OK) {
        return rv;
    }
    rv = info != NULL ? learn_about_pin(&slot->token) : CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK) {
        describe_token(slot, info);
    }
    return module_leave(slot, rv);
}

CRYPTOKI_API CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved)
{
    if (slot == NULL || reserved != NULL) {
        return CKR_ARGUMENTS_BAD;
    }
    return module_wait_for_event((flags & CKF_DONT_BLOCK) == 0, slot);
}

/* Mechanisms are the same for all cards. */
static CK_RV check_slot(CK_SLOT_ID slot_id)
{
    CK_ULONG count;
    CK_RV rv = module_slot_count(&count);
    return rv == CKR_OK && slot_id >= count ? CKR_SLOT_ID_INVALID : rv;
}

CRYPTOKI_API CK_RV C_GetMechanismList(CK_SLOT_ID slot_id, CK_MECHANISM_TYPE *mechanism_types, CK_ULONG *count)
{
    size_t found;
    const struct mechanism *mechanisms = mechanism_list(&found);
    CK_RV rv = check_slot(slot_id);
    if (rv != CKR_OK || count == NULL) {
        return rv != CKR_OK ? rv : CKR_ARGUMENTS_BAD;
    }
    const CK_ULONG room = *count;
    *count = found;
    if (mechanism_types == NULL) {
        return CKR_OK;
    }
    if (room < found) {
        return CKR_BUFFER_TOO_SMALL;
    }
    for (size_t i = 0; i < found; i++) {
        mechanism_types[i] = mechanisms[i].type;
    }
    return CKR_OK;
}

CRYPTOKI_API CK_RV C_GetMechanismInfo(CK_SLOT_ID slot_id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    const struct mechanism *mechanism = mechanism_find(type, ~0UL);
    CK_RV rv = check_slot(slot_id);
    if (rv != CKR_OK || info == NULL) {
        return rv != CKR_OK ? rv : CKR_ARGUMENTS_BAD;
    }
    if (mechanism == NULL) {
        return CKR_MECHANISM_INVALID;
    }
    *info = (CK_MECHANISM_INFO){.ulMinKeySize = mechanism->least_length,
                                .ulMaxKeySize = mechanism->most_length,
                                .flags = mechanism->functions | CKF_HW};
    return CKR_OK;
}
