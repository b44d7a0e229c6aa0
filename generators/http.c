#include "http_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "retry.h"

enum { MAX_REDIRECTS = 3 };

typedef struct transfer {
    gen_http_answer *answer;
    const gen_stop *stop;
    const char *unix_socket; /* NULL: none */
    const char *body;
    size_t length;
    size_t taken; /* of the body, where it is sent once */
    bool once;
} transfer;

/* ---- One transfer ---------------------------------------------------------------------------------------------------
 */

static size_t take_body(char *data, size_t one, size_t length, void *user)
{
    (void)one;
    transfer *t = user;
    gen_text_append(&t->answer->body, data, length);
    return gen_text_ok(&t->answer->body) ? length : 0;
}

/* The value of a header line if it is the one asked for, in `value` (NUL ended), else false. */
static bool header_value(const char *line, size_t length, const char *name, char *value, size_t size)
{
    size_t name_length = strlen(name);
    if (length <= name_length || strncasecmp(line, name, name_length) != 0 || line[name_length] != ':')
        return false;
    size_t n = length - name_length - 1;
    if (n >= size)
        n = size - 1;
    memcpy(value, line + name_length + 1, n);
    value[n] = '\0';
    return true;
}

static size_t take_header(char *line, size_t one, size_t length, void *user)
{
    (void)one;
    gen_http_answer *answer = ((transfer *)user)->answer;
    char value[128];
    if (header_value(line, length, "retry-after-ms", value, sizeof value)) {
        double ms = gen_retry_after(value, time(NULL));
        if (ms >= 0) {
            answer->retry_after_s = ms / 1000;
            answer->retry_after_ms = true;
        }
    } else if (!answer->retry_after_ms && header_value(line, length, "retry-after", value, sizeof value)) {
        answer->retry_after_s = gen_retry_after(value, time(NULL));
    } else if (header_value(line, length, "x-should-retry", value, sizeof value)) {
        answer->should_retry = strcasestr(value, "true") != NULL ? 1 : strcasestr(value, "false") != NULL ? -1 : 0;
    }
    return length;
}

static size_t give_body(char *data, size_t one, size_t room, void *user)
{
    (void)one;
    transfer *t = user;
    size_t left = t->length - t->taken;
    size_t count = left < room ? left : room;
    memcpy(data, t->body + t->taken, count);
    t->taken += count;
    return count;
}

static int refuse_to_rewind(void *user, curl_off_t offset, int origin)
{
    (void)user, (void)offset, (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

/* A body that cannot be read again is not sent again. */
static void set_body(CURL *easy, transfer *t)
{
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->length);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->once ? NULL : t->body);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, t);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, refuse_to_rewind);
}

static int watch(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return gen_stop_now(((transfer *)user)->stop) == GEN_ABANDON;
}

static gen_http_handle *new_handle(const gen_http *http)
{
    gen_http_handle *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->easy = gen_http_easy(http);
    if (h->easy != NULL)
        return h;
    free(h);
    return NULL;
}

static gen_http_handle *take_handle(gen_http *http)
{
    pthread_mutex_lock(&http->mutex);
    gen_http_handle *h = http->free_handles;
    if (h != NULL)
        http->free_handles = h->next;
    pthread_mutex_unlock(&http->mutex);
    return h != NULL ? h : new_handle(http);
}

static void give_back(gen_http *http, gen_http_handle *h)
{
    pthread_mutex_lock(&http->mutex);
    h->next = http->free_handles;
    http->free_handles = h;
    pthread_mutex_unlock(&http->mutex);
}

static gen_http_outcome outcome_of(CURLcode code, const gen_http_answer *answer)
{
    switch (code) {
    case CURLE_OK:
        return GEN_HTTP_ANSWERED;
    case CURLE_OPERATION_TIMEDOUT:
        return GEN_HTTP_TIMEOUT;
    case CURLE_ABORTED_BY_CALLBACK:
        return GEN_HTTP_ABANDONED;
    case CURLE_WRITE_ERROR:
        return gen_text_ok(&answer->body) ? GEN_HTTP_ERROR : GEN_HTTP_TOO_LARGE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_URL_MALFORMAT:
    case CURLE_OUT_OF_MEMORY:
        return GEN_HTTP_ERROR;
    default: /* whatever else comes over a network may come otherwise the next time */
        return GEN_HTTP_NO_CONNECTION;
    }
}

