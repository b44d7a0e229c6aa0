/* The metrics that alert rules judge, along the time line: counts and sums in buckets of equal width, for samples in
 * any order of time, in bounded memory.
 *
 * Buckets are 5 seconds wide; where more than AFMON_TIMELINE_MOST of them are needed (22 hours), two become one, and so
 * on. The five minutes of a rule are then as many whole buckets as come nearest to them. */
#ifndef AFMON_SUMMARY_TIMELINE_H
#define AFMON_SUMMARY_TIMELINE_H

#include <afmon/afmon.h>

#define AFMON_TIMELINE_MOST 16384 /* buckets: 1.8 MiB */

enum afmon_track {
    AFMON_TRACK_SUCCESS,
    AFMON_TRACK_ERROR,
    AFMON_TRACK_GENERATION_TIME,
    AFMON_TRACK_PROMPT,
    AFMON_TRACK_COMPLETION,
    AFMON_TRACK_TOTAL,
    AFMON_TRACK_LENGTH,
    AFMON_TRACK_EVALUATION, /* 1 for an evaluation that succeeded, 0 for one that did not */
    AFMON_TRACKS
};

struct afmon_timeline_sum {
    uint64_t count;
    double sum;
};

struct afmon_timeline_bucket {
    struct afmon_timeline_sum of[AFMON_TRACKS];
};

/* Begin with a zeroed one. */
struct afmon_timeline {
    struct afmon_timeline_bucket *room;
    size_t capacity;
    size_t begin; /* of the buckets in the room */
    size_t count;
    int64_t first; /* number of the first one: time / width, towards the past */
    unsigned doublings;
};

/* Adds a finite value. False: no memory; it is then left out. */
bool afmon_timeline_add(struct afmon_timeline *timeline, enum afmon_track track, int64_t time_ns, double value);

/* The last five minutes, up to the bucket of the latest sample. */
struct afmon_timeline_sum afmon_timeline_recent(const struct afmon_timeline *timeline, enum afmon_track track);

/* The built-in rules at the end of every bucket, the last one taken to end at last_ns; as afmon_view_check. Alerts have
 * no min, max and stddev. spans has room for AFMON_ALERT_RULES; returns how many rules held. */
size_t afmon_timeline_check(const struct afmon_timeline *timeline, const afmon_alert_limits *limits, int64_t last_ns,
                            afmon_alert_span *spans);

void afmon_timeline_free(struct afmon_timeline *timeline);

#endif
