/* status.c: the texts of enum gbau_status, as a table. */
#include "gbau/status.h"

#include <stddef.h>

struct status_text {
    const char *text;
    const char *hint;
};

static const struct status_text status_texts[GBAU_STATUS_COUNT] = {
    [GBAU_OK] = {"success", ""},
    [GBAU_E_ARGUMENT] = {"argument out of range", "see --help"},
    [GBAU_E_MALFORMED] = {"malformed data", ""},
    [GBAU_E_SPACE] = {"not enough room", ""},
    [GBAU_E_MEMORY] = {"out of memory", "free some memory and try again"},
    [GBAU_E_UNSUPPORTED] = {"not supported", ""},
    [GBAU_E_NOT_FOUND] = {"not found", ""},
    [GBAU_E_EXISTS] = {"already exists", "choose another name, or remove the old one first"},
    [GBAU_E_CRYPTO] = {"cryptographic operation failed", "check the installation of OpenSSL"},
    [GBAU_E_AUTHENTICATION] = {"authentication failed", "check that both sides hold the same key"},
    [GBAU_E_REPLAY] = {"replayed", "make a new message or a new challenge"},
    [GBAU_E_SYNC] = {"sequence number out of range", "let the network resynchronise"},
    [GBAU_E_ACCESS] = {"access denied", "check the access rules of the card or the server"},
    [GBAU_E_PIN_REQUIRED] = {"PIN required", "give the PIN with --pin"},
    [GBAU_E_PIN_WRONG] = {"wrong PIN", "check the PIN: three wrong ones block it"},
    [GBAU_E_PIN_BLOCKED] = {"PIN blocked", "unblock it with the PUK"},
    [GBAU_E_STORAGE] = {"storage failed", "check the disk and the permissions"},
    [GBAU_E_CORRUPT] = {"stored data is damaged", "restore it from a backup"},
    [GBAU_E_BUSY] = {"in use", "wait, or end the other user of it"},
    [GBAU_E_IO] = {"input or output failed", ""},
    [GBAU_E_UNREACHABLE] = {"peer cannot be reached", "check the address, and that the peer runs"},
    [GBAU_E_TIMEOUT] = {"peer did not answer in time", "check that the peer runs, then try again"},
    [GBAU_E_PROTOCOL] = {"peer broke the protocol", ""},
    [GBAU_E_REFUSED] = {"peer refused", ""},
    [GBAU_E_EXPIRED] = {"expired", "bootstrap again"},
    [GBAU_E_CARD] = {"unexpected answer of the card", ""},
    [GBAU_E_LIMIT] = {"limit reached", "wait, then try again"},
    [GBAU_E_CONFIGURATION] = {"wrong configuration", "compare with the files in examples/"},
};

const char *gbau_status_text(enum gbau_status status)
{
    if ((unsigned)status >= GBAU_STATUS_COUNT) {
        return "unknown status";
    }
    return status_texts[status].text;
}

const char *gbau_status_hint(enum gbau_status status)
{
    if ((unsigned)status >= GBAU_STATUS_COUNT) {
        return "";
    }
    return status_texts[status].hint;
}
