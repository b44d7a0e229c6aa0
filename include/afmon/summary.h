/* Summaries: what a run came to. Include <afmon/afmon.h>, which says what
 * holds for all functions. */
#ifndef AFMON_SUMMARY_H
#define AFMON_SUMMARY_H

#include <afmon/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Summaries: what a run came to ------------------------------------------------------------------------------- */

/* How a run stands, or ended. The first that is true, of its finished items (conversations, rows, tasks), or where it
 * has none of its calls, or where it has none of these either of its evaluations:
 *  - no data: there is not one sample;
 *  - failed: more than half of them failed;
 *  - degraded: more than 5 % of them failed; or none was accepted when 50 had finished; or an alert of level error is
 *    firing at the end, or held for more than a twentieth of the run; or the run stands still;
 *  - healthy. */
typedef enum afmon_verdict {
    AFMON_VERDICT_NO_DATA = 0,
    AFMON_VERDICT_HEALTHY = 1,
    AFMON_VERDICT_DEGRADED = 2,
    AFMON_VERDICT_FAILED = 3
} afmon_verdict;

/* "no_data", "healthy", "degraded" or "failed". Static text. Any thread. */
AFMON_API const char *afmon_verdict_name(afmon_verdict verdict);

/* Values of one kind. With count == 0 all numbers are 0. Values that are not finite are counted in not_finite and are
 * in nothing else. */
typedef struct afmon_distribution {
    uint64_t count;
    uint64_t not_finite;
    double sum; /* infinite where it is beyond a double, which the mean is not */
    double mean;
    double min;
    double max;
    double p50; /* quantiles as those of afmon_aggregate */
    double p90;
    double p95;
    double p99;
    double quantile_error; /* how far a quantile may be off, as a part of its value (0.002: 0.2 %); 0: exact */
} afmon_distribution;

/* A sentence about a run: why the verdict is what it is, or what to know about the data. */
typedef struct afmon_remark {
    afmon_level level;
    const char *text;
} afmon_remark;

/* One stretch of a run in which an alert rule held. */
typedef struct afmon_alert_interval {
    char name[64];
    char message[256]; /* of the pass farthest beyond the limit */
    char metric[256];
    char aggregate[16]; /* as in afmon_alert */
    afmon_level level;
    afmon_rule_comparison comparison;
    double limit; /* NaN: the log does not say it */
    double worst; /* the value farthest beyond the limit; NaN: none is known */
    int64_t worst_ns;
    int64_t first_ns;    /* the first and the last pass in which the rule fired */
    int64_t last_ns;     /* (no later than the run's end) */
    int64_t resolved_ns; /* the pass in which it did not any more; INT64_MIN where none is known */
    double held_s;       /* from its first pass to the pass in which it did not fire, or to the run's end */
    uint64_t passes;     /* in which it fired, as far as the log tells */
    bool firing;         /* it holds at the end, or now */
} afmon_alert_interval;

/* In the lists below at most 1,000 distinct names are kept, whatever a run invents: those that come first in order of
 * their bytes; all others are one, "(other)". Names are UTF-8, cut at 200 bytes (they then end with U+2026 and are told
 * apart by their whole text), with U+FFFD in place of NUL and of what is no UTF-8. Shares are between 0 and 1, of the
 * list's sum. */

/* Why items of a kind were rejected, or of which type of error they failed. */
typedef struct afmon_item_reason {
    bool failed;      /* failed; else rejected */
    const char *text; /* "": not given */
    uint64_t count;
    double share; /* of the finished items of the kind */
} afmon_item_reason;

/* What was being made: items of one kind, apart from the calls that they were made of.
 *
 * As the run tells it (afmon_item_begin): started = accepted + rejected + failed + abandoned + open, each item once,
 * over all processes and resumed parts of the run. Where a run tells of none they are inferred from operations that
 * stand for an item: "conversation" from conversation_generation, "row" from structured_generation, "task" from
 * OpenSimula's tasks; then none was rejected, and none is open. */
