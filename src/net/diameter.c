/* diameter.c: the life of the Diameter node: open, start, close; what it serves and uses. */
#include "net/diameter.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <freeDiameter/freeDiameter-host.h>
#include <freeDiameter/libfdcore.h>

#include "net/diameter_private.h"

enum { VENDOR_3GPP = 10415 };

struct diameter_node *diameter_the_node;

/* freeDiameter cannot be initialised a second time, so this is never taken back. */
static atomic_flag was_opened = ATOMIC_FLAG_INIT;

/* freeDiameter ends itself over what it takes for unrecoverable; it cannot be started again, so this must be seen. */
static const char end_of_freediameter[] = "Initiating freeDiameter shutdown";

/* freeDiameter's own words go to the log as details; only its end is news, unless it was asked for. */
__attribute__((format(printf, 2, 0))) static void on_log(int level, const char *format, va_list arguments)
{
    const struct diameter_node *node = diameter_the_node;
    if (node == NULL || node->log == NULL) {
        return;
    }
    if (level < FD_LOG_FATAL && node->log->level < LOG_LEVEL_DEBUG) {
        return;
    }
    char text[512];
    int state = diameter_forbid_cancel();
    (void)vsnprintf(text, sizeof text, format, arguments);
    bool is_news = strstr(text, end_of_freediameter) != NULL && !atomic_load(&node->closing);
    log_write(node->log, is_news ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, "freeDiameter: %s", text);
    diameter_allow_cancel(state);
}

/*
 * freeDiameter writes to connections that its peers may have closed, which raises SIGPIPE and would end the process.
 * Its threads inherit the signals that are blocked in the thread that makes them: so they get none, now and later.
 */
static sigset_t block_signals(void)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    return before;
}

static void restore_signals(const sigset_t *before)
{
    (void)pthread_sigmask(SIG_SETMASK, before, NULL);
}

static enum gbau_status start_freediameter(struct diameter_node *node, const struct diameter_config *config)
{
    enum gbau_status status = diameter_apply_config(node, config);
    if (status == GBAU_OK) {
        status = diameter_open_gate(node);
    }
    if (status == GBAU_OK) {
        status = diameter_register_service(node);
    }
    return status == GBAU_OK ? diameter_open_outbox(node) : status;
}

/* Exported by libfdcore, but not in its headers: the threads for routing and dispatch end within a second. */
int fd_rtdisp_cleanstop(void);

enum { THREADS_END_US = 1100000 };

/*
 * When it ends, freeDiameter destroys queues under the threads that wait for them, and aborts when these do not leave
 * within 20 ms, which on a busy machine, or with more than 20 workers, they do not. So they are sent away beforehand.
 */
static void end_freediameter(struct diameter_node *node)
{
    (void)fd_rtdisp_cleanstop();
    (void)usleep(THREADS_END_US);
    (void)fd_core_shutdown();
    (void)fd_core_wait_shutdown_complete();
    for (size_t i = 0; i < sizeof node->hooks / sizeof node->hooks[0]; i++) {
        if (node->hooks[i] != NULL) {
            (void)fd_hook_unregister(node->hooks[i]);
        }
    }
}

static void free_node(struct diameter_node *node)
{
    (void)fd_log_handler_unregister();
    diameter_the_node = NULL;
    free(node);
}

/* With signals blocked. When it fails, freeDiameter has ended again. */
static enum gbau_status open_freediameter(struct diameter_node *node, const struct diameter_config *config)
{
    (void)fd_log_handler_register(on_log);
    if (fd_core_initialize() != 0) {
        log_error(node->log, "Diameter: freeDiameter does not initialise");
        return GBAU_E_UNSUPPORTED;
    }
    enum gbau_status status = start_freediameter(node, config);
    if (status != GBAU_OK) {
        atomic_store(&node->closing, true);
        end_freediameter(node);
    }
    return status;
}

enum gbau_status diameter_open(const struct diameter_config *config, const struct log *log, struct diameter_node **node)
{
    struct diameter_node *new_node = calloc(1, sizeof *new_node);
    if (new_node == NULL) {
        return GBAU_E_MEMORY;
    }
    new_node->log = log;
    enum gbau_status status = diameter_check_config(new_node, config);
    if (status == GBAU_OK && atomic_flag_test_and_set(&was_opened)) {
        status = GBAU_E_BUSY;
    }
    if (status != GBAU_OK) {
        free(new_node);
        return status;
    }
    diameter_the_node = new_node;
    const sigset_t signals = block_signals();
    status = open_freediameter(new_node, config);
    restore_signals(&signals);
    if (status != GBAU_OK) {
        free_node(new_node);
        return status;
    }
    *node = new_node;
    return GBAU_OK;
}

