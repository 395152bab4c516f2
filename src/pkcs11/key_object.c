/* key_object.c: attributes of keys, by a table. */
#include "pkcs11/key_object.h"

#include <string.h>

#include "gbau/pkcs11.h"
#include "pkcs11/mechanism.h"

/* What an attribute holds; numbers and booleans stand in `number`, lists of mechanisms in `mechanisms`. */
struct value {
    struct octets octets;
    CK_ULONG number;
    CK_BBOOL boolean;
    CK_MECHANISM_TYPE mechanisms[MECHANISM_MAX];
};

typedef void get_value(const struct key_object *object, CK_ULONG argument, struct value *value);

CK_FLAGS key_object_functions(const struct key_object *object)
{
    static const CK_FLAGS making[] = {[GBAU_USAGE_ENCRYPT] = CKF_ENCRYPT, [GBAU_USAGE_MAC] = CKF_SIGN};
    static const CK_FLAGS reading[] = {[GBAU_USAGE_ENCRYPT] = CKF_DECRYPT, [GBAU_USAGE_MAC] = CKF_VERIFY};
    if (object->origin == KEY_OF_NAF || object->name.usage == GBAU_USAGE_DERIVE) {
        return CKF_DERIVE;
    }
    if (object->name.usage != GBAU_USAGE_ENCRYPT && object->name.usage != GBAU_USAGE_MAC) {
        return 0;
    }
    return (object->name.direction != GBAU_NAF_TO_CARD ? making[object->name.usage] : 0) |
           (object->name.direction != GBAU_CARD_TO_NAF ? reading[object->name.usage] : 0);
}

CK_ULONG key_object_value_length(const struct key_object *object)
{
    return object->origin == KEY_OF_NAF ? 32 : mechanism_key_length(object->name.algorithm);
}

/* Getters */

static void set_number(struct value *value, CK_ULONG number)
{
    value->number = number;
    value->octets = octets_of(&value->number, sizeof value->number);
}

static void set_boolean(struct value *value, bool boolean)
{
    value->boolean = boolean ? CK_TRUE : CK_FALSE;
    value->octets = octets_of(&value->boolean, sizeof value->boolean);
}

static void get_number(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)object;
    set_number(value, argument);
}

static void get_boolean(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)object;
    set_boolean(value, argument != 0);
}

static void get_nothing(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)object;
    (void)argument;
    value->octets = octets_of("", 0);
}

static void get_function(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    set_boolean(value, (key_object_functions(object) & argument) != 0);
}

static void get_is_token(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    set_boolean(value, object->origin != KEY_DERIVED);
}

static void get_is_destroyable(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    set_boolean(value, object->origin == KEY_DERIVED || object->origin == KEY_PERSISTED);
}

static void get_key_type(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    set_number(value, object->origin == KEY_OF_NAF ? CKK_GENERIC_SECRET : mechanism_key_type(object->name.algorithm));
}

static void get_value_length(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    set_number(value, key_object_value_length(object));
}

static void get_label(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    value->octets = octets_of_text(object->label);
}

static void get_id(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    value->octets = octets_of(object->id, object->id_length);
}

static void get_mechanisms(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    size_t count = mechanisms_of_key(object, value->mechanisms);
    value->octets = octets_of(value->mechanisms, count * sizeof value->mechanisms[0]);
}

static void get_naf(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    value->octets = octets_of_text(object->name.naf.fqdn);
}

static void get_ua(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    value->octets = octets_of(object->name.naf.ua, sizeof object->name.naf.ua);
}

static void get_b_tid(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    value->octets = octets_of_text(object->b_tid);
}

static void get_usage(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    set_number(value, object->name.usage);
}

static void get_direction(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    set_number(value, object->name.direction);
}

static void get_algorithm(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    set_number(value, object->name.algorithm);
}

static void get_operations(const struct key_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    set_number(value, object->operations == UINT32_MAX ? CK_UNAVAILABLE_INFORMATION : object->operations);
}

