/* The limit of what the run may cost: the ledger of this process, and what the log says of it. */
#ifndef AFMON_MONITOR_BUDGET_H
#define AFMON_MONITOR_BUDGET_H

#include "monitor/core.h"

/* Joins the ledger of the run folder, or begins it, where a limit was given or there is one. */
afmon_status afmon_core_open_budget(struct afmon_core *core, afmon_error *error);

/* Says in the log what the limit is, and what was spent before. */
void afmon_core_tell_budget(struct afmon_core *core);

/* A tracked call cost that much. */
void afmon_core_spend(afmon_monitor *monitor, double usd);

#endif
