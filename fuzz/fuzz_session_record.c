/* fuzz_session_record.c: feeds octets to the readers of stored records, and texts to their writer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/session_record.h"

#define B_TID "fuzz@bsf"
#define TMPI  "fuzz@tmpi"

int LLVMFuzzerInitialize(int *argument_count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct key_wrap *wrap; /* global, because libFuzzer hands nothing to its callbacks */
static struct bootstrapping_session session;
static struct bootstrapping_session read_back;

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The key is fixed, so that the corpus may hold records that open. */
int LLVMFuzzerInitialize(int *argument_count, char ***arguments)
{
    static const char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    char path[] = "/tmp/gbau-fuzz-XXXXXX";
    int file = mkstemp(path);
    (void)argument_count;
    (void)arguments;
    demand(file >= 0 && write(file, key, strlen(key)) == (ssize_t)strlen(key) && close(file) == 0);
    demand(key_wrap_open(path, NULL, &wrap) == GBAU_OK);
    demand(unlink(path) == 0);
    return 0;
}

static bool is_session(const struct bootstrapping_session *a, const struct bootstrapping_session *b)
{
    return strcmp(a->b_tid, b->b_tid) == 0 && strcmp(a->impi, b->impi) == 0 && strcmp(a->tmpi, b->tmpi) == 0 &&
           strcmp(a->guss_xml, b->guss_xml) == 0 && memcmp(&a->ks, &b->ks, sizeof a->ks) == 0 &&
           memcmp(&a->rand, &b->rand, sizeof a->rand) == 0 && a->mode == b->mode && a->created == b->created &&
           a->expires == b->expires;
}

/* Whatever the writer takes, the reader gives back. */
static void check_round_trip(void)
{
    static uint8_t octets[SESSION_RECORD_MAX];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    if (session_record_write(&session, wrap, &writer) != GBAU_OK) {
        return;
    }
    demand(session_record_read(octets_written(&writer), session.b_tid, wrap, &read_back) == GBAU_OK);
    demand(is_session(&session, &read_back));
}

static void read_records(struct octets record)
{
    char impi[SESSION_IMPI_SIZE];
    unix_time expires = 0;
    if (session_record_read(record, B_TID, wrap, &session) == GBAU_OK && session.impi[0] != '\0') {
        check_round_trip();
    }
    if (tmpi_record_read(record, TMPI, wrap, impi, &expires) == GBAU_OK) {
        demand(strlen(impi) < sizeof impi && expires >= 0);
    }
    (void)session_record_read_expiry(record, &expires);
}

static void write_record(struct octets octets)
{
    struct octet_reader reader = octet_reader_of(octets);
    memset(&session, 0, sizeof session);
    session.mode = (enum gba_mode)octet_reader_u8(&reader);
    session.created = octet_reader_u32(&reader);
    session.expires = (unix_time)octet_reader_u64(&reader);
    octet_reader_copy(&reader, session.b_tid, octet_reader_u8(&reader));
    octet_reader_copy(&reader, session.impi, octet_reader_u8(&reader));
    octet_reader_copy(&reader, session.tmpi, octet_reader_u8(&reader) % sizeof session.tmpi);
    octet_reader_copy(&reader, session.guss_xml, octet_reader_u16(&reader) % sizeof session.guss_xml);
    check_round_trip();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_records(octets_of(data, size));
    write_record(octets_of(data, size));
    return 0;
}
