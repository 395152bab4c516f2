/* conformance.c: the table of all checks, in the order in which a card bears them, and the run. */
#include "conformance/conformance.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "conformance/api_probe.h"
#include "conformance/check.h"

static const struct check_group *const card_groups[] = {
    &select_checks,   &card_file_checks,  &usim_file_checks,      &binary_checks,       &record_checks,
    &search_checks,   &fcp_checks,        &channel_checks,        &coding_checks,       &toolkit_checks,
    &pin_checks,      &pin_change_checks, &challenge_checks,      &authenticate_checks, &isim_checks,
    &gba_file_checks, &gba_checks,        &administration_checks,
};

static const struct check_group *const api_groups[] = {
    &api_command_checks, &api_coding_checks,  &api_access_checks,     &api_open_checks,     &api_handle_checks,
    &api_encrypt_checks, &api_decrypt_checks, &api_mac_checks,        &api_transfer_checks, &api_authenticate_checks,
    &api_keep_checks,    &api_policy_checks,  &api_revocation_checks,
};

static const struct suite {
    const struct check_group *const *groups;
    size_t count;
} suites[] = {
    [CONFORMANCE_CARD] = {card_groups, sizeof card_groups / sizeof card_groups[0]},
    [CONFORMANCE_API] = {api_groups, sizeof api_groups / sizeof api_groups[0]},
};

enum { SERVICE_GBA = 68 };

/* The table */

size_t conformance_check_count(enum conformance_suite suite)
{
    size_t count = 0;
    for (size_t i = 0; i < suites[suite].count; i++) {
        count += suites[suite].groups[i]->count;
    }
    return count;
}

const struct check *conformance_check(enum conformance_suite suite, size_t index)
{
    for (size_t i = 0; i < suites[suite].count; i++) {
        const struct check_group *group = suites[suite].groups[i];
        if (index < group->count) {
            return &group->checks[index];
        }
        index -= group->count;
    }
    return NULL;
}

const char *conformance_check_name(const struct check *check)
{
    return check->name;
}

const char *conformance_check_clause(const struct check *check)
{
    return check->clause;
}

const char *conformance_check_expectation(const struct check *check)
{
    return check->expectation;
}

const char *conformance_verdict_text(enum conformance_verdict verdict)
{
    static const char *const texts[CONFORMANCE_VERDICTS] = {
        [CONFORMANCE_PASSED] = "passed",
        [CONFORMANCE_FAILED] = "failed",
        [CONFORMANCE_WARNED] = "warning",
        [CONFORMANCE_SKIPPED] = "skipped",
        [CONFORMANCE_NOT_SUPPORTED] = "not supported",
    };
    return texts[verdict];
}

/* A run */

struct run {
    struct probe probe;
    bool pin_is_open; /* verified, or the card asks for none */
    bool pin_is_told;
    bool adm_is_verified;
    conformance_observer *observer;
    void *context;
    const struct log *log;
};

/* The conditions of enum check_needs that do not depend on the check */

static bool may_destroy(const struct run *run)
{
    return run->probe.given->destructive;
}

static bool pin_is_closed(const struct run *run)
{
    return run->pin_is_told && run->probe.pin_is_enabled && !run->pin_is_open;
}

static bool pin_is_open(const struct run *run)
{
    return run->pin_is_open;
}

static bool knows_pin(const struct run *run)
{
    return run->probe.given->pin != NULL && run->probe.pin_is_enabled && run->pin_is_open;
}

static bool knows_puk(const struct run *run)
{
    return run->probe.given->puk != NULL;
}

static bool has_adm(const struct run *run)
{
    return run->adm_is_verified;
}

static bool knows_keys(const struct run *run)
{
    return run->probe.given->milenage != NULL;
}

static bool may_challenge(const struct run *run)
{
    return run->probe.given->challenges || run->probe.given->destructive;
}

static bool can_reset(const struct run *run)
{
    return run->probe.given->reopen != NULL;
}

