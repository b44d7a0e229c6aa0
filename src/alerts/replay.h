/* Rules over a whole run, as periodic passes would have judged them: a pass every interval, and one at the last sample.
 * The same steps (alerts/walk.h) as in a live monitor. */
#ifndef AFMON_ALERTS_REPLAY_H
#define AFMON_ALERTS_REPLAY_H

#include "alerts/walk.h"

struct afmon_replay_options {
    const afmon_alert_rule *rules; /* good ones */
    size_t rule_count;
    int64_t interval_ns; /* at least a second */
    /* Called for each pass in which a rule was judged, fires or is resolved; those of one rule in order of time.
     * Returns non-zero to stop: AFMON_E_CANCELLED. */
    int (*judged)(void *user, size_t rule, const struct afmon_walk_pass *pass);
    void *user;
};

afmon_status afmon_replay(afmon_view *view, const struct afmon_replay_options *options, afmon_error *error);

#endif
