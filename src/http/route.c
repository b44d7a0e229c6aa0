#include "http/route.h"

#include <string.h>

/* Takes a segment for a star; returns its length, 0 where it cannot be one. */
static size_t take_segment(const char *path, struct afmon_http_match *match)
{
    size_t length = strcspn(path, "/");
    if (length >= AFMON_HTTP_SEGMENT_SIZE || match->segment_count >= AFMON_HTTP_SEGMENTS)
        return 0;
    memcpy(match->segments[match->segment_count], path, length);
    match->segments[match->segment_count][length] = '\0';
    match->segment_count += length > 0;
    return length;
}

static bool matches(const char *pattern, const char *path, struct afmon_http_match *match)
{
    match->segment_count = 0;
    while (*pattern != '\0') {
        if (*pattern == '*') {
            size_t length = take_segment(path, match);
            if (length == 0)
                return false;
            path += length;
            pattern++;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

void afmon_http_find_route(const struct afmon_http_route *routes, size_t count, const char *path,
                           struct afmon_http_match *match)
{
    match->route = NULL;
    for (size_t i = 0; i < count && match->route == NULL; i++)
        if (matches(routes[i].path, path, match))
            match->route = &routes[i];
}
