/*
 * api_coding.h: instructions, tags and limits of the GBA_U API's APDUs, for the card and for whoever talks to it
 * (docs/gba_u-api.md clause 8).
 */
#ifndef KEY_API_CODING_H
#define KEY_API_CODING_H

enum api_instruction {
    API_INS_CAPABILITIES = 0x40,
    API_INS_LIST = 0x42,
    API_INS_COUNTER = 0x4e,
    API_INS_OPEN_KEY = 0x50,
    API_INS_PROCESS = 0x52,
    API_INS_AUTHENTICATE_KEY = 0x54,
    API_INS_DERIVE_KEY = 0x56,
    API_INS_TRANSFER_KEY = 0x58,
    API_INS_KEEP_KEY = 0x5a,
    API_INS_APPLY = 0x5c,
    API_INS_CLOSE_KEY = 0x5e
};

enum api_tag {
    API_TAG_NAF_ID = 0x80,
    API_TAG_B_TID = 0x81,
    API_TAG_DIRECTION = 0x82,
    API_TAG_ALGORITHM = 0x83,
    API_TAG_LABEL = 0x84,
    API_TAG_CONTEXT = 0x85,
    API_TAG_ADDITIONAL_DATA = 0x86,
    API_TAG_TEXT = 0x87,
    API_TAG_NONCE = 0x88,
    API_TAG_USAGE = 0x89,
    API_TAG_LENGTHS = 0x8a,
    API_TAG_OTHER_HANDLE = 0x8b,
    API_TAG_POLICY_VERSION = 0x8c,
    API_TAG_OPERATIONS = 0x8d,
    API_TAG_AUTHENTICATOR = 0x8e, /* tag, MAC or hash */
    API_TAG_HANDLE = 0x90,
    API_TAG_VERSION = 0x91,
    API_TAG_ALGORITHMS = 0x92,
    API_TAG_HANDLES = 0x93,
    API_TAG_PERSISTED_KEYS = 0x94,
    API_TAG_PIECE_SIZE = 0x95
};

/* P2 of LIST. */
enum { API_LIST_NAF_KEYS = 0x00, API_LIST_PERSISTED_KEYS = 0x01 };

/* P2 of OPEN KEY. */
enum { API_OPEN_DERIVED = 0x00, API_OPEN_PERSISTED = 0x01 };

/* P2 of PROCESS: an operation and two bits. */
enum api_operation {
    API_ENCRYPT = 0x01,
    API_DECRYPT = 0x02,
    API_MAC = 0x03,
    API_VERIFY = 0x04,
    API_HASH = 0x05,
    API_OPERATION_MASK = 0x0f,
    API_LAST_BLOCK = 0x40,
    API_FIRST_BLOCK = 0x80
};

/* P2 of AUTHENTICATE KEY. */
enum {
    API_AUTHENTICATE_BEGIN = 0x01,
    API_AUTHENTICATE_ANSWER = 0x02,
    API_AUTHENTICATE_FINISH = 0x03,
    API_AUTHENTICATE_CONFIRM = 0x04
};

/* P2 of TRANSFER KEY. */
enum { API_EXPORT = 0x01, API_WRAP = 0x02, API_UNWRAP = 0x03 };

/* P2 of KEEP KEY. */
enum { API_PERSIST = 0x00, API_DELETE = 0x01 };

enum {
    API_VERSION_MAJOR = 1,
    API_VERSION_MINOR = 0,
    API_PIECE_MAX = 200,          /* octets of text in a block of a short APDU */
    API_PIECE_EXTENDED = 16384,   /* and in one of an extended APDU, where the way to the card carries it */
    API_BESIDE_PIECE_MAX = 512,   /* octets of an extended command's data beside such a piece (8) */
    API_COUNTER_SIZE = 8
};

#endif
