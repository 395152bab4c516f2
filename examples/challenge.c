/*
 * challenge.c: device and service prove to each other that they know the key, and get one for the session.
 *
 * usage: challenge CARD PIN BSF-URL, with the service's messages on standard input and the card's on standard output,
 * one a line in hexadecimal; the service begins: gbau naf key authenticate --role initiator ...
 */
#include <gbau/gbau.h>
#include <stdio.h>
#include <string.h>

static size_t read_line(uint8_t octets[GBAU_AUTHENTICATION_MESSAGE_MAX])
{
    size_t length = 0;
    unsigned octet = 0;
    char line[256] = "";
    (void)!fgets(line, sizeof line, stdin);
    while (length < GBAU_AUTHENTICATION_MESSAGE_MAX && sscanf(line + 2 * length, "%2x", &octet) == 1) {
        octets[length++] = (uint8_t)octet;
    }
    return length;
}

static void write_line(const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        printf("%02x", octets[i]);
    }
    putchar('\n');
    fflush(stdout);
}

static enum gbau_status answer_challenge(struct gbau_key *key)
{
    uint8_t received[GBAU_AUTHENTICATION_MESSAGE_MAX];
    uint8_t answer[GBAU_AUTHENTICATION_MESSAGE_MAX];
    size_t length = 0;
    struct gbau_key *session = NULL;
    enum gbau_status status =
        gbau_key_authenticate_answer(key, received, read_line(received), answer, sizeof answer, &length);
    if (status != GBAU_OK) {
        return status;
    }
    write_line(answer, length);
    status = gbau_key_authenticate_confirm(key, received, read_line(received), &session);
    gbau_key_close(session); /* of usage derive: keys for this session would be made of it */
    return status;
}

int main(int argc, char **argv)
{
    static const uint8_t ua[5] = {0xff, 0x67, 0x62, 0x00, 0x01};
    static const struct gbau_key_request request = {
        .usage = GBAU_USAGE_AUTHENTICATE, .algorithm = GBAU_HMAC_SHA256, .label = "challenge"};
    struct gbau *gbau = NULL;
    struct gbau_key *key = NULL;
    int ok = argc == 4 && gbau_open(argv[1], argv[2], &gbau) == GBAU_OK &&
             gbau_bootstrap_if_needed(gbau, argv[3]) == GBAU_OK &&
             gbau_key_open(gbau, "naf.example.com", ua, &request, &key) == GBAU_OK && answer_challenge(key) == GBAU_OK;
    fprintf(stderr, ok ? "the service is genuine\n" : "no service that knows the key\n");
    gbau_key_close(key);
    gbau_close(gbau);
    return ok ? 0 : 1;
}
