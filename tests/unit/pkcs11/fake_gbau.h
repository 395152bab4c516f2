/*
 * fake_gbau.h: gbau.h without cards, put in the place of the library when the tests are linked: a few keys, toy ciphers
 * that depend on every input, and failures on demand.
 */
#ifndef TESTS_UNIT_PKCS11_FAKE_GBAU_H
#define TESTS_UNIT_PKCS11_FAKE_GBAU_H

#include "gbau/gbau.h"

enum { FAKE_KEYS_MAX = 16, FAKE_CARDS_MAX = 4 };

#define FAKE_PIN "1234"

/* What the world is like; the tests change it as they like. fake_reset makes it new. */
struct fake_world {
    bool asks_for_pin;
    struct gbau_key_entry keys[FAKE_KEYS_MAX];
    size_t key_count;
    char b_tid[GBAU_B_TID_SIZE]; /* of the present bootstrapping; empty: none */
    unsigned handles;            /* that the card has */
    unsigned open_keys;
    unsigned open_cards;
    unsigned opens; /* how often a card was opened */
    unsigned lists;
    unsigned bootstraps;
    unsigned derivations; /* calls of gbau_naf_key */
    unsigned key_opens;
    unsigned busy;                  /* so many gbau_open find the card busy */
    enum gbau_status open_status;   /* of the next gbau_open calls, unless GBAU_OK */
    enum gbau_status use_status;    /* of the next use of a key, once */
    enum gbau_status derive_status; /* of gbau_naf_key */
    uint32_t persisted_operations;  /* what was asked for last */
};

extern struct fake_world fake;

/* One NAF key of naf.example.com, a PIN, a bootstrapping. */
void fake_reset(void);

/* Adds a key to the card; `label` NULL: a NAF key. */
struct gbau_key_entry *fake_add_key(const char *fqdn, uint8_t ua, const char *label);

#endif
