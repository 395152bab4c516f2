/*
 * diameter_gate.c: what stands between the wire and freeDiameter.
 *
 * freeDiameter 1.2.1 asserts on, or ends itself over, a number of things that a peer can send: a NUL in a Session-Id,
 * an unknown AVP inside Vendor-Specific-Application-Id, an answer that its dictionary refuses before Result-Code, a
 * request it must refuse while the connection breaks. Its sessions can be freed twice. So it gets to see none of that.
 *
 * The one hook used here runs after a message was cut from the stream and split into its top-level AVPs, and before
 * anything in it is interpreted.
 *
 * A message of an application is taken out and put as it came, the letter, into one AVP of an envelope: a message of
 * our own with nothing else in it that freeDiameter reads. Routing, matching of answers, threads and watchdog work on
 * envelopes as on any message; diameter_serve.c and diameter_outbox.c open them again.
 *
 * Messages between neighbours (capabilities, watchdog, disconnect) must be read by freeDiameter. They are reduced to
 * the AVPs that it knows and needs, with lengths checked here; what is not acceptable is made unrecognisable, so that
 * freeDiameter refuses it without reading on.
 */
#include <stdlib.h>
#include <string.h>

#include <freeDiameter/freeDiameter-host.h>
#include <freeDiameter/libfdcore.h>

#include "base/secret.h"
#include "net/diameter_private.h"

enum {
    COMMAND_CAPABILITIES_EXCHANGE = 257,
    COMMAND_DEVICE_WATCHDOG = 280,
    COMMAND_DISCONNECT_PEER = 282,
    UNRECOGNISABLE_COMMAND = 0xffffff,
    LETTER_CODE = 0x7ffffff0,
    APPLICATION_RELAY = 0xffffffff
};

/* In which messages between neighbours an AVP must be, and whether it may be there more than once. */
enum occurrence {
    OPTIONAL = 0,
    IN_ALL = 1,
    IN_ANSWERS = 2,
    IN_CAPABILITIES = 4, /* but not in answers that are errors */
    IN_GOODBYES = 8,     /* the requests */
    MANY = 16
};

/* What may be in a message between neighbours (RFC 6733 clauses 5.3 to 5.5). Length 0: 1 to 255 octets. */
static const struct neighbour_avp {
    uint32_t code;
    size_t length;
    unsigned occurrence;
} neighbour_avps[] = {
    {AVP_ORIGIN_HOST, 0, IN_ALL},
    {AVP_ORIGIN_REALM, 0, IN_ALL},
    {AVP_RESULT_CODE, 4, IN_ANSWERS},
    {AVP_HOST_IP_ADDRESS, 0, IN_CAPABILITIES | MANY},
    {AVP_VENDOR_ID, 4, IN_CAPABILITIES},
    {AVP_PRODUCT_NAME, 0, IN_CAPABILITIES},
    {AVP_DISCONNECT_CAUSE, 4, IN_GOODBYES},
    {AVP_ORIGIN_STATE_ID, 4, OPTIONAL},
    {AVP_FIRMWARE_REVISION, 4, OPTIONAL},
    {AVP_SUPPORTED_VENDOR_ID, 4, OPTIONAL | MANY},
    {AVP_AUTH_APPLICATION_ID, 4, OPTIONAL | MANY},
    {AVP_ACCT_APPLICATION_ID, 4, OPTIONAL | MANY},
    {AVP_INBAND_SECURITY_ID, 4, OPTIONAL | MANY},
    {AVP_VENDOR_SPECIFIC_APPLICATION_ID, 0, OPTIONAL | MANY},
};

enum { NEIGHBOUR_AVPS = sizeof neighbour_avps / sizeof neighbour_avps[0] };

/* A message as it came from the wire. */
struct letter {
    uint8_t *octets;
    size_t length;
    struct diameter_header header;
    struct octets avps;
};

/* What a peer says of itself in a Capabilities-Exchange. */
struct capabilities {
    struct octets origin_host;
    struct octets origin_realm;
    unsigned applications; /* as in node_peer */
};

static void remove_avps(struct msg *message)
{
    struct avp *child = NULL;
    while (fd_msg_browse_internal(message, MSG_BRW_FIRST_CHILD, (void **)&child, NULL) == 0 && child != NULL) {
        (void)fd_msg_free(child);
    }
}

