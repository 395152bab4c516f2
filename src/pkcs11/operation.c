/* operation.c: what a session does with keys, over gbau/key.h. */
#include "pkcs11/operation.h"

#include <string.h>

#include "pkcs11/return_value.h"

static const CK_FLAGS functions[OPERATION_KINDS] = {CKF_ENCRYPT, CKF_DECRYPT, CKF_SIGN, CKF_VERIFY, CKF_DIGEST};

/* Beginning */

static CK_RV check_key(const struct session *session, const struct mechanism *mechanism, CK_FLAGS function,
                       CK_OBJECT_HANDLE key, enum gbau_algorithm *algorithm)
{
    const struct key_object *object = object_table_get(&session->token->objects, key);
    if (object == NULL) {
        return CKR_KEY_HANDLE_INVALID;
    }
    if ((key_object_functions(object) & function) == 0) {
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    }
    *algorithm = object->name.algorithm;
    return mechanism_takes(mechanism, object->name.algorithm) ? CKR_OK : CKR_KEY_TYPE_INCONSISTENT;
}

/* The caller's additional data may be gone when they are needed. */
static CK_RV keep_additional_data(struct operation *operation)
{
    octet_buffer_empty(&operation->additional_data);
    enum gbau_status status = octet_buffer_append(&operation->additional_data, operation->parameter.additional_data);
    operation->parameter.additional_data = octet_buffer_view(&operation->additional_data);
    return return_value_of(status);
}

CK_RV operation_begin(struct session *session, enum operation_kind kind, const CK_MECHANISM *mechanism,
                      CK_OBJECT_HANDLE key)
{
    struct operation *operation = &session->operations[kind];
    const struct mechanism *found = mechanism_find(mechanism->mechanism, functions[kind]);
    if (operation->mechanism != NULL) {
        return CKR_OPERATION_ACTIVE;
    }
    if (found == NULL) {
        return CKR_MECHANISM_INVALID;
    }
    operation->parameter = (struct cipher_parameter){0};
    CK_RV rv = found->read(mechanism, functions[kind], &operation->parameter);
    if (rv == CKR_OK) {
        operation->algorithm = found->algorithms[0]; /* of a digest */
        rv = kind == OPERATION_DIGEST ? CKR_OK : check_key(session, found, functions[kind], key, &operation->algorithm);
    }
    if (rv == CKR_OK) {
        rv = keep_additional_data(operation);
    }
    if (rv == CKR_OK) {
        operation->mechanism = found;
        operation->key = key;
        operation->is_in_parts = false;
    }
    return rv;
}

static CK_RV end(struct operation *operation, CK_RV rv)
{
    operation->mechanism = NULL;
    octet_buffer_empty(&operation->collected);
    return rv;
}

CK_RV operation_cancel(struct session *session, enum operation_kind kind)
{
    struct operation *operation = &session->operations[kind];
    return operation->mechanism != NULL ? end(operation, CKR_OK) : CKR_OPERATION_NOT_INITIALIZED;
}

/* What is decrypted is longer than its text: by IV and tag, or by IV and padding. */
static size_t data_max(enum operation_kind kind)
{
    enum { AROUND_TEXT_MAX = 32 };
    return kind == OPERATION_DECRYPT ? OPERATION_DATA_MAX + AROUND_TEXT_MAX : OPERATION_DATA_MAX;
}

CK_RV operation_add(struct session *session, enum operation_kind kind, struct octets part)
{
    struct operation *operation = &session->operations[kind];
    if (operation->mechanism == NULL) {
        return CKR_OPERATION_NOT_INITIALIZED;
    }
    if (part.length > data_max(kind) - operation->collected.length) {
        return end(operation, CKR_DATA_LEN_RANGE);
    }
    operation->is_in_parts = true;
    enum gbau_status status = octet_buffer_append(&operation->collected, part);
    return status == GBAU_OK ? CKR_OK : end(operation, return_value_of(status));
}

/* The key of an operation, open. */
static CK_RV open_key(struct session *session, const struct operation *operation, enum operation_kind kind,
                      struct gbau_key **key)
{
    if (kind == OPERATION_DIGEST) {
        return token_open_hash(session->token, operation->algorithm, key);
    }
    struct key_object *object = object_table_get(&session->token->objects, operation->key);
    return object != NULL ? token_open_key(session->token, object, key) : CKR_KEY_HANDLE_INVALID;
}

/* Lengths */

static size_t front_length(const struct operation *operation)
{
    const bool is_apart = operation->parameter.iv_out != NULL || operation->parameter.iv_length != 0;
    return is_apart ? 0 : mechanism_iv_length(operation->algorithm);
}

