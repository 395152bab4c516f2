/* status_words.c: the table of status words. */
#include "card_text/status_words.h"

enum { INS_ANY = -1, INS_SUSPEND = 0x76 };

/* The first line that fits. `number` says what of the status word goes into the text's "%u". */
static const struct {
    uint16_t mask;
    uint16_t sw;
    int ins;
    uint16_t number;
    const char *text;
} meanings[] = {
    {0xffff, 0x9000, INS_ANY, 0, "ok"},
    {0xff00, 0x9100, INS_ANY, 0x00ff, "ok, a proactive command of %u octets waits"},
    {0xff00, 0x9200, INS_ANY, 0x000f, "ok after %u internal retries"},
    {0xffff, 0x9300, INS_ANY, 0, "toolkit is busy"},
    {0xff00, 0x6100, INS_ANY, 0x00ff, "ok, %u octets wait for GET RESPONSE"},
    {0xff00, 0x9f00, INS_ANY, 0x00ff, "ok, %u octets wait for GET RESPONSE"},
    {0xff00, 0x6c00, INS_ANY, 0x00ff, "wrong Le, %u octets are there"},
    {0xffff, 0x6200, INS_ANY, 0, "warning"},
    {0xffff, 0x6281, INS_ANY, 0, "part of the data may be corrupted"},
    {0xffff, 0x6282, INS_ANY, 0, "end of file or nothing found"},
    {0xffff, 0x6283, INS_ANY, 0, "ok, the file is deactivated"},
    {0xffff, 0x6285, INS_ANY, 0, "ok, the file is terminated"},
    {0xffff, 0x62f1, INS_ANY, 0, "ok, more data is there"},
    {0xffff, 0x62f2, INS_ANY, 0, "ok, more data is there and a proactive command waits"},
    {0xffff, 0x62f3, INS_ANY, 0, "ok, response data is there"},
    {0xffff, 0x63f1, INS_ANY, 0, "more data is expected"},
    {0xffff, 0x63f2, INS_ANY, 0, "more data is expected and a proactive command waits"},
    {0xffff, 0x63c0, INS_ANY, 0, "blocked, no tries left"},
    {0xffff, 0x63c1, INS_ANY, 0, "1 try left"},
    {0xfff0, 0x63c0, INS_ANY, 0x000f, "%u tries left"},
    {0xffff, 0x6400, INS_ANY, 0, "execution error"},
    {0xffff, 0x6500, INS_ANY, 0, "memory changed, error"},
    {0xffff, 0x6581, INS_ANY, 0, "memory problem"},
    {0xffff, 0x6700, INS_ANY, 0, "wrong length"},
    {0xffff, 0x6881, INS_ANY, 0, "logical channel not supported"},
    {0xffff, 0x6882, INS_ANY, 0, "secure messaging not supported"},
    {0xff00, 0x6800, INS_ANY, 0, "function of CLA not supported"},
    {0xffff, 0x6981, INS_ANY, 0, "wrong kind of file for this command"},
    {0xffff, 0x6982, INS_ANY, 0, "not allowed, a PIN or key is needed"},
    {0xffff, 0x6983, INS_ANY, 0, "blocked"},
    {0xffff, 0x6984, INS_ANY, 0, "invalid, or the PIN is disabled"},
    {0xffff, 0x6985, INS_ANY, 0, "conditions not satisfied"},
    {0xffff, 0x6986, INS_ANY, 0, "no file selected"},
    {0xffff, 0x6989, INS_ANY, 0, "secure channel needed"},
    {0xff00, 0x6900, INS_ANY, 0, "not allowed"},
    {0xffff, 0x6a80, INS_ANY, 0, "wrong data"},
    {0xffff, 0x6a81, INS_ANY, 0, "function not supported"},
    {0xffff, 0x6a82, INS_ANY, 0, "file not found"},
    {0xffff, 0x6a83, INS_ANY, 0, "record not found"},
    {0xffff, 0x6a84, INS_ANY, 0, "not enough memory"},
    {0xffff, 0x6a86, INS_ANY, 0, "wrong P1 or P2"},
    {0xffff, 0x6a87, INS_ANY, 0, "Lc does not fit P1 and P2"},
    {0xffff, 0x6a88, INS_ANY, 0, "referenced data not found"},
    {0xffff, 0x6a89, INS_ANY, 0, "file exists"},
    {0xffff, 0x6a8a, INS_ANY, 0, "name exists"},
    {0xffff, 0x6b00, INS_ANY, 0, "wrong offset or parameters"},
    {0xffff, 0x6d00, INS_ANY, 0, "instruction not supported"},
    {0xffff, 0x6e00, INS_ANY, 0, "class not supported"},
    {0xff00, 0x6f00, INS_ANY, 0, "technical problem"},
    {0xffff, 0x9850, INS_ANY, 0, "value cannot be increased"},
    {0xffff, 0x9862, INS_ANY, 0, "authentication error, incorrect MAC"},
    {0xffff, 0x9863, INS_ANY, 0, "session or association expired"},
    {0xffff, 0x9864, INS_SUSPEND, 0, "minimum suspension time too long"},
    {0xffff, 0x9864, INS_ANY, 0, "authentication error, context not supported"},
    {0xffff, 0x9865, INS_ANY, 0, "key freshness failure"},
    {0xffff, 0x9866, INS_ANY, 0, "authentication error, no memory"},
    {0xffff, 0x9867, INS_ANY, 0, "authentication error, no memory in EF_MUK"},
};

void text_put_status_word(struct text *text, uint16_t sw, uint8_t ins)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if ((sw & meanings[i].mask) != meanings[i].sw || (meanings[i].ins != INS_ANY && meanings[i].ins != ins)) {
            continue;
        }
        const char *number = meanings[i].text;
        while (*number != '\0' && *number != '%') {
            number++;
        }
        text_format(text, "%.*s", (int)(number - meanings[i].text), meanings[i].text);
        if (*number == '%') {
            text_format(text, "%u%s", sw & meanings[i].number, number + 2);
        }
        return;
    }
    text_put(text, "unknown status word");
}

bool status_word_is_success(uint16_t sw)
{
    const uint8_t sw1 = (uint8_t)(sw >> 8);
    return sw == 0x9000 || sw1 == 0x91 || sw1 == 0x92 || sw1 == 0x61 || sw1 == 0x9f || sw1 == 0x62 || sw == 0x63f1 ||
           sw == 0x63f2;
}
