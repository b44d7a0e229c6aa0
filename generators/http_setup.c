/* A client, and what each of its posts has in common. */
#include "http_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <afmon/afmon.h>
#include "base/certificates.h"

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- Trust ------------------------------------------------------------------------------------------------------- */

/* NULL where the variable is missing or empty. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

gen_http_trust gen_http_trust_of(const char *ca_file)
{
    gen_http_trust trust = {.file = ca_file};
    if (ca_file != NULL)
        return trust;
    trust.file = variable("SSL_CERT_FILE");
    trust.folder = variable("SSL_CERT_DIR");
    if (trust.file == NULL && trust.folder == NULL)
        trust.file = variable("CURL_CA_BUNDLE");
    /* A wheel's libcurl was built for no one system; else it knows the system's certificates itself. */
    if (trust.file == NULL && trust.folder == NULL && curl_version_info(CURLVERSION_NOW)->cainfo == NULL)
        trust.file = afmon_certificates_find();
    return trust;
}

/* ---- Headers ----------------------------------------------------------------------------------------------------- */

/* The list that begins anew with one header more; the old one where that fails, with *ok false. */
static struct curl_slist *with_header(struct curl_slist *list, const char *header, bool *ok)
{
    struct curl_slist *longer = curl_slist_append(list, header);
    if (longer == NULL)
        *ok = false;
    return longer != NULL ? longer : list;
}

static bool set_key(gen_http *http, const char *api_key)
{
    bool ok = true;
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

static bool set_headers(gen_http *http, const gen_http_options *o)
{
    bool ok = true;
    http->headers = with_header(http->headers, "Content-Type: application/json", &ok);
    http->headers = with_header(http->headers, "Accept: application/json", &ok);
    /* Without this libcurl waits for "100 Continue" before longer bodies. */
    http->headers = with_header(http->headers, "Expect:", &ok);
    for (size_t i = 0; i < GEN_MAX_HEADERS && o->headers[i] != NULL; i++)
        http->headers = with_header(http->headers, o->headers[i], &ok);
    return ok && (o->api_key == NULL || set_key(http, o->api_key));
}

/* ---- The client -------------------------------------------------------------------------------------------------- */

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
    http->url = strdup(options->url);
    http->unix_socket = options->unix_socket != NULL ? strdup(options->unix_socket) : NULL;
    bool copied = http->url != NULL && (http->unix_socket != NULL || options->unix_socket == NULL);
    if (copied && set_headers(http, options))
        return http;
    gen_http_free(http);
    return NULL;
}

void gen_http_free(gen_http *http)
{
    if (http == NULL)
        return;
    while (http->free_handles != NULL) {
        gen_http_handle *next = http->free_handles->next;
        curl_easy_cleanup(http->free_handles->easy);
        free(http->free_handles);
        http->free_handles = next;
    }
    for (struct curl_slist *h = http->headers; h != NULL; h = h->next)
        explicit_bzero(h->data, strlen(h->data));
    curl_slist_free_all(http->headers);
    pthread_mutex_destroy(&http->mutex);
    free(http->unix_socket);
    free(http->url);
    free(http);
}

CURL *gen_http_easy(const gen_http *http)
{
    const gen_http_options *o = &http->options;
    CURL *easy = curl_easy_init();
    CURLcode bad = easy != NULL ? CURLE_OK : CURLE_OUT_OF_MEMORY;
#define SET(option, value) bad = bad != CURLE_OK ? bad : curl_easy_setopt(easy, option, value)
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
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
    SET(CURLOPT_NOPROGRESS, 0L);
    /* The keys are for the server, not for a proxy on the way. */
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    if (gen_http_is_loopback(http->url))
        SET(CURLOPT_PROXY, ""); /* a proxy's loopback is another machine; and what stays here stays here */
    if (http->unix_socket != NULL)
        SET(CURLOPT_UNIX_SOCKET_PATH, http->unix_socket);
    if (o->trust.file != NULL)
        SET(CURLOPT_CAINFO, o->trust.file);
    if (o->trust.folder != NULL)
        SET(CURLOPT_CAPATH, o->trust.folder);
#undef SET
    if (bad == CURLE_OK)
        return easy;
    if (easy != NULL)
        curl_easy_cleanup(easy);
    return NULL;
}
