#include "cli/show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "base/words.h"
#include "cli/about.h"
#include "cli/run.h"

enum { PROBLEMS_SHOWN = 5, COUNT_DIGITS = 9999999 };

/* ---- What the run is ---------------------------------------------------------------------------------------- */

static void print_fact(const cli_screen *screen, const char *name, const char *text)
{
    fprintf(screen->out, "%s%-10s%s%s\n", cli_paint(screen, CLI_DIM), name, cli_paint(screen, CLI_PLAIN), text);
}

static void print_time(const cli_screen *screen, const struct show_facts *facts)
{
    char text[200];
    const afmon_view_info *info = &facts->info;
    double seconds = afmon_seconds_between(info->first_ns, info->last_ns);
    snprintf(text, sizeof text, "%s to %s (%s)%s", cli_time(info->first_ns).s,
             seconds < 86400 ? cli_clock(info->last_ns).s : cli_time(info->last_ns).s, cli_seconds(seconds).s,
             info->live ? ", still running" : "");
    print_fact(screen, "Time", text);
    if (isinf(facts->window_s))
        return;
    snprintf(text, sizeof text, "the last %s, from %s", cli_seconds(facts->window_s).s,
             cli_time(facts->window.since_ns).s);
    print_fact(screen, "Window", text);
}

static void print_about(const cli_screen *screen, const afmon_run_summary *summary)
{
    char text[AFMON_TAGS_MAX * (AFMON_TAG_KEY_MAX + AFMON_TAG_VALUE_MAX + 4)];
    const char *const names[] = {"Name", "Tags", "Note"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *of = i == 0 ? summary->name : summary->note;
        if (i == 1)
            about_tags(summary, text, sizeof text);
        else
            cli_safe_into(text, sizeof text, of, strlen(of));
        if (text[0] != '\0')
            print_fact(screen, names[i], text);
    }
}

static void print_plan(const cli_screen *screen, const afmon_live_plan *plan)
{
    char text[400];
    if (!plan->known)
        return;
    int length = snprintf(text, sizeof text, "%s of %s", cli_count(plan->done).s, cli_count(plan->planned).s);
    if (isfinite(plan->eta_s) && plan->eta_s > 0)
        length += snprintf(text + length, sizeof text - (size_t)length, ", left %s",
                           afmon_words_left(plan->eta_p10_s, plan->eta_s, plan->eta_p90_s).text);
    if (plan->open > 0)
        (void)snprintf(text + length, sizeof text - (size_t)length, "; %s",
                       afmon_words_open(plan->open, plan->oldest_s).text);
    print_fact(screen, "Plan", text);
}

static void print_head(const cli_screen *screen, const struct show_facts *facts)
{
    char text[200];
    const afmon_view_info *info = &facts->info;
    char *folder = cli_safe(facts->folder, strlen(facts->folder));
    print_fact(screen, "Run", folder ? folder : "");
    free(folder);
    print_about(screen, facts->summary);
    if (info->sample_count > 0)
        print_time(screen, facts);
    print_plan(screen, &facts->plan);
    snprintf(text, sizeof text, "%s of %s metric%s, in %zu file%s", cli_count(info->sample_count).s,
             cli_count(info->metric_count).s, info->metric_count == 1 ? "" : "s", info->file_count,
             info->file_count == 1 ? "" : "s");
    print_fact(screen, "Samples", text);
    if (info->recovered > 0) {
        snprintf(text, sizeof text, "%s record%s of a killed process, just now", cli_count(info->recovered).s,
                 info->recovered == 1 ? "" : "s");
        print_fact(screen, "Recovered", text);
    }
}

/* ---- How it stands ------------------------------------------------------------------------------------------ */

static void print_text(const cli_screen *screen, const char *text, size_t column)
{
    enum { WIDTH = 100 };
    char *safe = cli_safe(text, strlen(text));
    cli_wrap(screen->out, safe != NULL ? safe : "", column, column, screen->width > 0 ? screen->width - 1 : WIDTH);
    fputc('\n', screen->out);
    free(safe);
}

