/* demo_processes.h: the daemons of `gbau demo` as child processes: started, waited for, and ended without fail. */
#ifndef CLI_DEMO_PROCESSES_H
#define CLI_DEMO_PROCESSES_H

#include <signal.h>
#include <sys/types.h>

#include "cli/demo_places.h"

enum demo_daemon { DEMO_HSS, DEMO_BSF, DEMO_NAF, DEMO_DAEMON_COUNT };

struct demo_process {
    const char *name; /* "gbau-hss"; NULL: never started */
    pid_t pid;        /* 0: not running */
    char log_path[DEMO_PATH_SIZE];
};

struct demo_processes {
    sigset_t mask_before;
    int signals;         /* a signalfd; -1: closed */
    int received_signal; /* 0: none so far */
    struct demo_process each[DEMO_DAEMON_COUNT];
};

#define DEMO_PROCESSES_CLOSED ((struct demo_processes){.signals = -1})

/*
 * From here on SIGINT, SIGTERM and SIGHUP no longer end this process, but are seen by demo_processes_interrupted. Ended
 * by demo_processes_close, also after a failure. GBAU_E_IO.
 */
GBAU_MUST_USE enum gbau_status demo_processes_open(struct demo_processes *processes);

/*
 * Starts a daemon, which lies beside this program, in the working directory, with a process group and a log file of its
 * own. It is killed should this process end in whatever way. GBAU_E_NOT_FOUND, GBAU_E_STORAGE, GBAU_E_MEMORY; each
 * logged. To be called from the first thread: the daemon's life is bound to the thread that starts it.
 */
GBAU_MUST_USE enum gbau_status demo_processes_start(struct demo_processes *processes, enum demo_daemon which,
                                                    const struct demo_places *places);

/*
 * Waits until the log of a daemon holds `text`, at most ten seconds. GBAU_E_TIMEOUT; GBAU_E_UNREACHABLE when the daemon
 * has ended; GBAU_E_BUSY when a signal came.
 */
GBAU_MUST_USE enum gbau_status demo_processes_await(struct demo_processes *processes, enum demo_daemon which,
                                                    const char *text);

/* As demo_processes_await, until a server of the daemon listens on `port` of 127.0.0.1. */
GBAU_MUST_USE enum gbau_status demo_processes_await_port(struct demo_processes *processes, enum demo_daemon which,
                                                         uint16_t port);

/* True when a signal has asked this program to end. */
bool demo_processes_interrupted(struct demo_processes *processes);

/* The first of the daemons that has ended by itself, or NULL. */
const struct demo_process *demo_processes_find_ended(struct demo_processes *processes);

/*
 * Ends all daemons and waits for them: politely, and after four seconds not so. One after the other, clients first, so
 * that each connection is ended from one end. May be called twice.
 */
void demo_processes_stop(struct demo_processes *processes);

/* Stops, and gives the signals back. */
void demo_processes_close(struct demo_processes *processes);

#endif
