/* test_zn.c: a BIR in octets becomes a BIA in octets (TS 29.109 clause 5, TS 33.220 4.5.3 and 5.3.3). */
#include "bsf_testing.h"

#include "codec/guss.h"
#include "vector_file.h"

#define NAF_HOST   "diameter.naf.example.com"
#define OTHER_HOST "other.naf.example.net"

enum { ANSWER_SIZE = 65536 };

/* An answer and the octets that its views point into. */
struct answer {
    uint8_t octets[ANSWER_SIZE];
    size_t length;
    struct gba_bia bia;
};

/* Vector V1 of gba_u.json. */
struct known_keys {
    json_t *file;
    const json_t *vector;
    const json_t *naf;
};

static struct known_keys read_known_keys(void)
{
    struct known_keys keys = {.file = vector_file_read("gba_u.json")};
    keys.vector = json_array_get(json_object_get(keys.file, "vectors"), 0);
    keys.naf = json_array_get(json_object_get(keys.vector, "naf"), 0);
    return keys;
}

static struct bootstrapping_session session_of(const json_t *vector, enum gba_mode mode)
{
    struct bootstrapping_session session = {.mode = mode, .created = START, .expires = END_OF_LIFE};
    (void)snprintf(session.b_tid, sizeof session.b_tid, "%s", vector_text(vector, "b_tid"));
    (void)snprintf(session.impi, sizeof session.impi, "%s", vector_text(vector, "impi"));
    vector_octets(vector, "ks", session.ks.octets, AKA_KS_SIZE);
    vector_octets(vector, "rand", session.rand.octets, AKA_RAND_SIZE);
    return session;
}

static void store_v1(struct bench *bench, enum gba_mode mode, const char *guss)
{
    struct known_keys keys = read_known_keys();
    struct bootstrapping_session session = session_of(keys.vector, mode);
    (void)snprintf(session.guss_xml, sizeof session.guss_xml, "%s", guss);
    store_session(bench, &session);
    json_decref(keys.file);
}

#define B_TID "I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc001.mcc001.pub.3gppnetwork.org"

/* A bench whose BSF knows a NAF for naf.example.com; tests change bench->config.nafs[0] and reopen. */
static int open_zn(void **state)
{
    (void)open_bench(state);
    struct bench *bench = *state;
    bench->config.naf_count = 2;
    bench->config.nafs[0] = (struct bsf_naf){.identity = NAF_HOST,
                                             .fqdn_count = 2,
                                             .fqdns = {"naf.example.com", "*.apps.example.com"},
                                             .group = "A",
                                             .may_see_impi = true,
                                             .may_have_int_key = true};
    bench->config.nafs[1] = (struct bsf_naf){.identity = OTHER_HOST, .fqdn_count = 1, .fqdns = {"naf.example.net"}};
    reopen_bsf(bench);
    return 0;
}

#define zn_test(function) cmocka_unit_test_setup_teardown((function), open_zn, close_bench)

static void ask_octets(struct bench *bench, const char *host, struct octets request, struct answer *answer)
{
    struct octet_writer writer = octet_writer_of(answer->octets, sizeof answer->octets);
    bsf_zn_answer(bench->bsf, octets_of_text(host), request, &writer);
    assert_ok(octet_writer_end(&writer));
    answer->length = writer.length;
    assert_ok(gba_read_bia(octets_written(&writer), &answer->bia));
}

static void ask_bir(struct bench *bench, const char *host, const struct gba_bir *bir, struct answer *answer)
{
    uint8_t octets[2048];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    gba_write_bir(&writer, bir);
    assert_ok(octet_writer_end(&writer));
    ask_octets(bench, host, octets_written(&writer), answer);
}

