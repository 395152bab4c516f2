/*
 * fuzz_card_profile.c: profiles: whatever is accepted makes a card that powers on and answers, and whose own profile
 * makes the same card again.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/openssl.h"
#include "fuzzing.h"
#include "profile/profile_file.h"
#include "profile/profile_write.h"
#include "uicc/uicc.h"

int LLVMFuzzerInitialize(int *argument_count, char ***arguments);

struct memory {
    size_t size;
    uint8_t octets[4 * CARD_DATA_MAX];
};

/* Global, because libFuzzer hands nothing to its callbacks. */
static struct crypto openssl;
static struct crypto_table table;
static struct crypto crypto;
static struct card_workspace workspace;
static struct memory memories[2];
static struct uicc cards[2];
static struct card_parts parts;

static enum gbau_status write_memory(void *context, size_t offset, const void *data, size_t length)
{
    struct memory *memory = context;
    MUST(offset <= memory->size && length <= memory->size - offset);
    memcpy(memory->octets + offset, data, length);
    return GBAU_OK;
}

static enum gbau_status sync_memory(void *context, size_t offset, size_t length)
{
    (void)offset;
    (void)length;
    (void)context;
    return GBAU_OK;
}

/* Always the same, so that a run can be repeated. */
static enum gbau_status not_random(void *state, uint8_t *out, size_t length)
{
    (void)state;
    memset(out, 0x5a, length);
    return GBAU_OK;
}

int LLVMFuzzerInitialize(int *argument_count, char ***arguments)
{
    (void)argument_count;
    (void)arguments;
    MUST(crypto_openssl_open(&openssl) == GBAU_OK);
    table = *openssl.table;
    table.random = not_random;
    crypto = (struct crypto){.table = &table, .state = openssl.state};
    return 0;
}

/* Makes the card of a profile; false when the profile is refused. */
static bool make(struct octets text, struct memory *memory, struct uicc *card)
{
    struct profile_file *file = NULL;
    struct card_description description;
    enum gbau_status status = profile_file_parse(text, NULL, &file);
    if (status == GBAU_OK) {
        status = profile_file_describe(file, &crypto, &description);
    }
    if (status == GBAU_OK) {
        memory->size = card_description_memory_size(&description);
        MUST(memory->size > 0 && memory->size <= sizeof memory->octets);
        const struct nvm_storage storage = {.memory = memory->octets,
                                            .size = memory->size,
                                            .write = write_memory,
                                            .sync = sync_memory,
                                            .context = memory};
        MUST(card_description_make(&description, &crypto, &workspace, &storage) == GBAU_OK);
        MUST(uicc_power_on(card, &storage, &crypto) == GBAU_OK);
    }
    profile_file_close(file);
    return status == GBAU_OK;
}

static void ask(struct uicc *card, const char *command, size_t length)
{
    uint8_t response[UICC_RESPONSE_MAX];
    const size_t answered = uicc_process(card, octets_of(command, length), response);
    MUST(answered >= 2 && answered <= sizeof response);
}

static void ask_all(struct uicc *card)
{
    ask(card, "\x00\xa4\x00\x04\x02\x3f\x00\x00", 8);
    ask(card, "\x00\xa4\x04\x04\x05\xa0\x00\x00\x00\x87\x00", 11);
    ask(card, "\x00\x20\x00\x01\x08\x31\x32\x33\x34\xff\xff\xff\xff", 13);
    ask(card, "\x00\xb2\x01\x04\x00", 5);
    ask(card, "\x00\xb0\x00\x00\x00", 5);
    ask(card, "\x80\xf2\x00\x00\x00", 5);
}

/* The caller frees the text. */
static struct octets write_profile(const struct uicc *card)
{
    static const struct profile_write_options options = {.without_secrets = false};
    struct card_description description;
    char *text = NULL;
    size_t length = 0;
    MUST(card_description_read(card, &parts, &description) == GBAU_OK);
    FILE *stream = open_memstream(&text, &length);
    MUST(stream != NULL && profile_write(stream, &description, &options) == GBAU_OK);
    MUST(fclose(stream) == 0);
    return octets_of(text, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!make(octets_of(data, size), &memories[0], &cards[0])) {
        return 0;
    }
    const struct octets profile = write_profile(&cards[0]);
    MUST(make(profile, &memories[1], &cards[1]));
    const struct octets again = write_profile(&cards[1]);
    MUST(octets_equal(profile, again));
    MUST(cards[0].nvm.data_size == cards[1].nvm.data_size);
    free((void *)(uintptr_t)profile.data);
    free((void *)(uintptr_t)again.data);
    ask_all(&cards[0]);
    uicc_power_off(&cards[0]);
    uicc_power_off(&cards[1]);
    return 0;
}
