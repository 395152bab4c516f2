/*
 * probe.h: a check's hands and eyes: sends commands to the card and remembers the first thing that was not as expected.
 *
 * Errors are sticky, as in base/octets.h: after the first deviation nothing more is sent and every answer is empty, so
 * a check reads like the sequence in the specification. Only probe_clean_up still works then.
 */
#ifndef CONFORMANCE_PROBE_H
#define CONFORMANCE_PROBE_H

#include "conformance/conformance.h"
#include "me/apdu.h"

enum { PROBE_PIN = 0x01, PROBE_PIN2 = 0x81, PROBE_ADM1 = 0x0a, PROBE_SECRET_SIZE = 8 };
enum { FILE_TRANSPARENT = 0x01, FILE_LINEAR_FIXED = 0x02, FILE_CYCLIC = 0x06, FILE_DIRECTORY = 0x38 };

/* Whether a command with data has an Le of 00 behind it; EXTENDED: of 0000, and an Lc of two octets as well. */
enum probe_le { NO_LE, WITH_LE, EXTENDED };

enum { PROBE_EXTENDED_MAX = 1100 }; /* octets of data in an extended command */

/* What a card answered, kept for a comparison. */
struct content {
    size_t length;
    uint8_t octets[APDU_RESPONSE_MAX];
};

/* The last command and response as they may be shown: secrets left out. */
enum { PROBE_SEEN_SIZE = 160 };

struct probe {
    struct reader *reader; /* borrowed, as the next two */
    struct crypto *crypto;
    const struct conformance_given *given;
    enum gbau_status status; /* of the reader: once it failed, the run ends */
    uint8_t channel;         /* where commands with class 0X and 8X go */
    uint32_t open_channels;  /* bit n: channel n was opened for this check */
    bool hides_content;
    bool may_be_missing; /* the next refusal means that the card does not offer it */
    enum conformance_verdict verdict;
    char detail[CONFORMANCE_DETAIL_SIZE];
    char seen[PROBE_SEEN_SIZE];
    bool pin_is_enabled;
    const uint8_t *application; /* AID of the one activated last: each may have an SQN of its own */
    bool sqn_is_known;
    aka_sqn sqn;            /* the highest that this application has accepted, when it is known */
    bool gba_is_unmasked;   /* the card takes AUTN where AUTN* is due */
    uint32_t newest_ruling; /* version of the last policy or revocation of the API's checks; 0: none yet */
    struct apdu_response response;
};

/* True while nothing went wrong. */
bool probe_goes_on(const struct probe *probe);

/*
 * Sends a command of hexadecimal digits and demands its status word. A class of "0X" or "8X" is completed with the
 * channel; spaces are left out. `sw` has four digits, "X" for any, and '|' between alternatives; 91XX counts as 9000.
 * Returns the data, valid until the next command; empty when something went wrong.
 */
struct octets probe_expect(struct probe *probe, const char *command, const char *sw);

/* As probe_expect, for CLA to P2 in `head` and data that are octets. */
struct octets probe_expect_data(struct probe *probe, const char *head, struct octets data, enum probe_le le,
                                const char *sw);

/* As probe_expect, but a refusal that means "no such thing here" makes the check's verdict "not supported". */
struct octets probe_expect_offered(struct probe *probe, const char *command, const char *sw);

/* Sends a command and demands nothing. Returns the status word, 0 when nothing was sent. */
uint16_t probe_send(struct probe *probe, const char *command);
uint16_t probe_send_data(struct probe *probe, const char *head, struct octets data, enum probe_le le);

/* Puts something back as it was, whatever went wrong before. Says with the status word whether it did; 0: no answer. */
uint16_t probe_clean_up(struct probe *probe, const char *head, struct octets data);

/* Fails the check unless `condition` holds; the text says what was expected. */
void probe_demand(struct probe *probe, bool condition, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Ends the check without a verdict on the card: it does not offer this, or something is missing here. */
void probe_not_supported(struct probe *probe, const char *why);
void probe_skip(struct probe *probe, const char *why);

/* Ends the check when something on our side failed. */
void probe_demand_ok(struct probe *probe, enum gbau_status status);

/* True when the status word fits the pattern. */
bool probe_sw_fits(uint16_t sw, const char *pattern);

void probe_keep(struct content *content, struct octets octets);
struct octets content_octets(const struct content *content);
void probe_demand_equal(struct probe *probe, struct octets octets, const struct content *content, const char *what);

/* Channels: all that a check opens are closed behind it. */

/* Opens one from the basic channel. 0 when the card gave none: then the check is over. */
uint8_t probe_open_channel(struct probe *probe);
void probe_close_channel(struct probe *probe, uint8_t channel);
void probe_close_channels(struct probe *probe);

/* Files */

/* SELECT by FID, with the FCP's content (without tag 62) as answer. */
struct octets probe_select(struct probe *probe, uint16_t fid);

/* As probe_select; a file that is not there ends the check as not supported. */
struct octets probe_select_offered(struct probe *probe, uint16_t fid);

/* The content of an FCP answer; fails the check unless it is one whole template. */
struct octets probe_fcp(struct probe *probe, struct octets answer);

/* The value of a data object; empty, with a null pointer, when it is not there. */
struct octets fcp_value(struct octets fcp, uint32_t tag);
unsigned fcp_kind(struct octets fcp);
size_t fcp_size(struct octets fcp);
size_t fcp_record_length(struct octets fcp);
size_t fcp_record_count(struct octets fcp);

/* Selects a transparent file and reads all of it, or its first 256 octets. */
void probe_read_file(struct probe *probe, uint16_t fid, struct content *content);

/* Reads a record of the selected file. */
void probe_read_record(struct probe *probe, size_t record, struct content *content);

/* Applications */

/* Activates the USIM or the ISIM, by the beginning of its AID below; keeps its FCP in *fcp unless NULL. */
void probe_select_application(struct probe *probe, struct octets aid, struct content *fcp);
extern const struct octets usim_aid_prefix, isim_aid_prefix;

/* True when EF_UST of the active USIM says so. */
bool probe_has_service(struct probe *probe, unsigned service);

/* Resets the card: channels are gone, and the check goes on on one of its own; the PIN is verified again. */
void probe_reset(struct probe *probe);

/* PINs */

/* A PIN or unblock PIN as octets, filled with FF. */
void probe_write_secret(const char *digits, uint8_t value[PROBE_SECRET_SIZE]);

/* Tries left by an empty VERIFY or UNBLOCK PIN; -1 when the card tells no number. */
int probe_tries(struct probe *probe, uint8_t key_reference);
int probe_unblock_tries(struct probe *probe);

#endif
