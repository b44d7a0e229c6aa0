/* A frame: head, progress, the five questions over time, and the panels below. */
#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/words.h"
#include "cli/about.h"
#include "cli/watch.h"

enum { SIDE_BY_SIDE = 140, FIGURE_LINES = 5, STRETCHED = 8, FEW_ROWS = 10, LOG_MIN = 6, BAR_MIN = 30 };

static cli_style style_of_success(double success)
{
    return success >= 0.9 ? CLI_GREEN : success >= 0.7 ? CLI_YELLOW : CLI_RED;
}

static cli_style style_of_state(afmon_live_state state)
{
    static const cli_style styles[] = {CLI_CYAN, CLI_GREEN, CLI_YELLOW, CLI_PLAIN};
    return styles[state];
}

/* What people call the run, behind its folder. */
static void draw_about(canvas *c, size_t used, size_t room, const watch_figures *f, bool unicode)
{
    char text[CANVAS_MAX];
    if (f->summary == NULL)
        return;
    const char *const texts[] = {f->summary->name, text};
    about_tags(f->summary, text, sizeof text);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i][0] != '\0' && used + 2 < room)
            used += 2 + canvas_put_foreign(c, 0, used + 2, room - used - 2, i == 0 ? CLI_BOLD : CLI_DIM, texts[i],
                                           strlen(texts[i]), unicode);
}

static void draw_head(canvas *c, const char *folder, const watch_wish *wish, const watch_figures *f, bool unicode)
{
    char right[160];
    const afmon_live_info *info = &f->info;
    double span_s = info->sample_count > 0 ? afmon_seconds_between(info->first_ns, info->now_ns) : 0;
    snprintf(right, sizeof right, "%s%s", wish->paused ? "paused  " : "",
             info->sample_count > 0 ? cli_span(span_s < 0 ? 0 : floor(span_s)).s : "");
    const char *state = afmon_live_state_name(info->state);
    size_t taken = strlen(state) + strlen(right) + 4;
    size_t room = c->width > taken ? c->width - taken : 0;
    size_t used = canvas_put(c, 0, 0, room, CLI_BOLD, "afmon watch  ", unicode);
    used += canvas_put_foreign(c, 0, used, room > used ? room - used : 0, CLI_PLAIN, folder, strlen(folder), unicode);
    draw_about(c, used, room, f, unicode);
    canvas_put(c, 0, room + 2, taken, style_of_state(info->state), state, unicode);
    canvas_put_right(c, 0, 0, c->width, wish->paused ? CLI_YELLOW : CLI_PLAIN, right, unicode);
}

/* Returns the columns it took. */
static size_t draw_bar(canvas *c, double part, const char *counts, size_t more, bool unicode)
{
    char bar[4 * CANVAS_MAX + 1];
    cli_screen screen = {.unicode = unicode};
    size_t taken = cli_width(counts) + more + 2;
    size_t width = c->width > taken + 8 ? c->width - taken : 8;
    cli_bar(&screen, part, width > 100 ? 100 : width, bar, sizeof bar);
    size_t filled = cli_fit(bar, (size_t)ceil(part * (double)(width > 100 ? 100 : width)), NULL);
    char rest = bar[filled];
    bar[filled] = '\0';
    size_t used = canvas_put(c, 1, 0, width, CLI_GREEN, bar, unicode);
    bar[filled] = rest;
    for (size_t end = width > 100 ? 100 : width; used < end; used++)
        canvas_put(c, 1, used, 1, CLI_DIM, unicode ? "─" : ".", unicode);
    return used + 2 + canvas_put(c, 1, used + 2, c->width, CLI_PLAIN, counts, unicode);
}

static const char *loading_note(const afmon_live_info *info, char out[48])
{
    out[0] = '\0';
    if (info->loaded < 1)
        snprintf(out, 48, "  loading %.0f%%", floor(info->loaded * 100));
    return out;
}

/* What stands behind the bar: how far it is, how long it takes yet, and, where there is room, what it waits for. */
static void say_plan(const afmon_live_plan *plan, size_t width, char *text, size_t size)
{
    char left[128] = "", open[128] = "";
    double part = fmin(1, (double)plan->done / (double)plan->planned);
    int length = snprintf(text, size, "%3.0f%%  %s / %s", floor(part * 100), cli_count(plan->done).s,
                          cli_count(plan->planned).s);
    if (isfinite(plan->eta_s) && plan->eta_s > 0)
        snprintf(left, sizeof left, "  left %s", afmon_words_left(plan->eta_p10_s, plan->eta_s, plan->eta_p90_s).text);
    if (left[0] != '\0' && plan->open > 0)
        snprintf(open, sizeof open, "  %s", afmon_words_open(plan->open, plan->oldest_s).text);
    bool room = (size_t)length + strlen(left) + strlen(open) + BAR_MIN <= width;
    snprintf(text + length, size - (size_t)length, "%s%s", left, room ? open : "");
}

