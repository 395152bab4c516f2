/* key_derivation.c: reading templates of C_DeriveKey, by a table, and deriving. */
#include "pkcs11/key_derivation.h"

#include <stdlib.h>
#include <string.h>

#include "gbau/pkcs11.h"

/* What the template says. */
struct wish {
    CK_FLAGS functions; /* CKF_ENCRYPT and so on, of those attributes that are true */
    bool is_kept;       /* CKA_TOKEN */
    CK_KEY_TYPE key_type;
    bool has_key_type;
    CK_ULONG value_length; /* 0: not said */
    struct octets label;
    struct octets id;
    uint32_t operations;
};

typedef CK_RV read_value(const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct wish *wish);

static CK_RV read_boolean(const CK_ATTRIBUTE *attribute, bool *value)
{
    if (attribute->pValue == NULL || attribute->ulValueLen != sizeof(CK_BBOOL)) {
        return CKR_ATTRIBUTE_VALUE_INVALID;
    }
    *value = *(const CK_BBOOL *)attribute->pValue != CK_FALSE;
    return CKR_OK;
}

static CK_RV read_number(const CK_ATTRIBUTE *attribute, CK_ULONG *value)
{
    if (attribute->pValue == NULL || attribute->ulValueLen != sizeof *value) {
        return CKR_ATTRIBUTE_VALUE_INVALID;
    }
    memcpy(value, attribute->pValue, sizeof *value);
    return CKR_OK;
}

static CK_RV read_octets(const CK_ATTRIBUTE *attribute, size_t most, struct octets *value)
{
    if ((attribute->pValue == NULL && attribute->ulValueLen != 0) || attribute->ulValueLen > most) {
        return CKR_ATTRIBUTE_VALUE_INVALID;
    }
    *value = octets_of(attribute->pValue, attribute->ulValueLen);
    return CKR_OK;
}

static CK_RV read_function(const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct wish *wish)
{
    bool value = false;
    CK_RV rv = read_boolean(attribute, &value);
    if (value) {
        wish->functions |= argument;
    }
    return rv;
}

static CK_RV read_is_kept(const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct wish *wish)
{
    (void)argument;
    return read_boolean(attribute, &wish->is_kept);
}

/* An attribute that every derived key has with one value; asking for another is a mistake. */
static CK_RV read_fixed(const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct wish *wish)
{
    bool value = false;
    (void)wish;
    CK_RV rv = read_boolean(attribute, &value);
    return rv == CKR_OK && value != (argument != 0) ? CKR_TEMPLATE_INCONSISTENT : rv;
}

static CK_RV read_class(const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct wish *wish)
{
    CK_ULONG value = 0;
    (void)wish;
    CK_RV rv = read_number(attribute, &value);
    return rv == CKR_OK && value != argument ? CKR_TEMPLATE_INCONSISTENT : rv;
}

static CK_RV read_key_type(const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct wish *wish)
{
    (void)argument;
    wish->has_key_type = true;
    return read_number(attribute, &wish->key_type);
}

static CK_RV read_value_length(const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct wish *wish)
{
    (void)argument;
    CK_RV rv = read_number(attribute, &wish->value_length);
    return rv == CKR_OK && wish->value_length != 16 && wish->value_length != 32 ? CKR_ATTRIBUTE_VALUE_INVALID : rv;
}

static CK_RV read_label(const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct wish *wish)
{
    (void)argument;
    return read_octets(attribute, KEY_LABEL_SIZE - 1, &wish->label);
}

static CK_RV read_id(const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct wish *wish)
{
    (void)argument;
    return read_octets(attribute, OBJECT_ID_MAX, &wish->id);
}

static CK_RV read_operations(const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct wish *wish)
{
    CK_ULONG value = 0;
    (void)argument;
    CK_RV rv = read_number(attribute, &value);
    wish->operations = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
    return rv;
}

static const struct wish_attribute {
    CK_ATTRIBUTE_TYPE type;
    read_value *read;
    CK_ULONG argument;
} wish_attributes[] = {
    {CKA_LABEL, read_label, 0},
    {CKA_ID, read_id, 0},
    {CKA_TOKEN, read_is_kept, 0},
    {CKA_KEY_TYPE, read_key_type, 0},
    {CKA_VALUE_LEN, read_value_length, 0},
    {CKA_CLASS, read_class, CKO_SECRET_KEY},
    {CKA_ENCRYPT, read_function, CKF_ENCRYPT},
    {CKA_DECRYPT, read_function, CKF_DECRYPT},
    {CKA_SIGN, read_function, CKF_SIGN},
    {CKA_VERIFY, read_function, CKF_VERIFY},
    {CKA_DERIVE, read_function, CKF_DERIVE},
    {CKA_PRIVATE, read_fixed, true},
    {CKA_SENSITIVE, read_fixed, true},
    {CKA_EXTRACTABLE, read_fixed, false},
    {CKA_MODIFIABLE, read_fixed, false},
    {CKA_COPYABLE, read_fixed, false},
    {CKA_WRAP, read_fixed, false},
    {CKA_UNWRAP, read_fixed, false},
    {CKA_GBAU_OPERATIONS, read_operations, 0},
};

