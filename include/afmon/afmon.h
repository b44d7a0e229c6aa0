/* afmon: monitoring of LLM generation. The public API of libafmon.
 *
 * A generator opens one afmon_monitor, records into it from any number of threads, and closes it. What it
 * recorded lies in the run folder as metrics.jsonl and afterimage.log, and can be asked for while the run goes on
 * (afmon_get_metrics and its neighbours) or afterwards (afmon_view_open).
 *
 * Conventions that hold for every function here:
 *  - Times are nanoseconds since the Unix epoch, UTC, in names ending in _ns; durations are seconds, in names
 *    ending in _s.
 *  - Text is UTF-8. Bytes that are not become U+FFFD where text is written. Input texts are copied: the caller
 *    keeps what it passed.
 *  - A function that can fail returns an afmon_status; where there is more to say it fills an afmon_error, which
 *    may be NULL.
 *  - Options begin with their size, which their _init sets. A program that was built with an older header is taken,
 *    and what its options lack has its default; options of a newer header are refused (AFMON_E_ARGUMENT).
 *  - The library never prints, never exits, never changes signal handlers or the locale.
 *  - "Any thread" means: from any number of threads at once, but not from a signal handler.
 */
#ifndef AFMON_AFMON_H
#define AFMON_AFMON_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define AFMON_API __attribute__((visibility("default")))
#else
#define AFMON_API
#endif

#define AFMON_VERSION_MAJOR 0
#define AFMON_VERSION_MINOR 1
#define AFMON_VERSION_PATCH 0
/* "MAJOR.MINOR.PATCH" */
#define AFMON_VERSION AFMON_VERSION_TEXT(AFMON_VERSION_MAJOR, AFMON_VERSION_MINOR, AFMON_VERSION_PATCH)
#define AFMON_VERSION_TEXT(major, minor, patch) AFMON_VERSION_JOIN(major, minor, patch)
#define AFMON_VERSION_JOIN(major, minor, patch) #major "." #minor "." #patch

/* The version of the library that is linked, as "MAJOR.MINOR.PATCH". Static text. Any thread. */
AFMON_API const char *afmon_version(void);

/* ---- Status codes and errors ------------------------------------------------------------------------------ */

/* X(number, name, text). A number, once given, is never used for anything else. */
#define AFMON_STATUS_MAP(X)                                                                                            \
    X(0, OK, "success")                                                                                                \
    X(1, E_ARGUMENT, "an argument is not valid")                                                                       \
    X(2, E_NO_MEMORY, "out of memory")                                                                                 \
    X(3, E_SYSTEM, "the operating system refused")                                                                     \
    X(4, E_CLOSED, "the monitor is shut down")                                                                         \
    X(5, E_FULL, "the queue is full; the sample was dropped and counted")                                              \
    X(6, E_TOO_BIG, "the record is larger than a record may be")                                                       \
    X(7, E_TIMEOUT, "not finished in the given time")                                                                  \
    X(8, E_DEADLOCK, "called from a handler, it would wait for itself")                                                \
    X(9, E_UNKNOWN_METRIC, "no such metric")                                                                           \
    X(10, E_NO_DATA, "no samples")                                                                                     \
    X(11, E_FORMAT, "the file is not in a form that afmon reads")                                                      \
    X(12, E_CANCELLED, "cancelled")                                                                                    \
    X(13, E_UNWRITABLE, "the run folder cannot be written now; the sample was dropped and counted")

typedef enum afmon_status {
#define AFMON_STATUS_ENUM(number, name, text) AFMON_##name = (number),
    AFMON_STATUS_MAP(AFMON_STATUS_ENUM)
#undef AFMON_STATUS_ENUM
} afmon_status;

/* The name ("E_CLOSED") and the one-line text of a status. Static text, never NULL. Any thread. */
AFMON_API const char *afmon_status_name(afmon_status status);
AFMON_API const char *afmon_status_text(afmon_status status);

/* What went wrong, for people: the thing's name and the way out. Owned by the caller; no pointers inside. */
typedef struct afmon_error {
    afmon_status status;
    int os_error; /* errno where the operating system refused, else 0 */
    char message[504];
} afmon_error;

/* ---- Fields: metadata of samples, data of log records -------------------------------------------------------- */

