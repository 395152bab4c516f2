/* profile_write.h: a described card as a profile in the whole form (base: none), which profile_file.h reads. */
#ifndef PROFILE_PROFILE_WRITE_H
#define PROFILE_PROFILE_WRITE_H

#include <stdio.h>

#include "uicc/card_description.h"

struct profile_write_options {
    bool without_secrets;     /* values of PINs, keys, and contents of files of keys are left to be filled in */
    const char *const *notes; /* of each file: a comment of one line, or NULL; NULL: none at all */
};

/*
 * Writes the profile to `stream`. What belongs to GBA keys, which stay in the card, is left out: EF_GBABP and EF_GBANL
 * are written without content. GBAU_E_IO when writing fails.
 */
GBAU_MUST_USE enum gbau_status profile_write(FILE *stream, const struct card_description *description,
                                             const struct profile_write_options *options);

#endif
