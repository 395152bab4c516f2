/* authenticate.c: AUTHENTICATE of USIM and ISIM: GSM, 3G (IMS) and GBA contexts (TS 31.102 7.1, TS 31.103 7.1). */
#include <string.h>

#include "base/secret.h"
#include "uicc/channel.h"
#include "uicc/command.h"
#include "uicc/file_system.h"
#include "uicc/gba.h"
#include "uicc/pin.h"

enum { TAG_SUCCESS = 0xdb, TAG_SYNC_FAILURE = 0xdc, TAG_BOOTSTRAPPING = 0xdd, TAG_NAF_DERIVATION = 0xde };

/* Where an application says what it offers, and the numbers of the services that AUTHENTICATE depends on. */
struct services {
    uint16_t table; /* EF_UST or EF_IST */
    uint8_t gba;
    uint8_t gsm_access; /* 0: this kind of application has no such service */
    uint8_t gsm_security_context;
};

static const struct services services_of_kind[] = {
    [APPLICATION_USIM] = {.table = 0x6f38, .gba = 68, .gsm_access = 27, .gsm_security_context = 38},
    [APPLICATION_ISIM] = {.table = 0x6f07, .gba = 2},
};

typedef enum status_word context_handler(struct uicc *uicc, const struct card_application *application,
                                         struct octet_reader *data, struct octet_writer *response);

/* Service n of EF_UST or EF_IST: byte (n-1)/8, bit (n-1)%8 (31.102 4.2.8). */
static bool service_is_available(const struct uicc *uicc, const struct card_application *application, unsigned service)
{
    const uint8_t index = file_system_find_child(uicc, application->adf, services_of_kind[application->kind].table);
    const size_t octet = (service - 1) / 8;
    if (index == CARD_NO_INDEX || service == 0) {
        return false;
    }
    const struct card_file file = card_layout_file(&uicc->layout, index);
    return octet < file.size && (uicc->nvm.data[file.body + octet] & 1U << (service - 1) % 8) != 0;
}

/* 10 RAND 10 AUTN and nothing else. */
static bool read_challenge(struct octet_reader *data, struct aka_rand *rand, struct aka_autn *autn)
{
    bool lengths_right = octet_reader_u8(data) == AKA_RAND_SIZE;
    octet_reader_copy(data, rand->octets, AKA_RAND_SIZE);
    lengths_right = octet_reader_u8(data) == AKA_AUTN_SIZE && lengths_right;
    octet_reader_copy(data, autn->octets, AKA_AUTN_SIZE);
    return lengths_right && octet_reader_end(data) == GBAU_OK;
}

static void write_value(struct octet_writer *response, const uint8_t *value, size_t length)
{
    octet_writer_u8(response, (uint8_t)length);
    octet_writer_put(response, value, length);
}

static void write_auts(struct octet_writer *response, const struct aka_auts *auts)
{
    octet_writer_u8(response, TAG_SYNC_FAILURE);
    write_value(response, auts->octets, AKA_AUTS_SIZE);
}

/* Kc = CK1 xor CK2 xor IK1 xor IK2 (33.102 6.8.1.2, conversion function c3). */
static void write_kc(struct octet_writer *response, const struct aka_ck *ck, const struct aka_ik *ik)
{
    uint8_t kc[8];
    for (size_t i = 0; i < sizeof kc; i++) {
        kc[i] = ck->octets[i] ^ ck->octets[i + 8] ^ ik->octets[i] ^ ik->octets[i + 8];
    }
    write_value(response, kc, sizeof kc);
    secret_wipe(kc, sizeof kc);
}

/* SRES = XRES*1 xor XRES*2 xor XRES*3 xor XRES*4, where XRES* is RES and zeros behind it (33.102, c2). */
static void write_sres(struct octet_writer *response, const struct aka_res *res)
{
    uint8_t sres[4] = {0};
    for (size_t i = 0; i < res->length; i++) {
        sres[i % sizeof sres] ^= res->octets[i];
    }
    write_value(response, sres, sizeof sres);
}

