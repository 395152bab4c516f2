/* demo_provision.c: a card, its subscriber, and the configurations of three daemons. */
#include "cli/demo_provision.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/database_key.h"
#include "cli/verbs.h"
#include "key/identity.h"
#include "me/usim.h"
#include "reader/card_image.h"
#include "store/subscriber_store.h"

enum { PUK_SIZE = 9, MNC_DIGITS = 2 };

const uint8_t demo_digest_ua[] = {0x01, 0x00, 0x00, 0x00, 0x02};
const uint8_t demo_sealed_ua[] = {0xff, 0x67, 0x62, 0x00, 0x01};

/* Ports */

static enum gbau_status reserve_port(int *reservation, uint16_t *port)
{
    const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    *reservation = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*reservation < 0 || setsockopt(*reservation, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(*reservation, (const struct sockaddr *)&address, length) != 0 ||
        getsockname(*reservation, (struct sockaddr *)&address, &length) != 0) {
        log_error(&cli_log, "no free port on 127.0.0.1: %s", strerror(errno));
        return GBAU_E_IO;
    }
    *port = ntohs(address.sin_port);
    return GBAU_OK;
}

enum gbau_status demo_ports_open(struct demo_ports *ports)
{
    *ports = DEMO_PORTS_CLOSED;
    enum gbau_status status = GBAU_OK;
    for (size_t i = 0; i < DEMO_LINK_COUNT && status == GBAU_OK; i++) {
        status = reserve_port(&ports->reservations[i], &ports->ports[i]);
    }
    return status;
}

void demo_ports_close(struct demo_ports *ports)
{
    for (size_t i = 0; i < DEMO_LINK_COUNT; i++) {
        if (ports->reservations[i] >= 0) {
            (void)close(ports->reservations[i]);
        }
        ports->reservations[i] = -1;
    }
}

/* Card and subscriber */

/* Everything that is random about a card. */
struct card_secrets {
    struct aka_k k;
    struct aka_opc opc;
    char puk[PUK_SIZE];
    uint8_t adm[8];
};

static enum gbau_status make_digits(struct crypto *crypto, char *digits, size_t size)
{
    uint8_t octet = 0;
    for (size_t i = 0; i + 1 < size; i++) {
        enum gbau_status status = crypto_random(crypto, &octet, sizeof octet);
        if (status != GBAU_OK) {
            return status;
        }
        digits[i] = (char)('0' + octet % 10); /* not quite uniform, which a PIN for some seconds need not be */
    }
    digits[size - 1] = '\0';
    return GBAU_OK;
}

static enum gbau_status make_secrets(struct crypto *crypto, struct card_secrets *secrets, char pin[DEMO_PIN_SIZE])
{
    enum gbau_status status = crypto_random(crypto, secrets->k.octets, sizeof secrets->k.octets);
    if (status == GBAU_OK) {
        status = crypto_random(crypto, secrets->opc.octets, sizeof secrets->opc.octets);
    }
    if (status == GBAU_OK) {
        status = crypto_random(crypto, secrets->adm, sizeof secrets->adm);
    }
    if (status == GBAU_OK) {
        status = make_digits(crypto, secrets->puk, sizeof secrets->puk);
    }
    return status == GBAU_OK ? make_digits(crypto, pin, DEMO_PIN_SIZE) : status;
}

static enum gbau_status make_card(const struct demo_places *places, const struct card_secrets *secrets, const char *pin)
{
    char path[DEMO_PATH_SIZE];
    uint8_t naf_id[NAF_ID_MAX];
    struct octet_writer writer = octet_writer_of(naf_id, sizeof naf_id);
    enum gbau_status status = usim_write_naf_id(&writer, DEMO_NAF_FQDN, demo_sealed_ua);
    if (status != GBAU_OK) {
        return status;
    }
    struct card_profile profile = {
        .imsi = DEMO_IMSI,
        .mnc_digits = MNC_DIGITS,
        .functions = aka_functions_of_milenage(&secrets->k, &secrets->opc),
        .sqn_delta = PROFILE_SQN_DELTA_DEFAULT,
        .gba_rules = GBA_U_RULES_DEFAULT,
        .pin = pin,
        .pin_enabled = true,
        .puk = secrets->puk,
        .api_line_count = 1,
        .api_lines = {{.naf_id = octets_written(&writer)}},
    };
    memcpy(profile.adm, secrets->adm, sizeof profile.adm);
    demo_places_work_path(places, DEMO_CARD, path);
    status = card_image_create(path, &profile, &cli_log);
    secret_wipe(&profile, sizeof profile);
    return status;
}

static enum gbau_status write_subscriber(const char *database, const struct subscriber *subscriber)
{
    char key_file[DATABASE_KEY_PATH_SIZE];
    struct key_wrap *wrap = NULL;
    struct subscriber_store *store = NULL;
    enum gbau_status status = database_key_path(database, key_file);
    if (status == GBAU_OK) {
        status = key_wrap_open(key_file, &cli_log, &wrap);
    }
    if (status == GBAU_OK) {
        status = subscriber_store_open(database, true, wrap, &cli_log, &store);
    }
    if (status == GBAU_OK) {
        status = subscriber_store_add(store, subscriber, 0);
    }
    subscriber_store_close(store);
    key_wrap_close(wrap);
    return status;
}

