/* The alert rules that a run's own records name. */
#ifndef AFMON_MODEL_RULES_OF_LOG_H
#define AFMON_MODEL_RULES_OF_LOG_H

#include "model/run_log.h"

/* Those of the session that started last; afmon_rules_free them. rules->rules is NULL where none are known, or they
 * cannot be read. AFMON_OK or AFMON_E_NO_MEMORY. */
afmon_status afmon_rules_of_log(const struct afmon_run_log *log, afmon_rules *rules);

#endif
