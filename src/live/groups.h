/* Operations and models: what each came to, and second by second what it did lately. */
#ifndef AFMON_LIVE_GROUPS_H
#define AFMON_LIVE_GROUPS_H

#include <afmon/afmon.h>

#include "live/series.h"

#define AFMON_GROUP_SECONDS 128 /* a power of two */
#define AFMON_LIVE_MODELS 128
#define AFMON_LIVE_OPERATIONS 256

struct afmon_group_second {
    int64_t second;
    uint32_t calls;
    uint32_t failures;
    double tokens[3]; /* prompt, completion, total */
};

struct afmon_group {
    char *name;
    size_t name_length;
    char *component; /* NUL ended, too */
    size_t component_length;
    uint64_t hash;
    uint64_t calls;
    uint64_t failures;
    double tokens[3];
    struct afmon_summary durations;
    struct afmon_sketch spread;
    struct afmon_cell_account *account;
    struct afmon_group_second lately[AFMON_GROUP_SECONDS];
};

/* Begin with {.most = AFMON_LIVE_..., .account = ...}. */
struct afmon_groups {
    struct afmon_group *groups[AFMON_LIVE_OPERATIONS];
    size_t count;
    size_t most;
    struct afmon_cell_account *account; /* NULL: no bounds */
    uint64_t seed;
};

/* The group of that name and component; the one called "(other)" where there are too many. NULL: no memory. */
struct afmon_group *afmon_group_of(struct afmon_groups *groups, const char *name, size_t length, const char *component,
                                   size_t component_length);

/* Counts a sample of the metric. False: no memory. */
bool afmon_group_add(struct afmon_group *group, enum afmon_metric_id metric, int64_t time_ns, double value);

/* The last seconds up to now, cut where the run began. */
struct afmon_lately {
    int64_t now_ns;
    int64_t first_ns; /* of the run */
    double window_s;
};

/* Calls a second that ended lately. */
double afmon_group_calls_lately(const struct afmon_group *group, struct afmon_lately lately);

/* Fills rates in the order that afmon_live_models promises; returns how many there are. */
size_t afmon_groups_rates(const struct afmon_groups *groups, struct afmon_lately lately, afmon_live_rate *rates,
                          size_t capacity);

/* Narrows all sketches to sketch_max of the account (live/cells.h). */
void afmon_groups_narrow(struct afmon_groups *groups);

size_t afmon_groups_bytes(const struct afmon_groups *groups);
void afmon_groups_free(struct afmon_groups *groups);

#endif
