/* fuzz_capture_reader.c: pcapng files of strangers: what is found in them lies in them. */
#include "fuzzing.h"

#include "trace/capture_reader.h"

static void listen(void *context, size_t packet, struct octets command, struct octets response)
{
    const struct octets *file = context;
    MUST(packet > 0 && command.length >= 4 && response.length >= 2);
    MUST(command.data > file->data && command.data + command.length == response.data);
    MUST(response.data + response.length <= file->data + file->length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct octets file = octets_of(data, size);
    const enum gbau_status status = capture_read_apdus(file, listen, &file);
    MUST(status == GBAU_OK || status == GBAU_E_UNSUPPORTED || status == GBAU_E_MALFORMED);
    return 0;
}
