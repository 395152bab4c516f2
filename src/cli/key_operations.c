/* key_operations.c: what the verbs of `gbau key` and `gbau naf key` do with a key once it is open. */
#include "cli/key_operations.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "cli/data_pipe.h"
#include "cli/key_words.h"
#include "cli/message_lines.h"
#include "cli/verbs.h"

enum { KEY_SIZE = 32, HASH_SIZE = 32 };

/* Reports */

void key_report_add_hex(struct report *report, const char *name, const uint8_t *octets, size_t length)
{
    char text[HEX_LENGTH(KEY_REPORT_OCTETS_MAX) + 1];
    if (hex_encode(octets_of(octets, length), text, sizeof text) == GBAU_OK) {
        report_add_text(report, name, text);
    }
    secret_wipe(text, sizeof text);
}

void key_report_add_key(struct report *report, const struct gbau_key *key, const struct gbau_key_request *request)
{
    report_add_text(report, "b_tid", gbau_key_b_tid(key));
    report_add_text(report, "label", request->label);
    report_add_text(report, "usage", key_word_of_usage(request->usage));
    report_add_text(report, "direction", key_word_of_direction(request->direction));
    report_add_text(report, "algorithm", gbau_algorithm_name(request->algorithm));
}

enum gbau_status key_report_print(struct report *report, const struct key_options *options)
{
    return report_print(report, options->json) ? GBAU_OK : GBAU_E_IO;
}

/* On all of standard input: mac, verify, hash */

typedef enum gbau_status whole_operation(struct gbau_key *key, const struct key_options *options, struct octets data);

static enum gbau_status run_whole(struct gbau_key *key, const struct key_options *options, whole_operation *run)
{
    uint8_t *data = NULL;
    size_t length = 0;
    enum gbau_status status = data_read_whole(&data, &length);
    if (status == GBAU_OK) {
        status = run(key, options, octets_of(data, length));
    }
    free(data);
    return status;
}

static enum gbau_status compute_mac(struct gbau_key *key, const struct key_options *options, struct octets data)
{
    uint8_t mac[GBAU_MAC_MAX];
    size_t length = 0;
    enum gbau_status status = gbau_key_mac(key, data.data, data.length, mac, &length);
    if (status != GBAU_OK) {
        return status;
    }
    struct report *report = report_open();
    key_report_add_hex(report, "mac", mac, length);
    report_add_text(report, "b_tid", gbau_key_b_tid(key));
    return key_report_print(report, options);
}

static enum gbau_status verify_mac(struct gbau_key *key, const struct key_options *options, struct octets data)
{
    uint8_t mac[GBAU_MAC_MAX];
    size_t length = 0;
    if (hex_decode(octets_of_text(options->mac), mac, sizeof mac, &length) != GBAU_OK) {
        log_error(&cli_log, "--mac takes 16 or 32 octets in hexadecimal");
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = gbau_key_verify(key, data.data, data.length, mac, length);
    if (status != GBAU_OK) {
        return status;
    }
    struct report *report = report_open();
    report_add_text(report, "verified", "yes");
    return key_report_print(report, options);
}

static enum gbau_status compute_hash(struct gbau_key *key, const struct key_options *options, struct octets data)
{
    uint8_t hash[HASH_SIZE];
    enum gbau_status status = gbau_key_hash(key, data.data, data.length, hash);
    if (status != GBAU_OK) {
        return status;
    }
    struct report *report = report_open();
    key_report_add_hex(report, "hash", hash, sizeof hash);
    return key_report_print(report, options);
}

enum gbau_status key_operation_mac(struct gbau_key *key, const struct key_options *options)
{
    return run_whole(key, options, compute_mac);
}

enum gbau_status key_operation_verify(struct gbau_key *key, const struct key_options *options)
{
    return run_whole(key, options, verify_mac);
}

enum gbau_status key_operation_hash(struct gbau_key *key, const struct key_options *options)
{
    return run_whole(key, options, compute_hash);
}

/* Keys out of keys */

/* Adds the octets of a key of usage export. */
static enum gbau_status add_octets(struct report *report, struct gbau_key *key)
{
    uint8_t octets[KEY_SIZE];
    enum gbau_status status = gbau_key_export(key, octets);
    if (status == GBAU_OK) {
        key_report_add_hex(report, "key", octets, sizeof octets);
    }
    secret_wipe(octets, sizeof octets);
    return status;
}

enum gbau_status key_operation_show(struct gbau_key *key, const struct gbau_key_request *request,
                                    const struct key_options *options)
{
    struct report *report = report_open();
    key_report_add_key(report, key, request);
    enum gbau_status status = request->usage == GBAU_USAGE_EXPORT ? add_octets(report, key) : GBAU_OK;
    if (status != GBAU_OK) {
        report_discard(report);
        return status;
    }
    return key_report_print(report, options);
}

/* A usage that has no direction, and one algorithm. */
static void set_kind(struct gbau_key_request *request, enum gbau_usage usage)
{
    request->usage = usage;
    request->direction = GBAU_NO_DIRECTION;
    request->algorithm = key_words_usual_algorithm(usage);
}

void key_operation_ask_for_parent(struct gbau_key_request *request)
{
    set_kind(request, GBAU_USAGE_DERIVE);
}

enum gbau_status key_operation_derive(struct gbau_key *parent, const struct gbau_key_request *request,
                                      const struct key_options *options)
{
    struct gbau_key_request child_request = *request;
    struct gbau_key *child = NULL;
    child_request.label = options->child;
    child_request.context_length = 0; /* it was the parent's */
    if (options->export) {
        set_kind(&child_request, GBAU_USAGE_EXPORT);
    }
    enum gbau_status status = gbau_key_derive(parent, &child_request, &child);
    if (status == GBAU_E_ACCESS) {
        log_error(&cli_log,
                  "the policy of the service forbids such a child; keys leave the card only when it allows it");
    }
    if (status == GBAU_OK) {
        status = key_operation_show(child, &child_request, options);
    }
    gbau_key_close(child);
    return status;
}

/* Mutual authentication */

/* Over standard input and output, these carry the messages: the result goes to standard error. */
static enum gbau_status report_authenticated(const struct gbau_key *session, const struct message_lines *lines,
                                             const struct key_options *options)
{
    if (!lines->is_connection) {
        log_info(&cli_log, "authenticated: both ends know the key of %s", gbau_key_b_tid(session));
        return GBAU_OK;
    }
    struct report *report = report_open();
    report_add_text(report, "authenticated", "yes");
    report_add_text(report, "role", options->role);
    report_add_text(report, "b_tid", gbau_key_b_tid(session));
    return key_report_print(report, options);
}

enum gbau_status key_operation_authenticate(struct gbau_key *key, const struct key_options *options)
{
    const bool begins = strcmp(options->role, "initiator") == 0;
    struct message_lines lines = {0};
    struct gbau_key *session = NULL;
    if (!begins && strcmp(options->role, "responder") != 0) {
        log_error(&cli_log, "--role takes initiator or responder");
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = message_lines_open(&lines, options->connect, options->listen);
    if (status == GBAU_OK) {
        status = begins ? message_lines_initiate(&lines, key, &session) : message_lines_respond(&lines, key, &session);
    }
    if (status == GBAU_OK) {
        status = report_authenticated(session, &lines, options);
    }
    gbau_key_close(session);
    message_lines_close(&lines);
    return status;
}
