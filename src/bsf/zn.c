/* zn.c: NAF keys for NAFs (TS 29.109 clause 5, TS 33.220 4.5.3 and 5.3.3). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"
#include "bsf/bsf_private.h"

enum { USS_LIST_SIZE = 16384 };

/* One request on its way. Holds secrets: wiped at the end. */
struct bir_work {
    struct gba_bir bir;
    const struct bsf_naf *naf;
    char b_tid[B_TID_SIZE];
    struct bootstrapping_session session;
    struct ks_ext_naf ext_key;
    struct ks_int_naf int_key;
    bool gives_int_key;
    char uss_list[USS_LIST_SIZE];
};

static const struct bsf_naf *find_naf(const struct bsf *bsf, struct octets origin_host)
{
    for (size_t i = 0; i < bsf->config.naf_count; i++) {
        const char *identity = bsf->config.nafs[i].identity;
        if (strlen(identity) == origin_host.length &&
            strncasecmp(identity, (const char *)origin_host.data, origin_host.length) == 0) {
            return &bsf->config.nafs[i];
        }
    }
    return NULL;
}

/* "naf.example.com" matches itself, "*.example.com" all names below; without regard to case. */
static bool pattern_matches(const char *pattern, struct octets fqdn)
{
    size_t length = strlen(pattern);
    if (pattern[0] != '*') {
        return length == fqdn.length && strncasecmp(pattern, (const char *)fqdn.data, length) == 0;
    }
    const char *suffix = pattern + 1;
    length--;
    return fqdn.length > length && strncasecmp(suffix, (const char *)fqdn.data + fqdn.length - length, length) == 0;
}

/* May the NAF speak for the FQDN in its NAF-Id? Never for the BSF's own: its "NAF key" is the TMPI (33.220 B.4). */
static bool naf_may_use(const struct bsf *bsf, const struct bsf_naf *naf, struct octets naf_id)
{
    struct octets fqdn = octets_of(naf_id.data, naf_id.length - NAF_ID_UA_SIZE);
    if (pattern_matches(bsf->config.fqdn, fqdn)) {
        return false;
    }
    for (size_t i = 0; i < naf->fqdn_count; i++) {
        if (pattern_matches(naf->fqdns[i], fqdn)) {
            return true;
        }
    }
    return false;
}

static enum gbau_status derive_keys(struct bsf *bsf, struct bir_work *work)
{
    const struct bootstrapping_session *session = &work->session;
    struct octets impi = octets_of_text(session->impi);
    struct crypto *crypto = crypto_pool_borrow(bsf->cryptos);
    enum gbau_status status =
        gba_derive_ks_ext_naf(crypto, &session->ks, &session->rand, impi, work->bir.naf_id, &work->ext_key);
    work->gives_int_key = session->mode == GBA_MODE_U && work->bir.gba_u_aware && work->naf->may_have_int_key;
    if (status == GBAU_OK && work->gives_int_key) {
        status = gba_derive_ks_int_naf(crypto, &session->ks, &session->rand, impi, work->bir.naf_id, &work->int_key);
    }
    crypto_pool_return(bsf->cryptos, crypto);
    return status;
}

static bool is_asked_for(const struct gba_bir *bir, uint32_t gsid)
{
    for (size_t i = 0; i < bir->gsid_count; i++) {
        if (bir->gsids[i] == gsid) {
            return true;
        }
    }
    return false;
}

/* The settings that were asked for and that this NAF's group may see. */
static uint32_t select_uss(const struct bir_work *work, const struct guss *guss)
{
    uint32_t selected = 0;
    for (size_t i = 0; i < guss->uss_count; i++) {
        const char *group = guss->uss[i].naf_group;
        bool in_group = group[0] == '\0' || strcmp(group, work->naf->group) == 0;
        if (in_group && is_asked_for(&work->bir, guss->uss[i].gsid)) {
            selected |= 1U << i;
        }
    }
    return selected;
}

static enum gbau_status write_uss_list(struct bir_work *work)
{
    if (work->bir.gsid_count == 0 || work->session.guss_xml[0] == '\0') {
        return GBAU_OK;
    }
    struct guss *guss = malloc(sizeof *guss);
    if (guss == NULL) {
        return GBAU_E_MEMORY;
    }
    enum gbau_status status = guss_read(octets_of_text(work->session.guss_xml), guss);
    uint32_t selected = status == GBAU_OK ? select_uss(work, guss) : 0;
    if (selected != 0) {
        status = guss_write_uss_list(guss, selected, work->uss_list, sizeof work->uss_list);
    }
    free(guss);
    return status;
}

static uint32_t work_on_bir(struct bsf *bsf, struct bir_work *work)
{
    if (work->naf == NULL || !naf_may_use(bsf, work->naf, work->bir.naf_id)) {
        return GBA_RESULT_NOT_AUTHORIZED;
    }
    enum gbau_status status = octets_to_text(work->bir.b_tid, work->b_tid, sizeof work->b_tid);
    if (status == GBAU_OK) {
        status = session_store_find(bsf->store, work->b_tid, &work->session);
    }
    if (status == GBAU_E_NOT_FOUND || status == GBAU_E_MALFORMED || status == GBAU_E_SPACE) {
        return GBA_RESULT_TRANSACTION_IDENTIFIER_INVALID;
    }
    if (status == GBAU_OK) {
        status = derive_keys(bsf, work);
    }
    if (status == GBAU_OK) {
        status = write_uss_list(work);
    }
    return status == GBAU_OK ? GBA_RESULT_SUCCESS : GBA_RESULT_UNABLE_TO_COMPLY;
}

static void write_success(const struct bir_work *work, struct octet_writer *answer)
{
    struct gba_bia bia = {
        .result = GBA_RESULT_SUCCESS,
        .me_key_material = octets_of(work->ext_key.octets, NAF_KEY_SIZE),
        .key_expiry = clock_to_ntp(work->session.expires),
        .creation_time = clock_to_ntp(work->session.created),
        .uss_list = octets_of_text(work->uss_list),
    };
    if (work->naf->may_see_impi) {
        bia.impi = octets_of_text(work->session.impi);
    }
    if (work->gives_int_key) {
        bia.uicc_key_material = octets_of(work->int_key.octets, NAF_KEY_SIZE);
    }
    gba_write_bia(answer, &bia);
}

static void write_failure(uint32_t result, struct octet_writer *answer)
{
    const struct gba_bia bia = {.result = result};
    gba_write_bia(answer, &bia);
}

void bsf_zn_answer(struct bsf *bsf, struct octets origin_host, struct octets request, struct octet_writer *answer)
{
    struct bir_work *work = calloc(1, sizeof *work);
    uint32_t result = GBA_RESULT_UNABLE_TO_COMPLY;
    if (work == NULL) {
        write_failure(result, answer);
        return;
    }
    if (gba_read_bir(request, &work->bir, &result) == GBAU_OK) {
        work->naf = find_naf(bsf, origin_host);
        result = work_on_bir(bsf, work);
    }
    if (result == GBA_RESULT_SUCCESS) {
        write_success(work, answer);
        log_info(bsf->log, "keys of B-TID %s given to NAF %s%s", work->b_tid, work->naf->identity,
                 work->gives_int_key ? ", Ks_int_NAF among them" : "");
    } else {
        write_failure(result, answer);
        log_warning(bsf->log, "request of NAF %.*s refused with %u", (int)origin_host.length,
                    (const char *)origin_host.data, result);
    }
    secret_wipe(work, sizeof *work);
    free(work);
}
