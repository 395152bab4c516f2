/* open.c: opens a message that seal.c made, at the service; usage: open CONFIGURATION < message.cose */
#include <gbau/naf.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    static const uint8_t ua[5] = {0xff, 0x67, 0x62, 0x00, 0x01};
    struct gbau_key_request request = {.usage = GBAU_USAGE_ENCRYPT, .direction = GBAU_CARD_TO_NAF};
    struct gbau_naf *naf = NULL;
    struct gbau_key *key = NULL;
    char b_tid[256], label[65];
    uint8_t sealed[1024], text[1024];
    size_t length = fread(sealed, 1, sizeof sealed, stdin);
    int ok = argc == 2 && gbau_naf_message_names(sealed, length, b_tid, label, &request.algorithm) == GBAU_OK &&
             gbau_naf_open(argv[1], 10000, &naf) == GBAU_OK;
    request.label = label;
    ok = ok && gbau_naf_key_open(naf, b_tid, ua, NULL, 0, &request, &key) == GBAU_OK &&
         gbau_key_open_sealed(key, NULL, 0, sealed, length, text, sizeof text, &length) == GBAU_OK &&
         fwrite(text, 1, length, stdout) == length;
    gbau_key_close(key);
    gbau_naf_close(naf);
    return ok ? 0 : 1;
}
