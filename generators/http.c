#include "http.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include <afmon/afmon.h>

#include "retry.h"

/* A handle keeps its connection, so those that are free wait in a list for the next post. There are never more of
 * them than posts that were in flight at once. */
typedef struct handle {
    CURL *easy;
    struct handle *next;
} handle;

struct gen_http {
    char *url;
    struct curl_slist *headers;
    gen_http_options options;
    pthread_mutex_t mutex;
    handle *free_handles;
};

typedef struct transfer {
    gen_http_answer *answer;
    const gen_stop *stop;
} transfer;

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- Making -------------------------------------------------------------------------------------------------------
 */

/* The list that begins anew with one header more; the old one where that fails, with *ok false. */
static struct curl_slist *with_header(struct curl_slist *list, const char *header, bool *ok)
{
    struct curl_slist *longer = curl_slist_append(list, header);
    if (longer == NULL)
        *ok = false;
    return longer != NULL ? longer : list;
}

static bool set_headers(gen_http *http, const char *api_key)
{
    bool ok = true;
    http->headers = with_header(http->headers, "Content-Type: application/json", &ok);
    http->headers = with_header(http->headers, "Accept: application/json", &ok);
    /* Without this libcurl waits for "100 Continue" before longer bodies. */
    http->headers = with_header(http->headers, "Expect:", &ok);
    if (api_key == NULL)
        return ok;
    size_t size = strlen(api_key) + sizeof "Authorization: Bearer ";
    char *header = malloc(size);
    if (header == NULL)
        return false;
    snprintf(header, size, "Authorization: Bearer %s", api_key);
    http->headers = with_header(http->headers, header, &ok);
    explicit_bzero(header, size);
    free(header);
    return ok;
}

gen_http *gen_http_new(const gen_http_options *options)
{
    pthread_once(&curl_once, start_curl);
    gen_http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return NULL;
    if (pthread_mutex_init(&http->mutex, NULL) != 0) {
        free(http);
        return NULL;
    }
    http->options = *options;
    http->options.api_key = NULL;
    http->url = strdup(options->url);
    http->options.url = http->url;
    if (http->url != NULL && set_headers(http, options->api_key))
        return http;
    gen_http_free(http);
    return NULL;
}

void gen_http_free(gen_http *http)
{
    if (http == NULL)
        return;
    while (http->free_handles != NULL) {
        handle *next = http->free_handles->next;
        curl_easy_cleanup(http->free_handles->easy);
        free(http->free_handles);
        http->free_handles = next;
    }
    for (struct curl_slist *h = http->headers; h != NULL; h = h->next)
        explicit_bzero(h->data, strlen(h->data));
    curl_slist_free_all(http->headers);
    pthread_mutex_destroy(&http->mutex);
    free(http->url);
    free(http);
}

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
    }
    return length;
}

static int watch(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return gen_stop_now(((transfer *)user)->stop) == GEN_ABANDON;
}

static bool set_up(const gen_http *http, CURL *easy)
{
    const gen_http_options *o = &http->options;
    CURLcode bad = CURLE_OK;
#define SET(option, value) bad = bad != CURLE_OK ? bad : curl_easy_setopt(easy, option, value)
    SET(CURLOPT_URL, http->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_USERAGENT, "afmon/" AFMON_VERSION);
    SET(CURLOPT_HTTPHEADER, http->headers);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_timeout_s * 1000));
    SET(CURLOPT_TIMEOUT_MS, (long)(o->timeout_s * 1000));
    SET(CURLOPT_ACCEPT_ENCODING, "");
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, watch);
    if (gen_http_is_loopback(http->url))
        SET(CURLOPT_PROXY, ""); /* a proxy's loopback is another machine; and what stays here stays here */
#undef SET
    return bad == CURLE_OK;
}

static handle *new_handle(const gen_http *http)
{
    handle *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->easy = curl_easy_init();
    if (h->easy != NULL && set_up(http, h->easy))
        return h;
    if (h->easy != NULL)
        curl_easy_cleanup(h->easy);
    free(h);
    return NULL;
}

static handle *take_handle(gen_http *http)
{
    pthread_mutex_lock(&http->mutex);
    handle *h = http->free_handles;
    if (h != NULL)
        http->free_handles = h->next;
    pthread_mutex_unlock(&http->mutex);
    return h != NULL ? h : new_handle(http);
}

static void give_back(gen_http *http, handle *h)
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
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SSL_CONNECT_ERROR:
        return GEN_HTTP_NO_CONNECTION;
    default:
        return GEN_HTTP_ERROR;
    }
}

static void perform(CURL *easy, const char *body, size_t length, transfer *t)
{
    gen_http_answer *answer = t->answer;
    char detail[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, t);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    answer->outcome = outcome_of(code, answer);
    answer->status = (int)status;
    if (code != CURLE_OK)
        gen_copy(answer->error, sizeof answer->error, detail[0] != '\0' ? detail : curl_easy_strerror(code));
}

void gen_http_post(gen_http *http, const char *body, size_t length, const gen_stop *stop, gen_http_answer *answer)
{
    int64_t start = gen_now_ns();
    *answer = (gen_http_answer){.retry_after_s = -1, .body.limit = http->options.max_answer};
    handle *h = take_handle(http);
    if (h == NULL) {
        answer->outcome = GEN_HTTP_ERROR;
        gen_copy(answer->error, sizeof answer->error, "out of memory");
    } else {
        perform(h->easy, body, length, &(transfer){.answer = answer, .stop = stop});
        give_back(http, h);
    }
    answer->duration_s = gen_seconds_since(start);
}
