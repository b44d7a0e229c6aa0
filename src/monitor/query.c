/* Asking a live monitor. */
#include <stdlib.h>
#include <string.h>

#include "alerts/judge.h"
#include "base/clock.h"
#include "base/status.h"
#include "monitor/dispatches.h"
#include "monitor/family.h"
#include "store/view.h"

#define OWN_RECORDS_NS AFMON_NS_PER_S /* so long at most a query waits for its own thread's records */

/* The core, after what this thread recorded is in the store. NULL: *status says why. */
static struct afmon_core *core_for_query(afmon_monitor *monitor, afmon_status *status)
{
    struct afmon_core *core = afmon_core_here(monitor, status);
    if (core != NULL && *status == AFMON_OK && afmon_hub_thread_is_behind(&monitor->page->process))
        (void)afmon_core_pass(core, afmon_boot_ns() + OWN_RECORDS_NS);
    if (*status == AFMON_E_CLOSED)
        *status = AFMON_OK; /* what was recorded can still be asked for */
    return core;
}

/* Microseconds of a window; 0 where it is none. */
static int64_t window_us(double window_s)
{
    if (!(window_s > 0))
        return 0;
    int64_t ns = afmon_seconds_to_ns(window_s);
    return ns == INT64_MAX ? INT64_MAX : (ns + 999) / 1000;
}

static afmon_status get_filtered(struct afmon_core *core, const char *name, int64_t window,
                                 const struct afmon_filter *filter, afmon_aggregate *aggregate)
{
    static const double standard[] = {0.5, 0.9, 0.99};
    double values[3] = {0};
    afmon_status status = afmon_store_filtered(afmon_family_store(core), name, strlen(name), afmon_core_steady_us(core),
                                               window, filter, standard, 3, aggregate, values);
    aggregate->p50 = values[0];
    aggregate->p90 = values[1];
    aggregate->p99 = values[2];
    return status;
}

afmon_status afmon_get_metrics_where(afmon_monitor *monitor, const char *name, double window_s,
                                     const afmon_field *where, size_t count, afmon_aggregate *aggregate)
{
    int64_t window = window_us(window_s);
    if (monitor == NULL || name == NULL || (where == NULL && count > 0) || aggregate == NULL || window == 0)
        return AFMON_E_ARGUMENT;
    memset(aggregate, 0, sizeof *aggregate);
    afmon_status status;
    struct afmon_core *core = core_for_query(monitor, &status);
    if (core == NULL)
        return status;
    if (count == 0)
        return afmon_store_aggregate(afmon_family_store(core), name, strlen(name), afmon_core_steady_us(core), window,
                                     true, aggregate);
    const afmon_alert_rule rule = {.where = where, .where_count = count};
    const struct afmon_filter filter = {.wants = afmon_rule_wants_set, .user = (void *)(uintptr_t)&rule};
    return get_filtered(core, name, window, &filter, aggregate);
}

afmon_status afmon_get_metrics(afmon_monitor *monitor, const char *name, double window_s, afmon_aggregate *aggregate)
{
    return afmon_get_metrics_where(monitor, name, window_s, NULL, 0, aggregate);
}

afmon_status afmon_get_quantiles(afmon_monitor *monitor, const char *name, double window_s, const double *q,
                                 size_t count, double *values)
{
    if (monitor == NULL || name == NULL || ((q == NULL || values == NULL) && count > 0) || window_us(window_s) == 0)
        return AFMON_E_ARGUMENT;
    for (size_t i = 0; i < count; i++)
        if (!(q[i] >= 0 && q[i] <= 1))
            return AFMON_E_ARGUMENT;
    afmon_status status;
    struct afmon_core *core = core_for_query(monitor, &status);
    if (core == NULL)
        return status;
    return afmon_store_quantiles(afmon_family_store(core), name, strlen(name), afmon_core_steady_us(core),
                                 window_us(window_s), q, count, values);
}

afmon_status afmon_get_total_token_usage(afmon_monitor *monitor, double window_s, afmon_token_usage *usage)
{
    if (monitor == NULL || usage == NULL || window_us(window_s) == 0)
        return AFMON_E_ARGUMENT;
    memset(usage, 0, sizeof *usage);
    afmon_status status;
    struct afmon_core *core = core_for_query(monitor, &status);
    if (core == NULL)
        return status;
    return afmon_store_token_usage(afmon_family_store(core), afmon_core_steady_us(core), window_us(window_s), usage);
}

afmon_status afmon_check_alerts(afmon_monitor *monitor, afmon_alert *alerts, size_t capacity, size_t *count)
{
    if (monitor == NULL || (alerts == NULL && capacity > 0))
        return AFMON_E_ARGUMENT;
    afmon_status status;
    struct afmon_core *core = core_for_query(monitor, &status);
    if (core == NULL)
        return status;
    size_t firing = afmon_core_check_alerts(core, alerts, capacity);
    if (count != NULL)
        *count = firing;
    return AFMON_OK;
}

/* The part of the metrics file that this core wrote. */
static size_t own_source(struct afmon_core *core, struct afmon_source *source)
{
    const struct afmon_file_place place = afmon_core_place(core, &core->metrics_place);
    *source = (struct afmon_source){.path = place.path, .begin = place.begin, .end = INT64_MAX};
    return place.path == NULL ? 0 : 1;
}

/* Where the view finds what this core's own alert passes were. Without memory for it they are replayed. */
static void tell_of_log(struct afmon_core *core, afmon_view *view)
{
    const struct afmon_file_place place = afmon_core_place(core, &core->log_place);
    struct afmon_view_extra extra = {.log_begin = place.begin};
    extra.has_budget = afmon_monitor_budget(core->monitor, &extra.budget);
    if (place.path != NULL)
        extra.log_path = strdup(place.path);
    extra.living = core->has_session ? malloc(sizeof *extra.living) : NULL;
    if (extra.living != NULL)
        extra.living[extra.living_count++] = core->session.serial;
    afmon_view_set_extra(view, &extra);
}

afmon_status afmon_monitor_view(afmon_monitor *monitor, afmon_view **view, afmon_error *error)
{
    if (monitor == NULL || view == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "view: give a monitor and a place for the view");
    *view = NULL;
    afmon_status status;
    struct afmon_core *core = core_for_query(monitor, &status);
    if (core == NULL)
        return afmon_fail(error, status, "%s", monitor->birth_error.message);
    struct afmon_source source;
    size_t sources = own_source(core, &source);
    status = afmon_view_new(core->store, sources > 0 ? &source : NULL, sources, view, error);
    if (status == AFMON_OK)
        tell_of_log(core, *view);
    return status;
}
