/* test_gbau.c: the public device side on card files: opening, when it bootstraps and derives, keys, lists, threads. */
#include "card_ends.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "gbau/gbau.h"

#define NAF_FQDN "naf.example.com"
#define NO_BSF   "http://127.0.0.1:1/"

static const uint8_t ua[5] = {1, 0, 0, 0, 2};

/* A card that was bootstrapped, and both ends of the calls: the device's by gbau.h. */
struct device {
    struct card_ends card;
    struct gbau *gbau;
};

static enum gbau_status open_by_gbau(void *context, const struct gbau_key_request *request, struct gbau_key **key)
{
    struct device *device = context;
    return gbau_key_open(device->gbau, NAF_FQDN, ua, request, key);
}

static enum gbau_status open_local(void *context, const struct gbau_key_request *request, struct gbau_key **key)
{
    return local_key_open(&((struct device *)context)->card.naf, request, key);
}

static void allow_all_by_gbau(void *context)
{
    struct device *device = context;
    const struct key_policy policy = permissive_policy(device->card.naf.policy_version + 1);
    const struct ruling ruling = policy_ruling(&device->card, &policy);
    assert_ok(gbau_apply(device->gbau, NAF_FQDN, ua, ruling.octets, ruling.length));
    device->card.naf.policy_version = policy.version;
}

static const char *card_path(struct device *device)
{
    return place_path(&device->card.bench->place, "card");
}

/* Takes the card out of the bench's reader, and gives it to gbau.h. */
static void give_to_gbau(struct device *device)
{
    usim_close(&device->card.bench->usim);
    reader_close(device->card.bench->reader);
    device->card.bench->reader = NULL;
    assert_ok(gbau_open(card_path(device), "1234", &device->gbau));
}

static void take_from_gbau(struct device *device)
{
    gbau_close(device->gbau);
    device->gbau = NULL;
    open_reader(device->card.bench);
    open_usim(device->card.bench);
}

static int open_device(void **state)
{
    static struct device device;
    device = (struct device){0};
    assert_int_equal(open_bench(state), 0);
    device.card.bench = *state;
    assert_ok(crypto_pool_open(2, &device.card.cryptos));
    open_usim(device.card.bench);
    const struct aka_vector vector = bootstrap(device.card.bench, 1);
    follow_bootstrapping(&device.card, &vector);
    give_to_gbau(&device);
    device.card.ends = (struct key_ends){.context = &device,
                                         .open_card = open_by_gbau,
                                         .open_naf = open_local,
                                         .allow_all = allow_all_by_gbau,
                                         .card_has_all_algorithms = true,
                                         .long_length = 100000};
    *state = &device.card.ends;
    return 0;
}

static struct device *device_of(void **state)
{
    return ((struct key_ends *)*state)->context;
}

static int close_device(void **state)
{
    struct device *device = device_of(state);
    gbau_close(device->gbau);
    crypto_pool_close(device->card.cryptos);
    crypto_openssl_close(&device->card.bench->crypto);
    reader_close(device->card.bench->reader);
    place_remove(&device->card.bench->place);
    return 0;
}

#define device_test(function) cmocka_unit_test_setup_teardown((function), open_device, close_device)

/* Opening */

static void test_what_cannot_be_opened(void **state)
{
    struct device *device = device_of(state);
    struct gbau *gbau = NULL;
    assert_status(gbau_open(card_path(device), "1234", &gbau), GBAU_E_BUSY);
    assert_status(gbau_open("/nowhere/card", "1234", &gbau), GBAU_E_NOT_FOUND);
    gbau_close(device->gbau);
    device->gbau = NULL;
    assert_status(gbau_open(card_path(device), NULL, &gbau), GBAU_E_PIN_REQUIRED);
    assert_status(gbau_open(card_path(device), "9999", &gbau), GBAU_E_PIN_WRONG);
    assert_status(gbau_open(card_path(device), "12", &gbau), GBAU_E_ARGUMENT);
    assert_status(gbau_open(NULL, "1234", &gbau), GBAU_E_ARGUMENT);
    assert_status(gbau_open(card_path(device), "1234", NULL), GBAU_E_ARGUMENT);
    assert_null(gbau);
    gbau_close(NULL);
}

