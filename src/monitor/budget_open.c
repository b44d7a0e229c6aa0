/* The ledger of this process, and what stands in it: for the core, which is made with it. */
#include <math.h>

#include "base/status.h"
#include "monitor/budget.h"
#include "money/ledger.h"

afmon_status afmon_core_open_budget(struct afmon_core *core, afmon_error *error)
{
    afmon_monitor *monitor = core->monitor;
    const afmon_number *limit = &monitor->options.max_cost_usd;
    /* A child goes on with the limit that the run has by now. */
    double usd = limit->given && !core->is_child ? limit->value : (double)NAN;
    afmon_status status = afmon_ledger_open(monitor->log_dir, usd, &core->ledger, error);
    if (status == AFMON_OK && !core->is_child)
        monitor->has_budget = core->ledger != NULL;
    if (status == AFMON_OK && monitor->has_budget && core->ledger == NULL)
        return afmon_fail(error, AFMON_E_FORMAT, "the ledger of the run folder %s was removed", monitor->log_dir);
    return status;
}

size_t afmon_core_budget_fields(const struct afmon_core *core, afmon_field fields[AFMON_BUDGET_FIELDS])
{
    afmon_budget budget;
    if (core->ledger == NULL || afmon_ledger_totals(core->ledger, &budget, NULL) != AFMON_OK)
        return 0;
    fields[0] = afmon_double("limit_usd", budget.limit_usd);
    fields[1] = afmon_double("spent_usd", budget.spent_usd);
    fields[2] = afmon_double("reserved_usd", budget.reserved_usd);
    fields[3] = afmon_double("uncertain_usd", budget.uncertain_usd);
    return AFMON_BUDGET_FIELDS;
}
