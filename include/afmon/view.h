/* Views: an unchanging picture of a run, and its samples in files and in memory. Include <afmon/afmon.h>, which says
 * what holds for all functions. */
#ifndef AFMON_VIEW_H
#define AFMON_VIEW_H

#include <afmon/record.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Views: an unchanging picture of a run, live or recorded ------------------------------------------------------------ */

typedef struct afmon_view afmon_view;

/* Inclusive at both ends. */
typedef struct afmon_window {
    int64_t since_ns;
    int64_t until_ns;
} afmon_window;
#define AFMON_WINDOW_ALL ((afmon_window){INT64_MIN, INT64_MAX})

/* Takes a view of all that the monitor holds now, samples that have left memory included (they are read back from the
 * files when asked for). Cheap: samples are shared, not copied. It may outlive the monitor. Any thread. */
AFMON_API afmon_status afmon_monitor_view(afmon_monitor *monitor, afmon_view **view, afmon_error *error);

typedef struct afmon_view_options {
    size_t size;
    size_t max_memory; /* as for a monitor; 1 GiB */
    /* Called now and then while files are read; return non-zero to cancel (AFMON_E_CANCELLED). May be NULL. */
    int (*progress)(void *user, uint64_t bytes_read, uint64_t bytes_total);
    void *user;
} afmon_view_options;

/* Fills in the defaults. Any thread. */
AFMON_API void afmon_view_options_init(afmon_view_options *options);

/* Reads a run folder, live or finished, afmon's or afterimage's: all its metrics files together. What killed processes
 * left in rings is put into the files first (where the folder cannot be written it is read from the rings). Lines
 * that are no samples are reported by afmon_view_problem and passed over. options may be NULL. Any thread. */
AFMON_API afmon_status afmon_view_open(const char *folder, const afmon_view_options *options, afmon_view **view,
                                       afmon_error *error);

/* Frees a view. No other thread may be in a call on it; Arrow streams of it go on. NULL is fine. */
AFMON_API void afmon_view_close(afmon_view *view);

typedef struct afmon_view_info {
    uint64_t sample_count;
    uint64_t not_finite;
    size_t metric_count;
    int64_t first_ns; /* timestamps of the earliest and the latest sample; 0 where there is none */
    int64_t last_ns;
    size_t file_count;      /* metrics files read */
    size_t problem_count;   /* lines that could not be read */
    size_t log_alert_count; /* alerts in the log: passes in which a rule held */
    uint64_t recovered;     /* records that this call put into the files for killed processes */
    bool live;              /* some process still writes into the folder */
    uint64_t dropped; /* samples and log records that monitors had to drop, as they wrote into the log at their end */
} afmon_view_info;

/* Fills info. Any thread. */
AFMON_API void afmon_view_get_info(const afmon_view *view, afmon_view_info *info);

/* Metrics in order of their names (bytewise), index below metric_count. Texts are owned by the view. */
AFMON_API const char *afmon_view_metric_name(const afmon_view *view, size_t index, size_t *length);

/* Aggregate over the given span of timestamps. An unknown name is no error. Exact, from memory and files. An error_rate
 * without zeros (docs/formats.md) is told by 1 - success_rate, here, in quantiles, charts and summaries, and by a
 * follower; the samples stay as they are. */
AFMON_API afmon_status afmon_view_aggregate(afmon_view *view, const char *name, afmon_window window,
                                            afmon_aggregate *aggregate);
AFMON_API afmon_status afmon_view_quantiles(afmon_view *view, const char *name, afmon_window window, const double *q,
                                            size_t count, double *values);
AFMON_API afmon_status afmon_view_token_usage(afmon_view *view, afmon_window window, afmon_token_usage *usage);

/* Calls visit for each sample of a metric (name == NULL: of all, metric by metric is not promised) in the window, in
 * the order in which they were written. visit returns non-zero to stop (AFMON_E_CANCELLED). */
