#include <afmon/afmon.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alerts/rules.h"
#include "base/status.h"
#include "monitor/family.h"

#define MIB ((size_t)1 << 20)

void afmon_options_init(afmon_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->metric_handler_count = AFMON_DEFAULT_HANDLERS;
    options->log_handler_count = AFMON_DEFAULT_HANDLERS;
    options->metrics_interval_s = 60;
    options->shutdown_timeout_s = 5;
    afmon_alert_limits_init(&options->limits);
    options->rule_count = AFMON_BUILT_IN_RULES;
    options->token_usage_interval_s = 60;
    options->max_memory = 256 * MIB;
    options->ring_bytes = 256 << 10;
    options->on_full = AFMON_FULL_WAIT;
}

/* The built-in handlers are told by these functions, which are never called: the core's own thread writes the files. */
static int metric_file(void *user, const afmon_sample *sample, char *error, size_t size)
{
    (void)user;
    (void)sample;
    (void)error;
    (void)size;
    return 0;
}

static int log_file(void *user, const afmon_log_record *record, char *error, size_t size)
{
    (void)user;
    (void)record;
    (void)error;
    (void)size;
    return 0;
}

afmon_metric_handler afmon_metric_file_handler(void)
{
    return (afmon_metric_handler){.name = "metrics file", .handle = metric_file};
}

afmon_log_handler afmon_log_file_handler(void)
{
    return (afmon_log_handler){.name = "log file", .handle = log_file};
}

/* ---- checking ---- */

static bool is_duration(double seconds)
{
    return seconds >= 0 && isfinite(seconds);
}

static bool can_flush(bool has_flush, double interval_s)
{
    return !has_flush || (interval_s > 0 && isfinite(interval_s));
}

/* Each handler that gathers has a period for it. */
static bool can_all_flush(const afmon_options *options, size_t metrics, size_t logs)
{
    bool can = true;
    for (size_t i = 0; i < metrics; i++)
        can = can && can_flush(options->metric_handlers[i].flush != NULL, options->metric_handlers[i].flush_interval_s);
    for (size_t i = 0; i < logs; i++)
        can = can && can_flush(options->log_handlers[i].flush != NULL, options->log_handlers[i].flush_interval_s);
    for (size_t i = 0; i < options->alert_handler_count; i++)
        can = can && can_flush(options->alert_handlers[i].flush != NULL, options->alert_handlers[i].flush_interval_s);
    return can;
}

static afmon_status check_handlers(const afmon_options *options, afmon_error *error)
{
    size_t metrics = options->metric_handler_count == AFMON_DEFAULT_HANDLERS ? 0 : options->metric_handler_count;
    size_t logs = options->log_handler_count == AFMON_DEFAULT_HANDLERS ? 0 : options->log_handler_count;
    if ((metrics > 0 && options->metric_handlers == NULL) || (logs > 0 && options->log_handlers == NULL) ||
        (options->alert_handler_count > 0 && options->alert_handlers == NULL))
        return afmon_fail(error, AFMON_E_ARGUMENT, "a list of handlers is NULL though its count is not 0");
    for (size_t i = 0; i < metrics; i++)
        if (options->metric_handlers[i].handle == NULL)
            return afmon_fail(error, AFMON_E_ARGUMENT, "metric_handlers[%zu].handle is NULL", i);
    for (size_t i = 0; i < logs; i++)
        if (options->log_handlers[i].handle == NULL)
            return afmon_fail(error, AFMON_E_ARGUMENT, "log_handlers[%zu].handle is NULL", i);
    for (size_t i = 0; i < options->alert_handler_count; i++)
        if (options->alert_handlers[i].handle == NULL)
            return afmon_fail(error, AFMON_E_ARGUMENT, "alert_handlers[%zu].handle is NULL", i);
    if (!can_all_flush(options, metrics, logs))
        return afmon_fail(error, AFMON_E_ARGUMENT, "a handler has a flush: give it a flush_interval_s above 0");
    return AFMON_OK;
}

