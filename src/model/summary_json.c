/* A summary as JSON: the one writer, whose bytes all surfaces carry. docs/formats.md describes the members. */
#include <math.h>

#include "base/json_write.h"
#include "model/model.h"

#define JSON_BYTES_MAX ((size_t)256 << 20)

static void write_remarks(struct afmon_json *json, const char *key, const afmon_remark *remarks, size_t count)
{
    afmon_json_open(json, key, '[');
    for (size_t i = 0; i < count; i++) {
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "level", afmon_level_name(remarks[i].level));
        afmon_json_string(json, "text", remarks[i].text);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
}

static void write_distribution(struct afmon_json *json, const char *key, const afmon_distribution *of)
{
    const struct {
        const char *name;
        double value;
    } members[] = {{"sum", of->sum}, {"mean", of->mean}, {"min", of->min}, {"max", of->max},
                   {"p50", of->p50}, {"p90", of->p90},   {"p95", of->p95}, {"p99", of->p99}};
    afmon_json_open(json, key, '{');
    afmon_json_count(json, "count", of->count);
    afmon_json_count(json, "not_finite", of->not_finite);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        afmon_json_number(json, members[i].name, of->count > 0 ? members[i].value : (double)NAN);
    afmon_json_number(json, "quantile_error", of->quantile_error);
    afmon_json_close(json, '}');
}

static void write_tokens(struct afmon_json *json, uint64_t prompt, uint64_t completion, uint64_t total)
{
    afmon_json_count(json, "prompt_tokens", prompt);
    afmon_json_count(json, "completion_tokens", completion);
    afmon_json_count(json, "total_tokens", total);
}

static void write_head(struct afmon_json *json, const afmon_run_summary *s)
{
    afmon_json_string(json, "verdict", afmon_verdict_name(s->verdict));
    write_remarks(json, "reasons", s->reasons, s->reason_count);
    write_remarks(json, "warnings", s->warnings, s->warning_count);
    afmon_json_timestamp_given(json, "first", s->first_ns, s->sample_count > 0);
    afmon_json_timestamp_given(json, "last", s->last_ns, s->sample_count > 0);
    afmon_json_number(json, "duration_s", s->duration_s);
    afmon_json_bool(json, "live", s->live);
    afmon_json_count(json, "samples", s->sample_count);
    afmon_json_count(json, "not_finite", s->not_finite);
    afmon_json_count(json, "files", s->file_count);
    afmon_json_count(json, "unreadable_lines", s->unreadable_lines);
    afmon_json_count(json, "dropped", s->dropped);
}

void afmon_summary_about_json(const afmon_run_summary *s, struct afmon_json *json, const char *key)
{
    afmon_json_open(json, key, '{');
    afmon_json_string(json, "name", s->name[0] != '\0' ? s->name : NULL);
    afmon_json_open(json, "tags", '{');
    for (size_t i = 0; i < s->tag_count; i++)
        afmon_json_string(json, s->tags[i].key, s->tags[i].value);
    afmon_json_close(json, '}');
    afmon_json_string(json, "note", s->note[0] != '\0' ? s->note : NULL);
    afmon_json_close(json, '}');
}

static void write_reasons(struct afmon_json *json, const afmon_item_summary *item)
{
    afmon_json_open(json, "reasons", '[');
    for (size_t i = 0; i < item->reason_count; i++) {
        const afmon_item_reason *reason = &item->reasons[i];
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "outcome", reason->failed ? "failed" : "rejected");
        afmon_json_string(json, "reason", reason->text);
        afmon_json_count(json, "count", reason->count);
        afmon_json_number(json, "share", reason->share);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
}

static void write_items(struct afmon_json *json, const afmon_run_summary *s)
{
    afmon_json_open(json, "items", '[');
    for (size_t i = 0; i < s->item_count; i++) {
        const afmon_item_summary *item = &s->items[i];
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "kind", item->kind);
        afmon_json_bool(json, "inferred", item->inferred);
        afmon_json_count(json, "started", item->started);
        afmon_json_count(json, "finished", item->finished);
        afmon_json_count(json, "accepted", item->accepted);
        afmon_json_count(json, "rejected", item->rejected);
        afmon_json_count(json, "failed", item->failed);
        afmon_json_count(json, "abandoned", item->abandoned);
        afmon_json_count(json, "open", item->open);
        afmon_json_count(json, "attempts", item->attempts);
        afmon_json_count(json, "attempts_max", item->attempts_max);
        afmon_json_count(json, "tried_often", item->tried_often);
        afmon_json_count(json, "calls", item->calls);
        afmon_json_count(json, "call_failures", item->call_failures);
        afmon_json_count(json, "total_tokens", item->total_tokens);
        afmon_json_count(json, "accepted_calls", item->accepted_calls);
        afmon_json_count(json, "accepted_tokens", item->accepted_tokens);
        afmon_json_number(json, "yield", item->yield);
        afmon_json_number(json, "calls_per_accepted", item->calls_per_accepted);
        afmon_json_number(json, "tokens_per_accepted", item->tokens_per_accepted);
        write_reasons(json, item);
        afmon_json_number(json, "cost_usd", item->cost_usd);
        afmon_json_number(json, "accepted_cost_usd", item->accepted_cost_usd);
        afmon_json_number(json, "wasted_cost_usd", item->wasted_cost_usd);
        afmon_json_number(json, "cost_per_accepted_usd", item->cost_per_accepted_usd);
        afmon_json_number(json, "per_s", item->per_s);
        write_distribution(json, "time_s", &item->time_s);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
}

