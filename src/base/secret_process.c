/* secret_process.c: keeps the secrets of a whole process out of core dumps (Linux). */
#include "base/secret.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void secret_harden_process(void)
{
    const struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core); /* best effort: a container may forbid it */
    (void)prctl(PR_SET_DUMPABLE, 0);
}
