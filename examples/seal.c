/* seal.c: seals a message in the SIM card for a service; usage: seal CARD PIN BSF-URL TEXT > message.cose */
#include <gbau/gbau.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    static const uint8_t ua[5] = {0xff, 0x67, 0x62, 0x00, 0x01};
    static const struct gbau_key_request request = {
        .usage = GBAU_USAGE_ENCRYPT, .direction = GBAU_CARD_TO_NAF, .algorithm = GBAU_AES_256_GCM, .label = "greeting"};
    struct gbau *gbau = NULL;
    struct gbau_key *key = NULL;
    uint8_t sealed[1024];
    size_t length = 0;
    int ok = argc == 5 && gbau_open(argv[1], argv[2], &gbau) == GBAU_OK &&
             gbau_bootstrap_if_needed(gbau, argv[3]) == GBAU_OK &&
             gbau_key_open(gbau, "naf.example.com", ua, &request, &key) == GBAU_OK &&
             gbau_key_seal(key, NULL, 0, argv[4], strlen(argv[4]), sealed, sizeof sealed, &length) == GBAU_OK &&
             fwrite(sealed, 1, length, stdout) == length;
    gbau_key_close(key);
    gbau_close(gbau);
    return ok ? 0 : 1;
}