static const struct condition {
    unsigned need;
    bool (*holds)(const struct run *run);
    const char *why;  /* it does not hold */
    const char *word; /* in the list of checks; NULL: nothing that a person gives */
} conditions[] = {
    {NEEDS_DESTRUCTIVE, may_destroy, "allow it with --destructive", "--destructive"},
    {NEEDS_PIN_CLOSED, pin_is_closed, "the card asks for no PIN, or cannot tell", NULL},
    {NEEDS_PIN_OPEN, pin_is_open, "give the PIN with --pin", "PIN"},
    {NEEDS_PIN_VALUE, knows_pin, "give the PIN with --pin, on a card that asks for it", "PIN"},
    {NEEDS_PUK, knows_puk, "give the unblock PIN with --puk", "PUK"},
    {NEEDS_ADM, has_adm, "give ADM1 with --adm", "ADM"},
    {NEEDS_RESET, can_reset, "the card cannot be reset here", NULL},
    {NEEDS_CHALLENGES, knows_keys, "give the card's keys with --k and --opc", "K"},
    {NEEDS_CHALLENGES, may_challenge, "allow SQN to move with --challenges", "--challenges"},
};

enum { CONDITIONS = sizeof conditions / sizeof conditions[0] };

static bool is_implied(const struct check *check, size_t condition)
{
    const bool is_pin_twice = conditions[condition].need == NEEDS_PIN_OPEN && (check->needs & NEEDS_PIN_VALUE) != 0;
    const bool is_covered = conditions[condition].holds == may_challenge && (check->needs & NEEDS_DESTRUCTIVE) != 0;
    return is_pin_twice || is_covered;
}

enum gbau_status conformance_check_needs(const struct check *check, char *text, size_t capacity)
{
    struct octet_writer writer = octet_writer_of(text, capacity);
    for (size_t i = 0; i < CONDITIONS; i++) {
        if (conditions[i].word != NULL && (check->needs & conditions[i].need) != 0 && !is_implied(check, i)) {
            octet_writer_put_text(&writer, writer.length > 0 ? ", " : "");
            octet_writer_put_text(&writer, conditions[i].word);
        }
    }
    octet_writer_u8(&writer, '\0');
    return octet_writer_end(&writer);
}

/* A check begins on a channel of its own, at MF, or, on a card that gives none, on channel 0. */
static void begin_on_channel(struct probe *probe)
{
    probe->channel = 0;
    const uint16_t sw = probe_send(probe, "0070000001");
    const struct octets number = probe->response.data;
    if (probe_sw_fits(sw, "9000") && number.length == 1 && number.data[0] >= 1 && number.data[0] <= 19) {
        probe->channel = number.data[0];
        probe->open_channels = 1U << probe->channel;
    } else if (probe_goes_on(probe)) {
        (void)probe_expect(probe, "00A4000C023F00", "9000");
    }
}

static void begin(struct probe *probe)
{
    probe->verdict = CONFORMANCE_PASSED;
    probe->detail[0] = '\0';
    probe->seen[0] = '\0';
    probe->hides_content = false;
    probe->may_be_missing = false;
    begin_on_channel(probe);
}

static void end(struct probe *probe)
{
    probe_close_channels(probe);
    if (probe->channel == 0) {
        (void)probe_clean_up(probe, "00A4000C023F00", (struct octets){0});
    }
    secret_wipe(&probe->response, sizeof probe->response);
}

static void activate_application(struct probe *probe, unsigned needs)
{
    if ((needs & (NEEDS_USIM | NEEDS_ISIM)) != 0) {
        probe->may_be_missing = true;
        probe_select_application(probe, (needs & NEEDS_USIM) != 0 ? usim_aid_prefix : isim_aid_prefix, NULL);
    }
    if ((needs & NEEDS_GBA) != 0 && !probe_has_service(probe, SERVICE_GBA)) {
        probe_not_supported(probe, "service 68 (GBA) of EF_UST is not available");
    }
}

static void activate_api(struct probe *probe, unsigned needs)
{
    if ((needs & NEEDS_API) != 0) {
        probe_api_select(probe);
    }
}

