/* data_pipe.h: standard input and output as the data of a verb: as a stream with progress on a terminal, or as a whole.
 */
#ifndef CLI_DATA_PIPE_H
#define CLI_DATA_PIPE_H

#include "base/octets.h"
#include "gbau/key.h"

/* A stream from standard input to standard output. */
struct data_pipe {
    struct gbau_pipe pipe; /* for gbau_key_seal_stream and gbau_key_open_stream; its context is this struct */
    uint64_t octets;       /* read so far */
    bool shows_progress;
    int64_t shown_ms; /* when progress was shown last */
    int64_t began_ms;
};

/* Begins; progress is shown when standard error is a terminal. `data_pipe` must stay where it is. */
void data_pipe_begin(struct data_pipe *data_pipe);

/* Ends the line of progress. */
void data_pipe_end(struct data_pipe *data_pipe);

enum { DATA_WHOLE_MAX = 64 << 20 };

/* All of standard input, at most DATA_WHOLE_MAX octets. GBAU_E_LIMIT, GBAU_E_IO, logged. The caller frees *data. */
GBAU_MUST_USE enum gbau_status data_read_whole(uint8_t **data, size_t *length);

#endif