static void make_unrecognisable(struct msg *message)
{
    struct msg_hdr *header = NULL;
    remove_avps(message);
    if (fd_msg_hdr(message, &header) == 0) {
        header->msg_code = UNRECOGNISABLE_COMMAND;
        header->msg_appl = 0;
        header->msg_flags &= CMD_FLAG_REQUEST;
    }
}

static bool add_octets(struct msg *message, struct dict_object *model, struct octets octets)
{
    struct avp *avp = NULL;
    if (fd_msg_avp_new(model, 0, &avp) != 0) {
        return false;
    }
    union avp_value value;
    memset(&value, 0, sizeof value);
    value.os.data = (uint8_t *)(uintptr_t)octets.data; /* copied, not written */
    value.os.len = octets.length;
    if (fd_msg_avp_setvalue(avp, &value) != 0 || fd_msg_avp_add(message, MSG_BRW_LAST_CHILD, avp) != 0) {
        (void)fd_msg_free(avp);
        return false;
    }
    return true;
}

static void put_in_envelope(const struct diameter_node *node, struct msg *message, const struct letter *letter)
{
    struct msg_hdr *header = NULL;
    remove_avps(message);
    bool done = fd_msg_hdr(message, &header) == 0 &&
                add_octets(message, node->destination_host, octets_of_text(node->identity)) &&
                add_octets(message, node->destination_realm, octets_of_text(node->realm)) &&
                add_octets(message, node->letter, octets_of(letter->octets, letter->length));
    if (!done) {
        log_error(node->log, "Diameter: no memory for a message");
        make_unrecognisable(message);
        return;
    }
    header->msg_code = ENVELOPE_COMMAND;
    header->msg_appl = node->applications[0];
    header->msg_flags = (uint8_t)((header->msg_flags & CMD_FLAG_REQUEST) | CMD_FLAG_PROXIABLE);
}

static struct avp *find_letter(const struct diameter_node *node, struct msg *envelope, struct avp_hdr **header)
{
    struct avp *avp = NULL;
    bool found = fd_msg_search_avp(envelope, node->letter, &avp) == 0 && avp != NULL &&
                 fd_msg_avp_hdr(avp, header) == 0 && (*header)->avp_value != NULL;
    return found ? avp : NULL;
}

enum gbau_status diameter_open_letter(const struct diameter_node *node, struct msg *envelope, struct octets *letter)
{
    struct avp_hdr *header = NULL;
    if (find_letter(node, envelope, &header) == NULL) {
        return GBAU_E_NOT_FOUND;
    }
    *letter = octets_of(header->avp_value->os.data, header->avp_value->os.len);
    return GBAU_OK;
}

void diameter_wipe_letter(const struct diameter_node *node, struct msg *envelope)
{
    struct avp_hdr *header = NULL;
    if (find_letter(node, envelope, &header) != NULL) {
        secret_wipe(header->avp_value->os.data, header->avp_value->os.len);
    }
}

/* The request that an answer was matched with by its hop-by-hop identifier, if it is one of the outbox. */
static bool answers_outbox(struct msg *message)
{
    struct msg *request = NULL;
    return fd_msg_answ_getq(message, &request) == 0 && request != NULL && diameter_is_from_outbox(request);
}

static unsigned bit_of_application(const struct diameter_node *node, uint32_t application)
{
    if (application == APPLICATION_RELAY) {
        return RELAYS_ALL;
    }
    for (size_t i = 0; i < node->application_count; i++) {
        if (node->applications[i] == application) {
            return 1U << i;
        }
    }
    return 0;
}

/* The AVP's application; false when it holds anything but one vendor and one application. */
static bool read_vendor_application(const struct diameter_node *node, const struct diameter_avp *group,
                                    unsigned *applications)
{
    struct octet_reader reader = octet_reader_of(group->data);
    struct diameter_avp avp;
    unsigned vendor_count = 0;
    unsigned application_count = 0;
    while (diameter_next_avp(&reader, &avp)) {
        bool is_vendor = diameter_avp_is(&avp, AVP_VENDOR_ID);
        bool is_application =
            diameter_avp_is(&avp, AVP_AUTH_APPLICATION_ID) || diameter_avp_is(&avp, AVP_ACCT_APPLICATION_ID);
        if ((!is_application && !is_vendor) || avp.data.length != sizeof(uint32_t)) {
            return false;
        }
        vendor_count += is_vendor;
        application_count += is_application;
        if (is_application) {
            *applications |= bit_of_application(node, diameter_avp_unsigned(&avp));
        }
    }
    return !reader.failed && vendor_count == 1 && application_count == 1;
}

