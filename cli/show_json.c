#include "cli/show.h"

#include <math.h>
#include <string.h>

#include "cli/run.h"

static json_t *count_json(uint64_t n)
{
    /* jansson has no whole numbers beyond; totals that a file invents may be. */
    return n <= INT64_MAX ? json_integer((json_int_t)n) : json_real((double)n);
}

static json_t *aggregate_json(const afmon_aggregate *a)
{
    const struct {
        const char *key;
        double value;
    } members[] = {
        {"sum", a->sum}, {"mean", a->mean}, {"stddev", a->stddev}, {"min", a->min},
        {"p50", a->p50}, {"p90", a->p90},   {"p99", a->p99},       {"max", a->max},
    };
    bool failed = false;
    json_t *object = json_object();
    cli_json_set(object, "count", count_json(a->count), &failed);
    cli_json_set(object, "not_finite", count_json(a->not_finite), &failed);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        cli_json_set(object, members[i].key, a->count > 0 ? cli_json_number(members[i].value) : json_null(), &failed);
    return cli_json_done(object, failed);
}

static json_t *metrics_json(const struct show_facts *facts)
{
    bool failed = false;
    json_t *object = json_object();
    for (size_t i = 0; i < facts->metric_count; i++) {
        const struct show_metric *metric = &facts->metrics[i];
        json_t *name = cli_json_string(metric->name, metric->length);
        json_t *aggregate = aggregate_json(&metric->aggregate);
        if (!name || json_object_setn_new(object, json_string_value(name), json_string_length(name), aggregate) != 0)
            failed = true;
        json_decref(name);
    }
    return cli_json_done(object, failed);
}

static void set_tokens(json_t *object, uint64_t prompt, uint64_t completion, uint64_t total, bool *failed)
{
    cli_json_set(object, "prompt_tokens", count_json(prompt), failed);
    cli_json_set(object, "completion_tokens", count_json(completion), failed);
    cli_json_set(object, "total_tokens", count_json(total), failed);
}

static json_t *usage_json(const afmon_token_usage *usage)
{
    bool failed = false;
    json_t *object = json_object();
    json_t *models = json_array();
    for (size_t i = 0; i < usage->model_count; i++) {
        const afmon_model_usage *model = &usage->models[i];
        json_t *entry = json_object();
        cli_json_set(entry, "model_name", cli_json_string(model->model_name, strlen(model->model_name)), &failed);
        set_tokens(entry, model->prompt_tokens, model->completion_tokens, model->total_tokens, &failed);
        if (json_array_append_new(models, entry) != 0)
            failed = true;
    }
    cli_json_set(object, "models", models, &failed);
    set_tokens(object, usage->prompt_tokens, usage->completion_tokens, usage->total_tokens, &failed);
    return cli_json_done(object, failed);
}

static json_t *window_json(const struct show_facts *facts)
{
    bool failed = false;
    bool any = facts->info.sample_count > 0;
    bool whole = isinf(facts->window_s);
    int64_t since = whole ? facts->info.first_ns : facts->window.since_ns;
    json_t *object = json_object();
    cli_json_set(object, "seconds", cli_json_number(facts->window_s), &failed);
    cli_json_set(object, "since", any ? cli_json_time(since) : json_null(), &failed);
    cli_json_set(object, "until", any ? cli_json_time(facts->info.last_ns) : json_null(), &failed);
    return cli_json_done(object, failed);
}

static json_t *alerts_json(const struct show_facts *facts)
{
    bool failed = false;
    json_t *array = json_array();
    for (size_t i = 0; i < facts->alert_count; i++)
        if (json_array_append_new(array, cli_alert_json(&facts->alerts[i])) != 0)
            failed = true;
    return cli_json_done(array, failed);
}

static json_t *texts_json(const struct show_facts *facts, const char *(*text_of)(const afmon_view *view, size_t index))
{
    bool failed = false;
    json_t *array = json_array();
    const char *text;
    for (size_t i = 0; (text = text_of(facts->view, i)) != NULL; i++)
        if (json_array_append_new(array, cli_json_string(text, strlen(text))) != 0)
            failed = true;
    return cli_json_done(array, failed);
}

int show_json(const struct show_facts *facts)
{
    const afmon_view_info *info = &facts->info;
    bool any = info->sample_count > 0;
    bool failed = false;
    json_t *object = json_object();
    cli_json_set(object, "folder", cli_json_string(facts->folder, strlen(facts->folder)), &failed);
    cli_json_set(object, "live", json_boolean(info->live), &failed);
    cli_json_set(object, "first", any ? cli_json_time(info->first_ns) : json_null(), &failed);
    cli_json_set(object, "last", any ? cli_json_time(info->last_ns) : json_null(), &failed);
    cli_json_set(object, "samples", count_json(info->sample_count), &failed);
    cli_json_set(object, "not_finite", count_json(info->not_finite), &failed);
    cli_json_set(object, "files", count_json(info->file_count), &failed);
    cli_json_set(object, "recovered", count_json(info->recovered), &failed);
    cli_json_set(object, "window", window_json(facts), &failed);
    cli_json_set(object, "metrics", metrics_json(facts), &failed);
    cli_json_set(object, "left_out", count_json(facts->left_out), &failed);
    cli_json_set(object, "token_usage", usage_json(&facts->usage), &failed);
    cli_json_set(object, "alert_interval", cli_json_number(facts->interval_s), &failed);
    cli_json_set(object, "alerts", alerts_json(facts), &failed);
    cli_json_set(object, "logged_alerts", count_json(info->log_alert_count), &failed);
    cli_json_set(object, "problem_count", count_json(info->problem_count), &failed);
    cli_json_set(object, "problems", texts_json(facts, afmon_view_problem), &failed);
    cli_json_set(object, "warnings", texts_json(facts, afmon_view_warning), &failed);
    return cli_print_json(cli_json_done(object, failed));
}
