#include <afmon/afmon.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alerts/rules.h"
#include "base/file.h"
#include "base/status.h"
#include "monitor/about.h"
#include "monitor/family.h"
#include "monitor/progress.h"
#include "money/ledger.h"
#include "money/prices.h"

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

/* ---- checking ---- */

static bool is_duration(double seconds)
{
    return seconds >= 0 && isfinite(seconds);
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
    if (options->progress < AFMON_PROGRESS_NONE || options->progress > AFMON_PROGRESS_LINE)
        return afmon_fail(error, AFMON_E_ARGUMENT, "progress is %d: give one of AFMON_PROGRESS_*",
                          (int)options->progress);
    const afmon_number *limit = &options->max_cost_usd;
    if (limit->given && !(limit->value >= 0 && limit->value <= AFMON_LEDGER_USD_MAX))
        return afmon_fail(error, AFMON_E_ARGUMENT, "max_cost_usd is %g: give 0 to %.0f US dollars", limit->value,
                          AFMON_LEDGER_USD_MAX);
    afmon_status status = afmon_about_check(options, error);
    return status == AFMON_OK ? afmon_handlers_check(options, error) : status;
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

static bool count_handler(void *user, const struct afmon_handler *handler)
{
    (void)handler;
    ++*(size_t *)user;
    return true;
}

static bool copy_handler(void *user, const struct afmon_handler *handler)
{
    afmon_monitor *monitor = user;
    if (handler->built_in) {
        *(handler->kind == AFMON_HANDLER_METRIC ? &monitor->metric_file : &monitor->log_file) = true;
        return true;
    }
    struct afmon_handler *copy = &monitor->handlers[monitor->handler_count];
    *copy = *handler;
    if (!copy_name(&copy->name))
        return false;
    monitor->handler_count++;
    return true;
}

static bool copy_handlers(afmon_monitor *monitor, const afmon_options *options)
{
    size_t count = 0;
    monitor->metric_file = options->metric_handler_count == AFMON_DEFAULT_HANDLERS;
    monitor->log_file = options->log_handler_count == AFMON_DEFAULT_HANDLERS;
    afmon_handlers_each(options, count_handler, &count);
    monitor->handlers = calloc(count + 1, sizeof *monitor->handlers);
    return monitor->handlers != NULL && afmon_handlers_each(options, copy_handler, monitor);
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

static afmon_status check_progress(const afmon_monitor *monitor, afmon_error *error)
{
    if (monitor->options.progress == AFMON_PROGRESS_NONE || (monitor->metric_file && monitor->log_file))
        return AFMON_OK;
    return afmon_fail(error, AFMON_E_ARGUMENT,
                      "progress is read from the run's files: keep the built-in handlers of metrics and log");
}

static afmon_status read_prices(afmon_monitor *monitor, const afmon_options *options, afmon_error *error)
{
    if (options->prices_file != NULL && options->prices != NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "give prices_file or prices, not both");
    if (options->prices_file != NULL)
        return afmon_prices_read(options->prices_file, &monitor->prices, error);
    if (options->prices == NULL)
        return AFMON_OK;
    return afmon_prices_parse(options->prices, strlen(options->prices), "prices", &monitor->prices, error);
}

static bool copy_text(const char **copy, const char *text)
{
    *copy = text;
    return copy_name(copy);
}

static bool copy_texts(afmon_monitor *monitor, const afmon_options *options)
{
    afmon_options *own = &monitor->options;
    if (options->data_set != NULL && (own->data_set = afmon_path_absolute(options->data_set)) == NULL)
        return false;
    return copy_text(&own->prometheus_listen, options->prometheus_listen) &&
           copy_text(&own->prometheus_token_file, options->prometheus_token_file) && afmon_about_copy(own, options);
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
    monitor->options.prometheus_listen = NULL;
    monitor->options.prometheus_token_file = NULL;
    monitor->options.data_set = NULL;
    monitor->options.prices_file = monitor->options.prices = NULL;
    monitor->options.rules_file = NULL;
    monitor->options.rules = NULL;
    monitor->options.name = monitor->options.note = NULL;
    monitor->options.tags = NULL;
    monitor->options.tag_count = 0;
    if (!copy_handlers(monitor, options) || !copy_texts(monitor, options)) {
        afmon_monitor_delete(monitor);
        return afmon_fail_memory(error);
    }
    status = check_progress(monitor, error);
    if (status == AFMON_OK)
        status = copy_rules(monitor, options, error);
    if (status == AFMON_OK)
        status = read_prices(monitor, options, error);
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
    afmon_progress_thread_free(monitor->progress);
    for (size_t i = 0; i < monitor->handler_count; i++)
        free((char *)(uintptr_t)monitor->handlers[i].name);
    free(monitor->handlers);
    free((char *)(uintptr_t)monitor->options.prometheus_listen);
    free((char *)(uintptr_t)monitor->options.prometheus_token_file);
    afmon_about_free(&monitor->options);
    free((char *)(uintptr_t)monitor->options.data_set);
    free(monitor->log_dir);
    afmon_rules_free(&monitor->rules);
    afmon_prices_free(monitor->prices);
    afmon_family_unmap(monitor->family_page);
    if (monitor->page != NULL)
        munmap(monitor->page, (size_t)sysconf(_SC_PAGESIZE));
    free(monitor);
}