typedef enum afmon_type {
    AFMON_NULL = 0,
    AFMON_STRING = 1,
    AFMON_INT = 2,
    AFMON_DOUBLE = 3,
    AFMON_BOOL = 4,
    AFMON_JSON = 5 /* text of a JSON array or object: only read back from files, or logged; see docs/formats.md */
} afmon_type;

/* One key with its value. Where a key is given twice the last value counts, at the first one's place. */
typedef struct afmon_field {
    const char *key;
    size_t key_length; /* in bytes; 0: key ends with a NUL */
    afmon_type type;
    union {
        int64_t integer;
        double number;
        bool boolean;
        struct {
            const char *data;
            size_t length;
        } text; /* AFMON_STRING and AFMON_JSON */
    } as;
} afmon_field;

/* Makers of fields. The texts are not copied until the field is recorded. text == NULL makes a null. */
AFMON_API afmon_field afmon_string(const char *key, const char *text);
AFMON_API afmon_field afmon_string_n(const char *key, const char *text, size_t length);
AFMON_API afmon_field afmon_int(const char *key, int64_t value);
AFMON_API afmon_field afmon_double(const char *key, double value);
AFMON_API afmon_field afmon_bool(const char *key, bool value);
AFMON_API afmon_field afmon_null(const char *key);

/* A number that may not have been given: (afmon_number){0} is "not given", AFMON_GIVEN(0) is zero. */
typedef struct afmon_number {
    double value;
    bool given;
} afmon_number;
#ifdef __cplusplus
#define AFMON_GIVEN(x)                                                                                                 \
    afmon_number                                                                                                       \
    {                                                                                                                  \
        (double)(x), true                                                                                              \
    }
#else
#define AFMON_GIVEN(x) ((afmon_number){.value = (double)(x), .given = true})
#endif

typedef enum afmon_level { AFMON_INFO = 0, AFMON_WARNING = 1, AFMON_ERROR = 2 } afmon_level;

/* "info", "warning" or "error". Static text. Any thread. */
AFMON_API const char *afmon_level_name(afmon_level level);

/* ---- Metrics by name --------------------------------------------------------------------------------------------- */

/* What a metric's values are. */
typedef enum afmon_unit {
    AFMON_UNIT_NUMBER = 0, /* not known: a metric of the program's own */
    AFMON_UNIT_SECONDS,
    AFMON_UNIT_SHARE, /* 0 to 1, as of ones and zeros */
    AFMON_UNIT_TOKENS,
    AFMON_UNIT_TURNS, /* of a conversation */
    AFMON_UNIT_SCORE,
    AFMON_UNIT_COUNT,  /* things that happened: their sum tells, not their mean */
    AFMON_UNIT_DOLLARS /* US dollars */
} afmon_unit;

/* Which metrics belong together, in the order in which tables show them. */
typedef enum afmon_metric_group {
    AFMON_METRICS_GENERATION = 0,
    AFMON_METRICS_TOKENS,
    AFMON_METRICS_ITEMS,
    AFMON_METRICS_EVALUATION,
    AFMON_METRICS_OTHER,  /* of the program's own */
    AFMON_METRICS_COUNTED /* by model, by finish reason: one metric each */
} afmon_metric_group;

/* Which way a metric's values get better. */
typedef enum afmon_better {
    AFMON_BETTER_NEITHER = 0, /* or not known */
    AFMON_BETTER_HIGHER,
    AFMON_BETTER_LOWER
} afmon_better;

typedef struct afmon_metric_info {
    const char *name;  /* "generation_time"; of a family ("model_usage:") what its names begin with; NULL: not known */
    const char *title; /* "Generation time"; NULL: not known */
    bool is_prefix;    /* name is what a family's names begin with */
    afmon_metric_group group;
    afmon_unit unit;
    afmon_better better;
} afmon_metric_info;

/* What afmon knows of a metric by its whole name (length bytes): those that tracked calls record. Of any other name,
 * also of one that only begins or ends like one of them, it knows nothing: group OTHER, unit NUMBER, better NEITHER.
 * Static, never NULL. Any thread. */
AFMON_API const afmon_metric_info *afmon_metric_get_info(const char *name, size_t length);

/* ---- Aggregates, token usage, alerts ------------------------------------------------------------------------- */

