/* test_profile_errors.c: everything that is wrong is refused, and said with its line and what would be right. */
#include "profile_testing.h"

#include "crypto/openssl.h"

struct wrong {
    const char *text;
    const char *words; /* of the message */
};

static void assert_refused(const char *text, const char *words)
{
    struct described described;
    struct recorder recorder;
    start_recording(&recorder);
    enum gbau_status status = try_profile(&described, text, &recorder.log);
    forget_profile(&described);
    const char *said = recorded(&recorder);
    const char *first = strchr(said, '\n');
    if (status == GBAU_OK || strstr(said, words) == NULL || first == NULL || first[1] != '\0') {
        fail_msg("[%s] should say once [%s], status %d says [%s]", text, words, (int)status, said);
    }
    assert_null(strstr(said, "465b5ce8")); /* the beginnings of K and OPc */
    assert_null(strstr(said, "cd63cb71"));
    stop_recording(&recorder);
}

static void assert_all_refused(const struct wrong *wrong, size_t count, const char *before)
{
    for (size_t i = 0; i < count; i++) {
        char text[4096];
        (void)snprintf(text, sizeof text, "%s%s", before, wrong[i].text);
        assert_refused(text, wrong[i].words);
    }
}

#define assert_table_refused(table, before) assert_all_refused((table), sizeof(table) / sizeof(table)[0], (before))

static void refuses_subscriptions(void **state)
{
    (void)state;
    static const struct wrong wrong[] = {
        {"imsy: 1\n", ":1: imsy: unknown key; allowed are: base, imsi, iccid"},
        {"\n\nbase: some\n", ":3: base: must be one of: default, none"},
        {"imsi: \"12345\"\n", ":1: imsi: must be 6 to 15 digits"},
        {"imsi: [1]\n", ":1: imsi: must be a single value"},
        {"iccid: \"1\"\n", ":1: iccid: must be 18 to 20 digits"},
        {"mnc-digits: 4\n", ":1: mnc-digits must be a whole number from 2 to 3"},
        {"pin: \"12a4\"\n", ":1: pin: must be 4 to 8 digits"},
        {"puk: \"1\"\n", ":1: puk: must be 8 digits"},
        {"pin2: \"1\"\n", ":1: pin2: must be 4 to 8 digits"},
        {"puk2: \"1\"\n", ":1: puk2: must be 8 digits"},
        {"pin-enabled: perhaps\n", ":1: pin-enabled must be true or false"},
        {"adm: 41424344454647\n", ":1: adm: must be 16 hexadecimal digits"},
        {"algorithm: comp128\n", ":1: algorithm: must be one of: milenage, tuak, xor"},
        {"k: " TEST_K "00\n", ":1: k: must be 32 hexadecimal digits"},
        {"algorithm: tuak\nk: 465b5ce8\n", ":2: k: must be 32 to 64 hexadecimal digits"},
        {"k: " TEST_K "\nop: " TEST_K "\nopc: " TEST_OPC "\n", ":3: opc: give one of op, opc, top and topc"},
        {"opc: cd63cb7\n", ":1: opc: must be 32 hexadecimal digits"},
        {"topc: cd63cb71\n", ":1: topc: must be 64 hexadecimal digits"},
        {"milenage: 3\n", ":1: milenage: must be a mapping with keys of: r, c"},
        {"milenage: {s: 1}\n", ":1: milenage.s: unknown key; allowed are: r, c"},
        {"milenage: {r: [1, 2, 3, 4, 5]}\n", ":1: milenage.r.0: must be a multiple of 8"},
        {"milenage: {r: [8]}\n", ":1: milenage.r: must be 5 numbers, r1 to r5"},
        {"milenage: {r: [8, 8, 8, 8, 8, 8]}\n", ":1: milenage.r: has more than 5 items"},
        {"milenage: {c: [" TEST_K "]}\n", ":1: milenage.c: must be 5 constants"},
        {"milenage: {c: [1]}\n", ":1: milenage.c.0: must be 32 hexadecimal digits"},
        {"tuak: {res: 16}\n", ":1: tuak.res: must be one of: 32, 64, 128"},
        {"tuak: {iterations: 0}\n", ":1: tuak.iterations must be a whole number from 1 to 255"},
        {"tuak: {rounds: 1}\n", ":1: tuak.rounds: unknown key; allowed are: res, iterations"},
        {"sqn: 12\n", ":1: sqn: must be 12 hexadecimal digits"},
        {"sqn: {value: 12}\n", ":1: sqn.value: must be 12 hexadecimal digits"},
        {"sqn: {delta: -1}\n", ":1: sqn.delta must be a whole number from 0 to 4294967295"},
        {"sqn: {age-limit: 4294967296}\n", ":1: sqn.age-limit must be"},
        {"sqn: {values: [1]}\n", ":1: sqn.values: unknown key; allowed are: value, delta, age-limit"},
        {"gba-u: {mask: true}\n", ":1: gba-u.mask: unknown key; allowed are: mask-mac, flip-res"},
        {"gba-u: {mask-mac: 2}\n", ":1: gba-u.mask-mac must be true or false"},
        {"gba-u: {naf-keys: 2}\n", ":1: gba-u.naf-keys: can be said of an application"},
        {"api: {naf: x}\n", ":1: api: must be a list"},
        {"api: [{naf: naf.example.com}]\n", ":1: api.0.naf: must be FQDN/UA"},
        {"api: [{caller: gbau}]\n", ":1: api.0.naf: is missing: FQDN/UA"},
        {"api: [{caller: a0000000, naf: n.example/0100000002}]\n", ":1: api.0.caller: must be gbau, or an AID"},
        {"api: [{nav: n.example/0100000002}]\n", ":1: api.0.nav: unknown key; allowed are: caller, naf"},
        {"api: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n", ":1: api: has more than 8 items"},
        {"pin: \"1234\"\npin: \"1234\"\n", ":2: pin is given twice"},
        {"", ":1: imsi is missing"},
        {"imsi: \"001010123456789\"\n", "k is missing: it has to be filled in"},
        {"imsi: \"001010123456789\"\nk:\n", "k is missing: it has to be filled in"},
        {"imsi: \"001010123456789\"\nk: " TEST_K "\n", "give op or opc"},
        {"imsi: \"001010123456789\"\nalgorithm: tuak\nk: " TEST_K "\n", "give top or topc"},
    };
    assert_table_refused(wrong, "");
}

