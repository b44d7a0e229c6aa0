/* Alerts and their rules. Include <afmon/afmon.h>, which says what
 * holds for all functions. */
#ifndef AFMON_ALERTS_H
#define AFMON_ALERTS_H

#include <afmon/metrics.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Alert rules ------------------------------------------------------------------------------------------------------ */

/* Thresholds of the built-in rules. An alert holds where the mean of the last five minutes is strictly beyond. */
typedef struct afmon_alert_limits {
    double min_success_rate;             /* 0.8 */
    double max_generation_time_s;        /* 30 */
    double max_error_rate;               /* 0.2 */
    double max_prompt_token_mean;        /* 4096 */
    double max_completion_token_mean;    /* 4096 */
    double max_total_token_mean;         /* 8192 */
    double max_conversation_length_mean; /* 2 */
} afmon_alert_limits;

/* Fills in the defaults that stand beside the members. */
AFMON_API void afmon_alert_limits_init(afmon_alert_limits *limits);

#define AFMON_ALERT_RULES 7    /* built-in rules */
#define AFMON_MOST_RULES 1000  /* that a monitor may have, the built-in ones included */
#define AFMON_RULE_NAME_MAX 63 /* bytes of a rule's name: an ASCII letter, then letters, digits and any of "_:.-" */
#define AFMON_RULE_METRIC_MAX 255
#define AFMON_RULE_MESSAGE_MAX 1023 /* of a template */
#define AFMON_RULE_WHERE_MAX 16
#define AFMON_RULE_SECONDS_MAX 604800.0 /* of a window, and of each duration of a rule: seven days */

/* What a rule makes of the samples in its window. Samples that are not finite are left out. */
typedef enum afmon_rule_aggregate {
    AFMON_RULE_MEAN = 0,
    AFMON_RULE_MIN = 1,
    AFMON_RULE_MAX = 2,
    AFMON_RULE_SUM = 3,
    AFMON_RULE_COUNT = 4,
    AFMON_RULE_RATE = 5, /* samples a second: the count by the window's length */
    AFMON_RULE_STDDEV = 6,
    AFMON_RULE_QUANTILE = 7 /* the rule's quantile, by linear interpolation */
} afmon_rule_aggregate;

typedef enum afmon_rule_comparison {
    AFMON_RULE_BELOW = 0, /* strictly, as AFMON_RULE_ABOVE is */
    AFMON_RULE_ABOVE = 1,
    AFMON_RULE_AT_MOST = 2,
    AFMON_RULE_AT_LEAST = 3
} afmon_rule_comparison;

/* A rule. Each pass makes one number of the samples in the window and compares it with the limit: the condition.
 *
 * A rule is quiet, pending or firing. It fires in the first pass in which the condition has held for `for_s`. It stays
 * so while the number is beyond `clear` (without one: beyond the limit), and is resolved in the first pass in which it
 * has not been beyond for `keep_firing_for_s`. A pass with fewer than min_samples samples in the window is one in which
 * the condition does not hold. Times count from pass to pass, on a clock that never steps.
 *
 * Handlers and the log are told when it fires; while it fires every renotify_s, in passes in which the number is beyond
 * clear; and when it is resolved, where send_resolved. With a renotify_s or keep_firing_for_s above 0 the log is told
 * that in any case.
 *
 * Always begin with afmon_alert_rule_init. A message is a template: {value} is the number; {limit}, {count}, {mean},
 * {min}, {max}, {sum}, {name}, {metric}, {aggregate} and {comparison} ("below", "at most") are what they say; "{{" is a
 * brace. A number may be given a form: {value:.1f} has one decimal (0 to 9), {value:.1%} is in percent. */
