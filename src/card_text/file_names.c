/* file_names.c: the table of known files. Names are those of the specifications, "EF_" for EF with its name below. */
#include "card_text/file_names.h"

#include "card_text/decoders.h"

#define EF(place, fid, sfi, name, meaning, decode)                                                                     \
    {                                                                                                                  \
        PLACE_##place, fid, sfi, "EF_" name, meaning, decode, PLACE_NOWHERE                                            \
    }
#define DF(place, fid, opens, name, meaning)                                                                           \
    {                                                                                                                  \
        PLACE_##place, fid, 0, "DF_" name, meaning, NULL, PLACE_##opens                                                \
    }

/* clang-format off: one file a line */
const struct file_name file_names[] = {
    EF(MF, 0x2f00, 0x1e, "DIR", "applications on this card", decode_application),
    EF(MF, 0x2f05, 0x05, "PL", "preferred languages", decode_languages),
    EF(MF, 0x2f06, 0x06, "ARR", "access rules", decode_access_rule),
    EF(MF, 0x2f08, 0x08, "UMPC", "power consumption", decode_power),
    EF(MF, 0x2fe2, 0x02, "ICCID", "the card's number", decode_iccid),
    DF(MF, 0x7f10, TELECOM, "TELECOM", "what all applications share"),
    DF(MF, 0x7f20, GSM, "GSM", "files of a 2G SIM"),
    DF(MF, 0x7f11, CD, "CD", "configuration data for the terminal"),

    EF(CD, 0x6f01, 0x01, "LAUNCH_PAD", "launch pad", NULL),
    EF(CD, 0x6f02, 0x02, "ICON", "icon of the launch pad", NULL),

    EF(TELECOM, 0x6f06, 0, "ARR", "access rules", decode_access_rule),
    EF(TELECOM, 0x6f3a, 0, "ADN", "phone book", decode_dialling_number),
    EF(TELECOM, 0x6f3b, 0, "FDN", "fixed dialling numbers", decode_dialling_number),
    EF(TELECOM, 0x6f3c, 0, "SMS", "short messages", decode_sms),
    EF(TELECOM, 0x6f40, 0, "MSISDN", "own numbers", decode_dialling_number),
    EF(TELECOM, 0x6f42, 0, "SMSP", "short message parameters", decode_sms_parameters),
    EF(TELECOM, 0x6f43, 0, "SMSS", "short message status", NULL),
    EF(TELECOM, 0x6f44, 0, "LND", "last numbers dialled", decode_dialling_number),
    EF(TELECOM, 0x6f47, 0, "SMSR", "short message reports", NULL),
    EF(TELECOM, 0x6f49, 0, "SDN", "service dialling numbers", decode_dialling_number),
    EF(TELECOM, 0x6f4a, 0, "EXT1", "extensions of numbers", NULL),
    EF(TELECOM, 0x6f4b, 0, "EXT2", "extensions of fixed numbers", NULL),
    EF(TELECOM, 0x6f4c, 0, "EXT3", "extensions of service numbers", NULL),
    EF(TELECOM, 0x6f4f, 0, "ECCP", "extended capability parameters", NULL),
    EF(TELECOM, 0x6f53, 0, "RMA", "remote management actions", NULL),
    EF(TELECOM, 0x6f54, 0, "SUME", "title of the card's menu", NULL),
    EF(TELECOM, 0x6fe0, 0, "ICE_DN", "emergency contacts", decode_dialling_number),
    EF(TELECOM, 0x6fe1, 0, "ICE_FF", "emergency contacts, free form", NULL),
    EF(TELECOM, 0x6fe5, 0, "PSISMSC", "service centre's URI", decode_tagged_text),
    DF(TELECOM, 0x5f50, GRAPHICS, "GRAPHICS", "images"),
    DF(TELECOM, 0x5f3a, PHONEBOOK, "PHONEBOOK", "phone book"),
    DF(TELECOM, 0x5f3b, MULTIMEDIA, "MULTIMEDIA", "multimedia messages"),
    DF(TELECOM, 0x5f3c, MMSS, "MMSS", "multimode system selection"),
    DF(TELECOM, 0x5f3d, MCS, "MCS", "mission critical services"),
    DF(TELECOM, 0x5f3e, V2X, "V2X", "vehicle communication"),

    EF(GRAPHICS, 0x4f20, 0, "IMG", "images", NULL),
    EF(GRAPHICS, 0x4f21, 0, "ICE_graphics", "emergency contacts, pictures", NULL),
    EF(GRAPHICS, 0x4f01, 0, "LAUNCH_SCWS", "icon of the card's web server", NULL),
    EF(MULTIMEDIA, 0x4f47, 0x01, "MML", "list of multimedia messages", NULL),
    EF(MULTIMEDIA, 0x4f48, 0x02, "MMDF", "multimedia messages", NULL),
    EF(MMSS, 0x4f20, 0x01, "MLPL", "location associated priorities", NULL),
    EF(MMSS, 0x4f21, 0x02, "MSPL", "system priorities", NULL),
    EF(MMSS, 0x4f22, 0x03, "MMSSMODE", "selection mode", NULL),
    EF(MCS, 0x4f01, 0x01, "MST", "mission critical services", NULL),
    EF(MCS, 0x4f02, 0x02, "MCS_CONFIG", "mission critical configuration", NULL),
    EF(V2X, 0x4f01, 0x01, "VST", "services", NULL),
    EF(V2X, 0x4f02, 0x02, "V2X_CONFIG", "configuration", NULL),
    EF(PHONEBOOK, 0x4f30, 0, "PBR", "where the phone book's files are", NULL),
    EF(PHONEBOOK, 0x4f22, 0, "PSC", "synchronisation counter", NULL),
    EF(PHONEBOOK, 0x4f23, 0, "CC", "change counter", NULL),
    EF(PHONEBOOK, 0x4f24, 0, "PUID", "previous unique identifier", NULL),

    EF(GSM, 0x6f05, 0, "LP", "language preference", NULL),
    EF(GSM, 0x6f07, 0, "IMSI", "the subscriber's identity", decode_imsi),
    EF(GSM, 0x6f20, 0, "Kc", "ciphering key", decode_gsm_key),
    EF(GSM, 0x6f30, 0, "PLMNsel", "preferred networks", decode_plmn_list),
    EF(GSM, 0x6f31, 0, "HPPLMN", "search for the home network", decode_search_interval),
    EF(GSM, 0x6f38, 0, "SST", "services", NULL),
    EF(GSM, 0x6f3e, 0, "GID1", "group identifier 1", NULL),
    EF(GSM, 0x6f3f, 0, "GID2", "group identifier 2", NULL),
    EF(GSM, 0x6f46, 0, "SPN", "service provider's name", decode_provider_name),
    EF(GSM, 0x6f52, 0, "KcGPRS", "ciphering key for GPRS", decode_gsm_key),
    EF(GSM, 0x6f53, 0, "LOCIGPRS", "where it was last, GPRS", decode_ps_location),
    EF(GSM, 0x6f60, 0, "PLMNwAcT", "networks the user prefers", decode_plmn_list_with_technology),
    EF(GSM, 0x6f61, 0, "OPLMNwAcT", "networks the operator prefers", decode_plmn_list_with_technology),
    EF(GSM, 0x6f62, 0, "HPLMNwAcT", "technologies of the home network", decode_plmn_list_with_technology),
    EF(GSM, 0x6f74, 0, "BCCH", "broadcast channels", NULL),
    EF(GSM, 0x6f78, 0, "ACC", "access classes", decode_access_classes),
    EF(GSM, 0x6f7b, 0, "FPLMN", "forbidden networks", decode_plmn_list),
    EF(GSM, 0x6f7e, 0, "LOCI", "where it was last", decode_location),
    EF(GSM, 0x6fad, 0, "AD", "administrative data", decode_administrative_data),
    EF(GSM, 0x6fae, 0, "Phase", "phase of the SIM", decode_single_number),

    EF(USIM, 0x6f05, 0x02, "LI", "languages", decode_languages),
    EF(USIM, 0x6f06, 0x17, "ARR", "access rules", decode_access_rule),
    EF(USIM, 0x6f07, 0x07, "IMSI", "the subscriber's identity", decode_imsi),
    EF(USIM, 0x6f08, 0x08, "KEYS", "ciphering and integrity keys", decode_keys),
    EF(USIM, 0x6f09, 0x09, "KEYSPS", "the same, packet switched", decode_keys),
    EF(USIM, 0x6f0a, 0, "AC_GBAUAPI", "who may use the GBA_U API", decode_gba_api_access),
    EF(USIM, 0x6f0b, 0, "IMSDCI", "IMS data channel indication", NULL),
    EF(USIM, 0x6f2c, 0, "DCK", "depersonalisation keys", decode_withheld),
    EF(USIM, 0x6f31, 0x12, "HPPLMN", "search for the home network", decode_search_interval),
    EF(USIM, 0x6f32, 0, "CNL", "co-operative networks", NULL),
    EF(USIM, 0x6f37, 0, "ACMmax", "limit of charges", decode_single_number),
    EF(USIM, 0x6f38, 0x04, "UST", "services", decode_usim_services),
    EF(USIM, 0x6f39, 0, "ACM", "charges so far", decode_single_number),
    EF(USIM, 0x6f3b, 0, "FDN", "fixed dialling numbers", decode_dialling_number),
    EF(USIM, 0x6f3c, 0, "SMS", "short messages", decode_sms),
    EF(USIM, 0x6f3e, 0, "GID1", "group identifier 1", NULL),
    EF(USIM, 0x6f3f, 0, "GID2", "group identifier 2", NULL),
    EF(USIM, 0x6f40, 0, "MSISDN", "own numbers", decode_dialling_number),
    EF(USIM, 0x6f41, 0, "PUCT", "price of a unit", NULL),
    EF(USIM, 0x6f42, 0, "SMSP", "short message parameters", decode_sms_parameters),
    EF(USIM, 0x6f43, 0, "SMSS", "short message status", NULL),
    EF(USIM, 0x6f45, 0, "CBMI", "cell broadcasts wanted", NULL),
    EF(USIM, 0x6f46, 0, "SPN", "service provider's name", decode_provider_name),
    EF(USIM, 0x6f47, 0, "SMSR", "short message reports", NULL),
    EF(USIM, 0x6f48, 0x0e, "CBMID", "cell broadcasts for the card", NULL),
    EF(USIM, 0x6f49, 0, "SDN", "service dialling numbers", decode_dialling_number),
    EF(USIM, 0x6f4b, 0, "EXT2", "extensions of fixed numbers", NULL),
    EF(USIM, 0x6f4c, 0, "EXT3", "extensions of service numbers", NULL),
    EF(USIM, 0x6f4d, 0, "BDN", "barred dialling numbers", decode_dialling_number),
    EF(USIM, 0x6f4e, 0, "EXT5", "extensions of own and called numbers", NULL),
    EF(USIM, 0x6f4f, 0x16, "CCP2", "capability parameters", NULL),
    EF(USIM, 0x6f50, 0, "CBMIR", "ranges of cell broadcasts wanted", NULL),
    EF(USIM, 0x6f55, 0, "EXT4", "extensions of barred numbers", NULL),
    EF(USIM, 0x6f56, 0x05, "EST", "services switched on", decode_enabled_services),
    EF(USIM, 0x6f57, 0, "ACL", "allowed access point names", NULL),
    EF(USIM, 0x6f58, 0, "CMI", "comparison methods", NULL),
    EF(USIM, 0x6f5b, 0x0f, "START-HFN", "hyperframe numbers", decode_start_hfn),
    EF(USIM, 0x6f5c, 0x10, "THRESHOLD", "greatest hyperframe number", decode_threshold),
    EF(USIM, 0x6f60, 0x0a, "PLMNwAcT", "networks the user prefers", decode_plmn_list_with_technology),
    EF(USIM, 0x6f61, 0x11, "OPLMNwAcT", "networks the operator prefers", decode_plmn_list_with_technology),
    EF(USIM, 0x6f62, 0x13, "HPLMNwAcT", "technologies of the home network", decode_plmn_list_with_technology),
    EF(USIM, 0x6f65, 0, "RPLMNAcT", "technology last used", NULL),
    EF(USIM, 0x6f73, 0x0c, "PSLOCI", "where it was last, data", decode_ps_location),
    EF(USIM, 0x6f78, 0x06, "ACC", "access classes", decode_access_classes),
    EF(USIM, 0x6f7b, 0x0d, "FPLMN", "forbidden networks", decode_plmn_list),
    EF(USIM, 0x6f7e, 0x0b, "LOCI", "where it was last", decode_location),
    EF(USIM, 0x6f80, 0x14, "ICI", "calls received", NULL),
    EF(USIM, 0x6f81, 0x15, "OCI", "calls made", NULL),
    EF(USIM, 0x6f82, 0, "ICT", "time of calls received", NULL),
    EF(USIM, 0x6f83, 0, "OCT", "time of calls made", NULL),
    EF(USIM, 0x6fad, 0x03, "AD", "administrative data", decode_administrative_data),
    EF(USIM, 0x6fb1, 0, "VGCS", "voice groups", NULL),
    EF(USIM, 0x6fb2, 0, "VGCSS", "voice groups switched on", NULL),
    EF(USIM, 0x6fb3, 0, "VBS", "voice broadcasts", NULL),
    EF(USIM, 0x6fb4, 0, "VBSS", "voice broadcasts switched on", NULL),
    EF(USIM, 0x6fb5, 0, "eMLPP", "priorities of calls", NULL),
    EF(USIM, 0x6fb6, 0, "AAeM", "calls answered automatically", NULL),
    EF(USIM, 0x6fb7, 0x01, "ECC", "emergency call codes", decode_emergency_call),
    EF(USIM, 0x6fc3, 0, "Hiddenkey", "key to hidden entries", decode_withheld),
    EF(USIM, 0x6fc4, 0, "NETPAR", "network parameters", NULL),
    EF(USIM, 0x6fc5, 0x19, "PNN", "names of networks", decode_network_name),
    EF(USIM, 0x6fc6, 0x1a, "OPL", "where those names hold", decode_operator_plmn),
    EF(USIM, 0x6fc7, 0, "MBDN", "mailbox numbers", decode_dialling_number),
    EF(USIM, 0x6fc8, 0, "EXT6", "extensions of mailbox numbers", NULL),
    EF(USIM, 0x6fc9, 0, "MBI", "which mailbox", NULL),
    EF(USIM, 0x6fca, 0, "MWIS", "messages waiting", NULL),
    EF(USIM, 0x6fcb, 0, "CFIS", "call forwarding", NULL),
    EF(USIM, 0x6fcc, 0, "EXT7", "extensions of forwarding numbers", NULL),
    EF(USIM, 0x6fcd, 0, "SPDI", "networks shown as the provider's", decode_display_information),
    EF(USIM, 0x6fce, 0, "MMSN", "multimedia message notifications", NULL),
    EF(USIM, 0x6fcf, 0, "EXT8", "extensions of notifications", NULL),
    EF(USIM, 0x6fd0, 0, "MMSICP", "multimedia parameters of the issuer", NULL),
    EF(USIM, 0x6fd1, 0, "MMSUP", "multimedia preferences", NULL),
    EF(USIM, 0x6fd2, 0, "MMSUCP", "multimedia parameters of the user", NULL),
    EF(USIM, 0x6fd3, 0, "NIA", "alerting", NULL),
    EF(USIM, 0x6fd4, 0x1b, "VGCSCA", "ciphering of voice groups", NULL),
    EF(USIM, 0x6fd5, 0x1c, "VBSCA", "ciphering of voice broadcasts", NULL),
    EF(USIM, 0x6fd6, 0, "GBABP", "GBA bootstrapping", decode_gba_bootstrapping),
    EF(USIM, 0x6fd7, 0, "MSK", "MBMS service keys, their names", NULL),
    EF(USIM, 0x6fd8, 0, "MUK", "MBMS user keys, their names", NULL),
    EF(USIM, 0x6fd9, 0x1d, "EHPLMN", "equivalent home networks", decode_plmn_list),
    EF(USIM, 0x6fda, 0, "GBANL", "services with a Ks_int_NAF", decode_gba_naf_list),
    EF(USIM, 0x6fdb, 0, "EHPLMNPI", "how equivalent networks are shown", NULL),
    EF(USIM, 0x6fdc, 0, "LRPLMNSI", "choice of the last network", NULL),
    EF(USIM, 0x6fdd, 0, "NAFKCA", "NAF key centre's address", decode_tagged_text),
    EF(USIM, 0x6fde, 0, "SPNI", "icon of the provider", NULL),
    EF(USIM, 0x6fdf, 0, "PNNI", "icons of networks", NULL),
    EF(USIM, 0x6fe2, 0, "NCP-IP", "IP connections of the card", NULL),
    EF(USIM, 0x6fe3, 0x1e, "EPSLOCI", "where it was last, LTE", decode_eps_location),
    EF(USIM, 0x6fe4, 0x18, "EPSNSC", "security context, LTE", decode_nas_context),
    EF(USIM, 0x6fe6, 0, "UFC", "what the toolkit may do", NULL),
    EF(USIM, 0x6fe7, 0, "UICCIARI", "IMS applications of the card", decode_tagged_text),
    EF(USIM, 0x6fe8, 0, "NASCONFIG", "non-access stratum configuration", NULL),
    EF(USIM, 0x6fec, 0, "PWS", "public warnings", NULL),
    EF(USIM, 0x6fed, 0, "FDNURI", "fixed dialling URIs", decode_tagged_text),
    EF(USIM, 0x6fee, 0, "BDNURI", "barred dialling URIs", decode_tagged_text),
    EF(USIM, 0x6fef, 0, "SDNURI", "service dialling URIs", decode_tagged_text),
    EF(USIM, 0x6ff0, 0, "IAL", "terminals allowed", NULL),
    EF(USIM, 0x6ff1, 0, "IPS", "pairing status", NULL),
    EF(USIM, 0x6ff2, 0, "IPD", "paired terminal", NULL),
    EF(USIM, 0x6ff3, 0, "ePDGId", "home ePDG", decode_p_cscf),
    EF(USIM, 0x6ff4, 0, "ePDGSelection", "choice of the ePDG", NULL),
    EF(USIM, 0x6ff5, 0, "ePDGIdEm", "emergency ePDG", decode_p_cscf),
    EF(USIM, 0x6ff6, 0, "ePDGSelectionEm", "choice of the emergency ePDG", NULL),
    EF(USIM, 0x6ff7, 0, "FromPreferred", "identity shown to the callee", NULL),
    EF(USIM, 0x6ff8, 0, "IMSConfigData", "IMS configuration", NULL),
    EF(USIM, 0x6ff9, 0, "3GPPPSDATAOFF", "services with data switched off", NULL),
    EF(USIM, 0x6ffa, 0, "3GPPPSDATAOFFservicelist", "IMS services with data switched off", NULL),
    EF(USIM, 0x6ffc, 0, "XCAPConfigData", "XCAP configuration", NULL),
    EF(USIM, 0x6ffd, 0, "EARFCNList", "channels for machines", NULL),
    EF(USIM, 0x6ffe, 0, "MuDMiDConfigData", "several devices, several identities", NULL),
    EF(USIM, 0x6f01, 0, "eAKA", "enhanced AKA", NULL),
    DF(USIM, 0x5f3a, PHONEBOOK, "PHONEBOOK", "phone book"),
    DF(USIM, 0x5f3b, GSM_ACCESS, "GSM-ACCESS", "what GSM needs"),
    DF(USIM, 0x5f3c, MEXE, "MexE", "mobile execution environment"),
    DF(USIM, 0x5f70, SOLSA, "SoLSA", "localised service areas"),
    DF(USIM, 0x5f40, WLAN, "WLAN", "interworking WLAN"),
    DF(USIM, 0x5f50, HNB, "HNB", "home node B"),
    DF(USIM, 0x5f90, PROSE, "ProSe", "proximity services"),
    DF(USIM, 0x5fa0, ACDC, "ACDC", "congestion control by application"),
    DF(USIM, 0x5fb0, TV, "TV", "television"),
    DF(USIM, 0x5fc0, 5GS, "5GS", "5G"),
    DF(USIM, 0x5fd0, SAIP, "SAIP", "interoperable profile"),
    DF(USIM, 0x5fe0, SNPN, "SNPN", "stand-alone non-public networks"),
    DF(USIM, 0x5ff0, 5G_PROSE, "5G_ProSe", "proximity services of 5G"),
    DF(USIM, 0x5ff1, 5MBS, "5MBSUECONFIG", "multicast of 5G"),

    EF(GSM_ACCESS, 0x4f20, 0x01, "Kc", "ciphering key", decode_gsm_key),
    EF(GSM_ACCESS, 0x4f52, 0x02, "KcGPRS", "ciphering key for GPRS", decode_gsm_key),
    EF(GSM_ACCESS, 0x4f63, 0, "CPBCCH", "packet broadcast channels", NULL),
    EF(GSM_ACCESS, 0x4f64, 0, "InvScan", "investigation scan", NULL),
    EF(MEXE, 0x4f40, 0, "MexE-ST", "services", NULL),
    EF(MEXE, 0x4f41, 0, "ORPK", "operator's root key", NULL),
    EF(MEXE, 0x4f42, 0, "ARPK", "administrator's root key", NULL),
    EF(MEXE, 0x4f43, 0, "TPRPK", "third party's root key", NULL),
    EF(SOLSA, 0x4f30, 0, "SAI", "access indicator", NULL),
    EF(SOLSA, 0x4f31, 0, "SLL", "list of areas", NULL),
    EF(WLAN, 0x4f41, 0x01, "Pseudo", "pseudonym", NULL),
    EF(WLAN, 0x4f42, 0x02, "UPLMNWLAN", "networks the user prefers", decode_plmn_list),
    EF(WLAN, 0x4f43, 0x03, "OPLMNWLAN", "networks the operator prefers", decode_plmn_list),
    EF(WLAN, 0x4f44, 0x04, "UWSIDL", "WLANs the user prefers", NULL),
    EF(WLAN, 0x4f45, 0x05, "OWSIDL", "WLANs the operator prefers", NULL),
    EF(WLAN, 0x4f46, 0x06, "WRI", "reauthentication identity", NULL),
    EF(WLAN, 0x4f47, 0x07, "HWSIDL", "WLANs of the home network", NULL),
    EF(HNB, 0x4f81, 0x01, "ACSGL", "closed groups allowed", NULL),
    EF(HNB, 0x4f82, 0x02, "CSGT", "types of closed groups", NULL),
    EF(HNB, 0x4f83, 0x03, "HNBN", "names of home nodes", NULL),
    EF(HNB, 0x4f84, 0x04, "OCSGL", "operator's closed groups", NULL),
    EF(PROSE, 0x4f01, 0x01, "PROSE_MON", "monitoring", NULL),
    EF(PROSE, 0x4f02, 0x02, "PROSE_ANN", "announcing", NULL),
    EF(PROSE, 0x4f03, 0x03, "PROSEFUNC", "function of the home network", NULL),
    EF(ACDC, 0x4f01, 0x01, "ACDC_LIST", "categories", NULL),
    EF(TV, 0x4f01, 0, "TVUSD", "services", NULL),

    EF(5GS, 0x4f01, 0x01, "5GS3GPPLOCI", "where it was last, 5G", decode_5gs_location),
    EF(5GS, 0x4f02, 0x02, "5GSN3GPPLOCI", "where it was last, 5G over WLAN", decode_5gs_location),
    EF(5GS, 0x4f03, 0x03, "5GS3GPPNSC", "security context, 5G", decode_nas_context),
    EF(5GS, 0x4f04, 0x04, "5GSN3GPPNSC", "security context, 5G over WLAN", decode_nas_context),
    EF(5GS, 0x4f05, 0x05, "5GAUTHKEYS", "keys of 5G authentication", decode_5g_keys),
    EF(5GS, 0x4f06, 0x06, "UAC_AIC", "access identities", NULL),
    EF(5GS, 0x4f07, 0x07, "SUCI_Calc_Info", "concealing of the identity", decode_suci_calculation),
    EF(5GS, 0x4f08, 0x08, "OPL5G", "where names of networks hold, 5G", NULL),
    EF(5GS, 0x4f09, 0x09, "SUPI_NAI", "identity as NAI", decode_tagged_text),
    EF(5GS, 0x4f0a, 0x0a, "Routing_Indicator", "routing indicator", decode_routing_indicator),
    EF(5GS, 0x4f0b, 0x0b, "URSP", "route selection policies", NULL),
    EF(5GS, 0x4f0c, 0x0c, "TN3GPPSNN", "trusted networks over WLAN", NULL),
    EF(5GS, 0x4f0d, 0x0d, "CAG", "closed access groups", NULL),
    EF(5GS, 0x4f0e, 0x0e, "SOR-CMCI", "steering of roaming", NULL),
    EF(5GS, 0x4f0f, 0x0f, "DRI", "disaster roaming", NULL),
    EF(5GS, 0x4f10, 0x10, "5GSEDRX", "discontinuous reception", NULL),
    EF(5GS, 0x4f11, 0x11, "5GNSWO_CONF", "offload to WLAN", NULL),
    EF(5GS, 0x4f15, 0x15, "MCHPPLMN", "search over satellite", NULL),
    EF(5GS, 0x4f16, 0x16, "KAUSF_DERIVATION", "how K_AUSF is derived", NULL),
    EF(SAIP, 0x4f01, 0, "SUCI_Calc_Info_USIM", "concealing of the identity", decode_suci_calculation),
    EF(SNPN, 0x4f01, 0x01, "PWS_SNPN", "public warnings", NULL),
    EF(SNPN, 0x4f02, 0x02, "NID", "network identifier", NULL),
    EF(5G_PROSE, 0x4f01, 0x01, "5G_PROSE_ST", "services", NULL),
    EF(5G_PROSE, 0x4f02, 0x02, "5G_PROSE_DD", "direct discovery", NULL),
    EF(5G_PROSE, 0x4f03, 0x03, "5G_PROSE_DC", "direct communication", NULL),
    EF(5MBS, 0x4f01, 0, "5MBSUECONFIG", "configuration", NULL),

    EF(ISIM, 0x6f02, 0x02, "IMPI", "private identity", decode_tagged_text),
    EF(ISIM, 0x6f03, 0x05, "DOMAIN", "home domain", decode_tagged_text),
    EF(ISIM, 0x6f04, 0x04, "IMPU", "public identities", decode_tagged_text),
    EF(ISIM, 0x6f06, 0x06, "ARR", "access rules", decode_access_rule),
    EF(ISIM, 0x6f07, 0x07, "IST", "services", decode_isim_services),
    EF(ISIM, 0x6f09, 0, "P-CSCF", "first proxies", decode_p_cscf),
    EF(ISIM, 0x6f0a, 0, "AC_GBAUAPI", "who may use the GBA_U API", decode_gba_api_access),
    EF(ISIM, 0x6f0b, 0, "IMSDCI", "IMS data channel indication", NULL),
    EF(ISIM, 0x6f3c, 0, "SMS", "short messages", decode_sms),
    EF(ISIM, 0x6f42, 0, "SMSP", "short message parameters", decode_sms_parameters),
    EF(ISIM, 0x6f43, 0, "SMSS", "short message status", NULL),
    EF(ISIM, 0x6f47, 0, "SMSR", "short message reports", NULL),
    EF(ISIM, 0x6fad, 0x03, "AD", "administrative data", decode_administrative_data),
    EF(ISIM, 0x6fd5, 0, "GBABP", "GBA bootstrapping", decode_gba_bootstrapping),
    EF(ISIM, 0x6fd7, 0, "GBANL", "services with a Ks_int_NAF", decode_gba_naf_list),
    EF(ISIM, 0x6fdd, 0, "NAFKCA", "NAF key centre's address", decode_tagged_text),
    EF(ISIM, 0x6fe7, 0, "UICCIARI", "IMS applications of the card", decode_tagged_text),
    EF(ISIM, 0x6ff7, 0, "FromPreferred", "identity shown to the callee", NULL),
    EF(ISIM, 0x6ff8, 0, "IMSConfigData", "IMS configuration", NULL),
    EF(ISIM, 0x6ffa, 0, "WebRTCURI", "WebRTC addresses", decode_tagged_text),
    EF(ISIM, 0x6ffc, 0, "XCAPConfigData", "XCAP configuration", NULL),
    EF(ISIM, 0x6ffe, 0, "MuDMiDConfigData", "several devices, several identities", NULL),
};
/* clang-format on */

