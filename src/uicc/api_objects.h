/* api_objects.h: the data objects of the GBA_U API's commands (docs/gba_u-api.md 8), read and checked once. */
#ifndef UICC_API_OBJECTS_H
#define UICC_API_OBJECTS_H

#include "base/octets.h"
#include "key/api_coding.h"

/* The tags that commands have; each command names some of them as a set. */
enum {
    API_OBJECT_FIRST = API_TAG_NAF_ID,
    API_OBJECT_RULING = 0x0f, /* A0 or A1, whole, with tag and length */
    API_OBJECT_COUNT
};

/* The bit of a tag in a set. */
#define API_OBJECT(tag) (1U << ((unsigned)(tag)-API_OBJECT_FIRST))

struct api_objects {
    struct octets objects[API_OBJECT_COUNT];
};

/*
 * Reads BER-TLV objects to the last octet. GBAU_E_MALFORMED for broken coding, an object that is in neither set or
 * comes twice, a length out of the table of clause 8, or one of `needed` that is missing. Views of `data`.
 */
GBAU_MUST_USE enum gbau_status api_objects_read(struct octets data, unsigned needed, unsigned optional,
                                                struct api_objects *objects);

/* An object; without data when it is absent. */
struct octets api_objects_get(const struct api_objects *objects, enum api_tag tag);

/* The octet that is the object's value, or `absent`. For objects of one octet. */
uint8_t api_objects_octet(const struct api_objects *objects, enum api_tag tag, uint8_t absent);

#endif