/* Octets that come out: exactly, but for a decryption that takes padding away: at most. */
static CK_RV output_length(const struct operation *operation, enum operation_kind kind, size_t in, size_t *out)
{
    const size_t around = front_length(operation) + mechanism_tag_length(operation->algorithm);
    switch (kind) {
    case OPERATION_ENCRYPT:
        *out = in + around + (mechanism_pads(operation->algorithm) ? 16 - in % 16 : 0);
        return CKR_OK;
    case OPERATION_DECRYPT:
        *out = in - around;
        return in >= around ? CKR_OK : CKR_ENCRYPTED_DATA_LEN_RANGE;
    default:
        *out = mechanism_tag_length(operation->algorithm);
        return CKR_OK;
    }
}

/* Running */

/* What an operation works on and where its result goes. */
struct run {
    struct session *session;
    struct operation *operation;
    struct gbau_key *key;
    struct octets in;
    uint8_t *out;
    size_t capacity;
    size_t length; /* of the result */
};

static bool overlaps(struct octets in, const uint8_t *out, size_t length)
{
    const uintptr_t a = (uintptr_t)in.data;
    const uintptr_t b = (uintptr_t)out;
    return a < b + length && b < a + in.length;
}

/* Into the caller's memory at once, unless the IV goes elsewhere or the text stands there. */
static enum gbau_status encrypt(struct run *run)
{
    const struct cipher_parameter *parameter = &run->operation->parameter;
    const size_t iv_length = parameter->iv_out != NULL ? mechanism_iv_length(run->operation->algorithm) : 0;
    struct octet_buffer *scratch = &run->session->scratch;
    const struct octets additional_data = parameter->additional_data;
    if (iv_length == 0 && !overlaps(run->in, run->out, run->capacity)) {
        return gbau_key_encrypt(run->key, additional_data.data, additional_data.length, run->in.data, run->in.length,
                                run->out, run->capacity, &run->length);
    }
    enum gbau_status status = octet_buffer_reserve(scratch, run->capacity + iv_length);
    if (status == GBAU_OK) {
        status = gbau_key_encrypt(run->key, additional_data.data, additional_data.length, run->in.data, run->in.length,
                                  scratch->data, run->capacity + iv_length, &run->length);
    }
    if (status == GBAU_OK) {
        if (iv_length > 0) {
            memcpy(parameter->iv_out, scratch->data, iv_length);
        }
        run->length -= iv_length;
        memcpy(run->out, scratch->data + iv_length, run->length);
    }
    return status;
}

/* key.h wants the IV in front of the ciphertext. */
static enum gbau_status join_iv(struct run *run)
{
    const struct cipher_parameter *parameter = &run->operation->parameter;
    struct octet_buffer *scratch = &run->session->scratch;
    scratch->length = 0;
    enum gbau_status status = octet_buffer_reserve(scratch, parameter->iv_length + run->in.length);
    if (status == GBAU_OK) {
        status = octet_buffer_append(scratch, octets_of(parameter->iv, parameter->iv_length));
    }
    if (status == GBAU_OK) {
        status = octet_buffer_append(scratch, run->in);
    }
    run->in = octet_buffer_view(scratch);
    scratch->length = 0; /* ciphertext: nothing to wipe */
    return status;
}