static void run_steps(struct probe *probe, const struct check_step *steps)
{
    for (const struct check_step *step = steps; step->command != NULL; step++) {
        (void)probe_expect(probe, step->command, step->sw);
    }
}

/* Selectable, of its kind, large enough, and found by its SFI. */
static void look_at_file(struct probe *probe, const struct expected_file *file)
{
    char command[24];
    const struct octets fcp = probe_select(probe, file->fid);
    const size_t length = file->kind == FILE_TRANSPARENT ? fcp_size(fcp) : fcp_record_length(fcp);
    probe_demand(probe, fcp_kind(fcp) == file->kind, "file descriptor 82 of kind %02X", file->kind);
    probe_demand(probe, length >= file->minimum, "at least %u octets", file->minimum);
    if (file->sfi != 0 && file->kind == FILE_TRANSPARENT) {
        (void)snprintf(command, sizeof command, "0XB0%02X0000", 0x80U | file->sfi);
        (void)probe_expect(probe, command, "9000");
    } else if (file->sfi != 0) {
        (void)snprintf(command, sizeof command, "0XB201%02X00", (unsigned)file->sfi << 3 | 4);
        (void)probe_expect(probe, command, "9000");
    }
}

static void perform(struct probe *probe, const struct check *check)
{
    activate_application(probe, check->needs);
    activate_api(probe, check->needs);
    probe->hides_content = (check->needs & HIDES_CONTENT) != 0;
    probe->may_be_missing = (check->needs & MAY_BE_MISSING) != 0;
    if (check->steps != NULL) {
        run_steps(probe, check->steps);
    } else if (check->file != NULL) {
        look_at_file(probe, check->file);
    } else if (check->run_api != NULL) {
        api_probe_run(probe, check);
    } else {
        check->run(probe);
    }
}

static const char *unmet_condition(const struct run *run, const struct check *check)
{
    for (size_t i = 0; i < CONDITIONS; i++) {
        if ((check->needs & conditions[i].need) != 0 && !conditions[i].holds(run)) {
            return conditions[i].why;
        }
    }
    return NULL;
}

static enum gbau_status run_check(struct run *run, const struct check *check)
{
    struct probe *probe = &run->probe;
    struct conformance_result result = {.check = check, .verdict = CONFORMANCE_SKIPPED};
    const char *why = unmet_condition(run, check);
    if (why == NULL) {
        begin(probe);
        perform(probe, check);
        end(probe);
        const bool is_warning = probe->verdict == CONFORMANCE_FAILED && (check->needs & IS_ADVISORY) != 0;
        result.verdict = is_warning ? CONFORMANCE_WARNED : probe->verdict;
        why = probe->detail;
    }
    if (probe->status != GBAU_OK) {
        log_error(run->log, "%s: %s", check->name, gbau_status_text(probe->status));
        return probe->status;
    }
    (void)snprintf(result.detail, sizeof result.detail, "%s", why);
    run->observer(run->context, &result);
    return GBAU_OK;
}

/* PIN and ADM1 */

static enum gbau_status verify(struct run *run, uint8_t key_reference, struct octets value, const char *name)
{
    char head[16];
    struct probe *probe = &run->probe;
    const int tries = probe_tries(probe, key_reference);
    if (probe_goes_on(probe) && tries >= 0 && tries < 2) {
        log_error(run->log, "%s has %d tries left: it is not tried; unblock it, or leave it out", name, tries);
        return GBAU_E_PIN_BLOCKED;
    }
    (void)snprintf(head, sizeof head, "0X2000%02X", key_reference);
    const uint16_t sw = probe_send_data(probe, head, value, NO_LE);
    if (probe->status == GBAU_OK && !probe_sw_fits(sw, "9000")) {
        log_error(run->log, "the card refused %s with %04X: it is not tried again", name, sw);
        return GBAU_E_PIN_WRONG;
    }
    return probe->status;
}

