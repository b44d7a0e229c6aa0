#include "serve/picture.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "serve/json.h"

#define RECENT_NS (300 * AFMON_NS_PER_S)

static afmon_window recent(const afmon_view_info *info)
{
    return (afmon_window){info->last_ns - RECENT_NS, INT64_MAX};
}

/* What the verdict rests on. */
struct judged {
    afmon_aggregate success; /* of the last five minutes */
    afmon_alert_span spans[AFMON_ALERT_RULES];
    size_t span_count;
    int64_t interval_ns;
    int64_t last_ns;
};

/* Between two passes of the replay: a two-hundredth of the run, from one second to sixty, as in `afmon show`. */
static double interval_s(const afmon_view_info *info)
{
    double interval = (double)(info->last_ns - info->first_ns) / 1e9 / 200;
    return interval < 1 ? 1 : interval > 60 ? 60 : interval;
}

static bool still_holds(const struct judged *judged, const afmon_alert_span *span)
{
    return span->last_ns + judged->interval_ns > judged->last_ns;
}

static afmon_status judge(afmon_view *view, const afmon_view_info *info, struct judged *judged)
{
    afmon_alert_limits limits;
    afmon_alert_limits_init(&limits);
    *judged = (struct judged){.interval_ns = afmon_seconds_to_ns(interval_s(info)), .last_ns = info->last_ns};
    afmon_status status = afmon_view_aggregate(view, "success_rate", recent(info), &judged->success);
    if (status == AFMON_OK && info->sample_count > 0)
        status = afmon_view_check(view, &limits, interval_s(info), judged->spans, &judged->span_count);
    return status;
}

static const char *verdict_of(const struct judged *judged)
{
    if (judged->success.count == 0)
        return "no_data";
    if (judged->success.mean <= 0)
        return "failed";
    for (size_t i = 0; i < judged->span_count; i++)
        if (still_holds(judged, &judged->spans[i]))
            return "degraded";
    return "healthy";
}

static void write_reasons(struct afmon_json *json, const struct judged *judged, const char *verdict)
{
    afmon_json_open(json, "reasons", '[');
    if (strcmp(verdict, "no_data") == 0)
        afmon_json_string(json, NULL, "No generation was recorded yet");
    if (strcmp(verdict, "failed") == 0)
        afmon_json_string(json, NULL, "No generation of the last five minutes succeeded");
    for (size_t i = 0; i < judged->span_count; i++)
        if (still_holds(judged, &judged->spans[i]))
            afmon_json_string(json, NULL, judged->spans[i].worst.message);
    if (strcmp(verdict, "healthy") == 0)
        afmon_json_string(json, NULL, "No alert rule holds");
    afmon_json_close(json, ']');
}

static void write_alerts(struct afmon_json *json, const struct judged *judged)
{
    afmon_json_open(json, "alerts", '[');
    for (size_t i = 0; i < judged->span_count; i++) {
        const afmon_alert_span *span = &judged->spans[i];
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "name", span->worst.name);
        afmon_json_string(json, "level", afmon_level_name(span->worst.level));
        afmon_json_string(json, "message", span->worst.message);
        afmon_json_string(json, "state", still_holds(judged, span) ? "firing" : "resolved");
        afmon_json_number(json, "limit", span->worst.limit);
        afmon_json_time(json, "first_ms", span->first_ns);
        afmon_json_time(json, "last_ms", span->last_ns);
        afmon_json_int(json, "passes_held", (int64_t)span->passes_held);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
}

static afmon_status write_aggregate(struct afmon_json *json, afmon_view *view, const char *key, const char *metric)
{
    afmon_aggregate of;
    afmon_status status = afmon_view_aggregate(view, metric, AFMON_WINDOW_ALL, &of);
    if (status != AFMON_OK)
        return status;
    afmon_json_open(json, key, '{');
    afmon_json_int(json, "count", (int64_t)of.count);
    afmon_json_number(json, "mean", of.count > 0 ? of.mean : NAN);
    afmon_json_number(json, "p50", of.count > 0 ? of.p50 : NAN);
    afmon_json_number(json, "p90", of.count > 0 ? of.p90 : NAN);
    afmon_json_number(json, "p99", of.count > 0 ? of.p99 : NAN);
    afmon_json_number(json, "max", of.count > 0 ? of.max : NAN);
    afmon_json_close(json, '}');
    return AFMON_OK;
}