static void print_verdict(const cli_screen *screen, const afmon_run_summary *summary)
{
    static const cli_style styles[] = {CLI_DIM, CLI_GREEN, CLI_YELLOW, CLI_RED};
    enum { INDENT = 10 };
    fprintf(screen->out, "%s%-10s%s", cli_paint(screen, CLI_DIM), "Verdict", cli_paint(screen, CLI_PLAIN));
    cli_put(screen, styles[summary->verdict], afmon_verdict_name(summary->verdict));
    fputc('\n', screen->out);
    for (size_t i = 0; i < summary->reason_count; i++) {
        fprintf(screen->out, "%*s", INDENT, "");
        print_text(screen, summary->reasons[i].text, INDENT);
    }
}

static void add_outcome(cli_table *table, const char *name, uint64_t count, uint64_t failed,
                        const afmon_distribution *d)
{
    const double values[] = {d->mean, d->p50, d->p90, d->p99, d->max};
    if (count == 0)
        return;
    double share = (double)failed / (double)count;
    cli_table_cell(table, CLI_PLAIN, name);
    cli_table_cell(table, CLI_PLAIN, cli_count(count).s);
    cli_table_cell(table, CLI_PLAIN, cli_count(failed).s);
    cli_table_cell(table, share > 0.2 ? CLI_RED : share > 0.05 ? CLI_YELLOW : CLI_GREEN, cli_percent(share).s);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        cli_table_cell(table, CLI_PLAIN, d->count > 0 ? cli_seconds(values[i]).s : "-");
}

static bool print_outcomes(const cli_screen *screen, const afmon_run_summary *s)
{
    static const cli_column columns[] = {
        {"Made", CLI_LEFT, true},    {"count", CLI_RIGHT, false}, {"failed", CLI_RIGHT, false},
        {"share", CLI_RIGHT, false}, {"mean", CLI_RIGHT, false},  {"p50", CLI_RIGHT, false},
        {"p90", CLI_RIGHT, false},   {"p99", CLI_RIGHT, false},   {"max", CLI_RIGHT, false},
    };
    if (s->item_count + s->calls + s->evaluations == 0)
        return true;
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < s->item_count; i++) {
        const afmon_item_summary *item = &s->items[i];
        add_outcome(table, afmon_words_kinds(item->kind).text, item->finished, item->failed, &item->time_s);
    }
    add_outcome(table, "calls", s->calls, s->call_failures, &s->latency_s);
    add_outcome(table, "evaluations", s->evaluations, s->evaluation_failures, &s->evaluation_time_s);
    bool printed = cli_table_print(table, screen);
    cli_table_free(table);
    fputc('\n', screen->out);
    return printed;
}

/* ---- Metrics -------------------------------------------------------------------------------------------------- */

enum { GROUPS = AFMON_METRICS_COUNTED + 1 };

static const char *const group_titles[GROUPS] = {"Generation", "Tokens", "Items", "Evaluation", "Other", "Counted"};

static const afmon_metric_info *info_of(const afmon_metric_summary *metric)
{
    return afmon_metric_get_info(metric->name, strlen(metric->name));
}

static cli_text value_text(afmon_unit unit, double value)
{
    if (unit == AFMON_UNIT_DOLLARS)
        return cli_value(unit, value);
    if (unit == AFMON_UNIT_SECONDS)
        return cli_seconds(value);
    return unit == AFMON_UNIT_SHARE ? cli_percent(value) : cli_number(value);
}

/* A rate that needs an eye on it. */
static cli_style mean_style(const afmon_metric_info *info, double mean)
{
    if (info->unit != AFMON_UNIT_SHARE)
        return CLI_BOLD;
    double failed = info->better == AFMON_BETTER_HIGHER ? 1 - mean : mean;
    return failed > 0.2 ? CLI_RED : failed > 0.05 ? CLI_YELLOW : CLI_GREEN;
}

