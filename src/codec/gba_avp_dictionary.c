/* gba_avp_dictionary.c: the AVPs of Zh and Zn (TS 29.109 table 6.1, TS 29.229 table 6.3.1, RFC 6733 4.5). */
#include "codec/gba_avp_dictionary.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const struct gba_avp_definition gba_avp_definitions[] = {
    [AVP_USER_NAME - 1] = {"User-Name", 1, 0, true, GBA_AVP_TEXT},
    [AVP_AUTH_APPLICATION_ID - 1] = {"Auth-Application-Id", 258, 0, true, GBA_AVP_UNSIGNED32},
    [AVP_VENDOR_SPECIFIC_APPLICATION_ID - 1] = {"Vendor-Specific-Application-Id", 260, 0, true, GBA_AVP_GROUPED},
    [AVP_VENDOR_ID - 1] = {"Vendor-Id", 266, 0, true, GBA_AVP_UNSIGNED32},
    [AVP_RESULT_CODE - 1] = {"Result-Code", 268, 0, true, GBA_AVP_UNSIGNED32},
    [AVP_AUTH_SESSION_STATE - 1] = {"Auth-Session-State", 277, 0, true, GBA_AVP_ENUMERATED},
    [AVP_EXPERIMENTAL_RESULT - 1] = {"Experimental-Result", 297, 0, true, GBA_AVP_GROUPED},
    [AVP_EXPERIMENTAL_RESULT_CODE - 1] = {"Experimental-Result-Code", 298, 0, true, GBA_AVP_UNSIGNED32},
    [AVP_PUBLIC_IDENTITY - 1] = {"Public-Identity", 601, GBA_VENDOR_3GPP, true, GBA_AVP_TEXT},
    [AVP_SIP_NUMBER_AUTH_ITEMS - 1] = {"SIP-Number-Auth-Items", 607, GBA_VENDOR_3GPP, true, GBA_AVP_UNSIGNED32},
    [AVP_SIP_AUTHENTICATION_SCHEME - 1] = {"SIP-Authentication-Scheme", 608, GBA_VENDOR_3GPP, true, GBA_AVP_TEXT},
    [AVP_SIP_AUTHENTICATE - 1] = {"SIP-Authenticate", 609, GBA_VENDOR_3GPP, true, GBA_AVP_OCTETS},
    [AVP_SIP_AUTHORIZATION - 1] = {"SIP-Authorization", 610, GBA_VENDOR_3GPP, true, GBA_AVP_OCTETS},
    [AVP_SIP_AUTHENTICATION_CONTEXT - 1] = {"SIP-Authentication-Context", 611, GBA_VENDOR_3GPP, true, GBA_AVP_OCTETS},
    [AVP_SIP_AUTH_DATA_ITEM - 1] = {"SIP-Auth-Data-Item", 612, GBA_VENDOR_3GPP, true, GBA_AVP_GROUPED},
    [AVP_SIP_ITEM_NUMBER - 1] = {"SIP-Item-Number", 613, GBA_VENDOR_3GPP, true, GBA_AVP_UNSIGNED32},
    [AVP_CONFIDENTIALITY_KEY - 1] = {"Confidentiality-Key", 625, GBA_VENDOR_3GPP, true, GBA_AVP_OCTETS},
    [AVP_INTEGRITY_KEY - 1] = {"Integrity-Key", 626, GBA_VENDOR_3GPP, true, GBA_AVP_OCTETS},
    [AVP_GBA_USER_SEC_SETTINGS - 1] = {"GBA-UserSecSettings", 400, GBA_VENDOR_3GPP, true, GBA_AVP_OCTETS},
    [AVP_TRANSACTION_IDENTIFIER - 1] = {"Transaction-Identifier", 401, GBA_VENDOR_3GPP, true, GBA_AVP_OCTETS},
    [AVP_NAF_ID - 1] = {"NAF-Id", 402, GBA_VENDOR_3GPP, true, GBA_AVP_OCTETS},
    [AVP_GAA_SERVICE_IDENTIFIER - 1] = {"GAA-Service-Identifier", 403, GBA_VENDOR_3GPP, true, GBA_AVP_OCTETS},
    [AVP_KEY_EXPIRY_TIME - 1] = {"Key-ExpiryTime", 404, GBA_VENDOR_3GPP, true, GBA_AVP_TIME},
    [AVP_ME_KEY_MATERIAL - 1] = {"ME-Key-Material", 405, GBA_VENDOR_3GPP, true, GBA_AVP_OCTETS},
    [AVP_UICC_KEY_MATERIAL - 1] = {"UICC-Key-Material", 406, GBA_VENDOR_3GPP, true, GBA_AVP_OCTETS},
    [AVP_GBA_U_AWARENESS_INDICATOR - 1] = {"GBA_U-Awareness-Indicator", 407, GBA_VENDOR_3GPP, true, GBA_AVP_ENUMERATED},
    [AVP_BOOTSTRAP_INFO_CREATION_TIME - 1] = {"BootstrapInfoCreationTime", 408, GBA_VENDOR_3GPP, true, GBA_AVP_TIME},
    /* table 6.1 says of this one that M must not be set */
    [AVP_GUSS_TIMESTAMP - 1] = {"GUSS-Timestamp", 409, GBA_VENDOR_3GPP, false, GBA_AVP_TIME},
    [AVP_GBA_TYPE - 1] = {"GBA-Type", 410, GBA_VENDOR_3GPP, true, GBA_AVP_ENUMERATED},
};

const size_t gba_avp_definition_count = COUNT_OF(gba_avp_definitions);

_Static_assert(COUNT_OF(gba_avp_definitions) == AVP_END - 1, "a row for every AVP");
_Static_assert(AVP_END <= 32, "a set of AVPs fits an uint32_t");