static enum gbau_status start_peers(struct diameter_node *node)
{
    enum gbau_status status = diameter_add_peers(node);
    if (status != GBAU_OK) {
        return status;
    }
    if (fd_core_start() != 0) {
        log_error(node->log, "Diameter: freeDiameter does not start");
        return GBAU_E_IO;
    }
    return GBAU_OK;
}

enum gbau_status diameter_start(struct diameter_node *node)
{
    if (node->application_count == 0 || atomic_load(&node->started)) {
        return GBAU_E_ARGUMENT;
    }
    const sigset_t signals = block_signals();
    enum gbau_status status = start_peers(node);
    restore_signals(&signals);
    atomic_store(&node->started, status == GBAU_OK);
    return status;
}

void diameter_close(struct diameter_node *node)
{
    atomic_store(&node->closing, true);
    diameter_stop_sending(node);
    diameter_settle_peers(node);
    end_freediameter(node);
    diameter_forget_connections(node);
    diameter_close_outbox(node);
    free_node(node);
}

static bool find_or_define(enum dict_object_type type, int criterion, const void *key, void *definition,
                           struct dict_object *parent, struct dict_object **object)
{
    struct dictionary *dictionary = fd_g_config->cnf_dict;
    if (fd_dict_search(dictionary, type, criterion, key, object, ENOENT) == 0) {
        return true;
    }
    return fd_dict_new(dictionary, type, definition, parent, object) == 0;
}

/* Announces the application in Vendor-Specific-Application-Id, as 29.109 clauses 4.2 and 5.2 want it. */
static bool announce_application(uint32_t application)
{
    struct dict_object *vendor_object = NULL;
    struct dict_object *application_object = NULL;
    vendor_id_t vendor_id = VENDOR_3GPP;
    application_id_t application_id = application;
    char vendor_name[] = "3GPP";
    char application_name[32];
    (void)snprintf(application_name, sizeof application_name, "3GPP application %u", application);
    struct dict_vendor_data vendor = {.vendor_id = vendor_id, .vendor_name = vendor_name};
    struct dict_application_data data = {.application_id = application_id, .application_name = application_name};
    return find_or_define(DICT_VENDOR, VENDOR_BY_ID, &vendor_id, &vendor, NULL, &vendor_object) &&
           find_or_define(DICT_APPLICATION, APPLICATION_BY_ID, &application_id, &data, vendor_object,
                          &application_object) &&
           fd_disp_app_support(application_object, vendor_object, 1, 0) == 0;
}

enum gbau_status diameter_use(struct diameter_node *node, uint32_t application)
{
    if (application == 0 || application == UINT32_MAX || atomic_load(&node->started)) {
        return GBAU_E_ARGUMENT;
    }
    for (size_t i = 0; i < node->application_count; i++) {
        if (node->applications[i] == application) {
            return GBAU_OK;
        }
    }
    if (node->application_count == DIAMETER_MAX_COMMANDS) {
        return GBAU_E_LIMIT;
    }
    if (!announce_application(application)) {
        return GBAU_E_MEMORY;
    }
    node->applications[node->application_count++] = application;
    return GBAU_OK;
}

enum gbau_status diameter_serve(struct diameter_node *node, uint32_t application, uint32_t command,
                                diameter_handler *handler, void *context)
{
    if (node->command_count == DIAMETER_MAX_COMMANDS) {
        return GBAU_E_LIMIT;
    }
    for (size_t i = 0; i < node->command_count; i++) {
        if (node->commands[i].application == application && node->commands[i].command == command) {
            return GBAU_E_EXISTS;
        }
    }
    enum gbau_status status = diameter_use(node, application);
    if (status != GBAU_OK) {
        return status;
    }
    node->commands[node->command_count++] = (struct node_command){application, command, handler, context};
    return GBAU_OK;
}

static unsigned bits_of(const struct diameter_node *node, uint32_t application)
{
    for (size_t i = 0; i < node->application_count; i++) {
        if (node->applications[i] == application) {
            return RELAYS_ALL | 1U << i;
        }
    }
    return 0;
}

bool diameter_is_connected(const struct diameter_node *node, uint32_t application)
{
    if (!atomic_load(&node->started) || atomic_load(&node->closing)) {
        return false;
    }
    unsigned wanted = bits_of(node, application);
    for (size_t i = 0; i < node->peer_count; i++) {
        const struct node_peer *peer = &node->peers[i];
        if ((atomic_load(&peer->applications) & wanted) != 0 && diameter_peer_is_open(peer->identity)) {
            return true;
        }
    }
    return false;
}
