/* verbs.h: what `gbau` can do; each verb takes the arguments behind its own name and returns the exit status. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "base/log.h"
#include "gbau/status.h"

/* For messages to the person at the terminal. */
extern const struct log cli_log;

int verb_card_create(int argc, char **argv);
int verb_card_export(int argc, char **argv);
int verb_card_import(int argc, char **argv);
int verb_card_apdu(int argc, char **argv);
int verb_card_serve(int argc, char **argv);
int verb_card_readers(int argc, char **argv);
int verb_card_show(int argc, char **argv);
int verb_card_trace(int argc, char **argv);
int verb_bootstrap(int argc, char **argv);
int verb_naf_key(int argc, char **argv);
int verb_subscriber_add(int argc, char **argv);
int verb_conformance_card(int argc, char **argv);
int verb_conformance_api(int argc, char **argv);
int verb_key(int argc, char **argv);
int verb_naf_key_use(int argc, char **argv);
int verb_demo(int argc, char **argv);

/* Prints "gbau VERB: text; hint" for a failure that nobody has explained yet; returns EXIT_FAILURE. */
int verb_fail(const char *verb, enum gbau_status status);

#endif
