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

/* Is `name` (so many bytes) what keys are called in queries? */
static bool is_secret_name(const char *name, size_t length)
{
    static const char *const secrets[] = {"key",       "api-key", "api_key",      "apikey",           "x-api-key",
                                          "code",      "token",   "access_token", "subscription-key", "sig",
                                          "signature", "secret",  "password"};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (strlen(secrets[i]) == length && strncasecmp(secrets[i], name, length) == 0)
            return true;
    return false;
}

static bool has_secret_query(CURLU *u)
{
    char *query = NULL;
    bool secret = false;
    if (curl_url_get(u, CURLUPART_QUERY, &query, 0) != CURLUE_OK)
        return false;
    for (const char *at = query; at != NULL && !secret; at = strchr(at, '&') != NULL ? strchr(at, '&') + 1 : NULL)
        secret = is_secret_name(at, strcspn(at, "=&"));
    curl_free(query);
    return secret;
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
    if (has_part(u, CURLUPART_FRAGMENT))
        return "it must end with the path or a query, as in https://host/v1";
    if (has_secret_query(u))
        return "its query holds a key, which would be logged; give it through --api-key-env or --header-env";
    *plain = !secure && !is_loopback(u);
    return NULL;
}

static bool append_path(CURLU *u, const char *path)
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
    return ok;
}

/* NULL, or what is wrong. */
static const char *append_queries(CURLU *u, const char *const *queries)
{
    for (; queries != NULL && *queries != NULL; queries++) {
        const char *equals = strchr(*queries, '=');
        if (equals == NULL || equals == *queries)
            return "a query is NAME=VALUE";
        if (curl_url_set(u, CURLUPART_QUERY, *queries, CURLU_APPENDQUERY | CURLU_URLENCODE) != CURLUE_OK)
            return "out of memory";
    }
    return has_secret_query(u) ? "a key in a query would be logged; give it through --api-key-env or --header-env"
                               : NULL;
}

static bool take_whole(CURLU *u, char **url)
{
    char *whole = NULL;
    if (curl_url_get(u, CURLUPART_URL, &whole, 0) != CURLUE_OK)
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

bool gen_http_join(const char *base, const char *path, const char *const *queries, char **url, bool *plain, char *error,
                   size_t size)
{
    *url = NULL;
    CURLU *u = curl_url();
    const char *problem = u == NULL ? "out of memory" : NULL;
    if (problem == NULL && curl_url_set(u, CURLUPART_URL, base, 0) != CURLUE_OK)
        problem = strstr(base, "://") == NULL ? "it must begin with http:// or https://" : "it is not a valid address";
    if (problem == NULL)
        problem = check_parts(u, plain);
    if (problem == NULL && !append_path(u, path))
        problem = "out of memory";
    if (problem == NULL)
        problem = append_queries(u, queries);
    if (problem == NULL && !take_whole(u, url))
        problem = "out of memory";
    curl_url_cleanup(u);
    if (problem != NULL)
        gen_copy(error, size, problem);
    return problem == NULL;
}

void gen_http_show(const char *url, char *out, size_t size)
{
    gen_text shown = {0};
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    size_t length = strcspn(host, "/?#");
    const char *user = memchr(host, '@', length);
    gen_text_append(&shown, url, (size_t)(host - url));
    host = user != NULL ? user + 1 : host;
    gen_text_append(&shown, host, strcspn(host, "?#"));
    gen_copy(out, size, gen_text_ok(&shown) ? shown.data : "");
    gen_text_free(&shown);
}
