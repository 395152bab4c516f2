/* http_client.c: libcurl as a blocking HTTP/1.1 client with everything from the other side bounded. */
#include "net/http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/secret.h"

enum { DEFAULT_TIMEOUT_MS = 10000, HEADER_OCTETS_MAX = 32768 };

struct http_client {
    CURL *curl;
    const struct log *log;
    char error[CURL_ERROR_SIZE];
};

/* What libcurl's callbacks write to. */
struct reception {
    struct http_answer *answer;
    size_t header_octets;
    size_t body_capacity;
    enum gbau_status status; /* why a callback stopped the transfer */
};

static enum gbau_status fail(struct reception *reception, enum gbau_status status)
{
    reception->status = status;
    return status;
}

static size_t on_body(char *data, size_t one, size_t length, void *context)
{
    (void)one;
    struct reception *reception = context;
    struct http_answer *answer = reception->answer;
    if (length > HTTP_ANSWER_BODY_MAX - answer->body_length) {
        (void)fail(reception, GBAU_E_LIMIT);
        return 0;
    }
    if (answer->body == NULL) {
        answer->body = malloc(HTTP_ANSWER_BODY_MAX);
    }
    if (answer->body == NULL) {
        (void)fail(reception, GBAU_E_MEMORY);
        return 0;
    }
    memcpy(answer->body + answer->body_length, data, length);
    answer->body_length += length;
    return length;
}

static size_t trim(const char *text, size_t length, size_t *start)
{
    size_t end = length;
    *start = 0;
    while (end > 0 && strchr(" \t\r\n", text[end - 1]) != NULL) {
        end--;
    }
    while (*start < end && strchr(" \t", text[*start]) != NULL) {
        (*start)++;
    }
    return end - *start;
}

static enum gbau_status add_header(struct http_answer *answer, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    if (colon == NULL || memchr(line, '\0', length) != NULL) {
        return GBAU_E_PROTOCOL;
    }
    if (answer->header_count == HTTP_ANSWER_HEADERS_MAX) {
        return GBAU_E_LIMIT;
    }
    size_t name_length = (size_t)(colon - line);
    size_t start = 0;
    size_t value_length = trim(colon + 1, length - name_length - 1, &start);
    char *name = strndup(line, name_length);
    char *value = strndup(colon + 1 + start, value_length);
    if (name == NULL || value == NULL) {
        free(name);
        free(value);
        return GBAU_E_MEMORY;
    }
    answer->headers[answer->header_count].name = name;
    answer->headers[answer->header_count].value = value;
    answer->header_count++;
    return GBAU_OK;
}

/* A status line begins an answer; an interim one (100) comes before the answer that counts. */
static void forget_headers(struct http_answer *answer)
{
    for (size_t i = 0; i < answer->header_count; i++) {
        free(answer->headers[i].name);
        free(answer->headers[i].value);
    }
    answer->header_count = 0;
}

static bool is_empty_line(const char *line, size_t length)
{
    size_t start = 0;
    return trim(line, length, &start) == 0;
}

static size_t on_header(char *line, size_t one, size_t length, void *context)
{
    (void)one;
    struct reception *reception = context;
    reception->header_octets += length;
    if (reception->header_octets > HEADER_OCTETS_MAX) {
        (void)fail(reception, GBAU_E_LIMIT);
        return 0;
    }
    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        forget_headers(reception->answer);
        return length;
    }
    if (is_empty_line(line, length)) {
        return length;
    }
    enum gbau_status status = add_header(reception->answer, line, length);
    return status == GBAU_OK || fail(reception, status) == GBAU_OK ? length : 0;
}

/* libcurl's global state is made once in a process; it is never taken down, as other libraries may use it too. */
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static bool curl_works;

static void init_curl(void)
{
    curl_works = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

static bool set_fixed_options(struct http_client *client, const struct http_client_config *config)
{
    CURL *curl = client->curl;
    long timeout = config->timeout_ms == 0 ? DEFAULT_TIMEOUT_MS : (long)config->timeout_ms;
    CURLcode code = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
    code |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout);
    code |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    code |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    code |= curl_easy_setopt(curl, CURLOPT_PROXY, "");
    code |= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    code |= curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    code |= curl_easy_setopt(curl, CURLOPT_HTTP09_ALLOWED, 0L);
    code |= curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    code |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    code |= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    if (config->ca_file != NULL) {
        code |= curl_easy_setopt(curl, CURLOPT_CAINFO, config->ca_file);
    }
    return code == CURLE_OK;
}

enum gbau_status http_client_open(const struct http_client_config *config, const struct log *log,
                                  struct http_client **client)
{
    (void)pthread_once(&curl_once, init_curl);
    struct http_client *new_client = calloc(1, sizeof *new_client);
    if (new_client == NULL || !curl_works) {
        free(new_client);
        return GBAU_E_MEMORY;
    }
    new_client->log = log;
    new_client->curl = curl_easy_init();
    if (new_client->curl == NULL || !set_fixed_options(new_client, config)) {
        http_client_close(new_client);
        return GBAU_E_MEMORY;
    }
    *client = new_client;
    return GBAU_OK;
}

