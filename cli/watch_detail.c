/* All that is known of one row: an operation, a model, an alert, a line of the log. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/words.h"
#include "cli/watch.h"

/* Lines one below the other, up to the row of keys. */
typedef struct page {
    canvas *c;
    size_t row;
    bool unicode;
} page;

/* A long text goes on in the next lines. */
static void put(page *p, cli_style style, const char *text)
{
    char safe[4096];
    enum { INDENT = 2 };
    size_t room = p->c->width > INDENT + 1 ? p->c->width - INDENT : 1;
    cli_safe_into(safe, sizeof safe, text, strlen(text));
    for (const char *at = safe; p->row + 1 < p->c->height;) {
        char line[4096];
        size_t length = cli_fit(at, room, NULL);
        length = length > 0 ? length : strlen(at);
        for (size_t space = length; at[length] != '\0' && space > length / 2; space--)
            if (at[space - 1] == ' ') {
                length = space;
                break;
            }
        snprintf(line, sizeof line, "%.*s", (int)length, at);
        canvas_put(p->c, p->row++, INDENT, room, style, line, p->unicode);
        at += length;
        if (*at == '\0')
            break;
    }
}

static void say(page *p, const char *format, ...) CLI_PRINTF(2, 3);
static void say(page *p, const char *format, ...)
{
    char text[2048];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    put(p, CLI_PLAIN, text);
}

static void say_distribution(page *p, const char *what, const afmon_distribution *d)
{
    if (d->count > 0)
        say(p, "%s: mean %s, p50 %s, p90 %s, p95 %s, p99 %s, max %s, of %s", what, cli_seconds(d->mean).s,
            cli_seconds(d->p50).s, cli_seconds(d->p90).s, cli_seconds(d->p95).s, cli_seconds(d->p99).s,
            cli_seconds(d->max).s, cli_count(d->count).s);
}

static void say_failure(page *p, const afmon_failure_summary *failure)
{
    char status[32] = "";
    if (failure->status > 0)
        snprintf(status, sizeof status, " (%d)", failure->status);
    say(p, "%s times %s%s, last at %s: %s", cli_count(failure->count).s,
        failure->error_type[0] != '\0' ? failure->error_type : "failed", status, cli_clock(failure->last_ns).s,
        failure->example);
}

static void draw_operation(page *p, const afmon_run_summary *s, const afmon_live_rate *rate)
{
    for (size_t i = 0; i < s->operation_count; i++) {
        const afmon_operation_summary *operation = &s->operations[i];
        if (strcmp(operation->operation, rate->name) != 0 || strcmp(operation->component, rate->component) != 0)
            continue;
        say(p, "%s %s%s, %s failed; %s tokens: %s in, %s out", cli_count(operation->count).s,
            operation->evaluation ? "evaluations" : "generations", operation->item[0] != '\0' ? ", an item each" : "",
            cli_count(operation->failures).s, cli_count(operation->total_tokens).s,
            cli_count(operation->prompt_tokens).s, cli_count(operation->completion_tokens).s);
        say_distribution(p, "took", &operation->duration_s);
    }
    for (size_t i = 0; i < s->failure_count; i++)
        if (strcmp(s->failures[i].operation, rate->name) == 0 && strcmp(s->failures[i].component, rate->component) == 0)
            say_failure(p, &s->failures[i]);
}

static void draw_model(page *p, const afmon_run_summary *s, const afmon_live_rate *rate)
{
    for (size_t i = 0; i < s->model_count; i++) {
        const afmon_model_summary *model = &s->models[i];
        if (strcmp(model->model_name, rate->name) != 0)
            continue;
        say(p, "%s calls, %s failed; %s tokens (%s of all): %s in, %s out", cli_count(model->calls).s,
            cli_count(model->failures).s, cli_count(model->total_tokens).s, cli_percent(model->share).s,
            cli_count(model->prompt_tokens).s, cli_count(model->completion_tokens).s);
        say_distribution(p, "took", &model->latency_s);
        if (s->cost_known)
            say(p, "cost %s", afmon_words_dollars(model->cost_usd).text);
    }
}

static void draw_alert(page *p, const afmon_alert_interval *alert)
{
    put(p, CLI_PLAIN, alert->message);
    say(p, "%s, by %s; limit %s, worst %s at %s", afmon_level_name(alert->level),
        alert->metric[0] != '\0' ? alert->metric : alert->name, cli_number(alert->limit).s, cli_number(alert->worst).s,
        cli_time(alert->worst_ns).s);
    say(p, "%s to %s, held for %s, in %s passes%s", cli_time(alert->first_ns).s, cli_time(alert->last_ns).s,
        cli_seconds(alert->held_s).s, cli_count(alert->passes).s, alert->firing ? "; it still fires" : "");
}

static size_t chosen(const watch_wish *wish, size_t count)
{
    size_t at = wish->scroll[wish->panel];
    return at < count ? at : count - 1;
}

static void draw_rate(page *p, const watch_figures *f, const afmon_live_rate *rate, bool model)
{
    char name[512];
    snprintf(name, sizeof name, "%s%s%s", rate->component, rate->component[0] != '\0' ? "/" : "", rate->name);
    put(p, CLI_BOLD, name);
    if (f->summary == NULL)
        return;
    if (model)
        draw_model(p, f->summary, rate);
    else
        draw_operation(p, f->summary, rate);
}

void watch_draw_detail(canvas *c, size_t row, const watch_wish *wish, const watch_figures *f, bool unicode)
{
    static const char *const titles[] = {"Operation", "Model", "Alert", "Log line"};
    const size_t counts[] = {f->operation_count, f->model_count, watch_alert_count(f), f->log_count};
    watch_place title = {.c = c, .row = row, .rows = 1, .room = c->width, .unicode = unicode};
    watch_draw_title(&title, titles[wish->panel], "enter goes back", true);
    page p = {.c = c, .row = row + 1, .unicode = unicode};
    if (counts[wish->panel] == 0) {
        put(&p, CLI_DIM, "none");
        return;
    }
    size_t at = chosen(wish, counts[wish->panel]);
    if (wish->panel == PANEL_OPERATIONS)
        draw_rate(&p, f, &f->operations[at], false);
    else if (wish->panel == PANEL_MODELS)
        draw_rate(&p, f, &f->models[at], true);
    else if (wish->panel == PANEL_ALERTS)
        draw_alert(&p, watch_alert(f, at));
    else {
        say(&p, "%s, %s", cli_time(f->log[at].timestamp_ns).s, afmon_level_name(f->log[at].level));
        put(&p, CLI_PLAIN, f->log[at].text);
    }
}
