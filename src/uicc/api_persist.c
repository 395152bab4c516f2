/* api_persist.c: keys that the card keeps when their NAF key is gone. */
#include "uicc/api_persist.h"

#include <string.h>

#include "base/secret.h"
#include "uicc/api_access.h"
#include "uicc/api_rules.h"
#include "uicc/api_session.h"

/* A record, as it stands in the memory. Views of it. */
struct persisted_key {
    const uint8_t *key; /* 32 octets */
    uint32_t operations;
    uint8_t usage;
    uint8_t direction;
    uint8_t algorithm;
    const uint8_t *naf_id; /* its hash */
    struct octets caller;
    struct octets label;
    struct octets b_tid;
    bool is_limited; /* by a policy */
};

/* Coding */

static size_t record_offset(const struct uicc *uicc, uint8_t record)
{
    return uicc->layout.persisted_keys + (size_t)record * API_RECORD_SIZE;
}

static struct octets read_field(struct octet_reader *reader, size_t capacity)
{
    const uint8_t length = octet_reader_u8(reader);
    const struct octets field = octet_reader_take(reader, capacity);
    reader->failed = reader->failed || length > capacity;
    return octets_of(field.data, reader->failed ? 0 : length);
}

/* False for a record that is free, or whose last operations were lost when the power failed. */
static bool read_record(const struct uicc *uicc, uint8_t record, struct persisted_key *key)
{
    const uint8_t *octets = uicc->nvm.data + record_offset(uicc, record);
    struct octet_reader reader = octet_reader_of(octets_of(octets, API_RECORD_SIZE));
    const uint8_t used = octet_reader_u8(&reader);
    key->key = octet_reader_take(&reader, APPLICATION_KEY_SIZE).data;
    key->operations = octet_reader_u32(&reader);
    key->usage = octet_reader_u8(&reader);
    key->direction = octet_reader_u8(&reader);
    key->algorithm = octet_reader_u8(&reader);
    key->naf_id = octet_reader_take(&reader, SHA256_SIZE).data;
    key->caller = read_field(&reader, APPLICATION_CALLER_MAX);
    key->label = read_field(&reader, APPLICATION_LABEL_MAX);
    key->b_tid = read_field(&reader, API_B_TID_MAX);
    key->is_limited = used == API_RECORD_LIMITED;
    return used != API_RECORD_FREE && octet_reader_end(&reader) == GBAU_OK &&
           (key->operations > 0 || uicc->api.persisted_key_operations[record] > 0);
}

static void write_field(struct octet_writer *writer, struct octets field, size_t capacity)
{
    octet_writer_u8(writer, (uint8_t)field.length);
    octet_writer_put_octets(writer, field);
    octet_writer_fill(writer, 0, capacity - field.length);
}

static void write_record(struct octet_writer *writer, const struct api_session *session, uint32_t operations)
{
    octet_writer_u8(writer, session->origin.limited_by != 0 ? API_RECORD_LIMITED : API_RECORD_KEPT);
    octet_writer_put(writer, session->key.octets, APPLICATION_KEY_SIZE);
    octet_writer_u32(writer, operations);
    octet_writer_u8(writer, (uint8_t)session->key.usage);
    octet_writer_u8(writer, (uint8_t)session->key.direction);
    octet_writer_u8(writer, (uint8_t)session->key.algorithm);
    octet_writer_put(writer, session->origin.naf_id, SHA256_SIZE);
    write_field(writer, octets_of(session->origin.caller, session->origin.caller_length), APPLICATION_CALLER_MAX);
    write_field(writer, api_session_label(session), APPLICATION_LABEL_MAX);
    write_field(writer, api_session_b_tid(session), API_B_TID_MAX);
}

size_t api_persist_operations_offset(const struct uicc *uicc, uint8_t record)
{
    return record_offset(uicc, record) + API_RECORD_OPERATIONS;
}

uint32_t api_persist_operations(const struct uicc *uicc, uint8_t record)
{
    struct persisted_key key;
    return read_record(uicc, record, &key) ? key.operations : 0;
}

/* Finding */

static bool is_of_naf(const struct persisted_key *key, const uint8_t naf_id[SHA256_SIZE], struct octets label)
{
    return memcmp(key->naf_id, naf_id, SHA256_SIZE) == 0 && (label.length == 0 || octets_equal(key->label, label));
}