static void refuses_rules(void **state)
{
    (void)state;
    static const struct wrong wrong[] = {
        {"rules: 1\n", ":6: rules: must be a mapping of names to rules"},
        {"rules: {beef: {read: always}}\n", ":6: rules.beef: a rule's name must not look like hexadecimal digits"},
        {"rules:\n  a: {read: sometimes}\n", ":7: rules.a.read: is no access condition"},
        {"rules:\n  a: {read: }\n", ":7: rules.a.read: is no access condition"},
        {"rules:\n  a: {peruse: always}\n", ":7: rules.a.peruse: is no access condition"},
        {"rules:\n  a: {read: [pin]}\n", ":7: rules.a.read: must be a single value"},
        {"rules:\n  a: xyz\n", ":7: rules.a: must be 2 to 510 hexadecimal digits"},
        {"rules:\n  a: ffff\n", ":7: rules.a: is missing"},
        {"rules:\n  a: {}\n", ":7: rules.a: is missing: a rule says at least one thing"},
        {"rules:\n  a:\n", ":7: rules.a: is missing"},
        {"files: [{path: MF/EF_PL, rule: nobody}]\n",
         ":6: files.0.rule: there is no such rule; known are: read-always-update-pin, read-always-update-adm1"},
        {"rules: {mine: {read: pin}}\nfiles: [{path: MF/EF_PL, rule: nobody}]\n", "known are: mine, read-always"},
        {"files: [{path: MF/EF_PL, rule: {file: MF/EF_ARR}}]\n", ":6: files.0.rule: there is no such record"},
        {"files: [{path: MF/EF_PL, rule: {file: MF/EF_ARR, record: 10}}]\n", "there is no such record"},
        {"files: [{path: MF/EF_PL, rule: {file: MF/EF_PL, record: 1}}]\n", "there is no such record"},
        {"files: [{path: MF/EF_PL, rule: {file: MF/6f77, record: 1}}]\n",
         ":6: files.0.rule.file: there is no such file"},
        {"files: [{path: MF/EF_PL, rule: {record: 1}}]\n", ":6: files.0.rule.file: is missing"},
        {"files: [{path: MF/EF_PL, rule: {of: MF}}]\n", "files.0.rule.of: unknown key; allowed are: file, record"},
        {"files: [{path: MF/EF_PL, rule: [1]}]\n", ":6: files.0.rule: must be a single value"},
        {"rules:\n  a: {read: pin or pin2 or adm1 or adm2 or adm3 or adm4 or adm5}\n"
         "files: [{path: MF/EF_PL, rule: a}]\n",
         ":8: files.0.rule: the rule has 61 octets, more than a record of EF_ARR"},
    };
    assert_table_refused(wrong, PERSONALISED);
}