/* Windows in seconds count back from now (for a recorded run: from its last sample); both edges belong to the
 * window. AFMON_ALL_TIME takes everything. */
#define AFMON_ALL_TIME ((double)INFINITY)

/* The aggregate of one metric over a window. Values that are not finite are counted in not_finite and are in
 * nothing else. With count == 0 all numbers are 0. */
typedef struct afmon_aggregate {
    uint64_t count;
    uint64_t not_finite;
    double sum;
    double mean;
    double min;
    double max;
    double stddev; /* of the sample (divisor count - 1), 0 for a single one */
    double p50;    /* quantiles by linear interpolation (Hyndman and Fan 1996, type 7: numpy's and pandas' default) */
    double p90;
    double p99;
    bool known;       /* the name was recorded at least once, in the window or not */
    bool partial;     /* samples of the window have left memory and are not in this aggregate: a view has them */
    bool approximate; /* all-time quantiles after samples left memory: within 0.1 % of the exact value */
} afmon_aggregate;

typedef struct afmon_model_usage {
    const char *model_name; /* owned by the report */
    uint64_t prompt_tokens;
    uint64_t completion_tokens;
    uint64_t total_tokens;
} afmon_model_usage;

/* Token usage per model, sorted by name (bytewise), and the sums. Samples without model_name are under "unknown".
 * Filled by the library; release with afmon_token_usage_free. */
typedef struct afmon_token_usage {
    size_t model_count;
    afmon_model_usage *models;
    uint64_t prompt_tokens;
    uint64_t completion_tokens;
    uint64_t total_tokens;
    void *storage;
} afmon_token_usage;

/* Releases what a report owns and empties it. An empty report or NULL is fine. */
AFMON_API void afmon_token_usage_free(afmon_token_usage *usage);

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

/* ---- Handlers -------------------------------------------------------------------------------------------------- */

/* One sample as handlers and view readers get it. Everything is owned by the caller of the function and valid
 * only until it returns. */
typedef struct afmon_sample {
    const char *metric;
    size_t metric_length;
    double value; /* may be NaN or infinite */
    int64_t timestamp_ns;
    const afmon_field *fields; /* the metadata */
    size_t field_count;
} afmon_sample;

typedef struct afmon_log_record {
    const char *message;
    size_t message_length;
    afmon_level level;
    int64_t timestamp_ns;
    const afmon_field *fields;
    size_t field_count;
} afmon_log_record;

/* How long a handler still has. */
typedef struct afmon_deadline afmon_deadline;

/* Seconds that are left until the monitor's shutdown ends: INFINITY while it is not being shut down, 0 where the time
 * is over. May change at any moment: who waits for something outside looks at it again and again. For the functions
 * that are given a deadline, until they return; any thread. */
AFMON_API double afmon_deadline_left(const afmon_deadline *deadline);

/* A handler returns 0 when it has taken what it got. Otherwise it may write why into error (size bytes, NUL ended);
 * the failure goes to the log at level error, at most once a second for each handler with the number of failures in
 * between, and disturbs nobody.
 *
 * Each handler is called from a thread of its own, one call at a time. A slow one delays neither recording nor the
 * files nor other handlers: at most queue_capacity items wait for it, further ones are missed and counted. A handler
 * may call the monitor, except that afmon_monitor_flush and _shutdown from within it return AFMON_E_DEADLOCK.
 *
 * A handler that gathers what it takes has a flush, which sends it on. It is called from the same thread every
 * flush_interval_s, and once more when the monitor shuts down, after the last item, even where the time is over. It
 * returns how many items it gave up for good (0: none), which are counted as lost; where it writes why into error, the
 * log is told as of a failure. */
typedef struct afmon_metric_handler {
    const char *name; /* for messages and statistics; NULL: "metric handler N" */
    int (*handle)(void *user, const afmon_sample *sample, char *error, size_t size);
    void *user;
    void (*destroy)(void *user); /* called once, after the last call; may be NULL */
    size_t queue_capacity;       /* 0: 65,536 */
    /* NULL: it does not gather */
    uint64_t (*flush)(void *user, const afmon_deadline *deadline, char *error, size_t size);
    double flush_interval_s; /* above 0 where there is a flush */
} afmon_metric_handler;