uint8_t api_persist_next_of_naf(const struct uicc *uicc, uint8_t record, const uint8_t naf_id[SHA256_SIZE],
                                struct octets label)
{
    struct persisted_key key;
    for (uint8_t i = (uint8_t)(record + 1); i < uicc->layout.persisted_key_count; i++) {
        if (read_record(uicc, i, &key) && is_of_naf(&key, naf_id, label)) {
            return i;
        }
    }
    return API_NO_RECORD;
}

/* The record of caller, NAF and label; API_NO_RECORD when there is none. */
static uint8_t find_record(const struct uicc *uicc, struct octets caller, const uint8_t naf_id[SHA256_SIZE],
                           struct octets label, struct persisted_key *key)
{
    uint8_t record = API_NO_RECORD;
    while ((record = api_persist_next_of_naf(uicc, record, naf_id, label)) != API_NO_RECORD) {
        if (read_record(uicc, record, key) && octets_equal(key->caller, caller)) {
            return record;
        }
    }
    return API_NO_RECORD;
}

static uint8_t find_free(const struct uicc *uicc)
{
    struct persisted_key key;
    for (uint8_t i = 0; i < uicc->layout.persisted_key_count; i++) {
        if (!read_record(uicc, i, &key)) {
            return i;
        }
    }
    return API_NO_RECORD;
}

/* Clause 13: PIN, access line, existence. */
static enum status_word find_for(const struct api_caller *caller, struct octets naf_id, struct octets label,
                                 uint8_t *record, struct persisted_key *key)
{
    uint8_t hash[SHA256_SIZE];
    const enum status_word sw = api_access_check(caller, naf_id);
    if (sw != SW_OK) {
        return sw;
    }
    const enum gbau_status status = api_access_hash(caller->uicc, naf_id, hash);
    if (status != GBAU_OK) {
        return sw_of_status(status);
    }
    *record = find_record(caller->uicc, caller->aid, hash, label, key);
    return *record == API_NO_RECORD ? SW_DATA_NOT_FOUND : SW_OK;
}

/* Opening */

static struct api_origin origin_of(const struct persisted_key *key, uint8_t record, const struct api_rules *rules)
{
    struct api_origin origin = {
        .record = record, .caller_length = (uint8_t)key->caller.length, .b_tid_length = (uint8_t)key->b_tid.length};
    memcpy(origin.caller, key->caller.data, key->caller.length);
    memcpy(origin.b_tid, key->b_tid.data, key->b_tid.length);
    memcpy(origin.naf_id, key->naf_id, SHA256_SIZE);
    if (rules->policy.operations != KEY_OPERATIONS_UNLIMITED) {
        origin.limited_by = rules->policy.version;
    } else if (key->is_limited && !rules->exist) {
        origin.limited_by = 1; /* by one that is not there any more */
    }
    return origin;
}

enum status_word api_open_persisted(const struct api_caller *caller, struct octets naf_id, struct octets label,
                                    uint8_t *handle)
{
    struct persisted_key kept;
    uint8_t record = API_NO_RECORD;
    enum status_word sw = find_for(caller, naf_id, label, &record, &kept);
    if (sw != SW_OK) {
        return sw;
    }
    const struct application_key_description description = {.usage = (enum key_usage)kept.usage,
                                                            .direction = (enum key_direction)kept.direction,
                                                            .algorithm = (enum key_algorithm)kept.algorithm};
    const struct api_rules rules = api_rules_find(caller->uicc, kept.naf_id);
    sw = api_rules_check(&rules, caller->aid, &description);
    if (sw != SW_OK) {
        return sw;
    }
    struct api_session *session = api_session_claim(caller, handle);
    if (session == NULL) {
        return SW_NO_MEMORY;
    }
    struct application_key key = {
        .usage = description.usage, .direction = description.direction, .algorithm = description.algorithm};
    memcpy(key.octets, kept.key, APPLICATION_KEY_SIZE);
    const struct api_origin origin = origin_of(&kept, record, &rules);
    api_session_open(session, caller, &key, &origin, kept.label);
    application_key_clear(&key);
    return SW_OK;
}

/* Persisting */

bool api_persist_counts(const struct uicc *uicc, const struct api_session *session)
{
    const uint8_t record = session->origin.record;
    return record != API_NO_RECORD &&
           (record == API_ENDED_RECORD || api_persist_operations(uicc, record) != KEY_OPERATIONS_UNLIMITED);
}

static bool may_be_persisted(const struct uicc *uicc, const struct api_session *session)
{
    const bool has_usage = session->key.usage >= KEY_USAGE_ENCRYPT && session->key.usage <= KEY_USAGE_WRAP;
    return has_usage && !api_persist_counts(uicc, session) && session->label_length > 0;
}

