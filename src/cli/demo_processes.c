/* demo_processes.c: the daemons of gbau demo as child processes. */
#include "cli/demo_processes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/verbs.h"

enum { ROUND_MS = 20, START_ROUNDS = 10000 / ROUND_MS, STOP_ROUNDS = 4000 / ROUND_MS, LOG_SIZE = 16384 };
enum { EXIT_NOT_EXECUTED = 127 };

static const struct {
    const char *name;
    const char *configuration;
    const char *log;
} programs[DEMO_DAEMON_COUNT] = {
    [DEMO_HSS] = {"gbau-hss", "hss.yaml", "gbau-hss.log"},
    [DEMO_BSF] = {"gbau-bsf", "bsf.yaml", "gbau-bsf.log"},
    [DEMO_NAF] = {"gbau-naf", "naf.yaml", "gbau-naf.log"},
};

enum gbau_status demo_processes_open(struct demo_processes *processes)
{
    sigset_t signals;
    *processes = DEMO_PROCESSES_CLOSED;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, &processes->mask_before);
    processes->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return processes->signals >= 0 ? GBAU_OK : GBAU_E_IO;
}

bool demo_processes_interrupted(struct demo_processes *processes)
{
    struct signalfd_siginfo received;
    if (processes->received_signal == 0 &&
        read(processes->signals, &received, sizeof received) == (ssize_t)sizeof received) {
        processes->received_signal = (int)received.ssi_signo;
    }
    return processes->received_signal != 0;
}

/* Starting */

/* The path of a program that lies beside this one. */
static enum gbau_status find_program(const char *name, char path[DEMO_PATH_SIZE])
{
    const ssize_t length = readlink("/proc/self/exe", path, DEMO_OUTPUT_SIZE);
    const char *slash = length > 0 ? memrchr(path, '/', (size_t)length) : NULL;
    if (slash == NULL || length == DEMO_OUTPUT_SIZE) {
        log_error(&cli_log, "cannot find out where this program lies: is /proc mounted?");
        return GBAU_E_NOT_FOUND;
    }
    const size_t directory = (size_t)(slash - path) + 1;
    (void)snprintf(path + directory, DEMO_PATH_SIZE - directory, "%s", name);
    if (access(path, X_OK) != 0) {
        log_error(&cli_log, "%s cannot be run: %s; build or install the daemons beside gbau", path, strerror(errno));
        return GBAU_E_NOT_FOUND;
    }
    return GBAU_OK;
}

/* What a child needs; made before fork, since other threads may hold any lock in that moment. */
struct launch {
    pid_t parent;
    int work_directory;
    int log;
    sigset_t mask;
    char path[DEMO_PATH_SIZE];
    char *arguments[4];
};

/* In the child: only calls that are async-signal-safe. */
_Noreturn static void run_child(const struct launch *launch)
{
    const int nothing = open("/dev/null", O_RDONLY);
    const bool is_bound = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == launch->parent;
    if (is_bound && setpgid(0, 0) == 0 && nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
        dup2(launch->log, STDOUT_FILENO) >= 0 && dup2(launch->log, STDERR_FILENO) >= 0 &&
        fchdir(launch->work_directory) == 0 && sigprocmask(SIG_SETMASK, &launch->mask, NULL) == 0) {
        (void)execv(launch->path, launch->arguments);
    }
    _exit(EXIT_NOT_EXECUTED);
}

static enum gbau_status start_child(struct demo_process *process, const struct launch *launch)
{
    const pid_t pid = fork();
    if (pid == 0) {
        run_child(launch);
    }
    if (pid < 0) {
        log_error(&cli_log, "cannot start %s: %s", process->name, strerror(errno));
        return GBAU_E_MEMORY;
    }
    (void)setpgid(pid, pid); /* the child does it too: whoever is first */
    process->pid = pid;
    return GBAU_OK;
}

