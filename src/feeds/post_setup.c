/* Options, environment and URL of a post. */
#include "feeds/post_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/certificates.h"
#include "base/loopback.h"
#include "base/status.h"

#define ANSWER_LIMIT ((size_t)64 << 10)

static void wipe(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

void afmon_post_free(struct afmon_post *post)
{
    if (post == NULL)
        return;
    afmon_transfer_end(&post->transfer);
    afmon_buffer_free(&post->answer);
    for (struct curl_slist *at = post->headers; at != NULL; at = at->next)
        explicit_bzero(at->data, strlen(at->data));
    curl_slist_free_all(post->headers);
    wipe(post->url);
    free(post->ca_file);
    free(post->ca_folder);
    free(post);
    curl_global_cleanup();
}

/* ---- the URL ---- */

static const char *part_of(CURLU *parsed, CURLUPart part, char **held)
{
    *held = NULL;
    return curl_url_get(parsed, part, held, 0) == CURLUE_OK ? *held : "";
}

static bool has_part(CURLU *parsed, CURLUPart part)
{
    char *held;
    bool has = *part_of(parsed, part, &held) != '\0';
    curl_free(held);
    return has;
}

static void take_origin(struct afmon_post *post, CURLU *parsed)
{
    char *scheme, *host, *port;
    const char *number = part_of(parsed, CURLUPART_PORT, &port);
    snprintf(post->origin, sizeof post->origin, "%s://%s%s%s", part_of(parsed, CURLUPART_SCHEME, &scheme),
             part_of(parsed, CURLUPART_HOST, &host), *number != '\0' ? ":" : "", number);
    post->loopback = host != NULL && afmon_host_is_loopback(host);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
}

static bool is_http(CURLU *parsed)
{
    char *scheme;
    const char *text = part_of(parsed, CURLUPART_SCHEME, &scheme);
    bool http = strcmp(text, "http") == 0 || strcmp(text, "https") == 0;
    curl_free(scheme);
    return http;
}

/* Puts more behind the path. */
static bool add_path(CURLU *parsed, const char *more)
{
    char *held;
    const char *path = part_of(parsed, CURLUPART_PATH, &held);
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/')
        length--;
    char *joined = malloc(length + strlen(more) + 1);
    bool good = joined != NULL;
    if (good) {
        memcpy(joined, path, length);
        strcpy(joined + length, more);
        good = curl_url_set(parsed, CURLUPART_PATH, joined, 0) == CURLUE_OK;
    }
    free(joined);
    curl_free(held);
    return good;
}

static afmon_status take_parsed(struct afmon_post *post, CURLU *parsed, const struct afmon_post_options *options,
                                afmon_error *error)
{
    bool open = options->url_env == NULL;
    if (!is_http(parsed))
        return afmon_fail(error, AFMON_E_ARGUMENT, "%s: the URL must begin with http:// or https://", options->what);
    if (open && (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD)))
        return afmon_fail(error, AFMON_E_ARGUMENT,
                          "%s: the URL holds a user or password: give it in an environment variable", options->what);
    take_origin(post, parsed);
    if (options->path != NULL && !add_path(parsed, options->path))
        return afmon_fail_memory(error);
    char *whole = NULL;
    if (curl_url_get(parsed, CURLUPART_URL, &whole, 0) == CURLUE_OK)
        post->url = strdup(whole);
    if (whole != NULL)
        explicit_bzero(whole, strlen(whole));
    curl_free(whole);
    return post->url != NULL ? AFMON_OK : afmon_fail_memory(error);
}

static afmon_status take_url(struct afmon_post *post, const struct afmon_post_options *options, afmon_error *error)
{
    const char *text = options->url_env != NULL ? getenv(options->url_env) : options->url;
    if (text == NULL || *text == '\0')
        return options->url_env != NULL
                   ? afmon_fail(error, AFMON_E_ARGUMENT, "%s: the environment variable %s is not set", options->what,
                                options->url_env)
                   : afmon_fail(error, AFMON_E_ARGUMENT, "%s: the URL is missing", options->what);
    CURLU *parsed = curl_url();
    if (parsed == NULL)
        return afmon_fail_memory(error);
    afmon_status status = curl_url_set(parsed, CURLUPART_URL, text, 0) == CURLUE_OK
                              ? take_parsed(post, parsed, options, error)
                              : afmon_fail(error, AFMON_E_ARGUMENT,
                                           "%s: that is no URL: give http://HOST:PORT or https://HOST", options->what);
    curl_url_cleanup(parsed);
    return status;
}

/* ---- headers ---- */

static bool add_header(struct afmon_post *post, const char *header)
{
    struct curl_slist *longer = curl_slist_append(post->headers, header);
    if (longer != NULL)
        post->headers = longer;
    return longer != NULL;
}

static bool is_header_text(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return false;
    return true;
}

