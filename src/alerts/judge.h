/* From the samples of a window to a rule's number, from one pass to the next. */
#ifndef AFMON_ALERTS_JUDGE_H
#define AFMON_ALERTS_JUDGE_H

#include <afmon/afmon.h>

/* What a pass found in the window of a rule. */
struct afmon_finding {
    afmon_aggregate data;
    double quantile; /* where the rule looks at one and count > 0 */
};

/* The number that a rule judges. */
double afmon_rule_value(const afmon_alert_rule *rule, const struct afmon_finding *finding);

/* The mean that is judged: sum by count, so that it is exact where the sum is, as with rates, tokens and turns: four of
 * five must not come out a little below 0.8, as a running mean may. */
double afmon_alert_mean(const afmon_aggregate *aggregate);

/* How far a value is beyond the limit; not beyond it: negative. */
double afmon_rule_distance(const afmon_alert_rule *rule, double value);

/* ---- the states of a rule ---- */

enum afmon_rule_phase { AFMON_RULE_QUIET = 0, AFMON_RULE_PENDING, AFMON_RULE_FIRING };

/* Begin with a zeroed one. Times are the caller's, on a clock that never steps back. */
struct afmon_rule_state {
    enum afmon_rule_phase phase;
    bool cleared;          /* firing, and in the last pass not beyond clear any more */
    int64_t began_ns;      /* pending or firing: the first pass in which the condition held */
    int64_t cleared_ns;    /* the first pass in which it was cleared */
    int64_t told_ns;       /* the last pass that told of it */
    int64_t fired_wall_ns; /* firing: the pass in which it fired, on the clock of alerts */
};

/* What a pass came to. */
struct afmon_rule_step {
    bool judged; /* there were enough samples */
    bool fires;
    bool resolved;
    bool told; /* handlers and log are to be told */
    bool beyond;
    afmon_alert_state state; /* where it fires or is resolved */
    double value;
};

/* One pass of one rule. now_ns: on the clock of the state; wall_ns: on that of alerts. */
struct afmon_rule_step afmon_rule_step(const afmon_alert_rule *rule, struct afmon_rule_state *state,
                                       const struct afmon_finding *finding, int64_t now_ns, int64_t wall_ns);

/* Whether the log tells the end of what fires: where handlers are told of it, and where the lines of a rule that fires
 * may be farther apart than passes, so that a line that does not come means nothing. */
bool afmon_rule_logs_end(const afmon_alert_rule *rule);

/* Fills in the alert of a step that fires or is resolved. since_ns: the pass in which it fired. */
void afmon_alert_fill(const afmon_alert_rule *rule, const struct afmon_finding *finding,
                      const struct afmon_rule_step *step, int64_t wall_ns, int64_t since_ns, afmon_alert *alert);

/* ---- metadata ---- */

/* True where fields have all that a rule wants. */
bool afmon_rule_wants(const afmon_alert_rule *rule, const afmon_field *fields, size_t count);

/* The same of packed fields (catalog/fields.h). */
bool afmon_rule_wants_packed(const afmon_alert_rule *rule, const void *packed, size_t length);

/* The same of a set (NULL: no metadata), as struct afmon_filter asks it; user is the rule. */
struct afmon_set;
bool afmon_rule_wants_set(void *user, const struct afmon_set *set);

#endif