enum gbau_status demo_processes_start(struct demo_processes *processes, enum demo_daemon which,
                                      const struct demo_places *places)
{
    char option[] = "-c";
    char configuration[32];
    struct demo_process *process = &processes->each[which];
    struct launch launch = {
        .parent = getpid(), .work_directory = places->work_directory, .mask = processes->mask_before};
    enum gbau_status status = find_program(programs[which].name, launch.path);
    if (status != GBAU_OK) {
        return status;
    }
    process->name = programs[which].name;
    demo_places_output_path(places, programs[which].log, process->log_path);
    launch.log = open(process->log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (launch.log < 0) {
        log_error(&cli_log, "cannot write %s: %s", process->log_path, strerror(errno));
        return GBAU_E_STORAGE;
    }
    (void)snprintf(configuration, sizeof configuration, "%s", programs[which].configuration);
    launch.arguments[0] = launch.path;
    launch.arguments[1] = option;
    launch.arguments[2] = configuration;
    status = start_child(process, &launch);
    (void)close(launch.log);
    return status;
}

/* Waiting */

/* True when the process has ended; it is waited for then. */
static bool has_ended(struct demo_process *process)
{
    if (process->pid != 0 && waitpid(process->pid, NULL, WNOHANG) == process->pid) {
        process->pid = 0;
    }
    return process->pid == 0;
}

static bool log_holds(const struct demo_process *process, const char *text)
{
    char log[LOG_SIZE];
    const int file = open(process->log_path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    const ssize_t length = read(file, log, sizeof log);
    (void)close(file);
    return length > 0 && memmem(log, (size_t)length, text, strlen(text)) != NULL;
}

static void rest(const struct demo_processes *processes)
{
    struct pollfd signals = {.fd = processes->signals, .events = POLLIN};
    (void)poll(&signals, 1, ROUND_MS);
}

static bool is_listening(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool listens = probe >= 0 && connect(probe, (const struct sockaddr *)&address, sizeof address) == 0;
    if (probe >= 0) {
        (void)close(probe);
    }
    return listens;
}

/* What is waited for: a text in the log, or when it is NULL, a server on a port. */
struct sign {
    const char *text;
    uint16_t port;
};

static enum gbau_status await(struct demo_processes *processes, enum demo_daemon which, const struct sign *sign)
{
    struct demo_process *process = &processes->each[which];
    for (unsigned round = 0; round < START_ROUNDS; round++) {
        if (demo_processes_interrupted(processes)) {
            return GBAU_E_BUSY;
        }
        if (sign->text != NULL ? log_holds(process, sign->text) : is_listening(sign->port)) {
            return GBAU_OK;
        }
        if (has_ended(process)) {
            return GBAU_E_UNREACHABLE;
        }
        rest(processes);
    }
    return GBAU_E_TIMEOUT;
}

enum gbau_status demo_processes_await(struct demo_processes *processes, enum demo_daemon which, const char *text)
{
    return await(processes, which, &(struct sign){.text = text});
}

enum gbau_status demo_processes_await_port(struct demo_processes *processes, enum demo_daemon which, uint16_t port)
{
    return await(processes, which, &(struct sign){.port = port});
}

const struct demo_process *demo_processes_find_ended(struct demo_processes *processes)
{
    for (size_t i = 0; i < DEMO_DAEMON_COUNT; i++) {
        struct demo_process *process = &processes->each[i];
        if (process->name != NULL && has_ended(process)) {
            return process;
        }
    }
    return NULL;
}

/* Stopping */

/* A process that was waited for is never signalled: its number may be somebody else's by now. */
static void stop(struct demo_process *process)
{
    const struct timespec pause = {.tv_nsec = ROUND_MS * 1000000L};
    if (process->pid != 0) {
        (void)kill(-process->pid, SIGTERM);
    }
    for (unsigned round = 0; !has_ended(process); round++) {
        if (round == STOP_ROUNDS) {
            log_warning(&cli_log, "%s does not end, and is killed: see %s", process->name, process->log_path);
            (void)kill(-process->pid, SIGKILL);
        }
        (void)nanosleep(&pause, NULL);
    }
}

void demo_processes_stop(struct demo_processes *processes)
{
    for (size_t i = DEMO_DAEMON_COUNT; i > 0; i--) {
        stop(&processes->each[i - 1]);
    }
}

void demo_processes_close(struct demo_processes *processes)
{
    demo_processes_stop(processes);
    if (processes->signals >= 0) {
        (void)close(processes->signals);
        (void)pthread_sigmask(SIG_SETMASK, &processes->mask_before, NULL);
    }
    processes->signals = -1;
}