static void draw_progress(canvas *c, const watch_figures *f, bool unicode)
{
    char text[256], note[48];
    const afmon_live_plan *plan = &f->plan;
    loading_note(&f->info, note);
    if (plan->known && plan->planned > 0) {
        double part = fmin(1, (double)plan->done / (double)plan->planned);
        size_t used;
        say_plan(plan, c->width, text, sizeof text);
        used = draw_bar(c, part, text, cli_width(note), unicode);
        canvas_put(c, 1, used, c->width, CLI_CYAN, note, unicode);
        return;
    }
    if (f->info.sample_count == 0) {
        canvas_put(c, 1, 0, c->width, CLI_DIM, "no samples yet", unicode);
        return;
    }
    snprintf(text, sizeof text, "%s samples, %s metrics, %s tokens", cli_count(f->info.sample_count).s,
             cli_count(f->info.metric_count).s, cli_compact(f->tokens).s);
    size_t used = canvas_put(c, 1, 0, c->width, CLI_PLAIN, text, unicode);
    canvas_put(c, 1, used, c->width, CLI_CYAN, note, unicode);
}

static void draw_verdict(canvas *c, size_t row, const watch_figures *f, bool unicode)
{
    static const cli_style styles[] = {CLI_DIM, CLI_GREEN, CLI_YELLOW, CLI_RED};
    static const char *const marks[] = {"·", "✔", "▲", "✖"};
    static const char *const plain[] = {"-", "+", "!", "x"};
    char text[64], more[48] = "";
    if (f->info.sample_count == 0 || f->summary == NULL)
        return;
    afmon_verdict verdict = f->summary->verdict;
    snprintf(text, sizeof text, "%s %s", (unicode ? marks : plain)[verdict], afmon_verdict_name(verdict));
    size_t used = canvas_put(c, row, 0, c->width, styles[verdict], text, unicode) + 2;
    bool alarming = verdict == AFMON_VERDICT_DEGRADED || verdict == AFMON_VERDICT_FAILED;
    if (alarming && f->summary->reason_count > 1)
        snprintf(more, sizeof more, "  and %zu more", f->summary->reason_count - 1);
    size_t taken = used + cli_width(more);
    size_t room = c->width > taken ? c->width - taken : 0;
    used += canvas_put(c, row, used, room, CLI_PLAIN, f->reason, unicode);
    if (room > 0)
        canvas_put(c, row, used, c->width, CLI_DIM, more, unicode);
}

/* The columns of a line over time. */
static size_t spark_room(const canvas *c)
{
    size_t room = c->width > WATCH_FIGURES + WATCH_TOP ? c->width - WATCH_FIGURES - WATCH_TOP : 0;
    return room < WATCH_SPARK ? room : WATCH_SPARK;
}

/* top: what the full height stands for. */
static void draw_spark(canvas *c, size_t row, const watch_spark *spark, double top, bool success, cli_style style,
                       bool unicode)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {"_", "_", ".", ".", "-", "-", "=", "="};
    size_t room = spark_room(c);
    size_t shown = spark->count < STRETCHED ? spark->count : room; /* of columns: buckets are at most as many */
    for (size_t i = 0; i < shown && i < room; i++) {
        double value = spark->values[i * spark->count / shown];
        if (value < 0)
            continue;
        double part = top > 0 ? value / top : 0;
        size_t level = part >= 1 ? 7 : part > 0 ? (size_t)(part * 8) : 0;
        canvas_put(c, row, WATCH_FIGURES + i, 1, success ? style_of_success(value) : style,
                   unicode ? blocks[level] : plain[level], unicode);
    }
}

static double top_of(const watch_spark *spark)
{
    double top = 0;
    for (size_t i = 0; i < spark->count; i++)
        top = fmax(top, spark->values[i]);
    return top;
}

/* What the full height of a line over time stands for, behind it. */
static void draw_top(canvas *c, size_t row, const watch_spark *spark, const char *text, bool unicode)
{
    size_t room = spark_room(c);
    if (room > 0 && spark->count > 0)
        canvas_put(c, row, WATCH_FIGURES + room + 1, WATCH_TOP - 1, CLI_DIM, text, unicode);
}