/* GSM context: 10 RAND gives 04 SRES 08 Kc, made of the 3G quantities (31.102 7.1.2.1, 33.102 6.8.1). */
static enum status_word run_gsm_context(struct uicc *uicc, const struct card_application *application,
                                        struct octet_reader *data, struct octet_writer *response)
{
    struct aka_rand rand;
    struct aka_keys keys;
    struct aka_f2345 made = {0};
    if (!service_is_available(uicc, application, services_of_kind[application->kind].gsm_security_context)) {
        return SW_AUTHENTICATION_CONTEXT;
    }
    const bool length_right = octet_reader_u8(data) == AKA_RAND_SIZE;
    octet_reader_copy(data, rand.octets, AKA_RAND_SIZE);
    if (!length_right || octet_reader_end(data) != GBAU_OK) {
        return SW_WRONG_LENGTH;
    }
    enum gbau_status status = aka_read_keys(uicc, application, &keys);
    if (status == GBAU_OK) {
        status = aka_f2345(uicc->crypto, &keys.functions, &rand, &made);
    }
    if (status == GBAU_OK) {
        write_sres(response, &made.res);
        write_kc(response, &made.ck, &made.ik);
    }
    secret_wipe(&keys, sizeof keys);
    secret_wipe(&made, sizeof made);
    return sw_of_status(status);
}

static enum status_word answer_3g(struct uicc *uicc, const struct card_application *application,
                                  const struct aka_result *result, struct octet_writer *response)
{
    nvm_begin(&uicc->nvm);
    aka_accept_sqn(uicc, application, result->sqn);
    if (nvm_commit(&uicc->nvm) != GBAU_OK) {
        return SW_MEMORY_PROBLEM;
    }
    octet_writer_u8(response, TAG_SUCCESS);
    write_value(response, result->res.octets, result->res.length);
    write_value(response, result->ck.octets, AKA_CK_SIZE);
    write_value(response, result->ik.octets, AKA_IK_SIZE);
    if (service_is_available(uicc, application, services_of_kind[application->kind].gsm_access)) {
        write_kc(response, &result->ck, &result->ik);
    }
    return SW_OK;
}

static enum status_word answer_bootstrapping(struct uicc *uicc, const struct card_application *application,
                                             const struct aka_rand *rand, struct aka_result *result,
                                             struct octet_writer *response)
{
    enum gbau_status status = gba_store_bootstrapping(uicc, application, rand, result);
    if (status != GBAU_OK) {
        return sw_of_status(status);
    }
    if (application->gba_rules.flip_res_bit) {
        gba_u_flip_res(&result->res);
    }
    octet_writer_u8(response, TAG_SUCCESS);
    write_value(response, result->res.octets, result->res.length);
    return SW_OK;
}

/* Both contexts check the same challenge; they differ in the mask and in what becomes of CK and IK. */
static enum status_word run_challenge(struct uicc *uicc, const struct card_application *application,
                                      struct octet_reader *data, bool bootstrapping, struct octet_writer *response)
{
    struct aka_rand rand;
    struct aka_autn autn;
    struct aka_result result = {0};
    if (!read_challenge(data, &rand, &autn)) {
        return SW_WRONG_LENGTH;
    }
    enum status_word sw = SW_TECHNICAL_PROBLEM;
    bool unmask = bootstrapping && application->gba_rules.mask_mac;
    if (aka_check(uicc, application, &rand, &autn, unmask, &result) != GBAU_OK) {
        sw = SW_TECHNICAL_PROBLEM;
    } else if (result.outcome == AKA_MAC_WRONG) {
        sw = SW_AUTHENTICATION_MAC;
    } else if (result.outcome == AKA_SYNC_FAILURE) {
        write_auts(response, &result.auts);
        sw = SW_OK;
    } else {
        sw = bootstrapping ? answer_bootstrapping(uicc, application, &rand, &result, response)
                           : answer_3g(uicc, application, &result, response);
    }
    secret_wipe(&result, sizeof result);
    return sw;
}

static enum status_word run_3g_context(struct uicc *uicc, const struct card_application *application,
                                       struct octet_reader *data, struct octet_writer *response)
{
    return run_challenge(uicc, application, data, false, response);
}

