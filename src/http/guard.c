/* What is refused before a handler sees it. */
#include <stdio.h>
#include <string.h>

#include "http/server.h"

static bool refuse(struct afmon_http_request *request, struct afmon_http_response *response, uint64_t *counter,
                   unsigned status, const char *message)
{
    afmon_http_count(request->server, counter);
    afmon_http_fail(response, status, "%s", message);
    return true;
}

static bool is_get(const struct afmon_http_request *request)
{
    return strcmp(request->method, MHD_HTTP_METHOD_GET) == 0 || strcmp(request->method, MHD_HTTP_METHOD_HEAD) == 0;
}

static bool is_post(const struct afmon_http_request *request)
{
    return strcmp(request->method, MHD_HTTP_METHOD_POST) == 0;
}

bool afmon_http_is_login(const struct afmon_http_request *request)
{
    return is_post(request) && strcmp(request->path, "/login") == 0 && request->server->token.text[0] != '\0';
}

static bool guard_method(struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_http_stats *stats = &request->server->stats;
    const struct afmon_http_route *route = request->match.route;
    if (!is_get(request) && !is_post(request))
        return refuse(request, response, &stats->refused_method, 405, "only GET and HEAD are answered here");
    if (afmon_http_is_login(request))
        return false;
    if (route == NULL)
        return refuse(request, response, &stats->not_found, 404, "there is nothing at this address");
    if (!(route->methods & (is_get(request) ? AFMON_HTTP_GET : AFMON_HTTP_POST)))
        return refuse(request, response, &stats->refused_method, 405, "this address does not take that method");
    return false;
}

static bool guard_origin(struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_http_stats *stats = &request->server->stats;
    const char *host = afmon_http_header(request, MHD_HTTP_HEADER_HOST);
    if (!afmon_host_is_ours(&request->server->rules, host))
        return refuse(request, response, &stats->refused_host, 421,
                      "the Host header is not a name of this server; 'afmon serve --host-name NAME' adds one");
    /* What everybody may have holds nothing of a run, and a proxy that changes Host is asked for it with an Origin. */
    const struct afmon_http_route *route = request->match.route;
    if (is_get(request) && route != NULL && route->flags & AFMON_HTTP_OPEN)
        return false;
    if (!afmon_origin_is_ours(afmon_http_header(request, MHD_HTTP_HEADER_ORIGIN), host) ||
        afmon_fetch_is_foreign(afmon_http_header(request, "Sec-Fetch-Site"),
                               afmon_http_header(request, "Sec-Fetch-Mode")))
        return refuse(request, response, &stats->refused_origin, 403, "asked for by a page of another site");
    return false;
}

static void set_cookie(struct afmon_http_request *request, struct afmon_http_response *response, const char *location)
{
    afmon_http_response_drop(response);
    afmon_http_response_init(response);
    response->status = 303;
    response->set_cookie = request->server->token.cookie;
    snprintf(response->location, sizeof response->location, "%s", location);
}

/* "?token=..." in the address of a page becomes a cookie, and leaves the address. */
static bool exchange_token(struct afmon_http_request *request, struct afmon_http_response *response)
{
    const char *given = afmon_http_parameter(request, "token");
    if (given == NULL || !(request->match.route->flags & AFMON_HTTP_PAGE) ||
        !afmon_token_matches(&request->server->token, given))
        return false;
    set_cookie(request, response, "./");
    return true;
}

static bool guard_token(struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_http *server = request->server;
    const struct afmon_http_route *route = request->match.route;
    if (server->token.text[0] == '\0' || route == NULL || route->flags & AFMON_HTTP_OPEN)
        return false;
    if (exchange_token(request, response))
        return true;
    if (afmon_token_admits(&server->token, afmon_http_header(request, MHD_HTTP_HEADER_AUTHORIZATION),
                           afmon_http_header(request, MHD_HTTP_HEADER_COOKIE)))
        return false;
    afmon_http_count(server, &server->stats.refused_token);
    if (route->flags & AFMON_HTTP_PAGE) {
        response->status = 303;
        snprintf(response->location, sizeof response->location, "login"); /* beside it, also under a proxy's path */
        return true;
    }
    afmon_http_fail(response, 401, "a token is needed: send it as 'Authorization: Bearer TOKEN', or open /login");
    response->authenticate = true;
    return true;
}

bool afmon_http_guard(struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_http_stats *stats = &request->server->stats;
    if (guard_origin(request, response))
        return true;
    if (request->body_too_large || (request->body_length > 0 && !is_post(request)))
        return refuse(request, response, &stats->refused_size, 413, "the request's body is too large");
    return guard_method(request, response) || guard_token(request, response);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Decodes a value of an HTML form in place, up to '&'. */
static void decode_form(char *value)
{
    char *out = value;
    for (const char *at = value; *at != '\0' && *at != '&'; at++) {
        if (*at == '%' && hex_digit(at[1]) >= 0 && hex_digit(at[2]) >= 0) {
            *out++ = (char)(hex_digit(at[1]) * 16 + hex_digit(at[2]));
            at += 2;
        } else {
            *out++ = *at;
        }
    }
    *out = '\0';
}

void afmon_http_login(struct afmon_http_request *request, struct afmon_http_response *response)
{
    char *given = strncmp(request->body, "token=", 6) == 0 ? request->body + 6 : NULL;
    if (given != NULL)
        decode_form(given);
    if (afmon_token_matches(&request->server->token, given)) {
        set_cookie(request, response, "./");
        return;
    }
    afmon_http_count(request->server, &request->server->stats.refused_token);
    response->status = 303;
    snprintf(response->location, sizeof response->location, "login#wrong");
}
