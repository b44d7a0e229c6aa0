/* A replay from the inside: replay.c collects samples, replay_judge.c goes through the passes. */
#ifndef AFMON_ALERTS_REPLAY_INTERNAL_H
#define AFMON_ALERTS_REPLAY_INTERNAL_H

#include "alerts/passes.h"
#include "alerts/replay.h"
#include "alerts/replay_bare.h"
#include "alerts/tally.h"
#include "alerts/values.h"

struct afmon_view_series;

struct afmon_replay_rule {
    const afmon_alert_rule *rule;
    size_t index;       /* in the caller's list */
    const char *metric; /* whose samples it takes: the rule's, or success_rate (catalog/error_share.h) */
    size_t metric_length;
    bool by_outcomes;
    uint64_t window_ns;
    bool mixed;                      /* of a metric with marked samples and others */
    struct afmon_cover_passes cover; /* then: the passes in which the marked ones do not count */
    struct afmon_walk_state state;
};

struct afmon_replay_run {
    afmon_view *view;
    const struct afmon_replay_options *options;
    struct afmon_passes passes;
    struct afmon_replay_rule *rules; /* in order of their metrics; tally and values count them so */
    size_t rule_count;
    uint64_t longest_window_ns;
    struct afmon_tally *tally;
    struct afmon_replay_values values;
    const struct afmon_view_series *series; /* the last one that was met, and its rules */
    size_t first;
    size_t end;
};

/* Judges passes begin to last, of all of which the samples are there. */
afmon_status afmon_replay_judge(struct afmon_replay_run *run, int64_t begin, int64_t last, afmon_error *error);

#endif