/* NAF-Id = FQDN || 01 00 00 00 02 */
static struct octets naf_id_of(const char *fqdn)
{
    static uint8_t octets[GBA_NAF_ID_MAX];
    static const uint8_t ua[NAF_ID_UA_SIZE] = {1, 0, 0, 0, 2};
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    octet_writer_put_text(&writer, fqdn);
    octet_writer_put(&writer, ua, sizeof ua);
    assert_ok(octet_writer_end(&writer));
    return octets_written(&writer);
}

static void ask_as(struct bench *bench, const char *host, const char *fqdn, struct answer *answer)
{
    const struct gba_bir bir = {.b_tid = octets_of_text(B_TID), .naf_id = naf_id_of(fqdn), .gba_u_aware = true};
    ask_bir(bench, host, &bir, answer);
}

static void assert_refused_with(const struct answer *answer, uint32_t result)
{
    assert_int_equal(answer->bia.result, result);
    assert_int_equal(answer->bia.me_key_material.length, 0);
    assert_int_equal(answer->bia.uicc_key_material.length, 0);
    assert_int_equal(answer->bia.impi.length, 0);
    assert_int_equal(answer->bia.uss_list.length, 0);
    assert_int_equal(answer->bia.key_expiry, 0);
}

/* Keys */

/* Both NAF_IDs of V1: each its own keys. */
static void test_keys_of_v1(void **state)
{
    struct bench *bench = *state;
    struct known_keys keys = read_known_keys();
    const json_t *nafs = json_object_get(keys.vector, "naf");
    store_v1(bench, GBA_MODE_U, "");
    assert_int_equal(json_array_size(nafs), 2);
    for (size_t i = 0; i < json_array_size(nafs); i++) {
        const json_t *naf = json_array_get(nafs, i);
        uint8_t naf_id[20];
        struct answer answer;
        vector_octets(naf, "naf_id", naf_id, sizeof naf_id);
        const struct gba_bir bir = {.b_tid = octets_of_text(vector_text(keys.vector, "b_tid")),
                                    .naf_id = octets_of(naf_id, sizeof naf_id),
                                    .gba_u_aware = true};
        ask_bir(bench, NAF_HOST, &bir, &answer);
        assert_int_equal(answer.bia.result, GBA_RESULT_SUCCESS);
        assert_octets(answer.bia.me_key_material, vector_text(naf, "ks_ext_naf"));
        assert_octets(answer.bia.uicc_key_material, vector_text(naf, "ks_int_naf"));
        assert_true(octets_equal(answer.bia.impi, octets_of_text(vector_text(keys.vector, "impi"))));
        assert_int_equal(clock_from_ntp(answer.bia.key_expiry), END_OF_LIFE);
        assert_int_equal(clock_from_ntp(answer.bia.creation_time), START);
        assert_int_equal(answer.bia.uss_list.length, 0);
        assert_int_equal(answer.bia.gba_type, 0);
    }
    json_decref(keys.file);
}

/* Ks_int_NAF needs all three: a GBA_U run, a NAF that says it is aware, and leave to have it. */
static void test_who_gets_the_int_key(void **state)
{
    struct bench *bench = *state;
    struct known_keys keys = read_known_keys();
    for (unsigned i = 0; i < 8; i++) {
        struct answer answer;
        const struct gba_bir bir = {
            .b_tid = octets_of_text(B_TID), .naf_id = naf_id_of("naf.example.com"), .gba_u_aware = (i & 1) != 0};
        bench->config.nafs[0].may_have_int_key = (i & 2) != 0;
        reopen_bsf(bench);
        store_v1(bench, i & 4 ? GBA_MODE_U : GBA_MODE_ME, "");
        ask_bir(bench, NAF_HOST, &bir, &answer);
        assert_octets(answer.bia.me_key_material, vector_text(keys.naf, "ks_ext_naf"));
        assert_octets(answer.bia.uicc_key_material, i == 7 ? vector_text(keys.naf, "ks_int_naf") : "");
    }
    json_decref(keys.file);
}

