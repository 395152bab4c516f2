/* diameter_serve.c: requests that arrive: whether they are for us, who answers them, and the answer's own AVPs. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <freeDiameter/freeDiameter-host.h>
#include <freeDiameter/libfdcore.h>

#include "base/secret.h"
#include "net/diameter_private.h"

/* For Origin-Host, Origin-Realm and the padding of what is copied. */
enum { ORIGIN_ROOM = 2 * (IDENTITY_SIZE + 16) };

/* What the transport's own AVPs of a request say. */
struct request_routing {
    struct octets session_id;
    struct octets origin_host;
    struct octets origin_realm;
    struct octets destination_host;
    struct octets destination_realm;
    bool is_relayed;
    bool has_loop;
    bool has_duplicate;
};

/* A request as it came, and where it came from. */
struct request {
    struct diameter_header header;
    struct octets avps;
    struct request_routing routing;
    struct octets source; /* identity of the peer that sent it to us */
};

static bool is_same_identity(const char *text, struct octets octets)
{
    return strlen(text) == octets.length && strncasecmp(text, (const char *)octets.data, octets.length) == 0;
}

static struct octets *field_of(struct request_routing *routing, const struct diameter_avp *avp)
{
    if ((avp->flags & DIAMETER_AVP_VENDOR) != 0) {
        return NULL;
    }
    switch (avp->code) {
    case AVP_SESSION_ID:
        return &routing->session_id;
    case AVP_ORIGIN_HOST:
        return &routing->origin_host;
    case AVP_ORIGIN_REALM:
        return &routing->origin_realm;
    case AVP_DESTINATION_HOST:
        return &routing->destination_host;
    case AVP_DESTINATION_REALM:
        return &routing->destination_realm;
    default:
        return NULL;
    }
}

static void read_routing(const struct diameter_node *node, struct octets avps, struct request_routing *routing)
{
    memset(routing, 0, sizeof *routing);
    struct octet_reader reader = octet_reader_of(avps);
    struct diameter_avp avp;
    while (diameter_next_avp(&reader, &avp)) {
        struct octets *field = field_of(routing, &avp);
        if (field != NULL) {
            routing->has_duplicate |= field->data != NULL;
            *field = avp.data;
        } else if (diameter_avp_is(&avp, AVP_ROUTE_RECORD)) {
            routing->is_relayed = true;
            routing->has_loop |= is_same_identity(node->identity, avp.data);
        }
    }
}

static bool is_text(struct octets octets)
{
    return octets.length > 0 && memchr(octets.data, '\0', octets.length) == NULL;
}

/* A peer speaks for itself, unless it says that it relays. */
static bool is_believable(const struct request *request)
{
    const struct octets origin = request->routing.origin_host;
    const struct octets source = request->source;
    bool is_source = origin.length == source.length &&
                     strncasecmp((const char *)origin.data, (const char *)source.data, source.length) == 0;
    return is_source || request->routing.is_relayed;
}

/* 0 when the request may be answered by a handler, else the Result-Code that refuses it. */
static uint32_t check_routing(const struct diameter_node *node, const struct request *request)
{
    const struct request_routing *routing = &request->routing;
    if ((request->header.flags & DIAMETER_ERROR) != 0) {
        return RESULT_INVALID_HDR_BITS;
    }
    if (routing->has_duplicate) {
        return RESULT_AVP_OCCURS_TOO_MANY_TIMES;
    }
    if (routing->session_id.data == NULL || routing->origin_host.data == NULL || routing->origin_realm.data == NULL ||
        routing->destination_realm.data == NULL) {
        return RESULT_MISSING_AVP;
    }
    if (!is_text(routing->session_id) || !is_text(routing->origin_host) || !is_believable(request)) {
        return RESULT_INVALID_AVP_VALUE;
    }
    if (routing->has_loop) {
        return RESULT_LOOP_DETECTED;
    }
    if (routing->destination_host.data != NULL && !is_same_identity(node->identity, routing->destination_host)) {
        return RESULT_UNABLE_TO_DELIVER;
    }
    if (!is_same_identity(node->realm, routing->destination_realm)) {
        return RESULT_REALM_NOT_SERVED;
    }
    return 0;
}

static const struct node_command *find_command(const struct diameter_node *node, const struct diameter_header *header,
                                               uint32_t *refusal)
{
    *refusal = RESULT_APPLICATION_UNSUPPORTED;
    for (size_t i = 0; i < node->command_count; i++) {
        const struct node_command *command = &node->commands[i];
        if (command->application != header->application) {
            continue;
        }
        if (command->command == header->command) {
            *refusal = 0;
            return command;
        }
        *refusal = RESULT_COMMAND_UNSUPPORTED;
    }
    return NULL;
}

static enum gbau_status call_handler(const struct node_command *command, const struct request *request,
                                     struct octet_writer *answer)
{
    uint8_t *payload = malloc(request->avps.length + 1);
    if (payload == NULL) {
        return GBAU_E_MEMORY;
    }
    struct octet_writer writer = octet_writer_of(payload, request->avps.length + 1);
    diameter_copy_payload(request->avps, &writer);
    enum gbau_status status = octet_writer_end(&writer);
    if (status == GBAU_OK) {
        command->handler(command->context, request->routing.origin_host, octets_written(&writer), answer);
        status = answer->failed ? GBAU_E_SPACE : diameter_check_avps(octets_written(answer));
    }
    secret_wipe(payload, writer.length);
    free(payload);
    return status == GBAU_OK && answer->length == 0 ? GBAU_E_ARGUMENT : status;
}