static afmon_status check_options(const afmon_options *options, afmon_error *error)
{
    if (options->metrics_interval_s != 0 &&
        !(options->metrics_interval_s >= 1 && is_duration(options->metrics_interval_s)))
        return afmon_fail(error, AFMON_E_ARGUMENT,
                          "metrics_interval_s is %g: give at least 1, or 0 for no periodic pass",
                          options->metrics_interval_s);
    if (!is_duration(options->shutdown_timeout_s))
        return afmon_fail(error, AFMON_E_ARGUMENT, "shutdown_timeout_s is %g: give 0 or more seconds",
                          options->shutdown_timeout_s);
    if (!is_duration(options->token_usage_interval_s))
        return afmon_fail(error, AFMON_E_ARGUMENT, "token_usage_interval_s is %g: give 0 or more seconds",
                          options->token_usage_interval_s);
    if (afmon_alert_limits_bad(&options->limits) != NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "limits.%s: give a number that is not negative",
                          afmon_alert_limits_bad(&options->limits));
    if (options->max_memory < MIB)
        return afmon_fail(error, AFMON_E_ARGUMENT, "max_memory is %zu bytes: give at least 1 MiB", options->max_memory);
    size_t ring = options->ring_bytes;
    if (ring < (16 << 10) || ring > 64 * MIB || (ring & (ring - 1)) != 0)
        return afmon_fail(error, AFMON_E_ARGUMENT, "ring_bytes is %zu: give a power of two from 16 KiB to 64 MiB",
                          ring);
    if (options->on_full != AFMON_FULL_WAIT && options->on_full != AFMON_FULL_DROP)
        return afmon_fail(error, AFMON_E_ARGUMENT, "on_full is %d: give AFMON_FULL_WAIT or AFMON_FULL_DROP",
                          (int)options->on_full);
    return check_handlers(options, error);
}

/* ---- copying ---- */

/* Copies a name, where there is one. False: no memory. */
static bool copy_name(const char **name)
{
    if (*name == NULL)
        return true;
    *name = strdup(*name);
    return *name != NULL;
}

static bool copy_metric_handlers(afmon_monitor *monitor, const afmon_options *options)
{
    monitor->metric_file = options->metric_handler_count == AFMON_DEFAULT_HANDLERS;
    if (monitor->metric_file || options->metric_handler_count == 0)
        return true;
    monitor->metric_handlers = calloc(options->metric_handler_count, sizeof *monitor->metric_handlers);
    for (size_t i = 0; monitor->metric_handlers != NULL && i < options->metric_handler_count; i++) {
        if (options->metric_handlers[i].handle == metric_file) {
            monitor->metric_file = true;
            continue;
        }
        afmon_metric_handler *copy = &monitor->metric_handlers[monitor->metric_handler_count];
        *copy = options->metric_handlers[i];
        if (!copy_name(&copy->name))
            return false;
        monitor->metric_handler_count++;
    }
    return monitor->metric_handlers != NULL;
}

static bool copy_log_handlers(afmon_monitor *monitor, const afmon_options *options)
{
    monitor->log_file = options->log_handler_count == AFMON_DEFAULT_HANDLERS;
    if (monitor->log_file || options->log_handler_count == 0)
        return true;
    monitor->log_handlers = calloc(options->log_handler_count, sizeof *monitor->log_handlers);
    for (size_t i = 0; monitor->log_handlers != NULL && i < options->log_handler_count; i++) {
        if (options->log_handlers[i].handle == log_file) {
            monitor->log_file = true;
            continue;
        }
        afmon_log_handler *copy = &monitor->log_handlers[monitor->log_handler_count];
        *copy = options->log_handlers[i];
        if (!copy_name(&copy->name))
            return false;
        monitor->log_handler_count++;
    }
    return monitor->log_handlers != NULL;
}

static bool copy_alert_handlers(afmon_monitor *monitor, const afmon_options *options)
{
    if (options->alert_handler_count == 0)
        return true;
    monitor->alert_handlers = calloc(options->alert_handler_count, sizeof *monitor->alert_handlers);
    for (size_t i = 0; monitor->alert_handlers != NULL && i < options->alert_handler_count; i++) {
        monitor->alert_handlers[i] = options->alert_handlers[i];
        if (!copy_name(&monitor->alert_handlers[i].name))
            return false;
        monitor->alert_handler_count++;
    }
    return monitor->alert_handlers != NULL;
}