static void test_who_sees_the_impi(void **state)
{
    struct bench *bench = *state;
    struct answer answer;
    store_v1(bench, GBA_MODE_U, "");
    bench->config.nafs[0].may_see_impi = false;
    reopen_bsf(bench);
    ask_as(bench, NAF_HOST, "naf.example.com", &answer);
    assert_int_equal(answer.bia.result, GBA_RESULT_SUCCESS);
    assert_int_equal(answer.bia.impi.length, 0);
    const char *imsi = "001010123456789";
    assert_null(memmem(answer.octets, answer.length, imsi, strlen(imsi))); /* nowhere else either */
}

/* A break of one NAF must not help against others: another name, another key. */
static void test_each_name_its_own_key(void **state)
{
    struct bench *bench = *state;
    struct answer first;
    struct answer second;
    store_v1(bench, GBA_MODE_U, "");
    ask_as(bench, NAF_HOST, "naf.example.com", &first);
    ask_as(bench, NAF_HOST, "a.apps.example.com", &second);
    assert_int_equal(second.bia.result, GBA_RESULT_SUCCESS);
    assert_memory_not_equal(first.bia.me_key_material.data, second.bia.me_key_material.data, NAF_KEY_SIZE);
    assert_memory_not_equal(first.bia.uicc_key_material.data, second.bia.uicc_key_material.data, NAF_KEY_SIZE);
    assert_memory_not_equal(first.bia.me_key_material.data, first.bia.uicc_key_material.data, NAF_KEY_SIZE);
}

/* 5402 */

struct authorisation {
    const char *host;
    const char *fqdn;
    bool is_granted;
};

static const struct authorisation authorisations[] = {
    {NAF_HOST, "naf.example.com", true},
    {NAF_HOST, "NAF.Example.COM", true},
    {"DIAMETER.naf.example.com", "naf.example.com", true},
    {NAF_HOST, "x.apps.example.com", true},
    {NAF_HOST, "x.y.apps.example.com", true},
    {NAF_HOST, "X.APPS.EXAMPLE.COM", true},
    {OTHER_HOST, "naf.example.net", true},
    {NAF_HOST, "naf.example.net", false}, /* another NAF's */
    {OTHER_HOST, "naf.example.com", false},
    {NAF_HOST, "apps.example.com", false},
    {NAF_HOST, ".apps.example.com", false},
    {NAF_HOST, "evilapps.example.com", false},
    {NAF_HOST, "x.apps.example.com.evil.com", false},
    {NAF_HOST, "naf.example.co", false},
    {NAF_HOST, "naf.example.comm", false},
    {NAF_HOST, "xnaf.example.com", false},
    {NAF_HOST, "naf.example.com.", false},
    {NAF_HOST, "*.apps.example.co", false},
    {NAF_HOST, "n", false},
    {"unknown.example.com", "naf.example.com", false},
    {"", "naf.example.com", false},
    {"diameter.naf.example.co", "naf.example.com", false},
    {"diameter.naf.example.com.evil.com", "naf.example.com", false},
};

static void test_authorisations(void **state)
{
    struct bench *bench = *state;
    store_v1(bench, GBA_MODE_U, "");
    for (size_t i = 0; i < sizeof authorisations / sizeof authorisations[0]; i++) {
        const struct authorisation *authorisation = &authorisations[i];
        struct answer answer;
        ask_as(bench, authorisation->host, authorisation->fqdn, &answer);
        if ((answer.bia.result == GBA_RESULT_SUCCESS) != authorisation->is_granted) {
            fail_msg("%s as %s: %u", authorisation->host, authorisation->fqdn, answer.bia.result);
        }
        if (!authorisation->is_granted) {
            assert_refused_with(&answer, GBA_RESULT_NOT_AUTHORIZED);
        }
    }
}

