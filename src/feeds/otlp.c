/* OTLP/HTTP: one handler for metrics, one for logs.
 *
 * Metrics are gathered in meters and sent whole, cumulative, every interval: a body that was not taken costs nothing,
 * the next one has it all. Only what the last one could not tell is lost. Log records wait in bodies of up to
 * BODY_BYTES; a record that finds no room is a failed item. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/options.h"
#include "base/status.h"
#include "feeds/otlp_json.h"
#include "feeds/outbox.h"

#define BODY_BYTES ((size_t)1 << 20)
#define BODY_LIMIT ((size_t)64 << 20)
#define LOG_DELAY_NS AFMON_NS_PER_S
#define METRIC_TICK_S 0.25
#define LOG_TICK_S 0.1

void afmon_otlp_options_init(afmon_otlp_options *options)
{
    *options = (afmon_otlp_options){
        .size = sizeof *options,
        .endpoint = "http://127.0.0.1:4318",
        .headers_env = "OTEL_EXPORTER_OTLP_HEADERS",
        .interval_s = 10,
        .timeout_s = 10,
        .max_memory = (size_t)16 << 20,
    };
}

/* ---- metrics ---- */

struct otlp_metrics {
    struct afmon_post *post;
    struct afmon_birth birth;
    struct afmon_meters *meters;
    struct afmon_otlp_resource resource;
    int64_t start_ns; /* wall time */
    int64_t interval_ns;
    int64_t due_ns;           /* boot time */
    struct afmon_buffer body; /* that is being sent; empty: none is */
    uint64_t body_samples;
    uint64_t told_samples; /* that a body which was taken had */
};

static void begin_metrics(struct otlp_metrics *otlp)
{
    otlp->start_ns = afmon_wall_ns();
    otlp->due_ns = afmon_boot_ns() + otlp->interval_ns;
    otlp->told_samples = 0;
    afmon_buffer_clear(&otlp->body);
    otlp->body_samples = 0;
}

/* In a forked child the parent's figures are the parent's to send; whoever held their lock is not here. */
static bool begin_anew(struct otlp_metrics *otlp)
{
    struct afmon_meters *meters = afmon_meters_new();
    if (meters == NULL)
        return false;
    afmon_otlp_resource_fill(&otlp->resource);
    otlp->meters = meters;
    afmon_post_leave_to_parent(otlp->post);
    begin_metrics(otlp);
    return true;
}

static int take_sample(void *user, const afmon_sample *sample, char *error, size_t size)
{
    struct otlp_metrics *otlp = user;
    if (afmon_birth_is_new(&otlp->birth) && !begin_anew(otlp)) {
        snprintf(error, size, "out of memory");
        *otlp->birth.page = 0;
        return 1;
    }
    afmon_meters_add(otlp->meters, sample);
    return 0;
}

/* Makes the body that is sent next. False: no memory. */
static bool make_body(struct otlp_metrics *otlp, char *error, size_t size)
{
    otlp->due_ns = afmon_boot_ns() + otlp->interval_ns;
    otlp->body_samples = afmon_meters_samples(otlp->meters);
    afmon_otlp_metrics(&otlp->body, &otlp->resource, otlp->meters, otlp->start_ns, afmon_wall_ns());
    if (!otlp->body.failed)
        return true;
    snprintf(error, size, "out of memory");
    afmon_buffer_clear(&otlp->body);
    return false;
}

/* How many samples are in these nobody knows. */
static void tell_rejected(const struct afmon_post *post, char *error, size_t size)
{
    uint64_t points = afmon_post_rejected(post, "rejectedDataPoints", UINT64_MAX);
    if (points > 0)
        snprintf(error, size, "the receiver rejected %llu data points", (unsigned long long)points);
}

/* Begins to send a body, or goes on with it. */
static enum afmon_post_result export_metrics(struct otlp_metrics *otlp, const afmon_deadline *deadline, char *error,
                                             size_t size)
{
    if (otlp->body.length == 0 && !make_body(otlp, error, size))
        return AFMON_POST_REFUSED;
    enum afmon_post_result result = afmon_post_send(otlp->post, otlp->body.data, otlp->body.length, deadline,
                                                    afmon_flush_until(deadline), error, size);
    if (result == AFMON_POST_TAKEN) {
        otlp->told_samples = otlp->body_samples;
        *error = '\0'; /* of an earlier try */
        tell_rejected(otlp->post, error, size);
    }
    if (result != AFMON_POST_GOING)
        afmon_buffer_clear(&otlp->body);
    return result;
}

