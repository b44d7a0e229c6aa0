#include "cli/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "base/words.h"

afmon_view *cli_open_run(const char *folder)
{
    afmon_view_options options;
    afmon_view *view = NULL;
    afmon_error error = {0};
    cli_progress progress;
    afmon_view_options_init(&options);
    options.progress = cli_progress_show;
    options.user = &progress;
    cli_progress_begin(&progress, "Reading");
    afmon_status status = afmon_view_open(folder, &options, &view, &error);
    cli_progress_end(&progress);
    if (status == AFMON_OK)
        return view;
    cli_error("%s", error.message[0] ? error.message : afmon_status_text(status));
    return NULL;
}

afmon_window cli_run_window(const afmon_view_info *info, double seconds)
{
    afmon_window window = AFMON_WINDOW_ALL;
    if (seconds < 9e9) /* longer than that, in nanoseconds, is no int64_t, and all of the run */
        window = (afmon_window){afmon_clamp_sub(info->last_ns, afmon_clamp_i64(seconds * 1e9)), info->last_ns};
    return window;
}

void cli_json_set(json_t *object, const char *key, json_t *value, bool *failed)
{
    if (json_object_set_new(object, key, value) != 0)
        *failed = true;
}

json_t *cli_json_done(json_t *value, bool failed)
{
    if (!failed)
        return value;
    json_decref(value);
    return NULL;
}

afmon_run_summary *cli_summarize(afmon_view *view, afmon_window window)
{
    afmon_summary_options options;
    afmon_run_summary *summary = NULL;
    afmon_error error = {0};
    cli_progress progress;
    afmon_summary_options_init(&options);
    options.window = window;
    options.progress = cli_progress_show;
    options.user = &progress;
    cli_progress_begin(&progress, "Summing up");
    progress.unit = "samples";
    afmon_status status = afmon_view_summarize(view, &options, &summary, &error);
    cli_progress_end(&progress);
    if (status == AFMON_OK)
        return summary;
    cli_error("%s", error.message[0] ? error.message : afmon_status_text(status));
    return NULL;
}

/* ---- Cost ---- */

void cli_print_projection(const cli_screen *screen, const afmon_cost_summary *cost, const char *indent)
{
    if (cost->items_left > 0 && !isnan(cost->projected_usd))
        fprintf(screen->out, "%sabout %s at the end of the plan, with %s more\n", indent,
                afmon_words_dollars(cost->projected_usd).text, cli_count(cost->items_left).s);
}

void cli_print_budget(const cli_screen *screen, const afmon_budget *budget, const char *indent)
{
    fprintf(screen->out, "%slimit %s%s: %s spent", indent, afmon_words_dollars(budget->limit_usd).text,
            budget->reached ? " (reached)" : "", afmon_words_dollars(budget->spent_usd).text);
    if (budget->reserved_calls > 0)
        fprintf(screen->out, ", up to %s by %s calls in flight", afmon_words_dollars(budget->reserved_usd).text,
                cli_count(budget->reserved_calls).s);
    if (budget->uncertain_calls > 0)
        fprintf(screen->out, ", up to %s by %s calls whose cost is not known",
                afmon_words_dollars(budget->uncertain_usd).text, cli_count(budget->uncertain_calls).s);
    fputc('\n', screen->out);
}

/* ---- Alerts ---- */

static void print_interval(const cli_screen *screen, const afmon_alert_interval *interval)
{
    cli_style style = interval->level == AFMON_ERROR ? CLI_RED : CLI_YELLOW;
    char name[sizeof interval->name * 6];
    char message[sizeof interval->message * 6];
    cli_safe_into(name, sizeof name, interval->name, strlen(interval->name));
    cli_safe_into(message, sizeof message, interval->message, strlen(interval->message));
    fprintf(screen->out, "%s%s %-23s%s %s\n", cli_paint(screen, style), screen->unicode ? "▲" : "!", name,
            cli_paint(screen, CLI_PLAIN), message);
    fprintf(screen->out, "%s  %s, %s", cli_paint(screen, CLI_DIM), afmon_level_name(interval->level),
            cli_time(interval->first_ns).s);
    if (interval->last_ns / 1000000000 != interval->first_ns / 1000000000)
        fprintf(screen->out, " to %s", cli_time(interval->last_ns).s);
    if (interval->held_s > 0)
        fprintf(screen->out, ", held for %s", cli_seconds(interval->held_s).s);
    fprintf(screen->out, "%s; limit %s%s\n", interval->firing ? ", to the end" : "", cli_number(interval->limit).s,
            cli_paint(screen, CLI_PLAIN));
}