static void refuses_files(void **state)
{
    (void)state;
    static const struct wrong wrong[] = {
        {"files: 1\n", ":6: files: must be a list"},
        {"files: [1]\n", ":6: files.0: must be a mapping with keys of: path, kind"},
        {"files: [{size: 1}]\n", ":6: files.0.path: is missing"},
        {"files: [{path: MF/EF_PL, mode: 1}]\n", ":6: files.0.mode: unknown key; allowed are: path, kind, size"},
        {"files: [{path: MF/EF_XYZ}]\n", ":6: files.0.path: has a part that is neither a known name"},
        {"files: [{path: MF/ADF_USIM/DF_HNB/4f01}]\n", ":6: files.0.path: stands in a directory that is not described"},
        {"files: [{path: MF/EF_PL/4f01}]\n", "stands in a directory that is not described"},
        {"files: [{path: MF/EF_PL, kind: transparent}]\n", ":6: files.0.kind: of a file of the default card cannot"},
        {"files:\n  - {path: MF/EF_PL, size: 5}\n  - {path: MF/2f05, size: 5}\n",
         ":8: files.1.path: is described twice"},
        {"files: [{path: MF/6f77, size: 1, rule: all-adm1}]\n", ":6: files.0.kind: is missing"},
        {"files: [{path: MF/6f77, kind: sparse}]\n",
         "files.0.kind: must be one of: df, adf, transparent, linear-fixed"},
        {"files: [{path: MF/ADF_USIM/6f77, kind: adf}]\n", ":6: files.0.kind: an ADF stands in MF"},
        {"files: [{path: MF/6f77, kind: transparent, size: 1}]\n", ":6: files.0.rule: is missing: say who may do what"},
        {"files: [{path: MF/6f77, kind: transparent}]\n", ":6: files.0: is missing its size: give size, or content"},
        {"files: [{path: MF/6f77, kind: cyclic}]\n",
         "is missing its size: give record-size and record-count, or records"},
        {"files: [{path: MF/6f77, kind: cyclic, record-size: 9}]\n", "is missing its size"},
        {"files: [{path: MF/6f77, kind: df, size: 3}]\n", ":6: files.0.size: a file of this kind has none"},
        {"files: [{path: MF/6f77, kind: df, sfi: 3}]\n", ":6: files.0.sfi: a directory has no short identifier"},
        {"files: [{path: MF/6f77, kind: df, content: 01}]\n", ":6: files.0: a directory has no content"},
        {"files: [{path: MF/EF_PL, record-size: 3}]\n", ":6: files.0.record-size: a file of this kind has none"},
        {"files: [{path: MF/EF_PL, record-count: 3}]\n", ":6: files.0.record-count: a file of this kind has none"},
        {"files: [{path: MF/EF_PL, records: [\"01\"]}]\n", ":6: files.0.records: a file of this kind has no records"},
        {"files: [{path: MF/EF_DIR, size: 3}]\n", ":6: files.0.size: a file of this kind has none"},
        {"files: [{path: MF/EF_DIR, records: 01}]\n", ":6: files.0.records: must be a list"},
        {"files: [{path: MF/EF_DIR, records: [zz]}]\n", ":6: files.0.records.0: must be 0 to 510 hexadecimal digits"},
        {"files: [{path: MF/EF_DIR, record-size: 2, records: [\"\", 010203]}]\n",
         ":6: files.0.records.1: is longer than a record, 2 octets"},
        {"files: [{path: MF/EF_DIR, record-size: 256}]\n", "record-size must be a whole number from 1 to 255"},
        {"files: [{path: MF/EF_DIR, record-count: 255}]\n", "record-count must be a whole number from 1 to 254"},
        {"files: [{path: MF/EF_DIR, record-count: 1}]\n", ":6: files.0: the content needs 120 octets, the file has 40"},
        {"files: [{path: MF/6f77, kind: linear-fixed, record-size: 255, record-count: 254}]\n", ":6: files.0.rule"},
        {"files: [{path: MF/EF_PL, content: 0g}]\n", ":6: files.0.content: must be hexadecimal digits"},
        {"files: [{path: MF/EF_PL, content: 012}]\n", ":6: files.0.content: must be hexadecimal digits"},
        {"files: [{path: MF/EF_PL, content: 01, text: a}]\n", ":6: files.0: give one of content, text and records"},
        {"files: [{path: MF/EF_PL, text: more than ten}]\n",
         ":6: files.0: the content needs 13 octets, the file has 10"},
        {"files: [{path: MF/EF_PL, size: 0}]\n", ":6: files.0.size must be a whole number from 1 to 65535"},
        {"files: [{path: MF/6f77, kind: ber-tlv, size: 1201}]\n", "size must be a whole number from 1 to 1200"},
        {"files: [{path: MF/6f77, kind: ber-tlv, size: 1}]\n", ":6: files.0: a file of 1 octets is not possible"},
        {"files: [{path: MF/6f77, kind: ber-tlv, size: 5, content: 8102cafe}]\n", "the content needs 6 octets"},
        {"files: [{path: MF/EF_PL, sfi: 31}]\n", ":6: files.0.sfi must be a whole number from 0 to 30"},
        {"files: [{path: MF/EF_PL, state: gone}]\n", ":6: files.0.state: must be one of: activated, deactivated"},
        {"services: [0]\n", ":6: services.0 must be a whole number from 1 to 136"},
        {"services: gba\n", ":6: services: must be a list"},
        {"remove: [MF/6f77]\n", ":6: remove.0: there is no such file"},
        {"remove: [[]]\n", ":6: remove.0: must be a single value"},
        {"remove: [MF]\n", ":6: remove.0: "},
        {"remove: [MF/ADF_ISIM]\n", ":6: remove.0: is an application's: describe the whole card"},
        {"remove: [MF/EF_ARR]\n", ":6: remove.0: holds the access rules of files that stay"},
        {"files:\n  - {path: MF/6f71, kind: transparent, size: 60000, rule: all-adm1}\n"
         "  - {path: MF/6f72, kind: transparent, size: 60000, rule: all-adm1}\n",
         "the card would be larger than a card can be, 65536 octets"},
    };
    assert_table_refused(wrong, PERSONALISED);
}

