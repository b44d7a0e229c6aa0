/* Rules over a whole run, as periodic passes would have judged them: a pass every interval, and one at the last sample.
 * The same steps (alerts/judge.h) as in a live monitor. */
#ifndef AFMON_ALERTS_REPLAY_H
#define AFMON_ALERTS_REPLAY_H

#include "alerts/judge.h"

/* What `judged` is told: a pass of a rule, or several of a stretch without samples that all come to the same. */
struct afmon_replay_pass {
    size_t rule;
    int64_t time_ns;   /* of the pass; of several: of the last */
    uint64_t repeated; /* further passes like this one, before it */
    uint64_t told;     /* how often handlers and log were told */
    int64_t began_ns;  /* where it fires or is resolved: the first pass in which the condition held */
    int64_t fired_ns;  /* and the one in which it fired */
    const struct afmon_finding *finding;
    struct afmon_rule_step step;
};

struct afmon_replay_options {
    const afmon_alert_rule *rules; /* good ones */
    size_t rule_count;
    int64_t interval_ns; /* at least a second */
    /* Called for each pass in which a rule was judged, fires or is resolved; those of one rule in order of time.
     * Returns non-zero to stop: AFMON_E_CANCELLED. */
    int (*judged)(void *user, const struct afmon_replay_pass *pass);
    void *user;
};

afmon_status afmon_replay(afmon_view *view, const struct afmon_replay_options *options, afmon_error *error);

#endif
