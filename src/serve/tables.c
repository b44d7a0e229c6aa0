/* Alerts, operations, models, errors: what a run came to, by name. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "serve/json.h"
#include "serve/picture.h"

#define ROWS_MAX 200
#define ALERTS_MAX 100
#define RATE_S 60.0 /* "lately" */

static void write_alert(struct afmon_json *json, const afmon_live_alert *alert)
{
    afmon_json_open(json, NULL, '{');
    afmon_json_string(json, "name", alert->name);
    afmon_json_string(json, "level", afmon_level_name(alert->level));
    afmon_json_string(json, "message", alert->message);
    afmon_json_string(json, "state", alert->firing ? "firing" : "resolved");
    afmon_json_time(json, "first_ms", alert->first_ns);
    afmon_json_time(json, "last_ms", alert->last_ns);
    afmon_json_time(json, "resolved_ms", alert->resolved_ns);
    afmon_json_int(json, "passes_held", (int64_t)alert->passes);
    afmon_json_bool(json, "judged", alert->judged);
    afmon_json_close(json, '}');
}

afmon_status afmon_picture_alerts(afmon_live *live, struct afmon_json *json)
{
    size_t count;
    afmon_live_alert *alerts = malloc(ALERTS_MAX * sizeof *alerts);
    if (alerts == NULL)
        return AFMON_E_NO_MEMORY;
    afmon_status status = afmon_live_alerts(live, alerts, ALERTS_MAX, &count);
    if (status == AFMON_OK) {
        afmon_json_open(json, "alerts", '[');
        for (size_t i = 0; i < count && i < ALERTS_MAX; i++)
            write_alert(json, &alerts[i]);
        afmon_json_close(json, ']');
    }
    free(alerts);
    return status;
}

static void write_operation(struct afmon_json *json, const afmon_live_rate *rate)
{
    afmon_json_open(json, NULL, '{');
    afmon_json_name(json, "operation", rate->name, rate->name_length);
    afmon_json_name(json, "component", rate->component, rate->component_length);
    afmon_json_int(json, "count", (int64_t)rate->calls);
    afmon_json_int(json, "failures", (int64_t)rate->failures);
    afmon_json_rounded(json, "mean_s", rate->calls > 0 ? rate->mean_s : (double)NAN);
    afmon_json_rounded(json, "p50_s", rate->calls > 0 ? rate->p50_s : (double)NAN);
    afmon_json_rounded(json, "p95_s", rate->calls > 0 ? rate->p95_s : (double)NAN);
    afmon_json_rounded(json, "per_s", rate->calls_per_s);
    afmon_json_close(json, '}');
}

static void write_operations(struct afmon_json *json, const afmon_live_rate *rates, size_t count)
{
    afmon_json_open(json, "operations", '[');
    for (size_t i = 0; i < count; i++)
        write_operation(json, &rates[i]);
    afmon_json_close(json, ']');
}

static double rate_of(const afmon_live_rate *rates, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(name) == rates[i].name_length && memcmp(name, rates[i].name, rates[i].name_length) == 0)
            return rates[i].total_tokens_per_s;
    return 0;
}

static void write_models(struct afmon_json *json, const afmon_run_summary *summary, const afmon_live_rate *rates,
                         size_t count)
{
    afmon_json_open(json, "tokens", '{');
    afmon_json_count(json, "prompt", summary->prompt_tokens);
    afmon_json_count(json, "completion", summary->completion_tokens);
    afmon_json_count(json, "total", summary->total_tokens);
    afmon_json_close(json, '}');
    afmon_json_open(json, "models", '[');
    for (size_t i = 0; i < summary->model_count && i < ROWS_MAX; i++) {
        const afmon_model_summary *model = &summary->models[i];
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "model", model->model_name);
        afmon_json_count(json, "calls", model->calls);
        afmon_json_count(json, "prompt", model->prompt_tokens);
        afmon_json_count(json, "completion", model->completion_tokens);
        afmon_json_count(json, "total", model->total_tokens);
        afmon_json_rounded(json, "tokens_per_s", rate_of(rates, count, model->model_name));
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
}

static void write_count(struct afmon_json *json, const char *name, uint64_t count)
{
    afmon_json_open(json, NULL, '{');
    afmon_json_string(json, "name", name);
    afmon_json_int(json, "count", (int64_t)count);
    afmon_json_close(json, '}');
}

static void write_errors(struct afmon_json *json, const afmon_run_summary *summary)
{
    afmon_json_open(json, "errors", '[');
    for (size_t i = 0; i < summary->error_count && i < ROWS_MAX; i++) {
        const afmon_error_summary *error = &summary->errors[i];
        write_count(json, error->error_type, error->generations + error->evaluations + error->retries);
    }
    afmon_json_close(json, ']');
    afmon_json_open(json, "finish_reasons", '[');
    for (size_t i = 0; i < summary->finish_count && i < ROWS_MAX; i++)
        write_count(json, summary->finishes[i].reason, summary->finishes[i].count);
    afmon_json_close(json, ']');
}

afmon_status afmon_picture_tables(afmon_live *live, const afmon_run_summary *summary, struct afmon_json *json)
{
    size_t count;
    afmon_live_rate *rates = malloc(ROWS_MAX * sizeof *rates);
    if (rates == NULL)
        return AFMON_E_NO_MEMORY;
    afmon_status status = afmon_live_operations(live, RATE_S, rates, ROWS_MAX, &count);
    if (status == AFMON_OK) {
        write_operations(json, rates, count < ROWS_MAX ? count : ROWS_MAX);
        status = afmon_live_models(live, RATE_S, rates, ROWS_MAX, &count);
    }
    if (status == AFMON_OK) {
        write_models(json, summary, rates, count < ROWS_MAX ? count : ROWS_MAX);
        write_errors(json, summary);
    }
    free(rates);
    return status;
}
