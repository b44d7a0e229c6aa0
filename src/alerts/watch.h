/* The rules of a live monitor with their states: what passes take place on. No lock of its own. */
#ifndef AFMON_ALERTS_WATCH_H
#define AFMON_ALERTS_WATCH_H

#include "alerts/judge.h"

struct afmon_logged_alert {
    const afmon_alert_rule *rule;
    afmon_alert alert;
};

struct afmon_alert_watch {
    const afmon_alert_rule *rules; /* the caller's */
    size_t rule_count;
    struct afmon_rule_state *states;
    afmon_alert *firing; /* of the last pass: the rules that fire, in their order */
    size_t firing_count;
    afmon_alert *told; /* of the last pass: what handlers are told */
    size_t told_count;
    struct afmon_logged_alert *logged; /* of the last pass: what the log is told */
    size_t logged_count;
    uint64_t passes; /* that were made */
};

/* The rules must outlive it. False: no memory. */
bool afmon_alert_watch_init(struct afmon_alert_watch *watch, const afmon_alert_rule *rules, size_t count);
void afmon_alert_watch_free(struct afmon_alert_watch *watch);

/* One pass at now_ns (a clock that never steps; wall_ns: for the alerts). Asks `find` for what is in the window of each
 * rule; one that cannot be asked is passed over, and stays as it is. */
typedef afmon_status (*afmon_finder)(void *user, const afmon_alert_rule *rule, struct afmon_finding *finding);
void afmon_alert_watch_pass(struct afmon_alert_watch *watch, afmon_finder find, void *user, int64_t now_ns,
                            int64_t wall_ns);

#endif
