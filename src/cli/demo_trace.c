/* demo_trace.c: the capture of gbau demo, and the picture drawn from what passes. */
#include "cli/demo_trace.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/ignore.h"
#include "cli/verbs.h"
#include "codec/gba_avp.h"
#include "trace/relay.h"
#include "trace/sequence_diagram.h"

enum { DETAIL_SIZE = SEQUENCE_TEXT_SIZE, HTTP_LINE_SIZE = 128 };

/* A relay, and what its observer needs to know. All but `trace` and `link` belongs to the relay's thread. */
struct link_trace {
    struct demo_trace *trace;
    enum demo_link link;
    struct relay *relay;
    size_t awaited[2]; /* octets of a Diameter message still to come, from the server and from the client */
};

struct demo_trace {
    struct capture *capture;
    struct sequence_diagram *diagram;
    struct timespec start;
    char capture_path[DEMO_PATH_SIZE];
    char diagram_path[DEMO_PATH_SIZE];
    struct link_trace links[DEMO_LINK_COUNT];
};

static const struct sequence_actor actors[DEMO_ACTOR_COUNT] = {
    [DEMO_ACTOR_APPLICATION] = {"Application", "on the device"},
    [DEMO_ACTOR_ME] = {"ME", "device: GBA function"},
    [DEMO_ACTOR_UICC] = {"UICC", "software card, in a file"},
    [DEMO_ACTOR_BSF] = {"BSF", "gbau-bsf"},
    [DEMO_ACTOR_HSS] = {"HSS", "gbau-hss"},
    [DEMO_ACTOR_NAF] = {"NAF", "gbau-naf: the service"},
};

/* Addresses of RFC 5737, so that the capture reads like one of a network. */
static const struct capture_end me_end = {{192, 0, 2, 1}, 0, "device.example"};
static const struct capture_end bsf_client_end = {{192, 0, 2, 2}, 0, "bsf.home.example"};
static const struct capture_end naf_client_end = {{192, 0, 2, 4}, 0, "naf.service.example"};
static const struct capture_end bsf_http_end = {{192, 0, 2, 2}, 80, "bsf.home.example"};
static const struct capture_end bsf_diameter_end = {{192, 0, 2, 2}, 3868, "bsf.home.example"};
static const struct capture_end hss_end = {{192, 0, 2, 3}, 3868, "hss.home.example"};
static const struct capture_end naf_http_end = {{192, 0, 2, 4}, 80, "naf.service.example"};

static void observe_http(void *context, bool from_client, struct octets data);
static void observe_diameter(void *context, bool from_client, struct octets data);

static const struct {
    const char *name; /* as it is drawn */
    const struct capture_end *client;
    const struct capture_end *server;
    relay_observer *observer;
    enum demo_actor client_actor;
    enum demo_actor server_actor;
} links[DEMO_LINK_COUNT] = {
    [DEMO_LINK_UB] = {"Ub · ", &me_end, &bsf_http_end, observe_http, DEMO_ACTOR_ME, DEMO_ACTOR_BSF},
    [DEMO_LINK_ZH] = {"Zh · ", &bsf_client_end, &hss_end, observe_diameter, DEMO_ACTOR_BSF, DEMO_ACTOR_HSS},
    [DEMO_LINK_ZN] = {"Zn · ", &naf_client_end, &bsf_diameter_end, observe_diameter, DEMO_ACTOR_NAF, DEMO_ACTOR_BSF},
    [DEMO_LINK_UA] = {"Ua · ", &me_end, &naf_http_end, observe_http, DEMO_ACTOR_ME, DEMO_ACTOR_NAF},
};

/* Drawing */

void demo_trace_begin(struct demo_trace *trace)
{
    (void)clock_gettime(CLOCK_MONOTONIC, &trace->start); /* cannot fail for this clock */
}

void demo_trace_add_heading(struct demo_trace *trace, const char *text)
{
    sequence_diagram_add_heading(trace->diagram, text);
}

void demo_trace_add_note(struct demo_trace *trace, enum demo_actor actor, const char *text)
{
    if (text != NULL) {
        sequence_diagram_add_note(trace->diagram, actor, text);
    }
}

static unsigned milliseconds_since(const struct timespec *start)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned)((now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000);
}