/* The PIN is the card's, but some cards know it only where an application is active. */
static void begin_at_pin(struct probe *probe)
{
    begin(probe);
    probe_select_application(probe, usim_aid_prefix, NULL);
    probe->verdict = CONFORMANCE_PASSED; /* on a card without USIM too */
}

/* Learns whether the card asks for its PIN; [M] 6984: it is disabled (TS 102 221 11.1.9). */
static enum gbau_status ask_for_pin(struct run *run)
{
    struct probe *probe = &run->probe;
    begin_at_pin(probe);
    const uint16_t sw = probe_send(probe, "0X200001");
    end(probe);
    run->pin_is_told = probe_sw_fits(sw, "63CX|6983");
    probe->pin_is_enabled = run->pin_is_told || !probe_sw_fits(sw, "9000|6984");
    run->pin_is_open = !probe->pin_is_enabled;
    return probe->status;
}

static enum gbau_status open_pin(struct run *run)
{
    uint8_t value[PROBE_SECRET_SIZE];
    struct probe *probe = &run->probe;
    if (probe->given->pin == NULL || !probe->pin_is_enabled) {
        return GBAU_OK;
    }
    begin_at_pin(probe);
    probe_write_secret(probe->given->pin, value);
    enum gbau_status status = verify(run, PROBE_PIN, octets_of(value, sizeof value), "the PIN");
    secret_wipe(value, sizeof value);
    end(probe);
    run->pin_is_open = status == GBAU_OK;
    return status;
}

static enum gbau_status open_adm(struct run *run)
{
    struct probe *probe = &run->probe;
    if (probe->given->adm == NULL || !probe->given->destructive) {
        return GBAU_OK;
    }
    begin(probe);
    enum gbau_status status = verify(run, PROBE_ADM1, octets_of(probe->given->adm, PROBE_SECRET_SIZE), "ADM1");
    end(probe);
    run->adm_is_verified = status == GBAU_OK;
    return status;
}

/* Rights that were won once stay until the card is reset: so checks without them come first. */
enum phase { PHASE_WITHOUT_PIN, PHASE_WITH_PIN, PHASE_WITH_ADM };

static enum phase phase_of(const struct check *check)
{
    if ((check->needs & NEEDS_PIN_CLOSED) != 0) {
        return PHASE_WITHOUT_PIN;
    }
    return (check->needs & NEEDS_ADM) != 0 ? PHASE_WITH_ADM : PHASE_WITH_PIN;
}

static bool is_wanted(const struct run *run, const struct check *check)
{
    const char *pattern = run->probe.given->only;
    return pattern == NULL || fnmatch(pattern, check->name, 0) == 0;
}

static enum gbau_status run_phase(struct run *run, enum phase phase)
{
    enum gbau_status status = GBAU_OK;
    const enum conformance_suite suite = run->probe.given->suite;
    const size_t count = conformance_check_count(suite);
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        const struct check *check = conformance_check(suite, i);
        if (phase_of(check) == phase && is_wanted(run, check)) {
            status = run_check(run, check);
        }
    }
    return status;
}

enum gbau_status conformance_run(struct reader *reader, struct crypto *crypto, const struct conformance_given *given,
                                 conformance_observer *observer, void *context, const struct log *log)
{
    struct run run = {.probe = {.reader = reader,
                                .crypto = crypto,
                                .given = given,
                                .sqn_is_known = given->has_sqn,
                                .sqn = given->sqn},
                      .observer = observer,
                      .context = context,
                      .log = log};
    enum gbau_status status = ask_for_pin(&run);
    if (status == GBAU_OK) {
        status = run_phase(&run, PHASE_WITHOUT_PIN);
    }
    if (status == GBAU_OK) {
        status = open_pin(&run);
    }
    if (status == GBAU_OK) {
        status = run_phase(&run, PHASE_WITH_PIN);
    }
    if (status == GBAU_OK) {
        status = open_adm(&run);
    }
    if (status == GBAU_OK) {
        status = run_phase(&run, PHASE_WITH_ADM);
    }
    secret_wipe(&run.probe, sizeof run.probe);
    return status;
}
