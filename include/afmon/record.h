/* The monitor: recording, items, tracked calls, and asking it while it runs. Include <afmon/afmon.h>, which says what
 * holds for all functions. */
#ifndef AFMON_RECORD_H
#define AFMON_RECORD_H

#include <afmon/send.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The monitor ------------------------------------------------------------------------------------------------- */

typedef struct afmon_monitor afmon_monitor;

/* A metric name, and optionally metadata, resolved once. Owned by its monitor; valid until afmon_monitor_close. */
typedef struct afmon_metric afmon_metric;

/* What a record call does when the queue of its thread is full. Neither policy bounds a call while the run folder's
 * file system is frozen (fsfreeze, a volume's snapshot): the kernel holds it until the thaw, and nothing is lost. A run
 * folder on tmpfs is never frozen. */
typedef enum afmon_full_policy {
    AFMON_FULL_WAIT = 0, /* wait until there is room: nothing is lost, memory is bounded */
    AFMON_FULL_DROP = 1  /* drop the record, count it, return AFMON_E_FULL */
} afmon_full_policy;

/* For a program whose threads hold a lock while they call afmon that its handlers need, too: the lock of an
 * interpreter (Python's GIL). Each may be NULL. They may let go of that lock and take it again; they must not call
 * afmon. Each begin is followed by its end on the same thread. A record call waits for room in its thread's queue
 * (AFMON_FULL_WAIT), and, as the first one of a thread, for the file of that queue. */
typedef struct afmon_host_hooks {
    void (*wait_begin)(void *user);  /* a record call will wait */
    void (*wait_end)(void *user);    /* it has waited */
    void (*batch_begin)(void *user); /* a handler's thread will call its handler once or several times */
    void (*batch_end)(void *user);   /* it has nothing more for it now */
    void *user;
} afmon_host_hooks;

#define AFMON_RUN_NAME_MAX 200 /* bytes of a run's name */
#define AFMON_RUN_NOTE_MAX 2000
#define AFMON_TAGS_MAX 32 /* of a run */
#define AFMON_TAG_KEY_MAX 64
#define AFMON_TAG_VALUE_MAX 200

/* What is said of a run as a whole, to find it again: "team" and "red". It is no label or tag of any sample. */
typedef struct afmon_tag {
    const char *key; /* without spaces, quotes, = and control characters; not name, note, or what begins with afmon */
    const char *value;
} afmon_tag;

#define AFMON_DEFAULT_HANDLERS SIZE_MAX
#define AFMON_BUILT_IN_RULES SIZE_MAX

/* A line that tells how far the run is: items of its plan, time left, alerts, yield, cost; of all processes that record
 * into the folder. A thread of the monitor's own makes it twice a second from the run's files, so that recording costs
 * what it does without. */
typedef enum afmon_progress_kind {
    AFMON_PROGRESS_NONE = 0,
    AFMON_PROGRESS_TERMINAL = 1, /* on standard error, drawn again in its place; the last one stays. Nothing where that
                                    is no terminal, or the program is not in front of it */
    AFMON_PROGRESS_LINE = 2      /* drawn by nobody: afmon_monitor_progress_line has it */
} afmon_progress_kind;

