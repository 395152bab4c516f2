/* profile_short.c: a profile that gives a subscription and what differs from the default card. */
#include "profile/profile_private.h"

#include <string.h>

#include "base/secret.h"
#include "key/gba_keys.h"
#include "key/naf_id.h"

enum { ADM_SIZE = 8, PUK_DIGITS = 8, SERVICES_MAX = 255 };

#define DEFAULT_PIN      "1234"
#define PATH_OF_SERVICES "MF/ADF_USIM/EF_UST"

/* Reading */

/* Texts of digits and where they go. */
static enum gbau_status read_digits(const struct node *root, struct card_profile *card)
{
    const struct {
        const char *key;
        size_t minimum;
        size_t maximum;
        const char **text;
    } texts[] = {{"imsi", 6, 15, &card->imsi}, {"iccid", 18, 20, &card->iccid}, {"pin", 4, 8, &card->pin},
                 {"puk", 8, 8, &card->puk},    {"pin2", 4, 8, &card->pin2},     {"puk2", 8, 8, &card->puk2}};
    enum gbau_status status = GBAU_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == GBAU_OK; i++) {
        const struct node node = node_child(root, texts[i].key);
        status = node_digits(&node, texts[i].minimum, texts[i].maximum, texts[i].text);
    }
    return status;
}

static enum gbau_status read_numbers(const struct node *root, struct profile_subscription *subscription)
{
    const struct node mnc = node_child(root, "mnc-digits");
    const struct node enabled = node_child(root, "pin-enabled");
    const struct node adm = node_child(root, "adm");
    size_t adm_length = 0;
    enum gbau_status status = node_number(&mnc, 2, 3, &subscription->card.mnc_digits);
    if (status == GBAU_OK) {
        status = node_boolean(&enabled, &subscription->card.pin_enabled);
    }
    if (status == GBAU_OK) {
        status = node_hex(&adm, ADM_SIZE, ADM_SIZE, subscription->card.adm, &adm_length);
    }
    subscription->has_adm = adm_length > 0;
    return status;
}

/* "gbau", the API's own applet, or an AID. */
static enum gbau_status read_caller(struct profile_file *file, const struct node *node, struct octets *caller)
{
    uint8_t aid[CARD_AID_MAX];
    const char *text = NULL;
    size_t length = 0;
    enum gbau_status status = node_text(node, &text);
    if (status != GBAU_OK || text == NULL || strcmp(text, "gbau") == 0) {
        return status;
    }
    if (node_decode_hex(text, aid, sizeof aid, &length) != GBAU_OK || length < AID_MIN) {
        return node_reject(node, "must be gbau, or an AID of 10 to 32 hexadecimal digits");
    }
    uint8_t *kept = profile_reserve(file, node, length);
    if (kept == NULL) {
        return GBAU_E_SPACE;
    }
    memcpy(kept, aid, length);
    *caller = octets_of(kept, length);
    return GBAU_OK;
}

static enum gbau_status read_naf(struct profile_file *file, const struct node *node, struct octets *naf_id)
{
    const char *text = NULL;
    enum gbau_status status = node_text(node, &text);
    if (status == GBAU_OK && text == NULL) {
        status = node_missing(node, "FQDN/UA of the service, as naf.example.com/ff67620001");
    }
    uint8_t *kept = status == GBAU_OK ? profile_reserve(file, node, NAF_ID_MAX) : NULL;
    if (kept == NULL) {
        return status == GBAU_OK ? GBAU_E_SPACE : status;
    }
    struct octet_writer writer = octet_writer_of(kept, NAF_ID_MAX);
    if (naf_id_write_text(&writer, text) != GBAU_OK) {
        return node_reject(node, "must be FQDN/UA with UA as 10 hexadecimal digits");
    }
    *naf_id = octets_written(&writer);
    return GBAU_OK;
}

static enum gbau_status read_api_line(struct profile_file *file, const struct node *node, struct profile_api_line *line)
{
    static const char *const allowed[] = {"caller", "naf", NULL};
    const struct node caller = node_child(node, "caller");
    const struct node naf = node_child(node, "naf");
    enum gbau_status status = yaml_config_check_keys(node->config, node->path, allowed);
    if (status == GBAU_OK) {
        status = read_caller(file, &caller, &line->caller);
    }
    return status == GBAU_OK ? read_naf(file, &naf, &line->naf_id) : status;
}

static enum gbau_status read_api_lines(struct profile_file *file, const struct node *root)
{
    const struct node api = node_child(root, "api");
    struct card_profile *card = &file->subscription.card;
    enum gbau_status status = node_count(&api, PROFILE_MAX_API_LINES, &card->api_line_count);
    for (size_t i = 0; i < card->api_line_count && status == GBAU_OK; i++) {
        const struct node item = node_item(&api, i);
        status = read_api_line(file, &item, &card->api_lines[i]);
    }
    return status;
}

