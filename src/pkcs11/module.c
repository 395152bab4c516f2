/* module.c: the one object that PKCS#11 leaves global, its life, its keeper of idle cards, and forks. */
#include "pkcs11/module.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/secret.h"

enum { KEEPER_MS = 25, EVENT_MS = 200 };

/* What all threads look at while the module lives. */
struct module {
    struct slot_configurations configurations;
    struct slot *slots;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool is_ending;
    bool has_open_cards; /* as far as the keeper knows */
    unsigned waiting;    /* threads in C_WaitForSlotEvent */
    pthread_t keeper;
    bool has_keeper;
};

static const struct log module_log = {.program = "gbau-pkcs11", .level = LOG_LEVEL_WARNING};
static pthread_mutex_t life = PTHREAD_MUTEX_INITIALIZER; /* guards opening and closing */
static _Atomic(struct module *) current;

/* Waiting, at most so long; the module's mutex is held. */
static void wait_ms(struct module *module, long ms)
{
    struct timespec end;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += ms * 1000000;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&module->changed, &module->mutex, &end);
}

/* The keeper gives idle cards back */

/* True when the card stays open. A slot that is in use is not idle. */
static bool look_after_slot(struct slot *slot)
{
    if (pthread_mutex_trylock(&slot->mutex) != 0) {
        return true;
    }
    if (card_connection_is_idle(&slot->token.connection)) {
        token_release(&slot->token);
    }
    slot->is_watched = slot->token.connection.gbau != NULL;
    const bool is_open = slot->is_watched;
    (void)pthread_mutex_unlock(&slot->mutex);
    return is_open;
}

static bool look_after_slots(struct module *module)
{
    bool is_open = false;
    for (size_t i = 0; i < module->configurations.count; i++) {
        is_open |= look_after_slot(&module->slots[i]);
    }
    return is_open;
}

static void *keep(void *context)
{
    struct module *module = context;
    (void)pthread_mutex_lock(&module->mutex);
    while (!module->is_ending) {
        if (!module->has_open_cards) {
            (void)pthread_cond_wait(&module->changed, &module->mutex);
            continue;
        }
        wait_ms(module, KEEPER_MS);
        module->has_open_cards = false;
        (void)pthread_mutex_unlock(&module->mutex);
        const bool is_open = look_after_slots(module);
        (void)pthread_mutex_lock(&module->mutex);
        module->has_open_cards |= is_open;
    }
    (void)pthread_mutex_unlock(&module->mutex);
    return NULL;
}

/* Tells the keeper of a card that was opened. */
static void watch(struct module *module, struct slot *slot)
{
    slot->is_watched = true;
    (void)pthread_mutex_lock(&module->mutex);
    module->has_open_cards = true;
    (void)pthread_cond_broadcast(&module->changed);
    (void)pthread_mutex_unlock(&module->mutex);
}

/* Forks */

/* The child has neither the parent's threads nor a right to its cards: it forgets them, and first the PINs. */
static void forget_in_child(void)
{
    struct module *module = atomic_exchange(&current, NULL);
    for (size_t i = 0; module != NULL && i < module->configurations.count; i++) {
        secret_wipe(module->slots[i].token.pin, sizeof module->slots[i].token.pin);
    }
    life = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

/* Life; `life` is held */

static void free_module(struct module *module)
{
    for (size_t i = 0; i < module->configurations.count && module->slots != NULL; i++) {
        struct slot *slot = &module->slots[i];
        slot_close_all_sessions(slot);
        token_end(&slot->token);
        handle_table_clear(&slot->sessions);
        (void)pthread_mutex_destroy(&slot->mutex);
    }
    free(module->slots);
    slot_configurations_clear(&module->configurations);
    (void)pthread_cond_destroy(&module->changed);
    (void)pthread_mutex_destroy(&module->mutex);
    free(module);
}

static CK_RV make_slots(struct module *module)
{
    enum gbau_status status = slot_configurations_read(&module_log, &module->configurations);
    if (status != GBAU_OK) {
        return status == GBAU_E_MEMORY ? CKR_HOST_MEMORY : CKR_GENERAL_ERROR;
    }
    module->slots = calloc(module->configurations.count + 1, sizeof *module->slots);
    if (module->slots == NULL) {
        return CKR_HOST_MEMORY;
    }
    for (size_t i = 0; i < module->configurations.count; i++) {
        module->slots[i].id = i;
        (void)pthread_mutex_init(&module->slots[i].mutex, NULL);
        module->slots[i].token.connection.configuration = &module->configurations.slots[i];
    }
    return CKR_OK;
}

/* Signals are for the application's own threads. */
static bool start_keeper(struct module *module)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int result = pthread_create(&module->keeper, NULL, keep, module);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0;
}

