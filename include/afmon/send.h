/* Handlers: what a monitor gives to the program and to others. Include <afmon/afmon.h>, which says what
 * holds for all functions. */
#ifndef AFMON_SEND_H
#define AFMON_SEND_H

#include <afmon/alerts.h>

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif

#endif