/* The last five octets are the protocol: they cannot be made a part of the name. */
static void test_name_cannot_reach_into_the_protocol(void **state)
{
    struct bench *bench = *state;
    struct answer answer;
    store_v1(bench, GBA_MODE_U, "");
    const struct gba_bir bir = {.b_tid = octets_of_text(B_TID), .naf_id = octets_of_text("naf.example.com")};
    ask_bir(bench, NAF_HOST, &bir, &answer); /* "naf.exampl" and "e.com" */
    assert_refused_with(&answer, GBA_RESULT_NOT_AUTHORIZED);
}

static void test_nothing_is_told_to_the_unauthorised(void **state)
{
    struct bench *bench = *state;
    struct answer with_session;
    struct answer without;
    ask_as(bench, NAF_HOST, "naf.example.net", &without);
    store_v1(bench, GBA_MODE_U, "");
    ask_as(bench, NAF_HOST, "naf.example.net", &with_session);
    assert_int_equal(with_session.length, without.length);
    assert_memory_equal(with_session.octets, without.octets, without.length);
}

static void test_no_nafs(void **state)
{
    struct bench *bench = *state;
    struct answer answer;
    bench->config.naf_count = 0;
    reopen_bsf(bench);
    store_v1(bench, GBA_MODE_U, "");
    ask_as(bench, NAF_HOST, "naf.example.com", &answer);
    assert_refused_with(&answer, GBA_RESULT_NOT_AUTHORIZED);
    ask_as(bench, "", "naf.example.com", &answer);
    assert_refused_with(&answer, GBA_RESULT_NOT_AUTHORIZED);
}

/* 5403 */

static void test_unknown_and_expired(void **state)
{
    struct bench *bench = *state;
    struct answer answer;
    ask_as(bench, NAF_HOST, "naf.example.com", &answer);
    assert_refused_with(&answer, GBA_RESULT_TRANSACTION_IDENTIFIER_INVALID);
    store_v1(bench, GBA_MODE_U, "");
    atomic_store(&bench->now, END_OF_LIFE - 1);
    ask_as(bench, NAF_HOST, "naf.example.com", &answer);
    assert_int_equal(answer.bia.result, GBA_RESULT_SUCCESS);
    atomic_store(&bench->now, END_OF_LIFE);
    ask_as(bench, NAF_HOST, "naf.example.com", &answer);
    assert_refused_with(&answer, GBA_RESULT_TRANSACTION_IDENTIFIER_INVALID);
}

static void test_odd_b_tids(void **state)
{
    struct bench *bench = *state;
    char longest[GBA_NAME_MAX + 1];
    memset(longest, 'b', GBA_NAME_MAX);
    longest[GBA_NAME_MAX] = '\0';
    const char *const b_tids[] = {"x", "@", longest, "I1U8vpY3qJ0hiuZNrke/NQ==@BSF.mnc001.mcc001.pub.3gppnetwork.org"};
    store_v1(bench, GBA_MODE_U, "");
    for (size_t i = 0; i < sizeof b_tids / sizeof b_tids[0]; i++) {
        struct answer answer;
        const struct gba_bir bir = {.b_tid = octets_of_text(b_tids[i]), .naf_id = naf_id_of("naf.example.com")};
        ask_bir(bench, NAF_HOST, &bir, &answer);
        assert_refused_with(&answer, GBA_RESULT_TRANSACTION_IDENTIFIER_INVALID);
    }
}

/* User security settings */

#define USS_OPEN(id, group) "<uss id=\"" id "\" type=\"0\"" group "><uids><uid>"
#define USS_CLOSE           "</uid></uids><flags><flag>1</flag></flags></uss>"

