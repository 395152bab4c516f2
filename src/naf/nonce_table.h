/* nonce_table.h: nonces of HTTP Digest that this NAF has issued, and how far each has counted (RFC 7616 3.3, 3.4). */
#ifndef NAF_NONCE_TABLE_H
#define NAF_NONCE_TABLE_H

#include "base/clock.h"
#include "crypto/primitives.h"

enum { NONCE_TEXT_SIZE = 33 };

enum nonce_judgement { NONCE_GOOD, NONCE_STALE, NONCE_REPLAYED };

struct nonce_table;

GBAU_MUST_USE enum gbau_status nonce_table_open(unsigned lifetime_s, const struct clock *clock,
                                                struct nonce_table **table);
void nonce_table_close(struct nonce_table *table);

/* Makes a new nonce as hex. Thread-safe. */
GBAU_MUST_USE enum gbau_status nonce_table_issue(struct nonce_table *table, struct crypto *crypto,
                                                 char nonce[NONCE_TEXT_SIZE]);

/* Judges a nonce and its count, which must grow; a good one is counted. Thread-safe. */
enum nonce_judgement nonce_table_judge(struct nonce_table *table, const char *nonce, uint32_t count);

#endif
