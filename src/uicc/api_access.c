/* api_access.c: PIN and lines of EF_AC_GBAUAPI. Default deny: a file that is missing, empty, malformed or not activated
 * grants nothing. */
#include "uicc/api_access.h"

#include <string.h>

#include "codec/ber_tlv.h"
#include "uicc/file_system.h"
#include "uicc/gba.h"
#include "uicc/pin.h"

enum { TAG_ACCESS_LINE = 0x80 };

bool api_access_find_usim(const struct uicc *uicc, struct card_application *usim)
{
    for (uint8_t i = 0; i < uicc->layout.application_count; i++) {
        *usim = card_layout_application(&uicc->layout, i);
        if (usim->kind == APPLICATION_USIM) {
            return !file_system_is_terminated(uicc, usim->adf);
        }
    }
    return false;
}

/* The NAF_ID of a record 80 { LV AID, LV NAF_ID } that is this caller's; empty for all else. */
static struct octets naf_id_of_record(struct octets record, struct octets caller)
{
    struct octets line;
    if (ber_tlv_find(record, TAG_ACCESS_LINE, &line) != GBAU_OK) {
        return (struct octets){0};
    }
    struct octet_reader reader = octet_reader_of(line);
    const struct octets aid = octet_reader_take(&reader, octet_reader_u8(&reader));
    const struct octets naf_id = octet_reader_take(&reader, octet_reader_u8(&reader));
    return octet_reader_end(&reader) == GBAU_OK && octets_equal(aid, caller) ? naf_id : (struct octets){0};
}

static struct card_file find_lines(const struct uicc *uicc)
{
    struct card_application usim;
    struct card_file file = {.kind = FILE_KIND_NONE};
    if (!api_access_find_usim(uicc, &usim)) {
        return file;
    }
    const uint8_t index = file_system_find_child(uicc, usim.adf, FID_EF_AC_GBAUAPI);
    if (index != CARD_NO_INDEX) {
        file = card_layout_file(&uicc->layout, index);
    }
    const bool grants = file.kind == FILE_KIND_LINEAR_FIXED && file.state == FILE_STATE_ACTIVATED;
    file.record_count = grants ? file.record_count : 0;
    return file;
}

static struct octets record_of(const struct uicc *uicc, const struct card_file *file, size_t index)
{
    return octets_of(uicc->nvm.data + file->body + index * file->record_length, file->record_length);
}

static bool line_exists(const struct uicc *uicc, struct octets caller, struct octets naf_id)
{
    const struct card_file file = find_lines(uicc);
    for (size_t i = 0; i < file.record_count; i++) {
        const struct octets granted = naf_id_of_record(record_of(uicc, &file, i), caller);
        if (granted.length > 0 && octets_equal(granted, naf_id)) {
            return true;
        }
    }
    return false;
}

enum status_word api_access_check_pin(const struct api_caller *caller)
{
    struct card_application usim;
    const bool is_satisfied =
        api_access_find_usim(caller->uicc, &usim) && pin_of_application_is_satisfied(caller->uicc, &usim);
    return is_satisfied ? SW_OK : SW_SECURITY_STATUS;
}

enum status_word api_access_check(const struct api_caller *caller, struct octets naf_id)
{
    const enum status_word sw = api_access_check_pin(caller);
    if (sw != SW_OK) {
        return sw;
    }
    return line_exists(caller->uicc, caller->aid, naf_id) ? SW_OK : SW_SECURITY_STATUS;
}

enum gbau_status api_access_hash(struct uicc *uicc, struct octets naf_id, uint8_t hash[SHA256_SIZE])
{
    return crypto_digest(uicc->crypto, DIGEST_SHA256, &naf_id, 1, hash);
}

struct octets api_access_find_naf_id(const struct uicc *uicc, struct octets caller, const uint8_t hash[SHA256_SIZE])
{
    const struct card_file file = find_lines(uicc);
    for (size_t i = 0; i < file.record_count; i++) {
        uint8_t granted_hash[SHA256_SIZE];
        const struct octets granted = naf_id_of_record(record_of(uicc, &file, i), caller);
        if (granted.length > 0 && crypto_digest(uicc->crypto, DIGEST_SHA256, &granted, 1, granted_hash) == GBAU_OK &&
            memcmp(granted_hash, hash, SHA256_SIZE) == 0) {
            return granted;
        }
    }
    return (struct octets){0};
}