const size_t file_name_count = sizeof file_names / sizeof file_names[0];

const char *card_place_name(enum card_place place)
{
    for (size_t i = 0; i < file_name_count; i++) {
        if (place != PLACE_NOWHERE && file_names[i].opens == place) {
            return file_names[i].name;
        }
    }
    return place == PLACE_MF ? "MF" : place == PLACE_USIM ? "ADF_USIM" : place == PLACE_ISIM ? "ADF_ISIM" : "?";
}

const struct file_name *file_name_find(enum card_place place, uint16_t fid)
{
    for (size_t i = 0; i < file_name_count; i++) {
        if (file_names[i].place == place && file_names[i].fid == fid) {
            return &file_names[i];
        }
    }
    return NULL;
}

const struct file_name *file_name_find_sfi(enum card_place place, uint8_t sfi)
{
    for (size_t i = 0; i < file_name_count && sfi != 0; i++) {
        if (file_names[i].place == place && file_names[i].sfi == sfi) {
            return &file_names[i];
        }
    }
    return NULL;
}

const struct file_name *file_name_of_phonebook(uint8_t tag)
{
    enum { TAG_FIRST = 0xc0 };
    static const struct file_name files[] = {
        EF(PHONEBOOK, 0, 0, "ADN", "names and numbers", decode_dialling_number),
        EF(PHONEBOOK, 0, 0, "IAP", "index", NULL),
        EF(PHONEBOOK, 0, 0, "EXT1", "extensions of numbers", NULL),
        EF(PHONEBOOK, 0, 0, "SNE", "second names", decode_alpha),
        EF(PHONEBOOK, 0, 0, "ANR", "additional numbers", NULL),
        EF(PHONEBOOK, 0, 0, "PBC", "control", NULL),
        EF(PHONEBOOK, 0, 0, "GRP", "groups of entries", NULL),
        EF(PHONEBOOK, 0, 0, "AAS", "kinds of additional numbers", decode_alpha),
        EF(PHONEBOOK, 0, 0, "GAS", "names of groups", decode_alpha),
        EF(PHONEBOOK, 0, 0, "UID", "unique identifiers", NULL),
        EF(PHONEBOOK, 0, 0, "EMAIL", "e-mail addresses", decode_alpha),
        EF(PHONEBOOK, 0, 0, "CCP1", "capability parameters", NULL),
        EF(PHONEBOOK, 0, 0, "PURI", "URIs", NULL),
    };
    const size_t index = (size_t)tag - TAG_FIRST;
    return tag >= TAG_FIRST && index < sizeof files / sizeof files[0] ? &files[index] : NULL;
}

bool file_name_is_secret(const struct file_name *name)
{
    static file_decoder *const of_keys[] = {decode_keys, decode_gsm_key, decode_nas_context, decode_5g_keys,
                                            decode_withheld};
    for (size_t i = 0; name != NULL && i < sizeof of_keys / sizeof of_keys[0]; i++) {
        if (name->decode == of_keys[i]) {
            return true;
        }
    }
    return false;
}

static bool is_blank(struct octets body)
{
    for (size_t i = 0; i < body.length; i++) {
        if (body.data[i] != 0xff) {
            return false;
        }
    }
    return true;
}

void file_name_decode(const struct file_name *name, struct octets body, struct card_content *content)
{
    content_clear(content);
    if (is_blank(body)) {
        return;
    }
    if (name == NULL || name->decode == NULL) {
        content_add_hex(content, NULL, body);
    } else {
        name->decode(body, content);
    }
}
