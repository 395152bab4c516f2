/* demo_story.c: the five steps of GBA_U, told while they happen. */
#include "cli/demo_story.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/demo_provision.h"
#include "cli/verbs.h"
#include "me/bootstrapping.h"
#include "me/ua_client.h"

#define KEY_LABEL "front-door"

enum { HTTP_TIMEOUT_MS = 5000, URL_SIZE = 64, STATUS_NO_CONTENT = 204 };

/* Telling */

static const char *const headings[] = {
    "The setting: card and HSS share K since the card was made; nobody else has it",
    "The device asks the operator for a challenge (Ub, Zh)",
    "The card checks the challenge and answers; Ks is born in the card and in the BSF (Ub)",
    "The card derives the keys of a service; the device logs in there with its own one (Ua, Zn)",
    "The application lets the card seal a message for the service",
    "The service gets its key from the operator and opens the message (Ua, Zn)",
};

static void print_line(const struct demo_story *story, const char *indentation, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void print_line(const struct demo_story *story, const char *indentation, const char *format, va_list arguments)
{
    fputs(indentation, story->words);
    (void)vfprintf(story->words, format, arguments);
    fputc('\n', story->words);
    (void)fflush(story->words); /* it is told as it happens, and before what goes to standard error */
}

void demo_story_announce(const struct demo_story *story, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line(story, " ", format, arguments);
    va_end(arguments);
}

__attribute__((format(printf, 2, 3))) static void tell(const struct demo_story *story, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line(story, "    ", format, arguments);
    va_end(arguments);
}

static void begin_step(struct demo_story *story, unsigned step)
{
    char heading[128] = "";
    story->step = step;
    if (step > 0) {
        (void)snprintf(heading, sizeof heading, "%u. ", step);
    }
    (void)snprintf(heading + strlen(heading), sizeof heading - strlen(heading), "%s", headings[step]);
    fputc('\n', story->words);
    demo_story_announce(story, "%s", heading);
    demo_trace_add_heading(story->trace, heading);
}

/* The device */

/* The second step begins inside the ME's run of Ub: when the challenge goes to the card. */
static void on_apdu(void *context, struct octets command, struct octets response)
{
    struct demo_story *story = context;
    if (story->step == 1 && demo_trace_is_challenge(command)) {
        tell(story, "The BSF got a vector (RAND, AUTN, XRES, CK, IK) and the user's settings from the HSS,");
        tell(story, "made AUTN* of AUTN, and sent RAND and AUTN* to the device.");
        begin_step(story, 2);
    }
    demo_trace_add_apdu(story->trace, command, response);
}

static enum gbau_status open_device(struct demo_story *story)
{
    static const struct http_client_config http_config = {.timeout_ms = HTTP_TIMEOUT_MS};
    char card[DEMO_PATH_SIZE];
    demo_trace_begin(story->trace);
    begin_step(story, 0);
    demo_trace_add_note(story->trace, DEMO_ACTOR_UICC, "K, OPc");
    demo_trace_add_note(story->trace, DEMO_ACTOR_HSS, "K, OPc of " DEMO_IMSI);
    demo_places_work_path(story->places, DEMO_CARD, card);
    enum gbau_status status = http_client_open(&http_config, &cli_log, &story->http);
    if (status == GBAU_OK) {
        status = reader_open(card, &cli_log, &story->reader);
    }
    if (status == GBAU_OK) {
        reader_observe(story->reader, on_apdu, story);
        status = usim_open(&story->usim, story->reader, story->pin, &cli_log);
    }
    if (status == GBAU_OK) {
        tell(story, "The card says who it is: %s.", story->usim.identity.impi);
    }
    return status;
}

static void write_url(const struct demo_story *story, enum demo_link link, const char *path, char url[URL_SIZE])
{
    (void)snprintf(url, URL_SIZE, "http://127.0.0.1:%u%s", demo_trace_port(story->trace, link), path);
}

/* The story */

/* Steps 1 and 2. */
static enum gbau_status bootstrap(struct demo_story *story)
{
    char url[URL_SIZE];
    struct bootstrapping done;
    begin_step(story, 1);
    demo_trace_add_message(story->trace, DEMO_ACTOR_APPLICATION, DEMO_ACTOR_ME, "bootstrap", "fresh keys, please");
    write_url(story, DEMO_LINK_UB, "/", url);
    const struct bootstrapping_request request = {
        .usim = &story->usim, .http = story->http, .crypto = story->crypto, .log = &cli_log, .bsf_url = url};
    enum gbau_status status = bootstrapping_run(&request, &done);
    if (status != GBAU_OK) {
        return status;
    }
    (void)snprintf(story->b_tid, sizeof story->b_tid, "%s", done.info.b_tid);
    (void)snprintf(story->lifetime, sizeof story->lifetime, "%s", done.info.lifetime_text);
    secret_wipe(&done, sizeof done);
    demo_trace_add_message(story->trace, DEMO_ACTOR_ME, DEMO_ACTOR_APPLICATION, "done", "B-TID, lifetime");
    tell(story, "In the card: AUTN* is right, so the challenge is genuine. CK and IK were born from K;");
    tell(story, "Ks = CK || IK stays inside. Only RES came out.");
    tell(story, "In the BSF: RES is right, so the card is genuine. The same Ks is kept there, under a B-TID.");
    tell(story, "B-TID:    %s", story->b_tid);
    tell(story, "lifetime: until %s", story->lifetime);
    return GBAU_OK;
}

static enum gbau_status derive(struct demo_story *story, struct octet_writer *naf_id, const uint8_t ua[NAF_ID_UA_SIZE],
                               struct ks_ext_naf *key)
{
    enum gbau_status status = usim_write_naf_id(naf_id, DEMO_NAF_FQDN, ua);
    return status == GBAU_OK
               ? usim_derive_naf(&story->usim, octets_written(naf_id), octets_of_text(story->usim.identity.impi), key)
               : status;
}

/* Step 3. */
static enum gbau_status log_in(struct demo_story *story)
{
    char url[URL_SIZE];
    uint8_t naf_id[NAF_ID_MAX];
    struct ks_ext_naf key = {0};
    struct http_answer answer = {0};
    begin_step(story, 3);
    demo_trace_add_message(story->trace, DEMO_ACTOR_APPLICATION, DEMO_ACTOR_ME, "log in at the service", DEMO_NAF_FQDN);
    struct octet_writer writer = octet_writer_of(naf_id, sizeof naf_id);
    enum gbau_status status = derive(story, &writer, demo_digest_ua, &key);
    if (status == GBAU_OK) {
        tell(story, "In the card: Ks_ext_NAF and Ks_int_NAF of " DEMO_NAF_FQDN " were born from Ks.");
        tell(story, "Ks_ext_NAF came out, for the device. Ks_int_NAF never leaves the card.");
        write_url(story, DEMO_LINK_UA, "/", url);
        const struct ua_client_request request = {.http = story->http,
                                                  .crypto = story->crypto,
                                                  .log = &cli_log,
                                                  .url = url,
                                                  .naf_fqdn = DEMO_NAF_FQDN,
                                                  .b_tid = story->b_tid,
                                                  .key = &key};
        status = ua_client_get(&request, &answer);
    }
    secret_wipe(&key, sizeof key);
    if (status != GBAU_OK) {
        return status;
    }
    demo_trace_add_message(story->trace, DEMO_ACTOR_ME, DEMO_ACTOR_APPLICATION, "logged in", NULL);
    tell(story, "HTTP Digest with B-TID and Ks_ext_NAF: %u. The NAF has got the key from the BSF over Zn.",
         answer.status);
    http_answer_clear(&answer);
    return GBAU_OK;
}

static enum gbau_status seal_with(struct demo_story *story, struct gbau_key *key)
{
    return gbau_key_seal(key, NULL, 0, DEMO_MESSAGE, strlen(DEMO_MESSAGE), story->sealed, sizeof story->sealed,
                         &story->sealed_length);
}

static enum gbau_status open_key_and_seal(struct demo_story *story, struct octets naf_id)
{
    static const struct gbau_key_request request = {.usage = GBAU_USAGE_ENCRYPT,
                                                    .direction = GBAU_CARD_TO_NAF,
                                                    .algorithm = GBAU_AES_256_GCM,
                                                    .label = KEY_LABEL};
    struct card_api api;
    struct gbau_key *key = NULL;
    enum gbau_status status = card_api_open(&api, story->reader, &cli_log);
    if (status != GBAU_OK) {
        return status;
    }
    status = card_key_open(&api, naf_id, &request, &key);
    if (status == GBAU_OK) {
        status = seal_with(story, key);
    } else {
        log_error(&cli_log, "the card opens no key for " DEMO_NAF_FQDN ": %s", gbau_status_text(status));
    }
    gbau_key_close(key);
    card_api_close(&api);
    return status;
}

/* Step 4. */
static enum gbau_status seal(struct demo_story *story)
{
    uint8_t naf_id[NAF_ID_MAX];
    struct ks_ext_naf unused;
    char detail[64];
    begin_step(story, 4);
    demo_trace_add_message(story->trace, DEMO_ACTOR_APPLICATION, DEMO_ACTOR_ME, "seal a message",
                           "key \"" KEY_LABEL "\" for " DEMO_NAF_FQDN);
    struct octet_writer writer = octet_writer_of(naf_id, sizeof naf_id);
    enum gbau_status status = derive(story, &writer, demo_sealed_ua, &unused);
    secret_wipe(&unused, sizeof unused);
    if (status == GBAU_OK) {
        status = open_key_and_seal(story, octets_written(&writer));
    }
    if (status != GBAU_OK) {
        return status;
    }
    (void)snprintf(detail, sizeof detail, "COSE_Encrypt0, %zu octets", story->sealed_length);
    demo_trace_add_message(story->trace, DEMO_ACTOR_ME, DEMO_ACTOR_APPLICATION, "sealed message", detail);
    tell(story,
         "In the card: the key \"" KEY_LABEL "\" was born from Ks_int_NAF, for this application and this use alone.");
    tell(story, "\"%s\" went in,", DEMO_MESSAGE);
    tell(story, "a sealed message (COSE_Encrypt0) of %zu octets is what the device has.", story->sealed_length);
    return GBAU_OK;
}

static enum gbau_status post(struct demo_story *story)
{
    static const char *const content_type[] = {"Content-Type: " SEALED_MESSAGE_MEDIA_TYPE};
    char url[URL_SIZE];
    struct http_answer answer = {0};
    write_url(story, DEMO_LINK_UA, DEMO_SEALED_PATH, url);
    const struct http_client_request request = {.method = "POST",
                                                .url = url,
                                                .header_count = 1,
                                                .headers = content_type,
                                                .body = octets_of(story->sealed, story->sealed_length)};
    enum gbau_status status = http_client_exchange(story->http, &request, &answer);
    if (status != GBAU_OK) {
        return status;
    }
    const unsigned answered = answer.status;
    http_answer_clear(&answer);
    if (answered != STATUS_NO_CONTENT) {
        log_error(&cli_log, "the NAF refused the sealed message (%u)", answered);
        return GBAU_E_REFUSED;
    }
    return GBAU_OK;
}

/* The one message in the NAF's inbox. */
static enum gbau_status open_message(const struct demo_story *story, int *file)
{
    char path[DEMO_PATH_SIZE];
    demo_places_work_path(story->places, DEMO_INBOX, path);
    DIR *inbox = opendir(path);
    if (inbox == NULL) {
        return GBAU_E_NOT_FOUND;
    }
    *file = -1;
    for (struct dirent *entry = readdir(inbox); entry != NULL && *file < 0; entry = readdir(inbox)) {
        const char *ending = strrchr(entry->d_name, '.');
        if (ending != NULL && strcmp(ending, ".message") == 0) {
            *file = openat(dirfd(inbox), entry->d_name, O_RDONLY | O_CLOEXEC);
        }
    }
    (void)closedir(inbox);
    return *file >= 0 ? GBAU_OK : GBAU_E_NOT_FOUND;
}

static enum gbau_status read_inbox(struct demo_story *story)
{
    int file = -1;
    enum gbau_status status = open_message(story, &file);
    if (status != GBAU_OK) {
        log_error(&cli_log, "no message lies in the inbox of the NAF");
        return status;
    }
    const ssize_t length = read(file, story->opened, sizeof story->opened - 1);
    (void)close(file);
    story->opened[length > 0 ? length : 0] = '\0';
    if (strcmp(story->opened, DEMO_MESSAGE) != 0) {
        log_error(&cli_log, "the message in the inbox of the NAF is not the one that was sealed");
        return GBAU_E_CORRUPT;
    }
    return GBAU_OK;
}

/* Step 5. */
static enum gbau_status deliver(struct demo_story *story)
{
    begin_step(story, 5);
    demo_trace_add_message(story->trace, DEMO_ACTOR_APPLICATION, DEMO_ACTOR_ME, "post it", NULL);
    enum gbau_status status = post(story);
    if (status == GBAU_OK) {
        status = read_inbox(story);
    }
    if (status != GBAU_OK) {
        return status;
    }
    demo_trace_add_message(story->trace, DEMO_ACTOR_ME, DEMO_ACTOR_APPLICATION, "delivered", NULL);
    demo_trace_add_note(story->trace, DEMO_ACTOR_NAF, "in the inbox: the message, as it was sealed");
    tell(story, "The NAF got Ks_int_NAF from the BSF over Zn, and with it the same key \"" KEY_LABEL "\".");
    tell(story, "In its inbox: \"%s\"", story->opened);
    return GBAU_OK;
}

/* What happens, and whose log tells most when it does not. */
static const struct chapter {
    enum gbau_status (*run)(struct demo_story *story);
    enum demo_daemon witness;
} chapters[] = {
    {open_device, DEMO_DAEMON_COUNT}, {bootstrap, DEMO_BSF}, {log_in, DEMO_NAF},
    {seal, DEMO_DAEMON_COUNT},        {deliver, DEMO_NAF},
};

static void find_culprit(struct demo_story *story, const struct chapter *chapter)
{
    story->culprit = demo_processes_find_ended(story->processes);
    if (story->culprit == NULL && chapter->witness != DEMO_DAEMON_COUNT) {
        story->culprit = &story->processes->each[chapter->witness];
    }
}

enum gbau_status demo_story_run(struct demo_story *story)
{
    for (size_t i = 0; i < sizeof chapters / sizeof chapters[0]; i++) {
        if (demo_processes_interrupted(story->processes)) {
            return GBAU_E_BUSY;
        }
        enum gbau_status status = chapters[i].run(story);
        if (status != GBAU_OK) {
            find_culprit(story, &chapters[i]);
            return status;
        }
    }
    return GBAU_OK;
}

void demo_story_close(struct demo_story *story)
{
    usim_close(&story->usim);
    reader_close(story->reader);
    if (story->http != NULL) {
        http_client_close(story->http);
    }
    story->reader = NULL;
    story->http = NULL;
}
