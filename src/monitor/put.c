/* Recording: what runs in the generator's threads. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/fields.h"
#include "ingest/threads.h"
#include "money/ledger.h"
#include "money/prices.h"
#include "monitor/core.h"

#define MEASURE_EVERY 1024 /* of so many calls of a thread one is measured */

/* The calling thread's producer, active, made where there is none. NULL: *status says why. */
static struct afmon_producer *enter_slowly(afmon_monitor *monitor, afmon_status *status)
{
    struct afmon_core *core = afmon_core_here(monitor, status);
    if (core == NULL || *status != AFMON_OK)
        return NULL;
    struct afmon_producer *producer;
    while ((producer = afmon_hub_enter(&monitor->page->process)) == NULL) { /* again where the session changes */
        if (atomic_load_explicit(&monitor->page->process.serial, memory_order_acquire) == 0) {
            *status = AFMON_E_CLOSED; /* it drains what was recorded before: no new ring */
            return NULL;
        }
        *status = afmon_hub_attach(&core->hub);
        if (*status != AFMON_OK)
            return NULL;
    }
    return producer;
}

static void measure(struct afmon_producer *producer, int64_t began)
{
    if (++producer->calls % MEASURE_EVERY != 0)
        return;
    afmon_count(&producer->counts.cost_ns, (uint64_t)(afmon_boot_ns() - began));
    afmon_count(&producer->counts.cost_calls, 1);
}

static afmon_status put_draft(struct afmon_producer *producer, const struct afmon_draft *draft, int64_t now)
{
    afmon_status status = AFMON_OK;
    if (draft->length == 0) {
        afmon_count(&producer->counts.dropped_too_big, 1);
        return AFMON_E_TOO_BIG;
    }
    if (draft->length > producer->ring.capacity / 4) {
        status = afmon_producer_put_large(producer, draft, now);
    } else {
        unsigned char *at = afmon_producer_reserve(producer, draft->length, &status);
        if (at != NULL) {
            afmon_draft_write(draft, at, now);
            status = afmon_producer_commit(producer, draft->length);
        }
    }
    if (status == AFMON_OK) {
        afmon_count(&producer->counts.samples, draft->samples);
        afmon_count(&producer->counts.logs, draft->logs);
    }
    return status;
}

afmon_status afmon_monitor_put(afmon_monitor *monitor, const struct afmon_draft *draft)
{
    if (draft->bad)
        return AFMON_E_ARGUMENT;
    afmon_status status = AFMON_OK;
    struct afmon_producer *producer = afmon_hub_enter(&monitor->page->process);
    if (__builtin_expect(producer == NULL, 0)) {
        producer = enter_slowly(monitor, &status);
        if (producer == NULL) {
            if (status == AFMON_E_CLOSED)
                atomic_fetch_add_explicit(&monitor->refused_closed, 1, memory_order_relaxed);
            return status;
        }
    }
    int64_t now = afmon_boot_ns();
    status = put_draft(producer, draft, now);
    measure(producer, now);
    afmon_producer_leave(producer, status);
    return status;
}

afmon_status afmon_record_metric_n(afmon_monitor *monitor, const char *name, size_t name_length, double value,
                                   const afmon_field *fields, size_t count)
{
    if (monitor == NULL || name == NULL || (fields == NULL && count > 0))
        return AFMON_E_ARGUMENT;
    struct afmon_draft draft;
    afmon_draft_metric(&draft, name, name_length, value, fields, count);
    return afmon_monitor_put(monitor, &draft);
}

afmon_status afmon_record_metric(afmon_monitor *monitor, const char *name, double value, const afmon_field *fields,
                                 size_t count)
{
    return name == NULL ? AFMON_E_ARGUMENT : afmon_record_metric_n(monitor, name, strlen(name), value, fields, count);
}

static double tokens_of(afmon_number number)
{
    return number.given ? number.value : (double)NAN;
}