static void draw_figure(canvas *c, size_t row, const char *label, const char *value, cli_style style, bool unicode)
{
    canvas_put(c, row, 0, WATCH_LABEL - 1, CLI_DIM, label, unicode);
    canvas_put(c, row, WATCH_LABEL, WATCH_FIGURES - WATCH_LABEL - 1, style, value, unicode);
}

static void draw_rates(canvas *c, size_t row, const watch_figures *f, bool unicode)
{
    char text[160];
    const char *unit = strcmp(f->counted, "generation_time") == 0   ? "generations"
                       : strcmp(f->counted, "evaluation_time") == 0 ? "evaluations"
                                                                    : f->counted;
    snprintf(text, sizeof text, "%s %s", cli_rate(f->per_s).s, unit);
    draw_figure(c, row, "throughput", f->counted[0] != '\0' ? text : "-", CLI_BOLD, unicode);
    draw_spark(c, row, &f->throughput, top_of(&f->throughput), false, CLI_CYAN, unicode);
    draw_top(c, row, &f->throughput, cli_rate(top_of(&f->throughput)).s, unicode);
    bool known = f->success >= 0;
    draw_figure(c, row + 1, "success", known ? cli_percent(f->success).s : "-",
                known ? style_of_success(f->success) : CLI_PLAIN, unicode);
    draw_spark(c, row + 1, &f->success_line, 1, true, CLI_GREEN, unicode);
    draw_top(c, row + 1, &f->success_line, "100%", unicode);
    known = f->errors >= 0;
    draw_figure(c, row + 2, "errors", known ? cli_percent(f->errors).s : "-", f->errors > 0.2 ? CLI_RED : CLI_PLAIN,
                unicode);
    draw_spark(c, row + 2, &f->error_line, top_of(&f->error_line), false, CLI_RED, unicode);
    draw_top(c, row + 2, &f->error_line, cli_percent(top_of(&f->error_line)).s, unicode);
}

static void draw_figures(canvas *c, size_t row, const watch_figures *f, bool unicode)
{
    char text[200];
    draw_rates(c, row, f, unicode);
    snprintf(text, sizeof text, "%s %s %s %s", cli_seconds(f->p50_s).s, cli_seconds(f->p90_s).s,
             cli_seconds(f->p99_s).s, cli_seconds(f->max_s).s);
    draw_figure(c, row + 3, "p50 90 99 max", f->timed ? text : "-", CLI_BOLD, unicode);
    draw_spark(c, row + 3, &f->latency_line, top_of(&f->latency_line), false, CLI_YELLOW, unicode);
    snprintf(text, sizeof text, "p90 %s", cli_seconds(top_of(&f->latency_line)).s);
    draw_top(c, row + 3, &f->latency_line, text, unicode);
    snprintf(text, sizeof text, "%s %s in %s out", cli_rate(f->total_per_s).s, cli_compact(f->prompt_per_s).s,
             cli_compact(f->completion_per_s).s);
    draw_figure(c, row + 4, "tokens", f->tokens > 0 ? text : "-", CLI_BOLD, unicode);
    draw_spark(c, row + 4, &f->token_line, top_of(&f->token_line), false, CLI_BLUE, unicode);
    draw_top(c, row + 4, &f->token_line, cli_rate(top_of(&f->token_line)).s, unicode);
}

static void draw_keys(canvas *c, const watch_wish *wish, const watch_figures *f, bool unicode)
{
    char text[160];
    char window[40] = "whole run";
    if (wish->typing || wish->filter[0] != '\0') {
        size_t used = canvas_put(c, c->height - 1, 0, c->width, CLI_CYAN, "filter /", unicode);
        used += canvas_put_foreign(c, c->height - 1, used, c->width / 2, CLI_BOLD, wish->filter, strlen(wish->filter),
                                   unicode);
        canvas_put(c, c->height - 1, used, c->width > used ? c->width - used : 0, CLI_DIM,
                   wish->typing ? "_  enter takes it, esc clears it" : "  / changes it, esc clears it", unicode);
        return;
    }
    if (f->window_s > 0)
        snprintf(window, sizeof window, "last %s", f->window_s < 60 ? "10s" : f->window_s < 300 ? "1m" : "5m");
    snprintf(text, sizeof text, "q quit  ? help  / filter  enter detail  w %s  s sort  tab panel  l log", window);
    canvas_put(c, c->height - 1, 0, c->width, wish->paused ? CLI_YELLOW : CLI_DIM, text, unicode);
}