/* "name=value" as the environment has it: blanks around both, the value percent-encoded. */
static afmon_status add_pair(struct afmon_post *post, char *pair, const struct afmon_post_options *options,
                             afmon_error *error)
{
    char *equals = strchr(pair, '=');
    pair += strspn(pair, " \t");
    if (*pair == '\0')
        return AFMON_OK;
    if (equals == NULL || equals == pair)
        return afmon_fail(error, AFMON_E_ARGUMENT, "%s: %s must hold NAME=VALUE,NAME=VALUE", options->what,
                          options->headers_env);
    *equals = '\0';
    char *value = equals + 1 + strspn(equals + 1, " \t");
    char *plain = curl_easy_unescape(NULL, value, 0, NULL);
    size_t size = plain == NULL ? 0 : strlen(pair) + strlen(plain) + 3;
    char *header = size == 0 ? NULL : malloc(size);
    afmon_status status = header == NULL ? afmon_fail_memory(error) : AFMON_OK;
    if (header != NULL) {
        snprintf(header, size, "%s: %s", pair, plain);
        if (!is_header_text(header))
            status = afmon_fail(error, AFMON_E_ARGUMENT, "%s: a header in %s holds a control character", options->what,
                                options->headers_env);
        else if (!add_header(post, header))
            status = afmon_fail_memory(error);
        explicit_bzero(header, size);
    }
    if (plain != NULL)
        explicit_bzero(plain, strlen(plain));
    curl_free(plain);
    free(header);
    return status;
}

static afmon_status take_headers(struct afmon_post *post, const struct afmon_post_options *options, afmon_error *error)
{
    if (!add_header(post, "Content-Type: application/json") || !add_header(post, "Expect:"))
        return afmon_fail_memory(error);
    const char *text = options->headers_env == NULL ? "" : getenv(options->headers_env);
    if (text == NULL && !options->headers_optional)
        return afmon_fail(error, AFMON_E_ARGUMENT, "%s: the environment variable %s is not set", options->what,
                          options->headers_env);
    char *copy = strdup(text == NULL ? "" : text);
    if (copy == NULL)
        return afmon_fail_memory(error);
    size_t length = strlen(copy);
    afmon_status status = AFMON_OK;
    char *rest = NULL;
    for (char *pair = strtok_r(copy, ",", &rest); pair != NULL && status == AFMON_OK; pair = strtok_r(NULL, ",", &rest))
        status = add_pair(post, pair, options, error);
    explicit_bzero(copy, length);
    free(copy);
    return status;
}

/* ---- trust ---- */

static bool copy_variable(const char *name, char **copy)
{
    const char *value = getenv(name);
    if (value == NULL || *value == '\0')
        return true;
    *copy = strdup(value);
    return *copy != NULL;
}

/* The system's certificates, where libcurl was built for no one system: a wheel's. Else it knows them itself. */
static bool find_system_certificates(struct afmon_post *post)
{
    const char *file = curl_version_info(CURLVERSION_NOW)->cainfo == NULL ? afmon_certificates_find() : NULL;
    if (file == NULL)
        return true;
    post->ca_file = strdup(file);
    return post->ca_file != NULL;
}

/* The certificates that were named; none: those of the environment, as OpenSSL's own programs have it; none: those of
 * the system. */
static afmon_status take_trust(struct afmon_post *post, const char *ca_file, afmon_error *error)
{
    bool good = true;
    if (ca_file != NULL) {
        post->ca_file = strdup(ca_file);
        good = post->ca_file != NULL;
    } else {
        good = copy_variable("SSL_CERT_FILE", &post->ca_file) && copy_variable("SSL_CERT_DIR", &post->ca_folder);
        if (good && post->ca_file == NULL && post->ca_folder == NULL)
            good = find_system_certificates(post);
    }
    return good ? AFMON_OK : afmon_fail_memory(error);
}

/* ---- all of it ---- */

afmon_status afmon_post_new(const struct afmon_post_options *options, struct afmon_post **out, afmon_error *error)
{
    *out = NULL;
    if (!(options->timeout_s > 0 && options->timeout_s <= 86400))
        return afmon_fail(error, AFMON_E_ARGUMENT, "%s: timeout_s must be above 0 and at most a day", options->what);
    afmon_status status = afmon_lazy_open(AFMON_LAZY_CURL, error);
    if (status == AFMON_OK)
        status = afmon_lazy_open(AFMON_LAZY_JSON, error); /* for what is answered */
    if (status != AFMON_OK)
        return status;
    struct afmon_post *post = calloc(1, sizeof *post);
    if (post == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(post);
        return afmon_fail_memory(error);
    }
    post->transfer.socket = CURL_SOCKET_BAD;
    afmon_buffer_init(&post->answer, ANSWER_LIMIT);
    snprintf(post->what, sizeof post->what, "%s", options->what);
    post->timeout_s = options->timeout_s;
    status = take_url(post, options, error);
    if (status == AFMON_OK)
        status = take_headers(post, options, error);
    if (status == AFMON_OK)
        status = take_trust(post, options->ca_file, error);
    if (status == AFMON_OK)
        *out = post;
    else
        afmon_post_free(post);
    return status;
}
