/* hss_testing.h: what the tests of the HSS share: a store with two subscribers, a clock moved by hand, and AUTS. */
#ifndef TESTS_UNIT_HSS_HSS_TESTING_H
#define TESTS_UNIT_HSS_HSS_TESTING_H

#include "store_testing.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "crypto/milenage.h"
#include "crypto/openssl.h"
#include "store/subscriber_store.h"

#define IMPI   "001010000000001@ims.mnc001.mcc001.3gppnetwork.org"
#define IMPI_2 "001010000000002@ims.mnc001.mcc001.3gppnetwork.org"
#define NOBODY "001010000000009@ims.mnc001.mcc001.3gppnetwork.org"

enum { START = 1700000000 };

static const struct subscriber subscriber_1 = {
    .imsi = "001010000000001",
    .impi = IMPI,
    .k.octets = "K of subscriber",
    .opc.octets = "OPc of subscribe",
    .amf.octets = {0x12, 0x34},
    .uicc_type = GUSS_UICC_GBA_U,
    .lifetime = 7200,
};

static const struct subscriber subscriber_2 = {
    .imsi = "001010000000002",
    .impi = IMPI_2,
    .k.octets = "another K       ",
    .opc.octets = "another OPc     ",
    .uicc_type = GUSS_UICC_GBA,
};

/* A store in a directory of its own, for one test. */
struct stock {
    struct place place;
    struct subscriber_store *store;
    struct crypto crypto;
    _Atomic unix_time now;
    struct clock clock;
};

static inline unix_time read_time(void *context)
{
    return atomic_load((_Atomic unix_time *)context);
}

static inline const char *database_path(struct stock *stock)
{
    return place_path(&stock->place, "hss.db");
}

static inline int open_stock(void **state)
{
    static struct stock stock;
    stock = (struct stock){.clock = {.now = read_time, .context = &stock.now}};
    atomic_store(&stock.now, START);
    place_make(&stock.place);
    assert_ok(crypto_openssl_open(&stock.crypto));
    assert_ok(subscriber_store_open(database_path(&stock), true, NULL, NULL, &stock.store));
    assert_ok(subscriber_store_add(stock.store, &subscriber_1, 0));
    assert_ok(subscriber_store_add(stock.store, &subscriber_2, 500));
    *state = &stock;
    return 0;
}

static inline int close_stock(void **state)
{
    struct stock *stock = *state;
    subscriber_store_close(stock->store);
    crypto_openssl_close(&stock->crypto);
    place_remove(&stock->place);
    return 0;
}

#define stock_test(function) cmocka_unit_test_setup_teardown((function), open_stock, close_stock)

static inline struct milenage milenage_of(const struct subscriber *subscriber)
{
    return (struct milenage){.k = subscriber->k, .opc = subscriber->opc, .constants = &milenage_default_constants};
}

/* RAND || AUTS as a card makes it that has accepted `sqn_ms`; `amf` is zero on an honest card (33.102 6.3.3). */
static inline void make_rand_auts(struct crypto *crypto, const struct subscriber *subscriber, aka_sqn sqn_ms,
                                  const struct aka_amf *amf, uint8_t rand_auts[AKA_RAND_SIZE + AKA_AUTS_SIZE])
{
    const struct milenage milenage = milenage_of(subscriber);
    struct aka_rand rand;
    struct aka_mac mac_s;
    struct aka_ak ak;
    memset(rand.octets, 0x5a, sizeof rand.octets);
    assert_ok(milenage_f1(crypto, &milenage, &rand, sqn_ms, amf, NULL, &mac_s));
    assert_ok(milenage_f5star(crypto, &milenage, &rand, &ak));
    struct octet_writer writer = octet_writer_of(rand_auts, AKA_RAND_SIZE + AKA_AUTS_SIZE);
    octet_writer_put(&writer, rand.octets, AKA_RAND_SIZE);
    octet_writer_u48(&writer, sqn_ms);
    octet_writer_put(&writer, mac_s.octets, AKA_MAC_SIZE);
    assert_ok(octet_writer_end(&writer));
    for (size_t i = 0; i < AKA_AK_SIZE; i++) {
        rand_auts[AKA_RAND_SIZE + i] ^= ak.octets[i];
    }
}

#endif
