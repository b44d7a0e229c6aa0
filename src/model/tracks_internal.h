/* Tracks from the inside: tracks.c collects samples, tracks_judge.c goes through the passes. */
#ifndef AFMON_MODEL_TRACKS_INTERNAL_H
#define AFMON_MODEL_TRACKS_INTERNAL_H

#include "base/table.h"
#include "model/tracks.h"

/* The samples of a rule that lie in passes lo to hi. */
struct afmon_segment {
    int64_t lo;
    int64_t hi;
    uint32_t rule;
    uint64_t count;
    double min;
    double max;
    struct afmon_exact_sum sum;
    struct afmon_sketch sketch; /* of rules that look at quantiles or standard deviations */
};

/* Times of which all samples are of one segment. */
struct afmon_segment_times {
    int64_t first_ns;
    int64_t last_ns;
    size_t number; /* of the segment, + 1; 0: none is known */
};

struct afmon_tracks {
    afmon_rules rules;
    int64_t window_ns[AFMON_TRACKS_MAX];
    uint64_t sketched; /* rules whose segments have sketches */
    struct afmon_sketch_limits limits;
    int64_t period_ns;
    int64_t first_period_ns; /* before it doubled */
    struct afmon_segment *segments;
    size_t count;
    size_t capacity;
    struct afmon_table table;
    struct afmon_segment_times latest[AFMON_TRACKS_MAX]; /* of each rule: samples mostly come in order of time */
};

/* The same without the sketches. */
void afmon_segment_merge(struct afmon_segment *into, const struct afmon_segment *from);

#endif
