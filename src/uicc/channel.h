/* channel.h: logical channels (TS 102 221 8.7, 11.1.17). */
#ifndef UICC_CHANNEL_H
#define UICC_CHANNEL_H

#include "uicc/uicc.h"

void channel_close(struct uicc_channel *channel);

/* Opens a channel with MF selected and no application active. */
void channel_open_at_mf(struct uicc_channel *channel);

/* True when the GBA_U API's applet is selected on the channel. */
bool channel_has_applet(const struct uicc *uicc, const struct uicc_channel *channel);

/* The application with files (USIM, ISIM) that is active on the channel; false when there is none. */
bool channel_application(const struct uicc *uicc, const struct uicc_channel *channel,
                         struct card_application *application);

#endif