/* Always begin with afmon_options_init, which fills in the defaults. */
typedef struct afmon_options {
    size_t size;         /* of this struct; set by afmon_options_init */
    const char *log_dir; /* run folder, created with its parents; NULL: ./.afterimage-monitoring/YYYY-mm-dd-HH-MM-SS,
                            with "-2", "-3" ... behind it where that one is taken */
    const afmon_metric_handler *metric_handlers; /* copied */
    size_t metric_handler_count;                 /* AFMON_DEFAULT_HANDLERS: the built-in file; 0: none */
    const afmon_log_handler *log_handlers;
    size_t log_handler_count; /* likewise */
    const afmon_alert_handler *alert_handlers;
    size_t alert_handler_count;            /* 0: none, the default; alerts go to the log all the same */
    double metrics_interval_s;             /* period of the alert rules; 60; at least 1, or 0: no periodic pass */
    double shutdown_timeout_s;             /* 5; the longest that closing waits for what is queued */
    afmon_alert_limits limits;             /* of the built-in rules */
    const char *rules_file;                /* read at opening, in place of rules; NULL: none */
    const afmon_alert_rule *rules;         /* in place of the built-in ones; copied */
    size_t rule_count;                     /* AFMON_BUILT_IN_RULES: those, with limits; 0: none */
    afmon_token_usage_handler token_usage; /* handle == NULL: none */
    double token_usage_interval_s;         /* 60 */
    size_t max_memory; /* bytes of samples kept in memory; 256 MiB; at least 1 MiB. Older ones leave memory */
    size_t ring_bytes; /* queue of each recording thread, a power of two from 16 KiB to 64 MiB; 256 KiB */
    afmon_full_policy on_full;
    const char *prometheus_listen; /* "127.0.0.1:9464": serves /metrics there; ":9464" is this machine only, port 0 any
                                      free one; "": counts for afmon_monitor_prometheus_write, and does not listen;
                                      NULL: neither. It counts forked children, too, which do not listen */
    const char *prometheus_token_file; /* its text is asked for as a bearer token; needed beyond this machine; NULL */
    afmon_host_hooks host;             /* none */
    const char
        *name; /* of the run, for people, a line of text; NULL. In the run record, as tags and note are; copied */
    const char *note;      /* NULL */
    const afmon_tag *tags; /* each key once */
    size_t tag_count;
    const char *data_set;    /* file of JSON lines that the run writes: in its run record (as an absolute path), so that
                                the texts of its items are found; NULL: none is named */
    const char *prices_file; /* what tokens cost, by model (docs/prices.md): tracked calls record cost_usd. Read at
                                opening, and copied into the run folder; NULL: none */
    const char *prices;      /* the same as text (JSON), in place of a file; NULL: none */
    afmon_number max_cost_usd; /* the most that the run may cost, over all its processes (docs/prices.md); not given:
                                  what its folder's ledger has, where there is one */
    bool item_alerts; /* alert handlers get item_attempts, too (afmon_item_retry); false: the rules' alerts alone */
    afmon_progress_kind progress; /* AFMON_PROGRESS_NONE; others need the built-in files of metrics and log. Not in a
                                     forked child: the line is its parent's */
} afmon_options;

/* Fills in the defaults that stand beside the members. Any thread. */
AFMON_API void afmon_options_init(afmon_options *options);

/* Opens a monitor: creates the run folder, recovers what a killed process left in it, starts the threads. On failure
 * *monitor is NULL and error says why. Handlers are taken over in either case: where there is no monitor, their destroy
 * has been called (but for options that were not begun with afmon_options_init). Any thread. Blocks on file operations.
 * After fork() the child may go on recording with the same monitor and handles: its samples go to files of its own. */
AFMON_API afmon_status afmon_monitor_open(const afmon_options *options, afmon_monitor **monitor, afmon_error *error);

/* Why samples were not recorded or not written. */
typedef struct afmon_drops {
    uint64_t full;       /* queue full, with AFMON_FULL_DROP */
    uint64_t unwritable; /* queue full while the run folder could not be written (disk full, ...); or written, into a
                            file that others removed or replaced, and certainly in no file any more */
    uint64_t too_big;
    uint64_t no_memory;
    uint64_t shutdown; /* still queued when shutdown_timeout ran out: in the ring files, recovered by the next reader */
    uint64_t closed;   /* calls after the monitor was shut down, which returned AFMON_E_CLOSED */
} afmon_drops;

/* What became of everything. */
typedef struct afmon_close_report {
    uint64_t samples_recorded; /* samples whose record call returned AFMON_OK */
    uint64_t samples_written;  /* of them: in metrics.jsonl, or in a file that was it (0 without the built-in file) */
    uint64_t logs_recorded;
    uint64_t logs_written;
    afmon_drops dropped;     /* samples and log records */
    uint64_t handler_missed; /* items that slow handlers missed, all handlers together */
    uint64_t handler_lost;   /* items that handlers had taken, and could not pass on */
    bool drained;            /* all that was recorded is written and was given to every handler in time; and nothing of
                                it was in a file that others removed, replaced or cut off */
    afmon_error last_error;  /* the last error of a file or handler; status AFMON_OK where there was none */
} afmon_close_report;

/* Stops recording, drains the queues, calls the token usage handler once more, stops the threads. Later record
 * calls return AFMON_E_CLOSED; queries go on working. A second call does nothing and reports the same. From a handler:
 * AFMON_E_DEADLOCK. report may be NULL. Any thread. Blocks for at most shutdown_timeout_s, plus the call that a
 * handler is in. */
AFMON_API afmon_status afmon_monitor_shutdown(afmon_monitor *monitor, afmon_close_report *report);

/* Shuts down if that has not been done, and frees the monitor and its handles. No other thread may be in a call on
 * the monitor, nor call it afterwards. NULL is fine. Views taken from it stay valid. */
AFMON_API afmon_status afmon_monitor_close(afmon_monitor *monitor, afmon_close_report *report);