static const struct attribute {
    CK_ATTRIBUTE_TYPE type;
    get_value *get; /* NULL: sensitive */
    CK_ULONG argument;
} attributes[] = {
    {CKA_LABEL, get_label, 0},
    {CKA_ID, get_id, 0},
    {CKA_CLASS, get_number, CKO_SECRET_KEY},
    {CKA_KEY_TYPE, get_key_type, 0},
    {CKA_TOKEN, get_is_token, 0},
    {CKA_VALUE, NULL, 0},
    {CKA_VALUE_LEN, get_value_length, 0},
    {CKA_PRIVATE, get_boolean, true},
    {CKA_SENSITIVE, get_boolean, true},
    {CKA_ALWAYS_SENSITIVE, get_boolean, true},
    {CKA_EXTRACTABLE, get_boolean, false},
    {CKA_NEVER_EXTRACTABLE, get_boolean, true},
    {CKA_MODIFIABLE, get_boolean, false},
    {CKA_COPYABLE, get_boolean, false},
    {CKA_DESTROYABLE, get_is_destroyable, 0},
    {CKA_LOCAL, get_boolean, false},
    {CKA_TRUSTED, get_boolean, false},
    {CKA_WRAP_WITH_TRUSTED, get_boolean, false},
    {CKA_ALWAYS_AUTHENTICATE, get_boolean, false}, /* of private keys, but tools ask for it before they sign */
    {CKA_ENCRYPT, get_function, CKF_ENCRYPT},
    {CKA_DECRYPT, get_function, CKF_DECRYPT},
    {CKA_SIGN, get_function, CKF_SIGN},
    {CKA_VERIFY, get_function, CKF_VERIFY},
    {CKA_DERIVE, get_function, CKF_DERIVE},
    {CKA_WRAP, get_boolean, false},
    {CKA_UNWRAP, get_boolean, false},
    {CKA_KEY_GEN_MECHANISM, get_number, CK_UNAVAILABLE_INFORMATION},
    {CKA_ALLOWED_MECHANISMS, get_mechanisms, 0},
    {CKA_START_DATE, get_nothing, 0},
    {CKA_END_DATE, get_nothing, 0},
    {CKA_GBAU_NAF, get_naf, 0},
    {CKA_GBAU_UA, get_ua, 0},
    {CKA_GBAU_B_TID, get_b_tid, 0},
    {CKA_GBAU_USAGE, get_usage, 0},
    {CKA_GBAU_DIRECTION, get_direction, 0},
    {CKA_GBAU_ALGORITHM, get_algorithm, 0},
    {CKA_GBAU_OPERATIONS, get_operations, 0},
};

static const struct attribute *find_attribute(CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (attributes[i].type == type) {
            return &attributes[i];
        }
    }
    return NULL;
}

static CK_RV fail(CK_ATTRIBUTE *attribute, CK_RV rv)
{
    attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return rv;
}

CK_RV key_object_get_attribute(const struct key_object *object, CK_ATTRIBUTE *attribute)
{
    struct value value;
    const struct attribute *found = find_attribute(attribute->type);
    if (found == NULL) {
        return fail(attribute, CKR_ATTRIBUTE_TYPE_INVALID);
    }
    if (found->get == NULL) {
        return fail(attribute, CKR_ATTRIBUTE_SENSITIVE);
    }
    found->get(object, found->argument, &value);
    if (attribute->pValue != NULL) {
        if (attribute->ulValueLen < value.octets.length) {
            return fail(attribute, CKR_BUFFER_TOO_SMALL);
        }
        memcpy(attribute->pValue, value.octets.data, value.octets.length);
    }
    attribute->ulValueLen = value.octets.length;
    return CKR_OK;
}

bool key_object_matches(const struct key_object *object, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    struct value value;
    for (CK_ULONG i = 0; i < count; i++) {
        const struct attribute *found = find_attribute(template[i].type);
        if (found == NULL || found->get == NULL) {
            return false;
        }
        found->get(object, found->argument, &value);
        if (!octets_equal(value.octets, octets_of(template[i].pValue, template[i].ulValueLen))) {
            return false;
        }
    }
    return true;
}