static const char guss_of_four[] =
    "<guss id=\"x\"><bsfInfo><uiccType>GBA_U</uiccType><lifeTime>3600</lifeTime></bsfInfo><ussList>"
    /* clang-format off */
    USS_OPEN("1", "") "sip:one@a" USS_CLOSE
    USS_OPEN("2", " nafGroup=\"A\"") "sip:two@a" USS_CLOSE
    USS_OPEN("3", " nafGroup=\"B\"") "sip:three@a" USS_CLOSE
    USS_OPEN("1", " nafGroup=\"A\"") "sip:four@a" USS_CLOSE
                                                                                         /* clang-format on */
                                                                                         "</ussList></guss>";

static void ask_for_uss(struct bench *bench, size_t count, const uint32_t *gsids, struct answer *answer)
{
    struct gba_bir bir = {.b_tid = octets_of_text(B_TID), .naf_id = naf_id_of("naf.example.com"), .gsid_count = count};
    memcpy(bir.gsids, gsids, count * sizeof gsids[0]);
    ask_bir(bench, NAF_HOST, &bir, answer);
    assert_int_equal(answer->bia.result, GBA_RESULT_SUCCESS);
}

static size_t read_uids(const struct answer *answer, const char *uids[GUSS_MAX_USS])
{
    static struct guss guss;
    if (answer->bia.uss_list.length == 0) {
        return 0;
    }
    assert_ok(guss_read_uss_list(answer->bia.uss_list, &guss));
    for (size_t i = 0; i < guss.uss_count; i++) {
        assert_string_equal(guss.uss[i].naf_group, ""); /* the operator's own */
        assert_int_equal(guss.uss[i].flag_count, 1);
        uids[i] = guss.uss[i].uids[0];
    }
    assert_null(memmem(answer->octets, answer->length, "bsfInfo", 7));
    return guss.uss_count;
}

static void test_uss_by_group(void **state)
{
    struct bench *bench = *state;
    struct answer answer;
    const char *uids[GUSS_MAX_USS];
    store_v1(bench, GBA_MODE_U, guss_of_four);
    ask_for_uss(bench, 1, (uint32_t[]){1}, &answer);
    assert_int_equal(read_uids(&answer, uids), 2);
    assert_string_equal(uids[0], "sip:one@a");
    assert_string_equal(uids[1], "sip:four@a");
    ask_for_uss(bench, 3, (uint32_t[]){3, 2, 9}, &answer); /* 3 is of another group */
    assert_int_equal(read_uids(&answer, uids), 1);
    assert_string_equal(uids[0], "sip:two@a");
    ask_for_uss(bench, 2, (uint32_t[]){3, 4}, &answer);
    assert_int_equal(answer.bia.uss_list.length, 0);
    ask_for_uss(bench, 0, (uint32_t[]){0}, &answer); /* not asked for, not given */
    assert_int_equal(answer.bia.uss_list.length, 0);
}

static void test_naf_of_no_group(void **state)
{
    struct bench *bench = *state;
    struct answer answer;
    const char *uids[GUSS_MAX_USS];
    bench->config.nafs[0].group[0] = '\0';
    reopen_bsf(bench);
    store_v1(bench, GBA_MODE_U, guss_of_four);
    ask_for_uss(bench, 3, (uint32_t[]){1, 2, 3}, &answer);
    assert_int_equal(read_uids(&answer, uids), 1);
    assert_string_equal(uids[0], "sip:one@a");
}

static void test_no_guss_no_uss(void **state)
{
    struct bench *bench = *state;
    struct answer answer;
    store_v1(bench, GBA_MODE_U, "");
    ask_for_uss(bench, 1, (uint32_t[]){1}, &answer);
    assert_int_equal(answer.bia.uss_list.length, 0);
}

