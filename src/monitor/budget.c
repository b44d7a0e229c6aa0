#include "monitor/budget.h"

#include <math.h>
#include <string.h>

#include "base/status.h"
#include "money/ledger.h"
#include "money/prices.h"

/* ---- The log ---- */

/* Each once in a process: a limit that is reached refuses many. */
static void tell_refusal(struct afmon_core *core, const afmon_error *error)
{
    if (error->status == AFMON_OK || error->status == AFMON_E_BUSY || error->status == AFMON_E_UNPRICED)
        return;
    bool limit = error->status == AFMON_E_LIMIT;
    afmon_field fields[AFMON_BUDGET_FIELDS];
    if (atomic_exchange(limit ? &core->told_limit : &core->told_ledger, true))
        return;
    if (limit)
        afmon_core_log(core, AFMON_WARNING, "The run has reached its limit: no call begins any more", fields,
                       afmon_core_budget_fields(core, fields));
    else
        afmon_core_log(core, AFMON_ERROR, "The ledger of what the run may spend cannot be used",
                       (afmon_field[]){afmon_string("error", error->message)}, 1);
}

/* ---- Reserving ---- */

static afmon_status worst_of(const afmon_monitor *monitor, const afmon_call_bound *bound, double *usd,
                             afmon_error *error)
{
    const char *name = bound->model_name != NULL ? bound->model_name : "";
    const struct afmon_model_price *price =
        monitor->prices != NULL ? afmon_prices_find(monitor->prices, name, strlen(name)) : NULL;
    if (price == NULL || !afmon_price_worst(price, bound->prompt_tokens, bound->completion_tokens, usd))
        return afmon_fail(error, AFMON_E_UNPRICED,
                          "a call of %s could cost anything: it has no price for input and output; give one (prices)",
                          name[0] != '\0' ? name : "a model without a name");
    if (!(bound->completion_tokens > 0) || !(bound->prompt_tokens >= 0))
        return afmon_fail(error, AFMON_E_UNPRICED,
                          "a call of %s could cost anything: nothing bounds its tokens; give the longest answer "
                          "(max_tokens)",
                          name);
    return AFMON_OK;
}

afmon_status afmon_reserve(afmon_monitor *monitor, const afmon_call_bound *bound, afmon_reservation *reservation,
                           afmon_error *error)
{
    if (monitor == NULL || bound == NULL || reservation == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "reserve: give a monitor, a bound and a place");
    *reservation = (afmon_reservation){0};
    afmon_status status;
    struct afmon_core *core = afmon_core_here(monitor, &status);
    if (core == NULL)
        return afmon_fail(error, status, "%s", monitor->birth_error.message);
    if (core->ledger == NULL)
        return AFMON_OK;
    double usd;
    afmon_error reason = {0};
    status = worst_of(monitor, bound, &usd, &reason);
    if (status == AFMON_OK)
        status = afmon_ledger_reserve(core->ledger, usd, reservation, &reason);
    tell_refusal(core, &reason);
    return status == AFMON_OK ? status : afmon_fail(error, status, "%s", reason.message);
}

/* ---- Settling ---- */

static double tokens_of(afmon_number number)
{
    return number.given ? number.value : (double)NAN;
}

static bool cost_at(const afmon_monitor *monitor, const char *model, const afmon_usage *usage, double *usd)
{
    const struct afmon_tokens_used used = {.prompt = tokens_of(usage->prompt),
                                           .completion = tokens_of(usage->completion),
                                           .cached = tokens_of(usage->cached),
                                           .cache_write = tokens_of(usage->cache_write),
                                           .reasoning = tokens_of(usage->reasoning)};
    const struct afmon_model_price *price =
        monitor->prices != NULL && model != NULL ? afmon_prices_find(monitor->prices, model, strlen(model)) : NULL;
    return usage->prompt.given && usage->completion.given && price != NULL && afmon_price_cost(price, &used, usd);
}

/* More than was reserved: the bound was none. */
static void tell_over(struct afmon_core *core, const char *model, const afmon_reservation *reserved, double usd)
{
    double worst = (double)reserved->picodollars / 1e12;
    if (usd > worst + 1e-12)
        afmon_core_log(core, AFMON_WARNING, "A call cost more than the worst case that was reserved for it",
                       (afmon_field[]){afmon_string("model_name", model), afmon_double("reserved_usd", worst),
                                       afmon_double("cost_usd", usd)},
                       3);
}

/* NULL: nothing is reserved here. */
static struct afmon_core *core_of(afmon_monitor *monitor, const afmon_reservation *reservation)
{
    afmon_status status;
    if (monitor == NULL || reservation == NULL || reservation->owner == 0)
        return NULL;
    struct afmon_core *core = afmon_core_here(monitor, &status);
    return core != NULL && core->ledger != NULL ? core : NULL;
}

void afmon_settle(afmon_monitor *monitor, afmon_reservation *reservation, const char *model_name,
                  const char *asked_model_name, const afmon_usage *usage)
{
    struct afmon_core *core = core_of(monitor, reservation);
    double usd;
    if (core == NULL)
        return;
    if (usage->cost_usd.given && usage->cost_usd.value >= 0)
        usd = usage->cost_usd.value;
    else if (!cost_at(monitor, model_name, usage, &usd) && !cost_at(monitor, asked_model_name, usage, &usd)) {
        afmon_settle_unknown(monitor, reservation);
        return;
    }
    afmon_error error = {0};
    tell_over(core, model_name != NULL ? model_name : asked_model_name, reservation, usd);
    (void)afmon_ledger_settle(core->ledger, reservation, usd, &error);
    tell_refusal(core, &error);
}

void afmon_settle_unused(afmon_monitor *monitor, afmon_reservation *reservation)
{
    struct afmon_core *core = core_of(monitor, reservation);
    afmon_error error = {0};
    if (core == NULL)
        return;
    (void)afmon_ledger_release(core->ledger, reservation, &error);
    tell_refusal(core, &error);
}

void afmon_settle_unknown(afmon_monitor *monitor, afmon_reservation *reservation)
{
    struct afmon_core *core = core_of(monitor, reservation);
    afmon_error error = {0};
    if (core == NULL)
        return;
    (void)afmon_ledger_lose(core->ledger, reservation, &error);
    tell_refusal(core, &error);
}

/* ---- Without reserving ---- */

bool afmon_may_spend(afmon_monitor *monitor, double usd)
{
    afmon_status status;
    afmon_error error = {0};
    struct afmon_core *core = monitor != NULL ? afmon_core_here(monitor, &status) : NULL;
    if (core == NULL)
        return false;
    if (core->ledger == NULL)
        return true;
    status = afmon_ledger_may_spend(core->ledger, usd, &error);
    if (status != AFMON_E_LIMIT || !(usd > 0)) /* one call that is too dear is no end */
        tell_refusal(core, &error);
    return status == AFMON_OK;
}

bool afmon_monitor_budget(afmon_monitor *monitor, afmon_budget *budget)
{
    afmon_status status;
    struct afmon_core *core = monitor != NULL && budget != NULL ? afmon_core_here(monitor, &status) : NULL;
    return core != NULL && core->ledger != NULL && afmon_ledger_totals(core->ledger, budget, NULL) == AFMON_OK;
}