typedef struct afmon_log_handler {
    const char *name;
    int (*handle)(void *user, const afmon_log_record *record, char *error, size_t size);
    void *user;
    void (*destroy)(void *user);
    size_t queue_capacity; /* 0: 4,096 */
    /* NULL: it does not gather */
    uint64_t (*flush)(void *user, const afmon_deadline *deadline, char *error, size_t size);
    double flush_interval_s; /* above 0 where there is a flush */
} afmon_log_handler;

typedef struct afmon_alert_handler {
    const char *name;
    int (*handle)(void *user, const afmon_alert *alert, char *error, size_t size);
    void *user;
    void (*destroy)(void *user);
    size_t queue_capacity; /* 0: 256 */
    /* NULL: it does not gather */
    uint64_t (*flush)(void *user, const afmon_deadline *deadline, char *error, size_t size);
    double flush_interval_s; /* above 0 where there is a flush */
} afmon_alert_handler;

/* Called every interval_s with the usage so far, and once more when the monitor closes. */
typedef struct afmon_token_usage_handler {
    const char *name;
    int (*handle)(void *user, const afmon_token_usage *usage, char *error, size_t size);
    void *user;
    void (*destroy)(void *user);
} afmon_token_usage_handler;

/* The built-in handlers: metrics.jsonl and afterimage.log in the run folder. To keep them beside handlers of your
 * own, put what these return into the lists. Only these two have the promises of docs/formats.md (every sample
 * exactly once, whatever kills the process); they are written before any other handler is called. */
AFMON_API afmon_metric_handler afmon_metric_file_handler(void);
AFMON_API afmon_log_handler afmon_log_file_handler(void);

/* ---- Handlers that send on ---------------------------------------------------------------------------------------
 *
 * Each function makes a handler for the lists of afmon_options. It belongs to the monitor that it is given to, also
 * where opening that one fails; one that was given to none is ended by its destroy. They block in their own thread
 * only. In a forked child they begin anew.
 *
 * What goes over HTTP: TLS is verified, redirects are not followed, user names and passwords in URLs are refused. What
 * is secret comes from the environment, by the name of a variable, is read when the handler is made, and is in no log
 * and no error text; those name scheme, host and port. Where a receiver is busy (429, 5xx) or cannot be reached it is
 * tried again later, after what its Retry-After says or a wait that doubles up to a minute. */

typedef struct afmon_otlp_options {
    size_t size;
    const char *endpoint;    /* "http://127.0.0.1:4318"; /v1/metrics and /v1/logs are put behind it */
    const char *headers_env; /* variable that may hold "name=value,name=value", values percent-encoded;
                                "OTEL_EXPORTER_OTLP_HEADERS" */
    const char *ca_file;     /* certificates to trust; NULL: those of the variables SSL_CERT_FILE and SSL_CERT_DIR, else
                                the system's */
    const char *service_name; /* at most 127 bytes; NULL: that of the variable OTEL_SERVICE_NAME, else of
                                 OTEL_RESOURCE_ATTRIBUTES, both read when the handler is made, else "afmon" */
    double interval_s;        /* between two exports of metrics; 10 */
    double timeout_s;         /* of one post; 10 */
    size_t max_memory;        /* bytes of log records that may wait; 16 MiB */
} afmon_otlp_options;

/* Fills in the defaults that stand beside the members. */
AFMON_API void afmon_otlp_options_init(afmon_otlp_options *options);

/* OpenTelemetry over HTTP, in JSON. Metrics are gathered into counters and histograms, with the names of
 * docs/scale.md, and sent whole, as totals since the beginning: what could not be sent once is in the next body. Log
 * records are sent in batches, at the latest after a second. Texts of the options are copied. Any thread. */
AFMON_API afmon_status afmon_otlp_metric_handler(const afmon_otlp_options *options, afmon_metric_handler *handler,
                                                 afmon_error *error);
AFMON_API afmon_status afmon_otlp_log_handler(const afmon_otlp_options *options, afmon_log_handler *handler,
                                              afmon_error *error);

typedef struct afmon_webhook_options {
    size_t size;
    const char *url;     /* http:// or https://; one that is a secret, as Slack's are, belongs into the environment */
    const char *url_env; /* variable that holds it, in place of url */
    const char *headers_env; /* variable that holds "name=value,name=value"; NULL: none */
    const char *ca_file;
    double timeout_s; /* 10 */
} afmon_webhook_options;

