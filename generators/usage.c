#include "usage.h"

#include "base/usage_json.h"

afmon_usage gen_usage_read(const json_t *answer)
{
    afmon_usage usage;
    (void)afmon_usage_find(&afmon_usage_json, answer, &usage);
    usage.total = afmon_usage_total(&usage);
    return usage;
}
