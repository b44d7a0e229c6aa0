/* Following a run while it grows. Include <afmon/afmon.h>, which says what
 * holds for all functions. */
#ifndef AFMON_LIVE_H
#define AFMON_LIVE_H

#include <afmon/items.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Following a run while it grows ------------------------------------------------------------------------------------
 * For dashboards. A follower reads the files of a run folder, what is new in them, and keeps sums of it in bounded
 * memory whatever the length of the run and whatever is in it: usually some MiB, and at most AFMON_LIVE_BYTES with the
 * default options, and 1 MiB for each rule given (docs/architecture.md has the bounds). A line longer than 1 MiB takes
 * more while it is read, and so does a ring of a killed process, of which one at a time is read. It touches nothing of
 * a running process: no lock, no ring. Samples reach the files within milliseconds. Of a run that is there already the
 * newest part of each file is read first and the rest behind it, from the newest to the oldest; what is asked meanwhile
 * is answered from what was read so far, and once all of it is read the answers are those of a follower that was there
 * from the beginning.
 *
 * One thread at a time may be in a call on a follower. */

#define AFMON_LIVE_BYTES ((size_t)32 << 20)

typedef struct afmon_live afmon_live;

typedef struct afmon_live_options {
    size_t size;
    double stalled_after_s; /* 60: a run whose process lives and that recorded nothing for so long is stalled */
    size_t log_lines;       /* 500: so many of the last log lines are kept; at most 10,000 */
    bool recover;           /* true: what killed processes left in their rings is put into the files first. Where that
                               cannot be done, and with false, it is read from where it lies, and counts the same */
    bool meters; /* false. true: keep what an afmon server exposes to Prometheus: 0.25 us more for a sample */
    const afmon_alert_rule *rules; /* NULL. Alert rules to replay, every second, in place of what the run's own log or
                                      rules say; copied */
    size_t rule_count;             /* at most 64 */
} afmon_live_options;

/* Fills in the defaults that stand beside the members. Any thread. */
AFMON_API void afmon_live_options_init(afmon_live_options *options);

/* Begins to follow a folder, which need not exist yet. Reads nothing. options may be NULL. Close with
 * afmon_live_close. */
AFMON_API afmon_status afmon_live_open(const char *folder, const afmon_live_options *options, afmon_live **live,
                                       afmon_error *error);

/* NULL is fine. */
AFMON_API void afmon_live_close(afmon_live *live);

/* Reads what is new, then older parts that are not read yet, for about budget_s seconds (0: one small piece). Call it
 * some times a second. A folder or file that is not there (any more) is no error. On an error (permissions, memory) the
 * follower stays as it was; the next call tries again. */
AFMON_API afmon_status afmon_live_update(afmon_live *live, double budget_s, afmon_error *error);

typedef enum afmon_live_state {
    AFMON_LIVE_WAITING = 0, /* no sample is there */
    AFMON_LIVE_RUNNING = 1,
    AFMON_LIVE_STALLED = 2, /* its process lives, and recorded nothing for stalled_after_s, or items are open and
                               none finished for three times the 99.9 % quantile of the run's own gaps, and 30 s */
    AFMON_LIVE_ENDED = 3    /* no process writes into the folder any more */
} afmon_live_state;

/* "waiting", "running", "stalled" or "ended". Static text. Any thread. */
AFMON_API const char *afmon_live_state_name(afmon_live_state state);

typedef struct afmon_live_info {
    afmon_live_state state;
    double loaded;     /* part of the files that is read, 0..1 */
    uint64_t revision; /* another one whenever something in the answers may have changed */
    uint64_t restarts; /* how often a file was cut back or replaced, or was to be read in its order, so that all was
                          read again */
    uint64_t sample_count;
    uint64_t not_finite;
    uint64_t problem_count; /* lines that are no samples */
    uint64_t log_line_count;
    int64_t first_ns; /* timestamps of the earliest and latest sample read; 0 where there is none */
    int64_t last_ns;
    int64_t now_ns; /* to what "lately" counts back: the clock while the run lives, the last sample when it ended */
    size_t metric_count;
    size_t file_count;   /* metrics files */
    size_t memory_bytes; /* about what the follower holds */
    uint64_t recovered;  /* records put into the files for killed processes */
} afmon_live_info;

/* Fills info. */
AFMON_API void afmon_live_get_info(const afmon_live *live, afmon_live_info *info);

/* How far a run is that says what it means to do: by a log record "Run plan" (docs/formats.md). */
typedef struct afmon_live_plan {
    bool known;
    uint64_t planned; /* pieces of work in all */
    uint64_t done;    /* finished, well or badly, and those that were done before the run */
    double per_s;     /* finished a second, lately; 0 where nothing was */
    double eta_s;     /* seconds that it takes yet: half of such runs end by then; NaN where it is not known */
    /* One of ten, and nine of ten, end by then, as far as the past of this run tells: from how long its items take, how
     * many are open and since when, how fast it was and where it stood still. NaN where no item of the plan's kind
     * ended yet, or the run tells of no items. Told anew once a second. */
    double eta_p10_s;
    double eta_p90_s;
    uint64_t open;   /* items of the plan's kind that are open */
    double oldest_s; /* how long the oldest of them is; NaN: none is */
} afmon_live_plan;
AFMON_API void afmon_live_get_plan(const afmon_live *live, afmon_live_plan *plan);