/* Fills in the defaults that stand beside the members. */
AFMON_API void afmon_webhook_options_init(afmon_webhook_options *options);

/* Posts each alert as a JSON object with the members text (which Slack, Mattermost and their likes show), alert, level,
 * state ("fired", "firing", "resolved"), message, metric, aggregate, value, limit, count, since (when it fired) and
 * timestamp. At most 64 wait. Texts are copied. Any thread. */
AFMON_API afmon_status afmon_webhook_handler(const afmon_webhook_options *options, afmon_alert_handler *handler,
                                             afmon_error *error);

typedef struct afmon_statsd_options {
    size_t size;
    const char *address; /* "127.0.0.1:8125"; names are looked up once, when the handler is made */
    const char *prefix;  /* of every name; "afmon." */
    const char *tags;    /* on every line, "env:prod,team:a"; NULL. DogStatsD only */
    bool dogstatsd;      /* true: metadata as tags, distributions ("d"). false: plain StatsD, without tags, timers */
    size_t max_packet;   /* bytes of a packet, 1200 to 8192; 1432, which fits into an Ethernet frame */
} afmon_statsd_options;

/* Fills in the defaults that stand beside the members. */
AFMON_API void afmon_statsd_options_init(afmon_statsd_options *options);

/* Sends each sample as a line over UDP. What the system refuses to send, or the receiver's machine to take, is counted
 * as lost; what gets lost otherwise nobody knows. Texts are copied. Any thread. */
AFMON_API afmon_status afmon_statsd_handler(const afmon_statsd_options *options, afmon_metric_handler *handler,
                                            afmon_error *error);

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
    bool item_alerts; /* alert handlers get item_attempts, too (afmon_item_retry); false: the rules' alerts alone */
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

/* Takes what something writes, in order, piece by piece. Return non-zero to stop it: it then ends with
 * AFMON_E_CANCELLED. Called on the thread of the call that it was given to. */
typedef int (*afmon_write_fn)(void *user, const void *data, size_t size);

/* Writes a summary as one JSON object (docs/formats.md), the same bytes for the same summary. AFMON_E_CANCELLED where
 * write stopped it, AFMON_E_NO_MEMORY. Any thread. */
AFMON_API afmon_status afmon_run_summary_write_json(const afmon_run_summary *summary, afmon_write_fn write, void *user);

/* ---- Items of a run, one by one: what is behind a figure ---------------------------------------------------------------
 * Read from the ends of the run's files, so that the newest are there at once, however long the run is: the items, each
 * once, that the summary counts (afmon_item_summary, where they are not inferred). */

/* What became of an item. X(number, name, text). A number is never used again. */
#define AFMON_ITEM_STATE_MAP(X)                                                                                        \
    X(0, ACCEPTED, "accepted")                                                                                         \
    X(1, REJECTED, "rejected")                                                                                         \
    X(2, FAILED, "failed")                                                                                             \
    X(3, ABANDONED, "abandoned")                                                                                       \
    X(4, OPEN, "open")

typedef enum afmon_item_state {
#define AFMON_ITEM_STATE_ENUM(number, name, text) AFMON_ITEM_##name = (number),
    AFMON_ITEM_STATE_MAP(AFMON_ITEM_STATE_ENUM)
#undef AFMON_ITEM_STATE_ENUM
} afmon_item_state;
#define AFMON_ITEM_STATES 5

/* "accepted" ...; "" for what is none. Static text. Any thread. */
AFMON_API const char *afmon_item_state_name(afmon_item_state state);

/* A call that was made for an item, an evaluation of it, or an attempt within one that failed and was tried again. */
typedef struct afmon_item_call {
    bool evaluation;       /* a tracked evaluation; it is none of the calls */
    const char *operation; /* "": not given, as all texts here */
    const char *component;
    const char *evaluator_type; /* of an evaluation */
    const char *model_name;
    const char *error; /* its text, cut at 4,000 bytes */
    const char *error_type;
    int status;           /* of HTTP; 0: not known */
    bool retried;         /* an attempt that was tried again: it has no time of its own, and is none of the calls */
    bool success;         /* it went well, or nothing says how it went */
    uint32_t attempt;     /* of the item: 1, 2, ... */
    int64_t started_ns;   /* its end less what it took; of an attempt that was tried again, when it had failed */
    double duration_s;    /* NaN: not known */
    double prompt_tokens; /* NaN: not given, as all three */
    double completion_tokens;
    double total_tokens;
    double cost_usd; /* NaN: it has no price */
} afmon_item_call;