static void refuses_whole_cards(void **state)
{
    (void)state;
    static const struct wrong wrong[] = {
        {"imsi: \"001010123456789\"\n",
         ":2: imsi: unknown key; allowed are: base, free, rules, pins, applications, files"},
        {"", ":1: files: is missing: with base: none every file is described, MF first"},
        {"files: []\n", "files: is missing"},
        {"files: [{path: MF/EF_DIR, kind: df}]\n", ":2: files.0.path: the first file must be MF"},
        {"files: [{path: MF, kind: transparent, size: 1}]\n", ":2: files.0: MF is a df"},
        {"files: [{path: MF, kind: df}]\n", ":2: files.0.rule: is missing"},
        {"files: [{path: MF, kind: df, rule: x}]\n", ":2: files.0.rule: there is no EF_ARR for it, here or above"},
        {"free: {space: 1}\n", ":2: free.space: unknown key; allowed are: files, octets, persisted-keys"},
        {"free: {files: 201}\n", ":2: free.files must be a whole number from 0 to 200"},
        {"free: {persisted-keys: 9}\n", ":2: free.persisted-keys must be a whole number from 0 to 8"},
        {"free: {octets: 65537}\n", ":2: free.octets must be a whole number from 0 to 65536"},
        {SMALL_RULES SMALL_FILES "free: {octets: 65536}\n", "larger than a card can be"},
        {SMALL_RULES SMALL_FILES "  - {path: MF/EF_ARR, kind: df}\n", "files.2.path: is described twice"},
        {SMALL_RULES SMALL_FILES "  - {path: MF, kind: df}\n", "files.2.path: is described twice"},
        {SMALL_RULES SMALL_FILES "pins: [{value: \"1234\"}]\n", "pins.0.key: is missing: pin, pin2, adm1"},
        {SMALL_RULES SMALL_FILES "pins: [{key: pin3, value: \"1234\"}]\n", "pins.0.key: must be pin, pin2"},
        {SMALL_RULES SMALL_FILES "pins: [{key: pin}]\n", "pins.0.value: is missing: it has to be filled in"},
        {SMALL_RULES SMALL_FILES "pins: [{key: pin, value: \"\"}]\n", "pins.0.value: is missing"},
        {SMALL_RULES SMALL_FILES "pins: [{key: pin, value: \"123\"}]\n", "pins.0.value: must be 4 to 8 digits, or 16"},
        {SMALL_RULES SMALL_FILES "pins: [{key: pin, value: \"123456789\"}]\n", "pins.0.value: must be"},
        {SMALL_RULES SMALL_FILES "pins: [{key: pin, value: \"1234\", unblock: 12x45678}]\n", "pins.0.unblock: must be"},
        {SMALL_RULES SMALL_FILES "pins: [{key: pin, value: \"1234\", max-unblock-tries: 3}]\n",
         "pins.0.unblock: is missing: it has to be filled in"},
        {SMALL_RULES SMALL_FILES "pins: [{key: pin, value: \"1234\", tries: 4}]\n",
         "pins.0.tries must be a whole number from 0 to 3"},
        {SMALL_RULES SMALL_FILES "pins: [{key: pin, value: \"1234\", max-tries: 16}]\n", "max-tries must be"},
        {SMALL_RULES SMALL_FILES "pins: [{key: pin, value: \"1234\"}, {key: key-01, value: \"1234\"}]\n",
         "pins.1: is described twice"},
        {SMALL_RULES SMALL_FILES "pins: [{key: pin, val: \"1234\"}]\n",
         "pins.0.val: unknown key; allowed are: key, value"},
    };
    assert_table_refused(wrong, "base: none\n");
}