static void write_model(struct afmon_json *json, const char *name, const afmon_model_usage *usage)
{
    afmon_json_string(json, "model", name);
    afmon_json_int(json, "prompt", (int64_t)usage->prompt_tokens);
    afmon_json_int(json, "completion", (int64_t)usage->completion_tokens);
    afmon_json_int(json, "total", (int64_t)usage->total_tokens);
}

static afmon_status write_models(struct afmon_json *json, afmon_view *view)
{
    afmon_token_usage usage;
    afmon_status status = afmon_view_token_usage(view, AFMON_WINDOW_ALL, &usage);
    if (status != AFMON_OK)
        return status;
    afmon_json_open(json, "tokens", '{');
    write_model(json, NULL,
                &(afmon_model_usage){NULL, usage.prompt_tokens, usage.completion_tokens, usage.total_tokens});
    afmon_json_close(json, '}');
    afmon_json_open(json, "models", '[');
    for (size_t i = 0; i < usage.model_count && i < 200; i++) {
        afmon_json_open(json, NULL, '{');
        write_model(json, usage.models[i].model_name, &usage.models[i]);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
    afmon_token_usage_free(&usage);
    return AFMON_OK;
}

static void fill_head(struct afmon_picture_head *head, const afmon_view_info *info, const afmon_aggregate *success,
                      const char *verdict)
{
    head->verdict = verdict;
    head->live = info->live;
    head->first_ns = info->first_ns;
    head->last_ns = info->last_ns;
    head->samples = info->sample_count;
    head->generations = success->count;
    head->success_rate = success->count > 0 ? success->mean : NAN;
}

static void write_head(struct afmon_json *json, const struct afmon_picture_head *head, const afmon_view_info *info)
{
    afmon_json_string(json, "id", head->id);
    afmon_json_string(json, "name", head->name);
    afmon_json_string(json, "folder", head->folder);
    afmon_json_string(json, "state", head->live ? "running" : head->samples > 0 ? "ended" : "waiting");
    afmon_json_string(json, "verdict", head->verdict);
    afmon_json_time(json, "first_ms", head->first_ns);
    afmon_json_time(json, "last_ms", head->last_ns);
    afmon_json_int(json, "samples", (int64_t)head->samples);
    afmon_json_int(json, "metrics", (int64_t)info->metric_count);
    afmon_json_int(json, "unreadable_lines", (int64_t)info->problem_count);
    afmon_json_int(json, "generations", (int64_t)head->generations);
    afmon_json_number(json, "success_rate", head->success_rate);
}

static afmon_status write_parts(afmon_view *view, const afmon_view_info *info, struct afmon_json *json)
{
    afmon_status status = write_aggregate(json, view, "generation_time", "generation_time");
    if (status == AFMON_OK)
        status = write_aggregate(json, view, "evaluation_time", "evaluation_time");
    if (status == AFMON_OK)
        status = write_models(json, view);
    if (status == AFMON_OK)
        status = afmon_picture_operations(view, json);
    if (status == AFMON_OK)
        status = afmon_picture_errors(view, json);
    if (status == AFMON_OK)
        status = afmon_picture_charts(view, info, json);
    return status;
}

afmon_status afmon_picture_write(afmon_view *view, struct afmon_picture_head *head, struct afmon_buffer *out,
                                 afmon_error *error)
{
    struct afmon_json json = {.out = out};
    afmon_view_info info;
    struct judged judged;
    afmon_aggregate success;
    afmon_view_get_info(view, &info);
    afmon_status status = judge(view, &info, &judged);
    if (status == AFMON_OK)
        status = afmon_view_aggregate(view, "success_rate", AFMON_WINDOW_ALL, &success);
    if (status != AFMON_OK)
        return afmon_fail(error, status, "%s: %s", head->folder, afmon_status_text(status));
    fill_head(head, &info, &success, verdict_of(&judged));
    afmon_json_open(&json, NULL, '{');
    write_head(&json, head, &info);
    write_reasons(&json, &judged, head->verdict);
    write_alerts(&json, &judged);
    status = write_parts(view, &info, &json);
    afmon_json_close(&json, '}');
    if (status != AFMON_OK)
        return afmon_fail(error, status, "%s: %s", head->folder, afmon_status_text(status));
    return out->failed ? afmon_fail_memory(error) : AFMON_OK;
}
