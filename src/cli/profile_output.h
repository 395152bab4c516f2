/* profile_output.h: where a written profile goes: a new file that only its owner can read, or standard output. */
#ifndef CLI_PROFILE_OUTPUT_H
#define CLI_PROFILE_OUTPUT_H

#include "profile/profile_write.h"

/*
 * Writes the profile to a new file at `path`, mode 0600, or to standard output when it is NULL. A file that could not
 * be written whole is removed. GBAU_E_EXISTS, GBAU_E_IO; logged.
 */
GBAU_MUST_USE enum gbau_status profile_output_write(const char *path, const struct card_description *description,
                                                    const struct profile_write_options *options);

#endif