/* An item. Texts are UTF-8 without NUL, but for the text. */
typedef struct afmon_found_item {
    const char *kind;
    const char *id;
    bool id_is_number;
    afmon_item_state state;
    const char *why;    /* the reason of a rejected one, the error type of a failed one; "": not given */
    uint32_t attempts;  /* by its outcome; without one as its calls tell */
    int64_t started_ns; /* its latest beginning; where none is in the files, its end less what it took */
    int64_t ended_ns;   /* of one with an outcome, else INT64_MIN */
    double duration_s;  /* as told with the outcome; NaN without one */
    size_t call_count;
    const afmon_item_call *calls; /* since its latest beginning, the earliest first */
    uint64_t calls_left_out;      /* earlier ones, of an item with more than 1,000 */
    const char *text; /* its line of the data set: one JSON value; NULL: not asked for, or it is not there */
    size_t text_length;
} afmon_found_item;

/* Which items are wanted: those that everything fits that is said. */
typedef struct afmon_item_query {
    size_t size;
    const char *kind;      /* NULL: any */
    unsigned states;       /* 1 << AFMON_ITEM_...; 0: any */
    const char *reason;    /* the reason of a rejected one, the error type of a failed one; NULL: any; "": none given */
    const char *operation; /* a call of that operation was made for it; NULL: any */
    const char *error_type; /* a call of it (of `operation`) failed by that type, or it did itself; NULL: any */
    const char *id;         /* that one alone, with the calls of all its lives; reads all of the run. NULL: any */
    uint64_t slowest;       /* of those that fit, so many with an outcome that took longest, the longest first, at most
                               10,000;       reads all of the run. 0: the one begun last first */
    const char *cursor;     /* go on behind the item of that cursor; not with slowest. NULL or "": from the newest */
    bool text;              /* with the text, from the data set */
    const char *data_set;   /* file of JSON lines; NULL: that which the run's record names */
    /* Called now and then; return non-zero to cancel (AFMON_E_CANCELLED). May be NULL. */
    int (*progress)(void *user, uint64_t bytes_read, uint64_t bytes_total);
    void *user;
} afmon_item_query;

/* Fills in the defaults: any item. Any thread. */
AFMON_API void afmon_item_query_init(afmon_item_query *query);

typedef struct afmon_item_reader afmon_item_reader; /* opaque */

/* Opens the items of a run folder, as the files are now; what killed processes left is put into them first. The texts
 * of query may go afterwards. AFMON_E_ARGUMENT: a cursor that is none; AFMON_E_NO_DATA: no run, or no data set for the
 * text; else as afmon_view_open. */
AFMON_API afmon_status afmon_item_reader_open(const char *folder, const afmon_item_query *query,
                                              afmon_item_reader **reader, afmon_error *error);

/* The next item, valid until the next call; NULL: there is none. Memory: what is known of the items that are begun and
 * ended around the place that is read, and 40 bytes for each that was passed. One thread at a time. */
AFMON_API afmon_status afmon_item_reader_next(afmon_item_reader *reader, const afmon_found_item **item,
                                              afmon_error *error);

#define AFMON_ITEM_CURSOR_SIZE 40

/* Where the item that was given last stands: a text that a later query goes on from; "" before the first one. */
AFMON_API void afmon_item_reader_cursor(const afmon_item_reader *reader, char cursor[AFMON_ITEM_CURSOR_SIZE]);

/* False where nothing of what was read told of an item: after the last one, the run tells of none. */
AFMON_API bool afmon_item_reader_has_items(const afmon_item_reader *reader);

/* Releases the reader. NULL is fine. */
AFMON_API void afmon_item_reader_close(afmon_item_reader *reader);

/* Writes an item as one JSON object in one line, without its newline (docs/formats.md). AFMON_E_CANCELLED where write
 * stopped it, AFMON_E_NO_MEMORY. Any thread. */
