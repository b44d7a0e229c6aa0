#include "http/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/loopback.h"
#include "base/file.h"
#include "base/number.h"
#include "base/status.h"

#define BACKLOG 256
#define HOST_SIZE 64

static bool parse_port(const char *text, uint16_t *port)
{
    int64_t value;
    if (!afmon_parse_int(text, strlen(text), &value) || value < 0 || value > 65535)
        return false;
    *port = (uint16_t)value;
    return true;
}

static bool take_ipv4(const char *host, uint16_t port, struct afmon_address *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (strcmp(host, "") == 0 || strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (strcmp(host, "*") == 0)
        host = "0.0.0.0";
    if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
        return false;
    memcpy(&address->socket, &in, sizeof in);
    address->length = sizeof in;
    return true;
}

/* host: "[...]". */
static bool take_ipv6(char *host, uint16_t port, struct afmon_address *address)
{
    struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    size_t length = strlen(host);
    if (length < 3 || host[length - 1] != ']')
        return false;
    host[length - 1] = '\0';
    if (inet_pton(AF_INET6, host + 1, &in.sin6_addr) != 1)
        return false;
    memcpy(&address->socket, &in, sizeof in);
    address->length = sizeof in;
    return true;
}

afmon_status afmon_address_parse(const char *text, struct afmon_address *address, afmon_error *error)
{
    char host[HOST_SIZE];
    uint16_t port;
    const char *colon = strrchr(text, ':');
    *address = (struct afmon_address){0};
    if (colon == NULL || (size_t)(colon - text) >= sizeof host || !parse_port(colon + 1, &port))
        return afmon_fail(error, AFMON_E_ARGUMENT,
                          "'%s' is no address to listen on: write it as ADDRESS:PORT, like 127.0.0.1:8765", text);
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    if (host[0] == '[' ? !take_ipv6(host, port, address) : !take_ipv4(host, port, address))
        return afmon_fail(error, AFMON_E_ARGUMENT,
                          "'%s' is no address to listen on: ADDRESS must be an IPv4 address, an IPv6 address in "
                          "brackets, 'localhost' or '*'",
                          text);
    address->loopback = afmon_is_loopback((const struct sockaddr *)&address->socket);
    return AFMON_OK;
}

static afmon_status fail_to_listen(const char *text, int os_error, afmon_error *error)
{
    if (os_error == EADDRINUSE)
        return afmon_fail(error, AFMON_E_SYSTEM,
                          "%s: something listens there already; stop it, or choose another port (0 takes a free one)",
                          text);
    if (os_error == EADDRNOTAVAIL)
        return afmon_fail(error, AFMON_E_SYSTEM, "%s: this machine has no such address", text);
    return afmon_fail_os(error, os_error, "cannot listen on %s", text);
}

static int bind_and_listen(int fd, struct afmon_address *address)
{
    int yes = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes); /* else a restart waits for old connections */
    if (address->socket.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    if (bind(fd, (const struct sockaddr *)&address->socket, address->length) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address->socket, &address->length) != 0)
        return errno;
    return 0;
}

int afmon_address_open(struct afmon_address *address, const char *text, afmon_error *error)
{
    int fd = afmon_fd_above_standard(socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    int failure = fd < 0 ? errno : bind_and_listen(fd, address);
    if (failure == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    fail_to_listen(text, failure, error);
    return -1;
}

void afmon_address_url(const struct afmon_address *address, char *out, size_t size)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (address->socket.ss_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, &address->socket, sizeof in);
        if (IN6_IS_ADDR_UNSPECIFIED(&in.sin6_addr))
            in.sin6_addr = in6addr_loopback;
        inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
        snprintf(out, size, "http://[%s]:%u", text, (unsigned)ntohs(in.sin6_port));
    } else {
        struct sockaddr_in in;
        memcpy(&in, &address->socket, sizeof in);
        if (in.sin_addr.s_addr == htonl(INADDR_ANY))
            in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
        snprintf(out, size, "http://%s:%u", text, (unsigned)ntohs(in.sin_port));
    }
}
