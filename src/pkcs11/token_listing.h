/* token_listing.h: makes the objects of a token those that its card and its configuration have. Internal to the token.
 */
#ifndef PKCS11_TOKEN_LISTING_H
#define PKCS11_TOKEN_LISTING_H

#include "pkcs11/token.h"

/*
 * Lists the keys of the card, which is open: adds objects, keeps those that are still there, removes the others and
 * what was derived from them. Derives first, once a login, what the configuration wants to be there.
 */
GBAU_MUST_USE enum gbau_status token_list_keys(struct token *token);

#endif
