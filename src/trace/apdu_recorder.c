/* apdu_recorder.c: words, masked octets and a capture of each exchange. */
#include "trace/apdu_recorder.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "trace/capture.h"

enum { COMMAND_MAX = 65544, RESPONSE_MAX = 65538 }; /* the longest extended command, and its response */

struct apdu_recorder {
    struct capture *capture; /* NULL: none is kept */
    apdu_listener *listener;
    void *context;
    struct apdu_narrator narrator;
    struct apdu_words words;
    uint8_t command[COMMAND_MAX];
    uint8_t response[RESPONSE_MAX];
};

enum gbau_status apdu_recorder_open(const char *path, apdu_listener *listener, void *context,
                                    struct apdu_recorder **recorder)
{
    struct apdu_recorder *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    enum gbau_status status = path == NULL ? GBAU_OK : capture_open(path, &opened->capture);
    if (status != GBAU_OK) {
        free(opened);
        return status;
    }
    opened->listener = listener;
    opened->context = context;
    apdu_narrator_reset(&opened->narrator);
    *recorder = opened;
    return GBAU_OK;
}

enum gbau_status apdu_recorder_close(struct apdu_recorder *recorder)
{
    if (recorder == NULL) {
        return GBAU_OK;
    }
    enum gbau_status status = capture_close(recorder->capture);
    free(recorder);
    return status;
}

/* A copy without secrets; a view of it. */
static struct octets masked(struct octets octets, const struct apdu_secrets *secrets, uint8_t *copy, size_t capacity)
{
    const size_t length = octets.length < capacity ? octets.length : capacity;
    if (length > 0) {
        memcpy(copy, octets.data, length);
    }
    apdu_secrets_mask(secrets, copy, length);
    return octets_of(copy, length);
}

static void keep(struct apdu_recorder *recorder, struct octets command, struct octets response)
{
    char comment[CAPTURE_COMMENT_MAX + 1];
    struct text text = text_of(comment, sizeof comment);
    text_put(&text, recorder->words.command);
    text_put(&text, ": ");
    text_put(&text, recorder->words.outcome);
    capture_add_commented_apdu(recorder->capture, command, response, comment);
}

void apdu_recorder_hear(void *recorder, struct octets command, struct octets response)
{
    struct apdu_recorder *self = recorder;
    apdu_narrator_tell(&self->narrator, command, response, &self->words);
    const struct octets kept_command =
        masked(command, &self->words.command_secrets, self->command, sizeof self->command);
    const struct octets kept_response =
        masked(response, &self->words.response_secrets, self->response, sizeof self->response);
    keep(self, kept_command, kept_response);
    if (self->listener != NULL) {
        self->listener(self->context, &self->words, kept_command, kept_response);
    }
    secret_wipe(self->command, kept_command.length);
    secret_wipe(self->response, kept_response.length);
}