AFMON_API afmon_status afmon_found_item_write_json(const afmon_found_item *item, afmon_write_fn write, void *user);

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
    AFMON_LIVE_STALLED = 2, /* its process lives, and recorded nothing for stalled_after_s */
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
    double eta_s;     /* NaN where it is not known */
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
/* ---- Charts ----------------------------------------------------------------------------------------------------- */

/* The standard charts. X(number, name, title): the name is that of the file. A number is never used again. */
#define AFMON_CHART_MAP(X)                                                                                             \
    X(0, SUCCESS_ERROR_RATE, "success_error_rate", "Success/Error Rate Over Time")                                     \
    X(1, GENERATION_TIME, "generation_time", "Generation Time Distribution")                                           \
    X(2, TOKEN_USAGE, "token_usage", "Token Usage Over Time")                                                          \
    X(3, EVALUATION_SCORES, "evaluation_scores", "Evaluation Scores Over Time")                                        \
    X(4, EVALUATION_TIME, "evaluation_time", "Evaluation Time Distribution")                                           \
    X(5, ITEM_YIELD, "item_yield", "Item Yield Over Time")

typedef enum afmon_chart {
#define AFMON_CHART_ENUM(number, id, name, title) AFMON_CHART_##id = (number),
    AFMON_CHART_MAP(AFMON_CHART_ENUM)
#undef AFMON_CHART_ENUM
} afmon_chart;
#define AFMON_CHARTS 6

/* The name ("generation_time") and the title of a chart. Static text; "" for what is none. Any thread. */
AFMON_API const char *afmon_chart_name(afmon_chart chart);
AFMON_API const char *afmon_chart_title(afmon_chart chart);

typedef enum afmon_plot_theme {
    AFMON_PLOT_LIGHT = 0,
    AFMON_PLOT_DARK = 1,
    AFMON_PLOT_AUTO = 2 /* svg: light or dark as the reader's system is set, light on paper; png and pdf: light */
} afmon_plot_theme;

/* Always begin with afmon_plot_options_init, which fills in the defaults. */
typedef struct afmon_plot_options {
    size_t size;
    const char *format; /* "png", "svg" or "pdf"; NULL: by the ending of the file's name, else png */
    unsigned width;     /* logical pixels (1/96 inch), 320 to 8,192; 1000 */
    unsigned height;    /* 240 to 8,192; 500 */
    double scale;       /* png: pixels to a logical one, 0.5 to 8; 1.5 */
    afmon_plot_theme theme;
    size_t rolling_window; /* samples in a rolling average; 10. With many samples it is at least a hundredth of them (a
                              round number); the subtitle says how many it is */
    afmon_window window;   /* samples outside are left out; everything */
    const char *title;     /* in place of the chart's own; NULL */
    const char *id_prefix; /* svg: what the ids in it begin with, for several in one page: letters, digits, '-' and '_',
                              a letter first; NULL: "afmon-" and the chart's name */
    const afmon_run_summary *summary; /* of this view, whose alerts are shaded; NULL: it is made where it is needed */
    /* Told of what is not as it should be in something that was drawn all the same, such as characters that no
     * installed font has. Called on the thread of the call. May be NULL. */
    void (*warn)(void *user, const char *message);
    void *user;
} afmon_plot_options;

/* Fills in the defaults. Any thread. */
AFMON_API void afmon_plot_options_init(afmon_plot_options *options);

/* What became of one chart. */
typedef struct afmon_chart_result {
    afmon_status status; /* AFMON_OK: written; AFMON_E_NO_DATA: there is nothing to draw; else why not */
    char file[40];       /* its name in the folder; "" where it was not written */
    char message[256];   /* why it was not written; "" where it was */
} afmon_chart_result;

typedef struct afmon_visualize_result {
    size_t written;
    afmon_chart_result charts[AFMON_CHARTS]; /* by afmon_chart */
} afmon_visualize_result;

/* Draws those of the standard charts that have data into NAME.FORMAT files in a folder, which is created; all of them
 * from one pass over the samples. Each file is there whole or as it was before. result (may be NULL) tells of each.
 * Without data for any: AFMON_E_NO_DATA, and no folder. A chart that cannot be written ends it with that error; those
 * before it are written. options may be NULL; its title is not used here. At most 64 MiB beside the view. Any thread.
 */
