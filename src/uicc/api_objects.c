/* api_objects.c: the only reader of what comes with a command of the GBA_U API. */
#include "uicc/api_objects.h"

#include "codec/ber_tlv.h"
#include "key/key_policy.h"

/* How long each object may be, by its place behind 80. */
struct limits {
    uint8_t minimum;
    uint16_t maximum; /* of pieces: in any APDU; how long they may be in this card's, its command tells */
    uint8_t only_other; /* 0, or with the minimum the only two lengths */
};

static const struct limits limits_of[API_OBJECT_COUNT] = {
    [API_TAG_NAF_ID - API_OBJECT_FIRST] = {6, 255, 0},
    [API_TAG_DIRECTION - API_OBJECT_FIRST] = {1, 1, 0},
    [API_TAG_ALGORITHM - API_OBJECT_FIRST] = {1, 1, 0},
    [API_TAG_LABEL - API_OBJECT_FIRST] = {1, 64, 0},
    [API_TAG_CONTEXT - API_OBJECT_FIRST] = {0, 64, 0},
    [API_TAG_ADDITIONAL_DATA - API_OBJECT_FIRST] = {0, API_PIECE_EXTENDED, 0},
    [API_TAG_TEXT - API_OBJECT_FIRST] = {0, API_PIECE_EXTENDED, 0},
    [API_TAG_NONCE - API_OBJECT_FIRST] = {12, 16, 16},
    [API_TAG_USAGE - API_OBJECT_FIRST] = {1, 1, 0},
    [API_TAG_LENGTHS - API_OBJECT_FIRST] = {8, 8, 0},
    [API_TAG_OTHER_HANDLE - API_OBJECT_FIRST] = {1, 1, 0},
    [API_TAG_OPERATIONS - API_OBJECT_FIRST] = {4, 4, 0},
    [API_TAG_AUTHENTICATOR - API_OBJECT_FIRST] = {16, 32, 32},
    [API_OBJECT_RULING] = {0, 255, 0},
};

static bool length_is_allowed(size_t place, size_t length)
{
    const struct limits *limits = &limits_of[place];
    return length >= limits->minimum && length <= limits->maximum &&
           (limits->only_other == 0 || length == limits->minimum || length == limits->only_other);
}

/* The place of a tag; API_OBJECT_COUNT for one that no command has. */
static size_t place_of(uint32_t tag)
{
    if (tag == KEY_POLICY_TAG || tag == KEY_REVOCATION_TAG) {
        return API_OBJECT_RULING;
    }
    const bool is_known = tag >= API_OBJECT_FIRST && tag < API_OBJECT_FIRST + API_OBJECT_RULING;
    return is_known ? tag - API_OBJECT_FIRST : API_OBJECT_COUNT;
}

enum gbau_status api_objects_read(struct octets data, unsigned needed, unsigned optional, struct api_objects *objects)
{
    struct octet_reader reader = octet_reader_of(data);
    struct ber_tlv tlv;
    unsigned seen = 0;
    *objects = (struct api_objects){0};
    for (size_t start = 0; ber_tlv_next(&reader, &tlv); start = reader.position) {
        const size_t place = place_of(tlv.tag);
        const unsigned bit = 1U << place;
        if (place == API_OBJECT_COUNT || ((needed | optional) & bit) == 0 || (seen & bit) != 0 ||
            !length_is_allowed(place, tlv.value.length)) {
            return GBAU_E_MALFORMED;
        }
        seen |= bit;
        objects->objects[place] =
            place == API_OBJECT_RULING ? octets_of(data.data + start, reader.position - start) : tlv.value;
    }
    return octet_reader_end(&reader) == GBAU_OK && (seen & needed) == needed ? GBAU_OK : GBAU_E_MALFORMED;
}

struct octets api_objects_get(const struct api_objects *objects, enum api_tag tag)
{
    return objects->objects[tag - API_OBJECT_FIRST];
}

uint8_t api_objects_octet(const struct api_objects *objects, enum api_tag tag, uint8_t absent)
{
    const struct octets value = api_objects_get(objects, tag);
    return value.data == NULL ? absent : value.data[0];
}
