/* subscriber_store_testing.h: what the tests of the subscriber store share: two subscribers and a store to put them in.
 */
#ifndef TESTS_SUBSCRIBER_STORE_TESTING_H
#define TESTS_SUBSCRIBER_STORE_TESTING_H

#include "store_testing.h"

#include <sqlite3.h>

#include "store/subscriber_store.h"

#define IMPI   "001010000000001@ims.mnc001.mcc001.3gppnetwork.org"
#define IMPI_2 "001010000000002@ims.mnc001.mcc001.3gppnetwork.org"

static struct place place;
static struct key_wrap *wrap;

static const struct subscriber subscriber_1 = {
    .imsi = "001010000000001",
    .impi = IMPI,
    .k.octets = "K of subscriber",
    .opc.octets = "OPc of subscribe",
    .amf.octets = {0x80, 0x01},
    .uicc_type = GUSS_UICC_GBA_U,
    .lifetime = 4000000000U,
};

static const struct subscriber subscriber_2 = {
    .imsi = "001010000000002",
    .impi = IMPI_2,
    .k.octets = "another K       ",
    .opc.octets = "another OPc     ",
    .uicc_type = GUSS_UICC_GBA,
};

static inline int set_up(void **state)
{
    (void)state;
    place_make(&place);
    wrap = open_wrap(&place, "key", KEY_1);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    sqlite3_reset_auto_extension();
    key_wrap_close(wrap);
    place_remove(&place);
    return 0;
}

static inline const char *database_path(void)
{
    return place_path(&place, "hss.db");
}

static inline struct subscriber_store *open_store(void)
{
    struct subscriber_store *store = NULL;
    assert_ok(subscriber_store_open(database_path(), true, wrap, NULL, &store));
    return store;
}

static inline struct subscriber_store *open_store_with(const struct subscriber *subscriber, uint64_t seq)
{
    struct subscriber_store *store = open_store();
    assert_ok(subscriber_store_add(store, subscriber, seq));
    return store;
}

static inline uint64_t reserve(struct subscriber_store *store, uint32_t count)
{
    struct subscriber subscriber;
    uint64_t first = 0;
    assert_ok(subscriber_store_reserve_seq(store, IMPI, count, &subscriber, &first));
    return first;
}

/* Changes the database behind the store's back. */
static inline int tamper(const char *sql)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(database_path(), &database), SQLITE_OK);
    int result = sqlite3_exec(database, sql, NULL, NULL, NULL);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return result;
}

static inline void assert_same_subscriber(const struct subscriber *a, const struct subscriber *b)
{
    assert_string_equal(a->imsi, b->imsi);
    assert_string_equal(a->impi, b->impi);
    assert_memory_equal(a->k.octets, b->k.octets, AKA_K_SIZE);
    assert_memory_equal(a->opc.octets, b->opc.octets, AKA_OPC_SIZE);
    assert_memory_equal(a->amf.octets, b->amf.octets, AKA_AMF_SIZE);
    assert_int_equal(a->uicc_type, b->uicc_type);
    assert_int_equal(a->lifetime, b->lifetime);
}

static inline void assert_find(struct subscriber_store *store, const char *impi, enum gbau_status expected)
{
    static const struct subscriber zeros;
    struct subscriber found;
    memset(&found, 0xff, sizeof found);
    assert_status(subscriber_store_find(store, impi, &found), expected);
    if (expected != GBAU_OK) {
        assert_memory_equal(&found, &zeros, sizeof zeros);
    }
}

#endif