static void test_arguments(void **state)
{
    struct device *device = device_of(state);
    struct gbau *gbau = device->gbau;
    struct gbau_key *key = NULL;
    uint8_t octets[32];
    char b_tid[GBAU_B_TID_SIZE];
    int64_t ends = 0;
    uint64_t counter = 0;
    assert_status(gbau_bootstrap(NULL, NO_BSF), GBAU_E_ARGUMENT);
    assert_status(gbau_bootstrap(gbau, NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_bootstrap_if_needed(NULL, NO_BSF), GBAU_E_ARGUMENT);
    assert_status(gbau_bootstrap_if_needed(gbau, NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_b_tid(NULL, b_tid), GBAU_E_ARGUMENT);
    assert_status(gbau_lifetime(gbau, NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_lifetime(NULL, &ends), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_key(gbau, NULL, ua, octets), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_key(gbau, NAF_FQDN, NULL, octets), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_key(gbau, "", ua, octets), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_key(gbau, "no name", ua, octets), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_key(gbau, NAF_FQDN, ua, NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_key_open(NULL, NAF_FQDN, ua, &seal_request, &key), GBAU_E_ARGUMENT);
    assert_status(gbau_key_open(gbau, NULL, ua, &seal_request, &key), GBAU_E_ARGUMENT);
    assert_status(gbau_key_open(gbau, NAF_FQDN, NULL, &seal_request, &key), GBAU_E_ARGUMENT);
    assert_status(gbau_key_open(gbau, NAF_FQDN, ua, NULL, &key), GBAU_E_ARGUMENT);
    assert_status(gbau_key_open(gbau, NAF_FQDN, ua, &seal_request, NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_key_open_persisted(gbau, NAF_FQDN, ua, "", &key), GBAU_E_ARGUMENT);
    assert_status(gbau_key_open_persisted(gbau, NAF_FQDN, ua, NULL, &key), GBAU_E_ARGUMENT);
    assert_status(gbau_key_open_persisted(gbau, NAF_FQDN, ua, "a", NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_key_delete_persisted(gbau, NAF_FQDN, ua, NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_key_persist(NULL, 1), GBAU_E_ARGUMENT);
    assert_status(gbau_key_list(gbau, NULL, NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_apply(gbau, NAF_FQDN, ua, NULL, 0), GBAU_E_ARGUMENT);
    assert_status(gbau_random(gbau, NULL, 1), GBAU_E_ARGUMENT);
    assert_status(gbau_counter(gbau, NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_counter(NULL, &counter), GBAU_E_ARGUMENT);
    assert_null(key);
}

/* Bootstrapping only when needed: the BSF of these tests is not there, so a try is seen */

static void set_lifetime(struct device *device, const char *lifetime)
{
    take_from_gbau(device);
    assert_ok(usim_write_bootstrapping(&device->card.bench->usim, B_TID, lifetime));
    give_to_gbau(device);
}

static void test_bootstraps_when_needed(void **state)
{
    struct device *device = device_of(state);
    char b_tid[GBAU_B_TID_SIZE];
    int64_t ends = 0;
    assert_ok(gbau_bootstrap_if_needed(device->gbau, NO_BSF));
    assert_ok(gbau_b_tid(device->gbau, b_tid));
    assert_string_equal(b_tid, B_TID);
    assert_ok(gbau_lifetime(device->gbau, &ends));
    assert_int_equal(ends, 1893456000); /* 2030-01-01 */
    assert_status(gbau_bootstrap(device->gbau, NO_BSF), GBAU_E_UNREACHABLE);
    set_lifetime(device, "2020-01-01T00:00:00Z");
    assert_status(gbau_bootstrap_if_needed(device->gbau, NO_BSF), GBAU_E_UNREACHABLE);
    set_lifetime(device, "whenever");
    assert_status(gbau_lifetime(device->gbau, &ends), GBAU_E_NOT_FOUND);
    assert_status(gbau_bootstrap_if_needed(device->gbau, NO_BSF), GBAU_E_UNREACHABLE);
}

static void test_lifetime_around_now(void **state)
{
    struct device *device = device_of(state);
    char lifetime[CLOCK_DATE_TIME_SIZE];
    assert_ok(clock_format_date_time(time(NULL) + 60, lifetime));
    set_lifetime(device, lifetime);
    assert_ok(gbau_bootstrap_if_needed(device->gbau, NO_BSF));
    assert_ok(clock_format_date_time(time(NULL) - 1, lifetime));
    set_lifetime(device, lifetime);
    assert_status(gbau_bootstrap_if_needed(device->gbau, NO_BSF), GBAU_E_UNREACHABLE);
}

static void test_card_that_was_never_bootstrapped(void **state)
{
    struct device *device = device_of(state);
    struct gbau_key *key = NULL;
    char b_tid[GBAU_B_TID_SIZE];
    uint8_t octets[32];
    gbau_close(device->gbau);
    device->gbau = NULL;
    make_card(device->card.bench);
    assert_ok(gbau_open(card_path(device), "1234", &device->gbau));
    assert_status(gbau_b_tid(device->gbau, b_tid), GBAU_E_NOT_FOUND);
    assert_status(gbau_key_open(device->gbau, NAF_FQDN, ua, &seal_request, &key), GBAU_E_NOT_FOUND);
    assert_status(gbau_naf_key(device->gbau, NAF_FQDN, ua, octets), GBAU_E_NOT_FOUND);
    assert_status(gbau_bootstrap_if_needed(device->gbau, NO_BSF), GBAU_E_UNREACHABLE);
    assert_null(key);
}

/* NAF keys */

static void test_naf_key(void **state)
{
    struct device *device = device_of(state);
    struct ks_ext_naf expected;
    uint8_t key[32];
    take_from_gbau(device);
    const struct aka_vector vector = bootstrap(device->card.bench, 2);
    give_to_gbau(device);
    const struct ks ks = ks_of(&vector);
    assert_ok(gba_derive_ks_ext_naf(&device->card.bench->crypto, &ks, &vector.rand, octets_of_text(IMPI),
                                    naf_id_of(device->card.bench), &expected));
    assert_ok(gbau_naf_key(device->gbau, "NAF.Example.COM", ua, key));
    assert_memory_equal(key, expected.octets, 32);
}

static bool device_matches_naf(struct device *device)
{
    struct gbau_key *maker = NULL;
    struct gbau_key *reader = NULL;
    assert_ok(open_by_gbau(device, &seal_request, &maker));
    assert_ok(open_local(device, &seal_request, &reader));
    const bool matches = opens(maker, reader);
    gbau_key_close(maker);
    gbau_key_close(reader);
    return matches;
}

/* A new Ks, under a B-TID that the card says is `b_tid`; nothing is derived. */
static struct aka_vector bootstrap_only(struct device *device, uint64_t seq, const char *b_tid)
{
    struct usim_answer answer;
    struct bench *bench = device->card.bench;
    take_from_gbau(device);
    const struct aka_vector vector = make_vector(bench, seq, true);
    assert_ok(usim_bootstrap(&bench->usim, &vector.rand, &vector.autn, &answer));
    assert_ok(usim_write_bootstrapping(&bench->usim, b_tid, "2030-01-01T00:00:00Z"));
    give_to_gbau(device);
    return vector;
}

/* Under the same B-TID the NAF key that is there is used as it is: had it been derived anew, it would be another. */
static void test_derives_only_when_needed(void **state)
{
    struct device *device = device_of(state);
    (void)bootstrap_only(device, 2, B_TID);
    assert_true(device_matches_naf(device));
}

/* Under another one it is derived. */
static void test_derives_after_a_bootstrapping(void **state)
{
    struct device *device = device_of(state);
    struct gbau_key *key = NULL;
    const struct aka_vector vector = bootstrap_only(device, 2, "another@bsf.example");
    assert_false(device_matches_naf(device));
    follow_bootstrapping(&device->card, &vector);
    assert_true(device_matches_naf(device));
    assert_ok(open_by_gbau(device, &seal_request, &key));
    assert_string_equal(gbau_key_b_tid(key), "another@bsf.example");
    gbau_key_close(key);
}

/* The first key of a service is derived on the way. */
static void test_derives_the_first_key(void **state)
{
    struct device *device = device_of(state);
    gbau_close(device->gbau);
    device->gbau = NULL;
    make_card(device->card.bench);
    assert_ok(gbau_open(card_path(device), "1234", &device->gbau));
    const struct aka_vector vector = bootstrap_only(device, 1, B_TID);
    follow_bootstrapping(&device->card, &vector);
    assert_true(device_matches_naf(device));
}

/* A key that was revoked does not come back by deriving it again, but with the next bootstrapping. */
static void test_revoked_key(void **state)
{
    struct device *device = device_of(state);
    const struct key_revocation revocation = {.version = 1, .scope = KEY_REVOCATION_NAF_KEY};
    const struct ruling ruling = revocation_ruling(&device->card, &revocation);
    struct gbau_key *key = NULL;
    assert_ok(gbau_apply(device->gbau, NAF_FQDN, ua, ruling.octets, ruling.length));
    assert_status(open_by_gbau(device, &seal_request, &key), GBAU_E_EXPIRED);
    const struct aka_vector vector = bootstrap_only(device, 2, "another@bsf.example");
    follow_bootstrapping(&device->card, &vector);
    assert_true(device_matches_naf(device));
}

/* Records of EF_GBANL that are taken. */
static size_t count_naf_keys(struct device *device)
{
    static const uint8_t fid[] = {0x6f, 0xda};
    const struct apdu_command select = {.ins = 0xa4, .p2 = 0x0c, .data = octets_of(fid, 2), .le = APDU_NO_LE};
    struct apdu_response response;
    size_t count = 0;
    take_from_gbau(device);
    const struct usim *usim = &device->card.bench->usim;
    assert_ok(apdu_exchange(usim->reader, usim->channel, &select, &response));
    for (uint8_t record = 1; response.sw == 0x9000; record++) {
        const struct apdu_command read = {.ins = 0xb2, .p1 = record, .p2 = 0x04, .le = APDU_ANY_LE};
        assert_ok(apdu_exchange(usim->reader, usim->channel, &read, &response));
        count += response.data.length > 0 && response.data.data[0] != 0xff;
    }
    return count;
}

static bool count_entries(void *context, const struct gbau_key_entry *entry)
{
    (void)entry;
    ++*(size_t *)context;
    return true;
}

/* Who has no access learns so before anything is derived. */
static void test_no_access_derives_nothing(void **state)
{
    struct device *device = device_of(state);
    struct gbau_key *key = NULL;
    size_t count = 0;
    assert_status(gbau_key_open(device->gbau, "other.example.com", ua, &seal_request, &key), GBAU_E_ACCESS);
    assert_status(gbau_key_open_persisted(device->gbau, "other.example.com", ua, "a", &key), GBAU_E_NOT_FOUND);
    assert_status(gbau_key_delete_persisted(device->gbau, "other.example.com", ua, "a"), GBAU_E_ACCESS);
    assert_null(key);
    assert_ok(gbau_key_list(device->gbau, count_entries, &count));
    assert_int_equal(count, 1);
    assert_int_equal(count_naf_keys(device), 1);
}

/* Keys */

static const struct gbau_key_request vault_request = {
    .usage = GBAU_USAGE_ENCRYPT, .direction = GBAU_CARD_TO_CARD, .algorithm = GBAU_AES_256_GCM, .label = "vault"};

static void persist_vault(struct device *device, uint32_t operations)
{
    struct gbau_key *key = NULL;
    assert_ok(open_by_gbau(device, &vault_request, &key));
    assert_ok(gbau_key_persist(key, operations));
    gbau_key_close(key);
}

static void test_persisted_keys(void **state)
{
    struct device *device = device_of(state);
    uint8_t sealed[512], text[512];
    size_t length = 0;
    size_t text_length = 0;
    struct gbau_key *key = NULL;
    persist_vault(device, UINT32_MAX);
    assert_ok(gbau_key_open_persisted(device->gbau, NAF_FQDN, ua, "vault", &key));
    assert_ok(gbau_key_seal(key, NULL, 0, "at rest", 7, sealed, sizeof sealed, &length));
    gbau_key_close(key);
    (void)bootstrap_only(device, 2, "another@bsf.example");
    assert_ok(gbau_key_open_persisted(device->gbau, NAF_FQDN, ua, "vault", &key));
    assert_ok(gbau_key_open_sealed(key, NULL, 0, sealed, length, text, sizeof text, &text_length));
    assert_memory_equal(text, "at rest", 7);
    gbau_key_close(key);
    assert_ok(gbau_key_delete_persisted(device->gbau, NAF_FQDN, ua, "vault"));
    assert_status(gbau_key_delete_persisted(device->gbau, NAF_FQDN, ua, "vault"), GBAU_E_NOT_FOUND);
    assert_status(gbau_key_open_persisted(device->gbau, NAF_FQDN, ua, "vault", &key), GBAU_E_NOT_FOUND);
}

struct seen {
    struct gbau_key_entry entries[4];
    size_t count;
    size_t wanted;
};

static bool keep_entry(void *context, const struct gbau_key_entry *entry)
{
    struct seen *seen = context;
    seen->entries[seen->count++] = *entry;
    return seen->count < seen->wanted;
}

static void test_list(void **state)
{
    struct device *device = device_of(state);
    struct seen seen = {.wanted = 4};
    persist_vault(device, 5);
    allow_all_by_gbau(device);
    assert_ok(gbau_key_list(device->gbau, keep_entry, &seen));
    assert_int_equal(seen.count, 2);
    assert_false(seen.entries[0].persisted);
    assert_string_equal(seen.entries[0].naf_fqdn, NAF_FQDN);
    assert_memory_equal(seen.entries[0].ua, ua, 5);
    assert_string_equal(seen.entries[0].b_tid, B_TID);
    assert_int_equal(seen.entries[0].policy_version, 1);
    assert_int_equal(seen.entries[0].operations, UINT32_MAX);
    assert_true(seen.entries[1].persisted);
    assert_string_equal(seen.entries[1].label, "vault");
    assert_int_equal(seen.entries[1].usage, GBAU_USAGE_ENCRYPT);
    assert_int_equal(seen.entries[1].direction, GBAU_CARD_TO_CARD);
    assert_int_equal(seen.entries[1].algorithm, GBAU_AES_256_GCM);
    assert_int_equal(seen.entries[1].operations, 5);
    seen = (struct seen){.wanted = 1};
    assert_ok(gbau_key_list(device->gbau, keep_entry, &seen));
    assert_int_equal(seen.count, 1);
}

static void test_rulings(void **state)
{
    struct device *device = device_of(state);
    const struct key_policy policy = permissive_policy(7);
    struct ruling ruling = policy_ruling(&device->card, &policy);
    ruling.octets[ruling.length - 1] ^= 1;
    assert_status(gbau_apply(device->gbau, NAF_FQDN, ua, ruling.octets, ruling.length), GBAU_E_AUTHENTICATION);
    ruling.octets[ruling.length - 1] ^= 1;
    assert_ok(gbau_apply(device->gbau, NAF_FQDN, ua, ruling.octets, ruling.length));
    assert_status(gbau_apply(device->gbau, NAF_FQDN, ua, ruling.octets, ruling.length), GBAU_E_REPLAY);
    assert_status(gbau_apply(device->gbau, NAF_FQDN, ua, ruling.octets, ruling.length - 1), GBAU_E_MALFORMED);
    assert_status(gbau_apply(device->gbau, NAF_FQDN, ua, "", 0), GBAU_E_MALFORMED);
    assert_status(gbau_apply(device->gbau, "other.example.com", ua, ruling.octets, ruling.length), GBAU_E_ACCESS);
}

static void test_numbers(void **state)
{
    struct device *device = device_of(state);
    uint8_t octets[2][33] = {0};
    uint64_t counters[2];
    assert_ok(gbau_random(device->gbau, octets[0], sizeof octets[0]));
    assert_ok(gbau_random(device->gbau, octets[1], sizeof octets[1]));
    assert_memory_not_equal(octets[0], octets[1], 32);
    assert_ok(gbau_random(device->gbau, NULL, 0));
    assert_ok(gbau_counter(device->gbau, &counters[0]));
    take_from_gbau(device);
    give_to_gbau(device);
    assert_ok(gbau_counter(device->gbau, &counters[1]));
    assert_true(counters[1] > counters[0]);
}

static void test_hash_needs_no_naf(void **state)
{
    struct device *device = device_of(state);
    const struct gbau_key_request request = {.usage = GBAU_USAGE_HASH, .algorithm = GBAU_SHA256};
    struct gbau_key *key = NULL;
    uint8_t hash[32];
    assert_ok(gbau_key_open(device->gbau, NULL, NULL, &request, &key));
    assert_string_equal(gbau_key_b_tid(key), "");
    assert_ok(gbau_key_hash(key, "", 0, hash));
    assert_octets(octets_of(hash, 32), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    gbau_key_close(key);
}

/* Two devices at once, each with a card of its own, in a thread of its own */

struct thread_of_device {
    struct device *device;
    struct gbau *gbau;
    unsigned sealed;
};

static void *seal_many(void *context)
{
    struct thread_of_device *thread = context;
    for (unsigned i = 0; i < 200; i++) {
        uint8_t sealed[512];
        size_t length = 0;
        struct gbau_key *key = NULL;
        if (gbau_key_open(thread->gbau, NAF_FQDN, ua, &seal_request, &key) != GBAU_OK ||
            gbau_key_seal(key, NULL, 0, "x", 1, sealed, sizeof sealed, &length) != GBAU_OK) {
            break;
        }
        thread->sealed++;
        gbau_key_close(key);
    }
    return NULL;
}

static void copy_card(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_true(in != NULL && out != NULL);
    for (int octet = fgetc(in); octet != EOF; octet = fgetc(in)) {
        fputc(octet, out);
    }
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

static void test_two_devices_at_once(void **state)
{
    struct device *device = device_of(state);
    char paths[2][sizeof device->card.bench->place.path];
    struct thread_of_device threads[2] = {{.device = device}, {.device = device}};
    pthread_t ids[2];
    gbau_close(device->gbau);
    device->gbau = NULL;
    memcpy(paths[0], card_path(device), sizeof paths[0]);
    memcpy(paths[1], place_path(&device->card.bench->place, "other"), sizeof paths[1]);
    copy_card(paths[0], paths[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(gbau_open(paths[i], "1234", &threads[i].gbau));
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&ids[i], NULL, seal_many, &threads[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(ids[i], NULL), 0);
        assert_int_equal(threads[i].sealed, 200);
        gbau_close(threads[i].gbau);
    }
}

/* A card whose PIN nobody gave still gives random octets and hashes, and nothing else. */
static void test_locked(void **state)
{
    uint8_t octets[32];
    uint64_t counter = 0;
    char b_tid[GBAU_B_TID_SIZE];
    int64_t ends = 0;
    struct gbau *gbau = NULL;
    struct gbau_key *key = NULL;
    struct device *device = ((struct key_ends *)*state)->context;
    const struct gbau_key_request hash = {.usage = GBAU_USAGE_HASH, .algorithm = GBAU_SHA256, .label = "h"};
    const struct gbau_key_request mac = {
        .usage = GBAU_USAGE_MAC, .direction = GBAU_CARD_TO_NAF, .algorithm = GBAU_HMAC_SHA256, .label = "m"};
    gbau_close(device->gbau);
    device->gbau = NULL;
    const struct gbau_opening opening = {.card = card_path(device), .is_silent = true, .is_locked = true};
    assert_ok(gbau_open_with(&opening, &gbau));
    assert_ok(gbau_random(gbau, octets, sizeof octets));
    assert_ok(gbau_counter(gbau, &counter));
    assert_ok(gbau_key_open(gbau, NULL, NULL, &hash, &key));
    assert_ok(gbau_key_hash(key, "abc", 3, octets));
    assert_octets(octets_of(octets, 32), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    gbau_key_close(key);
    assert_status(gbau_key_open(gbau, NAF_FQDN, ua, &mac, &key), GBAU_E_PIN_REQUIRED);
    assert_status(gbau_naf_key(gbau, NAF_FQDN, ua, octets), GBAU_E_PIN_REQUIRED);
    assert_status(gbau_b_tid(gbau, b_tid), GBAU_E_PIN_REQUIRED);
    assert_status(gbau_lifetime(gbau, &ends), GBAU_E_PIN_REQUIRED);
    assert_status(gbau_bootstrap(gbau, NO_BSF), GBAU_E_PIN_REQUIRED);
    assert_status(gbau_open_with(NULL, &gbau), GBAU_E_ARGUMENT);
    gbau_close(gbau);
    assert_ok(gbau_open(card_path(device), "1234", &device->gbau));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEY_CALLS_COMMON_TESTS(open_device, close_device),
        device_test(test_what_cannot_be_opened),
        device_test(test_arguments),
        device_test(test_bootstraps_when_needed),
        device_test(test_lifetime_around_now),
        device_test(test_card_that_was_never_bootstrapped),
        device_test(test_naf_key),
        device_test(test_derives_only_when_needed),
        device_test(test_derives_after_a_bootstrapping),
        device_test(test_derives_the_first_key),
        device_test(test_revoked_key),
        device_test(test_no_access_derives_nothing),
        device_test(test_persisted_keys),
        device_test(test_list),
        device_test(test_rulings),
        device_test(test_numbers),
        device_test(test_hash_needs_no_naf),
        device_test(test_locked),
        device_test(test_two_devices_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
