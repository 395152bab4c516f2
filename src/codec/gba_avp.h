/*
 * gba_avp.h: the Diameter messages of Zh and Zn as structs (TS 29.109 clauses 4, 5 and 6).
 *
 * A message here is the sequence of its AVPs (RFC 6733 clause 4) without the Diameter header and without what the
 * transport adds and takes itself: Session-Id, Origin-*, Destination-*, Route-Record, Proxy-Info. Readers skip AVPs
 * they do not know unless the M bit is set and the code lies in 400..420 or 600..640 of vendor 10415, and AVPs they
 * know that have no place in the message. Vendor-Specific-Application-Id and Auth-Session-State need not be there: they
 * tell a reader nothing that the Diameter header does not.
 *
 * All octets in the structs are views: of the message read, or of the caller's data when writing.
 */
#ifndef CODEC_GBA_AVP_H
#define CODEC_GBA_AVP_H

#include "base/octets.h"

#define GBA_VENDOR_3GPP                10415U
#define GBA_APPLICATION_ZH             16777221U
#define GBA_APPLICATION_ZN             16777220U
#define GBA_COMMAND_MULTIMEDIA_AUTH    303U
#define GBA_COMMAND_BOOTSTRAPPING_INFO 310U

#define GBA_AVP_DEPTH_MAX 4
#define GBA_MESSAGE_MAX   (128 * 1024)
#define GBA_SCHEME_AKAV1  "Digest-AKAv1-MD5"

/* Lengths in octets of what the AVPs carry. */
enum {
    GBA_RAND_AUTN_LENGTH = 32,
    GBA_RAND_AUTS_LENGTH = 30,
    GBA_AKA_KEY_LENGTH = 16, /* CK, IK */
    GBA_NAF_KEY_LENGTH = 32,
    GBA_XRES_MIN = 4,
    GBA_XRES_MAX = 16,
    GBA_NAME_MAX = 255, /* IMPI, B-TID */
    GBA_SCHEME_MAX = 64,
    GBA_NAF_ID_MIN = 6, /* a FQDN and the 5 octets of the Ua security protocol */
    GBA_NAF_ID_MAX = 260,
    GBA_USER_SETTINGS_MAX = 65536 /* GUSS, ussList */
};

enum gba_result {
    GBA_RESULT_SUCCESS = 2001,
    GBA_RESULT_UNABLE_TO_DELIVER = 3002,
    GBA_RESULT_AVP_UNSUPPORTED = 5001, /* an unknown AVP with the M bit */
    GBA_RESULT_INVALID_AVP_VALUE = 5004,
    GBA_RESULT_MISSING_AVP = 5005,
    GBA_RESULT_AVP_OCCURS_TOO_MANY_TIMES = 5009,
    GBA_RESULT_UNABLE_TO_COMPLY = 5012,
    GBA_RESULT_INVALID_AVP_LENGTH = 5014,
    /* Experimental-Result of vendor 10415 (29.109 clause 6.2) */
    GBA_RESULT_IDENTITY_UNKNOWN = 5401,
    GBA_RESULT_NOT_AUTHORIZED = 5402,
    GBA_RESULT_TRANSACTION_IDENTIFIER_INVALID = 5403
};

/* True when the result travels in Experimental-Result rather than in Result-Code. */
bool gba_result_is_experimental(uint32_t result);

/* Multimedia-Auth-Request on Zh. Empty views are absent AVPs. */
struct gba_mar {
    struct octets impi;      /* User-Name */
    struct octets scheme;    /* SIP-Authentication-Scheme */
    struct octets rand_auts; /* SIP-Authorization: RAND (16) || AUTS (14) on resynchronisation */
    uint32_t guss_timestamp; /* NTP seconds; 0: absent */
};