/* The answer's payload: the handler's, or the refusal. */
static void write_payload(const struct diameter_node *node, const struct request *request, struct octet_writer *payload)
{
    uint32_t refusal = check_routing(node, request);
    const struct node_command *command = NULL;
    if (refusal == 0) {
        command = find_command(node, &request->header, &refusal);
    }
    if (command != NULL) {
        enum gbau_status status = call_handler(command, request, payload);
        if (status == GBAU_OK) {
            return;
        }
        log_error(node->log, "Diameter: no answer to command %u: %s", request->header.command,
                  gbau_status_text(status));
        refusal = RESULT_UNABLE_TO_COMPLY;
    } else {
        log_info(node->log, "Diameter: refused command %u of %.*s with result %u", request->header.command,
                 (int)request->source.length, (const char *)request->source.data, refusal);
    }
    *payload = octet_writer_of(payload->data, payload->capacity);
    diameter_write_base_unsigned(payload, AVP_RESULT_CODE, refusal);
}

static void write_answer(const struct diameter_node *node, const struct request *request, struct octets payload,
                         struct octet_writer *answer)
{
    struct diameter_header header = request->header;
    header.flags &= DIAMETER_PROXIABLE;
    uint32_t result = diameter_find_result_code(payload);
    if (result >= 3000 && result < 4000) {
        header.flags |= DIAMETER_ERROR;
    }
    diameter_reserve_header(answer);
    diameter_copy_base_avps(request->avps, AVP_SESSION_ID, answer);
    diameter_write_base_avp(answer, AVP_ORIGIN_HOST, octets_of_text(node->identity));
    diameter_write_base_avp(answer, AVP_ORIGIN_REALM, octets_of_text(node->realm));
    octet_writer_put_octets(answer, payload);
    diameter_copy_base_avps(request->avps, AVP_PROXY_INFO, answer);
    diameter_write_header(answer, &header);
}

/* The whole answer in memory that freeDiameter may free; NULL when there is none. */
static uint8_t *make_answer(const struct diameter_node *node, const struct request *request, size_t *length)
{
    uint8_t payload_octets[DIAMETER_MESSAGE_MAX];
    struct octet_writer payload = octet_writer_of(payload_octets, sizeof payload_octets);
    write_payload(node, request, &payload);

    const size_t room = DIAMETER_HEADER_SIZE + ORIGIN_ROOM + request->avps.length + payload.length;
    const size_t capacity = room < DIAMETER_WIRE_MAX ? room : DIAMETER_WIRE_MAX;
    uint8_t *octets = malloc(capacity);
    if (octets != NULL) {
        struct octet_writer answer = octet_writer_of(octets, capacity);
        write_answer(node, request, octets_written(&payload), &answer);
        *length = answer.length;
        if (answer.failed) {
            log_error(node->log, "Diameter: the answer to command %u is too long", request->header.command);
            free(octets);
            octets = NULL;
        }
    }
    secret_wipe(payload_octets, payload.length);
    return octets;
}

static struct msg *answer_letter(const struct diameter_node *node, struct octets letter, struct octets source)
{
    struct request request = {.source = source};
    if (diameter_read_header(letter, &request.header, &request.avps) != GBAU_OK) {
        return NULL;
    }
    read_routing(node, request.avps, &request.routing);
    size_t length = 0;
    uint8_t *octets = make_answer(node, &request, &length);
    struct msg *answer = NULL;
    if (octets != NULL && fd_msg_parse_buffer(&octets, length, &answer) != 0) {
        free(octets);
        return NULL;
    }
    return answer;
}

/*
 * freeDiameter's dispatcher calls this for each envelope with a request. An error returned would end the node. A
 * request without an answer is dropped, as is the answer to a peer that has gone or is saying goodbye: freeDiameter
 * would write to a connection that another of its threads is about to free.
 */
static int on_request(struct msg **message, struct avp *avp, struct session *session, void *context,
                      enum disp_action *action)
{
    (void)avp;
    (void)session;
    const struct diameter_node *node = context;
    struct octets letter;
    DiamId_t source = NULL;
    size_t source_length = 0;
    struct msg *answer = NULL;
    int state = diameter_forbid_cancel();
    if (!atomic_load(&node->closing) && diameter_open_letter(node, *message, &letter) == GBAU_OK &&
        fd_msg_source_get(*message, &source, &source_length) == 0 && source != NULL) {
        answer = answer_letter(node, letter, octets_of(source, source_length));
        diameter_wipe_letter(node, *message);
    }
    if (answer != NULL && diameter_peer_is_open(source) && fd_msg_answ_associate(answer, *message) == 0) {
        *message = answer;
        *action = DISP_ACT_SEND;
    } else {
        (void)fd_msg_free(answer);
        (void)fd_msg_free(*message);
        *message = NULL;
    }
    diameter_allow_cancel(state);
    return 0;
}

enum gbau_status diameter_register_service(struct diameter_node *node)
{
    struct disp_when when;
    memset(&when, 0, sizeof when);
    const command_code_t code = ENVELOPE_COMMAND;
    bool done = fd_dict_search(fd_g_config->cnf_dict, DICT_COMMAND, CMD_BY_CODE_R, &code, &when.command, ENOENT) == 0 &&
                fd_disp_register(on_request, DISP_HOW_CC, &when, node, NULL) == 0;
    return done ? GBAU_OK : GBAU_E_MEMORY;
}
