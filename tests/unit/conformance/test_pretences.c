/* test_pretences.c: what few cards have, pretended in front of ours: the checks of it pass, and fail when it errs. */
#include "pretences.h"

static void test_right_answers_pass(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < PRETENCES; i++) {
        struct mutation mutations[MUTATIONS_MAX] = {0};
        memcpy(mutations, pretences[i].pieces, sizeof pretences[i].pieces);
        assert_verdict(result_of(bench, pretences[i].check, mutations), CONFORMANCE_PASSED);
    }
}

static void test_wrong_answers_do_not(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < PRETENCES; i++) {
        struct mutation mutations[MUTATIONS_MAX] = {pretences[i].error};
        memcpy(mutations + 1, pretences[i].pieces, sizeof pretences[i].pieces);
        const struct conformance_result *result = result_of(bench, pretences[i].check, mutations);
        assert_verdict(result, (result->check->needs & IS_ADVISORY) != 0 ? CONFORMANCE_WARNED : CONFORMANCE_FAILED);
    }
}

/* A card that has none of it is no worse for it. */
static void test_refusals_are_not_supported(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *check;
        struct mutation refusal;
    } refusals[] = {
        {"search.forward", SAYS("XXA2", "6D00")},
        {"search.transparent_file", SAYS("XXA2", "6A81")},
        {"increase.adds", SAYS("XXA40004026F39", "6A82")},
        {"toolkit.terminal_profile", SAYS("8010", "6D00")},
        {"toolkit.fetch_nothing", SAYS("8012", "6D00")},
        {"retrieve.transparent_file", SAYS("XXCB", "6D00")},
        {"challenge.length", SAYS("XX84", "6D00")},
        {"auth.odd_instruction", SAYS("XX89", "9864")},
        {"auth.gsm", FLIPS("XXB00000", 0, 4, 0x20)},
        {"isim.impi", SAYS("XXA4040407A0000000871004", "6A82")},
        {"file.epsnsc", SAYS("XXA40004026FE4", "6A82")},
        {"activate.deactivated", SAYS("XX04", "6D00")},
        {"admin.create", SAYS("XXE0", "6D00")},
        {"admin.create", SAYS("XXE0", "6982")},
        {"pin.second_pin", SAYS("XX200081", "6A88")},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct mutation mutations[MUTATIONS_MAX] = {refusals[i].refusal};
        assert_verdict(result_of(bench, refusals[i].check, mutations), CONFORMANCE_NOT_SUPPORTED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_right_answers_pass),
        bench_test(test_wrong_answers_do_not),
        bench_test(test_refusals_are_not_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
