/* key_name.h: what it takes to open a key on the card, again and again: which NAF's, and which of its application keys.
 */
#ifndef PKCS11_KEY_NAME_H
#define PKCS11_KEY_NAME_H

#include <string.h>

#include "gbau/gbau.h"

enum { KEY_FQDN_SIZE = 251, KEY_UA_SIZE = 5, KEY_LABEL_SIZE = 65, KEY_CONTEXT_MAX = 64 };

/* Who shares Ks_int_NAF with the card. */
struct naf_name {
    char fqdn[KEY_FQDN_SIZE];
    uint8_t ua[KEY_UA_SIZE];
};

struct key_name {
    struct naf_name naf;
    enum gbau_usage usage; /* 0, as the next two: the NAF key itself */
    enum gbau_direction direction;
    enum gbau_algorithm algorithm;
    char label[KEY_LABEL_SIZE];
    uint8_t context[KEY_CONTEXT_MAX];
    size_t context_length;
};

static inline bool naf_name_equal(const struct naf_name *a, const struct naf_name *b)
{
    return strcmp(a->fqdn, b->fqdn) == 0 && memcmp(a->ua, b->ua, sizeof a->ua) == 0;
}

/* What gbau.h asks for; a view of the name. */
static inline struct gbau_key_request key_name_request(const struct key_name *name)
{
    return (struct gbau_key_request){.usage = name->usage,
                                     .direction = name->direction,
                                     .algorithm = name->algorithm,
                                     .label = name->label,
                                     .context = name->context,
                                     .context_length = name->context_length};
}

#endif