#define ADF  "  - {path: MF/ADF_USIM, kind: adf, rule: open}\n"
#define USIM "applications:\n  - kind: usim\n    aid: a0000000871002\n    pin: pin\n    adf: MF/ADF_USIM\n"

static void refuses_applications(void **state)
{
    (void)state;
    static const struct wrong wrong[] = {
        {"applications: [{aid: a000000087}]\n", "applications.0.kind: is missing: usim, isim or applet"},
        {"applications: [{kind: sim}]\n", "applications.0.kind: must be one of: usim, isim, applet"},
        {"applications: [{kind: applet, pin: pin}]\n", "applications.0.aid: is missing"},
        {"applications: [{kind: applet, aid: a0000000, pin: pin}]\n", "applications.0.aid: must be 10 to 32 hexa"},
        {"applications: [{kind: applet, aid: a000000087}]\n", "applications.0.pin: is missing"},
        {"applications: [{kind: applet, aid: a000000087, pin: adm1}]\n", "applications.0.pin: is not among pins"},
        {"applications: [{kind: applet, aid: a000000087, pin: pin, k: 1}]\n", "applications.0.k: unknown key; allowed"},
        {"applications: [{kind: usim, aid: a000000087, pin: pin}]\n", "applications.0.adf: is missing"},
        {"applications: [{kind: usim, aid: a000000087, pin: pin, adf: MF/7ff5}]\n", "adf: there is no such file"},
        {"applications: [{kind: usim, aid: a000000087, pin: pin, adf: MF}]\n", "adf: is no file of kind adf"},
        {"applications: [{kind: usim, aid: a000000087, pin: pin, adf: MF/EF_ARR}]\n", "adf: is no file of kind adf"},
        {USIM, "applications.0: k is missing: it has to be filled in"},
        {USIM "    k: \"\"\n", "applications.0: k is missing: it has to be filled in"},
        {USIM "    k: " TEST_K "\n", "applications.0: give op or opc"},
        {USIM "    algorithm: xor\n    k: " TEST_K "\n    opc: " TEST_OPC "\n", "xor has neither op nor opc"},
        {USIM "    keys-of: a0000000871002\n", "applications.0.keys-of: is no application before this one"},
        {USIM "    keys-of: a000\n", "applications.0.keys-of: must be 10 to 32"},
        {USIM "    keys-of: a0000000871002\n    k: " TEST_K "\n", "applications.0.k: stands beside keys-of"},
        {USIM "    k: " TEST_K "\n    opc: " TEST_OPC "\n    gba-u: {naf-keys: 17}\n",
         "naf-keys must be a whole number"},
        {USIM "    k: " TEST_K "\n    opc: " TEST_OPC "\n    sqn: {values: [1]}\n", "sqn.values.0: must be 12 hex"},
        {USIM "    k: " TEST_K "\n    opc: " TEST_OPC "\n"
              "  - {kind: usim, aid: a000000087, pin: pin, adf: MF/ADF_USIM, keys-of: a0000000871002}\n",
         "applications.1.adf: is that of another application"},
        {"applications: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n", "applications: has more than 8 items"},
    };
    assert_table_refused(wrong, SMALL ADF);
}

