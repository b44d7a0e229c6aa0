#include "serve/picture.h"

#include <math.h>
#include <string.h>

#include "base/json_write.h"
#include "live/live.h"
#include "model/model.h"
#include "serve/serve.h"

#define LATELY_S 60.0
#define LOG_LINES 50
#define LOG_TEXT 500 /* bytes of a line's message and of its data: it is sent every second */

static double score_of(const afmon_run_summary *summary)
{
    const afmon_distribution *most = NULL;
    for (size_t i = 0; i < summary->score_count; i++)
        if (most == NULL || summary->scores[i].score.count > most->count)
            most = &summary->scores[i].score;
    return most != NULL && most->count > 0 ? most->mean : (double)NAN;
}

void afmon_picture_facts(const afmon_live_info *info, const afmon_run_summary *summary,
                         struct afmon_run_facts_shown *facts)
{
    facts->state = afmon_live_state_name(info->state);
    facts->verdict = afmon_verdict_name(summary->verdict);
    facts->loaded = info->loaded;
    facts->first_ns = info->first_ns;
    facts->last_ns = info->last_ns;
    facts->samples = info->sample_count;
    facts->items = 0;
    facts->items_failed = 0;
    facts->items_accepted = 0;
    for (size_t i = 0; i < summary->item_count; i++) {
        facts->items += summary->items[i].finished;
        facts->items_failed += summary->items[i].failed;
        facts->items_accepted += summary->items[i].accepted;
    }
    facts->calls = summary->calls;
    facts->calls_failed = summary->call_failures;
    facts->latency_p50_s = summary->latency_s.count > 0 ? summary->latency_s.p50 : (double)NAN;
    facts->cost_usd = summary->cost_known ? summary->cost.total_usd : (double)NAN;
    facts->score = score_of(summary);
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
    afmon_json_rounded(json, "eta_p10_s", plan.eta_p10_s);
    afmon_json_rounded(json, "eta_p90_s", plan.eta_p90_s);
    afmon_json_int(json, "open", (int64_t)plan.open);
    afmon_json_rounded(json, "oldest_s", plan.oldest_s);
    afmon_json_close(json, '}');
}

static void write_lately(struct afmon_json *json, const afmon_live *live)
{
    struct afmon_model_pace pace = afmon_live_pace(live, LATELY_S);
    afmon_json_open(json, "lately", '{');
    afmon_json_rounded(json, "items_per_s", pace.items_per_s);
    afmon_json_rounded(json, "items_failed_per_s", pace.items_failed_per_s);
    afmon_json_rounded(json, "calls_per_s", pace.calls_per_s);
    afmon_json_rounded(json, "calls_failed_per_s", pace.calls_failed_per_s);
    afmon_json_rounded(json, "tokens_per_s", pace.tokens_per_s);
    afmon_json_close(json, '}');
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

afmon_status afmon_picture_write(afmon_live *live, const afmon_run_summary *summary,
                                 const struct afmon_picture *picture, struct afmon_buffer *out)
{
    struct afmon_json json = {.out = out};
    afmon_live_info info;
    afmon_live_get_info(live, &info);
    afmon_json_open(&json, NULL, '{');
    afmon_picture_write_head(&json, picture);
    afmon_summary_json(summary, &json, "summary");
    write_plan(&json, live);
    write_lately(&json, live);
    afmon_status status = afmon_picture_rates(live, &json);
    if (status == AFMON_OK)
        status = afmon_picture_charts(live, &info, &json);
    if (status == AFMON_OK)
        status = write_log(&json, live);
    afmon_json_close(&json, '}');
    return status == AFMON_OK && out->failed ? AFMON_E_NO_MEMORY : status;
}