/* Not given: the model has no price, or what it used is not known. */
static afmon_number cost_of(const struct afmon_prices *prices, const char *model, const struct afmon_tokens_used *used)
{
    const struct afmon_model_price *price = afmon_prices_find(prices, model, strlen(model));
    afmon_number cost = {0};
    cost.given = price != NULL && afmon_price_cost(price, used, &cost.value);
    return cost;
}

static afmon_status put_generation(afmon_monitor *monitor, const afmon_generation *generation)
{
    struct afmon_draft draft;
    afmon_draft_generation(&draft, generation);
    return afmon_monitor_put(monitor, &draft);
}

/* Before it is recorded: what was spent is never told later than it could be. */
static void count_cost(afmon_monitor *monitor, bool settled, const afmon_number *cost)
{
    afmon_status status;
    afmon_error error;
    if (!monitor->has_budget || settled || !cost->given)
        return;
    struct afmon_core *core = afmon_core_here(monitor, &status);
    if (core != NULL && core->ledger != NULL && afmon_ledger_spend(core->ledger, cost->value, &error) != AFMON_OK)
        afmon_core_set_error(core, &error);
}

/* Apart, so that a call without prices does not make room for a copy of itself. */
__attribute__((noinline)) static afmon_status put_priced(afmon_monitor *monitor, const afmon_generation *generation)
{
    const struct afmon_tokens_used used = {.prompt = tokens_of(generation->prompt_token_count),
                                           .completion = tokens_of(generation->completion_token_count),
                                           .cached = tokens_of(generation->cached_token_count),
                                           .cache_write = tokens_of(generation->cache_write_token_count),
                                           .reasoning = tokens_of(generation->reasoning_token_count)};
    afmon_generation priced = *generation;
    if (!priced.cost_usd.given && monitor->prices != NULL && generation->model_name != NULL)
        priced.cost_usd = cost_of(monitor->prices, generation->model_name, &used);
    count_cost(monitor, generation->settled, &priced.cost_usd);
    return put_generation(monitor, &priced);
}

afmon_status afmon_track_generation(afmon_monitor *monitor, const afmon_generation *generation)
{
    if (monitor == NULL || generation == NULL || (generation->fields == NULL && generation->field_count > 0))
        return AFMON_E_ARGUMENT;
    if (monitor->prices != NULL || monitor->has_budget)
        return put_priced(monitor, generation);
    return put_generation(monitor, generation);
}

static afmon_status put_evaluation(afmon_monitor *monitor, const afmon_evaluation *evaluation)
{
    struct afmon_draft draft;
    afmon_draft_evaluation(&draft, evaluation);
    return afmon_monitor_put(monitor, &draft);
}

__attribute__((noinline)) static afmon_status put_priced_evaluation(afmon_monitor *monitor,
                                                                    const afmon_evaluation *evaluation)
{
    const struct afmon_tokens_used used = {.prompt = tokens_of(evaluation->prompt_token_count),
                                           .completion = tokens_of(evaluation->completion_token_count),
                                           .cached = (double)NAN,
                                           .cache_write = (double)NAN,
                                           .reasoning = (double)NAN};
    afmon_evaluation priced = *evaluation;
    if (!priced.cost_usd.given && monitor->prices != NULL && evaluation->model_name != NULL)
        priced.cost_usd = cost_of(monitor->prices, evaluation->model_name, &used);
    count_cost(monitor, evaluation->settled, &priced.cost_usd);
    return put_evaluation(monitor, &priced);
}

afmon_status afmon_track_evaluation(afmon_monitor *monitor, const afmon_evaluation *evaluation)
{
    if (monitor == NULL || evaluation == NULL || (evaluation->fields == NULL && evaluation->field_count > 0) ||
        (evaluation->scores == NULL && evaluation->score_count > 0))
        return AFMON_E_ARGUMENT;
    if (monitor->prices != NULL || monitor->has_budget)
        return put_priced_evaluation(monitor, evaluation);
    return put_evaluation(monitor, evaluation);
}