/* Multimedia-Auth-Answer on Zh. */
struct gba_maa {
    uint32_t result; /* from Result-Code or Experimental-Result */
    struct octets impi;
    struct octets scheme;
    struct octets rand_autn; /* SIP-Authenticate, 32 octets */
    struct octets xres;      /* SIP-Authorization, 4 to 16 octets */
    struct octets ck;        /* Confidentiality-Key, 16 octets */
    struct octets ik;        /* Integrity-Key, 16 octets */
    struct octets guss;      /* GBA-UserSecSettings */
};

#define GBA_BIR_MAX_GSIDS 16

/* Bootstrapping-Info-Request on Zn. */
struct gba_bir {
    struct octets b_tid;  /* Transaction-Identifier */
    struct octets naf_id; /* FQDN || 5 octets */
    bool gba_u_aware;     /* GBA_U-Awareness-Indicator; absent: no */
    size_t gsid_count;
    uint32_t gsids[GBA_BIR_MAX_GSIDS];
};

/* Bootstrapping-Info-Answer on Zn. */
struct gba_bia {
    uint32_t result;
    struct octets impi;
    struct octets me_key_material;   /* 32 octets: Ks_(ext_)NAF */
    struct octets uicc_key_material; /* 32 octets: Ks_int_NAF, or absent */
    uint32_t key_expiry;             /* NTP seconds; 0: absent */
    uint32_t creation_time;          /* NTP seconds; 0: absent */
    struct octets uss_list;          /* GBA-UserSecSettings */
    uint32_t gba_type;               /* 0: 3G GBA, not written */
};

/*
 * Readers check every length against the bounds above, that texts hold no control characters, and that mandatory AVPs
 * are there. An AVP of the table given twice in one place is malformed, but for GAA-Service-Identifier. All failures
 * are GBAU_E_MALFORMED (GBAU_E_UNSUPPORTED for an unknown AVP with the M bit); then the struct holds nothing of use and
 * *result is the Result-Code to answer with: 5001, 5004, 5005, 5009, 5012 or 5014. On success *result is 2001.
 * Mandatory: User-Name in a MAR; Transaction-Identifier and NAF-Id in a BIR. Thread-safe; nothing is allocated.
 */
GBAU_MUST_USE enum gbau_status gba_read_mar(struct octets avps, struct gba_mar *mar, uint32_t *result);
GBAU_MUST_USE enum gbau_status gba_read_bir(struct octets avps, struct gba_bir *bir, uint32_t *result);

/*
 * Likewise. One of Result-Code and Experimental-Result (of vendor 10415) must be there. On success of the request
 * (2001) the answer's mandatory AVPs must be there too: RAND||AUTN, XRES, CK and IK in a MAA, ME-Key-Material in a BIA.
 */
GBAU_MUST_USE enum gbau_status gba_read_maa(struct octets avps, struct gba_maa *maa);
GBAU_MUST_USE enum gbau_status gba_read_bia(struct octets avps, struct gba_bia *bia);

/*
 * Writers; Vendor-Specific-Application-Id and Auth-Session-State (Zh) are written by them. Empty views and zeros are
 * left out. A view beyond the bounds of its AVP, or too many GSIDs, makes the writer fail as a lack of room does.
 */
void gba_write_mar(struct octet_writer *writer, const struct gba_mar *mar);
void gba_write_maa(struct octet_writer *writer, const struct gba_maa *maa);
void gba_write_bir(struct octet_writer *writer, const struct gba_bir *bir);
void gba_write_bia(struct octet_writer *writer, const struct gba_bia *bia);

/* Every AVP that these messages use or that peers put into them, for the transport's dictionary. */
enum gba_avp_type {
    GBA_AVP_OCTETS,
    GBA_AVP_TEXT,
    GBA_AVP_UNSIGNED32,
    GBA_AVP_ENUMERATED,
    GBA_AVP_TIME,
    GBA_AVP_GROUPED
};
struct gba_avp_definition {
    const char *name;
    uint32_t code;
    uint32_t vendor; /* 0: IETF */
    bool mandatory;  /* the M bit */
    enum gba_avp_type type;
};
extern const struct gba_avp_definition gba_avp_definitions[];
extern const size_t gba_avp_definition_count;

#endif
