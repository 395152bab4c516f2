/* check.h: a check as a row of a table: what is expected of a card, by which clause, and how it is seen. */
#ifndef CONFORMANCE_CHECK_H
#define CONFORMANCE_CHECK_H

#include "conformance/probe.h"

/* What must be there before a check can run, and what it may do. */
enum check_needs {
    NEEDS_USIM = 1 << 0,        /* the USIM is active on the check's channel */
    NEEDS_ISIM = 1 << 1,        /* the ISIM is, instead */
    NEEDS_PIN_CLOSED = 1 << 2,  /* runs before the PIN is verified, on a card that asks for it */
    NEEDS_PIN_OPEN = 1 << 3,    /* runs with the PIN verified, or on a card that asks for none */
    NEEDS_PIN_VALUE = 1 << 4,   /* sends the PIN, which must be known and enabled */
    NEEDS_PUK = 1 << 5,         /* sends the unblock PIN */
    NEEDS_ADM = 1 << 6,         /* runs with ADM1 verified, behind all others */
    NEEDS_GBA = 1 << 7,         /* service 68 of EF_UST is available */
    NEEDS_CHALLENGES = 1 << 8,  /* K and OPc are known and SQN may move */
    NEEDS_DESTRUCTIVE = 1 << 9, /* changes what cannot be put back, or could lock the card if it is broken */
    MAY_BE_MISSING = 1 << 10,   /* what the first step asks for is optional */
    HIDES_CONTENT = 1 << 11,    /* the card's answers hold keys: they are never shown */
    IS_ADVISORY = 1 << 12,      /* rests on a fact that could not be verified: a deviation is a warning */
    NEEDS_API = 1 << 13,        /* the GBA_U API's applet is active on the check's channel */
    NEEDS_NAF_ID = 1 << 14,     /* a NAF_ID is known for which the applet has a line */
    NEEDS_NAF_KEY = 1 << 15,    /* its Ks_int_NAF is new, known here, and ruled by no policy that forbids */
    NEEDS_RESET = 1 << 16       /* the card can be reset */
};

/* One exchange of a check that needs no more than that. */
struct check_step {
    const char *command; /* as probe_expect takes it */
    const char *sw;
};

/* A file that must be there, for checks that look at one file each. */
struct expected_file {
    uint16_t fid;
    uint8_t kind;    /* of the file descriptor: FILE_TRANSPARENT, FILE_LINEAR_FIXED */
    uint8_t sfi;     /* 0: not looked at */
    uint8_t minimum; /* octets, or octets of a record */
};

struct api_probe;

struct check {
    const char *name; /* stable: "group.what" */
    const char *clause;
    const char *expectation; /* one sentence, of the card */
    unsigned needs;          /* of enum check_needs */

    /* Exactly one of these: steps, ended by a command NULL; a file; or a function, of the API's checks run_api. */
    const struct check_step *steps;
    const struct expected_file *file;
    void (*run)(struct probe *probe);
    void (*run_api)(struct api_probe *api);
};

/* Any refusal, where the published text does not say which one. */
#define ANY_ERROR "64XX|65XX|67XX|68XX|69XX|6AXX|6BXX|6DXX|6EXX|6FXX|98XX"

/* Steps of a row, ended here. */
#define STEPS(...)                                                                                                     \
    .steps = (const struct check_step[])                                                                               \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            NULL, NULL                                                                                                 \
        }                                                                                                              \
    }

/* A file of a row. */
#define EXPECTED_FILE(...)                                                                                             \
    .file = &(const struct expected_file)                                                                              \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

/* The checks of one subject. */
struct check_group {
    const struct check *checks;
    size_t count;
};

#define CHECK_GROUP(name, table) const struct check_group name = {(table), sizeof(table) / sizeof(table)[0]}

extern const struct check_group select_checks, card_file_checks, usim_file_checks, binary_checks, record_checks;
extern const struct check_group search_checks, fcp_checks, pin_checks, pin_change_checks, channel_checks;
extern const struct check_group challenge_checks, authenticate_checks, isim_checks, gba_file_checks, gba_checks;
extern const struct check_group toolkit_checks, coding_checks, administration_checks;

/* Of the GBA_U API. */
extern const struct check_group api_command_checks, api_coding_checks, api_access_checks, api_open_checks;
extern const struct check_group api_handle_checks, api_encrypt_checks, api_decrypt_checks, api_mac_checks;
extern const struct check_group api_authenticate_checks, api_keep_checks, api_transfer_checks, api_policy_checks;
extern const struct check_group api_revocation_checks;

#endif