AFMON_API afmon_status afmon_view_each(afmon_view *view, const char *name, afmon_window window,
                                       int (*visit)(void *user, const afmon_sample *sample), void *user);

/* The i-th thing that was wrong in the files: "metrics.jsonl:17: not a JSON object". Owned by the view; NULL past
 * the end. At most 1,000 are kept; afmon_view_info counts all. */
AFMON_API const char *afmon_view_problem(const afmon_view *view, size_t index);

/* The i-th thing that is to be known of the run's times: "metrics.jsonl:61: times go back by 1 h 00 min, from ... to
 * ... (UTC)" (by more than a minute), "times go ahead by ..." (by more than a year), and local times without a zone
 * that clocks show twice. All samples are there, in the order of the file. At most a few for each file. Owned by the
 * view; NULL past the end. */
AFMON_API const char *afmon_view_warning(const afmon_view *view, size_t index);

/* One rule over a whole run, as the periodic pass would have seen it. */
typedef struct afmon_alert_span {
    afmon_alert worst; /* the alert of the pass farthest beyond the limit */
    int64_t first_ns;  /* first and last pass in which the rule held */
    int64_t last_ns;
    uint64_t passes_held;
    uint64_t passes; /* passes in which there was something to judge */
} afmon_alert_span;

/* Replays the built-in rules over a view: a pass every interval_s, and one at the last sample. Fills spans (room for
 * AFMON_ALERT_RULES) with the rules that held at least once; *count is how many. */
AFMON_API afmon_status afmon_view_check(afmon_view *view, const afmon_alert_limits *limits, double interval_s,
                                        afmon_alert_span *spans, size_t *count);

/* One time in which a rule fired. */
typedef struct afmon_alert_episode {
    size_t rule; /* its place in the list of rules */
    int64_t
        began_ns; /* the pass in which its condition began to hold: before fired.timestamp_ns where it has `for_s` */
    afmon_alert fired; /* as it fired */
    afmon_alert worst; /* of the pass farthest beyond the limit */
    afmon_alert last;  /* where it is resolved: that alert; else of the last pass of the run */
    uint64_t passes;   /* in which it fired */
    uint64_t told;     /* how often handlers would have been told, the resolved alert included */
} afmon_alert_episode;

/* Replays rules over a view, with the states that a live monitor would have gone through: a pass every interval_s (at
 * least 1), and one at the last sample. Calls visit for each time in which a rule fired; those of one rule come in
 * order of time. visit returns non-zero to stop (AFMON_E_CANCELLED). judged, where not NULL, has room for count
 * numbers: in how many passes there were enough samples for that rule. AFMON_E_ARGUMENT where a rule is not a good one:
 * error says which. Any thread. */
AFMON_API afmon_status afmon_view_check_rules(afmon_view *view, const afmon_alert_rule *rules, size_t count,
                                              double interval_s, uint64_t *judged,
                                              int (*visit)(void *user, const afmon_alert_episode *episode), void *user,
                                              afmon_error *error);

/* ---- Exports ---------------------------------------------------------------------------------------------------- */

typedef struct afmon_export_options {
    size_t size;
    afmon_window window;        /* samples outside are left out; everything */
    const char *const *metrics; /* names of those to export */
    size_t metric_count;        /* 0: all of them */
    /* Called now and then; done and total are samples, counted once for each pass over them. Return non-zero to cancel
     * (AFMON_E_CANCELLED). May be NULL. */
    int (*progress)(void *user, uint64_t done, uint64_t total);
    void *user;
} afmon_export_options;

/* Fills in the defaults. Any thread. */
AFMON_API void afmon_export_options_init(afmon_export_options *options);