static bool note_capability(const struct diameter_node *node, const struct diameter_avp *avp,
                            struct capabilities *capabilities)
{
    switch (avp->code) {
    case AVP_ORIGIN_HOST:
        capabilities->origin_host = avp->data;
        return true;
    case AVP_ORIGIN_REALM:
        capabilities->origin_realm = avp->data;
        return true;
    case AVP_AUTH_APPLICATION_ID:
    case AVP_ACCT_APPLICATION_ID:
        capabilities->applications |= bit_of_application(node, diameter_avp_unsigned(avp));
        return true;
    case AVP_VENDOR_SPECIFIC_APPLICATION_ID:
        return read_vendor_application(node, avp, &capabilities->applications);
    default:
        return true;
    }
}

static bool is_allowed_length(size_t allowed, size_t length)
{
    return allowed == 0 ? length > 0 && length < IDENTITY_SIZE : length == allowed;
}

/* The place of an AVP in the table above, or NEIGHBOUR_AVPS. */
static size_t find_neighbour_avp(const struct diameter_avp *avp)
{
    size_t place = 0;
    while (place < NEIGHBOUR_AVPS && !diameter_avp_is(avp, neighbour_avps[place].code)) {
        place++;
    }
    return place;
}

/* The kinds of required AVPs that this message must have. */
static unsigned requirements_of(const struct diameter_header *header)
{
    bool is_request = (header->flags & DIAMETER_REQUEST) != 0;
    bool is_error = (header->flags & DIAMETER_ERROR) != 0;
    unsigned required = IN_ALL | (is_request ? 0 : IN_ANSWERS);
    if (header->command == COMMAND_CAPABILITIES_EXCHANGE && !is_error) {
        required |= IN_CAPABILITIES;
    }
    if (header->command == COMMAND_DISCONNECT_PEER && is_request) {
        required |= IN_GOODBYES;
    }
    return required;
}

/* freeDiameter checks this, too, but forgets some memory each time that it does not hold. */
static bool are_counts_right(const struct diameter_header *header, const size_t counts[NEIGHBOUR_AVPS])
{
    unsigned required = requirements_of(header);
    for (size_t i = 0; i < NEIGHBOUR_AVPS; i++) {
        unsigned occurrence = neighbour_avps[i].occurrence;
        if ((counts[i] == 0 && (occurrence & required) != 0) || (counts[i] > 1 && (occurrence & MANY) == 0)) {
            return false;
        }
    }
    return true;
}

/* Takes out of the message what freeDiameter need not see. The octets and the message hold the same AVPs in order. */
static bool reduce(const struct diameter_node *node, struct msg *message, const struct letter *letter,
                   struct capabilities *capabilities)
{
    size_t counts[NEIGHBOUR_AVPS] = {0};
    struct octet_reader reader = octet_reader_of(letter->avps);
    struct diameter_avp avp;
    struct avp *child = NULL;
    bool acceptable = fd_msg_browse_internal(message, MSG_BRW_FIRST_CHILD, (void **)&child, NULL) == 0;
    while (acceptable && child != NULL && diameter_next_avp(&reader, &avp)) {
        struct avp *next = NULL;
        acceptable = fd_msg_browse_internal(child, MSG_BRW_NEXT, (void **)&next, NULL) == 0;
        size_t place = find_neighbour_avp(&avp);
        if (place == NEIGHBOUR_AVPS) {
            (void)fd_msg_free(child);
        } else {
            counts[place]++;
            acceptable = acceptable && is_allowed_length(neighbour_avps[place].length, avp.data.length) &&
                         note_capability(node, &avp, capabilities);
        }
        child = next;
    }
    return acceptable && !reader.failed && are_counts_right(&letter->header, counts);
}

static bool is_same_text(const char *text, struct octets octets)
{
    return strlen(text) == octets.length && strncasecmp(text, (const char *)octets.data, octets.length) == 0;
}

