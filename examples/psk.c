/*
 * psk.c: a key for another protocol (a pre-shared key of TLS, say), which leaves the card because a policy of the
 * service allows it; usage: psk CARD PIN BSF-URL SESSION < policy. The service makes the policy (gbau naf key policy),
 * and the same child of the same names.
 */
#include <gbau/gbau.h>
#include <stdio.h>
#include <string.h>

static const char naf[] = "naf.example.com";
static const uint8_t ua[5] = {0xff, 0x67, 0x62, 0x00, 0x01};

/* A policy that the card has already is as good as one that it takes now. */
static enum gbau_status apply_policy(struct gbau *gbau)
{
    uint8_t policy[255];
    const size_t length = fread(policy, 1, sizeof policy, stdin);
    const enum gbau_status status = length == 0 ? GBAU_OK : gbau_apply(gbau, naf, ua, policy, length);
    return status == GBAU_E_REPLAY ? GBAU_OK : status;
}

static enum gbau_status export_child(struct gbau_key *parent, const char *session, uint8_t octets[32])
{
    const struct gbau_key_request request = {.usage = GBAU_USAGE_EXPORT,
                                             .algorithm = GBAU_KDF,
                                             .label = "psk",
                                             .context = session,
                                             .context_length = strlen(session)};
    struct gbau_key *child = NULL;
    enum gbau_status status = gbau_key_derive(parent, &request, &child);
    if (status == GBAU_OK) {
        status = gbau_key_export(child, octets);
    }
    gbau_key_close(child);
    return status;
}

int main(int argc, char **argv)
{
    static const struct gbau_key_request request = {
        .usage = GBAU_USAGE_DERIVE, .algorithm = GBAU_KDF, .label = "sessions"};
    struct gbau *gbau = NULL;
    struct gbau_key *parent = NULL;
    uint8_t octets[32] = {0};
    int ok = argc == 5 && gbau_open(argv[1], argv[2], &gbau) == GBAU_OK &&
             gbau_bootstrap_if_needed(gbau, argv[3]) == GBAU_OK &&
             gbau_key_open(gbau, naf, ua, &request, &parent) == GBAU_OK && apply_policy(gbau) == GBAU_OK &&
             export_child(parent, argv[4], octets) == GBAU_OK;
    for (size_t i = 0; ok && i < sizeof octets; i++) {
        printf("%02x%s", octets[i], i + 1 < sizeof octets ? "" : "\n");
    }
    explicit_bzero(octets, sizeof octets);
    gbau_key_close(parent);
    gbau_close(gbau);
    return ok ? 0 : 1;
}
