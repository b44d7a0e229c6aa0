/* One rule through passes: what there is to judge in a pass comes from whoever asks (samples of a view, time buckets of
 * a run's model), the steps are those of a live monitor (alerts/judge.h). Stretches without samples cost little,
 * however long they are. */
#ifndef AFMON_ALERTS_WALK_H
#define AFMON_ALERTS_WALK_H

#include "alerts/judge.h"

/* What `tell` gets: a pass of a rule, or several of a stretch without samples that all come to the same. */
struct afmon_walk_pass {
    int64_t time_ns;   /* of the pass; of several: of the last */
    uint64_t repeated; /* further passes like this one, before it */
    uint64_t told;     /* how often handlers and log were told */
    int64_t began_ns;  /* where it fires or is resolved: the first pass in which the condition held */
    int64_t fired_ns;  /* and the one in which it fired */
    const struct afmon_finding *finding;
    struct afmon_rule_step step;
};

/* Where a rule stands between two stretches of passes. Begin with a zeroed one. */
struct afmon_walk_state {
    struct afmon_rule_state rule;
    int64_t told_pass; /* the last one that told of it */
};

struct afmon_walk {
    const afmon_alert_rule *rule;
    struct afmon_walk_state *state;
    uint64_t interval_ns;
    int64_t last_of_all; /* the last pass of the run, whose distance from the one before may be another */
    /* When a pass is. */
    int64_t (*time_of)(void *user, int64_t pass);
    /* The first pass, at or after this one, that has a sample in the rule's window; INT64_MAX: none has. */
    int64_t (*next)(void *user, int64_t pass);
    /* What is in the window of a pass that next gave. */
    void (*find)(void *user, int64_t pass, struct afmon_finding *finding);
    /* Called for each pass in which the rule was judged, fires or is resolved, in order. Non-zero: stop. */
    int (*tell)(void *user, const struct afmon_walk_pass *pass);
    void *user;
};

/* Passes begin to last; false where tell said to stop. */
bool afmon_walk_passes(const struct afmon_walk *walk, int64_t begin, int64_t last);

#endif
