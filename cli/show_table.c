#include "cli/show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
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

static void print_head(const cli_screen *screen, const struct show_facts *facts)
{
    char text[200];
    const afmon_view_info *info = &facts->info;
    char *folder = cli_safe(facts->folder, strlen(facts->folder));
    print_fact(screen, "Run", folder ? folder : "");
    free(folder);
    if (info->sample_count > 0)
        print_time(screen, facts);
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

/* ---- Metrics -------------------------------------------------------------------------------------------------- */

/* By afmon_metric_group. */
static const char *const group_titles[] = {"Generation", "Tokens", "Conversations", "Evaluation", "Other", "Counted"};
enum { GROUPS = sizeof group_titles / sizeof group_titles[0] };

/* A rate that needs an eye on it. */
static cli_style mean_style(const afmon_metric_info *info, double mean)
{
    if (info->unit != AFMON_UNIT_SHARE)
        return CLI_BOLD;
    double bad = info->better == AFMON_BETTER_HIGHER ? 1 - mean : mean;
    return bad > 0.2 ? CLI_RED : bad > 0.05 ? CLI_YELLOW : CLI_GREEN;
}

static void add_metric(cli_table *table, const struct show_metric *metric, const afmon_metric_info *info)
{
    const afmon_aggregate *a = &metric->aggregate;
    const double values[] = {a->mean, a->p50, a->p90, a->p99, a->min, a->max};
    bool counted = info->group == AFMON_METRICS_COUNTED;
    cli_text count = a->count > COUNT_DIGITS ? cli_compact((double)a->count) : cli_count(a->count);
    cli_table_cell_n(table, CLI_PLAIN, metric->name, metric->length);
    cli_table_cell(table, counted ? CLI_BOLD : CLI_PLAIN, count.s);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        cli_style style = i > 0 ? CLI_PLAIN : mean_style(info, a->mean);
        if (counted || a->count == 0)
            style = CLI_DIM;
        cli_table_cell(table, style, a->count > 0 ? cli_value(info->unit, values[i]).s : "-");
    }
}

static bool print_metrics(const cli_screen *screen, const struct show_facts *facts)
{
    static const cli_column columns[] = {
        {"Metric", CLI_LEFT, true}, {"count", CLI_RIGHT, false}, {"mean", CLI_RIGHT, false}, {"p50", CLI_RIGHT, false},
        {"p90", CLI_RIGHT, false},  {"p99", CLI_RIGHT, false},   {"min", CLI_RIGHT, false},  {"max", CLI_RIGHT, false},
    };
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    for (int group = 0; group < GROUPS; group++) {
        bool titled = false;
        for (size_t i = 0; i < facts->metric_count; i++) {
            const struct show_metric *metric = &facts->metrics[i];
            const afmon_metric_info *info = afmon_metric_get_info(metric->name, metric->length);
            if ((int)info->group != group)
                continue;
            if (!titled)
                cli_table_group(table, group_titles[group]);
            titled = true;
            add_metric(table, metric, info);
        }
    }
    bool printed = cli_table_print(table, screen);
    cli_table_free(table);
    return printed;
}

static void print_left_out(const cli_screen *screen, const struct show_facts *facts)
{
    uint64_t not_finite = 0;
    size_t absent = facts->info.metric_count - facts->metric_count - facts->left_out;
    for (size_t i = 0; i < facts->metric_count; i++)
        not_finite += facts->metrics[i].aggregate.not_finite;
    if (not_finite > 0)
        fprintf(screen->out, "%s%s value%s no finite number: left out of the figures.%s\n", cli_paint(screen, CLI_DIM),
                cli_count(not_finite).s, not_finite == 1 ? " is" : "s are", cli_paint(screen, CLI_PLAIN));
    if (absent > 0)
        fprintf(screen->out, "%s%s metric%s no sample in this window.%s\n", cli_paint(screen, CLI_DIM),
                cli_count(absent).s, absent == 1 ? " has" : "s have", cli_paint(screen, CLI_PLAIN));
    if (facts->left_out > 0)
        fprintf(screen->out, "%s%s metric%s not shown: the name holds a NUL byte.%s\n", cli_paint(screen, CLI_DIM),
                cli_count(facts->left_out).s, facts->left_out == 1 ? " is" : "s are", cli_paint(screen, CLI_PLAIN));
}

