#include "proxy/route.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- URLs -------------------------------------------------------------------------------------------------------- */

static bool is_plain(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f || strchr("\"<>\\^`{|}", text[i]) != NULL)
            return false;
    return true;
}

static bool copy(char *out, size_t size, const char *text, size_t length)
{
    if (length >= size)
        return false;
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

static bool is_port(const char *text)
{
    unsigned long value = 0;
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned long)(text[i] - '0');
    }
    return length > 0 && length <= 5 && value > 0 && value <= 65535;
}

/* "host", "host:port", "[::1]:port". */
static const char *take_authority(struct afmon_proxy_route *route, const char *text, size_t length)
{
    const char *standard = route->tls ? "443" : "80";
    size_t host_begin = 0, host_end = length, end;
    if (length > 0 && text[0] == '[') {
        const char *bracket = memchr(text, ']', length);
        if (bracket == NULL)
            return "the host's bracket is not closed";
        host_begin = 1;
        host_end = (size_t)(bracket - text);
        end = host_end + 1;
    } else {
        const char *colon = memchr(text, ':', length);
        host_end = colon != NULL ? (size_t)(colon - text) : length;
        end = host_end;
    }
    if (memchr(text, '@', length) != NULL)
        return "a name and password in an URL are not taken";
    if (!copy(route->host, sizeof route->host, text + host_begin, host_end - host_begin) || route->host[0] == '\0')
        return "it names no host";
    if (end == length)
        memcpy(route->port, standard, strlen(standard) + 1);
    else if (text[end] != ':' || !copy(route->port, sizeof route->port, text + end + 1, length - end - 1) ||
             !is_port(route->port))
        return "its port is no number from 1 to 65535";
    bool plain = strcmp(route->port, standard) == 0;
    snprintf(route->authority, sizeof route->authority, "%.*s%s%s", (int)end, text, plain ? "" : ":",
             plain ? "" : route->port);
    return NULL;
}

const char *afmon_proxy_route_parse(struct afmon_proxy_route *route, const char *prefix, const char *url)
{
    *route = (struct afmon_proxy_route){.provider = AFMON_PROXY_ANY};
    prefix = prefix != NULL ? prefix : "";
    size_t length = strlen(prefix);
    if (length > 0 && (prefix[0] != '/' || prefix[length - 1] == '/' || strpbrk(prefix, "?#") != NULL))
        return "a prefix begins with a slash and does not end with one";
    if (!is_plain(prefix, length) || !copy(route->prefix, sizeof route->prefix, prefix, length))
        return "the prefix is too long, or has characters that no path has";
    route->tls = strncasecmp(url, "https://", 8) == 0;
    if (!route->tls && strncasecmp(url, "http://", 7) != 0)
        return "it does not begin with http:// or https://";
    const char *authority = url + (route->tls ? 8 : 7);
    size_t end = strcspn(authority, "/?#"), path = strlen(authority + end);
    if (!is_plain(url, strlen(url)) || strpbrk(url, "?#") != NULL)
        return "it has a query, or characters that no URL has";
    while (path > 0 && authority[end + path - 1] == '/')
        path--;
    if (!copy(route->path, sizeof route->path, authority + end, path))
        return "its path is too long";
    return take_authority(route, authority, end);
}

/* ---- Targets ----------------------------------------------------------------------------------------------------- */

/* Does a path begin with these whole segments? */
static bool begins_with(const struct afmon_proxy_piece *target, const char *segments)
{
    size_t length = strlen(segments);
    if (length == 0)
        return true;
    return target->length >= length && memcmp(target->text, segments, length) == 0 &&
           (target->length == length || target->text[length] == '/' || target->text[length] == '?');
}

struct afmon_proxy_route *afmon_proxy_route_find(struct afmon_proxy_route *routes, size_t count,
                                                 const struct afmon_proxy_piece *target)
{
    struct afmon_proxy_route *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (routes[i].prefix[0] != '\0' && begins_with(target, routes[i].prefix) &&
            (found == NULL || strlen(routes[i].prefix) > strlen(found->prefix)))
            found = &routes[i];
    enum afmon_proxy_provider provider = afmon_proxy_api_find(target->text, target->length)->provider;
    for (size_t i = 0; i < count && found == NULL; i++)
        if (routes[i].prefix[0] == '\0' || (provider != AFMON_PROXY_ANY && routes[i].provider == provider))
            found = &routes[i];
    return found;
}

void afmon_proxy_route_target(const struct afmon_proxy_route *route, const struct afmon_proxy_piece *target,
                              struct afmon_proxy_piece *before, struct afmon_proxy_piece *rest)
{
    size_t prefix = begins_with(target, route->prefix) ? strlen(route->prefix) : 0;
    *rest = (struct afmon_proxy_piece){target->text + prefix, target->length - prefix};
    *before = (struct afmon_proxy_piece){route->path, strlen(route->path)};
    if (begins_with(rest, route->path))
        before->length = 0;
    if (before->length == 0 && (rest->length == 0 || rest->text[0] != '/'))
        *before = (struct afmon_proxy_piece){"/", 1};
}