/* Waits until all that was recorded before the call, by any thread whose record call had returned, is in the files,
 * in the queries, and was given to the handlers. AFMON_E_TIMEOUT after timeout_s; AFMON_E_UNWRITABLE where the files
 * cannot be written. error may be NULL. Any thread but a handler's. */
AFMON_API afmon_status afmon_monitor_flush(afmon_monitor *monitor, double timeout_s, afmon_error *error);

/* The run folder, and the metrics file that this process writes in it: another one later, where something that cannot
 * be written takes its name. Owned by the monitor. After a fork the child's answer is its own. Any thread. */
AFMON_API const char *afmon_monitor_log_dir(const afmon_monitor *monitor);
AFMON_API const char *afmon_monitor_metrics_file(afmon_monitor *monitor);

/* Writes the line of progress as it is now (option progress), ended by a NUL and cut where size (at least 1) is less;
 * "" where there is none yet. After the shutdown it tells how the run ended. Any thread. */
AFMON_API void afmon_monitor_progress_line(afmon_monitor *monitor, char *line, size_t size);

/* ---- Recording: any thread, any time between open and shutdown ------------------------------------------------------ */

/* Records one sample. fields may be NULL with count 0. */
AFMON_API afmon_status afmon_record_metric(afmon_monitor *monitor, const char *name, double value,
                                           const afmon_field *fields, size_t count);

/* The same with a name that may hold NUL bytes. */
AFMON_API afmon_status afmon_record_metric_n(afmon_monitor *monitor, const char *name, size_t name_length, double value,
                                             const afmon_field *fields, size_t count);

/* Resolves a name, and metadata that every sample of the handle shall carry, for afmon_record. The same arguments
 * give the same handle. Takes microseconds; do it once. */
AFMON_API afmon_status afmon_metric_resolve(afmon_monitor *monitor, const char *name, const afmon_field *fields,
                                            size_t count, afmon_metric **metric);

/* Records one sample through a handle: tens of nanoseconds, no lock, no system call. */
AFMON_API afmon_status afmon_record(afmon_metric *metric, double value);

/* ---- Items: any thread ---------------------------------------------------------------------------------------------
 * What people make are conversations, personas, rows, tasks: items. Calls are how. An item is begun, named in the calls
 * that are made for it, and ended by one outcome; one that is never ended is open as long as its process records, and
 * abandoned after that. Two metrics tell it: item_started (1) and item_time (seconds from the beginning to the
 * outcome). The samples of a call made for an item carry `item_id`, and `attempt` where it is above 1. */

/* An item that is being made. Opaque; of one thread at a time where it is ended, else of any. It outlives neither its
 * monitor nor, in a child of fork, the child's use of it. */
typedef struct afmon_item afmon_item;

#define AFMON_ITEM_ID_MAX 200 /* bytes of an item's id, at most */

/* Begins an item: records item_started. kind: "conversation", "persona", "row", "task" or a word of your own. id: 1 to
 * AFMON_ITEM_ID_MAX bytes, unique in the run; an id that was begun before is the same item, made again. *item is the
 * caller's, and is released by accept, reject, fail or drop; where AFMON_E_ARGUMENT or AFMON_E_NO_MEMORY is returned it
 * is NULL. Of another status (as of the record calls) the beginning was not recorded, and the item can be used. */
AFMON_API afmon_status afmon_item_begin(afmon_monitor *monitor, const char *kind, const char *id, afmon_item **item);

/* The same with a number as its id. */
AFMON_API afmon_status afmon_item_begin_number(afmon_monitor *monitor, const char *kind, int64_t id, afmon_item **item);

/* Tells what the run means to make: total items of a kind, with done of them made before it. accepted: so many are
 * wanted, whatever is rejected and fails on the way; else each that gets an outcome counts. Whoever follows the run
 * shows how far it is, and how long it will take; the latest plan holds. Any thread. */
AFMON_API afmon_status afmon_monitor_plan(afmon_monitor *monitor, const char *kind, uint64_t total, uint64_t done,
                                          bool accepted);

#define AFMON_ITEM_ATTEMPTS_MANY 10 /* attempts of an item, and their doubles, that are warned of */

/* Something is tried again for the item: calls that name it from now on are of the next attempt. Returns its number (2,
 * 3, ...). Attempt 10, 20, 40, 80 ... is a warning (item_attempts) in the log; alert handlers get it only where the
 * monitor's item_alerts is true. */
AFMON_API uint32_t afmon_item_retry(afmon_item *item);

/* Says how long the item took, in seconds, in place of the time from its beginning to its outcome: of one that was made
 * elsewhere, or whose time is not the clock's. */
