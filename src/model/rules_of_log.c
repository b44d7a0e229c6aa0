#include "model/rules_of_log.h"

#include "alerts/rules_json.h"

afmon_status afmon_rules_of_log(const struct afmon_run_log *log, afmon_rules *rules)
{
    *rules = (afmon_rules){0};
    if (log->rules == NULL)
        return AFMON_OK;
    afmon_status status = afmon_rules_read_json(log->rules, log->rules_length, rules, NULL);
    return status == AFMON_E_NO_MEMORY ? status : AFMON_OK;
}