enum gbau_status profile_read_subscription(struct profile_file *file)
{
    static const char *const allowed[] = {"base",        "imsi",  "iccid",  "mnc-digits", KEY_NAMES, "pin",
                                          "pin-enabled", "puk",   "pin2",   "puk2",       "adm",     "api",
                                          "services",    "rules", "remove", "files",      NULL};
    struct profile_subscription *subscription = &file->subscription;
    struct card_profile *card = &subscription->card;
    const struct node root = node_root(file->config);
    enum gbau_status status = yaml_config_check_keys(root.config, root.path, allowed);
    if (status == GBAU_OK) {
        status = read_digits(&root, card);
    }
    if (status == GBAU_OK) {
        status = read_numbers(&root, subscription);
    }
    if (status == GBAU_OK) {
        status = profile_read_keys(&root, &subscription->keys);
    }
    if (status == GBAU_OK) {
        status = profile_read_sqn(&root, &card->sqn_delta, &card->sqn_age_limit, &card->sqn, NULL);
    }
    if (status == GBAU_OK) {
        status = profile_read_gba_rules(&root, &card->gba_rules, NULL);
    }
    return status == GBAU_OK ? read_api_lines(file, &root) : status;
}

/* Describing */

static enum gbau_status make_puk(struct profile_file *file, struct crypto *crypto)
{
    uint8_t octets[PUK_DIGITS];
    enum gbau_status status = crypto_random(crypto, octets, sizeof octets);
    for (size_t i = 0; i < PUK_DIGITS && status == GBAU_OK; i++) {
        file->puk[i] = (char)('0' + octets[i] % 10);
    }
    secret_wipe(octets, sizeof octets);
    file->subscription.card.puk = file->puk;
    return status;
}

static enum gbau_status complete(struct profile_file *file, struct crypto *crypto)
{
    struct profile_subscription *subscription = &file->subscription;
    struct card_profile *card = &subscription->card;
    const char *problem = profile_keys_problem(&subscription->keys);
    enum gbau_status status = GBAU_OK;
    if (card->imsi == NULL || problem != NULL) {
        const struct node node = node_root(file->config);
        return node_reject(&node, "%s", card->imsi == NULL ? "imsi is missing" : problem);
    }
    card->pin = card->pin == NULL ? DEFAULT_PIN : card->pin;
    if (card->puk == NULL) {
        status = make_puk(file, crypto);
    }
    if (status == GBAU_OK && !subscription->has_adm) {
        status = crypto_random(crypto, card->adm, sizeof card->adm);
        subscription->has_adm = status == GBAU_OK;
    }
    return status == GBAU_OK ? profile_keys_finish(&subscription->keys, crypto, &card->functions) : status;
}

/* Service n is bit (n - 1) % 8 of octet (n - 1) / 8 (TS 31.102 4.2.8). */
static enum gbau_status set_services(struct profile_file *file)
{
    const struct node root = node_root(file->config);
    const struct node services = node_child(&root, "services");
    const struct file_list list = file_list_of(file);
    const uint8_t index = file_path_find(&list, PATH_OF_SERVICES);
    size_t count = 0;
    enum gbau_status status = node_count(&services, SERVICES_MAX, &count);
    if (status != GBAU_OK || count == 0 || index == CARD_NO_INDEX) {
        return status;
    }
    struct described_file *table = &file->workspace.parts.files[index];
    uint8_t *octets = profile_reserve(file, &services, table->file.size);
    if (octets == NULL) {
        return GBAU_E_SPACE;
    }
    memset(octets, 0, table->file.size);
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        const struct node item = node_item(&services, i);
        unsigned service = 1;
        status = node_number(&item, 1, table->file.size * 8U, &service);
        octets[(service - 1) / 8] |= (uint8_t)(1U << (service - 1) % 8);
    }
    table->content = octets_of(octets, table->file.size);
    return status;
}

static enum gbau_status take_default_card(struct profile_file *file)
{
    struct card_description description;
    enum gbau_status status = card_profile_describe(&file->subscription.card, &file->workspace, &description);
    if (status != GBAU_OK) {
        const struct node node = node_root(file->config);
        return status == GBAU_E_SPACE ? node_reject(&node, "a name under api is too long for the card")
                                      : node_reject(&node, "the subscription contradicts itself");
    }
    file->file_count = description.file_count;
    file->pin_count = description.pin_count;
    file->application_count = description.application_count;
    file->persisted_keys = (unsigned)description.persisted_key_count;
    file->default_slots = description.file_count + description.free_slots;
    return GBAU_OK;
}

enum gbau_status profile_describe_subscription(struct profile_file *file, struct crypto *crypto)
{
    enum gbau_status status = complete(file, crypto);
    if (status == GBAU_OK) {
        status = take_default_card(file);
    }
    if (status == GBAU_OK) {
        status = set_services(file);
    }
    return status == GBAU_OK ? profile_remove_files(file) : status;
}
