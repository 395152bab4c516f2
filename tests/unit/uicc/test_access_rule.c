/* test_access_rule.c: rules of EF_ARR in every shape (102 221 9.2.2, ISO/IEC 7816-4): what is not understood forbids.
 */
#include "test_card.h"

#define PIN   "a406830101950108"
#define ADM   "a40683010a950108"
#define NEVER "9700"

/* EF_LI has the rule of record 1 of the USIM's EF_ARR; it is ALW for reading and PIN for updating in a new card. */
#define READ_LI   "00b0820006"
#define UPDATE_LI "00d68200026565"

enum rights { MAY_NOTHING, MAY_READ, MAY_UPDATE, MAY_BOTH };

struct rule_case {
    const char *rule;
    enum rights before; /* any PIN */
    enum rights pin;    /* after the PIN */
    enum rights both;   /* after PIN and ADM */
};

static enum rights rights_of(struct test_card *card)
{
    const bool reads = strcmp(sw_of(apdu(card, READ_LI)), "9000") == 0;
    const bool updates = strcmp(apdu(card, UPDATE_LI), "9000") == 0;
    assert_string_equal(sw_of(apdu(card, READ_LI)), reads ? "9000" : "6982");
    return (enum rights)((reads ? MAY_READ : 0) | (updates ? MAY_UPDATE : 0));
}

static void write_rule(struct test_card *card, const char *rule)
{
    char command[10 + 112 + 1];
    memset(command, 'f', sizeof command);
    command[sizeof command - 1] = '\0';
    memcpy(command, "00dc01bc38", 10);
    memcpy(command + 10, rule, strlen(rule));
    assert_sw(card, "00a4040c10" USIM_AID, "9000");
    assert_sw(card, "0020000a08" TEST_ADM, "9000");
    assert_sw(card, command, "9000");
}

static void assert_rights(const struct rule_case *rule_case)
{
    struct test_card card;
    test_card_begin(&card);
    write_rule(&card, rule_case->rule);
    test_card_restart(&card);
    assert_sw(&card, "00a4040c10" USIM_AID, "9000");
    const enum rights before = rights_of(&card);
    assert_sw(&card, "0020000108" TEST_PIN, "9000");
    const enum rights pin = rights_of(&card);
    assert_sw(&card, "0020000a08" TEST_ADM, "9000");
    const enum rights both = rights_of(&card);
    if (before != rule_case->before || pin != rule_case->pin || both != rule_case->both) {
        fail_msg("rule %s gives %d %d %d", rule_case->rule, before, pin, both);
    }
    test_card_end(&card);
}

static void assert_all_rights(const struct rule_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_rights(&cases[i]);
    }
}

static void test_simple_rules(void **state)
{
    (void)state;
    static const struct rule_case cases[] = {
        {"8001019000800102" PIN "800118" ADM, MAY_READ, MAY_BOTH, MAY_BOTH},
        {"800101" PIN "800102" ADM, MAY_NOTHING, MAY_READ, MAY_BOTH},
        {"8001039000", MAY_BOTH, MAY_BOTH, MAY_BOTH},
        {"800101" NEVER "8001029000", MAY_UPDATE, MAY_UPDATE, MAY_UPDATE},
        {"8001019000", MAY_READ, MAY_READ, MAY_READ},             /* no rule for updating */
        {"8001019000800101" NEVER, MAY_READ, MAY_READ, MAY_READ}, /* the first rule counts */
        {"800101" NEVER "8001019000", MAY_NOTHING, MAY_NOTHING, MAY_NOTHING},
        {"8401329000800101" PIN, MAY_NOTHING, MAY_READ, MAY_READ}, /* a rule for a command by its header */
        {"800101a403830101800102a40683010a950108", MAY_NOTHING, MAY_READ, MAY_BOTH},
    };
    assert_all_rights(cases, sizeof cases / sizeof cases[0]);
}

static void test_combined_conditions(void **state)
{
    (void)state;
    static const struct rule_case cases[] = {
        {"800103a010" PIN ADM, MAY_NOTHING, MAY_BOTH, MAY_BOTH},
        {"800103a710" PIN ADM, MAY_NOTHING, MAY_NOTHING, MAY_BOTH},
        {"800103a00a" NEVER PIN, MAY_NOTHING, MAY_BOTH, MAY_BOTH},
        {"800103a70a9000" PIN, MAY_NOTHING, MAY_BOTH, MAY_BOTH},
        {"800103a70a" PIN NEVER, MAY_NOTHING, MAY_NOTHING, MAY_NOTHING},
        {"800103a00ca70a" PIN "9000", MAY_NOTHING, MAY_BOTH, MAY_BOTH},
        {"800103a008a006a004a0029000", MAY_BOTH, MAY_BOTH, MAY_BOTH},
        {"800103a00aa008a006a004a0029000", MAY_NOTHING, MAY_NOTHING, MAY_NOTHING}, /* too deep */
    };
    assert_all_rights(cases, sizeof cases / sizeof cases[0]);
}

