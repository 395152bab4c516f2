/* hss.c: one vector and the GUSS for each Multimedia-Auth-Request (TS 29.109 4.2). */
#include "hss/hss.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "codec/gba_avp.h"
#include "crypto/crypto_pool.h"
#include "hss/seq_reservation.h"
#include "key/aka_vector.h"

enum { SEQ_BLOCK_MAX = 1 << 20, IND_VALUES = 1 << AKA_SQN_IND_BITS, GUSS_TEXT_SIZE = 1024 };

struct hss {
    struct hss_config config;
    struct subscriber_store *store;
    const struct log *log;
    struct crypto_pool *cryptos;
    struct seq_reservation *reservation;
};

/* One request on its way. Holds secrets: wiped at the end. */
struct mar_work {
    struct gba_mar mar;
    char impi[SUBSCRIBER_IMPI_SIZE];
    struct subscriber subscriber;
    struct aka_vector vector;
    char guss[GUSS_TEXT_SIZE];
};

static bool config_is_sound(const struct hss_config *config)
{
    return config->seq_block >= 1 && config->seq_block <= SEQ_BLOCK_MAX && config->ind_first < IND_VALUES &&
           config->ind_count >= 1 && config->ind_count <= IND_VALUES - config->ind_first;
}

enum gbau_status hss_open(const struct hss_config *config, struct subscriber_store *store, const struct clock *clock,
                          const struct log *log, struct hss **hss)
{
    *hss = NULL;
    if (!config_is_sound(config)) {
        return GBAU_E_ARGUMENT;
    }
    struct hss *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->config = *config;
    opened->store = store;
    opened->log = log;
    enum gbau_status status = crypto_pool_open(config->crypto_count, &opened->cryptos);
    if (status == GBAU_OK) {
        status = seq_reservation_open(store, config->seq_block, clock, &opened->reservation);
    }
    if (status != GBAU_OK) {
        hss_close(opened);
        return status;
    }
    *hss = opened;
    return GBAU_OK;
}

void hss_close(struct hss *hss)
{
    if (hss == NULL) {
        return;
    }
    seq_reservation_close(hss->reservation);
    crypto_pool_close(hss->cryptos);
    free(hss);
}

static struct milenage milenage_of(const struct subscriber *subscriber)
{
    return (struct milenage){
        .k = subscriber->k, .opc = subscriber->opc, .constants = &milenage_default_constants};
}