static void blame_proxy(CURL *easy, gen_http_answer *answer)
{
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (status < 400)
        return;
    snprintf(answer->error, sizeof answer->error,
             "the proxy refuses the connection with status %ld%s; the environment's https_proxy names it, no_proxy "
             "goes past it",
             status, status == 407 ? " (it wants a login)" : "");
    answer->lasting = status < 500;
}

/* libcurl names the URL's host, which nobody asked. */
static void name_socket(CURL *easy, const char *path, gen_http_answer *answer)
{
    long number = 0;
    char buffer[80];
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
    snprintf(answer->error, sizeof answer->error, "no connection to the socket %.160s%s%.60s", path,
             number != 0 ? ": " : "", number != 0 ? strerror_r((int)number, buffer, sizeof buffer) : "");
}

static void note_failure(CURL *easy, CURLcode code, const char *detail, const transfer *t)
{
    gen_http_answer *answer = t->answer;
    gen_copy(answer->error, sizeof answer->error, detail[0] != '\0' ? detail : curl_easy_strerror(code));
    answer->lasting = answer->outcome == GEN_HTTP_ERROR;
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        snprintf(answer->error, sizeof answer->error, "%s; --ca-file FILE trusts a certificate authority of one's own",
                 detail[0] != '\0' ? detail : curl_easy_strerror(code));
    if (code == CURLE_COULDNT_CONNECT && t->unix_socket != NULL)
        name_socket(easy, t->unix_socket, answer);
    if (answer->outcome == GEN_HTTP_NO_CONNECTION)
        blame_proxy(easy, answer);
}

static void perform(CURL *easy, transfer *t)
{
    gen_http_answer *answer = t->answer;
    char detail[CURL_ERROR_SIZE] = "";
    const char *location = NULL;
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
    set_body(easy, t);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, t);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    long status = 0, sent = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
    answer->sent = sent > 0;
    curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location);
    answer->outcome = outcome_of(code, answer);
    answer->status = (int)status;
    if (location != NULL)
        gen_http_show(location, answer->location, sizeof answer->location);
    if (code != CURLE_OK)
        note_failure(easy, code, detail, t);
}

/* ---- Redirects --------------------------------------------------------------------------------------------------- */

static size_t origin_length(const char *url)
{
    const char *host = strstr(url, "://");
    return host != NULL ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : 0;
}

/* The address to ask next, which the caller frees; NULL: none. Prompts and keys go to no other server than the one that
 * was named. */
static char *next_address(const gen_http *http, CURL *easy, const gen_http_answer *answer)
{
    const char *url = NULL;
    if (answer->outcome != GEN_HTTP_ANSWERED || (answer->status != 307 && answer->status != 308))
        return NULL;
    curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &url);
    if (url == NULL)
        return NULL;
    size_t length = origin_length(url);
    bool same = length > 0 && length == origin_length(http->url) && strncasecmp(url, http->url, length) == 0;
    return same ? strdup(url) : NULL;
}

static void restart(gen_http_answer *answer, size_t limit)
{
    gen_text_free(&answer->body);
    *answer = (gen_http_answer){.retry_after_s = -1, .body.limit = limit};
}

void gen_http_post(gen_http *http, const char *body, size_t length, bool once, const gen_stop *stop,
                   gen_http_answer *answer)
{
    int64_t start = gen_now_ns();
    char *next = NULL;
    *answer = (gen_http_answer){.retry_after_s = -1, .body.limit = http->options.max_answer};
    gen_http_handle *h = take_handle(http);
    if (h == NULL) {
        answer->outcome = GEN_HTTP_ERROR;
        gen_copy(answer->error, sizeof answer->error, "out of memory");
    }
    for (int hops = 0; h != NULL && (hops == 0 || next != NULL) && hops <= MAX_REDIRECTS; hops++) {
        restart(answer, http->options.max_answer);
        curl_easy_setopt(h->easy, CURLOPT_URL, next != NULL ? next : http->url);
        perform(h->easy, &(transfer){.answer = answer,
                                     .stop = stop,
                                     .unix_socket = http->unix_socket,
                                     .body = body,
                                     .length = length,
                                     .once = once});
        free(next);
        next = next_address(http, h->easy, answer);
    }
    free(next);
    if (h != NULL)
        give_back(http, h);
    answer->duration_s = gen_seconds_since(start);
}