static enum gbau_status decrypt(struct run *run)
{
    const struct cipher_parameter *parameter = &run->operation->parameter;
    if (parameter->iv_length != 0 || overlaps(run->in, run->out, run->capacity)) {
        enum gbau_status status = join_iv(run);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return gbau_key_decrypt(run->key, parameter->additional_data.data, parameter->additional_data.length, run->in.data,
                            run->in.length, run->out, run->capacity, &run->length);
}

/* `out` may be as long as the MAC is, but key.h asks for room for the longest one. */
static enum gbau_status sign(struct run *run)
{
    uint8_t mac[GBAU_MAC_MAX];
    enum gbau_status status = gbau_key_mac(run->key, run->in.data, run->in.length, mac, &run->length);
    if (status == GBAU_OK) {
        memcpy(run->out, mac, run->length);
    }
    return status;
}

static enum gbau_status digest(struct run *run)
{
    run->length = mechanism_tag_length(run->operation->algorithm);
    return gbau_key_hash(run->key, run->in.data, run->in.length, run->out);
}

typedef enum gbau_status run_function(struct run *run);
static run_function *const runs[OPERATION_KINDS] = {
    [OPERATION_ENCRYPT] = encrypt, [OPERATION_DECRYPT] = decrypt, [OPERATION_SIGN] = sign, [OPERATION_DIGEST] = digest};

/* True when the caller has to come again, with more room. */
static bool must_come_again(const uint8_t *out, CK_ULONG *length, size_t needed, bool is_exact, CK_RV *rv)
{
    if (out != NULL && (*length >= needed || !is_exact)) {
        return false;
    }
    *rv = out == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
    *length = needed;
    return true;
}

/* Once. *was_reset: another program has reset the card, so that nothing was done, and a key must be opened anew. */
static CK_RV attempt(struct run *work, enum operation_kind kind, bool *was_reset)
{
    CK_RV rv = open_key(work->session, work->operation, kind, &work->key);
    *was_reset = rv == CKR_DEVICE_ERROR;
    if (rv != CKR_OK) {
        return rv;
    }
    const enum gbau_status status = runs[kind](work);
    *was_reset = status == GBAU_E_BUSY;
    const bool is_bad_ciphertext = kind == OPERATION_DECRYPT && status == GBAU_E_MALFORMED;
    return is_bad_ciphertext ? CKR_ENCRYPTED_DATA_INVALID : return_value_of(status);
}

/* After another program has reset the card. */
static CK_RV reconnect(struct token *token, enum operation_kind kind)
{
    token_release(token);
    return kind == OPERATION_DIGEST ? token_connect_publicly(token) : token_connect(token);
}

static CK_RV run(struct session *session, enum operation_kind kind, struct octets in, uint8_t *out, CK_ULONG *length)
{
    size_t needed;
    bool was_reset;
    struct operation *operation = &session->operations[kind];
    const bool is_exact = kind != OPERATION_DECRYPT || !mechanism_pads(operation->algorithm);
    CK_RV rv = output_length(operation, kind, in.length, &needed);
    if (rv != CKR_OK) {
        return end(operation, rv);
    }
    if (must_come_again(out, length, needed, is_exact, &rv)) {
        return rv;
    }
    const struct run first = {.session = session,
                              .operation = operation,
                              .in = in,
                              .out = out,
                              .capacity = *length < needed ? *length : needed};
    struct run work = first;
    rv = attempt(&work, kind, &was_reset);
    if (was_reset && reconnect(session->token, kind) == CKR_OK) {
        work = first;
        rv = attempt(&work, kind, &was_reset);
    }
    *length = rv == CKR_BUFFER_TOO_SMALL ? needed : work.length;
    return rv == CKR_BUFFER_TOO_SMALL ? rv : end(operation, rv);
}

CK_RV operation_run(struct session *session, enum operation_kind kind, struct octets in, uint8_t *out, CK_ULONG *length)
{
    struct operation *operation = &session->operations[kind];
    if (operation->mechanism == NULL) {
        return CKR_OPERATION_NOT_INITIALIZED;
    }
    if (operation->is_in_parts) {
        return end(operation, CKR_OPERATION_ACTIVE);
    }
    return in.length <= data_max(kind) ? run(session, kind, in, out, length) : end(operation, CKR_DATA_LEN_RANGE);
}

CK_RV operation_finish(struct session *session, enum operation_kind kind, uint8_t *out, CK_ULONG *length)
{
    struct operation *operation = &session->operations[kind];
    if (operation->mechanism == NULL) {
        return CKR_OPERATION_NOT_INITIALIZED;
    }
    return run(session, kind, octet_buffer_view(&operation->collected), out, length);
}

/* Verifying */

static CK_RV attempt_verify(struct session *session, struct octets in, struct octets signature, bool *was_reset)
{
    struct gbau_key *key;
    CK_RV rv = open_key(session, &session->operations[OPERATION_VERIFY], OPERATION_VERIFY, &key);
    *was_reset = rv == CKR_DEVICE_ERROR;
    if (rv != CKR_OK) {
        return rv;
    }
    const enum gbau_status status = gbau_key_verify(key, in.data, in.length, signature.data, signature.length);
    *was_reset = status == GBAU_E_BUSY;
    return status == GBAU_E_AUTHENTICATION ? CKR_SIGNATURE_INVALID : return_value_of(status);
}

static CK_RV verify(struct session *session, struct octets in, struct octets signature)
{
    bool was_reset;
    struct operation *operation = &session->operations[OPERATION_VERIFY];
    if (signature.length != mechanism_tag_length(operation->algorithm)) {
        return end(operation, CKR_SIGNATURE_LEN_RANGE);
    }
    CK_RV rv = attempt_verify(session, in, signature, &was_reset);
    if (was_reset && reconnect(session->token, OPERATION_VERIFY) == CKR_OK) {
        rv = attempt_verify(session, in, signature, &was_reset);
    }
    return end(operation, rv);
}

CK_RV operation_verify(struct session *session, struct octets in, struct octets signature)
{
    struct operation *operation = &session->operations[OPERATION_VERIFY];
    if (operation->mechanism == NULL) {
        return CKR_OPERATION_NOT_INITIALIZED;
    }
    if (operation->is_in_parts) {
        return end(operation, CKR_OPERATION_ACTIVE);
    }
    return in.length <= OPERATION_DATA_MAX ? verify(session, in, signature) : end(operation, CKR_DATA_LEN_RANGE);
}

CK_RV operation_finish_verify(struct session *session, struct octets signature)
{
    const struct operation *operation = &session->operations[OPERATION_VERIFY];
    return operation->mechanism != NULL ? verify(session, octet_buffer_view(&operation->collected), signature)
                                        : CKR_OPERATION_NOT_INITIALIZED;
}
