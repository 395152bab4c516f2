/* card_image.h: a software card in a file: made, opened by one process at a time, and run. */
#ifndef READER_CARD_IMAGE_H
#define READER_CARD_IMAGE_H

#include "base/log.h"
#include "uicc/profile.h"
#include "uicc/uicc.h"

struct card_image;

/* How much a write is worth. */
enum card_durability {
    CARD_DURABLE, /* survives a power failure */
    CARD_VOLATILE /* survives the end of the process only; for benchmarks */
};

/*
 * Makes a card in a new file at `path`, mode 0600. The file appears whole or not at all. GBAU_E_EXISTS when there is
 * one already; else as card_profile_make. Errors are logged.
 */
GBAU_MUST_USE enum gbau_status card_image_create(const char *path, const struct card_profile *profile,
                                                 const struct log *log);

/* As card_image_create, of a description; errors as card_description_make. */
GBAU_MUST_USE enum gbau_status card_image_create_described(const char *path, const struct card_description *description,
                                                           const struct log *log);

/*
 * Opens the card and powers it on. GBAU_E_BUSY when another process has it open, GBAU_E_NOT_FOUND, GBAU_E_MALFORMED
 * when the file is no card, GBAU_E_CORRUPT when it is damaged; each logged. The caller owns *card.
 */
GBAU_MUST_USE enum gbau_status card_image_open(const char *path, enum card_durability durability, const struct log *log,
                                               struct card_image **card);
void card_image_close(struct card_image *card);

/* Describes the card as it is now (see card_description_read); the contents are views of the open image. */
GBAU_MUST_USE enum gbau_status card_image_describe(const struct card_image *card, struct card_parts *parts,
                                                   struct card_description *description);

/* Runs one command APDU (see uicc_process). */
size_t card_image_process(struct card_image *card, struct octets command, uint8_t response[UICC_RESPONSE_MAX]);

/* The same for a card that was told to take extended commands; `capacity` is at least UICC_RESPONSE_MAX. */
size_t card_image_process_into(struct card_image *card, struct octets command, uint8_t *response, size_t capacity);
void card_image_allow_extended(struct card_image *card);

void card_image_reset(struct card_image *card);

#endif
