/* local_ends.h: both ends of one Ks_int_NAF as local keys, for the tests of the key calls. */
#ifndef TESTS_UNIT_KEY_LOCAL_ENDS_H
#define TESTS_UNIT_KEY_LOCAL_ENDS_H

#include "key/api_aid.h"
#include "key/local_key.h"
#include "key_calls_common.h"

#define B_TID      "I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc001.mcc001.pub.3gppnetwork.org"
#define KS_INT_NAF "0a1506dc49027e4932c767f73fde7d306ef97e37d805539f71182bb6c1b69fd2"

struct local_ends {
    struct crypto_pool *cryptos;
    struct ks_int_naf int_key;
    struct local_key_root card;
    struct local_key_root naf;
};

static inline enum gbau_status open_local_card(void *context, const struct gbau_key_request *request,
                                               struct gbau_key **key)
{
    return local_key_open(&((struct local_ends *)context)->card, request, key);
}

static inline enum gbau_status open_local_naf(void *context, const struct gbau_key_request *request,
                                              struct gbau_key **key)
{
    return local_key_open(&((struct local_ends *)context)->naf, request, key);
}

static inline int open_local_ends(void **state)
{
    static struct local_ends local;
    static struct key_ends ends;
    local = (struct local_ends){0};
    from_hex(KS_INT_NAF, local.int_key.octets, NAF_KEY_SIZE);
    assert_ok(crypto_pool_open(2, &local.cryptos));
    local.naf = (struct local_key_root){.cryptos = local.cryptos,
                                        .int_key = &local.int_key,
                                        .b_tid = B_TID,
                                        .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE)};
    local.card = local.naf;
    local.card.is_card = true;
    ends = (struct key_ends){.context = &local,
                             .open_card = open_local_card,
                             .open_naf = open_local_naf,
                             .card_has_all_algorithms = true,
                             .long_length = 1 << 20};
    *state = &ends;
    return 0;
}

static inline int close_local_ends(void **state)
{
    struct key_ends *ends = *state;
    crypto_pool_close(((struct local_ends *)ends->context)->cryptos);
    return 0;
}

#define local_test(function) cmocka_unit_test_setup_teardown((function), open_local_ends, close_local_ends)

#endif
