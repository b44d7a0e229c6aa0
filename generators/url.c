/* The address of the server: checked once, before anything is sent. */
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/loopback.h"

static bool has_part(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

static bool is_loopback(CURLU *u)
{
    char *host = NULL;
    if (curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return false;
    bool loopback = afmon_host_is_loopback(host);
    curl_free(host);
    return loopback;
}

static const char *check_parts(CURLU *u, bool *plain)
{
    char *scheme = NULL;
    if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return "it must begin with http:// or https://";
    bool secure = strcasecmp(scheme, "https") == 0;
    bool known = secure || strcasecmp(scheme, "http") == 0;
    curl_free(scheme);
    if (!known)
        return "it must begin with http:// or https://";
    if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
        return "it holds a user name or password, which would be logged; give the key through --api-key-env";
    if (has_part(u, CURLUPART_QUERY) || has_part(u, CURLUPART_FRAGMENT))
        return "it must end with the path, as in https://host/v1";
    *plain = !secure && !is_loopback(u);
    return NULL;
}

static bool append_path(CURLU *u, const char *path, char **url)
{
    char *base_path = NULL;
    if (curl_url_get(u, CURLUPART_PATH, &base_path, 0) != CURLUE_OK)
        return false;
    gen_text joined = {0};
    gen_text_puts(&joined, base_path);
    curl_free(base_path);
    while (joined.length > 0 && joined.data[joined.length - 1] == '/')
        joined.data[--joined.length] = '\0';
    gen_text_puts(&joined, path);
    bool ok = gen_text_ok(&joined) && curl_url_set(u, CURLUPART_PATH, joined.data, 0) == CURLUE_OK;
    gen_text_free(&joined);
    char *whole = NULL;
    if (!ok || curl_url_get(u, CURLUPART_URL, &whole, 0) != CURLUE_OK)
        return false;
    *url = strdup(whole);
    curl_free(whole);
    return *url != NULL;
}

bool gen_http_is_loopback(const char *url)
{
    CURLU *u = curl_url();
    bool loopback = u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK && is_loopback(u);
    curl_url_cleanup(u);
    return loopback;
}

bool gen_http_join(const char *base, const char *path, char **url, bool *plain, char *error, size_t size)
{
    *url = NULL;
    CURLU *u = curl_url();
    const char *problem = u == NULL ? "out of memory" : NULL;
    if (problem == NULL && curl_url_set(u, CURLUPART_URL, base, 0) != CURLUE_OK)
        problem = strstr(base, "://") == NULL ? "it must begin with http:// or https://" : "it is not a valid address";
    if (problem == NULL)
        problem = check_parts(u, plain);
    if (problem == NULL && !append_path(u, path, url))
        problem = "out of memory";
    curl_url_cleanup(u);
    if (problem != NULL)
        gen_copy(error, size, problem);
    return problem == NULL;
}