AFMON_API void afmon_item_took(afmon_item *item, double seconds);

/* The metadata field that names the item, for samples and log records that are not of a tracked call. Its texts are the
 * item's. */
AFMON_API afmon_field afmon_item_field(const afmon_item *item);

/* The outcome of an item: records item_time, and releases the item in every case. Accepted: it was made, and is kept.
 * Rejected: it was made, and refused, for a reason ("grade", "critic" ...; NULL: not given). Failed: it could not be
 * made, with the type of the error ("RateLimitError" ...; NULL: not given). Status as of the record calls. NULL is
 * fine. */
AFMON_API afmon_status afmon_item_accept(afmon_item *item);
AFMON_API afmon_status afmon_item_reject(afmon_item *item, const char *reason);
AFMON_API afmon_status afmon_item_fail(afmon_item *item, const char *error_type);

/* Releases an item without an outcome: it stays open. NULL is fine. */
AFMON_API void afmon_item_drop(afmon_item *item);

/* ---- Tracked calls ---- */

/* One call of a model, or one piece of work made of several. Zero-initialise, name what you know. */
typedef struct afmon_generation {
    double duration_s;
    bool success;
    bool success_unknown;   /* whether it succeeded is not known: success is not looked at, success_rate not finite */
    const char *model_name; /* NULL: not given */
    const char *finish_reason; /* NULL: not given */
    const char *error;         /* text of the failure; NULL or "": none */
    const char *error_type;    /* "RateLimitError", "timeout" ... ; NULL: not given */
    int http_status;           /* 0: not given */
    afmon_number prompt_token_count;
    afmon_number completion_token_count;
    afmon_number total_token_count;
    afmon_number conversation_length; /* turns */
    const afmon_field *fields;        /* attached to every sample of the call: operation, component ... */
    size_t field_count;
    afmon_number cached_token_count;       /* of prompt_token_count: what the provider had in a cache */
    afmon_number reasoning_token_count;    /* of completion_token_count: spent on reasoning */
    afmon_number cache_write_token_count;  /* of prompt_token_count: written to a cache */
    afmon_number time_to_first_token;      /* seconds until the first token of the answer */
    afmon_number output_tokens_per_second; /* after the first */
    const afmon_item *item;                /* that the call was made for; NULL: none is known */
    afmon_number cost_usd; /* what it cost; not given: what the monitor's prices make of model_name and tokens */
    bool settled;          /* what it cost was told by afmon_settle, and counts no second time against max_cost_usd */
} afmon_generation;

/* Records the samples of section 2 of the contract (docs/formats.md) and one log record "Generation metrics", all or
 * none of them. */
AFMON_API afmon_status afmon_track_generation(afmon_monitor *monitor, const afmon_generation *generation);

typedef struct afmon_score {
    const char *name;
    double value;
    const char *feedback; /* NULL: none */
} afmon_score;

typedef struct afmon_evaluation {
    double duration_s;
    bool success;
    bool success_unknown; /* as of a generation: success is null in what is recorded */
    const char *evaluator_type;
    const afmon_score *scores;
    size_t score_count;
    const char *error;
    const char *error_type;
    const char *model_name;
    afmon_number prompt_token_count;
    afmon_number completion_token_count;
    afmon_number total_token_count;
    const afmon_field *fields;
    size_t field_count;
    const afmon_item *item; /* that was evaluated; NULL: none is known */
    afmon_number cost_usd;  /* as of a generation */
    bool settled;           /* likewise */
} afmon_evaluation;

/* Records the samples of an evaluation (section 2 of the contract, docs/formats.md) and one log record "Evaluation
 * metrics", all or none of them. AFMON_E_ARGUMENT where a score has no name. */
AFMON_API afmon_status afmon_track_evaluation(afmon_monitor *monitor, const afmon_evaluation *evaluation);

/* Log one record: a message and data. It goes to afterimage.log and to the log handlers; one line a record, whatever
 * the message holds. The three differ in the level. Errors as of the other record calls. */
AFMON_API afmon_status afmon_log_info(afmon_monitor *monitor, const char *message, const afmon_field *fields,
                                      size_t count);
/* As afmon_log_info, at level warning. */
AFMON_API afmon_status afmon_log_warning(afmon_monitor *monitor, const char *message, const afmon_field *fields,
                                         size_t count);
/* As afmon_log_info, at level error. */
AFMON_API afmon_status afmon_log_error(afmon_monitor *monitor, const char *message, const afmon_field *fields,
                                       size_t count);

