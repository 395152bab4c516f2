/* gba.c: Ks, RAND and the Ks_int_NAF of an application (TS 33.220 annex G). */
#include "uicc/gba.h"

#include <string.h>

#include "base/secret.h"
#include "codec/ber_tlv.h"
#include "uicc/api_rules.h"
#include "uicc/file_system.h"
#include "uicc/gba_state.h"

enum { TAG_NAF_ID = 0x80, TAG_B_TID = 0x81, RECORD_MAX = 255 };

/* The GBA files of USIM and ISIM bear different identifiers (31.102 4.2.79, 4.2.83; 31.103 4.2.9, 4.2.10). */
struct gba_files {
    uint16_t gbabp;
    uint16_t gbanl;
};

static const struct gba_files files_of_kind[] = {
    [APPLICATION_USIM] = {.gbabp = 0x6fd6, .gbanl = 0x6fda},
    [APPLICATION_ISIM] = {.gbabp = 0x6fd5, .gbanl = 0x6fd7},
};

static bool find_file(const struct uicc *uicc, const struct card_application *application, uint16_t fid,
                      struct card_file *file)
{
    const uint8_t index = file_system_find_child(uicc, application->adf, fid);
    if (index == CARD_NO_INDEX) {
        return false;
    }
    *file = card_layout_file(&uicc->layout, index);
    return true;
}

static bool find_gbabp(const struct uicc *uicc, const struct card_application *application, struct card_file *file)
{
    return find_file(uicc, application, files_of_kind[application->kind].gbabp, file) &&
           file->kind == FILE_KIND_TRANSPARENT;
}

static bool find_gbanl(const struct uicc *uicc, const struct card_application *application, struct card_file *file)
{
    return find_file(uicc, application, files_of_kind[application->kind].gbanl, file) &&
           file->kind == FILE_KIND_LINEAR_FIXED;
}

/* EF_GBABP: three values, each after its length octet (31.102 4.2.79). Views of the memory. */
struct gbabp {
    struct octets rand;
    struct octets b_tid;
    size_t used; /* octets up to the end of the lifetime */
};

static struct gbabp read_gbabp(const struct uicc *uicc, const struct card_file *file)
{
    struct octet_reader reader = octet_reader_of(octets_of(uicc->nvm.data + file->body, file->size));
    struct gbabp gbabp;
    gbabp.rand = octet_reader_take(&reader, octet_reader_u8(&reader));
    gbabp.b_tid = octet_reader_take(&reader, octet_reader_u8(&reader));
    (void)octet_reader_take(&reader, octet_reader_u8(&reader));
    gbabp.used = reader.position;
    if (reader.failed) {
        const bool never_written = uicc->nvm.data[file->body] == 0xff; /* else by a careless ME */
        return (struct gbabp){.used = never_written ? 0 : file->size};
    }
    return gbabp;
}

/* RAND with empty B-TID and lifetime, and FF over what stood behind them. */
static void change_gbabp(struct uicc *uicc, const struct card_file *file, const struct aka_rand *rand)
{
    uint8_t head[1 + AKA_RAND_SIZE + 2];
    struct octet_writer writer = octet_writer_of(head, sizeof head);
    octet_writer_u8(&writer, AKA_RAND_SIZE);
    octet_writer_put(&writer, rand->octets, AKA_RAND_SIZE);
    octet_writer_fill(&writer, 0, 2);
    if (file->size < sizeof head) {
        return;
    }
    size_t used = read_gbabp(uicc, file).used;
    nvm_change(&uicc->nvm, file->body, head, sizeof head);
    if (used > sizeof head) {
        nvm_fill(&uicc->nvm, file->body + sizeof head, 0xff, used - sizeof head);
    }
}

/* With Ks goes what could be derived from it again: entries of revoked keys may be overwritten from now on. */
static void release_revoked(struct uicc *uicc, const struct card_application *application)
{
    for (uint8_t i = 0; i < application->naf_key_count; i++) {
        const size_t use = gba_entry_position(application, i) + GBA_ENTRY_USED;
        if (uicc->nvm.data[use] == GBA_ENTRY_REVOKED) {
            nvm_fill(&uicc->nvm, use, GBA_ENTRY_REVOKED_BEFORE, 1);
        }
    }
}