/* Writes the samples of a view into a file, metadata included. format is "json" (one object), "csv" (a file per metric:
 * STEM_METRIC.csv beside path STEM.csv), "excel" (a workbook with a sheet per metric) or "parquet" (one table; only in
 * a build that has carquet, else AFMON_E_ARGUMENT with a message that says so); docs/formats.md describes them. Missing
 * folders are created. A file is written under another name in the same folder, synced and renamed: an export that
 * fails or is cancelled leaves the old one as it was; of several csv files those that were renamed before the failure
 * stay. AFMON_E_UNKNOWN_METRIC where a name is not in the view, AFMON_E_ARGUMENT for another format or a path that is a
 * folder. Memory does not grow with the number of samples. options may be NULL. Any thread. */
AFMON_API afmon_status afmon_export(afmon_view *view, const char *path, const char *format,
                                    const afmon_export_options *options, afmon_error *error);

/* The same into a file descriptor, which stays open: "json", or "csv" as one long table with the metric's name in
 * front. What was written before a failure stays written. */
AFMON_API afmon_status afmon_export_to_fd(afmon_view *view, int fd, const char *format,
                                          const afmon_export_options *options, afmon_error *error);

/* ---- Arrow: samples as columns, in memory --------------------------------------------------------------------------- */

/* The Arrow C data and stream interfaces, as their specification gives them, guards included. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif
#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

#endif

/* Makes a stream of the samples of a view: batches of at most 65,536 rows with the columns of a parquet export, that is
 * metric_name (utf8), timestamp (microseconds, UTC), value (double, null where it is not finite) and a nullable column
 * for each metadata key: int64, double, bool, or utf8 for texts and for what is mixed. docs/formats.md has the rules.
 *
 * The columns are found out in one pass over the samples, during this call; the progress callback of the options (as of
 * an export; may be NULL) is called in it and not later. The stream then holds a reference to the view: either may be
 * ended first. It belongs to the caller, who calls out->release; batches outlive it. Its functions return 0 or an
 * errno, may be called from any thread, by one at a time, and read samples that have left memory from the run's files.
 */
AFMON_API afmon_status afmon_view_arrow_stream(afmon_view *view, const afmon_export_options *options,
                                               struct ArrowArrayStream *out, afmon_error *error);

/* Puts what killed processes left behind into the files of the folder. *recovered, where not NULL, is the number of
 * records, whatever is returned. AFMON_E_FORMAT: all that can be read is recovered, and damaged files are kept in
 * .afmon, now or since an earlier call. Every reader and monitor does this by itself; a view has damage among its
 * problems. */
AFMON_API afmon_status afmon_recover(const char *folder, uint64_t *recovered, afmon_error *error);

/* ---- Prometheus ------------------------------------------------------------------------------------------------- */

typedef enum afmon_prometheus_format {
    AFMON_OPENMETRICS = 0,    /* application/openmetrics-text; version=1.0.0; charset=utf-8 */
    AFMON_PROMETHEUS_TEXT = 1 /* text/plain; version=0.0.4; charset=utf-8 */
} afmon_prometheus_format;

/* Writes the whole of a view as counters and histograms (docs/scale.md lists them). Reads every sample twice; a monitor
 * that is scraped keeps its counters instead (prometheus_listen). Any thread. */
AFMON_API afmon_status afmon_prometheus_write(afmon_view *view, afmon_prometheus_format format, afmon_write_fn write,
                                              void *user, afmon_error *error);

/* The same of a monitor that was opened with prometheus_listen, from counters that only grow, and with what the monitor
 * says of itself. Its cost is that of the label sets, not of the run. Any thread. */
AFMON_API afmon_status afmon_monitor_prometheus_write(afmon_monitor *monitor, afmon_prometheus_format format,
                                                      afmon_write_fn write, void *user, afmon_error *error);

/* Where the monitor listens: "http://127.0.0.1:9464". NULL where it does not. Owned by the monitor, until it is shut
 * down. Any thread. */
AFMON_API const char *afmon_monitor_prometheus_url(afmon_monitor *monitor);

#ifdef __cplusplus
}
#endif

#endif
