/* Alert rules over a run that is followed: for runs whose log tells of no alert (the peer's never does), and for rules
 * that the run does not know.
 *
 * A rule is judged in passes, a second apart as far as samples are kept to the second, and farther apart the longer ago
 * (live/cells.h): so a pass costs the cells of a window, and all passes over a run some thousand times that, however
 * long it is. A window is the cells whose middle lies in it. Passes go on with time; where samples of the past come in
 * (a run is read from its end), all are judged anew.
 *
 * Rules over the whole of a metric read the cells that its chart has; those that look at metadata, quantiles or
 * standard deviations have cells of their own. Quantiles and standard deviations are looked
 * at 64 times within their window, for each takes all the sketches of the window. */
#ifndef AFMON_LIVE_RULES_H
#define AFMON_LIVE_RULES_H

#include "alerts/judge.h"
#include "live/cells.h"

#define AFMON_LIVE_RULES 64 /* bits of a mask */
#define AFMON_LIVE_ALERTS 256

struct afmon_live_table;

struct afmon_live_rule {
    const afmon_alert_rule *rule;
    bool own;                 /* has cells of its own */
    struct afmon_cells cells; /* where it has */
    struct afmon_rule_state state;
    int64_t due; /* the pass before which it is not judged again */
    bool open;   /* it fires: span is not over */
    afmon_live_alert span;
    struct afmon_finding finding; /* of the last pass in which it fired */
    struct afmon_rule_step step;
};

struct afmon_live_rules {
    afmon_rules list;
    bool given; /* by the caller; else they are the built-in ones */
    struct afmon_live_rule rules[AFMON_LIVE_RULES];
    afmon_live_alert over[AFMON_LIVE_ALERTS];
    size_t over_count;
    bool anew;      /* samples of before the last pass came in */
    bool judged;    /* there was a pass */
    int64_t last;   /* the last pass, in quarters of a second */
    int64_t due_ns; /* boot time before which passes are not judged anew */
};

/* Takes copies of the rules; with none given, the built-in ones. Begin with a zeroed struct. account may be NULL. */
afmon_status afmon_live_rules_init(struct afmon_live_rules *rules, const afmon_alert_rule *given, size_t count,
                                   struct afmon_cell_account *account, afmon_error *error);
void afmon_live_rules_free(struct afmon_live_rules *rules);
void afmon_live_rules_forget(struct afmon_live_rules *rules); /* samples and passes */
void afmon_live_rules_forget_passes(struct afmon_live_rules *rules);

/* Whether any rule looks at a metric, and which of those that do have cells of their own. */
bool afmon_live_rules_name(const struct afmon_live_rules *rules, const char *metric, size_t length, uint64_t *own);

/* Which rules want samples with these fields. */
uint64_t afmon_live_rules_want(const struct afmon_live_rules *rules, const afmon_field *fields, size_t count);

/* Adds a finite value to the cells of these rules. False: no memory. */
bool afmon_live_rules_take(struct afmon_live_rules *rules, uint64_t which, int64_t time_ns, double value);

/* Says that a sample of that time came in, perhaps of before the last pass. */
void afmon_live_rules_note(struct afmon_live_rules *rules, int64_t time_ns, bool past);

struct afmon_live_moment {
    int64_t first_ns; /* of the run's first and last sample */
    int64_t last_ns;
    int64_t now_ns;
    bool ended; /* the last pass is at the last sample; else a second ago, when all that was recorded had come in */
    bool whole; /* nothing of the past is still to be read */
};

/* Judges what passes are due. AFMON_OK or AFMON_E_NO_MEMORY. */
afmon_status afmon_live_rules_judge(struct afmon_live_rules *rules, struct afmon_live_table *table,
                                    const struct afmon_live_moment *moment);

/* Copies alerts, in no order, into room for AFMON_LIVE_ALERTS + AFMON_LIVE_RULES; returns how many there are. */
size_t afmon_live_rules_alerts(const struct afmon_live_rules *rules, afmon_live_alert *alerts);

/* Narrows all sketches (live/cells.h). */
void afmon_live_rules_narrow(struct afmon_live_rules *rules);

size_t afmon_live_rules_bytes(const struct afmon_live_rules *rules);

#endif
