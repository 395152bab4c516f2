/* fcp.h: file control parameters, the answer to SELECT and STATUS (TS 102 221 11.1.1.3). */
#ifndef UICC_FCP_H
#define UICC_FCP_H

#include "uicc/uicc.h"

/* Writes the FCP template of the file with index `file`. */
void fcp_write(struct octet_writer *writer, const struct uicc *uicc, uint8_t file);

/* Writes the FCP template of an applet without files: its AID and life cycle. */
void fcp_write_applet(struct octet_writer *writer, const struct card_application *application);

#endif