static void write_calls(struct afmon_json *json, const afmon_run_summary *s)
{
    afmon_json_open(json, "calls", '{');
    afmon_json_count(json, "count", s->calls);
    afmon_json_count(json, "failed", s->call_failures);
    afmon_json_count(json, "recent", s->recent_calls);
    afmon_json_count(json, "recent_failed", s->recent_call_failures);
    afmon_json_count(json, "without_tokens", s->calls_without_tokens);
    afmon_json_count(json, "failed_without_tokens", s->failed_calls_without_tokens);
    afmon_json_count(json, "without_item", s->calls_without_item);
    afmon_json_count(json, "retries", s->retries);
    afmon_json_number(json, "per_s", s->calls_per_s);
    write_distribution(json, "latency_s", &s->latency_s);
    afmon_json_close(json, '}');
    afmon_json_open(json, "evaluations", '{');
    afmon_json_count(json, "count", s->evaluations);
    afmon_json_count(json, "failed", s->evaluation_failures);
    write_distribution(json, "time_s", &s->evaluation_time_s);
    afmon_json_close(json, '}');
    afmon_json_open(json, "tokens", '{');
    write_tokens(json, s->prompt_tokens, s->completion_tokens, s->total_tokens);
    afmon_json_number(json, "per_s", s->tokens_per_s);
    afmon_json_close(json, '}');
    write_distribution(json, "conversation_length", &s->conversation_length);
}

/* null: nothing was priced, nor was to be. */
static void write_budget(struct afmon_json *json, const afmon_run_summary *s)
{
    const afmon_budget *budget = &s->budget;
    if (!s->has_budget) {
        afmon_json_null(json, "budget");
        return;
    }
    afmon_json_open(json, "budget", '{');
    afmon_json_number(json, "limit_usd", budget->limit_usd);
    afmon_json_number(json, "spent_usd", budget->spent_usd);
    afmon_json_number(json, "reserved_usd", budget->reserved_usd);
    afmon_json_number(json, "uncertain_usd", budget->uncertain_usd);
    afmon_json_count(json, "settled_calls", budget->settled_calls);
    afmon_json_count(json, "reserved_calls", budget->reserved_calls);
    afmon_json_count(json, "uncertain_calls", budget->uncertain_calls);
    afmon_json_count(json, "over_calls", budget->over_calls);
    afmon_json_number(json, "over_usd", budget->over_usd);
    afmon_json_bool(json, "stopped", budget->reached);
    afmon_json_timestamp_given(json, "stopped_at", budget->reached_ns, budget->reached);
    afmon_json_close(json, '}');
}

static void write_cost(struct afmon_json *json, const afmon_run_summary *s)
{
    if (!s->cost_known) {
        afmon_json_null(json, "cost");
        return;
    }
    afmon_json_open(json, "cost", '{');
    afmon_json_number(json, "total_usd", s->cost.total_usd);
    afmon_json_count(json, "priced_calls", s->cost.priced_calls);
    afmon_json_count(json, "unpriced_calls", s->cost.unpriced_calls);
    afmon_json_count(json, "unpriced_tokens", s->cost.unpriced_tokens);
    afmon_json_number(json, "projected_usd", s->cost.projected_usd);
    afmon_json_count(json, "items_left", s->cost.items_left);
    write_budget(json, s);
    afmon_json_close(json, '}');
}

static void write_alert(struct afmon_json *json, const afmon_alert_interval *alert)
{
    static const char *const comparisons[] = {"below", "above", "at most", "at least"};
    afmon_json_open(json, NULL, '{');
    afmon_json_string(json, "name", alert->name);
    afmon_json_string(json, "level", afmon_level_name(alert->level));
    afmon_json_string(json, "message", alert->message);
    afmon_json_string(json, "metric", alert->metric);
    afmon_json_string(json, "aggregate", alert->aggregate);
    afmon_json_string(json, "comparison", comparisons[alert->comparison]);
    afmon_json_number(json, "limit", alert->limit);
    afmon_json_number(json, "worst", alert->worst);
    afmon_json_timestamp(json, "worst_at", alert->worst_ns);
    afmon_json_timestamp(json, "first", alert->first_ns);
    afmon_json_timestamp(json, "last", alert->last_ns);
    afmon_json_timestamp_given(json, "resolved", alert->resolved_ns, alert->resolved_ns != INT64_MIN);
    afmon_json_number(json, "held_s", alert->held_s);
    afmon_json_count(json, "passes", alert->passes);
    afmon_json_bool(json, "firing", alert->firing);
    afmon_json_close(json, '}');
}