typedef struct afmon_item_summary {
    const char *kind;
    uint64_t finished; /* accepted, rejected or failed */
    uint64_t accepted;
    uint64_t failed;
    double yield;              /* accepted ones of those that finished; NaN: none finished */
    double per_s;              /* finished, over the whole run; 0 where it has no duration */
    afmon_distribution time_s; /* from start to outcome */
    bool inferred;             /* then what is below is 0 or NaN, but for started */
    uint64_t started;
    uint64_t rejected;  /* made, and refused */
    uint64_t abandoned; /* without an outcome, and its process is gone */
    uint64_t open;
    uint64_t attempts;     /* of all of them; items made once count as one */
    uint64_t attempts_max; /* of one of them */
    uint64_t tried_often;  /* those with AFMON_ITEM_ATTEMPTS_MANY attempts or more */
    uint64_t calls;        /* that name an item of the kind */
    uint64_t call_failures;
    uint64_t total_tokens;
    uint64_t accepted_calls; /* of accepted items */
    uint64_t accepted_tokens;
    double calls_per_accepted;  /* all calls, for each accepted item; NaN: no item was accepted, or no call names one */
    double tokens_per_accepted; /* likewise; NaN also where no tokens are known */
    size_t reason_count;
    const afmon_item_reason *reasons; /* the most frequent first */
    double cost_usd;                  /* of calls that name an item of the kind; NaN: none was priced, as below */
    double accepted_cost_usd;         /* of accepted items: of the attempt that was accepted */
    double wasted_cost_usd; /* of rejected, failed and abandoned ones, and of the other attempts of accepted ones */
    double cost_per_accepted_usd; /* all of it, for each accepted item; NaN also where none was accepted */
} afmon_item_summary;

/* Failures of one operation that have error type, status and message in common; in messages numbers and ids are made
 * equal. A failed call counts once; items that failed with the same error are counted beside it, and make a group of
 * their own only where no call did. */
typedef struct afmon_failure_summary {
    const char *component; /* "": not given, as all texts here */
    const char *operation;
    const char *error_type;
    const char *message; /* numbers as N, ids as ID */
    const char *example; /* the message of the earliest one, whole, up to 4,000 bytes */
    bool evaluation;
    int status;     /* HTTP status; 0: not known */
    uint64_t count; /* calls that failed so; items, where no call did */
    uint64_t items; /* items that failed so */
    double share;   /* of all failures */
    int64_t first_ns;
    int64_t last_ns;
} afmon_failure_summary;

/* Attempts that failed and were tried again. */
typedef struct afmon_retry_summary {
    const char *error_type;
    int status;
    uint64_t count;
} afmon_retry_summary;

/* How often the model stopped for one reason. */
typedef struct afmon_finish_summary {
    const char *reason;
    uint64_t count;
    double share;
} afmon_finish_summary;

/* Calls and tokens of one model. Tokens without model_name are under "unknown". */
typedef struct afmon_model_summary {
    const char *model_name;
    uint64_t calls;
    uint64_t failures; /* of calls whose samples name the model */
    uint64_t prompt_tokens;
    uint64_t completion_tokens;
    uint64_t total_tokens;
    double share;                 /* of all models' total_tokens; of their calls where no total_tokens are known */
    afmon_distribution latency_s; /* of calls whose samples name the model; items are not in it */
    double cost_usd;              /* of those that were priced; NaN: none was */
} afmon_model_summary;

/* Tracked generations, or evaluations, with the same metadata component and operation ("": not given). */
typedef struct afmon_operation_summary {
    const char *component;
    const char *operation;
    const char *item; /* the kind of item that it makes; "": it is a call */
    bool evaluation;
    uint64_t count;
    uint64_t failures; /* of them: without success */
    uint64_t prompt_tokens;
    uint64_t completion_tokens;
    uint64_t total_tokens;
    afmon_distribution duration_s;
} afmon_operation_summary;

/* One score of one evaluator ("": evaluator_type not given). */
typedef struct afmon_score_summary {
    const char *evaluator_type;
    const char *name;
    afmon_distribution score;
} afmon_score_summary;

/* All samples of one metric. */
typedef struct afmon_metric_summary {
    const char *name;
    afmon_distribution values;
} afmon_metric_summary;

/* What calls cost, as far as they were priced. A call that has no price is never free: it is counted, with its tokens.
 */
typedef struct afmon_cost_summary {
    uint64_t priced_calls;    /* generations and evaluations */
    uint64_t unpriced_calls;  /* with token counts, and without a cost */
    uint64_t unpriced_tokens; /* of these */
    double total_usd;         /* NaN: no call was priced */
    /* What it will have cost at the end of the run's plan: what was spent, and for each item that is missing what one
     * that counts has cost by now. NaN: there is no plan, or no item that counts, or no call was priced. */
    double projected_usd;
    uint64_t items_left; /* of the plan; 0 also where there is none */
} afmon_cost_summary;

/* Made by the library, which may add members at its end; release with afmon_run_summary_free. The same samples and
 * logs, all of them read, give the same summary, whoever reads them and in whatever order; but that a follower's
 * quantiles of more than 4,096 values may be off by quantile_error. */