/*
 * Only configured peers get past this, and only with an application in common: freeDiameter gives up peers without. A
 * node that is about to end lets nobody in any more.
 */
static bool admit_peer(struct diameter_node *node, const struct letter *letter, const struct capabilities *capabilities)
{
    if (atomic_load(&node->closing)) {
        return false;
    }
    struct node_peer *peer = diameter_find_peer(node, capabilities->origin_host);
    if (peer == NULL) {
        log_warning(node->log, "Diameter: refused \"%.*s\", which is not a configured peer",
                    (int)capabilities->origin_host.length, (const char *)capabilities->origin_host.data);
        return false;
    }
    if (peer->realm[0] != '\0' && !is_same_text(peer->realm, capabilities->origin_realm)) {
        log_warning(node->log, "Diameter: refused %s, which does not give its realm as %s", peer->identity,
                    peer->realm);
        return false;
    }
    bool is_error = (letter->header.flags & DIAMETER_REQUEST) == 0 &&
                    diameter_find_result_code(letter->avps) != ER_DIAMETER_SUCCESS;
    if (is_error) {
        log_warning(node->log, "Diameter: %s refuses us with result %u", peer->identity,
                    diameter_find_result_code(letter->avps));
        return true;
    }
    if (capabilities->applications == 0) {
        log_warning(node->log, "Diameter: refused %s, which has no application in common", peer->identity);
        return false;
    }
    atomic_store(&peer->applications, capabilities->applications);
    return true;
}

static bool is_acceptable_from_neighbour(struct diameter_node *node, struct msg *message, const struct letter *letter)
{
    const uint32_t command = letter->header.command;
    bool is_request = (letter->header.flags & DIAMETER_REQUEST) != 0;
    if (command != COMMAND_CAPABILITIES_EXCHANGE && command != COMMAND_DEVICE_WATCHDOG &&
        command != COMMAND_DISCONNECT_PEER) {
        return false;
    }
    if (is_request && (letter->header.flags & DIAMETER_ERROR) != 0) {
        return false;
    }
    if (!is_request && answers_outbox(message)) {
        return false;
    }
    /* freeDiameter takes an answer to whatever request as the end of the connection for all time. */
    if (!is_request && command == COMMAND_DISCONNECT_PEER && !atomic_load(&node->closing)) {
        return false;
    }
    struct capabilities capabilities = {{NULL, 0}, {NULL, 0}, 0};
    if (!reduce(node, message, letter, &capabilities)) {
        return false;
    }
    return command != COMMAND_CAPABILITIES_EXCHANGE || admit_peer(node, letter, &capabilities);
}

static void pass_from_neighbour(struct diameter_node *node, struct msg *message, struct peer_hdr *peer,
                                const struct letter *letter)
{
    bool is_request = (letter->header.flags & DIAMETER_REQUEST) != 0;
    bool acceptable = is_acceptable_from_neighbour(node, message, letter);
    if (!acceptable) {
        log_debug(node->log, "Diameter: a message of command %u between neighbours is not acceptable",
                  letter->header.command);
        make_unrecognisable(message);
    }
    if (!is_request && (!acceptable || letter->header.command == COMMAND_DISCONNECT_PEER)) {
        diameter_quiet_connection(node, peer);
    }
}

static bool is_capabilities_request(const struct diameter_header *header)
{
    return header->command == COMMAND_CAPABILITIES_EXCHANGE && header->application == 0 &&
           (header->flags & (DIAMETER_REQUEST | DIAMETER_PROXIABLE)) == DIAMETER_REQUEST;
}

static void pass_letter(struct diameter_node *node, struct msg *message, struct peer_hdr *peer,
                        const struct letter *letter)
{
    bool is_request = (letter->header.flags & DIAMETER_REQUEST) != 0;
    bool is_routable = letter->header.application != 0 || (letter->header.flags & DIAMETER_PROXIABLE) != 0;
    if (peer == NULL && !is_capabilities_request(&letter->header)) {
        make_unrecognisable(message);
    } else if (is_routable && is_request && atomic_load(&node->closing)) {
        diameter_cut_connection(node, peer);
        make_unrecognisable(message);
    } else if (is_routable) {
        put_in_envelope(node, message, letter);
    } else {
        pass_from_neighbour(node, message, peer, letter);
    }
}

