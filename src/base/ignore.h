/* ignore.h: says in so many words that a failure changes nothing: must-use results cannot be dropped otherwise. */
#ifndef BASE_IGNORE_H
#define BASE_IGNORE_H

#include "gbau/status.h"

/* For clean-up steps whose failure leaves nothing to do. */
static inline void status_ignore(enum gbau_status status)
{
    (void)status;
}

#endif
