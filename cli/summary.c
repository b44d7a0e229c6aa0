#include "cli/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "cli/cli.h"
#include "cli/run.h"
#include "cli/summary_tables.h"
#include "generators/text.h"

/* ---- What became of it ------------------------------------------------------------------------------------------- */

static void print_failures(const cli_screen *screen, const summary_facts *facts)
{
    enum { INDENT = 4, WIDTH = 100 };
    char head[96], reason[512];
    int column = snprintf(head, sizeof head, "  %s failed; the last one: ", cli_count(facts->counts.failed).s);
    cli_safe_into(reason, sizeof reason, facts->last_failure, strlen(facts->last_failure));
    fputs(head, screen->out);
    cli_wrap(screen->out, reason, (size_t)column, INDENT, screen->width > 0 ? screen->width - 1 : WIDTH);
    fputc('\n', screen->out);
}

static void print_outcome(const cli_screen *screen, const summary_facts *facts)
{
    const gen_run_counts *c = &facts->counts;
    bool limited = facts->budget != NULL && facts->budget->reached;
    bool well =
        facts->problem[0] == '\0' && c->failed == 0 && !facts->interrupted && !limited; /* as the exit status says */
    const char *mark = !screen->unicode ? "" : well ? "✓ " : c->done == 0 && !facts->interrupted ? "✗ " : "● ";
    const char *text = facts->interrupted          ? "Stopped on request"
                       : facts->problem[0] != '\0' ? "Ended before its time"
                       : limited                   ? "Stopped at its limit"
                       : c->failed > 0             ? (c->done > 0 ? "Done, with failures" : "Failed")
                                                   : "Done";
    cli_put(screen, well ? CLI_GREEN : CLI_YELLOW, mark);
    cli_put(screen, CLI_BOLD, text);
    fprintf(screen->out, "  %s %s in %s", cli_count(c->done).s, afmon_words_kinds(c->kind).text,
            cli_seconds(facts->elapsed_s).s);
    if (c->done > 0 && facts->elapsed_s > 0)
        fprintf(screen->out, " (%s)", cli_rate((double)c->done / facts->elapsed_s).s);
    fputc('\n', screen->out);
    if (c->skipped > 0)
        fprintf(screen->out, "  %s were in the data set already\n", cli_count(c->skipped).s);
    if (c->rejected > 0)
        fprintf(screen->out, "  %s rejected\n", cli_count(c->rejected).s);
    if (c->failed > 0)
        print_failures(screen, facts);
    uint64_t begun = c->skipped + gen_run_ended(c);
    if (begun < c->planned)
        fprintf(screen->out, "  %s were not made\n", cli_count(c->planned - begun).s);
}

/* Of a run that ended before its plan: what all of it would cost. */
static void print_projection(const cli_screen *screen, const char *folder)
{
    afmon_view *view = cli_open_run(folder);
    afmon_run_summary *summary = view != NULL ? cli_summarize(view, AFMON_WINDOW_ALL) : NULL;
    if (summary != NULL)
        cli_print_projection(screen, &summary->cost, "  ");
    afmon_run_summary_free(summary);
    afmon_view_close(view);
}

/* Where prices were given, or the provider told its own. */
static void print_cost(const cli_screen *screen, afmon_monitor *monitor, const summary_facts *facts)
{
    afmon_aggregate cost;
    const char *invented = facts->prices_invented ? ", at invented prices" : "";
    bool priced = afmon_get_metrics(monitor, "cost_usd", AFMON_ALL_TIME, &cost) == AFMON_OK && cost.count > 0;
    if (priced)
        fprintf(screen->out, "  %s for %s priced calls%s\n", afmon_words_dollars(cost.sum).text,
                cli_count(cost.count).s, invented);
    else if (facts->monitor->prices != NULL || facts->monitor->prices_file != NULL)
        fprintf(screen->out, "  cost unknown: no call has a price\n");
    if (facts->budget != NULL)
        cli_print_budget(screen, facts->budget, "  ");
    if (priced && facts->counts.skipped + gen_run_ended(&facts->counts) < facts->counts.planned)
        print_projection(screen, afmon_monitor_log_dir(monitor));
}