/* As many settings as there may be, and texts that grow when XML escapes them. */
static void test_great_guss(void **state)
{
    struct bench *bench = *state;
    static char guss[SESSION_GUSS_SIZE];
    struct answer answer;
    const char *uids[GUSS_MAX_USS];
    size_t length = (size_t)snprintf(guss, sizeof guss, "<guss id=\"x\"><ussList>");
    for (unsigned i = 0; i < GUSS_MAX_USS; i++) {
        char uid[GUSS_UID_SIZE];
        memset(uid, '\'', 120);
        uid[120] = '\0';
        length += (size_t)snprintf(guss + length, sizeof guss - length, USS_OPEN("1", "") "%s" USS_CLOSE, uid);
    }
    (void)snprintf(guss + length, sizeof guss - length, "</ussList></guss>");
    store_v1(bench, GBA_MODE_U, guss);
    ask_for_uss(bench, 1, (uint32_t[]){1}, &answer);
    assert_int_equal(read_uids(&answer, uids), GUSS_MAX_USS);
}

/* Broken requests */

static void test_broken_requests(void **state)
{
    static const struct {
        const char *hex;
        uint32_t result;
    } requests[] = {
        {"", GBA_RESULT_MISSING_AVP},
        {"00000191c000000d000028af78000000", GBA_RESULT_MISSING_AVP},                /* no NAF-Id */
        {"00000192c0000012000028af6101000000020000", GBA_RESULT_MISSING_AVP},        /* no B-TID */
        {"00000192c0000011000028af0100000002000000", GBA_RESULT_INVALID_AVP_LENGTH}, /* no FQDN */
        {"00000197c0000010000028af00000002", GBA_RESULT_INVALID_AVP_VALUE},          /* awareness 2 */
        {"00000193c000000d000028af78000000", GBA_RESULT_INVALID_AVP_VALUE},          /* GSID x */
        {"00000191c000000d000028af7800000000000191c000000d000028af78000000", GBA_RESULT_AVP_OCCURS_TOO_MANY_TIMES},
        {"00000191c00000ff000028af78000000", GBA_RESULT_INVALID_AVP_LENGTH},
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        uint8_t octets[256];
        size_t length = 0;
        struct answer answer;
        assert_ok(hex_decode(octets_of_text(requests[i].hex), octets, sizeof octets, &length));
        ask_octets(*state, NAF_HOST, octets_of(octets, length), &answer);
        assert_refused_with(&answer, requests[i].result);
    }
}

static void test_changed_and_cut_requests(void **state)
{
    struct bench *bench = *state;
    uint8_t octets[512];
    struct answer answer;
    const struct gba_bir bir = {.b_tid = octets_of_text(B_TID),
                                .naf_id = naf_id_of("naf.example.com"),
                                .gba_u_aware = true,
                                .gsid_count = 1,
                                .gsids = {1}};
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    gba_write_bir(&writer, &bir);
    store_v1(bench, GBA_MODE_U, guss_of_four);
    for (size_t i = 0; i < writer.length; i++) {
        uint8_t *cut = malloc(i == 0 ? 1 : i);
        assert_non_null(cut);
        memcpy(cut, octets, i);
        ask_octets(bench, NAF_HOST, octets_of(cut, i), &answer);
        free(cut);
        octets[i] ^= 0x11;
        ask_octets(bench, NAF_HOST, octets_written(&writer), &answer);
        octets[i] ^= 0x11;
    }
    ask_octets(bench, NAF_HOST, octets_written(&writer), &answer);
    assert_int_equal(answer.bia.result, GBA_RESULT_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zn_test(test_keys_of_v1),
        zn_test(test_who_gets_the_int_key),
        zn_test(test_who_sees_the_impi),
        zn_test(test_each_name_its_own_key),
        zn_test(test_authorisations),
        zn_test(test_name_cannot_reach_into_the_protocol),
        zn_test(test_nothing_is_told_to_the_unauthorised),
        zn_test(test_no_nafs),
        zn_test(test_unknown_and_expired),
        zn_test(test_odd_b_tids),
        zn_test(test_uss_by_group),
        zn_test(test_naf_of_no_group),
        zn_test(test_no_guss_no_uss),
        zn_test(test_great_guss),
        zn_test(test_broken_requests),
        zn_test(test_changed_and_cut_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