/* NOT turns what is understood; of what is not it makes no permission. */
static void test_negated_conditions(void **state)
{
    (void)state;
    static const struct rule_case cases[] = {
        {"800103af02" NEVER, MAY_BOTH, MAY_BOTH, MAY_BOTH},
        {"800103af08" PIN, MAY_BOTH, MAY_NOTHING, MAY_NOTHING},
        {"800103af0aaf08" PIN, MAY_NOTHING, MAY_BOTH, MAY_BOTH},
        {"800103a712" PIN "af08" ADM, MAY_NOTHING, MAY_BOTH, MAY_NOTHING},
        {"800103af12a010" PIN ADM, MAY_BOTH, MAY_NOTHING, MAY_NOTHING},
        {"800103af12a710" PIN ADM, MAY_BOTH, MAY_BOTH, MAY_NOTHING},
        {"800103a00aaf04ab00ab00" NEVER "9000", MAY_BOTH, MAY_BOTH, MAY_BOTH}, /* one of several will do */
        {"800103af06a704" NEVER "ab00", MAY_BOTH, MAY_BOTH, MAY_BOTH},         /* refuted, whatever the other is */
    };
    assert_all_rights(cases, sizeof cases / sizeof cases[0]);
    static const char *const broken[] = {
        "800103af00",
        "800103af02ab00",     /* no condition that is known */
        "800103af04a4029500", /* a key without reference */
        "800103af05a403830199",
        "800103af0497009000", /* two conditions */
        "800103af02a000",
        "800103af02a700",
        "800103af05a0039700a4", /* one of: never, and something broken */
        "800103af04a0029701",
        "800103af06af04af02ab00",
        "800103af0aaf08af06af04af029700", /* too deep, an odd number of times */
        "800103af0caf0aaf08af06af04af029000",
        "800103af04a002ab00",
        "800103af06a7049000ab00",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        assert_rights(&(struct rule_case){.rule = broken[i]});
    }
}

static void test_rules_not_understood(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "",
        "00",
        "8001",
        "800101",
        "80010190",
        "800103a000",     /* one of none */
        "800103a700",     /* all of none */
        "800103af029000", /* not always */
        "800103ab00",
        "800103a400", /* a key without reference */
        "800103a40483020101",
        "800103a403830199", /* a key that is not there */
        "800103a403830100",
        "800103a40383", /* cut short */
        "800103a7409000",
        "800103a7049000a405", /* all of: always, and something broken */
        "800203039000",       /* access mode of two octets */
        "8000039000",
        "9000800103", /* the wrong way round */
        "a00a80010390008001039000",
        "8001808001039000",
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        assert_rights(&(struct rule_case){.rule = rules[i]});
    }
}

/* Each file has its own rule: the default card's, for everybody, the user, and the administrator. */
static void test_rules_of_default_files(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *before; /* SW of READ and UPDATE */
        const char *pin;
        const char *adm; /* ADM alone */
    } cases[] = {
        {"2f05", "90006982", "90009000", "90006982"},     {"2f08", "90006982", "90006982", "90009000"},
        {"2fe2", "90006982", "90006982", "90006982"},     {"7fff6f05", "90006982", "90009000", "90006982"},
        {"7fff6f07", "69826982", "90006982", "69829000"}, {"7fff6f08", "69826982", "90009000", "69826982"},
        {"7fff6f38", "69826982", "90006982", "69829000"}, {"7fff6f46", "90006982", "90006982", "90009000"},
        {"7fff6f78", "69826982", "90006982", "69829000"}, {"7fff6fad", "90006982", "90006982", "90009000"},
        {"7fff6fc4", "69826982", "90009000", "69826982"}, {"7fff6fd6", "69826982", "90009000", "69826982"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const expected[] = {cases[i].before, cases[i].pin, cases[i].adm};
        static const char *const entries[] = {"80f2000c", "0020000108" TEST_PIN, "0020000a08" TEST_ADM};
        for (size_t who = 0; who < 3; who++) {
            struct test_card card;
            char sws[9]; /* of reading, then of updating */
            test_card_begin(&card);
            assert_sw(&card, "00a4040c10" USIM_AID, "9000");
            assert_apdu(&card, entries[who], "9000");
            assert_string_equal(apduf(&card, "00a4080c%02zx%s", strlen(cases[i].path) / 2, cases[i].path), "9000");
            (void)snprintf(sws, sizeof sws, "%s", sw_of(apdu(&card, "00b0000001")));
            (void)snprintf(sws + 4, sizeof sws - 4, "%.4s", apdu(&card, "00d6000001ff"));
            assert_string_equal(sws, expected[who]);
            test_card_end(&card);
        }
    }
}

/* Records: EF_ARR for the administrator only, EF_GBANL and EF_AC_GBAUAPI readable with the PIN. */
static void test_rules_of_record_files(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *before;
        const char *pin;
    } cases[] = {
        {"2f06", "9000", "9000"},     {"7fff6f06", "9000", "9000"}, {"2f00", "9000", "9000"},
        {"7fff6fda", "6982", "9000"}, {"7fff6f0a", "6982", "9000"}, {"7fff6fe4", "6982", "9000"},
    };
    struct test_card card;
    test_card_begin(&card);
    assert_sw(&card, "00a4040c10" USIM_AID, "9000");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(apduf(&card, "00a4080c%02zx%s", strlen(cases[i].path) / 2, cases[i].path), "9000");
        assert_sw(&card, "00b2010400", cases[i].before);
    }
    assert_sw(&card, "0020000108" TEST_PIN, "9000");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(apduf(&card, "00a4080c%02zx%s", strlen(cases[i].path) / 2, cases[i].path), "9000");
        assert_sw(&card, "00b2010400", cases[i].pin);
    }
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simple_rules),           cmocka_unit_test(test_combined_conditions),
        cmocka_unit_test(test_negated_conditions),     cmocka_unit_test(test_rules_not_understood),
        cmocka_unit_test(test_rules_of_default_files), cmocka_unit_test(test_rules_of_record_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
