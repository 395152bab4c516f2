/* naf_use.h: what the verbs of `gbau naf key` have in common: what they are told, and policies. */
#ifndef CLI_NAF_USE_H
#define CLI_NAF_USE_H

#include "cli/key_options.h"
#include "gbau/naf.h"

/* One run of a verb: what it was told, and the NAF. */
struct naf_use {
    const struct key_options *options;
    const struct key_description *description;
    struct gbau_naf *naf;
};

enum { NAF_USE_AID_MAX = 16 };

/* Hands --offline-key, if it is given, to the NAF as the key of this B-TID. */
GBAU_MUST_USE enum gbau_status naf_use_bring_key(const struct naf_use *use, const char *b_tid);

/* Says why there is no key of this B-TID, if there is a reason to tell; passes `status` on. */
GBAU_MUST_USE enum gbau_status naf_use_explain(const struct naf_use *use, const char *b_tid, enum gbau_status status);

/* Reads --caller: at most `most` AIDs in hexadecimal with commas between them; *count is 0 without it. */
GBAU_MUST_USE enum gbau_status naf_use_read_callers(const char *text, uint8_t aids[][NAF_USE_AID_MAX], size_t *lengths,
                                                    size_t most, size_t *count);

/* Reads --policy-version; 0 without it. */
GBAU_MUST_USE enum gbau_status naf_use_read_version(const struct naf_use *use, uint32_t *version);

/* Write a policy, or a revocation, as a line of hexadecimal. */
GBAU_MUST_USE enum gbau_status naf_use_make_policy(const struct naf_use *use);
GBAU_MUST_USE enum gbau_status naf_use_revoke(const struct naf_use *use);

#endif