static afmon_status put_log(afmon_monitor *monitor, afmon_level level, bool file_only, const char *message,
                            const afmon_field *fields, size_t count)
{
    if (monitor == NULL || message == NULL || (fields == NULL && count > 0))
        return AFMON_E_ARGUMENT;
    struct afmon_draft draft;
    afmon_draft_log(&draft, level, message, strlen(message), fields, count);
    draft.as.log.file_only = file_only;
    return afmon_monitor_put(monitor, &draft);
}

afmon_status afmon_log_info(afmon_monitor *monitor, const char *message, const afmon_field *fields, size_t count)
{
    return put_log(monitor, AFMON_INFO, false, message, fields, count);
}

afmon_status afmon_log_warning(afmon_monitor *monitor, const char *message, const afmon_field *fields, size_t count)
{
    return put_log(monitor, AFMON_WARNING, false, message, fields, count);
}

afmon_status afmon_log_error(afmon_monitor *monitor, const char *message, const afmon_field *fields, size_t count)
{
    return put_log(monitor, AFMON_ERROR, false, message, fields, count);
}

/* News of a broken ring may be the first record that meets the thread's own broken ring: it goes into the next one.
 * What cannot be said is counted as dropped. */
static void say(struct afmon_core *core, afmon_level level, bool file_only, const char *message,
                const afmon_field *fields, size_t count)
{
    if (put_log(core->monitor, level, file_only, message, fields, count) == AFMON_E_UNWRITABLE)
        (void)put_log(core->monitor, level, file_only, message, fields, count);
}

void afmon_core_log(struct afmon_core *core, afmon_level level, const char *message, const afmon_field *fields,
                    size_t count)
{
    say(core, level, false, message, fields, count);
}

void afmon_core_log_to_file(struct afmon_core *core, afmon_level level, const char *message, const afmon_field *fields,
                            size_t count)
{
    say(core, level, true, message, fields, count);
}

/* The handle belongs to no core yet, or to the parent's; or its thread has not recorded here before. */
static afmon_status record_slowly(afmon_metric *metric, double value)
{
    afmon_status status = afmon_handle_bind(metric);
    struct afmon_draft draft;
    if (status != AFMON_OK && status != AFMON_E_UNWRITABLE && status != AFMON_E_NO_MEMORY && status != AFMON_E_CLOSED)
        return status;
    /* With its name and metadata, for this once: the way that needs nothing but a ring, and counts what it refuses. */
    afmon_draft_metric(&draft, metric->name, metric->name_length, value, metric->fields, metric->field_count);
    return afmon_monitor_put(metric->monitor, &draft);
}

afmon_status afmon_record(afmon_metric *metric, double value)
{
    if (__builtin_expect(metric == NULL, 0))
        return AFMON_E_ARGUMENT;
    struct afmon_producer *producer = afmon_hub_enter(metric->page);
    if (__builtin_expect(producer == NULL, 0))
        return record_slowly(metric, value);
    if (__builtin_expect(atomic_load_explicit(&metric->serial, memory_order_acquire) != producer->serial, 0)) {
        afmon_hub_leave(producer);
        return record_slowly(metric, value);
    }
    afmon_status status = AFMON_OK;
    int64_t now = afmon_boot_ns();
    unsigned char *at = afmon_producer_reserve(producer, sizeof(struct afmon_record_sample), &status);
    if (__builtin_expect(at != NULL, 1)) {
        struct afmon_record_sample *record = (void *)at; /* made in its place, as in record.c */
        *record = (struct afmon_record_sample){
            .head = {.length = sizeof *record, .kind = AFMON_RECORD_SAMPLE, .boot_ns = now},
            .value = value,
            .definition = atomic_load_explicit(&metric->definition, memory_order_relaxed),
            .seal = afmon_seal_of(now)};
        status = afmon_producer_commit(producer, sizeof *record);
        if (__builtin_expect(status == AFMON_OK, 1))
            afmon_count(&producer->counts.samples, 1);
    }
    measure(producer, now);
    afmon_producer_leave(producer, status);
    return status;
}