void http_client_close(struct http_client *client)
{
    if (client == NULL) {
        return;
    }
    curl_easy_cleanup(client->curl);
    free(client);
}

static const struct {
    CURLcode code;
    enum gbau_status status;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, GBAU_E_UNREACHABLE},
    {CURLE_COULDNT_CONNECT, GBAU_E_UNREACHABLE},
    {CURLE_SEND_ERROR, GBAU_E_UNREACHABLE},
    {CURLE_OPERATION_TIMEDOUT, GBAU_E_TIMEOUT},
    {CURLE_URL_MALFORMAT, GBAU_E_ARGUMENT},
    {CURLE_SSL_CACERT_BADFILE, GBAU_E_CONFIGURATION},
    {CURLE_OUT_OF_MEMORY, GBAU_E_MEMORY},
    {CURLE_FILESIZE_EXCEEDED, GBAU_E_LIMIT},
};

/* What the table does not know is a peer that does not speak HTTP or TLS as it should. */
static enum gbau_status status_of(CURLcode code, const struct reception *reception)
{
    if (reception->status != GBAU_OK) {
        return reception->status;
    }
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (failures[i].code == code) {
            return failures[i].status;
        }
    }
    return GBAU_E_PROTOCOL;
}

static bool is_http_url(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL) {
        return false;
    }
    *list = longer;
    return true;
}

/* The caller's headers, and none that libcurl would add of its own accord but Host and Content-Length. */
static bool make_headers(const struct http_client_request *request, struct curl_slist **list)
{
    bool done = append(list, "Accept:") && append(list, "Expect:") && append(list, "Content-Type:");
    for (size_t i = 0; done && i < request->header_count; i++) {
        done = strpbrk(request->headers[i], "\r\n") == NULL && append(list, request->headers[i]);
    }
    return done;
}

static bool set_method(CURL *curl, const struct http_client_request *request)
{
    bool is_head = strcmp(request->method, "HEAD") == 0;
    bool has_body =
        request->body.length > 0 || strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0;
    CURLcode code = curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    if (is_head) {
        code |= curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (has_body) {
        code |= curl_easy_setopt(curl, CURLOPT_POST, 1L);
        code |= curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length);
        code |= curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                                 request->body.length > 0 ? (const char *)request->body.data : "");
    }
    code |= curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, is_head ? NULL : request->method);
    return code == CURLE_OK;
}

/* libcurl's TLS writes may raise SIGPIPE, which would end the process: it is held back, and then taken away. */
static CURLcode perform_without_sigpipe(CURL *curl)
{
    sigset_t pipe_only;
    sigset_t before;
    sigset_t pending;
    (void)sigemptyset(&pipe_only);
    (void)sigaddset(&pipe_only, SIGPIPE);
    (void)sigpending(&pending);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    CURLcode code = curl_easy_perform(curl);
    const struct timespec at_once = {0, 0};
    if (sigismember(&pending, SIGPIPE) == 0) {
        (void)sigtimedwait(&pipe_only, NULL, &at_once);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

static enum gbau_status perform(struct http_client *client, const struct http_client_request *request,
                                struct reception *reception)
{
    CURL *curl = client->curl;
    client->error[0] = '\0';
    CURLcode code = perform_without_sigpipe(curl);
    if (code != CURLE_OK) {
        enum gbau_status status = status_of(code, reception);
        const char *detail = client->error[0] != '\0' ? client->error : curl_easy_strerror(code);
        const char *hint = gbau_status_hint(status);
        log_error(client->log, "HTTP: %s %s: %s%s%s", request->method, request->url,
                  reception->status != GBAU_OK ? gbau_status_text(status) : detail, hint[0] == '\0' ? "" : "; ", hint);
        return status;
    }
    long http_status = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http_status);
    reception->answer->status = (unsigned)http_status;
    return GBAU_OK;
}

enum gbau_status http_client_exchange(struct http_client *client, const struct http_client_request *request,
                                      struct http_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    struct reception reception = {.answer = answer};
    struct curl_slist *headers = NULL;
    CURL *curl = client->curl;
    enum gbau_status status = GBAU_E_ARGUMENT;
    if (is_http_url(request->url) && make_headers(request, &headers) && set_method(curl, request) &&
        curl_easy_setopt(curl, CURLOPT_URL, request->url) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reception) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reception) == CURLE_OK) {
        status = perform(client, request, &reception);
    }
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (status != GBAU_OK) {
        http_answer_clear(answer);
    }
    return status;
}

const char *http_answer_header(const struct http_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++) {
        if (strcasecmp(answer->headers[i].name, name) == 0) {
            return answer->headers[i].value;
        }
    }
    return NULL;
}

void http_answer_clear(struct http_answer *answer)
{
    forget_headers(answer);
    if (answer->body != NULL) {
        secret_wipe(answer->body, answer->body_length);
        free(answer->body);
    }
    memset(answer, 0, sizeof *answer);
}