static CK_RV read_attribute(const CK_ATTRIBUTE *attribute, struct wish *wish)
{
    for (size_t i = 0; i < sizeof wish_attributes / sizeof wish_attributes[0]; i++) {
        if (wish_attributes[i].type == attribute->type) {
            return wish_attributes[i].read(attribute, wish_attributes[i].argument, wish);
        }
    }
    return CKR_ATTRIBUTE_TYPE_INVALID;
}

static CK_RV read_template(const CK_ATTRIBUTE *template, CK_ULONG count, struct wish *wish)
{
    *wish = (struct wish){.operations = UINT32_MAX};
    for (CK_ULONG i = 0; i < count; i++) {
        CK_RV rv = read_attribute(&template[i], wish);
        if (rv != CKR_OK) {
            return rv;
        }
    }
    return CKR_OK;
}

/* From functions to usage and direction. */
static const struct purpose {
    CK_FLAGS functions;
    enum gbau_usage usage;
    enum gbau_direction direction;
} purposes[] = {
    {CKF_ENCRYPT, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF},
    {CKF_DECRYPT, GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD},
    {CKF_ENCRYPT | CKF_DECRYPT, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_CARD},
    {CKF_SIGN, GBAU_USAGE_MAC, GBAU_CARD_TO_NAF},
    {CKF_VERIFY, GBAU_USAGE_MAC, GBAU_NAF_TO_CARD},
    {CKF_SIGN | CKF_VERIFY, GBAU_USAGE_MAC, GBAU_CARD_TO_CARD},
    {CKF_DERIVE, GBAU_USAGE_DERIVE, GBAU_NO_DIRECTION},
};

/* From key type and length to the algorithm that goes without saying; length 0 is the default. */
static const struct choice {
    enum gbau_usage usage;
    CK_KEY_TYPE key_type;
    CK_ULONG value_length;
    enum gbau_algorithm algorithm;
} choices[] = {
    {GBAU_USAGE_ENCRYPT, CKK_AES, 0, GBAU_AES_256_GCM},
    {GBAU_USAGE_ENCRYPT, CKK_AES, 32, GBAU_AES_256_GCM},
    {GBAU_USAGE_ENCRYPT, CKK_AES, 16, GBAU_AES_128_GCM},
    {GBAU_USAGE_MAC, CKK_GENERIC_SECRET, 0, GBAU_HMAC_SHA256},
    {GBAU_USAGE_MAC, CKK_GENERIC_SECRET, 32, GBAU_HMAC_SHA256},
    {GBAU_USAGE_MAC, CKK_SHA256_HMAC, 0, GBAU_HMAC_SHA256},
    {GBAU_USAGE_MAC, CKK_SHA256_HMAC, 32, GBAU_HMAC_SHA256},
    {GBAU_USAGE_MAC, CKK_AES, 0, GBAU_AES_256_CMAC},
    {GBAU_USAGE_MAC, CKK_AES, 32, GBAU_AES_256_CMAC},
    {GBAU_USAGE_MAC, CKK_AES, 16, GBAU_AES_128_CMAC},
    {GBAU_USAGE_DERIVE, CKK_GENERIC_SECRET, 0, GBAU_KDF},
    {GBAU_USAGE_DERIVE, CKK_GENERIC_SECRET, 32, GBAU_KDF},
};

static enum gbau_algorithm choose_algorithm(const struct wish *wish, enum gbau_usage usage)
{
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        if (choices[i].usage == usage && (!wish->has_key_type || choices[i].key_type == wish->key_type) &&
            choices[i].value_length == wish->value_length) {
            return choices[i].algorithm;
        }
    }
    return 0;
}

static const struct purpose *find_purpose(CK_FLAGS functions)
{
    for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++) {
        if (purposes[i].functions == functions) {
            return &purposes[i];
        }
    }
    return NULL;
}