/* `link` is the name of the reference point, or empty. */
static void draw(struct demo_trace *trace, enum demo_actor from, enum demo_actor to, const char *label,
                 const char *link, const char *detail)
{
    char full[DETAIL_SIZE + 32]; /* the detail behind link and time */
    const bool has_detail = detail != NULL && detail[0] != '\0';
    (void)snprintf(full, sizeof full, "%s%u ms%s%s", link, milliseconds_since(&trace->start), has_detail ? " · " : "",
                   has_detail ? detail : "");
    sequence_diagram_add_message(trace->diagram, from, to, label, full);
}

void demo_trace_add_message(struct demo_trace *trace, enum demo_actor from, enum demo_actor to, const char *label,
                            const char *detail)
{
    draw(trace, from, to, label, "", detail);
}

/* APDUs */

enum { INS_AUTHENTICATE = 0x88, TAG_BOOTSTRAPPING = 0xdd, ANY_OCTET = -1, OFFSET_OF_DATA = 5, SW1_SUCCESS = 0x90 };

/* The commands that matter to the story, by INS and the first octet of their data. */
static const struct drawn_command {
    uint8_t instruction;
    int first_octet;
    const char *command;
    const char *note; /* what the card does; may be NULL */
    const char *response;
} drawn_commands[] = {
    {0x20, ANY_OCTET, "VERIFY PIN", NULL, "PIN is right"},
    {INS_AUTHENTICATE, TAG_BOOTSTRAPPING, "AUTHENTICATE: RAND, AUTN*",
     "AUTN* is right. CK and IK are born from K; Ks = CK ‖ IK stays here", "RES"},
    {0xd6, ANY_OCTET, "UPDATE BINARY: B-TID and lifetime into EF_GBABP", NULL, "stored"},
    {INS_AUTHENTICATE, 0xde, "AUTHENTICATE: NAF_ID, IMPI",
     "Ks_ext_NAF and Ks_int_NAF are born from Ks; Ks_int_NAF stays here", "Ks_ext_NAF"},
    {0x50, ANY_OCTET, "OPEN KEY: NAF_ID, label", "an application key is born from Ks_int_NAF, and stays here",
     "handle of the key, B-TID"},
    {0x52, ANY_OCTET, "ENCRYPT: the message", "AES-256-GCM; the nonce is the card's own counter",
     "nonce, ciphertext, tag"},
};

static const struct drawn_command *find_drawn(struct octets command)
{
    for (size_t i = 0; i < sizeof drawn_commands / sizeof drawn_commands[0]; i++) {
        const struct drawn_command *drawn = &drawn_commands[i];
        if (command.length > OFFSET_OF_DATA && command.data[1] == drawn->instruction &&
            (drawn->first_octet == ANY_OCTET || command.data[OFFSET_OF_DATA] == drawn->first_octet)) {
            return drawn;
        }
    }
    return NULL;
}

bool demo_trace_is_challenge(struct octets command)
{
    return command.length > OFFSET_OF_DATA && command.data[1] == INS_AUTHENTICATE &&
           command.data[OFFSET_OF_DATA] == TAG_BOOTSTRAPPING;
}

/* Never what the octets are: Ks_ext_NAF and RES are among them. */
static void write_response(struct octets response, char detail[DETAIL_SIZE])
{
    const uint8_t *sw = response.data + response.length - 2;
    const size_t count = response.length - 2;
    const int length = snprintf(detail, DETAIL_SIZE, "%02X%02X", sw[0], sw[1]);
    if (count > 0) {
        (void)snprintf(detail + length, DETAIL_SIZE - (size_t)length, ", %zu octets", count);
    }
}

void demo_trace_add_apdu(struct demo_trace *trace, struct octets command, struct octets response)
{
    char detail[DETAIL_SIZE];
    capture_add_apdu(trace->capture, command, response);
    const struct drawn_command *drawn = find_drawn(command);
    if (drawn == NULL || response.length < 2) {
        return;
    }
    const uint8_t *header = command.data;
    const bool succeeded = response.data[response.length - 2] == SW1_SUCCESS;
    (void)snprintf(detail, sizeof detail, "%02X %02X %02X %02X", header[0], header[1], header[2], header[3]);
    demo_trace_add_message(trace, DEMO_ACTOR_ME, DEMO_ACTOR_UICC, drawn->command, detail);
    demo_trace_add_note(trace, DEMO_ACTOR_UICC, succeeded ? drawn->note : NULL);
    write_response(response, detail);
    demo_trace_add_message(trace, DEMO_ACTOR_UICC, DEMO_ACTOR_ME, succeeded ? drawn->response : "refused", detail);
}

