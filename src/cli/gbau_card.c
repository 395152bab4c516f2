/* gbau_card.c: a card by itself: a program that is a card in a file, small enough to run by the hundred. */
#include "base/secret.h"
#include "cli/card_serve.h"

int main(int argc, char **argv)
{
    const struct log log = {.program = "gbau-card", .level = LOG_LEVEL_INFO, .style = LOG_STYLE_PLAIN};
    secret_harden_process();
    return card_serve("gbau-card", &log, argc - 1, argv + 1);
}