static void add_metric(cli_table *table, const afmon_metric_summary *metric)
{
    const afmon_distribution *d = &metric->values;
    const afmon_metric_info *info = info_of(metric);
    const double values[] = {d->mean, d->p50, d->p90, d->p99, d->min, d->max};
    bool counted = info->group == AFMON_METRICS_COUNTED;
    cli_text count = d->count > COUNT_DIGITS ? cli_compact((double)d->count) : cli_count(d->count);
    cli_table_cell(table, CLI_PLAIN, metric->name);
    cli_table_cell(table, counted ? CLI_BOLD : CLI_PLAIN, count.s);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        cli_style style = i > 0 ? CLI_PLAIN : mean_style(info, d->mean);
        if (counted || d->count == 0)
            style = CLI_DIM;
        cli_table_cell(table, style, d->count > 0 ? value_text(info->unit, values[i]).s : "-");
    }
}

static bool print_metrics(const cli_screen *screen, const afmon_run_summary *s)
{
    static const cli_column columns[] = {
        {"Metric", CLI_LEFT, true}, {"count", CLI_RIGHT, false}, {"mean", CLI_RIGHT, false}, {"p50", CLI_RIGHT, false},
        {"p90", CLI_RIGHT, false},  {"p99", CLI_RIGHT, false},   {"min", CLI_RIGHT, false},  {"max", CLI_RIGHT, false},
    };
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    for (int group = 0; group < GROUPS; group++) {
        bool titled = false;
        for (size_t i = 0; i < s->metric_count; i++) {
            if ((int)info_of(&s->metrics[i])->group != group)
                continue;
            if (!titled)
                cli_table_group(table, group_titles[group]);
            titled = true;
            add_metric(table, &s->metrics[i]);
        }
    }
    bool printed = cli_table_print(table, screen);
    cli_table_free(table);
    return printed;
}

/* Names beyond the first 1,000 are one row: how many of them there are is not known then. */
static void print_absent(const cli_screen *screen, const struct show_facts *facts)
{
    enum { NAMES_KEPT = 1000 };
    size_t here = facts->summary->metric_count;
    if (isinf(facts->window_s) || here > NAMES_KEPT || here >= facts->info.metric_count)
        return;
    size_t absent = facts->info.metric_count - here;
    fprintf(screen->out, "%s%s metric%s no sample in this window.%s\n", cli_paint(screen, CLI_DIM), cli_count(absent).s,
            absent == 1 ? " has" : "s have", cli_paint(screen, CLI_PLAIN));
}

/* ---- Models --------------------------------------------------------------------------------------------------- */

static void add_tokens(cli_table *table, cli_style style, uint64_t prompt, uint64_t completion, uint64_t total,
                       double share)
{
    const uint64_t tokens[] = {prompt, completion, total};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        cli_table_cell(table, style, cli_count(tokens[i]).s);
    cli_table_cell(table, style, total > 0 ? cli_percent(share).s : "-");
}

static bool print_models(const cli_screen *screen, const afmon_run_summary *s)
{
    static const cli_column columns[] = {
        {"Model", CLI_LEFT, true},    {"calls", CLI_RIGHT, false},      {"p50", CLI_RIGHT, false},
        {"prompt", CLI_RIGHT, false}, {"completion", CLI_RIGHT, false}, {"total", CLI_RIGHT, false},
        {"share", CLI_RIGHT, false},  {"cost", CLI_RIGHT, false},
    };
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0] - !s->cost_known);
    for (size_t i = 0; i < s->model_count; i++) {
        const afmon_model_summary *model = &s->models[i];
        cli_table_cell(table, CLI_PLAIN, model->model_name);
        cli_table_cell(table, CLI_PLAIN, cli_count(model->calls).s);
        cli_table_cell(table, CLI_PLAIN, model->latency_s.count > 0 ? cli_seconds(model->latency_s.p50).s : "-");
        add_tokens(table, CLI_PLAIN, model->prompt_tokens, model->completion_tokens, model->total_tokens, model->share);
        if (s->cost_known)
            cli_table_cell(table, CLI_PLAIN, cli_value(AFMON_UNIT_DOLLARS, model->cost_usd).s);
    }
    if (s->model_count > 1) {
        cli_table_cell(table, CLI_BOLD, "all models");
        cli_table_cell(table, CLI_BOLD, "");
        cli_table_cell(table, CLI_BOLD, "");
        add_tokens(table, CLI_BOLD, s->prompt_tokens, s->completion_tokens, s->total_tokens, 1);
        if (s->cost_known)
            cli_table_cell(table, CLI_BOLD, cli_value(AFMON_UNIT_DOLLARS, s->cost.total_usd).s);
    }
    bool printed = cli_table_print(table, screen);
    cli_table_free(table);
    return printed;
}

