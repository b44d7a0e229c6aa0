/* The lines of the live display. */
#include "base/words.h"
#include "cli/live.h"

#include <math.h>
#include <string.h>

enum { MAX_WIDTH = 100, MIN_WIDTH = 72, MIN_HEIGHT = 12, INDENT = 2, LABELLED = 12 };

/* ---- Pieces ------------------------------------------------------------------------------------------------------ */

static void paint(gen_text *out, const cli_screen *screen, cli_style style, const char *text)
{
    gen_text_printf(out, "%s%s%s", cli_paint(screen, style), text, cli_paint(screen, CLI_PLAIN));
}

/* A name in a column of its own, dimmed. */
static void label(gen_text *out, const cli_screen *screen, const char *name)
{
    gen_text_printf(out, "  %s%-9s%s ", cli_paint(screen, CLI_DIM), name, cli_paint(screen, CLI_PLAIN));
}

static size_t drawing_width(const cli_screen *screen)
{
    /* One column stays free: a character in the last one makes some terminals wrap. */
    size_t width = screen->width > 0 ? screen->width - 1 : 79;
    return width < MAX_WIDTH ? width : MAX_WIDTH;
}

static cli_style style_of(double success)
{
    return success >= 0.9 ? CLI_GREEN : success >= 0.7 ? CLI_YELLOW : CLI_RED;
}

static void sparkline(gen_text *out, const cli_screen *screen, const float *slices, size_t count, size_t room)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {"_", "_", ".", ".", "-", "-", "=", "="};
    size_t first = count > room ? count - room : 0;
    for (size_t i = first; i < count; i++) {
        double success = slices[i];
        size_t level = success >= 1 ? 7 : success <= 0 ? 0 : (size_t)(success * 8);
        paint(out, screen, style_of(success), screen->unicode ? blocks[level] : plain[level]);
    }
}

