/* The limit of what the run may cost: the ledger of this process, and what the log says of it. */
#ifndef AFMON_MONITOR_BUDGET_H
#define AFMON_MONITOR_BUDGET_H

#include "monitor/core.h"

/* Joins the ledger of the run folder, or begins it, where a limit was given or there is one. */
afmon_status afmon_core_open_budget(struct afmon_core *core, afmon_error *error);

/* What the ledger says, as fields of a line of the log; returns how many there are: 0 where there is nothing to say. */
#define AFMON_BUDGET_FIELDS 4
size_t afmon_core_budget_fields(const struct afmon_core *core, afmon_field fields[AFMON_BUDGET_FIELDS]);

#endif