static enum gbau_status make_subscriber(const struct demo_places *places, const struct card_secrets *secrets)
{
    char database[DEMO_PATH_SIZE];
    struct identity identity;
    enum gbau_status status = identity_of_imsi(DEMO_IMSI, MNC_DIGITS, &identity);
    if (status != GBAU_OK) {
        return status;
    }
    struct subscriber subscriber = {
        .imsi = DEMO_IMSI, .k = secrets->k, .opc = secrets->opc, .uicc_type = GUSS_UICC_GBA_U};
    (void)snprintf(subscriber.impi, sizeof subscriber.impi, "%s", identity.impi);
    demo_places_work_path(places, "hss.db", database);
    status = write_subscriber(database, &subscriber);
    secret_wipe(&subscriber, sizeof subscriber);
    return status;
}

enum gbau_status demo_provision_subscriber(const struct demo_places *places, struct crypto *crypto,
                                           char pin[DEMO_PIN_SIZE])
{
    struct card_secrets secrets;
    enum gbau_status status = make_secrets(crypto, &secrets, pin);
    if (status == GBAU_OK) {
        status = make_card(places, &secrets, pin);
    }
    if (status == GBAU_OK) {
        status = make_subscriber(places, &secrets);
    }
    secret_wipe(&secrets, sizeof secrets);
    return status;
}

/* Daemons */

static enum gbau_status end_file(FILE *file, const char *path)
{
    const bool failed = file == NULL || ferror(file) != 0;
    const bool closed = file != NULL && fclose(file) == 0;
    if (failed || !closed) {
        log_error(&cli_log, "cannot write %s: %s", path, strerror(errno));
        return GBAU_E_STORAGE;
    }
    return GBAU_OK;
}

static void write_diameter(FILE *file, const char *identity, const char *realm, uint16_t port)
{
    fprintf(file, "diameter:\n  identity: %s\n  realm: %s\n", identity, realm);
    if (port != 0) {
        fprintf(file, "  listen: 127.0.0.1:%u\n", port);
    }
    fprintf(file, "  peers:\n");
}

/* `port` 0: the peer connects to us. */
static void write_peer(FILE *file, const char *identity, const char *realm, uint16_t port)
{
    fprintf(file, "    - identity: %s\n      realm: %s\n", identity, realm);
    if (port != 0) {
        fprintf(file, "      connect: 127.0.0.1:%u\n", port);
    }
}

static void write_hss(FILE *file, const struct demo_ports *ports, const struct demo_trace *trace)
{
    (void)trace;
    fprintf(file, "database: hss.db\n");
    write_diameter(file, DEMO_HSS_IDENTITY, "home.example", ports->ports[DEMO_LINK_ZH]);
    write_peer(file, DEMO_BSF_IDENTITY, "home.example", 0);
}

static void write_bsf(FILE *file, const struct demo_ports *ports, const struct demo_trace *trace)
{
    fprintf(file,
            "fqdn: bsf.mnc001.mcc001.pub.3gppnetwork.org\n"
            "key_lifetime: 86400\n"
            "ub:\n  listen: 127.0.0.1:%u\n"
            "sessions:\n  path: bsf-sessions\n  max_megabytes: 16\n"
            "hss:\n  identity: " DEMO_HSS_IDENTITY "\n  realm: home.example\n"
            "nafs:\n  - identity: " DEMO_NAF_IDENTITY "\n    fqdns: [" DEMO_NAF_FQDN "]\n"
            "    may_see_impi: true\n    may_have_int_key: true\n",
            ports->ports[DEMO_LINK_UB]);
    write_diameter(file, DEMO_BSF_IDENTITY, "home.example", ports->ports[DEMO_LINK_ZN]);
    write_peer(file, DEMO_HSS_IDENTITY, "home.example", demo_trace_port(trace, DEMO_LINK_ZH));
    write_peer(file, DEMO_NAF_IDENTITY, "service.example", 0);
}

static void write_naf(FILE *file, const struct demo_ports *ports, const struct demo_trace *trace)
{
    fprintf(file,
            "fqdn: " DEMO_NAF_FQDN "\n"
            "http:\n  listen: 127.0.0.1:%u\n"
            "sealed:\n  path: " DEMO_SEALED_PATH "\n  ua: ff67620001\n  inbox: " DEMO_INBOX "\n"
            "bsf:\n  identity: " DEMO_BSF_IDENTITY "\n  realm: home.example\n",
            ports->ports[DEMO_LINK_UA]);
    write_diameter(file, DEMO_NAF_IDENTITY, "service.example", 0);
    write_peer(file, DEMO_BSF_IDENTITY, "home.example", demo_trace_port(trace, DEMO_LINK_ZN));
}

enum gbau_status demo_provision_daemons(const struct demo_places *places, const struct demo_ports *ports,
                                        const struct demo_trace *trace)
{
    static const struct {
        const char *name;
        void (*write)(FILE *file, const struct demo_ports *ports, const struct demo_trace *trace);
    } files[] = {{"hss.yaml", write_hss}, {"bsf.yaml", write_bsf}, {"naf.yaml", write_naf}};
    enum gbau_status status = GBAU_OK;
    for (size_t i = 0; i < sizeof files / sizeof files[0] && status == GBAU_OK; i++) {
        char path[DEMO_PATH_SIZE];
        demo_places_work_path(places, files[i].name, path);
        FILE *file = fopen(path, "we");
        if (file != NULL) {
            files[i].write(file, ports, trace);
        }
        status = end_file(file, path);
    }
    return status;
}