/* None of these can fail on Linux. A clock that is set does not change how long one waits. */
static void init_waiting(struct module *module)
{
    pthread_condattr_t attributes;
    (void)pthread_mutex_init(&module->mutex, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&module->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

static CK_RV open_module(bool may_thread)
{
    static bool knows_forks;
    struct module *module = calloc(1, sizeof *module);
    if (module == NULL) {
        return CKR_HOST_MEMORY;
    }
    init_waiting(module);
    CK_RV rv = make_slots(module);
    if (rv == CKR_OK && !knows_forks) {
        rv = pthread_atfork(NULL, NULL, forget_in_child) == 0 ? CKR_OK : CKR_HOST_MEMORY;
        knows_forks = rv == CKR_OK;
    }
    if (rv != CKR_OK) {
        free_module(module);
        return rv;
    }
    module->has_keeper = may_thread && start_keeper(module);
    atomic_store(&current, module);
    return CKR_OK;
}

CK_RV module_open(bool may_thread)
{
    (void)pthread_mutex_lock(&life);
    CK_RV rv = atomic_load(&current) != NULL ? CKR_CRYPTOKI_ALREADY_INITIALIZED : open_module(may_thread);
    (void)pthread_mutex_unlock(&life);
    return rv;
}

static void end_threads(struct module *module)
{
    (void)pthread_mutex_lock(&module->mutex);
    module->is_ending = true;
    (void)pthread_cond_broadcast(&module->changed);
    while (module->waiting > 0) {
        (void)pthread_cond_wait(&module->changed, &module->mutex);
    }
    (void)pthread_mutex_unlock(&module->mutex);
    if (module->has_keeper) {
        (void)pthread_join(module->keeper, NULL);
    }
}

CK_RV module_close(void)
{
    (void)pthread_mutex_lock(&life);
    struct module *module = atomic_exchange(&current, NULL);
    if (module != NULL) {
        end_threads(module);
        free_module(module);
    }
    (void)pthread_mutex_unlock(&life);
    return module != NULL ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED;
}

/* Events */

static bool find_event(struct module *module, CK_SLOT_ID *found)
{
    for (size_t i = 0; i < module->configurations.count; i++) {
        struct slot *slot = &module->slots[i];
        (void)pthread_mutex_lock(&slot->mutex);
        const bool has_changed = slot_has_event(slot);
        (void)pthread_mutex_unlock(&slot->mutex);
        if (has_changed) {
            *found = i;
            return true;
        }
    }
    return false;
}

CK_RV module_wait_for_event(bool may_block, CK_SLOT_ID *slot)
{
    struct module *module = atomic_load(&current);
    if (module == NULL) {
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    }
    (void)pthread_mutex_lock(&module->mutex);
    module->waiting++;
    bool has_found = false;
    while (!module->is_ending && !has_found) {
        (void)pthread_mutex_unlock(&module->mutex);
        has_found = find_event(module, slot);
        (void)pthread_mutex_lock(&module->mutex);
        if (!may_block) {
            break;
        }
        if (!has_found && !module->is_ending) {
            wait_ms(module, EVENT_MS);
        }
    }
    const bool is_ending = module->is_ending;
    module->waiting--;
    (void)pthread_cond_broadcast(&module->changed);
    (void)pthread_mutex_unlock(&module->mutex);
    return has_found ? CKR_OK : is_ending ? CKR_CRYPTOKI_NOT_INITIALIZED : CKR_NO_EVENT;
}

/* Calls */

CK_RV module_slot_count(CK_ULONG *count)
{
    const struct module *module = atomic_load(&current);
    if (module == NULL) {
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    }
    *count = module->configurations.count;
    return CKR_OK;
}

CK_RV module_enter_slot(CK_SLOT_ID id, struct slot **slot)
{
    struct module *module = atomic_load_explicit(&current, memory_order_acquire);
    if (module == NULL) {
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    }
    if (id >= module->configurations.count) {
        return CKR_SLOT_ID_INVALID;
    }
    *slot = &module->slots[id];
    (void)pthread_mutex_lock(&(*slot)->mutex);
    return CKR_OK;
}

/* The number of a session is the one in its slot's table, behind the number of the slot. */
CK_RV module_enter_session(CK_SESSION_HANDLE handle, struct slot **slot, struct session **session)
{
    CK_RV rv = module_enter_slot(handle >> HANDLE_BITS, slot);
    if (rv == CKR_SLOT_ID_INVALID) {
        return CKR_SESSION_HANDLE_INVALID;
    }
    if (rv != CKR_OK) {
        return rv;
    }
    *session = handle_table_get(&(*slot)->sessions, handle & HANDLE_MASK);
    if (*session == NULL) {
        return module_leave(*slot, CKR_SESSION_HANDLE_INVALID);
    }
    return CKR_OK;
}

/* Leaves again when the card cannot be opened. */
static CK_RV enter_and_connect(CK_SESSION_HANDLE handle, CK_RV (*connect)(struct token *token), struct slot **slot,
                               struct session **session)
{
    CK_RV rv = module_enter_session(handle, slot, session);
    if (rv == CKR_OK) {
        rv = connect(&(*slot)->token);
        if (rv != CKR_OK) {
            (void)module_leave(*slot, rv);
        }
    }
    return rv;
}

CK_RV module_enter_connected(CK_SESSION_HANDLE handle, struct slot **slot, struct session **session)
{
    return enter_and_connect(handle, token_connect, slot, session);
}

CK_RV module_enter_publicly(CK_SESSION_HANDLE handle, struct slot **slot, struct session **session)
{
    return enter_and_connect(handle, token_connect_publicly, slot, session);
}

CK_RV module_leave(struct slot *slot, CK_RV rv)
{
    struct module *module = atomic_load_explicit(&current, memory_order_relaxed);
    const bool is_open = slot->token.connection.gbau != NULL;
    if (is_open && (rv == CKR_DEVICE_ERROR || !module->has_keeper)) {
        token_release(&slot->token);
    } else if (is_open && !slot->is_watched) {
        watch(module, slot);
    }
    (void)pthread_mutex_unlock(&slot->mutex);
    return rv;
}
