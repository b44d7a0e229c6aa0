/* The alert rules that a run's own records name. */
#ifndef AFMON_MODEL_RULES_OF_LOG_H
#define AFMON_MODEL_RULES_OF_LOG_H

#include "model/run_log.h"

/* Those of the session that started last; afmon_rules_free them. False: none are known, or they cannot be read. */
bool afmon_rules_of_log(const struct afmon_run_log *log, afmon_rules *rules);

#endif