/* HTTP */

/* What a server does before it answers, by link and status. */
static const struct {
    enum demo_link link;
    const char *status;
    enum demo_actor actor;
    const char *note;
} http_notes[] = {
    {DEMO_LINK_UB, "200", DEMO_ACTOR_BSF, "RES is right: the same Ks is kept here under a new B-TID"},
    {DEMO_LINK_UA, "200", DEMO_ACTOR_NAF, "the digest is right: the device has Ks_ext_NAF"},
    {DEMO_LINK_UA, "204", DEMO_ACTOR_NAF, "the same application key is born from Ks_int_NAF; the message opens"},
};

/* True when `data` begins a message, rather than going on with a body. */
static bool begins_http_message(struct octets data)
{
    static const char *const beginnings[] = {"HTTP/1.", "GET ", "POST "};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        const size_t length = strlen(beginnings[i]);
        if (data.length > length && memcmp(data.data, beginnings[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* The line at the front of `text`, without its end. */
static struct octets first_line(struct octets text)
{
    const uint8_t *end = text.length == 0 ? NULL : memchr(text.data, '\r', text.length);
    return octets_of(text.data, end == NULL ? text.length : (size_t)(end - text.data));
}

/* Copies a header line up to its first comma: name and first parameter, which is a name too; never a digest. */
static bool copy_if_header(struct octets line, const char *name, char *text, size_t size)
{
    const size_t name_length = strlen(name);
    if (line.length <= name_length || strncasecmp((const char *)line.data, name, name_length) != 0 ||
        line.data[name_length] != ':') {
        return false;
    }
    const uint8_t *comma = memchr(line.data, ',', line.length);
    const size_t length = comma == NULL ? line.length : (size_t)(comma - line.data);
    (void)snprintf(text, size, "%.*s", (int)length, (const char *)line.data);
    return true;
}

/* The one header of a message that says most. */
static bool find_telling_header(struct octets head, char *text, size_t size)
{
    static const char *const names[] = {"Authorization", "WWW-Authenticate", "Content-Type"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct octet_reader reader = octet_reader_of(head);
        while (octet_reader_left(&reader) > 0) {
            const struct octets rest = octets_of(head.data + reader.position, octet_reader_left(&reader));
            const struct octets line = first_line(rest);
            if (line.length == 0) {
                break; /* the body follows */
            }
            if (copy_if_header(line, names[i], text, size)) {
                return true;
            }
            (void)octet_reader_take(&reader, line.length + 2 < rest.length ? line.length + 2 : rest.length);
        }
    }
    return false;
}

/* "GET / HTTP/1.1" -> "GET /"; "HTTP/1.1 401 Unauthorized" -> "401 Unauthorized". */
static void copy_start_line(bool is_request, struct octets head, char label[HTTP_LINE_SIZE])
{
    const struct octets line = first_line(head);
    (void)snprintf(label, HTTP_LINE_SIZE, "%.*s", (int)line.length, (const char *)line.data);
    char *version = strstr(label, is_request ? " HTTP/" : " ");
    if (version == NULL) {
        return;
    }
    if (is_request) {
        *version = '\0';
    } else {
        memmove(label, version + 1, strlen(version));
    }
}

static void add_http_note(struct demo_trace *trace, enum demo_link link, const char *status)
{
    for (size_t i = 0; i < sizeof http_notes / sizeof http_notes[0]; i++) {
        if (http_notes[i].link == link && strncmp(status, http_notes[i].status, 3) == 0) {
            demo_trace_add_note(trace, http_notes[i].actor, http_notes[i].note);
        }
    }
}

static void draw_link(const struct link_trace *link, bool from_client, const char *label, const char *detail)
{
    const enum demo_actor client = links[link->link].client_actor;
    const enum demo_actor server = links[link->link].server_actor;
    draw(link->trace, from_client ? client : server, from_client ? server : client, label, links[link->link].name,
         detail);
}

static void observe_http(void *context, bool from_client, struct octets data)
{
    struct link_trace *link = context;
    char label[HTTP_LINE_SIZE];
    char detail[DETAIL_SIZE];
    if (!begins_http_message(data)) {
        return;
    }
    copy_start_line(from_client, data, label);
    const bool has_detail = find_telling_header(data, detail, sizeof detail);
    if (!from_client) {
        add_http_note(link->trace, link->link, label);
    }
    draw_link(link, from_client, label, has_detail ? detail : NULL);
}

/* Diameter (RFC 6733 clauses 3 and 4) */

enum { DIAMETER_VERSION = 1, DIAMETER_HEADER_SIZE = 20, AVP_HEADER_SIZE = 8, FLAG_REQUEST = 0x80 };

/* The messages of Zh and Zn; those of the connection itself are not drawn. */
static const struct drawn_message {
    uint32_t command;
    bool is_request;
    const char *label;
    enum demo_actor before_actor; /* who does something before it is sent */
    const char *before;           /* may be NULL, as `after` */
    const char *after;            /* what the one who gets it does */
} drawn_messages[] = {
    {GBA_COMMAND_MULTIMEDIA_AUTH, true, "Multimedia-Auth-Request", DEMO_ACTOR_BSF, NULL, NULL},
    {GBA_COMMAND_MULTIMEDIA_AUTH, false, "Multimedia-Auth-Answer", DEMO_ACTOR_HSS,
     "a vector is born from K: RAND, AUTN, XRES, CK, IK", "AUTN becomes AUTN*: only a GBA_U card will accept it"},
    {GBA_COMMAND_BOOTSTRAPPING_INFO, true, "Bootstrapping-Info-Request", DEMO_ACTOR_NAF, NULL, NULL},
    {GBA_COMMAND_BOOTSTRAPPING_INFO, false, "Bootstrapping-Info-Answer", DEMO_ACTOR_BSF,
     "Ks_ext_NAF and Ks_int_NAF are born from the Ks of this B-TID", NULL},
};

/* The AVPs that tell what a message is about. */
static const struct {
    uint32_t code;
    const char *name;
} named_avps[] = {
    {1, "User-Name"}, {612, "SIP-Auth-Data-Item"}, {400, "GBA-UserSecSettings"}, {401, "Transaction-Identifier"},
    {402, "NAF-Id"},  {405, "ME-Key-Material"},    {406, "UICC-Key-Material"},   {404, "Key-ExpiryTime"},
};

static const struct drawn_message *find_message(uint32_t command, bool is_request)
{
    for (size_t i = 0; i < sizeof drawn_messages / sizeof drawn_messages[0]; i++) {
        if (drawn_messages[i].command == command && drawn_messages[i].is_request == is_request) {
            return &drawn_messages[i];
        }
    }
    return NULL;
}

static bool has_avp(struct octets avps, uint32_t code)
{
    struct octet_reader reader = octet_reader_of(avps);
    while (octet_reader_left(&reader) >= AVP_HEADER_SIZE) {
        const uint32_t this_code = octet_reader_u32(&reader);
        (void)octet_reader_u8(&reader);
        const uint32_t length = octet_reader_u24(&reader);
        if (this_code == code) {
            return true;
        }
        if (length < AVP_HEADER_SIZE) {
            return false;
        }
        (void)octet_reader_take(&reader, ((size_t)length + 3) / 4 * 4 - AVP_HEADER_SIZE);
    }
    return false;
}

/* "User-Name, NAF-Id": the names of what is there, never the values. */
static void list_avps(struct octets avps, char text[DETAIL_SIZE])
{
    struct octet_writer writer = octet_writer_of(text, DETAIL_SIZE - 1);
    for (size_t i = 0; i < sizeof named_avps / sizeof named_avps[0]; i++) {
        if (has_avp(avps, named_avps[i].code)) {
            octet_writer_put_text(&writer, writer.length == 0 ? "" : ", ");
            octet_writer_put_text(&writer, named_avps[i].name);
        }
    }
    text[writer.length] = '\0';
}

static void draw_diameter(struct link_trace *link, bool from_client, const struct drawn_message *drawn,
                          struct octets avps)
{
    char detail[DETAIL_SIZE];
    const enum demo_actor receiver = from_client ? links[link->link].server_actor : links[link->link].client_actor;
    list_avps(avps, detail);
    demo_trace_add_note(link->trace, drawn->before_actor, drawn->before);
    draw_link(link, from_client, drawn->label, detail);
    demo_trace_add_note(link->trace, receiver, drawn->after);
}

/* One message at the front of `data`, which may hold only its beginning. Returns its whole length; 0: no Diameter. */
static size_t observe_message(struct link_trace *link, bool from_client, struct octets data)
{
    struct octet_reader reader = octet_reader_of(data);
    const uint8_t version = octet_reader_u8(&reader);
    const size_t length = octet_reader_u24(&reader);
    const uint8_t flags = octet_reader_u8(&reader);
    const uint32_t command = octet_reader_u24(&reader);
    (void)octet_reader_take(&reader, DIAMETER_HEADER_SIZE - 8);
    if (reader.failed || version != DIAMETER_VERSION || length < DIAMETER_HEADER_SIZE) {
        return 0;
    }
    const struct drawn_message *drawn = find_message(command, (flags & FLAG_REQUEST) != 0);
    if (drawn != NULL) {
        const size_t end = length < data.length ? length : data.length;
        draw_diameter(link, from_client, drawn,
                      octets_of(data.data + DIAMETER_HEADER_SIZE, end - DIAMETER_HEADER_SIZE));
    }
    return length;
}

static void observe_diameter(void *context, bool from_client, struct octets data)
{
    struct link_trace *link = context;
    size_t *awaited = &link->awaited[from_client ? 1 : 0];
    struct octet_reader reader = octet_reader_of(data);
    while (octet_reader_left(&reader) > 0) {
        const size_t left = octet_reader_left(&reader);
        if (*awaited == 0) {
            *awaited = observe_message(link, from_client, octets_of(data.data + reader.position, left));
        }
        if (*awaited == 0) {
            return;
        }
        const size_t step = *awaited < left ? *awaited : left;
        (void)octet_reader_take(&reader, step);
        *awaited -= step;
    }
}

/* Opening and ending */

uint16_t demo_trace_port(const struct demo_trace *trace, enum demo_link link)
{
    return relay_port(trace->links[link].relay);
}

static enum gbau_status open_relays(struct demo_trace *trace, const uint16_t ports[DEMO_LINK_COUNT])
{
    enum gbau_status status = GBAU_OK;
    for (size_t i = 0; i < DEMO_LINK_COUNT && status == GBAU_OK; i++) {
        struct link_trace *link = &trace->links[i];
        link->trace = trace;
        link->link = (enum demo_link)i;
        status = relay_open(trace->capture, links[i].client, links[i].server, ports[i], links[i].observer, link,
                            &link->relay);
    }
    if (status != GBAU_OK) {
        log_error(&cli_log, "the connections cannot be recorded: %s", gbau_status_text(status));
    }
    return status;
}

static enum gbau_status open_files(struct demo_trace *trace)
{
    enum gbau_status status = capture_open(trace->capture_path, &trace->capture);
    if (status != GBAU_OK) {
        log_error(&cli_log, "cannot write %s: %s", trace->capture_path, gbau_status_text(status));
        return status;
    }
    return sequence_diagram_open("GBA_U: from the SIM to the service", actors, DEMO_ACTOR_COUNT, &trace->diagram);
}

enum gbau_status demo_trace_open(const struct demo_places *places, const uint16_t ports[DEMO_LINK_COUNT],
                                 struct demo_trace **trace)
{
    struct demo_trace *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    demo_places_output_path(places, "demo.pcapng", opened->capture_path);
    demo_places_output_path(places, "demo.svg", opened->diagram_path);
    enum gbau_status status = open_files(opened);
    if (status == GBAU_OK) {
        status = open_relays(opened, ports);
    }
    if (status != GBAU_OK) {
        status_ignore(demo_trace_close(opened)); /* the first failure is the one to tell */
        return status;
    }
    *trace = opened;
    return GBAU_OK;
}

enum gbau_status demo_trace_close(struct demo_trace *trace)
{
    if (trace == NULL) {
        return GBAU_OK;
    }
    for (size_t i = 0; i < DEMO_LINK_COUNT; i++) {
        relay_close(trace->links[i].relay);
    }
    const enum gbau_status captured = capture_close(trace->capture);
    const enum gbau_status drawn =
        trace->diagram == NULL ? GBAU_OK : sequence_diagram_write(trace->diagram, trace->diagram_path);
    if (captured != GBAU_OK || drawn != GBAU_OK) {
        log_error(&cli_log, "%s is not whole: is the disk full?",
                  captured != GBAU_OK ? trace->capture_path : trace->diagram_path);
    }
    sequence_diagram_close(trace->diagram);
    free(trace);
    return captured != GBAU_OK ? captured : drawn;
}