/* What the run comes to so far, as afmon_view_summarize has it of the same files once all of them are read, but that
 * quantiles of more than 4,096 values may be off by quantile_error. Costs what the names and passes in it cost and
 * never reads the run. Release with afmon_run_summary_free. */
AFMON_API afmon_status afmon_live_summarize(afmon_live *live, afmon_run_summary **summary, afmon_error *error);

/* Metrics in order of their names (bytewise), index below metric_count. The text is valid until the next update. */
AFMON_API const char *afmon_live_metric_name(const afmon_live *live, size_t index, size_t *length);

/* Aggregate of a metric. Of AFMON_WINDOW_ALL count, mean, min, max and standard deviation are exact, and so are the
 * quantiles of up to 4,096 values; of more they are within 0.1 % of the value (approximate is then true). Quantiles are
 * NaN (and approximate is true) of a metric past the first 1,000 names, whose values nobody keeps. Of a window it is
 * over the time buckets that lie in it at least in part: *covered (may be NULL) is the span of these; the standard
 * deviation is left 0, and quantiles are given of metrics whose unit is seconds (afmon_metric_get_info), as those of
 * afmon_bucket; of others they are 0. An unknown name is no error.
 *
 * A follower has 10 MiB for what quantiles over all time are taken from, and 6 MiB for those of windows and buckets.
 * Where a run has more of it (some hundred names, each with many values over a wide range), they get less exact. */
AFMON_API afmon_status afmon_live_aggregate(afmon_live *live, const char *name, afmon_window window,
                                            afmon_aggregate *aggregate, afmon_window *covered);

/* What falls into one piece of time. */
typedef struct afmon_bucket {
    int64_t start_ns;
    uint64_t count; /* finite values; with 0 the rest is 0 */
    double sum;
    double min;
    double max;
    double p50; /* of metrics whose unit is seconds, exact of up to 64 values, else within 0.1 %; of others 0 */
    double p90;
    double p99;
} afmon_bucket;

/* Fills buckets, one behind the other in time without gaps, from the one that holds the window's begin (or the run's
 * first sample) to the one that holds its end (or now); *count is how many. *width_ns is the width of all: the smallest
 * of 0.25 s, 0.5 s, 1 s, 2 s, 4 s ... with which the window fits into capacity, and that is still kept so far back.
 * Edges are multiples of it, so buckets stay where they are from frame to frame. capacity is at least 2. */
AFMON_API afmon_status afmon_live_buckets(afmon_live *live, const char *name, afmon_window window, size_t capacity,
                                          afmon_bucket *buckets, size_t *count, int64_t *width_ns);

/* What went on lately in one operation, or with one model. Texts are valid until the next update. */
typedef struct afmon_live_rate {
    const char *name; /* of the model or the operation */
    size_t name_length;
    const char *component; /* of an operation; empty where none is given */
    size_t component_length;
    uint64_t calls; /* since the beginning: generations and evaluations */
    uint64_t failures;
    double prompt_tokens; /* likewise */
    double completion_tokens;
    double total_tokens; /* as recorded; where no totals are, prompt and completion */
    double mean_s;       /* of the durations of an operation, or of the calls that name a model */
    double p50_s;        /* as afmon_live_aggregate has them of a metric */
    double p95_s;
    double calls_per_s; /* these over the last window_s seconds */
    double failures_per_s;
    double prompt_tokens_per_s;
    double completion_tokens_per_s;
    double total_tokens_per_s;
} afmon_live_rate;

/* Fills rates (room for capacity), most calls first; *count is how many there are. window_s: 1 to 120. At most 1,000 of
 * each are told apart, and at most 384 of both have rates lately. */
AFMON_API afmon_status afmon_live_models(afmon_live *live, double window_s, afmon_live_rate *rates, size_t capacity,
                                         size_t *count);
AFMON_API afmon_status afmon_live_operations(afmon_live *live, double window_s, afmon_live_rate *rates, size_t capacity,
                                             size_t *count);

/* A line of the log. Texts are valid until the visit returns. */
typedef struct afmon_live_log_line {
    uint64_t number; /* grows with each line that was appended while it was followed; 0: of lines of before */
    int64_t timestamp_ns;
    afmon_level level;
    bool routine;        /* the record of a generation or evaluation that went well */
    const char *message; /* cut at 4,000 bytes, as is data */
    size_t message_length;
    const char *data; /* the record's members as JSON, without the braces; may be cut */
    size_t data_length;
} afmon_live_log_line;

/* Begin with a zeroed one. */
typedef struct afmon_live_log_query {
    afmon_level level; /* at least so grave */
    bool routine;      /* routine lines, too */
    const char *text;  /* that the line holds, ASCII letters in either case; NULL: any */
    int64_t before_ns; /* older than that; 0: any */
    uint64_t after;    /* only lines with a greater number; 0: any */
    bool search_files; /* read the files back; else what is kept of the last lines is searched */
    size_t limit;      /* at most so many; 0: 100; at most 10,000 */
    double budget_s;   /* of search_files: how long it may take; 0: 1 s */
} afmon_live_log_query;

/* Calls visit for lines of the log, the latest first. visit returns non-zero to stop (AFMON_OK all the same). *complete
 * (may be NULL) is false where limit or budget ended the search. */
AFMON_API afmon_status afmon_live_log(afmon_live *live, const afmon_live_log_query *query,
                                      int (*visit)(void *user, const afmon_live_log_line *line), void *user,
                                      bool *complete);

#ifdef __cplusplus
}
#endif

#endif