void cli_print_alerts(const cli_screen *screen, const afmon_run_summary *summary)
{
    enum { SHOWN = 20 };
    size_t first = summary->alert_count > SHOWN ? summary->alert_count - SHOWN : 0;
    if (first > 0)
        fprintf(screen->out, "%sThe latest %d of %s; --json has them all.%s\n", cli_paint(screen, CLI_DIM), SHOWN,
                cli_count(summary->alert_count).s, cli_paint(screen, CLI_PLAIN));
    for (size_t i = first; i < summary->alert_count; i++)
        print_interval(screen, &summary->alerts[i]);
    if (summary->alert_count == 0) {
        cli_put(screen, CLI_GREEN, "No alert");
        fputs(" held. ", screen->out);
    }
    fprintf(screen->out, "%sJudged%s, every %s.%s\n", cli_paint(screen, CLI_DIM),
            summary->alerts_logged ? " by the run's own monitor" : " in a replay",
            cli_seconds(summary->alert_period_s).s, cli_paint(screen, CLI_PLAIN));
}

/* ---- JSON ---- */

static int put_bytes(void *user, const void *data, size_t size)
{
    return fwrite(data, 1, size, user) == size ? 0 : 1;
}

/* The object's closing brace gives place to a further member. */
static bool put_object(json_t *object, const afmon_run_summary *summary)
{
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    size_t length = text != NULL ? strlen(text) : 0;
    bool empty = length <= 2;
    if (length < 2)
        return false;
    length -= empty ? 1 : 2; /* "}" or "\n}" */
    bool ok = fwrite(text, 1, length, stdout) == length &&
              fputs(empty ? "\n  \"summary\": " : ",\n  \"summary\": ", stdout) >= 0 &&
              afmon_run_summary_write_json(summary, put_bytes, stdout) == AFMON_OK && fputs("\n}\n", stdout) >= 0;
    free(text);
    return ok;
}

json_t *cli_plan_json(const afmon_live_plan *plan)
{
    if (!plan->known)
        return json_null();
    return json_pack("{sI sI so so so so sI so}", "planned", (json_int_t)plan->planned, "done", (json_int_t)plan->done,
                     "per_s", cli_json_number(plan->per_s), "eta_s", cli_json_number(plan->eta_s), "eta_p10_s",
                     cli_json_number(plan->eta_p10_s), "eta_p90_s", cli_json_number(plan->eta_p90_s), "open",
                     (json_int_t)plan->open, "oldest_s", cli_json_number(plan->oldest_s));
}

int cli_print_json_summary(json_t *object, const afmon_run_summary *summary)
{
    if (object == NULL) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    bool ok = put_object(object, summary);
    json_decref(object);
    if (!ok)
        cli_error("cannot write JSON");
    return cli_finish_output(ok ? CLI_OK : CLI_FAILED);
}

afmon_status cli_follow_whole(afmon_live *live, afmon_live_info *info, afmon_error *error)
{
    cli_progress progress;
    afmon_status status;
    uint64_t before;
    cli_progress_begin(&progress, "Reading");
    do {
        afmon_live_get_info(live, info);
        before = info->revision;
        status = afmon_live_update(live, 0.1, error);
        afmon_live_get_info(live, info);
        cli_progress_update(&progress, (uint64_t)(info->loaded * 1e6), 1000000);
    } while (status == AFMON_OK && (info->loaded < 1 || (info->state == AFMON_LIVE_ENDED && info->revision != before)));
    cli_progress_end(&progress);
    return status;
}
