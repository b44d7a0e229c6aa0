#include "serve/picture.h"

#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/clock.h"
#include "serve/json.h"
#include "serve/serve.h"

#define LATELY_NS (60 * AFMON_NS_PER_S)
#define LOG_LINES 50
#define LOG_TEXT 500 /* bytes of a line's message and of its data: it is sent every second */

/* "no_data": in the API's words names are one word. */
static const char *verdict_of(const afmon_run_summary *summary)
{
    return summary->verdict == AFMON_VERDICT_NO_DATA ? "no_data" : afmon_verdict_name(summary->verdict);
}

void afmon_picture_facts(const afmon_live_info *info, const afmon_run_summary *summary,
                         struct afmon_run_facts_shown *facts)
{
    uint64_t well = summary->generations - summary->generation_failures;
    facts->state = afmon_live_state_name(info->state);
    facts->verdict = verdict_of(summary);
    facts->loaded = info->loaded;
    facts->first_ns = info->first_ns;
    facts->last_ns = info->last_ns;
    facts->samples = info->sample_count;
    facts->generations = summary->generations;
    facts->success_rate = summary->generations > 0 ? (double)well / (double)summary->generations : (double)NAN;
}

void afmon_picture_write_head(struct afmon_json *json, const struct afmon_picture *picture)
{
    const struct afmon_run_facts_shown *facts = &picture->facts;
    afmon_json_string(json, "id", picture->id);
    afmon_json_string(json, "name", picture->name);
    afmon_json_string(json, "folder", picture->folder);
    afmon_json_string(json, "state", facts->state);
    afmon_json_rounded(json, "loaded", facts->loaded);
    afmon_json_string(json, "verdict", facts->verdict);
    afmon_json_time(json, "first_ms", facts->first_ns);
    afmon_json_time(json, "last_ms", facts->last_ns);
    afmon_json_time(json, "modified_ms", facts->modified_ns);
    afmon_json_int(json, "samples", (int64_t)facts->samples);
    afmon_json_int(json, "generations", (int64_t)facts->generations);
    afmon_json_rounded(json, "success_rate", facts->verdict != NULL ? facts->success_rate : (double)NAN);
    afmon_json_string(json, "problem", picture->problem);
}

static void write_remarks(struct afmon_json *json, const char *key, const afmon_remark *remarks, size_t count)
{
    afmon_json_open(json, key, '[');
    for (size_t i = 0; i < count; i++)
        afmon_json_string(json, NULL, remarks[i].text);
    afmon_json_close(json, ']');
}

static void write_distribution(struct afmon_json *json, const char *key, const afmon_distribution *of)
{
    const struct {
        const char *name;
        double value;
    } members[] = {{"mean", of->mean}, {"p50", of->p50}, {"p90", of->p90}, {"p99", of->p99}, {"max", of->max}};
    afmon_json_open(json, key, '{');
    afmon_json_int(json, "count", (int64_t)of->count);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        afmon_json_rounded(json, members[i].name, of->count > 0 ? members[i].value : (double)NAN);
    afmon_json_close(json, '}');
}

static void write_plan(struct afmon_json *json, const afmon_live *live)
{
    afmon_live_plan plan;
    afmon_live_get_plan(live, &plan);
    if (!plan.known) {
        afmon_json_string(json, "plan", NULL);
        return;
    }
    afmon_json_open(json, "plan", '{');
    afmon_json_int(json, "planned", (int64_t)plan.planned);
    afmon_json_int(json, "done", (int64_t)plan.done);
    afmon_json_rounded(json, "per_s", plan.per_s);
    afmon_json_rounded(json, "eta_s", plan.eta_s);
    afmon_json_close(json, '}');
}

/* What a metric came to in the last minute: so many a second, and the mean. */
static afmon_status ask_lately(afmon_live *live, const afmon_live_info *info, const char *metric,
                               afmon_aggregate *aggregate, double *seconds)
{
    int64_t since_ns = afmon_clamp_sub(info->now_ns, LATELY_NS);
    since_ns = since_ns > info->first_ns ? since_ns : info->first_ns;
    afmon_window covered;
    afmon_status status =
        afmon_live_aggregate(live, metric, (afmon_window){since_ns, info->now_ns}, aggregate, &covered);
    *seconds = fmax(1, afmon_seconds_between(covered.since_ns, info->now_ns));
    return status;
}

static afmon_status write_lately(struct afmon_json *json, afmon_live *live, const afmon_live_info *info)
{
    afmon_aggregate success, tokens;
    double seconds, token_seconds;
    afmon_status status = ask_lately(live, info, "success_rate", &success, &seconds);
    if (status == AFMON_OK)
        status = ask_lately(live, info, "total_token_count", &tokens, &token_seconds);
    if (status != AFMON_OK)
        return status;
    afmon_json_open(json, "lately", '{');
    afmon_json_rounded(json, "generations_per_s", (double)success.count / seconds);
    afmon_json_rounded(json, "success_rate", success.count > 0 ? success.mean : (double)NAN);
    afmon_json_rounded(json, "tokens_per_s", tokens.count > 0 ? tokens.sum / token_seconds : 0);
    afmon_json_close(json, '}');
    return AFMON_OK;
}

static int write_line(void *json, const afmon_live_log_line *line)
{
    afmon_serve_log_line(json, line, LOG_TEXT);
    return 0;
}

static afmon_status write_log(struct afmon_json *json, afmon_live *live)
{
    afmon_live_log_query query = {.limit = LOG_LINES};
    afmon_json_open(json, "log", '[');
    afmon_status status = afmon_live_log(live, &query, write_line, json, NULL);
    afmon_json_close(json, ']');
    return status;
}

static void write_facts(struct afmon_json *json, const afmon_live_info *info, const afmon_run_summary *summary)
{
    afmon_json_int(json, "metrics", (int64_t)info->metric_count);
    afmon_json_int(json, "unreadable_lines", (int64_t)info->problem_count);
    afmon_json_int(json, "evaluations", (int64_t)summary->evaluations);
    afmon_json_int(json, "retries", (int64_t)summary->retries);
    write_remarks(json, "reasons", summary->reasons, summary->reason_count);
    write_remarks(json, "warnings", summary->warnings, summary->warning_count);
    write_distribution(json, "generation_time", &summary->generation_time_s);
    write_distribution(json, "evaluation_time", &summary->evaluation_time_s);
}

afmon_status afmon_picture_write(afmon_live *live, const afmon_run_summary *summary,
                                 const struct afmon_picture *picture, struct afmon_buffer *out)
{
    struct afmon_json json = {.out = out};
    afmon_live_info info;
    afmon_live_get_info(live, &info);
    afmon_json_open(&json, NULL, '{');
    afmon_picture_write_head(&json, picture);
    write_facts(&json, &info, summary);
    write_plan(&json, live);
    afmon_status status = write_lately(&json, live, &info);
    if (status == AFMON_OK)
        status = afmon_picture_alerts(live, &json);
    if (status == AFMON_OK)
        status = afmon_picture_tables(live, summary, &json);
    if (status == AFMON_OK)
        status = afmon_picture_charts(live, &info, &json);
    if (status == AFMON_OK)
        status = write_log(&json, live);
    afmon_json_close(&json, '}');
    return status == AFMON_OK && out->failed ? AFMON_E_NO_MEMORY : status;
}
