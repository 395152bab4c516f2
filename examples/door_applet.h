/* door_applet.h: an applet on the card that opens a door (door_applet.c), for whoever embeds the card. */
#ifndef DOOR_APPLET_H
#define DOOR_APPLET_H

#include <gbau/uicc.h>

/* The service to which the doors belong: FQDN and Ua security protocol identifier. It is the applet's context. */
struct door_service {
    const uint8_t *naf_id;
    size_t naf_id_length;
};

uint16_t door_applet_process(void *context, struct gbau_api *api, const struct gbau_applet_command *command,
                             struct gbau_applet_response *response);

#endif
