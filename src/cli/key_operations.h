/*
 * key_operations.h: what the verbs of `gbau key` and `gbau naf key` do with a key once it is open, whichever end holds
 * it: standard input goes in, a report comes out. Errors as the calls of gbau/key.h; what the person can change is
 * logged.
 */
#ifndef CLI_KEY_OPERATIONS_H
#define CLI_KEY_OPERATIONS_H

#include "cli/key_options.h"
#include "cli/report.h"

/* What most of these are. */
typedef enum gbau_status key_operation(struct gbau_key *key, const struct key_options *options);

/* The MAC of standard input; a check of --mac over it; its hash. */
GBAU_MUST_USE enum gbau_status key_operation_mac(struct gbau_key *key, const struct key_options *options);
GBAU_MUST_USE enum gbau_status key_operation_verify(struct gbau_key *key, const struct key_options *options);
GBAU_MUST_USE enum gbau_status key_operation_hash(struct gbau_key *key, const struct key_options *options);

/* What the key is that `request` asked for; of usage export its octets too. */
GBAU_MUST_USE enum gbau_status key_operation_show(struct gbau_key *key, const struct gbau_key_request *request,
                                                  const struct key_options *options);

/* Turns the request for a child into the one for its parent: of usage derive. */
void key_operation_ask_for_parent(struct gbau_key_request *request);

/* Derives the child of --child, of the kind that `request` says or, with --export, of usage export; shows it. */
GBAU_MUST_USE enum gbau_status key_operation_derive(struct gbau_key *parent, const struct gbau_key_request *request,
                                                    const struct key_options *options);

/* Mutual authentication in the --role, over --connect, --listen, or standard input and output. */
GBAU_MUST_USE enum gbau_status key_operation_authenticate(struct gbau_key *key, const struct key_options *options);

/* Adds octets in hexadecimal, at most KEY_REPORT_OCTETS_MAX. */
enum { KEY_REPORT_OCTETS_MAX = 1024 };
void key_report_add_hex(struct report *report, const char *name, const uint8_t *octets, size_t length);

/* Adds what a key is, and where it comes from. */
void key_report_add_key(struct report *report, const struct gbau_key *key, const struct gbau_key_request *request);

/* Prints and ends it. GBAU_E_IO. */
GBAU_MUST_USE enum gbau_status key_report_print(struct report *report, const struct key_options *options);

#endif
