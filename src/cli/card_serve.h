/* card_serve.h: offers a card in a file to PC/SC programs. */
#ifndef CLI_CARD_SERVE_H
#define CLI_CARD_SERVE_H

#include "base/log.h"

/* Runs the program or verb `program` with its arguments; returns its exit status. */
int card_serve(const char *program, const struct log *log, int argc, char **argv);

#endif
