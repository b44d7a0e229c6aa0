/* Is a host this machine? */
#ifndef AFMON_BASE_LOOPBACK_H
#define AFMON_BASE_LOOPBACK_H

#include <stdbool.h>
#include <sys/socket.h>

/* True for an address of 127.0.0.0/8 or ::1 (or the one in the other). */
bool afmon_is_loopback(const struct sockaddr *address);

/* The same of a host as it stands in a URL: an address (IPv6 with or without its brackets), "localhost", or a name that
 * ends with ".localhost", which is never looked up elsewhere (RFC 6761). Any other name may lead anywhere, whatever it
 * begins with: "127.0.0.1.example.org". */
bool afmon_host_is_loopback(const char *host);

#endif
