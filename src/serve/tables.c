/* What operations and models did lately. What they came to is in the summary. */
#include <stdlib.h>

#include "base/json_write.h"
#include "serve/picture.h"

#define ROWS_MAX 200
#define RATE_S 60.0 /* "lately" */

static void write_rate(struct afmon_json *json, const afmon_live_rate *rate, bool models)
{
    afmon_json_open(json, NULL, '{');
    afmon_json_name(json, models ? "model" : "operation", rate->name, rate->name_length);
    if (!models)
        afmon_json_name(json, "component", rate->component, rate->component_length);
    afmon_json_rounded(json, "per_s", rate->calls_per_s);
    afmon_json_rounded(json, "tokens_per_s", rate->total_tokens_per_s);
    afmon_json_close(json, '}');
}

static void write_rates(struct afmon_json *json, const char *key, const afmon_live_rate *rates, size_t count,
                        bool models)
{
    afmon_json_open(json, key, '[');
    for (size_t i = 0; i < count && i < ROWS_MAX; i++)
        write_rate(json, &rates[i], models);
    afmon_json_close(json, ']');
}

afmon_status afmon_picture_rates(afmon_live *live, struct afmon_json *json)
{
    size_t count;
    afmon_live_rate *rates = malloc(ROWS_MAX * sizeof *rates);
    if (rates == NULL)
        return AFMON_E_NO_MEMORY;
    afmon_status status = afmon_live_operations(live, RATE_S, rates, ROWS_MAX, &count);
    if (status == AFMON_OK) {
        write_rates(json, "operations_lately", rates, count, false);
        status = afmon_live_models(live, RATE_S, rates, ROWS_MAX, &count);
    }
    if (status == AFMON_OK)
        write_rates(json, "models_lately", rates, count, true);
    free(rates);
    return status;
}
