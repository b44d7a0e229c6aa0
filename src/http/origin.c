#include "http/origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/loopback.h"

#define NAME_SIZE 256

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits >= 1 && digits <= 5 && text[digits] == '\0';
}

/* "name:port", "name", "[v6]:port", "[v6]" to the name without brackets. A dot at the end of a name is dropped. */
static bool host_name(const char *host, char *name)
{
    bool bracket = host[0] == '[';
    const char *begin = bracket ? host + 1 : host;
    size_t length = strcspn(begin, bracket ? "]" : ":");
    const char *after = begin + length;
    if (bracket && *after++ != ']')
        return false;
    if (length == 0 || length >= NAME_SIZE || (*after != '\0' && (*after != ':' || !is_port(after + 1))))
        return false;
    memcpy(name, begin, length);
    name[length] = '\0';
    if (length > 1 && name[length - 1] == '.')
        name[length - 1] = '\0';
    return true;
}

/* An IP address: true, and whether it is a loopback one. */
static bool is_address(const char *name, bool *loopback)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, name, &in4.sin_addr) == 1) {
        *loopback = afmon_is_loopback((const struct sockaddr *)&in4);
        return true;
    }
    if (inet_pton(AF_INET6, name, &in6.sin6_addr) == 1) {
        *loopback = afmon_is_loopback((const struct sockaddr *)&in6);
        return true;
    }
    return false;
}

bool afmon_host_may_be_named(const char *name)
{
    bool loopback;
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    return is_address(name, &loopback) || (length > 0 && length < NAME_SIZE && name[length] == '\0');
}

static bool is_known_name(const struct afmon_host_rules *rules, const char *name)
{
    if (strcasecmp(name, "localhost") == 0)
        return true;
    if (!rules->address.loopback && rules->machine[0] != '\0' && strcasecmp(name, rules->machine) == 0)
        return true;
    for (size_t i = 0; i < rules->name_count; i++)
        if (strcasecmp(name, rules->names[i]) == 0)
            return true;
    return false;
}

bool afmon_host_is_ours(const struct afmon_host_rules *rules, const char *host)
{
    char name[NAME_SIZE];
    bool loopback;
    if (host == NULL || !host_name(host, name))
        return false;
    if (is_address(name, &loopback))
        return loopback || !rules->address.loopback;
    return is_known_name(rules, name);
}

bool afmon_origin_is_ours(const char *origin, const char *host)
{
    if (origin == NULL)
        return true;
    if (host == NULL)
        return false;
    if (strncmp(origin, "http://", 7) == 0)
        return strcasecmp(origin + 7, host) == 0;
    return strncmp(origin, "https://", 8) == 0 && strcasecmp(origin + 8, host) == 0;
}

bool afmon_fetch_is_foreign(const char *site, const char *mode)
{
    if (site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)
        return false;
    return mode == NULL || strcmp(mode, "navigate") != 0;
}