static enum gbau_status write_persisted(struct uicc *uicc, uint8_t record, const struct api_session *session,
                                        uint32_t operations)
{
    uint8_t octets[API_RECORD_SIZE];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    write_record(&writer, session, operations);
    nvm_begin(&uicc->nvm);
    nvm_change(&uicc->nvm, record_offset(uicc, record), octets, sizeof octets);
    const enum gbau_status status = nvm_commit(&uicc->nvm);
    nvm_wipe_buffer(&uicc->nvm);
    secret_wipe(octets, sizeof octets);
    return status;
}

enum status_word api_persist(const struct api_caller *caller, uint8_t handle, uint32_t operations)
{
    struct uicc *uicc = caller->uicc;
    struct persisted_key replaced;
    struct api_session *session = api_session_find(caller, handle);
    if (operations == 0) {
        return SW_WRONG_DATA;
    }
    if (session == NULL) {
        return SW_DATA_NOT_FOUND;
    }
    if (!may_be_persisted(uicc, session)) {
        return SW_CONDITIONS;
    }
    if (api_rules_is_used_up(uicc, session)) {
        return SW_BLOCKED;
    }
    uint8_t record = find_record(uicc, caller->aid, session->origin.naf_id, api_session_label(session), &replaced);
    if (record == API_NO_RECORD) {
        record = find_free(uicc);
    }
    if (record == API_NO_RECORD) {
        return SW_NO_MEMORY;
    }
    const enum gbau_status status = write_persisted(uicc, record, session, operations);
    if (status != GBAU_OK) {
        return sw_of_status(status);
    }
    api_persist_ended(uicc, record); /* handles of the key that was replaced */
    session->origin.record = record;
    return SW_OK;
}

/* Ending */

void api_persist_change_limited(struct uicc *uicc, uint8_t record)
{
    nvm_fill(&uicc->nvm, record_offset(uicc, record) + API_RECORD_USED, API_RECORD_LIMITED, 1);
}

void api_persist_change_end(struct uicc *uicc, uint8_t record)
{
    nvm_fill(&uicc->nvm, record_offset(uicc, record), 0, API_RECORD_OPERATIONS);
}

void api_persist_ended(struct uicc *uicc, uint8_t record)
{
    uicc->api.persisted_key_operations[record] = 0;
    for (size_t i = 0; i < API_SESSIONS; i++) {
        struct api_session *session = &uicc->api.sessions[i];
        if (session->open && session->origin.record == record) {
            session->origin.record = API_ENDED_RECORD;
        }
    }
}

enum status_word api_delete_persisted(const struct api_caller *caller, struct octets naf_id, struct octets label)
{
    struct uicc *uicc = caller->uicc;
    struct persisted_key key;
    uint8_t record = API_NO_RECORD;
    const enum status_word sw = find_for(caller, naf_id, label, &record, &key);
    if (sw != SW_OK) {
        return sw;
    }
    nvm_begin(&uicc->nvm);
    api_persist_change_end(uicc, record);
    const enum gbau_status status = nvm_commit(&uicc->nvm);
    if (status == GBAU_OK) {
        api_persist_ended(uicc, record);
    }
    return sw_of_status(status);
}

/* LIST */

static void view_record(const struct uicc *uicc, uint8_t record, const struct persisted_key *key,
                        struct api_key_view *view)
{
    const bool is_limited = key->operations != KEY_OPERATIONS_UNLIMITED;
    view->b_tid = key->b_tid;
    view->label = key->label;
    view->usage = (enum key_usage)key->usage;
    view->direction = (enum key_direction)key->direction;
    view->algorithm = (enum key_algorithm)key->algorithm;
    view->operations = key->operations + (is_limited ? uicc->api.persisted_key_operations[record] : 0);
}

enum status_word api_list_persisted_keys(const struct api_caller *caller, uint8_t index, struct api_key_view *view)
{
    const struct uicc *uicc = caller->uicc;
    struct persisted_key key;
    const enum status_word sw = api_access_check_pin(caller);
    for (uint8_t i = 0; sw == SW_OK && i < uicc->layout.persisted_key_count; i++) {
        if (!read_record(uicc, i, &key) || !octets_equal(key.caller, caller->aid)) {
            continue;
        }
        view->naf_id = api_access_find_naf_id(uicc, caller->aid, key.naf_id);
        if (view->naf_id.length > 0 && index-- == 0) {
            view_record(uicc, i, &key, view);
            return SW_OK;
        }
    }
    return sw == SW_OK ? SW_RECORD_NOT_FOUND : sw;
}
