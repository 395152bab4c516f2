/* profile_testing.h: profiles as texts, the cards they make in RAM, and what is said about wrong ones. */
#ifndef TESTS_UNIT_PROFILE_PROFILE_TESTING_H
#define TESTS_UNIT_PROFILE_PROFILE_TESTING_H

#include "../uicc/test_card.h"
#include "profile/profile_file.h"
#include "profile/profile_write.h"

#define KEYS         "imsi: \"001010123456789\"\nk: " TEST_K "\nopc: " TEST_OPC "\n"
#define PERSONALISED KEYS "puk: \"87654321\"\nadm: " TEST_ADM "\n"

/* A whole card that is as small as a card can be. */
#define SMALL_RULES "rules:\n  open: {read: always, update: adm1}\n"
#define SMALL_PINS  "pins:\n  - {key: pin, value: \"1234\"}\n"
#define SMALL_FILES                                                                                                    \
    "files:\n"                                                                                                         \
    "  - {path: MF, kind: df, rule: open}\n"                                                                           \
    "  - {path: MF/EF_ARR, kind: linear-fixed, rule: open, record-size: 40, records: [open]}\n"
#define SMALL "base: none\n" SMALL_RULES SMALL_PINS SMALL_FILES

/* A log whose text can be looked at. */
struct recorder {
    struct log log;
    char *text;
    size_t length;
};

static inline void start_recording(struct recorder *recorder)
{
    *recorder = (struct recorder){0};
    recorder->log = (struct log){
        .stream = open_memstream(&recorder->text, &recorder->length), .program = "test", .level = LOG_LEVEL_DEBUG};
    assert_non_null(recorder->log.stream);
}

static inline const char *recorded(struct recorder *recorder)
{
    (void)fflush(recorder->log.stream);
    return recorder->text == NULL ? "" : recorder->text;
}

static inline void stop_recording(struct recorder *recorder)
{
    (void)fclose(recorder->log.stream);
    free(recorder->text);
}

/* A profile and the description that comes of it. */
struct described {
    struct profile_file *file;
    struct card_description description;
    struct crypto crypto;
};

static inline enum gbau_status try_profile(struct described *described, const char *text, const struct log *log)
{
    *described = (struct described){0};
    assert_ok(crypto_openssl_open(&described->crypto));
    enum gbau_status status = profile_file_parse(octets_of_text(text), log, &described->file);
    return status == GBAU_OK ? profile_file_describe(described->file, &described->crypto, &described->description)
                             : status;
}

static inline void forget_profile(struct described *described)
{
    profile_file_close(described->file);
    crypto_openssl_close(&described->crypto);
}

static inline void describe(struct described *described, const char *text)
{
    struct recorder recorder;
    start_recording(&recorder);
    if (try_profile(described, text, &recorder.log) != GBAU_OK) {
        fail_msg("%s", recorded(&recorder));
    }
    stop_recording(&recorder);
}

/* Makes a card of a description, and switches it on. */
static inline void make_described(struct test_card *card, const struct card_description *description)
{
    struct card_workspace *workspace = malloc(sizeof *workspace);
    const size_t size = card_description_memory_size(description);
    assert_true(workspace != NULL && size > 0);
    *card = (struct test_card){.memory = calloc(1, size), .shows_keys = true};
    assert_non_null(card->memory);
    card->storage = (struct nvm_storage){
        .memory = card->memory, .size = size, .write = ram_write, .sync = ram_sync, .context = card->memory};
    assert_ok(crypto_openssl_open(&card->crypto));
    assert_ok(card_description_make(description, &card->crypto, workspace, &card->storage));
    assert_ok(uicc_power_on(&card->uicc, &card->storage, &card->crypto));
    free(workspace);
}

/* The card of a profile. */
static inline void begin_card(struct test_card *card, const char *text)
{
    struct described described;
    describe(&described, text);
    make_described(card, &described.description);
    forget_profile(&described);
}

/* The profile of a card; the caller frees it. Inlined, GCC 12 takes what open_memstream gives for a local variable. */
__attribute__((noinline, unused)) static char *write_profile(const struct test_card *card,
                                                             const struct profile_write_options *options)
{
    char *text = NULL;
    size_t length = 0;
    struct card_description description;
    struct card_parts *parts = malloc(sizeof *parts);
    FILE *stream = open_memstream(&text, &length);
    assert_true(parts != NULL && stream != NULL);
    assert_ok(card_description_read(&card->uicc, parts, &description));
    assert_ok(profile_write(stream, &description, options));
    assert_int_equal(fclose(stream), 0);
    free(parts);
    return text;
}

static inline struct octets data_of(const struct test_card *card)
{
    return octets_of(card->uicc.nvm.data, card->uicc.nvm.data_size);
}

#endif