/* What the template says where the parameter says nothing. */
static CK_RV complete_by_template(const struct wish *wish, struct key_name *name)
{
    const struct purpose *purpose = find_purpose(wish->functions);
    if (name->usage == 0) {
        if (purpose == NULL) {
            return wish->functions == 0 ? CKR_TEMPLATE_INCOMPLETE : CKR_TEMPLATE_INCONSISTENT;
        }
        name->usage = purpose->usage;
        name->direction = purpose->direction;
    } else if (name->direction == 0 && purpose != NULL && purpose->usage == name->usage) {
        name->direction = purpose->direction;
    }
    if (name->algorithm == 0) {
        name->algorithm = choose_algorithm(wish, name->usage);
    }
    return name->algorithm != 0 ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

/* The parameter */

static CK_RV copy_label(struct octets label, struct key_name *name)
{
    if (label.length == 0) {
        return CKR_TEMPLATE_INCOMPLETE;
    }
    return octets_to_text(label, name->label, sizeof name->label) == GBAU_OK ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV read_parameter(const CK_MECHANISM *mechanism, const struct wish *wish, struct key_name *name)
{
    const struct gbau_pkcs11_derive *parameter = mechanism->pParameter;
    if (parameter == NULL && mechanism->ulParameterLen == 0) {
        return copy_label(wish->label, name);
    }
    if (parameter == NULL || mechanism->ulParameterLen != sizeof *parameter || parameter->usage > GBAU_USAGE_DERIVE ||
        parameter->direction > GBAU_CARD_TO_CARD || parameter->algorithm > GBAU_KDF ||
        parameter->context_length > sizeof name->context ||
        (parameter->context == NULL && parameter->context_length != 0)) {
        return CKR_MECHANISM_PARAM_INVALID;
    }
    name->usage = (enum gbau_usage)parameter->usage;
    name->direction = (enum gbau_direction)parameter->direction;
    name->algorithm = (enum gbau_algorithm)parameter->algorithm;
    name->context_length = parameter->context_length;
    if (parameter->context_length > 0) {
        memcpy(name->context, parameter->context, parameter->context_length);
    }
    return copy_label(parameter->label != NULL ? octets_of(parameter->label, parameter->label_length) : wish->label,
                      name);
}

/* The new object */

/* The object has to be what the template says: one that asks for a function finds it, or no object. */
static CK_RV check_object(const struct session *session, const struct wish *wish, const struct key_object *object)
{
    if ((wish->functions & ~key_object_functions(object)) != 0 ||
        (wish->value_length != 0 && wish->value_length != key_object_value_length(object)) ||
        (object->name.direction == GBAU_CARD_TO_CARD && !wish->is_kept) ||
        (wish->label.length != 0 && !octets_equal(wish->label, octets_of_text(object->name.label)))) {
        return CKR_TEMPLATE_INCONSISTENT;
    }
    return wish->is_kept && !session->is_writable ? CKR_SESSION_READ_ONLY : CKR_OK;
}

static CK_RV describe(const struct session *session, const CK_MECHANISM *mechanism, const struct key_object *base,
                      const struct wish *wish, struct key_object *object)
{
    object->origin = KEY_DERIVED;
    object->operations = wish->operations;
    object->owner = session->handle;
    object->parent = base->origin == KEY_OF_NAF ? 0 : base->handle;
    object->name.naf = base->name.naf;
    memcpy(object->b_tid, base->b_tid, sizeof object->b_tid);
    CK_RV rv = read_parameter(mechanism, wish, &object->name);
    if (rv == CKR_OK) {
        rv = complete_by_template(wish, &object->name);
    }
    if (rv != CKR_OK) {
        return rv;
    }
    memcpy(object->label, object->name.label, sizeof object->name.label);
    if (wish->id.length > 0) {
        memcpy(object->id, wish->id.data, wish->id.length);
        object->id_length = wish->id.length;
    }
    return check_object(session, wish, object);
}

/* Adds the object, and has the card keep its key if that is wished. */
static CK_RV add_object(struct token *token, const struct wish *wish, struct key_object *object,
                        CK_OBJECT_HANDLE *handle)
{
    CK_RV rv = token_add_key(token, object);
    if (rv == CKR_OK) {
        *handle = object->handle;
        rv = wish->is_kept ? token_persist(token, object) : CKR_OK;
    }
    return rv;
}

CK_RV key_derivation_run(struct session *session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                         const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *handle)
{
    struct wish wish;
    const struct key_object *base_object = object_table_get(&session->token->objects, base);
    if (mechanism->mechanism != CKM_GBAU_DERIVE) {
        return CKR_MECHANISM_INVALID;
    }
    if (base_object == NULL) {
        return CKR_KEY_HANDLE_INVALID;
    }
    if ((key_object_functions(base_object) & CKF_DERIVE) == 0) {
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    }
    CK_RV rv = read_template(template, count, &wish);
    if (rv != CKR_OK) {
        return rv;
    }
    struct key_object *object = calloc(1, sizeof *object);
    if (object == NULL) {
        return CKR_HOST_MEMORY;
    }
    rv = describe(session, mechanism, base_object, &wish, object);
    if (rv != CKR_OK) {
        free(object);
        return rv;
    }
    return add_object(session->token, &wish, object, handle);
}