/* The last call: what is under way first, then all that there is, as long as there is time. */
static uint64_t tell_all(struct otlp_metrics *otlp, const afmon_deadline *deadline, char *error, size_t size)
{
    uint64_t all = afmon_meters_samples(otlp->meters);
    while (otlp->told_samples != all && (otlp->body.length > 0 || afmon_post_await(otlp->post, deadline)))
        if (export_metrics(otlp, deadline, error, size) == AFMON_POST_REFUSED)
            break;
    uint64_t lost = all - otlp->told_samples;
    if (lost > 0 && *error == '\0')
        snprintf(error, size, "the receiver took no more before the monitor's shutdown");
    return lost;
}

static uint64_t flush_metrics(void *user, const afmon_deadline *deadline, char *error, size_t size)
{
    struct otlp_metrics *otlp = user;
    if (*otlp->birth.page == 0)
        return 0;
    afmon_meters_settle(otlp->meters);
    if (afmon_is_last_flush(deadline))
        return tell_all(otlp, deadline, error, size);
    bool due = afmon_boot_ns() >= otlp->due_ns && otlp->told_samples != afmon_meters_samples(otlp->meters) &&
               afmon_post_await(otlp->post, deadline);
    if (otlp->body.length > 0 || due)
        (void)export_metrics(otlp, deadline, error, size);
    return 0;
}

static void free_metrics(void *user)
{
    struct otlp_metrics *otlp = user;
    if (otlp->birth.page != NULL && afmon_birth_is_new(&otlp->birth))
        afmon_post_leave_to_parent(otlp->post);
    afmon_post_free(otlp->post);
    afmon_buffer_free(&otlp->body);
    afmon_birth_free(&otlp->birth);
    afmon_meters_free(otlp->meters);
    afmon_otlp_resource_free(&otlp->resource);
    free(otlp);
}

/* ---- logs ---- */

struct otlp_logs {
    struct afmon_outbox outbox;
    struct afmon_otlp_resource resource;
    struct afmon_buffer open; /* the body that records are being added to; empty: none */
    uint64_t open_count;
    int64_t opened_ns;
};

static void close_body(struct otlp_logs *otlp)
{
    if (otlp->open_count == 0)
        return;
    struct afmon_buffer body = otlp->open;
    size_t without_end = body.length;
    afmon_otlp_logs_end(&body);
    otlp->open = body;
    if (!body.failed && afmon_outbox_put(&otlp->outbox, &otlp->open, otlp->open_count)) {
        otlp->open_count = 0;
        return;
    }
    otlp->open.length = without_end; /* no room now: it stays, and takes no more */
    otlp->open.failed = false;
}

static void leave_to_parent(struct otlp_logs *otlp)
{
    if (!afmon_outbox_leave_to_parent(&otlp->outbox))
        return;
    afmon_otlp_resource_fill(&otlp->resource);
    afmon_buffer_clear(&otlp->open);
    otlp->open_count = 0;
}

static int take_log(void *user, const afmon_log_record *record, char *error, size_t size)
{
    struct otlp_logs *otlp = user;
    leave_to_parent(otlp);
    if (otlp->open.length >= BODY_BYTES)
        close_body(otlp);
    if (otlp->open.length >= BODY_BYTES) {
        snprintf(error, size, "the receiver does not keep up: there is no room for further log records");
        return 1;
    }
    if (otlp->open_count == 0) {
        afmon_buffer_clear(&otlp->open);
        afmon_otlp_logs_begin(&otlp->open, &otlp->resource);
        otlp->opened_ns = afmon_boot_ns();
    }
    size_t before = otlp->open.length;
    afmon_otlp_log(&otlp->open, record, otlp->open_count == 0);
    if (!otlp->open.failed) {
        otlp->open_count++;
        return 0;
    }
    otlp->open.failed = false;
    otlp->open.length = before;
    snprintf(error, size, "no memory for a log record, or it is too large");
    return 1;
}

static uint64_t flush_logs(void *user, const afmon_deadline *deadline, char *error, size_t size)
{
    struct otlp_logs *otlp = user;
    bool last = afmon_is_last_flush(deadline);
    leave_to_parent(otlp);
    if (last || afmon_boot_ns() - otlp->opened_ns >= LOG_DELAY_NS)
        close_body(otlp);
    uint64_t lost = afmon_outbox_send(&otlp->outbox, deadline, error, size);
    if (last && otlp->open_count > 0) { /* there was no room for the last body until now */
        close_body(otlp);
        lost += afmon_outbox_send(&otlp->outbox, deadline, error, size) + otlp->open_count;
    }
    return lost;
}

static void free_logs(void *user)
{
    struct otlp_logs *otlp = user;
    afmon_outbox_free(&otlp->outbox);
    afmon_buffer_free(&otlp->open);
    afmon_otlp_resource_free(&otlp->resource);
    free(otlp);
}

/* ---- making them ---- */

