/*
 * vault.c: local data that only this card opens again, also after the next bootstrapping; usage: vault CARD PIN BSF-URL
 * put < data > sealed, or vault CARD PIN BSF-URL get < sealed > data
 */
#include <gbau/gbau.h>
#include <stdio.h>
#include <string.h>

static const char naf[] = "naf.example.com";
static const uint8_t ua[5] = {0xff, 0x67, 0x62, 0x00, 0x01};

static enum gbau_status read_input(void *context, uint8_t *octets, size_t capacity, size_t *length)
{
    (void)context;
    *length = fread(octets, 1, capacity, stdin);
    return ferror(stdin) ? GBAU_E_IO : GBAU_OK;
}

static enum gbau_status write_output(void *context, const uint8_t *octets, size_t length)
{
    (void)context;
    return fwrite(octets, 1, length, stdout) == length ? GBAU_OK : GBAU_E_IO;
}

/* The first time, the card makes the key and keeps it. */
static enum gbau_status make_key(struct gbau *gbau, const char *bsf_url)
{
    static const struct gbau_key_request request = {
        .usage = GBAU_USAGE_ENCRYPT, .direction = GBAU_CARD_TO_CARD, .algorithm = GBAU_AES_256_GCM, .label = "vault"};
    struct gbau_key *key = NULL;
    enum gbau_status status = gbau_bootstrap_if_needed(gbau, bsf_url);
    if (status == GBAU_OK) {
        status = gbau_key_open(gbau, naf, ua, &request, &key);
    }
    if (status == GBAU_OK) {
        status = gbau_key_persist(key, UINT32_MAX);
    }
    gbau_key_close(key);
    return status;
}

int main(int argc, char **argv)
{
    static const struct gbau_pipe pipe = {.read = read_input, .write = write_output};
    struct gbau *gbau = NULL;
    struct gbau_key *key = NULL;
    if (argc != 5 || gbau_open(argv[1], argv[2], &gbau) != GBAU_OK) {
        return 1;
    }
    enum gbau_status status = gbau_key_open_persisted(gbau, naf, ua, "vault", &key);
    if (status == GBAU_E_NOT_FOUND && make_key(gbau, argv[3]) == GBAU_OK) {
        status = gbau_key_open_persisted(gbau, naf, ua, "vault", &key);
    }
    if (status == GBAU_OK) {
        status = strcmp(argv[4], "put") == 0 ? gbau_key_seal_stream(key, &pipe) : gbau_key_open_stream(key, &pipe);
    }
    gbau_key_close(key);
    gbau_close(gbau);
    return status == GBAU_OK && fflush(stdout) == 0 ? 0 : 1;
}
