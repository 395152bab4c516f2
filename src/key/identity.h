/* identity.h: names that follow from an IMSI (TS 23.003 clauses 13 and 16). */
#ifndef KEY_IDENTITY_H
#define KEY_IDENTITY_H

#include "base/octets.h"

enum { IDENTITY_IMPI_SIZE = 128, IDENTITY_FQDN_SIZE = 128, IDENTITY_IMSI_SIZE = 16 };

struct identity {
    char imsi[IDENTITY_IMSI_SIZE];
    char impi[IDENTITY_IMPI_SIZE];        /* <IMSI>@ims.mnc<MNC>.mcc<MCC>.3gppnetwork.org */
    char home_domain[IDENTITY_FQDN_SIZE]; /* what stands behind the @ */
    char bsf_fqdn[IDENTITY_FQDN_SIZE];    /* bsf.mnc<MNC>.mcc<MCC>.pub.3gppnetwork.org */
};

/* `imsi` has 6 to 15 digits, `mnc_digits` is 2 or 3; the MNC is padded to three digits with a zero in front. */
GBAU_MUST_USE enum gbau_status identity_of_imsi(const char *imsi, unsigned mnc_digits, struct identity *identity);

#endif