typedef struct afmon_run_summary {
    afmon_verdict verdict;
    size_t reason_count;
    const afmon_remark *reasons; /* of the verdict, the gravest first */
    size_t warning_count;
    const afmon_remark *warnings; /* about the data itself: unreadable lines, dropped samples, what was not seen ... */

    int64_t first_ns; /* timestamps of the earliest and the latest sample; 0 where there is none */
    int64_t last_ns;
    double duration_s; /* between the two */
    bool live;         /* some process still writes into the folder */
    uint64_t sample_count;
    uint64_t not_finite;
    uint64_t file_count; /* metrics files */
    uint64_t unreadable_lines;
    uint64_t dropped; /* samples and log records that the run's monitors had to drop, as their logs tell */

    uint64_t calls; /* tracked generations that are no items, or that are both: they name tokens of their own */
    uint64_t call_failures;
    uint64_t recent_calls; /* the same of the five minutes that end with the last sample */
    uint64_t recent_call_failures;
    uint64_t calls_without_tokens; /* that succeeded or failed without a token count */
    uint64_t failed_calls_without_tokens;
    uint64_t calls_without_item; /* of a run that tells of items: calls that name none */
    double calls_per_s;          /* over the whole run; 0 where it has no duration */
    uint64_t evaluations;
    uint64_t evaluation_failures;
    uint64_t retries; /* attempts that failed and were tried again */
    uint64_t prompt_tokens;
    uint64_t completion_tokens;
    uint64_t total_tokens;
    double tokens_per_s;
    afmon_distribution latency_s; /* of calls */
    afmon_distribution evaluation_time_s;
    afmon_distribution conversation_length; /* turns */

    /* Alert rules, judged in one place: the run's own monitor's passes, where one monitor with rules recorded the whole
     * run; else a replay over all samples. */
    bool alerts_logged;       /* by the monitor */
    double alert_period_s;    /* between two passes; of a replay 60, and more in long runs */
    uint64_t alerts_left_out; /* intervals, or passes of them, beyond the 1,000 that are kept */
    size_t alert_count;
    const afmon_alert_interval *alerts; /* in order of their first passes */

    size_t item_count;
    const afmon_item_summary *items; /* in order of kinds */
    size_t failure_count;
    const afmon_failure_summary *failures; /* the most frequent first, as in the lists below */
    size_t retry_count;
    const afmon_retry_summary *retried;
    size_t finish_count;
    const afmon_finish_summary *finishes;
    size_t model_count;
    const afmon_model_summary *models;
    size_t operation_count;
    const afmon_operation_summary *operations;
    size_t score_count;
    const afmon_score_summary *scores; /* in order of evaluator and name */
    size_t metric_count;
    const afmon_metric_summary *metrics; /* in order of names */

    /* As the run records say; of several sessions that give one the latest. */
    const char *name; /* "": none */
    const char *note; /* "": none */
    size_t tag_count;
    const afmon_tag *tags;

    bool cost_known; /* calls were priced, or were to be: prices were given */
    afmon_cost_summary cost;
    bool has_budget;     /* the run has, or had, a limit: max_cost_usd */
    afmon_budget budget; /* of all its processes and parts, whatever the window */
} afmon_run_summary;

typedef struct afmon_summary_options {
    size_t size;
    afmon_window window; /* samples and alerts outside are left out; everything */
    /* Called now and then; done and total are bytes. Return non-zero to cancel (AFMON_E_CANCELLED). May be NULL. */
    int (*progress)(void *user, uint64_t done, uint64_t total);
    void *user;
} afmon_summary_options;

/* Fills in the defaults. Any thread. */
AFMON_API void afmon_summary_options_init(afmon_summary_options *options);

/* Sums up a view: one pass over the run's files, about a sixth of a microsecond a sample (over memory, where the
 * monitor writes no metrics file). *summary is the caller's; NULL on failure. Quantiles are exact. options may be NULL.
 * Memory: 8 bytes for each duration, three times for that of a call, and for each score, beside what does not grow with
 * the run. Any thread. */
AFMON_API afmon_status afmon_view_summarize(afmon_view *view, const afmon_summary_options *options,
                                            afmon_run_summary **summary, afmon_error *error);

/* Releases a summary with all that it points to. NULL is fine. */
AFMON_API void afmon_run_summary_free(afmon_run_summary *summary);

/* Writes a summary as one JSON object (docs/formats.md), the same bytes for the same summary. AFMON_E_CANCELLED where
 * write stopped it, AFMON_E_NO_MEMORY. Any thread. */
AFMON_API afmon_status afmon_run_summary_write_json(const afmon_run_summary *summary, afmon_write_fn write, void *user);

#ifdef __cplusplus
}
#endif

#endif
