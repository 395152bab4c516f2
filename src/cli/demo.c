/* demo.c: gbau demo. */
#include <stdlib.h>

#include "cli/verbs.h"

int verb_demo(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return EXIT_FAILURE;
}