/* ---- Asking a live monitor: any thread --------------------------------------------------------------------------------
 * What the calling thread recorded before is in the answer. Other threads' samples follow within some milliseconds. */

/* Questions to the process that opened the monitor, its alerts and its /metrics are over what its forked children
 * record, too, as soon as that is in their metrics files (afmon_stats.processes counts them): within about 0.2 s,
 * or 1.7 s of a child that had recorded nothing for a while. A forked child itself answers for what it recorded. Views,
 * and so exports and charts, are of one process; those of the run's folder (afmon_view_open) are of all. */

/* Aggregate of a metric over the last window_s seconds (AFMON_ALL_TIME for everything). An unknown name is no error:
 * known is false and count 0. */
AFMON_API afmon_status afmon_get_metrics(afmon_monitor *monitor, const char *name, double window_s,
                                         afmon_aggregate *aggregate);

/* The same over those samples alone whose metadata has all `count` fields of `where`, matched as those of an
 * afmon_alert_rule are. It costs as much as the window has samples; of those that have left memory it knows nothing
 * (partial), over all time, too. AFMON_E_ARGUMENT where `where` is NULL and count is not 0. */
AFMON_API afmon_status afmon_get_metrics_where(afmon_monitor *monitor, const char *name, double window_s,
                                               const afmon_field *where, size_t count, afmon_aggregate *aggregate);

/* Quantiles q[i] in 0..1 of a metric over a window, exact in the sense of afmon_aggregate. AFMON_E_NO_DATA where
 * there is no finite sample. */
AFMON_API afmon_status afmon_get_quantiles(afmon_monitor *monitor, const char *name, double window_s, const double *q,
                                           size_t count, double *values);

/* Token usage of the last window_s seconds. With AFMON_ALL_TIME the cost is that of the number of models. */
AFMON_API afmon_status afmon_get_total_token_usage(afmon_monitor *monitor, double window_s, afmon_token_usage *usage);

/* One pass of the alert rules now: tells handlers and log what a periodic pass would, and copies up to capacity of the
 * alerts that fire (whether or not they are due to be told) to alerts (may be NULL with 0). *count, where not NULL, is
 * how many fire. */
AFMON_API afmon_status afmon_check_alerts(afmon_monitor *monitor, afmon_alert *alerts, size_t capacity, size_t *count);

/* Writes all samples to metrics_YYYYmmdd_HHMMSS.json in the run folder: one object, metric name to list of
 * {"timestamp", "value", metadata ...}. The path goes to path (size bytes). */
AFMON_API afmon_status afmon_save_metrics(afmon_monitor *monitor, char *path, size_t size, afmon_error *error);

/* ---- Self-observation ---------------------------------------------------------------------------------------------------- */

#define AFMON_HANDLER_STATS 16

typedef struct afmon_handler_stats {
    char name[48];
    uint64_t handled;
    uint64_t failed;
    uint64_t missed;  /* its queue was full */
    uint64_t lost;    /* it had taken them, and could not pass them on in the end (flush) */
    uint64_t waiting; /* in its queue now */
    double lag_s;     /* age of the oldest item that waits, 0 where none does */
} afmon_handler_stats;

typedef struct afmon_stats {
    uint64_t samples_recorded;
    uint64_t samples_written;
    uint64_t logs_recorded;
    uint64_t logs_written;
    uint64_t samples_queued; /* recorded, and not yet written and stored */
    uint64_t bytes_queued;
    afmon_drops dropped;
    uint64_t ring_waits; /* record calls that had to wait for room */
    double ring_wait_s;  /* how long, together */
    uint64_t rings;      /* in use now */
    uint64_t series;     /* metric names seen */
    uint64_t samples_in_memory;
    uint64_t samples_evicted; /* left memory because of max_memory */
    uint64_t bytes_in_memory; /* samples, metadata and indexes */
    uint64_t not_finite;      /* samples whose value was NaN or infinite */
    uint64_t write_errors;
    double cpu_time_s;    /* of the monitor's own thread */
    double record_cost_s; /* mean cost of a record call, measured on one call in 1,024; 0 before the first */
    uint64_t processes;   /* that alerts, queries and /metrics count: this one, and the forked children that recorded */
    uint64_t processes_left_out; /* forked children that they do not count */
    size_t handler_count;        /* custom handlers; the first AFMON_HANDLER_STATS are below */
    afmon_handler_stats handlers[AFMON_HANDLER_STATS];
    afmon_error last_error;
} afmon_stats;

/* Fills stats with the figures of this process. Any thread, also after shutdown. Does not disturb recording. */
AFMON_API afmon_status afmon_monitor_stats(afmon_monitor *monitor, afmon_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