/* Says what the monitor could not keep; a healthy run says nothing. */
static void print_losses(const cli_screen *screen, const afmon_close_report *report)
{
    const afmon_drops *d = &report->dropped;
    uint64_t lost = d->full + d->unwritable + d->too_big + d->no_memory;
    if (lost > 0)
        fprintf(screen->out, "  %s records were dropped: queue full %s, unwritable %s, too big %s, no memory %s\n",
                cli_count(lost).s, cli_count(d->full).s, cli_count(d->unwritable).s, cli_count(d->too_big).s,
                cli_count(d->no_memory).s);
    if (d->shutdown > 0)
        fprintf(screen->out, "  %s records were not written in time; 'afmon recover' puts them into the files\n",
                cli_count(d->shutdown).s);
    if (report->handler_missed > 0)
        fprintf(screen->out, "  %s samples, log records or alerts came faster than handlers took them\n",
                cli_count(report->handler_missed).s);
    if (report->handler_lost > 0)
        fprintf(screen->out, "  %s samples, log records or alerts could not be sent on; the files have them\n",
                cli_count(report->handler_lost).s);
    if (report->last_error.status != AFMON_OK) {
        char text[sizeof report->last_error.message];
        cli_safe_into(text, sizeof text, report->last_error.message, strlen(report->last_error.message));
        fprintf(screen->out, "  last error of a file or handler: %s\n", text);
    }
}

/* ---- Where it lies ----------------------------------------------------------------------------------------------- */

/* A folder as one types it into a shell: in single quotes where it holds more than plain characters. */
static char *quoted(const char *path)
{
    gen_text out = {0};
    bool plain = path[0] != '\0' && path[0] != '-';
    for (const char *c = path; *c != '\0'; c++)
        plain = plain && (strchr("/._-+,:@=", *c) != NULL || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
                          (*c >= 'A' && *c <= 'Z'));
    if (plain) {
        gen_text_puts(&out, path);
        return gen_text_take(&out);
    }
    gen_text_puts(&out, path[0] == '-' ? "./'" : "'");
    for (const char *c = path; *c != '\0'; c++)
        gen_text_append(&out, *c == '\'' ? "'\\''" : c, *c == '\'' ? 4 : 1);
    gen_text_puts(&out, "'");
    return gen_text_take(&out);
}

/* A path, and below it, dimmed, what is there: paths are long. */
static void print_file(const cli_screen *screen, const char *what, const char *path, const char *about)
{
    char text[512];
    cli_safe_into(text, sizeof text, path, strlen(path));
    fprintf(screen->out, "  %-11s %s\n  %-11s ", what, text, "");
    cli_put(screen, CLI_DIM, about);
    fputc('\n', screen->out);
}

/* Commands to go on with. `afmon check` gets what makes it judge as this run was judged. */
static void print_next(const cli_screen *screen, const char *folder, const afmon_options *monitor)
{
    afmon_options defaults;
    afmon_options_init(&defaults);
    char *typed = quoted(folder);
    char *safe = typed != NULL ? cli_safe(typed, strlen(typed)) : NULL;
    if (safe != NULL) {
        fprintf(screen->out, "\nNext:  afmon show %s\n       afmon check %s", safe, safe);
        if (monitor->metrics_interval_s != defaults.metrics_interval_s)
            fprintf(screen->out, " --interval %g", monitor->metrics_interval_s);
        if (monitor->limits.max_conversation_length_mean != defaults.limits.max_conversation_length_mean)
            fprintf(screen->out, " --max-conversation-length %g", monitor->limits.max_conversation_length_mean);
        fputc('\n', screen->out);
    }
    free(safe);
    free(typed);
}

static void print_places(const cli_screen *screen, afmon_monitor *monitor, const summary_facts *facts)
{
    char about[160];
    const char *folder = afmon_monitor_log_dir(monitor);
    fputc('\n', screen->out);
    cli_heading(screen, "Files");
    snprintf(about, sizeof about, "%s samples, %s log records", cli_count(facts->report.samples_written).s,
             cli_count(facts->report.logs_written).s);
    print_file(screen, "Run folder", folder, about);
    if (facts->dataset != NULL) {
        snprintf(about, sizeof about, "%s conversations", cli_count(facts->counts.done + facts->counts.skipped).s);
        print_file(screen, "Data set", facts->dataset, about);
    }
    if (facts->finish != NULL)
        facts->finish(monitor);
    print_next(screen, folder, facts->monitor);
}

void summary_print(afmon_monitor *monitor, const summary_facts *facts)
{
    cli_screen screen;
    cli_screen_init(&screen, stdout);
    fputc('\n', screen.out);
    print_outcome(&screen, facts);
    summary_print_figures(&screen, monitor, facts);
}

void summary_print_figures(const cli_screen *screen, afmon_monitor *monitor, const summary_facts *facts)
{
    afmon_view *view = NULL;
    afmon_error error = {0};
    print_cost(screen, monitor, facts);
    print_losses(screen, &facts->report);
    if (afmon_monitor_view(monitor, &view, &error) == AFMON_OK) {
        fputc('\n', screen->out);
        summary_metrics(screen, view);
        summary_tokens(screen, view);
        summary_errors(screen, view);
        afmon_view_close(view);
    } else {
        cli_error("%s", error.message);
    }
    summary_alerts(screen, facts->board);
    print_places(screen, monitor, facts);
}