/* ---- Token usage ------------------------------------------------------------------------------------------------ */

static void add_usage(cli_table *table, cli_style style, const char *name, const uint64_t tokens[3], uint64_t all)
{
    cli_table_cell(table, style, name);
    for (size_t i = 0; i < 3; i++)
        cli_table_cell(table, style, cli_count(tokens[i]).s);
    cli_table_cell(table, style, all > 0 ? cli_percent((double)tokens[2] / (double)all).s : "-");
}

static bool print_usage(const cli_screen *screen, const afmon_token_usage *usage)
{
    static const cli_column columns[] = {
        {"Model", CLI_LEFT, true},   {"prompt", CLI_RIGHT, false}, {"completion", CLI_RIGHT, false},
        {"total", CLI_RIGHT, false}, {"share", CLI_RIGHT, false},
    };
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < usage->model_count; i++) {
        const afmon_model_usage *model = &usage->models[i];
        const uint64_t tokens[] = {model->prompt_tokens, model->completion_tokens, model->total_tokens};
        add_usage(table, CLI_PLAIN, model->model_name, tokens, usage->total_tokens);
    }
    if (usage->model_count > 1) {
        const uint64_t tokens[] = {usage->prompt_tokens, usage->completion_tokens, usage->total_tokens};
        add_usage(table, CLI_BOLD, "all models", tokens, usage->total_tokens);
    }
    bool printed = cli_table_print(table, screen);
    cli_table_free(table);
    return printed;
}

/* ---- Alerts and problems --------------------------------------------------------------------------------------------
 */

static void print_alerts(const cli_screen *screen, const struct show_facts *facts)
{
    cli_heading(screen, "Alerts");
    cli_print_alerts(screen, facts->alerts, facts->alert_count);
    if (facts->alert_count == 0) {
        cli_put(screen, CLI_GREEN, "None");
        fprintf(screen->out, " by the default limits, judged every %s.\n", cli_seconds(facts->interval_s).s);
    }
    if (facts->info.log_alert_count > 0)
        fprintf(screen->out, "%sThe run itself logged %s alert%s in afterimage.log.%s\n", cli_paint(screen, CLI_DIM),
                cli_count(facts->info.log_alert_count).s, facts->info.log_alert_count == 1 ? "" : "s",
                cli_paint(screen, CLI_PLAIN));
}

static void print_text(const cli_screen *screen, const char *text)
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
        print_text(screen, text);
    if (facts->info.problem_count > shown)
        fprintf(screen->out, "... and %s more; --json lists up to 1,000.\n",
                cli_count(facts->info.problem_count - shown).s);
}

static void print_warnings(const cli_screen *screen, const struct show_facts *facts)
{
    const char *text = afmon_view_warning(facts->view, 0);
    if (text == NULL)
        return;
    fputc('\n', screen->out);
    cli_heading(screen, "Times");
    for (size_t i = 0; i < PROBLEMS_SHOWN && (text = afmon_view_warning(facts->view, i)) != NULL; i++)
        print_text(screen, text);
    if (afmon_view_warning(facts->view, PROBLEMS_SHOWN) != NULL)
        fputs("... and more; --json lists them.\n", screen->out);
}

int show_table(const struct show_facts *facts)
{
    cli_screen screen;
    cli_screen_init(&screen, stdout);
    print_head(&screen, facts);
    fputc('\n', screen.out);
    if (facts->info.sample_count == 0) {
        fputs("No samples.\n", screen.out);
    } else {
        if (!print_metrics(&screen, facts))
            return CLI_FAILED;
        print_left_out(&screen, facts);
        if (facts->usage.model_count > 0) {
            fputc('\n', screen.out);
            if (!print_usage(&screen, &facts->usage))
                return CLI_FAILED;
        }
        fputc('\n', screen.out);
        print_alerts(&screen, facts);
    }
    if (facts->info.problem_count > 0) {
        fputc('\n', screen.out);
        print_problems(&screen, facts);
    }
    print_warnings(&screen, facts);
    return cli_finish_output(CLI_OK);
}
