/* Finding a request's route, and the segments that the route's stars stand for. */
#ifndef AFMON_HTTP_ROUTE_H
#define AFMON_HTTP_ROUTE_H

#include "http/http.h"

#define AFMON_HTTP_SEGMENTS 4
#define AFMON_HTTP_SEGMENT_SIZE 256

struct afmon_http_match {
    const struct afmon_http_route *route; /* NULL: there is none */
    char segments[AFMON_HTTP_SEGMENTS][AFMON_HTTP_SEGMENT_SIZE];
    size_t segment_count;
};

/* path is decoded. A segment that is longer than fits matches no star. */
void afmon_http_find_route(const struct afmon_http_route *routes, size_t count, const char *path,
                           struct afmon_http_match *match);

#endif