static afmon_status copy_rules(afmon_monitor *monitor, const afmon_options *options, afmon_error *error)
{
    bool given = options->rule_count != AFMON_BUILT_IN_RULES;
    if (options->rules_file != NULL && given)
        return afmon_fail(error, AFMON_E_ARGUMENT, "give rules_file or rules, not both");
    if (options->rules_file != NULL)
        return afmon_rules_load(options->rules_file, &options->limits, &monitor->rules, error);
    if (!given)
        return afmon_rules_built_in(&options->limits, &monitor->rules, error);
    afmon_status status = afmon_rules_check(options->rules, options->rule_count, error);
    return status == AFMON_OK ? afmon_rules_copy(options->rules, options->rule_count, &monitor->rules, error) : status;
}

static bool copy_text(const char **copy, const char *text)
{
    *copy = text;
    return copy_name(copy);
}

static bool copy_texts(afmon_monitor *monitor, const afmon_options *options)
{
    afmon_options *own = &monitor->options;
    return copy_text(&own->token_usage.name, options->token_usage.name) &&
           copy_text(&own->prometheus_listen, options->prometheus_listen) &&
           copy_text(&own->prometheus_token_file, options->prometheus_token_file);
}

static int map_page(afmon_monitor *monitor)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return errno;
    monitor->page = page;
    return madvise(page, size, MADV_WIPEONFORK) == 0 ? afmon_family_map(&monitor->family_page) : errno;
}

afmon_status afmon_monitor_new(const afmon_options *options, afmon_monitor **out, afmon_error *error)
{
    *out = NULL;
    afmon_status status = check_options(options, error);
    if (status != AFMON_OK)
        return status;
    afmon_monitor *monitor = calloc(1, sizeof *monitor);
    if (monitor == NULL)
        return afmon_fail_memory(error);
    monitor->options = *options;
    /* What is copied is not the caller's any more, even where a copy fails. */
    monitor->options.token_usage.name = NULL;
    monitor->options.prometheus_listen = NULL;
    monitor->options.prometheus_token_file = NULL;
    monitor->options.rules_file = NULL;
    monitor->options.rules = NULL;
    if (!copy_metric_handlers(monitor, options) || !copy_log_handlers(monitor, options) ||
        !copy_alert_handlers(monitor, options) || !copy_texts(monitor, options)) {
        afmon_monitor_delete(monitor);
        return afmon_fail_memory(error);
    }
    status = copy_rules(monitor, options, error);
    if (status != AFMON_OK) {
        afmon_monitor_delete(monitor);
        return status;
    }
    int failure = map_page(monitor);
    if (failure != 0) {
        afmon_monitor_delete(monitor);
        return afmon_fail_os(error, failure, "cannot make the page that tells a forked child (Linux 4.14 or later)");
    }
    *out = monitor;
    return AFMON_OK;
}

static void free_handle(struct afmon_metric *handle)
{
    free(handle->name);
    free(handle->packed);
    free(handle->fields);
    free(handle);
}

static void free_handles(afmon_monitor *monitor)
{
    for (size_t i = 0; i < AFMON_HANDLE_BUCKETS; i++) {
        struct afmon_metric *handle = atomic_load_explicit(&monitor->handles[i], memory_order_acquire);
        while (handle != NULL) {
            struct afmon_metric *next = handle->next;
            free_handle(handle);
            handle = next;
        }
    }
}

void afmon_monitor_delete(afmon_monitor *monitor)
{
    free_handles(monitor);
    for (size_t i = 0; i < monitor->metric_handler_count; i++)
        free((char *)(uintptr_t)monitor->metric_handlers[i].name);
    for (size_t i = 0; i < monitor->log_handler_count; i++)
        free((char *)(uintptr_t)monitor->log_handlers[i].name);
    for (size_t i = 0; i < monitor->alert_handler_count; i++)
        free((char *)(uintptr_t)monitor->alert_handlers[i].name);
    free((char *)(uintptr_t)monitor->options.token_usage.name);
    free((char *)(uintptr_t)monitor->options.prometheus_listen);
    free((char *)(uintptr_t)monitor->options.prometheus_token_file);
    free(monitor->metric_handlers);
    free(monitor->log_handlers);
    free(monitor->alert_handlers);
    free(monitor->log_dir);
    afmon_rules_free(&monitor->rules);
    afmon_family_unmap(monitor->family_page);
    if (monitor->page != NULL)
        munmap(monitor->page, (size_t)sysconf(_SC_PAGESIZE));
    free(monitor);
}
