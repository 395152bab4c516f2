/* identity.c: names that follow from an IMSI (TS 23.003 13.3 and 16.2). */
#include "key/identity.h"

#include <stdio.h>
#include <string.h>

enum { MCC_DIGITS = 3, IMSI_MIN = 6, IMSI_MAX = 15 };

enum gbau_status identity_of_imsi(const char *imsi, unsigned mnc_digits, struct identity *identity)
{
    const size_t length = strspn(imsi, "0123456789");
    if (imsi[length] != '\0' || length < IMSI_MIN || length > IMSI_MAX || mnc_digits < 2 || mnc_digits > 3) {
        return GBAU_E_ARGUMENT;
    }
    const char *padding = mnc_digits == 2 ? "0" : "";
    const char *mnc = imsi + MCC_DIGITS;
    (void)snprintf(identity->imsi, sizeof identity->imsi, "%s", imsi);
    (void)snprintf(identity->home_domain, sizeof identity->home_domain, "ims.mnc%s%.*s.mcc%.3s.3gppnetwork.org",
                   padding, (int)mnc_digits, mnc, imsi);
    (void)snprintf(identity->impi, sizeof identity->impi, "%s@%.100s", imsi, identity->home_domain);
    (void)snprintf(identity->bsf_fqdn, sizeof identity->bsf_fqdn, "bsf.mnc%s%.*s.mcc%.3s.pub.3gppnetwork.org", padding,
                   (int)mnc_digits, mnc, imsi);
    return GBAU_OK;
}
