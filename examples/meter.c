/*
 * meter.c: a meter's reading that everyone can read and only the card can have made; usage: meter CARD PIN BSF-URL
 * READING > reading.cose
 */
#include <gbau/gbau.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    static const uint8_t ua[5] = {0xff, 0x67, 0x62, 0x00, 0x01};
    static const struct gbau_key_request request = {
        .usage = GBAU_USAGE_MAC, .direction = GBAU_CARD_TO_NAF, .algorithm = GBAU_HMAC_SHA256, .label = "meter"};
    struct gbau *gbau = NULL;
    struct gbau_key *key = NULL;
    uint8_t message[1024];
    char reading[256];
    uint64_t counter = 0; /* only grows: the service takes no reading twice */
    size_t length = 0;
    int ok = argc == 5 && gbau_open(argv[1], argv[2], &gbau) == GBAU_OK &&
             gbau_bootstrap_if_needed(gbau, argv[3]) == GBAU_OK && gbau_counter(gbau, &counter) == GBAU_OK &&
             gbau_key_open(gbau, "naf.example.com", ua, &request, &key) == GBAU_OK &&
             snprintf(reading, sizeof reading, "%llu %s", (unsigned long long)counter, argv[4]) < (int)sizeof reading &&
             gbau_key_protect(key, reading, strlen(reading), message, sizeof message, &length) == GBAU_OK &&
             fwrite(message, 1, length, stdout) == length;
    gbau_key_close(key);
    gbau_close(gbau);
    return ok ? 0 : 1;
}
