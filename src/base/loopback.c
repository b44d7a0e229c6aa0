#include "base/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

bool afmon_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, address, sizeof in);
        return IN6_IS_ADDR_LOOPBACK(&in.sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr) && in.sin6_addr.s6_addr[12] == 127);
    }
    return false;
}

/* An address in text, without its brackets; false where it is none. */
static bool parse(const char *host, struct sockaddr_storage *out)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    char text[INET6_ADDRSTRLEN];
    size_t length = strlen(host);
    bool bracketed = length > 2 && host[0] == '[' && host[length - 1] == ']';
    if (bracketed && length - 2 < sizeof text) {
        memcpy(text, host + 1, length - 2);
        text[length - 2] = '\0';
        host = text;
    }
    if (!bracketed && inet_pton(AF_INET, host, &in4.sin_addr) == 1)
        memcpy(out, &in4, sizeof in4);
    else if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1)
        memcpy(out, &in6, sizeof in6);
    else
        return false;
    return true;
}

bool afmon_host_is_loopback(const char *host)
{
    static const char ending[] = ".localhost";
    struct sockaddr_storage address;
    if (parse(host, &address))
        return afmon_is_loopback((const struct sockaddr *)&address);
    size_t length = strlen(host);
    return strcasecmp(host, "localhost") == 0 ||
           (length >= sizeof ending && strcasecmp(host + length - (sizeof ending - 1), ending) == 0);
}
