#include "model/rules_of_log.h"

#include "alerts/rules_json.h"

bool afmon_rules_of_log(const struct afmon_run_log *log, afmon_rules *rules)
{
    *rules = (afmon_rules){0};
    if (log->rules == NULL)
        return false;
    return afmon_rules_read_json(log->rules, log->rules_length, rules, NULL) == AFMON_OK;
}