AFMON_API afmon_status afmon_visualize(afmon_view *view, const char *save_dir, const afmon_plot_options *options,
                                       afmon_visualize_result *result, afmon_error *error);

/* Draws any metric into a file: its samples, and their rolling average. AFMON_E_UNKNOWN_METRIC, AFMON_E_NO_DATA where
 * it has no finite value in the window, AFMON_E_ARGUMENT. options may be NULL. Any thread. */
AFMON_API afmon_status afmon_plot_metric(afmon_view *view, const char *name, const char *path,
                                         const afmon_plot_options *options, afmon_error *error);

/* One of these, or any metric, in memory: `write` gets the whole file. An svg has no XML declaration, so that it can
 * stand in a page as it is. Errors as above; AFMON_E_NO_DATA where there is nothing to draw. Any thread. */
AFMON_API afmon_status afmon_plot_chart(afmon_view *view, afmon_chart chart, const afmon_plot_options *options,
                                        afmon_write_fn write, void *user, afmon_error *error);
AFMON_API afmon_status afmon_plot_metric_to(afmon_view *view, const char *name, const afmon_plot_options *options,
                                            afmon_write_fn write, void *user, afmon_error *error);

/* ---- Reports ---------------------------------------------------------------------------------------------------- */

typedef struct afmon_report_options {
    size_t size;
    const char *title;             /* NULL: "Report of a run" */
    afmon_summary_options summary; /* window, progress */
} afmon_report_options;

/* Fills in the defaults. Any thread. */
AFMON_API void afmon_report_options_init(afmon_report_options *options);

/* Writes what a run came to (afmon_view_summarize) as something to read. format is "html" (one page that needs no
 * network, light or dark as the reader's system is set), "md" (Markdown for a comment on a pull request) or "json" (an
 * object with the members title and summary, as afmon_run_summary_write_json has it). Whatever
 * text comes from the run is nothing but text in it. Missing folders are created; the file is there whole or as it was
 * before. AFMON_E_ARGUMENT for another format or a path that is a folder. options may be NULL. Any thread. */
AFMON_API afmon_status afmon_report(afmon_view *view, const char *path, const char *format,
                                    const afmon_report_options *options, afmon_error *error);

/* The same into a file descriptor, which stays open. What was written before a failure stays written. */
AFMON_API afmon_status afmon_report_to_fd(afmon_view *view, int fd, const char *format,
                                          const afmon_report_options *options, afmon_error *error);

/* ---- The dashboard ---------------------------------------------------------------------------------------------- */

/* An HTTP server with a page and an API (docs/api.md) over run folders. It reads their files and touches nothing of
 * running processes. */
typedef struct afmon_server afmon_server;

typedef struct afmon_server_options {
    size_t size;
    const char *listen; /* "127.0.0.1:8765"; ADDRESS:PORT, port 0 takes a free one. Not copied after the call */
    const char
        *token_file; /* NULL. Its first line is asked of who connects; needed where others than this machine can */
    const char *const *host_names; /* names by which it is reached besides its address, as behind a proxy */
    size_t host_name_count;
    bool texts; /* false. Give the texts of items to who asks, where the data set that a run's record names is in one of
                   the folders */
} afmon_server_options;

/* Fills in the defaults that stand beside the members. Any thread. */
AFMON_API void afmon_server_options_init(afmon_server_options *options);

/* Starts serving count folders: each a run, or the parent of runs; runs that appear in them later are found. options
 * may be NULL. Its threads block all signals. AFMON_E_ARGUMENT where a folder is not there or the options are wrong,
 * AFMON_E_SYSTEM where the address cannot be listened on. Any thread. */
AFMON_API afmon_status afmon_server_open(const char *const *folders, size_t count, const afmon_server_options *options,
                                         afmon_server **server, afmon_error *error);

/* Where a browser on this machine finds it: "http://127.0.0.1:8765". Owned by the server. Any thread. */
AFMON_API const char *afmon_server_url(const afmon_server *server);

/* Ends all connections and frees the server. NULL is fine. */
AFMON_API void afmon_server_close(afmon_server *server);

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

#ifdef __cplusplus
}
#endif

#endif