static enum status_word run_naf_derivation(struct uicc *uicc, const struct card_application *application,
                                           struct octet_reader *data, struct octet_writer *response)
{
    struct ks_ext_naf key;
    struct octets naf_id = octet_reader_take(data, octet_reader_u8(data));
    struct octets impi = octet_reader_take(data, octet_reader_u8(data));
    if (octet_reader_end(data) != GBAU_OK || naf_id.length <= NAF_ID_UA_SIZE || impi.length == 0) {
        return SW_WRONG_LENGTH;
    }
    enum gbau_status status = gba_derive(uicc, application, naf_id, impi, &key);
    if (status == GBAU_OK) {
        octet_writer_u8(response, TAG_SUCCESS);
        write_value(response, key.octets, NAF_KEY_SIZE);
    }
    secret_wipe(&key, sizeof key);
    if (status == GBAU_E_NOT_FOUND) {
        return SW_CONDITIONS; /* no Ks ([M] 31.102 7.1.1.5) */
    }
    return status == GBAU_E_SPACE ? SW_AUTHENTICATION_NO_MEMORY : sw_of_status(status);
}

static enum status_word run_gba_context(struct uicc *uicc, const struct card_application *application,
                                        struct octet_reader *data, struct octet_writer *response)
{
    if (!service_is_available(uicc, application, services_of_kind[application->kind].gba)) {
        return SW_AUTHENTICATION_CONTEXT;
    }
    switch (octet_reader_u8(data)) {
    case TAG_BOOTSTRAPPING:
        return run_challenge(uicc, application, data, true, response);
    case TAG_NAF_DERIVATION:
        return run_naf_derivation(uicc, application, data, response);
    default:
        return SW_WRONG_LENGTH;
    }
}

static enum status_word refuse_context(struct uicc *uicc, const struct card_application *application,
                                       struct octet_reader *data, struct octet_writer *response)
{
    (void)uicc;
    (void)application;
    (void)data;
    (void)response;
    return SW_AUTHENTICATION_CONTEXT;
}

struct context {
    uint8_t p2;
    context_handler *handler;
};

/* P2 of 31.102 7.1.2; other codings are reserved. IMS AKA of an ISIM is coded as 3G is (31.103 7.1.2.1). */
static const struct context contexts[] = {
    {0x80, run_gsm_context}, {0x81, run_3g_context}, /* 3G, EPS, 5G */
    {0x82, refuse_context},                          /* VGCS and VBS */
    {0x84, run_gba_context}, {0x85, refuse_context}, /* MBMS: odd INS only */
    {0x86, refuse_context},                          /* local key establishment: odd INS only */
};

static context_handler *find_context(uint8_t p2)
{
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++) {
        if (contexts[i].p2 == p2) {
            return contexts[i].handler;
        }
    }
    return NULL;
}

enum status_word command_authenticate(struct uicc *uicc, const struct uicc_command *command,
                                      struct octet_writer *response)
{
    context_handler *handler = find_context(command->p2);
    if (command->p1 != 0 || handler == NULL) {
        return SW_WRONG_P1_P2;
    }
    struct card_application application;
    if (!channel_application(uicc, command->channel, &application) ||
        file_system_is_terminated(uicc, application.adf)) {
        return SW_CONDITIONS;
    }
    if (!pin_of_application_is_satisfied(uicc, &application)) {
        return SW_SECURITY_STATUS;
    }
    if (command->data.length == 0) {
        return SW_WRONG_LENGTH;
    }
    struct octet_reader data = octet_reader_of(command->data);
    return handler(uicc, &application, &data, response);
}

/*
 * Odd INS: the contexts whose data is BER-TLV, MBMS and local key establishment. Both depend on a service that this
 * card's applications do not offer (69 and 76 of a USIM, 4 of an ISIM), so the first block is refused already, and no
 * block of a command or of a response is ever under way.
 */
enum status_word command_authenticate_tlv(struct uicc *uicc, const struct uicc_command *command,
                                          struct octet_writer *response)
{
    enum { FIRST_COMMAND_BLOCK = 0x80, MBMS = 0x85, LOCAL_KEY = 0x86 };
    (void)response;
    struct card_application application;
    if (command->p2 != MBMS && command->p2 != LOCAL_KEY) {
        return SW_WRONG_P1_P2;
    }
    if ((command->p1 & 0x5f) != 0) {
        return SW_WRONG_P1_P2;
    }
    if (!channel_application(uicc, command->channel, &application)) {
        return SW_CONDITIONS;
    }
    if (!pin_of_application_is_satisfied(uicc, &application)) {
        return SW_SECURITY_STATUS;
    }
    return command->p1 == FIRST_COMMAND_BLOCK ? SW_AUTHENTICATION_CONTEXT : SW_CONDITIONS;
}
