/* A frame for scripts. */
#include <math.h>
#include <string.h>

#include "cli/run.h"
#include "cli/watch.h"

static json_t *rates_json(const afmon_live_rate *rates, size_t count, bool models)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const afmon_live_rate *r = &rates[i];
        json_t *row =
            json_pack("{so sI so so so so}", "name", cli_json_string(r->name, r->name_length), "calls",
                      (json_int_t)r->calls, "calls_per_s", cli_json_number(r->calls_per_s), "prompt_tokens",
                      cli_json_number(r->prompt_tokens), "completion_tokens", cli_json_number(r->completion_tokens),
                      "total_tokens", cli_json_number(r->total_tokens));
        json_t *more =
            models ? json_pack("{so so}", "prompt_tokens_per_s", cli_json_number(r->prompt_tokens_per_s),
                               "completion_tokens_per_s", cli_json_number(r->completion_tokens_per_s))
                   : json_pack("{so sI so so so}", "component", cli_json_string(r->component, r->component_length),
                               "failures", (json_int_t)r->failures, "mean_s", cli_json_number(r->mean_s), "p50_s",
                               cli_json_number(r->p50_s), "p95_s", cli_json_number(r->p95_s));
        json_object_update(row, more);
        json_decref(more);
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *log_json(const watch_figures *f)
{
    enum { SHOWN = 20 };
    json_t *list = json_array();
    for (size_t i = 0; i < f->log_count && i < SHOWN; i++)
        json_array_append_new(list, json_pack("{so ss so}", "timestamp", cli_json_time(f->log[i].timestamp_ns), "level",
                                              afmon_level_name(f->log[i].level), "text",
                                              cli_json_string(f->log[i].text, strlen(f->log[i].text))));
    return list;
}

static json_t *known(double value)
{
    return value >= 0 ? cli_json_number(value) : json_null();
}

static json_t *latency_json(const watch_figures *f)
{
    if (!f->timed)
        return json_null();
    return json_pack("{so so so}", "p50_s", cli_json_number(f->p50_s), "p90_s", cli_json_number(f->p90_s), "p99_s",
                     cli_json_number(f->p99_s));
}

int watch_print_json(const char *folder, const watch_figures *f)
{
    const afmon_live_info *info = &f->info;
    if (f->summary == NULL) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    json_t *object = json_pack(
        "{so ss so so so so so so so so so so so so}", "folder", cli_json_string(folder, strlen(folder)), "state",
        afmon_live_state_name(info->state), "loaded", cli_json_number(info->loaded), "plan", cli_plan_json(&f->plan),
        "window_s", f->window_s > 0 ? cli_json_number(f->window_s) : json_null(), "throughput_per_s",
        cli_json_number(f->per_s), "success_rate", known(f->success), "error_rate", known(f->errors), "latency",
        latency_json(f), "prompt_tokens_per_s", cli_json_number(f->prompt_per_s), "completion_tokens_per_s",
        cli_json_number(f->completion_per_s), "operations_lately", rates_json(f->operations, f->operation_count, false),
        "models_lately", rates_json(f->models, f->model_count, true), "log", log_json(f));
    return cli_print_json_summary(object, f->summary);
}