static void draw_help(canvas *c, bool unicode)
{
    static const char *const lines[] = {
        "q, Ctrl-C     quit",
        "/             show only what holds a text: operations, models, log lines",
        "enter         all about the chosen row of the panel, and back",
        "tab           choose the panel that scrolls",
        "up, down      choose a row; page up, page down, home likewise",
        "w             figures of 10 seconds, a minute, five minutes, the whole run",
        "s             sort the operations: calls, rate, failures, time, name",
        "l             log lines: notable, all, warnings, errors",
        "space, p      pause the picture, and go on; the run is not touched",
        "r             draw again",
        "? h           this, and back",
        "",
        "Lines over time reach from the run's begin to now; what their full height",
        "stands for is behind them. p50 90 99 max: half, 90 % and 99 % of the",
        "generations took less, and the slowest; its line is p90. Time left is a",
        "band: one of ten such runs ends by its begin, nine of ten by its end.",
    };
    canvas_put(c, 2, 0, c->width, CLI_BOLD, "Keys", unicode);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        canvas_put(c, 4 + i, 2, c->width > 2 ? c->width - 2 : 0, CLI_PLAIN, lines[i], unicode);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One below the other: each gets what it needs, up to its part; the log takes the rest. */
static void draw_stacked(watch_place p, size_t rows, const watch_wish *wish, const watch_figures *f)
{
    typedef void (*draw_panel)(const watch_place *, const watch_wish *, const watch_figures *);
    static const draw_panel draw[] = {watch_draw_operations, watch_draw_models, watch_draw_alerts, watch_draw_log};
    size_t wants[] = {f->operation_count + 2, f->model_count + 2, watch_alert_count(f) + 1, rows};
    bool few = rows < FEW_ROWS;
    bool all = wants[0] + wants[1] + wants[2] + LOG_MIN <= rows;
    size_t parts[] = {rows * 5 / 16 + 1, rows * 3 / 16 + 1, rows * 3 / 16 + 1, rows};
    for (size_t i = 0; i < PANEL_COUNT && rows > 1; i++) {
        if (few && i == PANEL_MODELS)
            continue;
        size_t wanted = i < PANEL_LOG ? least(wants[i] < 2 ? 2 : wants[i], all            ? rows
                                                                           : parts[i] < 2 ? 2
                                                                                          : parts[i])
                                      : rows;
        p.rows = least(wanted, rows);
        draw[i](&p, wish, f);
        p.row += p.rows;
        rows -= p.rows;
    }
}

static void draw_side_by_side(watch_place p, size_t rows, const watch_wish *wish, const watch_figures *f)
{
    watch_place left = p;
    left.room = p.c->width / 2 - 2;
    left.rows = least(rows * 2 / 3, f->operation_count + 3);
    watch_draw_operations(&left, wish, f);
    left.row += left.rows;
    left.rows = rows - left.rows;
    watch_draw_models(&left, wish, f);
    watch_place right = p;
    right.column = p.c->width / 2 + 1;
    right.room = p.c->width - right.column;
    right.rows = least(rows / 3, watch_alert_count(f) < 2 ? 3 : watch_alert_count(f) + 2);
    watch_draw_alerts(&right, wish, f);
    right.row += right.rows;
    right.rows = rows - right.rows;
    watch_draw_log(&right, wish, f);
}

void watch_draw(canvas *c, const char *folder, const watch_wish *wish, const watch_figures *f, bool unicode)
{
    enum { FIRST = 4 };
    if (c->height < 4 || c->width < 20) {
        canvas_put(c, 0, 0, c->width, CLI_PLAIN, "too small", unicode);
        return;
    }
    draw_head(c, folder, wish, f, unicode);
    draw_keys(c, wish, f, unicode);
    if (wish->help) {
        draw_help(c, unicode);
        return;
    }
    draw_progress(c, f, unicode);
    draw_verdict(c, 2, f, unicode);
    size_t row = watch_draw_made(c, FIRST - 1, f, unicode);
    if (c->height > row + FIGURE_LINES)
        draw_figures(c, row, f, unicode);
    row = watch_draw_came_out(c, row + FIGURE_LINES, f, unicode);
    if (c->height < row + 4)
        return;
    row += c->height > 30 ? 1 : 0;
    if (wish->detail) {
        watch_draw_detail(c, row, wish, f, unicode);
        return;
    }
    watch_place p = {.c = c, .row = row, .room = c->width, .unicode = unicode};
    if (c->width >= SIDE_BY_SIDE)
        draw_side_by_side(p, c->height - 1 - row, wish, f);
    else
        draw_stacked(p, c->height - 1 - row, wish, f);
}
