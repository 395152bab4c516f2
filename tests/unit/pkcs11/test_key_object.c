/* test_key_object.c: attributes of keys, and objects found by handle and label. */
#include "pkcs11_testing.h"

#include "pkcs11/mechanism.h"
#include "pkcs11/object_table.h"

static struct key_object naf_key(void)
{
    return (struct key_object){.origin = KEY_OF_NAF,
                               .name.naf = {.fqdn = "naf.example.com", .ua = {1, 0, 0, 0, 2}},
                               .b_tid = "b@tid",
                               .operations = UINT32_MAX,
                               .label = "naf.example.com",
                               .id = {0, 1},
                               .id_length = 2};
}

static struct key_object application_key(enum gbau_usage usage, enum gbau_direction direction,
                                         enum gbau_algorithm algorithm)
{
    struct key_object object = naf_key();
    object.origin = KEY_DERIVED;
    object.name.usage = usage;
    object.name.direction = direction;
    object.name.algorithm = algorithm;
    strcpy(object.label, "a");
    return object;
}

static CK_ULONG number(const struct key_object *object, CK_ATTRIBUTE_TYPE type)
{
    CK_ULONG value = 0;
    CK_ATTRIBUTE attribute = VALUE(type, value);
    assert_works(key_object_get_attribute(object, &attribute));
    assert_int_equal(attribute.ulValueLen, sizeof value);
    return value;
}

static bool boolean(const struct key_object *object, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = 2;
    CK_ATTRIBUTE attribute = VALUE(type, value);
    assert_works(key_object_get_attribute(object, &attribute));
    assert_int_equal(attribute.ulValueLen, sizeof value);
    return value == CK_TRUE;
}

