/* decoders.h: the decoders of the table of files; private to this room. */
#ifndef CARD_TEXT_DECODERS_H
#define CARD_TEXT_DECODERS_H

#include "card_text/file_names.h"

/* decode_identity.c: who the subscriber and the card are */
file_decoder decode_iccid;
file_decoder decode_imsi;
file_decoder decode_administrative_data;
file_decoder decode_provider_name;
file_decoder decode_languages;
file_decoder decode_access_classes;
file_decoder decode_dialling_number;
file_decoder decode_emergency_call;
file_decoder decode_sms_parameters;
file_decoder decode_sms;
file_decoder decode_tagged_text;
file_decoder decode_p_cscf;
file_decoder decode_power;
file_decoder decode_single_number;
file_decoder decode_alpha;
file_decoder decode_routing_indicator;
file_decoder decode_suci_calculation;

/* decode_network.c: networks and places */
file_decoder decode_plmn_list;
file_decoder decode_plmn_list_with_technology;
file_decoder decode_location;
file_decoder decode_ps_location;
file_decoder decode_eps_location;
file_decoder decode_5gs_location;
file_decoder decode_search_interval;
file_decoder decode_network_name;
file_decoder decode_operator_plmn;
file_decoder decode_display_information;
file_decoder decode_start_hfn;
file_decoder decode_threshold;

/* decode_services.c */
file_decoder decode_usim_services;
file_decoder decode_isim_services;
file_decoder decode_enabled_services;

/* decode_security.c: keys, which are withheld, and GBA */
file_decoder decode_keys;
file_decoder decode_gsm_key;
file_decoder decode_nas_context;
file_decoder decode_5g_keys;
file_decoder decode_withheld;
file_decoder decode_gba_bootstrapping;
file_decoder decode_gba_naf_list;
file_decoder decode_gba_api_access;

/* decode_directory.c */
file_decoder decode_application;
file_decoder decode_access_rule;

/* "001-01", or "none" for FF FF FF (TS 24.008 10.5.1.13). */
void put_plmn(struct text *text, struct octets plmn);

#endif