typedef struct afmon_alert_rule {
    const char *name;
    const char *metric; /* any name */
    afmon_rule_aggregate aggregate;
    double quantile; /* 0 to 1, of AFMON_RULE_QUANTILE */
    afmon_rule_comparison comparison;
    double limit;
    double window_s;          /* 300; at least 1 */
    afmon_level level;        /* warning */
    const afmon_field *where; /* only samples that have all these fields in their metadata; numbers are compared as
                                 numbers, everything else by type and value */
    size_t where_count;
    const char *message;          /* NULL: "AGGREGATE of METRIC is VALUE, COMPARISON LIMIT" */
    const char *resolved_message; /* NULL: "AGGREGATE of METRIC is back at VALUE" */
    double for_s;                 /* 0: it fires at once */
    afmon_number clear;           /* not given: the limit. Never on the limit's other side */
    double keep_firing_for_s;     /* 0 */
    uint64_t min_samples;         /* 1; 0 is for counts, rates and sums, which are 0 of no samples */
    double renotify_s;            /* 0: every pass tells; INFINITY: none does */
    bool send_resolved;           /* true, but false in the built-in rules */
} afmon_alert_rule;

/* Fills in the defaults that stand beside the members; name and metric stay NULL. Any thread. */
AFMON_API void afmon_alert_rule_init(afmon_alert_rule *rule);

/* Writes what is odd about a valid rule, cut to `size` bytes: a metric whose name is nearly that of one of afmon's (a
 * custom one may be called so), or an operation by a name that afterimage's documents have and its code does not emit.
 * False where there is nothing, and text is left alone. A monitor logs it, at level warning, when it opens. Any thread.
 */
AFMON_API bool afmon_alert_rule_remark(const afmon_alert_rule *rule, char *text, size_t size);

/* Rules, owned by the library. Release with afmon_rules_free. */
typedef struct afmon_rules {
    afmon_alert_rule *rules;
    size_t count;
    void *storage;
} afmon_rules;

/* The built-in rules (docs/formats.md) with these limits; NULL: the defaults. Every pass in which one holds tells of
 * it, and nothing tells when it is over. Any thread. */
AFMON_API afmon_status afmon_rules_built_in(const afmon_alert_limits *limits, afmon_rules *rules, afmon_error *error);

/* Reads a rules file (YAML, docs/rules.md): the built-in rules with these limits (NULL: the defaults) and what the file
 * changes in them, then the file's own. The file is checked strictly; error says file, line and column. AFMON_E_FORMAT,
 * AFMON_E_TOO_BIG past 1 MiB. Any thread. Blocks on file operations. */
AFMON_API afmon_status afmon_rules_load(const char *path, const afmon_alert_limits *limits, afmon_rules *rules,
                                        afmon_error *error);

/* Releases rules and empties the struct. An empty one or NULL is fine. */
AFMON_API void afmon_rules_free(afmon_rules *rules);

typedef enum afmon_alert_state {
    AFMON_ALERT_FIRED = 0,   /* in this pass */
    AFMON_ALERT_FIRING = 1,  /* it fired in an earlier one, and still does */
    AFMON_ALERT_RESOLVED = 2 /* in this pass */
} afmon_alert_state;

/* "fired", "firing" or "resolved". Static text. Any thread. */
AFMON_API const char *afmon_alert_state_name(afmon_alert_state state);

/* One alert of one pass. Texts without pointers, so that it can be copied and kept. */
typedef struct afmon_alert {
    char name[64];      /* "low_success_rate", ... */
    char message[256];  /* "Success rate dropped to 62.5%"; cut where it is longer */
    char metric[256];   /* the metric that is judged */
    char aggregate[16]; /* what of it: "mean", "count", "p99", "p99.9" ... */
    afmon_level level;
    afmon_alert_state state;
    bool resolves;        /* an alert in state AFMON_ALERT_RESOLVED will follow when it is over */
    int64_t timestamp_ns; /* of the pass */
    int64_t since_ns;     /* of the pass in which it fired */
    afmon_rule_comparison comparison;
    double value; /* the number that was compared with the limit; 0 where there were too few samples for one */
    double limit;
    afmon_aggregate data; /* of the window's samples; quantiles are left 0 */
} afmon_alert;

#ifdef __cplusplus
}
#endif

#endif