static double fraction_of(const gen_run_counts *c)
{
    uint64_t finished = c->skipped + gen_run_ended(c);
    return c->planned > 0 ? (double)finished / (double)c->planned : 1;
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

static void draw_bar(gen_text *out, const cli_screen *screen, const live_figures *f, size_t width)
{
    char bar[4 * MAX_WIDTH + 1], counts[160];
    const gen_run_counts *c = &f->counts;
    snprintf(counts, sizeof counts, "%4.0f%%  %s / %s", 100 * fraction_of(c),
             cli_count(c->skipped + gen_run_ended(c)).s, cli_count(c->planned).s);
    size_t taken = strlen(counts) + INDENT;
    cli_bar(screen, fraction_of(c), width > taken + 8 ? width - taken : 8, bar, sizeof bar);
    gen_text_puts(out, "  ");
    paint(out, screen, f->counts.failed > f->counts.done ? CLI_YELLOW : CLI_GREEN, bar);
    paint(out, screen, CLI_BOLD, counts);
    gen_text_puts(out, "\n");
}

static struct afmon_words left_of(const live_figures *f)
{
    const afmon_live_plan *plan = &f->plan;
    return afmon_words_left(plan->eta_p10_s, plan->known ? plan->eta_s : (double)NAN, plan->eta_p90_s);
}

/* How long it takes yet, and what it waits for. */
static void draw_left(gen_text *out, const cli_screen *screen, const live_figures *f, size_t width)
{
    char text[160];
    struct afmon_words open = afmon_words_open(f->plan.open, f->plan.oldest_s);
    int length = snprintf(text, sizeof text, "%s%s%s", left_of(f).text, open.text[0] != '\0' ? "; " : "", open.text);
    label(out, screen, "left");
    gen_text_append(out, text,
                    cli_fit(text, (size_t)length < width - LABELLED ? (size_t)length : width - LABELLED, NULL));
    gen_text_puts(out, "\n");
}

static void draw_rate(gen_text *out, const cli_screen *screen, const live_figures *f)
{
    label(out, screen, "rate");
    gen_text_printf(out, "%-12s", f->rate > 0 ? cli_rate(f->rate).s : "-");
    label(out, screen, "elapsed");
    gen_text_printf(out, "%-12s", cli_seconds(f->elapsed_s).s);
    if (f->stopping) {
        label(out, screen, "waiting");
        gen_text_puts(out, cli_seconds(f->patience_s < 0.1 ? 0 : f->patience_s).s);
    }
    gen_text_puts(out, "\n");
}

static void draw_success(gen_text *out, const cli_screen *screen, const live_figures *f, const float *slices,
                         size_t slice_count, size_t width)
{
    enum { COLUMNS_BEFORE = 26 };
    label(out, screen, "success");
    cli_text text = f->success >= 0 ? cli_percent(f->success) : (cli_text){"-"};
    cli_style style = f->success >= 0 ? style_of(f->success) : CLI_PLAIN;
    gen_text_printf(out, "%s%-14s%s", cli_paint(screen, style), text.s, cli_paint(screen, CLI_PLAIN));
    sparkline(out, screen, slices, slice_count, width > COLUMNS_BEFORE ? width - COLUMNS_BEFORE : 0);
    gen_text_puts(out, "\n");
}

static void draw_times(gen_text *out, const cli_screen *screen, const live_figures *f)
{
    label(out, screen, "time p50");
    gen_text_printf(out, "%-12s", f->timed ? cli_seconds(f->p50_s).s : "-");
    label(out, screen, "p95");
    gen_text_printf(out, "%-12s", f->timed ? cli_seconds(f->p95_s).s : "-");
    label(out, screen, "failed");
    gen_text_printf(out, "%s\n", cli_count(f->counts.failed).s);
}

static void draw_tokens(gen_text *out, const cli_screen *screen, const live_figures *f)
{
    label(out, screen, "tokens");
    gen_text_printf(out, "%-12s", cli_compact((double)(f->prompt_tokens + f->completion_tokens)).s);
    label(out, screen, "prompt");
    gen_text_printf(out, "%-12s", cli_compact((double)f->prompt_tokens).s);
    label(out, screen, "answers");
    gen_text_printf(out, "%s\n", cli_compact((double)f->completion_tokens).s);
}

static void draw_alerts(gen_text *out, const cli_screen *screen, const live_figures *f, size_t width)
{
    label(out, screen, "alerts");
    size_t column = 12, shown = 0;
    for (size_t i = 0; i < f->alert_count; i++) {
        const afmon_alert *alert = &f->alerts[i].latest;
        size_t needed = cli_width(alert->name) + (shown > 0 ? 2 : 0);
        if (!f->alerts[i].holds || column + needed > width)
            continue;
        gen_text_puts(out, shown++ > 0 ? ", " : "");
        paint(out, screen, alert->level == AFMON_ERROR ? CLI_RED : CLI_YELLOW, alert->name);
        column += needed;
    }
    if (shown == 0)
        paint(out, screen, CLI_DIM, f->alert_count > 0 ? "none now" : "none");
    gen_text_puts(out, "\n");
}

static void draw_title(gen_text *out, const cli_screen *screen, const char *title, bool stopping, size_t width)
{
    char line[4 * MAX_WIDTH + 1];
    size_t length = cli_fit(title, width - INDENT, NULL);
    if (length >= sizeof line)
        length = sizeof line - 1;
    memcpy(line, title, length);
    line[length] = '\0';
    gen_text_puts(out, "  ");
    if (stopping)
        paint(out, screen, CLI_YELLOW, "Stopping: calls in flight may finish. Ctrl-C again ends at once.");
    else
        paint(out, screen, CLI_BOLD, line);
    gen_text_puts(out, "\n");
}

/* For screens that are too small for the block. */
static size_t draw_small(gen_text *out, const cli_screen *screen, const live_figures *f, size_t width)
{
    char line[160];
    int length = snprintf(line, sizeof line, "%.0f%%  %s/%s  %s  ok %s", 100 * fraction_of(&f->counts),
                          cli_count(f->counts.skipped + gen_run_ended(&f->counts)).s, cli_count(f->counts.planned).s,
                          f->rate > 0 ? cli_rate(f->rate).s : "-", f->success >= 0 ? cli_percent(f->success).s : "-");
    (void)screen;
    gen_text_append(out, line, cli_fit(line, length < (int)width ? (size_t)length : width, NULL));
    gen_text_puts(out, "\n");
    return 1;
}

size_t live_draw_frame(gen_text *out, const cli_screen *screen, const char *title, const live_figures *figures,
                       const float *slices, size_t slice_count)
{
    size_t width = drawing_width(screen);
    if (width + 1 < MIN_WIDTH || (screen->height > 0 && screen->height < MIN_HEIGHT))
        return draw_small(out, screen, figures, width);
    gen_text_puts(out, "\n");
    draw_title(out, screen, title, figures->stopping, width);
    draw_bar(out, screen, figures, width);
    draw_left(out, screen, figures, width);
    draw_rate(out, screen, figures);
    draw_times(out, screen, figures);
    draw_tokens(out, screen, figures);
    draw_success(out, screen, figures, slices, slice_count, width);
    draw_alerts(out, screen, figures, width);
    return 9;
}

void live_draw_line(gen_text *out, const live_figures *f)
{
    const gen_run_counts *c = &f->counts;
    gen_text_printf(out, "%s  %s of %s %s (%.0f%%)  %s", cli_seconds(f->elapsed_s).s,
                    cli_count(c->skipped + gen_run_ended(c)).s, cli_count(c->planned).s,
                    afmon_words_kinds(c->kind != NULL ? c->kind : "conversation").text, 100 * fraction_of(c),
                    f->rate > 0 ? cli_rate(f->rate).s : "-");
    if (f->success >= 0)
        gen_text_printf(out, "  success %s", cli_percent(f->success).s);
    if (f->timed)
        gen_text_printf(out, "  p50 %s  p95 %s", cli_seconds(f->p50_s).s, cli_seconds(f->p95_s).s);
    gen_text_printf(out, "  %s tokens", cli_compact((double)(f->prompt_tokens + f->completion_tokens)).s);
    if (f->stopping)
        gen_text_puts(out, "  stopping");
    else if (f->plan.known && isfinite(f->plan.eta_s))
        gen_text_printf(out, "  left %s", left_of(f).text);
    if (!f->stopping && f->plan.open > 0)
        gen_text_printf(out, "  %s", afmon_words_open(f->plan.open, f->plan.oldest_s).text);
    gen_text_puts(out, "\n");
}

void live_draw_event(gen_text *out, const cli_screen *screen, const alert_event *event)
{
    const afmon_alert *alert = &event->alert;
    const char *mark = event->raised ? (screen->unicode ? "▲" : "!") : (screen->unicode ? "✓" : "-");
    cli_style style = !event->raised ? CLI_GREEN : alert->level == AFMON_ERROR ? CLI_RED : CLI_YELLOW;
    char name[80], message[2 + 6 * sizeof alert->message] = "  ";
    snprintf(name, sizeof name, "%-20s", alert->name);
    if (event->raised)
        cli_safe_into(message + 2, sizeof message - 2, alert->message, strlen(alert->message));
    else
        snprintf(message, sizeof message, "  cleared after %s", cli_seconds(event->held_s).s);
    gen_text_printf(out, "  %s%s%s  ", cli_paint(screen, CLI_DIM), cli_clock(alert->timestamp_ns).s,
                    cli_paint(screen, CLI_PLAIN));
    paint(out, screen, style, mark);
    gen_text_puts(out, " ");
    paint(out, screen, style, name);
    gen_text_puts(out, message);
    gen_text_puts(out, "\n");
}