/* ---- Warnings and problems -------------------------------------------------------------------------------------- */

static void print_warnings(const cli_screen *screen, const afmon_run_summary *s)
{
    for (size_t i = 0; i < s->warning_count; i++) {
        fputs(cli_paint(screen, CLI_DIM), screen->out);
        print_text(screen, s->warnings[i].text, 0);
        fputs(cli_paint(screen, CLI_PLAIN), screen->out);
    }
}

static void print_line(const cli_screen *screen, const char *text)
{
    char *safe = cli_safe(text, strlen(text));
    fprintf(screen->out, "%s\n", safe ? safe : "");
    free(safe);
}

static void print_problems(const cli_screen *screen, const struct show_facts *facts)
{
    size_t shown = 0;
    cli_heading(screen, "Problems");
    for (const char *text; shown < PROBLEMS_SHOWN && (text = afmon_view_problem(facts->view, shown)); shown++)
        print_line(screen, text);
    if (facts->info.problem_count > shown)
        fprintf(screen->out, "... and %s more; --json lists up to 1,000.\n",
                cli_count(facts->info.problem_count - shown).s);
}

static void print_times(const cli_screen *screen, const struct show_facts *facts)
{
    const char *text = afmon_view_warning(facts->view, 0);
    if (text == NULL)
        return;
    fputc('\n', screen->out);
    cli_heading(screen, "Times");
    for (size_t i = 0; i < PROBLEMS_SHOWN && (text = afmon_view_warning(facts->view, i)) != NULL; i++)
        print_line(screen, text);
    if (afmon_view_warning(facts->view, PROBLEMS_SHOWN) != NULL)
        fputs("... and more; --json lists them.\n", screen->out);
}

static bool print_summary(const cli_screen *screen, const struct show_facts *facts)
{
    const afmon_run_summary *summary = facts->summary;
    if (!show_items(screen, summary) || !print_outcomes(screen, summary) || !show_failures(screen, summary) ||
        !print_metrics(screen, summary))
        return false;
    print_absent(screen, facts);
    if (summary->model_count > 0) {
        fputc('\n', screen->out);
        if (!print_models(screen, summary))
            return false;
    }
    show_cost(screen, summary);
    fputc('\n', screen->out);
    cli_heading(screen, "Alerts");
    cli_print_alerts(screen, summary);
    if (summary->warning_count > 0)
        fputc('\n', screen->out);
    print_warnings(screen, summary);
    return true;
}

int show_table(const struct show_facts *facts)
{
    cli_screen screen;
    cli_screen_init(&screen, stdout);
    print_head(&screen, facts);
    if (facts->summary->sample_count == 0) {
        fprintf(screen.out, "\n%s\n", facts->info.sample_count == 0 ? "No samples." : "No samples in this window.");
    } else {
        print_verdict(&screen, facts->summary);
        fputc('\n', screen.out);
        if (!print_summary(&screen, facts))
            return CLI_FAILED;
    }
    if (facts->info.problem_count > 0) {
        fputc('\n', screen.out);
        print_problems(&screen, facts);
    }
    print_times(&screen, facts);
    return cli_finish_output(CLI_OK);
}
