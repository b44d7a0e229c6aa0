/* The page's files, put into the library when it is built (tools/embed). */
#ifndef AFMON_SERVE_ASSET_H
#define AFMON_SERVE_ASSET_H

#include <stddef.h>

struct afmon_asset {
    const char *name;
    const char *type;
    const char *etag;
    const unsigned char *data;
    size_t length;
};

extern const struct afmon_asset afmon_assets[];
extern const size_t afmon_asset_count;

#endif
