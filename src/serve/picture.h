/* A run as the JSON that the page draws (docs/api.md, "A run"). */
#ifndef AFMON_SERVE_PICTURE_H
#define AFMON_SERVE_PICTURE_H

#include <afmon/afmon.h>

#include "base/buffer.h"

struct afmon_picture_head {
    const char *id;
    const char *name;
    const char *folder;
    const char *verdict; /* out: static text */
    bool live;           /* out */
    int64_t first_ns;    /* out, as the rest */
    int64_t last_ns;
    uint64_t samples;
    uint64_t generations;
    double success_rate; /* NaN where there is none */
};

/* Adds one object to out, without a line break in it. */
afmon_status afmon_picture_write(afmon_view *view, struct afmon_picture_head *head, struct afmon_buffer *out,
                                 afmon_error *error);

/* The parts of it that have files of their own. */
struct afmon_json;
afmon_status afmon_picture_charts(afmon_view *view, const afmon_view_info *info, struct afmon_json *json);
afmon_status afmon_picture_operations(afmon_view *view, struct afmon_json *json);
afmon_status afmon_picture_errors(afmon_view *view, struct afmon_json *json);

#endif
