/* model_generator.h: random commands for a card and its model, and their coding as APDUs. */
#ifndef TESTS_UNIT_UICC_MODEL_GENERATOR_H
#define TESTS_UNIT_UICC_MODEL_GENERATOR_H

#include "base/octets.h"
#include "card_model.h"

struct random {
    uint32_t state; /* not 0 */
};

/* 0 to limit - 1. */
uint32_t random_below(struct random *random, uint32_t limit);

/* A command that makes sense in the model's state more often than not. */
struct model_action generate_action(struct random *random, const struct model *model);

/* The APDU; `apdu` has room for 261 octets. */
size_t encode_action(const struct model_action *action, uint8_t *apdu);

#endif