static afmon_status make_post(const afmon_otlp_options *options, const char *path, struct afmon_post **post,
                              afmon_error *error)
{
    const struct afmon_post_options chosen = {
        .what = "OTLP",
        .url = options->endpoint,
        .path = path,
        .headers_env = options->headers_env,
        .headers_optional = true,
        .ca_file = options->ca_file,
        .timeout_s = options->timeout_s,
    };
    return afmon_post_new(&chosen, post, error);
}

static afmon_status make_resource(const afmon_otlp_options *options, struct afmon_otlp_resource *resource,
                                  afmon_error *error)
{
    afmon_status status = afmon_otlp_resource_read(resource, error);
    if (status == AFMON_OK)
        status = afmon_otlp_resource_name(resource, options->service_name, error);
    afmon_otlp_resource_fill(resource);
    return status;
}

static afmon_status make_metrics(const afmon_otlp_options *options, afmon_metric_handler *handler, afmon_error *error)
{
    struct otlp_metrics *otlp = calloc(1, sizeof *otlp);
    if (otlp == NULL)
        return afmon_fail_memory(error);
    afmon_buffer_init(&otlp->body, BODY_LIMIT);
    afmon_status status = make_resource(options, &otlp->resource, error);
    if (status == AFMON_OK)
        status = make_post(options, "/v1/metrics", &otlp->post, error);
    if (status == AFMON_OK && (!afmon_birth_init(&otlp->birth) || (otlp->meters = afmon_meters_new()) == NULL))
        status = afmon_fail_memory(error);
    if (status != AFMON_OK) {
        free_metrics(otlp);
        return status;
    }
    otlp->interval_ns = afmon_seconds_to_ns(options->interval_s);
    begin_metrics(otlp);
    *handler = (afmon_metric_handler){.name = "OTLP metrics",
                                      .handle = take_sample,
                                      .user = otlp,
                                      .destroy = free_metrics,
                                      .queue_capacity = 262144,
                                      .flush = flush_metrics,
                                      .flush_interval_s = METRIC_TICK_S};
    return AFMON_OK;
}

static afmon_status make_logs(const afmon_otlp_options *options, afmon_log_handler *handler, afmon_error *error)
{
    struct otlp_logs *otlp = calloc(1, sizeof *otlp);
    struct afmon_post *post = NULL;
    if (otlp == NULL)
        return afmon_fail_memory(error);
    afmon_status status = make_resource(options, &otlp->resource, error);
    if (status == AFMON_OK)
        status = make_post(options, "/v1/logs", &post, error);
    if (status == AFMON_OK && !afmon_outbox_init(&otlp->outbox, post, options->max_memory))
        status = afmon_fail_memory(error);
    if (status != AFMON_OK) {
        afmon_otlp_resource_free(&otlp->resource);
        free(otlp);
        return status;
    }
    afmon_buffer_init(&otlp->open, BODY_LIMIT);
    *handler = (afmon_log_handler){.name = "OTLP logs",
                                   .handle = take_log,
                                   .user = otlp,
                                   .destroy = free_logs,
                                   .queue_capacity = 65536,
                                   .flush = flush_logs,
                                   .flush_interval_s = LOG_TICK_S};
    return AFMON_OK;
}

static afmon_status take_options(afmon_otlp_options *options, const afmon_otlp_options *given, afmon_error *error)
{
    if (given == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "OTLP: options is NULL");
    afmon_otlp_options_init(options);
    afmon_status status = afmon_options_take(options, sizeof *options, given, "afmon_otlp_options", error);
    if (status != AFMON_OK)
        return status;
    if (!(options->interval_s >= 0.1 && options->interval_s <= 86400))
        return afmon_fail(error, AFMON_E_ARGUMENT, "OTLP: interval_s is %g: give 0.1 to 86400", options->interval_s);
    if (options->max_memory < 2 * BODY_BYTES)
        return afmon_fail(error, AFMON_E_ARGUMENT, "OTLP: max_memory is %zu bytes: give at least 2 MiB",
                          options->max_memory);
    return AFMON_OK;
}

afmon_status afmon_otlp_metric_handler(const afmon_otlp_options *given, afmon_metric_handler *handler,
                                       afmon_error *error)
{
    if (handler == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "OTLP: handler is NULL");
    memset(handler, 0, sizeof *handler);
    afmon_otlp_options options;
    afmon_status status = take_options(&options, given, error);
    return status == AFMON_OK ? make_metrics(&options, handler, error) : status;
}

afmon_status afmon_otlp_log_handler(const afmon_otlp_options *given, afmon_log_handler *handler, afmon_error *error)
{
    if (handler == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "OTLP: handler is NULL");
    memset(handler, 0, sizeof *handler);
    afmon_otlp_options options;
    afmon_status status = take_options(&options, given, error);
    return status == AFMON_OK ? make_logs(&options, handler, error) : status;
}