/* Directories can stand so deep, and no deeper. */
static void bounds_the_depth(void **state)
{
    (void)state;
    char text[4096] = PERSONALISED "files:\n";
    char path[200] = "MF";
    struct described described;
    for (unsigned depth = 1; depth < CARD_MAX_DEPTH; depth++) {
        (void)snprintf(path + strlen(path), sizeof path - strlen(path), "/5f%02x", depth);
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "  - {path: %s, kind: df, rule: all-adm1}\n",
                       path);
    }
    describe(&described, text);
    forget_profile(&described);
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), "  - {path: %s/5f99, kind: df, rule: all-adm1}\n",
                   path);
    assert_refused(text, "stands deeper than 8 levels");
}

/* 200 files, and no more. */
static void bounds_the_number_of_files(void **state)
{
    (void)state;
    char *text = malloc(65536);
    assert_non_null(text);
    (void)snprintf(text, 65536, "%s%s%s", "base: none\n" SMALL_RULES SMALL_PINS, SMALL_FILES, "");
    for (unsigned i = 2; i < CARD_MAX_FILES; i++) {
        char *end = text + strlen(text);
        (void)snprintf(end, 100, "  - {path: MF/6f%02x, kind: transparent, size: 9, rule: open}\n", i);
    }
    struct described described;
    describe(&described, text);
    assert_int_equal(described.description.file_count, CARD_MAX_FILES);
    assert_int_equal(described.description.free_slots, 0);
    forget_profile(&described);
    (void)snprintf(text + strlen(text), 100, "  - {path: MF/6eff, kind: transparent, size: 9, rule: open}\n");
    assert_refused(text, "files: has more than 200 items");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_subscriptions),
        cmocka_unit_test(refuses_rules),
        cmocka_unit_test(refuses_files),
        cmocka_unit_test(refuses_whole_cards),
        cmocka_unit_test(refuses_applications),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(bounds_the_number_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