static void on_message_received(enum fd_hook_type type, struct msg *message, struct peer_hdr *peer, void *other,
                                struct fd_hook_permsgdata *unused, void *context)
{
    (void)type;
    (void)other;
    (void)unused;
    struct letter letter;
    memset(&letter, 0, sizeof letter);
    bool is_readable =
        fd_msg_bufferize(message, &letter.octets, &letter.length) == 0 &&
        diameter_read_header(octets_of(letter.octets, letter.length), &letter.header, &letter.avps) == GBAU_OK;
    if (is_readable) {
        pass_letter(context, message, peer, &letter);
    } else {
        make_unrecognisable(message);
    }
    if (letter.octets != NULL) {
        secret_wipe(letter.octets, letter.length);
        free(letter.octets);
    }
}

/* Without a hook of ours, freeDiameter would write messages with all that is in them to the log. */
static void on_event(enum fd_hook_type type, struct msg *message, struct peer_hdr *peer, void *other,
                     struct fd_hook_permsgdata *unused, void *context)
{
    (void)unused;
    struct diameter_node *node = context;
    const char *identity = peer == NULL ? "(nobody)" : peer->info.pi_diamid;
    const char *reason = other == NULL ? "" : other;
    int state = diameter_forbid_cancel();
    if (type == HOOK_PEER_CONNECT_SUCCESS) {
        log_info(node->log, "Diameter: connected with %s", identity);
        diameter_note_connection(node, peer);
    } else if (type == HOOK_PEER_CONNECT_FAILED) {
        log_debug(node->log, "Diameter: no connection with %s: %s", identity, reason);
    } else if (type == HOOK_MESSAGE_DROPPED) {
        log_debug(node->log, "Diameter: dropped a message: %s", reason);
        diameter_drop_message(node, message);
    }
    diameter_allow_cancel(state);
}

int diameter_forbid_cancel(void)
{
    int state = PTHREAD_CANCEL_ENABLE;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    return state;
}

void diameter_allow_cancel(int state)
{
    (void)pthread_setcancelstate(state, NULL);
}

static bool define_letter(struct diameter_node *node, struct dictionary *dictionary)
{
    char name[] = "gbau-Letter";
    struct dict_avp_data data = {.avp_code = LETTER_CODE, .avp_name = name, .avp_basetype = AVP_TYPE_OCTETSTRING};
    return fd_dict_new(dictionary, DICT_AVP, &data, NULL, &node->letter) == 0;
}

static bool define_envelope(struct dictionary *dictionary, const char *name, uint8_t flags)
{
    char writable[64];
    (void)snprintf(writable, sizeof writable, "%s", name);
    struct dict_cmd_data data = {
        .cmd_code = ENVELOPE_COMMAND, .cmd_name = writable, .cmd_flag_mask = CMD_FLAG_REQUEST, .cmd_flag_val = flags};
    return fd_dict_new(dictionary, DICT_COMMAND, &data, NULL, NULL) == 0;
}

static bool find_avp(struct dictionary *dictionary, const char *name, struct dict_object **object)
{
    return fd_dict_search(dictionary, DICT_AVP, AVP_BY_NAME, name, object, ENOENT) == 0;
}

enum gbau_status diameter_open_gate(struct diameter_node *node)
{
    struct dictionary *dictionary = fd_g_config->cnf_dict;
    if (!define_letter(node, dictionary) || !define_envelope(dictionary, "gbau-Envelope-Request", CMD_FLAG_REQUEST) ||
        !define_envelope(dictionary, "gbau-Envelope-Answer", 0) ||
        !find_avp(dictionary, "Destination-Host", &node->destination_host) ||
        !find_avp(dictionary, "Destination-Realm", &node->destination_realm)) {
        return GBAU_E_UNSUPPORTED;
    }
    uint32_t all = (1U << (HOOK_LAST + 1)) - 1;
    uint32_t received = 1U << HOOK_MESSAGE_RECEIVED;
    if (fd_hook_register(received, on_message_received, node, NULL, &node->hooks[0]) != 0 ||
        fd_hook_register(all & ~received, on_event, node, NULL, &node->hooks[1]) != 0) {
        return GBAU_E_MEMORY;
    }
    return GBAU_OK;
}