/* Resynchronisation: RAND || AUTS tells the highest SQN that the card has accepted (33.102 6.3.5). */
static enum gbau_status resynchronise(struct hss *hss, struct crypto *crypto, struct mar_work *work)
{
    struct aka_rand rand;
    struct aka_auts auts;
    aka_sqn sqn_ms = 0;
    struct octet_reader reader = octet_reader_of(work->mar.rand_auts);
    octet_reader_copy(&reader, rand.octets, AKA_RAND_SIZE);
    octet_reader_copy(&reader, auts.octets, AKA_AUTS_SIZE);
    enum gbau_status status = octet_reader_end(&reader);
    if (status == GBAU_OK) {
        status = subscriber_store_find(hss->store, work->impi, &work->subscriber);
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct milenage milenage = milenage_of(&work->subscriber);
    status = aka_read_auts(crypto, &milenage, &rand, &auts, &sqn_ms);
    milenage_clear(&milenage);
    if (status != GBAU_OK) {
        log_warning(hss->log, "resynchronisation of %s refused: MAC-S is wrong", work->impi);
        return status;
    }
    log_info(hss->log, "resynchronisation of %s", work->impi);
    return seq_reservation_raise(hss->reservation, work->impi, sqn_ms >> AKA_SQN_IND_BITS);
}

static aka_sqn sqn_of_seq(const struct hss *hss, uint64_t seq)
{
    return (seq << AKA_SQN_IND_BITS | (hss->config.ind_first + seq % hss->config.ind_count)) & AKA_SQN_MASK;
}

static enum gbau_status make_vector(struct hss *hss, struct crypto *crypto, struct mar_work *work)
{
    uint64_t seq = 0;
    enum gbau_status status = seq_reservation_take(hss->reservation, work->impi, &work->subscriber, &seq);
    if (status == GBAU_OK) {
        status = crypto_random(crypto, work->vector.rand.octets, AKA_RAND_SIZE);
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct milenage milenage = milenage_of(&work->subscriber);
    status = aka_vector_make(crypto, &milenage, sqn_of_seq(hss, seq), &work->subscriber.amf, &work->vector);
    milenage_clear(&milenage);
    return status;
}

static enum gbau_status write_guss(struct mar_work *work)
{
    struct guss *guss = malloc(sizeof *guss); /* large: room for many settings, of which there are none */
    if (guss == NULL) {
        return GBAU_E_MEMORY;
    }
    memcpy(guss->impi, work->subscriber.impi, sizeof work->subscriber.impi);
    guss->uicc_type = work->subscriber.uicc_type;
    guss->lifetime = work->subscriber.lifetime;
    guss->uss_count = 0;
    enum gbau_status status = guss_write(guss, work->guss, sizeof work->guss);
    free(guss);
    return status;
}

static bool scheme_is_known(struct octets scheme)
{
    return scheme.length == 0 || octets_equal(scheme, octets_of_text(GBA_SCHEME_AKAV1));
}

static enum gbau_status work_on_mar(struct hss *hss, struct mar_work *work)
{
    enum gbau_status status = octets_to_text(work->mar.impi, work->impi, sizeof work->impi);
    if (status != GBAU_OK) {
        return GBAU_E_NOT_FOUND; /* no IMPI looks like that */
    }
    if (!scheme_is_known(work->mar.scheme)) {
        return GBAU_E_UNSUPPORTED;
    }
    struct crypto *crypto = crypto_pool_borrow(hss->cryptos);
    if (work->mar.rand_auts.length > 0) {
        status = resynchronise(hss, crypto, work);
    }
    if (status == GBAU_OK) {
        status = make_vector(hss, crypto, work);
    }
    crypto_pool_return(hss->cryptos, crypto);
    return status == GBAU_OK ? write_guss(work) : status;
}

static void write_success(const struct mar_work *work, struct octet_writer *answer)
{
    uint8_t rand_autn[AKA_RAND_SIZE + AKA_AUTN_SIZE];
    memcpy(rand_autn, work->vector.rand.octets, AKA_RAND_SIZE);
    memcpy(rand_autn + AKA_RAND_SIZE, work->vector.autn.octets, AKA_AUTN_SIZE);
    const struct gba_maa maa = {
        .result = GBA_RESULT_SUCCESS,
        .impi = octets_of_text(work->impi),
        .scheme = octets_of_text(GBA_SCHEME_AKAV1),
        .rand_autn = octets_of(rand_autn, sizeof rand_autn),
        .xres = octets_of(work->vector.xres.octets, work->vector.xres.length),
        .ck = octets_of(work->vector.ck.octets, AKA_CK_SIZE),
        .ik = octets_of(work->vector.ik.octets, AKA_IK_SIZE),
        .guss = octets_of_text(work->guss),
    };
    gba_write_maa(answer, &maa);
}

static void write_failure(uint32_t result, struct octet_writer *answer)
{
    const struct gba_maa maa = {.result = result};
    gba_write_maa(answer, &maa);
}

void hss_answer_mar(struct hss *hss, struct octets request, struct octet_writer *answer)
{
    uint32_t result = GBA_RESULT_UNABLE_TO_COMPLY;
    struct mar_work work = {0};
    if (gba_read_mar(request, &work.mar, &result) != GBAU_OK) {
        log_warning(hss->log, "Multimedia-Auth-Request refused with %u: malformed", result);
        write_failure(result, answer);
        return;
    }
    enum gbau_status status = work_on_mar(hss, &work);
    if (status == GBAU_OK) {
        write_success(&work, answer);
        log_info(hss->log, "vector for %s", work.impi);
    } else {
        result = status == GBAU_E_NOT_FOUND ? GBA_RESULT_IDENTITY_UNKNOWN : GBA_RESULT_UNABLE_TO_COMPLY;
        write_failure(result, answer);
        log_warning(hss->log, "Multimedia-Auth-Request for %s refused with %u: %s", work.impi, result,
                    gbau_status_text(status));
    }
    secret_wipe(&work, sizeof work);
}