enum gbau_status gba_store_bootstrapping(struct uicc *uicc, const struct card_application *application,
                                         const struct aka_rand *rand, const struct aka_result *result)
{
    uint8_t state[GBA_STATE_ORDER];
    struct octet_writer writer = octet_writer_of(state, sizeof state);
    octet_writer_u8(&writer, 1);
    octet_writer_put(&writer, rand->octets, AKA_RAND_SIZE);
    octet_writer_put(&writer, result->ck.octets, AKA_CK_SIZE); /* Ks = CK || IK */
    octet_writer_put(&writer, result->ik.octets, AKA_IK_SIZE);

    nvm_begin(&uicc->nvm);
    aka_accept_sqn(uicc, application, result->sqn);
    nvm_change(&uicc->nvm, application->gba, state, sizeof state);
    release_revoked(uicc, application);
    struct card_file gbabp;
    if (find_gbabp(uicc, application, &gbabp)) {
        change_gbabp(uicc, &gbabp, rand);
    }
    enum gbau_status status = nvm_commit(&uicc->nvm);
    nvm_wipe_buffer(&uicc->nvm);
    secret_wipe(state, sizeof state);
    return status;
}

/* The order of use: entry numbers, the last used first. */

static uint32_t serial_of_turn(const struct uicc *uicc, const struct card_application *application, size_t turn)
{
    const size_t offset = application->gba + gba_order_offset(application->naf_key_count, turn);
    struct octet_reader reader = octet_reader_of(octets_of(uicc->nvm.data + offset, GBA_ORDER_SERIAL_SIZE));
    return octet_reader_u32(&reader);
}

/* The turn with the highest serial, or the lowest. */
static size_t find_turn(const struct uicc *uicc, const struct card_application *application, bool highest)
{
    size_t found = 0;
    for (size_t turn = 1; turn < GBA_ORDER_TURNS; turn++) {
        const uint32_t serial = serial_of_turn(uicc, application, turn);
        const uint32_t best = serial_of_turn(uicc, application, found);
        found = (highest ? serial > best : serial < best) ? turn : found;
    }
    return found;
}

static const uint8_t *order_of(const struct uicc *uicc, const struct card_application *application)
{
    const size_t turn = find_turn(uicc, application, true);
    return uicc->nvm.data + application->gba + gba_order_offset(application->naf_key_count, turn) +
           GBA_ORDER_SERIAL_SIZE;
}

size_t gba_entry_position(const struct card_application *application, uint8_t index)
{
    return application->gba + gba_entry_offset(application->naf_key_count, index);
}

const uint8_t *gba_entry(const struct uicc *uicc, const struct card_application *application, uint8_t index)
{
    return uicc->nvm.data + gba_entry_position(application, index);
}

static void change_order(struct uicc *uicc, const struct card_application *application, uint8_t first)
{
    uint8_t octets[GBA_ORDER_SERIAL_SIZE + CARD_MAX_NAF_KEYS];
    const uint8_t *old_order = order_of(uicc, application);
    const size_t end = GBA_ORDER_SERIAL_SIZE + (size_t)application->naf_key_count;
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    octet_writer_u32(&writer, serial_of_turn(uicc, application, find_turn(uicc, application, true)) + 1);
    octet_writer_u8(&writer, first);
    for (size_t i = 0; i < application->naf_key_count && writer.length < end; i++) {
        if (old_order[i] != first) {
            octet_writer_u8(&writer, old_order[i]);
        }
    }
    const size_t turn = find_turn(uicc, application, false);
    nvm_change(&uicc->nvm, application->gba + gba_order_offset(application->naf_key_count, turn), octets,
               writer.length);
}

static enum gbau_status hash_naf_id(struct uicc *uicc, struct octets naf_id, uint8_t hash[SHA256_SIZE])
{
    return crypto_digest(uicc->crypto, DIGEST_SHA256, &naf_id, 1, hash);
}

