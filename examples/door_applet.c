/*
 * door_applet.c: an applet on the card that opens a door. It keeps a credential that the doors' service and the card
 * share and answers a door's challenge with a MAC. The phone that carries the messages never gets the key, nor may it
 * use it; and the door opens without a network, and after a new bootstrapping too.
 *
 *     80 E0 00 00                 enrol: distributes the credential from the key of the service, which was derived
 * before 80 E2 00 00 10 <challenge>  open: the MAC over the door's 16 octets
 */
#include "door_applet.h"

#include <string.h>

enum { INS_ENROL = 0xe0, INS_OPEN = 0xe2, CHALLENGE_SIZE = 16, OPENINGS = 1000 };
enum { USAGE_MAC = 0x02, CARD_TO_NAF = 0x01, HMAC_SHA_256 = 0x21 };
enum { SW_WRONG_LENGTH = 0x6700, SW_INS_NOT_SUPPORTED = 0x6d00 };

static const uint8_t label[] = {'d', 'o', 'o', 'r'};

static struct gbau_api_request credential_of(const struct door_service *service)
{
    return (struct gbau_api_request){.naf_id = service->naf_id,
                                     .naf_id_length = service->naf_id_length,
                                     .usage = USAGE_MAC,
                                     .direction = CARD_TO_NAF,
                                     .algorithm = HMAC_SHA_256,
                                     .label = label,
                                     .label_length = sizeof label};
}

/* The first failure, for a handle is closed whatever happened before. */
static uint16_t first_failure(uint16_t sw, uint16_t closed)
{
    return sw == GBAU_SW_OK ? closed : sw;
}

static uint16_t enrol(const struct door_service *service, struct gbau_api *api)
{
    uint8_t handle;
    const struct gbau_api_request credential = credential_of(service);
    uint16_t sw = gbau_api_open(api, &credential, &handle);
    if (sw != GBAU_SW_OK) {
        return sw;
    }
    sw = gbau_api_persist(api, handle, OPENINGS);
    return first_failure(sw, gbau_api_close(api, handle));
}

static uint16_t answer(const struct door_service *service, struct gbau_api *api,
                       const struct gbau_applet_command *command, struct gbau_applet_response *response)
{
    uint8_t handle;
    struct gbau_api_output output;
    const struct gbau_api_request credential = credential_of(service);
    const struct gbau_api_block challenge = {.operation = GBAU_API_MAC,
                                             .is_first = true,
                                             .is_last = true,
                                             .text = command->data,
                                             .text_length = command->length};
    if (command->length != CHALLENGE_SIZE) {
        return SW_WRONG_LENGTH;
    }
    uint16_t sw = gbau_api_open_persisted(api, &credential, &handle);
    if (sw != GBAU_SW_OK) {
        return sw;
    }
    sw = gbau_api_process(api, handle, &challenge, &output);
    if (sw == GBAU_SW_OK) {
        memcpy(response->data, output.authenticator, output.authenticator_length);
        response->length = output.authenticator_length;
    }
    return first_failure(sw, gbau_api_close(api, handle));
}

uint16_t door_applet_process(void *context, struct gbau_api *api, const struct gbau_applet_command *command,
                             struct gbau_applet_response *response)
{
    switch (command->ins) {
    case INS_ENROL:
        return enrol(context, api);
    case INS_OPEN:
        return answer(context, api, command, response);
    default:
        return SW_INS_NOT_SUPPORTED;
    }
}