static void test_functions_follow_usage_and_direction(void **state)
{
    static const struct {
        enum gbau_usage usage;
        enum gbau_direction direction;
        enum gbau_algorithm algorithm;
        CK_FLAGS functions;
    } rows[] = {
        {GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM, CKF_ENCRYPT},
        {GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_GCM, CKF_DECRYPT},
        {GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_CARD, GBAU_AES_256_GCM, CKF_ENCRYPT | CKF_DECRYPT},
        {GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256, CKF_SIGN},
        {GBAU_USAGE_MAC, GBAU_NAF_TO_CARD, GBAU_HMAC_SHA256, CKF_VERIFY},
        {GBAU_USAGE_MAC, GBAU_CARD_TO_CARD, GBAU_HMAC_SHA256, CKF_SIGN | CKF_VERIFY},
        {GBAU_USAGE_DERIVE, GBAU_NO_DIRECTION, GBAU_KDF, CKF_DERIVE},
        {GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION, GBAU_HMAC_SHA256, 0},
        {GBAU_USAGE_WRAP, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM, 0},
        {GBAU_USAGE_EXPORT, GBAU_NO_DIRECTION, GBAU_KDF, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct key_object object = application_key(rows[i].usage, rows[i].direction, rows[i].algorithm);
        assert_int_equal(key_object_functions(&object), rows[i].functions);
        assert_int_equal(boolean(&object, CKA_ENCRYPT), (rows[i].functions & CKF_ENCRYPT) != 0);
        assert_int_equal(boolean(&object, CKA_DECRYPT), (rows[i].functions & CKF_DECRYPT) != 0);
        assert_int_equal(boolean(&object, CKA_SIGN), (rows[i].functions & CKF_SIGN) != 0);
        assert_int_equal(boolean(&object, CKA_VERIFY), (rows[i].functions & CKF_VERIFY) != 0);
        assert_int_equal(boolean(&object, CKA_DERIVE), (rows[i].functions & CKF_DERIVE) != 0);
    }
    const struct key_object naf = naf_key();
    assert_int_equal(key_object_functions(&naf), CKF_DERIVE);
}

static void test_types_and_lengths(void **state)
{
    static const struct {
        enum gbau_usage usage;
        enum gbau_algorithm algorithm;
        CK_KEY_TYPE type;
        CK_ULONG length;
    } rows[] = {
        {GBAU_USAGE_ENCRYPT, GBAU_AES_128_GCM, CKK_AES, 16},
        {GBAU_USAGE_ENCRYPT, GBAU_AES_256_CBC, CKK_AES, 32},
        {GBAU_USAGE_MAC, GBAU_AES_128_CMAC, CKK_AES, 16},
        {GBAU_USAGE_MAC, GBAU_HMAC_SHA256, CKK_GENERIC_SECRET, 32},
        {GBAU_USAGE_DERIVE, GBAU_KDF, CKK_GENERIC_SECRET, 32},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct key_object object = application_key(rows[i].usage, GBAU_CARD_TO_NAF, rows[i].algorithm);
        assert_int_equal(number(&object, CKA_KEY_TYPE), rows[i].type);
        assert_int_equal(number(&object, CKA_VALUE_LEN), rows[i].length);
    }
    const struct key_object sm4 = application_key(GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_SM4_GCM);
    assert_true((number(&sm4, CKA_KEY_TYPE) & CKK_VENDOR_DEFINED) != 0);
}

static void test_nothing_can_be_extracted(void **state)
{
    uint8_t octets[64];
    const struct key_object object = naf_key();
    (void)state;
    CK_ATTRIBUTE value = VALUE(CKA_VALUE, octets);
    assert_rv(key_object_get_attribute(&object, &value), CKR_ATTRIBUTE_SENSITIVE);
    assert_int_equal(value.ulValueLen, CK_UNAVAILABLE_INFORMATION);
    value = (CK_ATTRIBUTE){CKA_VALUE, NULL, 0};
    assert_rv(key_object_get_attribute(&object, &value), CKR_ATTRIBUTE_SENSITIVE);
    assert_true(boolean(&object, CKA_SENSITIVE));
    assert_true(boolean(&object, CKA_ALWAYS_SENSITIVE));
    assert_true(boolean(&object, CKA_NEVER_EXTRACTABLE));
    assert_true(boolean(&object, CKA_PRIVATE));
    assert_false(boolean(&object, CKA_EXTRACTABLE));
    assert_false(boolean(&object, CKA_MODIFIABLE));
}

static void test_lengths_of_values(void **state)
{
    char text[64];
    const struct key_object object = naf_key();
    (void)state;
    CK_ATTRIBUTE label = {CKA_LABEL, NULL, 0};
    assert_works(key_object_get_attribute(&object, &label));
    assert_int_equal(label.ulValueLen, strlen("naf.example.com"));
    label = (CK_ATTRIBUTE){CKA_LABEL, text, 4};
    assert_rv(key_object_get_attribute(&object, &label), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(label.ulValueLen, CK_UNAVAILABLE_INFORMATION);
    CK_ATTRIBUTE date = {CKA_START_DATE, text, sizeof text};
    assert_works(key_object_get_attribute(&object, &date));
    assert_int_equal(date.ulValueLen, 0);
    CK_ATTRIBUTE unknown = {CKA_MODULUS, text, sizeof text};
    assert_rv(key_object_get_attribute(&object, &unknown), CKR_ATTRIBUTE_TYPE_INVALID);
}

static void test_what_gbau_adds(void **state)
{
    CK_MECHANISM_TYPE mechanisms[MECHANISM_MAX];
    const struct key_object naf = naf_key();
    const struct key_object key = application_key(GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256);
    (void)state;
    assert_int_equal(number(&key, CKA_GBAU_USAGE), GBAU_USAGE_MAC);
    assert_int_equal(number(&key, CKA_GBAU_DIRECTION), GBAU_CARD_TO_NAF);
    assert_int_equal(number(&key, CKA_GBAU_ALGORITHM), GBAU_HMAC_SHA256);
    assert_int_equal(number(&naf, CKA_GBAU_OPERATIONS), CK_UNAVAILABLE_INFORMATION);
    CK_ATTRIBUTE allowed = VALUE(CKA_ALLOWED_MECHANISMS, mechanisms);
    assert_works(key_object_get_attribute(&key, &allowed));
    assert_int_equal(allowed.ulValueLen, 2 * sizeof mechanisms[0]);
    assert_int_equal(mechanisms[0], CKM_SHA256_HMAC);
    assert_int_equal(mechanisms[1], CKM_GBAU_MAC);
}

static void test_matching(void **state)
{
    CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
    CK_OBJECT_CLASS public = CKO_PUBLIC_KEY;
    const struct key_object object = naf_key();
    (void)state;
    CK_ATTRIBUTE all[] = {VALUE(CKA_CLASS, secret),
                          IS(CKA_DERIVE),
                          IS(CKA_TOKEN),
                          TEXT(CKA_LABEL, "naf.example.com"),
                          TEXT(CKA_ID, "\x00\x01"),
                          TEXT(CKA_GBAU_B_TID, "b@tid"),
                          TEXT(CKA_GBAU_UA, "\x01\x00\x00\x00\x02")};
    CK_ATTRIBUTE wrong_class[] = {VALUE(CKA_CLASS, public)};
    CK_ATTRIBUTE prefix[] = {TEXT(CKA_LABEL, "naf.example.co")};
    CK_ATTRIBUTE secret_value[] = {TEXT(CKA_VALUE, "")};
    CK_ATTRIBUTE unknown[] = {TEXT(CKA_MODULUS, "")};
    assert_true(key_object_matches(&object, NULL, 0));
    assert_true(key_object_matches(&object, all, COUNT(all)));
    assert_false(key_object_matches(&object, wrong_class, 1));
    assert_false(key_object_matches(&object, prefix, 1));
    assert_false(key_object_matches(&object, secret_value, 1));
    assert_false(key_object_matches(&object, unknown, 1));
}

static struct key_object *add(struct object_table *table, const char *label)
{
    struct key_object *object = calloc(1, sizeof *object);
    assert_non_null(object);
    strcpy(object->label, label);
    assert_ok(object_table_add(table, object));
    return object;
}

static size_t count_by_label(const struct object_table *table, const char *label)
{
    size_t count = 0;
    for (const struct key_object *object = object_table_by_label(table, octets_of_text(label)); object != NULL;
         object = object->next_by_label) {
        count += strcmp(object->label, label) == 0;
    }
    return count;
}

static void test_table_by_label(void **state)
{
    char label[16];
    struct object_table table = {0};
    (void)state;
    assert_null(object_table_by_label(&table, octets_of_text("a")));
    for (size_t i = 0; i < 1000; i++) {
        (void)snprintf(label, sizeof label, "key %zu", i);
        (void)add(&table, label);
    }
    struct key_object *first = add(&table, "twice");
    const CK_OBJECT_HANDLE handle = first->handle;
    (void)add(&table, "twice");
    assert_int_equal(count_by_label(&table, "key 999"), 1);
    assert_int_equal(count_by_label(&table, "twice"), 2);
    assert_int_equal(count_by_label(&table, "thrice"), 0);
    assert_ptr_equal(object_table_get(&table, handle), first);
    object_table_remove(&table, first);
    assert_int_equal(count_by_label(&table, "twice"), 1);
    assert_null(object_table_get(&table, handle));
    object_table_clear(&table);
    assert_int_equal(table.object_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions_follow_usage_and_direction),
        cmocka_unit_test(test_types_and_lengths),
        cmocka_unit_test(test_nothing_can_be_extracted),
        cmocka_unit_test(test_lengths_of_values),
        cmocka_unit_test(test_what_gbau_adds),
        cmocka_unit_test(test_matching),
        cmocka_unit_test(test_table_by_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