bool gba_find_entry(const struct uicc *uicc, const struct card_application *application,
                    const uint8_t naf_id_hash[SHA256_SIZE], uint8_t *index)
{
    for (uint8_t i = 0; i < application->naf_key_count; i++) {
        const uint8_t *entry = gba_entry(uicc, application, i);
        if (entry[GBA_ENTRY_USED] != GBA_ENTRY_FREE &&
            memcmp(entry + GBA_ENTRY_NAF_ID, naf_id_hash, SHA256_SIZE) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

/*
 * For a NAF_ID that has no entry: a free one, else the one used longest ago, but not that of a revoked key, which would
 * be derived again as if nothing had been. False when there is no other.
 */
static bool choose_entry(const struct uicc *uicc, const struct card_application *application, uint8_t *index)
{
    const uint8_t count = application->naf_key_count;
    for (uint8_t i = 0; i < count; i++) {
        if (gba_entry(uicc, application, i)[GBA_ENTRY_USED] == GBA_ENTRY_FREE) {
            *index = i;
            return true;
        }
    }
    const uint8_t *order = order_of(uicc, application);
    for (uint8_t i = count; i > 0; i--) {
        *index = order[i - 1] < count ? order[i - 1] : 0;
        if (gba_entry(uicc, application, *index)[GBA_ENTRY_USED] != GBA_ENTRY_REVOKED) {
            return true;
        }
    }
    return false;
}

/* The B-TID of the current bootstrapping, as far as the ME has written one for this very RAND. */
static struct octets current_b_tid(const struct uicc *uicc, const struct card_application *application)
{
    struct card_file file;
    if (!find_gbabp(uicc, application, &file)) {
        return (struct octets){0};
    }
    struct gbabp gbabp = read_gbabp(uicc, &file);
    struct octets rand = octets_of(uicc->nvm.data + application->gba + GBA_STATE_RAND, AKA_RAND_SIZE);
    return octets_equal(gbabp.rand, rand) ? gbabp.b_tid : (struct octets){0};
}

/* Record of EF_GBANL: 80 NAF_ID 81 B-TID, then FF (31.102 4.2.83). */
static enum gbau_status change_gbanl(struct uicc *uicc, const struct card_application *application, uint8_t index,
                                     struct octets naf_id)
{
    uint8_t record[RECORD_MAX];
    struct card_file file;
    if (!find_gbanl(uicc, application, &file) || index >= file.record_count) {
        return GBAU_E_SPACE;
    }
    struct octets b_tid = current_b_tid(uicc, application);
    struct octet_writer writer = octet_writer_of(record, file.record_length);
    ber_tlv_write(&writer, TAG_NAF_ID, naf_id);
    ber_tlv_write(&writer, TAG_B_TID, b_tid);
    if (writer.failed) { /* a B-TID that does not fit is left out: the key is worth more than its name */
        writer = octet_writer_of(record, file.record_length);
        ber_tlv_write(&writer, TAG_NAF_ID, naf_id);
        ber_tlv_write(&writer, TAG_B_TID, (struct octets){0});
    }
    octet_writer_fill(&writer, 0xff, writer.failed ? 0 : file.record_length - writer.length);
    nvm_change(&uicc->nvm, file.body + (size_t)index * file.record_length, record, file.record_length);
    return octet_writer_end(&writer);
}

static enum gbau_status hash_key(struct uicc *uicc, const uint8_t key[NAF_KEY_SIZE], uint8_t hash[SHA256_SIZE])
{
    const struct octets part = octets_of(key, NAF_KEY_SIZE);
    return crypto_digest(uicc->crypto, DIGEST_SHA256, &part, 1, hash);
}

/* True for the very key that the NAF has revoked: whoever derives it again does not get it back. */
static bool is_revoked(struct uicc *uicc, const uint8_t *entry, const struct ks_int_naf *key)
{
    uint8_t hash[SHA256_SIZE];
    return entry[GBA_ENTRY_USED] == GBA_ENTRY_REVOKED &&
           (hash_key(uicc, key->octets, hash) != GBAU_OK || memcmp(entry + GBA_ENTRY_KEY, hash, SHA256_SIZE) == 0);
}

/* One transaction: the entry, with the rules when they are another NAF_ID's, the order of use, and EF_GBANL. */
static enum gbau_status write_entry(struct uicc *uicc, const struct card_application *application, uint8_t index,
                                    const uint8_t entry[GBA_ENTRY_RULES], struct octets naf_id, bool is_new)
{
    nvm_begin(&uicc->nvm);
    nvm_change(&uicc->nvm, gba_entry_position(application, index), entry, GBA_ENTRY_RULES);
    if (is_new) {
        nvm_fill(&uicc->nvm, gba_entry_position(application, index) + GBA_ENTRY_RULES, 0, GBA_RULES_SIZE);
    }
    change_order(uicc, application, index);
    enum gbau_status status = change_gbanl(uicc, application, index, naf_id);
    if (status == GBAU_OK) {
        status = nvm_commit(&uicc->nvm);
    }
    nvm_wipe_buffer(&uicc->nvm);
    return status;
}

static enum gbau_status store_entry(struct uicc *uicc, const struct card_application *application, struct octets naf_id,
                                    const struct ks_int_naf *key)
{
    uint8_t entry[GBA_ENTRY_RULES];
    entry[GBA_ENTRY_USED] = GBA_ENTRY_HAS_KEY;
    enum gbau_status status = hash_naf_id(uicc, naf_id, entry + GBA_ENTRY_NAF_ID);
    if (status != GBAU_OK) {
        return status;
    }
    uint8_t index = 0;
    const bool is_new = !gba_find_entry(uicc, application, entry + GBA_ENTRY_NAF_ID, &index);
    if (is_new && !choose_entry(uicc, application, &index)) {
        return GBAU_E_SPACE;
    }
    if (!is_new && is_revoked(uicc, gba_entry(uicc, application, index), key)) {
        return GBAU_OK;
    }
    memcpy(entry + GBA_ENTRY_KEY, key->octets, NAF_KEY_SIZE);
    status = write_entry(uicc, application, index, entry, naf_id, is_new);
    if (status == GBAU_OK && is_new) {
        api_rules_forget(uicc, application, index);
    }
    secret_wipe(entry, sizeof entry);
    return status;
}

enum gbau_status gba_change_revoked(struct uicc *uicc, const struct card_application *application, uint8_t index)
{
    uint8_t revoked[1 + SHA256_SIZE];
    const size_t position = gba_entry_position(application, index);
    enum gbau_status status = hash_key(uicc, gba_entry(uicc, application, index) + GBA_ENTRY_KEY, revoked + 1);
    revoked[0] = GBA_ENTRY_REVOKED;
    nvm_change(&uicc->nvm, position + GBA_ENTRY_USED, revoked, 1);
    nvm_change(&uicc->nvm, position + GBA_ENTRY_KEY, revoked + 1, SHA256_SIZE);
    struct card_file file;
    if (find_gbanl(uicc, application, &file) && index < file.record_count) {
        nvm_fill(&uicc->nvm, file.body + (size_t)index * file.record_length, 0xff, file.record_length);
    }
    return status;
}

enum gbau_status gba_derive(struct uicc *uicc, const struct card_application *application, struct octets naf_id,
                            struct octets impi, struct ks_ext_naf *ext_key)
{
    const uint8_t *state = uicc->nvm.data + application->gba;
    if (application->naf_key_count == 0 || state[GBA_STATE_BOOTSTRAPPED] == 0) {
        return GBAU_E_NOT_FOUND;
    }
    struct ks ks;
    struct aka_rand rand;
    struct ks_int_naf int_key;
    memcpy(ks.octets, state + GBA_STATE_KS, AKA_KS_SIZE);
    memcpy(rand.octets, state + GBA_STATE_RAND, AKA_RAND_SIZE);
    enum gbau_status status = gba_derive_ks_ext_naf(uicc->crypto, &ks, &rand, impi, naf_id, ext_key);
    if (status == GBAU_OK) {
        status = gba_derive_ks_int_naf(uicc->crypto, &ks, &rand, impi, naf_id, &int_key);
    }
    if (status == GBAU_OK) {
        status = store_entry(uicc, application, naf_id, &int_key);
    }
    secret_wipe(&ks, sizeof ks);
    secret_wipe(&int_key, sizeof int_key);
    return status;
}

enum gbau_status gba_read_key(const struct uicc *uicc, const struct card_application *application,
                              const uint8_t naf_id_hash[SHA256_SIZE], struct ks_int_naf *key, uint8_t *record)
{
    uint8_t index = 0;
    if (!gba_find_entry(uicc, application, naf_id_hash, &index)) {
        return GBAU_E_NOT_FOUND;
    }
    const uint8_t *entry = gba_entry(uicc, application, index);
    if (entry[GBA_ENTRY_USED] != GBA_ENTRY_HAS_KEY) {
        return GBAU_E_NOT_FOUND;
    }
    memcpy(key->octets, entry + GBA_ENTRY_KEY, NAF_KEY_SIZE);
    *record = (uint8_t)(index + 1);
    return GBAU_OK;
}

enum gbau_status gba_touch_key(struct uicc *uicc, const struct card_application *application, uint8_t record)
{
    const uint8_t index = (uint8_t)(record - 1);
    if (order_of(uicc, application)[0] == index) {
        return GBAU_OK;
    }
    nvm_begin(&uicc->nvm);
    change_order(uicc, application, index);
    return nvm_commit(&uicc->nvm);
}

struct octets gba_b_tid_of_record(const struct uicc *uicc, const struct card_application *application, uint8_t record)
{
    struct card_file file;
    struct octets b_tid = {0};
    if (!find_gbanl(uicc, application, &file) || record == 0 || record > file.record_count) {
        return b_tid;
    }
    struct octets content =
        octets_of(uicc->nvm.data + file.body + (size_t)(record - 1) * file.record_length, file.record_length);
    return ber_tlv_find(content, TAG_B_TID, &b_tid) == GBAU_OK ? b_tid : (struct octets){0};
}
