/*
 * key_policy.h: how a NAF rules its own key on the card: policies and revocations, objects with a MAC that only card
 * and NAF can make or check (docs/gba_u-api.md clause 10). Reader and writer of each object; one code for both ends.
 */
#ifndef KEY_KEY_POLICY_H
#define KEY_KEY_POLICY_H

#include "key/application_key.h"

enum {
    KEY_POLICY_CALLERS_MAX = 2,
    KEY_POLICY_MAC_SIZE = 32,
    KEY_POLICY_OBJECT_MAX = 160, /* a policy or revocation without its MAC */
    KEY_POLICY_TAG = 0xa0,
    KEY_REVOCATION_TAG = 0xa1
};

#define KEY_OPERATIONS_UNLIMITED UINT32_MAX

struct key_policy_caller {
    uint8_t length; /* 5 to 16 */
    uint8_t aid[APPLICATION_CALLER_MAX];
};

struct key_policy {
    uint32_t version;    /* 0: the default, as if there were none */
    uint8_t usages;      /* bit n-1: usage n */
    uint32_t algorithms; /* set of key_algorithm_bit */
    bool allows_export;
    bool allows_wrap;
    uint32_t operations;  /* how many more; KEY_OPERATIONS_UNLIMITED */
    uint8_t caller_count; /* 0: all that have a line */
    struct key_policy_caller callers[KEY_POLICY_CALLERS_MAX];
};

enum { KEY_REVOCATION_NAF_KEY = 0x01, KEY_REVOCATION_PERSISTED_KEYS = 0x02 };

struct key_revocation {
    uint32_t version;
    uint8_t scope;       /* bits above */
    struct octets label; /* of one persisted key; empty: all. Borrowed */
};

/* What holds without a policy. */
extern const struct key_policy key_policy_default;

/* True when a key for this may be opened by this caller. */
bool key_policy_permits(const struct key_policy *policy, struct octets caller, enum key_usage usage,
                        enum key_algorithm algorithm);

/* Write an object, A0 or A1, without its MAC. The writer fails for values out of range. */
void key_policy_write(struct octet_writer *writer, const struct key_policy *policy);
void key_revocation_write(struct octet_writer *writer, const struct key_revocation *revocation);

/* Read the value of A0 or A1, unverified. GBAU_E_MALFORMED for what is unknown, twice, or out of range. */
GBAU_MUST_USE enum gbau_status key_policy_read(struct octets value, struct key_policy *policy);
GBAU_MUST_USE enum gbau_status key_revocation_read(struct octets value, struct key_revocation *revocation);

/* The MAC over an object, tag and length included, under the policy key of Ks_int_NAF. */
GBAU_MUST_USE enum gbau_status key_policy_mac(struct crypto *crypto, const struct ks_int_naf *root,
                                              struct octets object, uint8_t mac[KEY_POLICY_MAC_SIZE]);

/* Writes the MAC behind its object, as 8E (clause 8). */
void key_policy_write_mac(struct octet_writer *writer, const uint8_t mac[KEY_POLICY_MAC_SIZE]);

/* GBAU_E_AUTHENTICATION when the MAC is wrong. */
GBAU_MUST_USE enum gbau_status key_policy_verify(struct crypto *crypto, const struct ks_int_naf *root,
                                                 struct octets object, struct octets mac);

#endif
