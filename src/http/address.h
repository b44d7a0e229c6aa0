/* Where a server listens. */
#ifndef AFMON_HTTP_ADDRESS_H
#define AFMON_HTTP_ADDRESS_H

#include <sys/socket.h>

#include <afmon/afmon.h>

struct afmon_address {
    struct sockaddr_storage socket;
    socklen_t length;
    bool loopback; /* nobody but this machine reaches it */
};

/* Reads "ADDRESS:PORT": an IPv4 address, an IPv6 address in brackets, "localhost", "*" (every IPv4 address), or nothing
 * (127.0.0.1). Names are not looked up. */
afmon_status afmon_address_parse(const char *text, struct afmon_address *address, afmon_error *error);

/* A listening socket, non-blocking and closed on exec. -1 after filling error. The address gets the port that it really
 * has, where it was 0. */
int afmon_address_open(struct afmon_address *address, const char *text, afmon_error *error);

/* "http://127.0.0.1:8765", for a browser on this machine: an address that means all is shown as loopback. */
void afmon_address_url(const struct afmon_address *address, char *out, size_t size);

#endif