static void write_alerts(struct afmon_json *json, const afmon_run_summary *s)
{
    afmon_json_string(json, "alerts_from", s->alerts_logged ? "monitor" : "replay");
    afmon_json_number(json, "alert_period_s", s->alert_period_s);
    afmon_json_count(json, "alerts_left_out", s->alerts_left_out);
    afmon_json_open(json, "alerts", '[');
    for (size_t i = 0; i < s->alert_count; i++)
        write_alert(json, &s->alerts[i]);
    afmon_json_close(json, ']');
}

static void write_failures(struct afmon_json *json, const afmon_run_summary *s)
{
    afmon_json_open(json, "failures", '[');
    for (size_t i = 0; i < s->failure_count; i++) {
        const afmon_failure_summary *failure = &s->failures[i];
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "component", failure->component);
        afmon_json_string(json, "operation", failure->operation);
        afmon_json_bool(json, "evaluation", failure->evaluation);
        afmon_json_string(json, "error_type", failure->error_type);
        afmon_json_status(json, "status", failure->status);
        afmon_json_string(json, "message", failure->message);
        afmon_json_count(json, "count", failure->count);
        afmon_json_count(json, "items", failure->items);
        afmon_json_number(json, "share", failure->share);
        afmon_json_timestamp(json, "first", failure->first_ns);
        afmon_json_timestamp(json, "last", failure->last_ns);
        afmon_json_string(json, "example", failure->example);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
    afmon_json_open(json, "retried", '[');
    for (size_t i = 0; i < s->retry_count; i++) {
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "error_type", s->retried[i].error_type);
        afmon_json_status(json, "status", s->retried[i].status);
        afmon_json_count(json, "count", s->retried[i].count);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
}

static void write_finishes(struct afmon_json *json, const afmon_run_summary *s)
{
    afmon_json_open(json, "finish_reasons", '[');
    for (size_t i = 0; i < s->finish_count; i++) {
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "reason", s->finishes[i].reason);
        afmon_json_count(json, "count", s->finishes[i].count);
        afmon_json_number(json, "share", s->finishes[i].share);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
}

static void write_models(struct afmon_json *json, const afmon_run_summary *s)
{
    afmon_json_open(json, "models", '[');
    for (size_t i = 0; i < s->model_count; i++) {
        const afmon_model_summary *model = &s->models[i];
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "model", model->model_name);
        afmon_json_count(json, "calls", model->calls);
        afmon_json_count(json, "failed", model->failures);
        write_tokens(json, model->prompt_tokens, model->completion_tokens, model->total_tokens);
        afmon_json_number(json, "share", model->share);
        afmon_json_number(json, "cost_usd", model->cost_usd);
        write_distribution(json, "latency_s", &model->latency_s);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
}

static void write_operations(struct afmon_json *json, const afmon_run_summary *s)
{
    afmon_json_open(json, "operations", '[');
    for (size_t i = 0; i < s->operation_count; i++) {
        const afmon_operation_summary *operation = &s->operations[i];
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "component", operation->component);
        afmon_json_string(json, "operation", operation->operation);
        afmon_json_string(json, "item", operation->item);
        afmon_json_bool(json, "evaluation", operation->evaluation);
        afmon_json_count(json, "count", operation->count);
        afmon_json_count(json, "failed", operation->failures);
        write_tokens(json, operation->prompt_tokens, operation->completion_tokens, operation->total_tokens);
        write_distribution(json, "duration_s", &operation->duration_s);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
}

static void write_values(struct afmon_json *json, const afmon_run_summary *s)
{
    afmon_json_open(json, "scores", '[');
    for (size_t i = 0; i < s->score_count; i++) {
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "evaluator_type", s->scores[i].evaluator_type);
        afmon_json_string(json, "name", s->scores[i].name);
        write_distribution(json, "score", &s->scores[i].score);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
    afmon_json_open(json, "metrics", '[');
    for (size_t i = 0; i < s->metric_count; i++) {
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "name", s->metrics[i].name);
        write_distribution(json, "values", &s->metrics[i].values);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
}

void afmon_summary_json(const afmon_run_summary *summary, struct afmon_json *json, const char *key)
{
    afmon_json_open(json, key, '{');
    write_head(json, summary);
    afmon_summary_about_json(summary, json, "about");
    write_items(json, summary);
    write_calls(json, summary);
    write_cost(json, summary);
    write_alerts(json, summary);
    write_failures(json, summary);
    write_finishes(json, summary);
    write_models(json, summary);
    write_operations(json, summary);
    write_values(json, summary);
    afmon_json_close(json, '}');
}

afmon_status afmon_run_summary_write_json(const afmon_run_summary *summary, afmon_write_fn write, void *user)
{
    struct afmon_buffer text;
    if (summary == NULL || write == NULL)
        return AFMON_E_ARGUMENT;
    afmon_buffer_init(&text, JSON_BYTES_MAX);
    struct afmon_json json = {.out = &text};
    afmon_summary_json(summary, &json, NULL);
    return afmon_json_give(&text, write, user);
}
