/*
 * slot_configuration.h: which cards are slots: from $GBAU_PKCS11_CARD, else from the YAML file $GBAU_PKCS11_CONFIG or
 * /etc/gbau/pkcs11.yaml (docs/recipes/pkcs11.md).
 */
#ifndef PKCS11_SLOT_CONFIGURATION_H
#define PKCS11_SLOT_CONFIGURATION_H

#include "base/log.h"
#include "base/octets.h"
#include "pkcs11/key_name.h"

enum { SLOT_MAX = 32, SLOT_TEXT_SIZE = 512, SLOT_LABEL_SIZE = 33 };

#define SLOT_CARDS_VARIABLE "GBAU_PKCS11_CARD"
#define SLOT_FILE_VARIABLE  "GBAU_PKCS11_CONFIG"
#define SLOT_FILE_DEFAULT   "/etc/gbau/pkcs11.yaml"

struct slot_configuration {
    char card[SLOT_TEXT_SIZE];   /* as gbau_open wants it */
    char label[SLOT_LABEL_SIZE]; /* of the token */
    char bsf[SLOT_TEXT_SIZE];    /* URL; empty: the module never bootstraps */
    unsigned idle_ms;            /* the card is given back when unused for so long */
    unsigned turn_ms;            /* and after so long in any case, for other processes to have a turn */
    unsigned wait_ms;            /* how long to wait for another process to give it back */
    bool keeps_login;            /* when the last session is closed: some applications close it and go on */
    struct naf_name *nafs;       /* keys that the card has to have */
    size_t naf_count;
    struct key_name *keys; /* application keys that appear as objects without C_DeriveKey */
    size_t key_count;
};

struct slot_configurations {
    struct slot_configuration *slots;
    size_t count;
};

/*
 * Reads what the environment names; no slots when there is nothing. GBAU_E_CONFIGURATION, logged, when a file is wrong
 * or one that was named is missing; GBAU_E_LIMIT; GBAU_E_MEMORY. End it with slot_configurations_clear.
 */
GBAU_MUST_USE enum gbau_status slot_configurations_read(const struct log *log, struct slot_configurations *slots);

/* Slots of cards separated by ';' or ends of line, or of a file's text; what slot_configurations_read stands on. */
GBAU_MUST_USE enum gbau_status slot_configurations_of_cards(const char *cards, const struct log *log,
                                                            struct slot_configurations *slots);
GBAU_MUST_USE enum gbau_status slot_configurations_of_yaml(struct octets text, const struct log *log,
                                                           struct slot_configurations *slots);

void slot_configurations_clear(struct slot_configurations *slots);

#endif
