/* The panels below: operations, models, alerts, log. */
#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/words.h"
#include "cli/watch.h"

void watch_draw_title(const watch_place *p, const char *title, const char *note, bool chosen)
{
    size_t used = canvas_put(p->c, p->row, p->column, p->room, chosen ? CLI_CYAN : CLI_BOLD, title, p->unicode);
    if (note[0] != '\0' && used + 2 < p->room)
        used += 1 + canvas_put(p->c, p->row, p->column + used + 1, p->room - used - 1, CLI_DIM, note, p->unicode);
    for (size_t i = used + 1; i < p->room; i++)
        canvas_put(p->c, p->row, p->column + i, 1, CLI_DIM, p->unicode ? "─" : "-", p->unicode);
}

/* The first row that is shown: what was scrolled to, but not beyond the last page. */
static size_t first_of(size_t scroll, size_t count, size_t rows)
{
    size_t last = count > rows ? count - rows : 0;
    return scroll < last ? scroll : last;
}

/* The row that enter tells all about: the one scrolled to, and marked in the panel that scrolls. */
static bool is_chosen(const watch_wish *wish, watch_panel panel, size_t index, size_t count)
{
    size_t at = wish->scroll[panel];
    return wish->panel == panel && index == (at < count ? at : count - 1);
}

static const char *position(char out[48], size_t first, size_t count, size_t rows)
{
    out[0] = '\0';
    if (count > rows && rows > 0)
        snprintf(out, 48, "%zu-%zu of %zu", first + 1, first + rows, count);
    return out;
}

/* Columns of numbers at the right edge; what is left of the row is the name's. */
static void put_cells(const watch_place *p, size_t row, cli_style style, const char *const *cells, const size_t *widths,
                      size_t count)
{
    size_t right = p->column + p->room;
    for (size_t i = count; i-- > 0;) {
        if (right < p->column + widths[i] + 12)
            return;
        right -= widths[i];
        canvas_put_right(p->c, row, right + 1, widths[i] - 1, style, cells[i], p->unicode);
    }
}

static size_t name_room(const watch_place *p, const size_t *widths, size_t count)
{
    size_t taken = 0;
    for (size_t i = 0; i < count; i++)
        taken += widths[i];
    return p->room > taken + 12 ? p->room - taken : 12;
}

static const char *name_of(const afmon_live_rate *rate, char out[512])
{
    if (rate->component_length > 0 && rate->name_length > 0)
        snprintf(out, 512, "%s/%s", rate->component, rate->name);
    else
        snprintf(out, 512, "%s", rate->component_length > 0 ? rate->component : rate->name);
    return out;
}

/* Of a column of durations: minutes and more take two units ("1 min 45 s"). */
static size_t time_width(const watch_figures *f)
{
    double longest_s = 0;
    for (size_t i = 0; i < f->operation_count; i++)
        longest_s = fmax(longest_s, fmax(f->operations[i].mean_s, f->operations[i].p95_s));
    return longest_s < 99 ? 9 : 12;
}

void watch_draw_operations(const watch_place *p, const watch_wish *wish, const watch_figures *f)
{
    static const char *const titles[] = {"calls", "rate", "failed", "mean", "p50", "p95"};
    static const char *const sorts[] = {"by calls", "by rate", "by failures", "by time", "by name"};
    const size_t widths[] = {10, 9, 8, time_width(f), time_width(f), time_width(f)};
    char note[96], place[48], name[512];
    size_t rows = p->rows > 2 ? p->rows - 2 : 0;
    size_t first = first_of(wish->scroll[PANEL_OPERATIONS], f->operation_count, rows);
    snprintf(note, sizeof note, "%s%s%s", sorts[wish->sort], f->operation_count > rows ? "  " : "",
             position(place, first, f->operation_count, rows));
    watch_draw_title(p, "Operations", note, wish->panel == PANEL_OPERATIONS);
    if (f->operation_count == 0) {
        canvas_put(p->c, p->row + 1, p->column, p->room, CLI_DIM, "none", p->unicode);
        return;
    }
    put_cells(p, p->row + 1, CLI_DIM, titles, widths, 6);
    for (size_t i = 0; i < rows && first + i < f->operation_count; i++) {
        const afmon_live_rate *rate = &f->operations[first + i];
        size_t row = p->row + 2 + i;
        name_of(rate, name);
        cli_style style = is_chosen(wish, PANEL_OPERATIONS, first + i, f->operation_count) ? CLI_CYAN : CLI_PLAIN;
        canvas_put_foreign(p->c, row, p->column, name_room(p, widths, 6), style, name, strlen(name), p->unicode);
        cli_text cells[] = {
            cli_compact((double)rate->calls), cli_rate(rate->calls_per_s), cli_compact((double)rate->failures),
            cli_seconds(rate->mean_s),        cli_seconds(rate->p50_s),    cli_seconds(rate->p95_s)};
        bool timed = rate->p95_s > 0;
        const char *texts[] = {cells[0].s,
                               cells[1].s,
                               cells[2].s,
                               timed ? cells[3].s : "-",
                               timed ? cells[4].s : "-",
                               timed ? cells[5].s : "-"};
        bool failing = rate->failures * 5 > rate->calls;
        put_cells(p, row, failing ? CLI_RED : CLI_PLAIN, texts, widths, 6);
    }
}

/* NaN: none of its calls was priced. */
static double cost_of_model(const watch_figures *f, const afmon_live_rate *rate)
{
    for (size_t i = 0; f->summary != NULL && i < f->summary->model_count; i++)
        if (strcmp(f->summary->models[i].model_name, rate->name) == 0)
            return f->summary->models[i].cost_usd;
    return (double)NAN;
}

void watch_draw_models(const watch_place *p, const watch_wish *wish, const watch_figures *f)
{
    static const char *const titles[] = {"calls", "tokens", "in/s", "out/s", "cost"};
    static const size_t widths[] = {10, 8, 9, 9, 10};
    char place[48];
    size_t columns = f->summary != NULL && f->summary->cost_known ? 5 : 4;
    size_t rows = p->rows > 2 ? p->rows - 2 : 0;
    size_t first = first_of(wish->scroll[PANEL_MODELS], f->model_count, rows);
    watch_draw_title(p, "Models", position(place, first, f->model_count, rows), wish->panel == PANEL_MODELS);
    if (f->model_count == 0) {
        canvas_put(p->c, p->row + 1, p->column, p->room, CLI_DIM, "none", p->unicode);
        return;
    }
    put_cells(p, p->row + 1, CLI_DIM, titles, widths, columns);
    for (size_t i = 0; i < rows && first + i < f->model_count; i++) {
        const afmon_live_rate *rate = &f->models[first + i];
        size_t row = p->row + 2 + i;
        canvas_put_foreign(p->c, row, p->column, name_room(p, widths, columns),
                           is_chosen(wish, PANEL_MODELS, first + i, f->model_count) ? CLI_CYAN : CLI_PLAIN, rate->name,
                           rate->name_length, p->unicode);
        cli_text cells[] = {cli_compact((double)rate->calls), cli_compact(rate->total_tokens),
                            cli_rate(rate->prompt_tokens_per_s), cli_rate(rate->completion_tokens_per_s)};
        const struct afmon_words cost = afmon_words_dollars(cost_of_model(f, rate));
        const char *texts[] = {cells[0].s, cells[1].s, cells[2].s, cells[3].s, cost.text};
        put_cells(p, row, CLI_PLAIN, texts, widths, columns);
    }
}

static cli_style style_of_level(afmon_level level)
{
    return level == AFMON_ERROR ? CLI_RED : level == AFMON_WARNING ? CLI_YELLOW : CLI_PLAIN;
}

size_t watch_alert_count(const watch_figures *f)
{
    return f->summary != NULL ? f->summary->alert_count : 0;
}

const afmon_alert_interval *watch_alert(const watch_figures *f, size_t index)
{
    const afmon_alert_interval *alerts = f->summary->alerts;
    for (int firing = 1; firing >= 0; firing--)
        for (size_t i = f->summary->alert_count; i-- > 0;)
            if (alerts[i].firing == (firing == 1) && index-- == 0)
                return &alerts[i];
    return NULL;
}

static void draw_alert(const watch_place *p, size_t row, const afmon_alert_interval *alert, bool ended, bool chosen)
{
    char when[120];
    cli_style style = chosen ? CLI_CYAN : alert->firing ? style_of_level(alert->level) : CLI_DIM;
    const char *state = alert->firing ? (ended ? "at end" : "firing") : "over";
    snprintf(when, sizeof when, "%s  %-8s", cli_clock(alert->first_ns).s, state);
    size_t used = canvas_put(p->c, row, p->column, p->room, style, when, p->unicode);
    snprintf(when, sizeof when, "%-11s", alert->held_s >= 1 ? cli_span(alert->held_s).s : "");
    used +=
        canvas_put(p->c, row, p->column + used + 1, p->room > used ? p->room - used - 1 : 0, CLI_DIM, when, p->unicode);
    used += 2;
    if (used < p->room)
        canvas_put_foreign(p->c, row, p->column + used, p->room - used, style, alert->message, strlen(alert->message),
                           p->unicode);
}

void watch_draw_alerts(const watch_place *p, const watch_wish *wish, const watch_figures *f)
{
    char place[48], note[320], file[256];
    size_t count = watch_alert_count(f);
    size_t rows = p->rows > 1 ? p->rows - 1 : 0;
    size_t first = first_of(wish->scroll[PANEL_ALERTS], count, rows);
    position(place, first, count, rows);
    note[0] = '\0';
    if (wish->rules != NULL) {
        cli_safe_into(file, sizeof file, wish->rules, strlen(wish->rules));
        snprintf(note, sizeof note, "by %s%s", file, place[0] != '\0' ? "  " : "");
    } else if (count > 0 && !f->summary->alerts_logged) {
        snprintf(note, sizeof note, "replayed%s", place[0] != '\0' ? "  " : "");
    }
    strcat(note, place);
    watch_draw_title(p, "Alerts", note, wish->panel == PANEL_ALERTS);
    if (count == 0)
        canvas_put(p->c, p->row + 1, p->column, p->room, CLI_DIM, "none", p->unicode);
    for (size_t i = 0; i < rows && first + i < count; i++)
        draw_alert(p, p->row + 1 + i, watch_alert(f, first + i), f->info.state == AFMON_LIVE_ENDED,
                   is_chosen(wish, PANEL_ALERTS, first + i, count));
}

/* The latest at the bottom, as in a file that is followed; scrolling goes back in time. */
void watch_draw_log(const watch_place *p, const watch_wish *wish, const watch_figures *f)
{
    static const char *const levels[] = {"notable lines", "warnings and errors", "errors"};
    size_t rows = p->rows > 1 ? p->rows - 1 : 0;
    size_t first = first_of(wish->scroll[PANEL_LOG], f->log_count, rows);
    watch_draw_title(p, "Log", wish->routine ? "all lines" : levels[wish->level], wish->panel == PANEL_LOG);
    if (f->log_count == 0)
        canvas_put(p->c, p->row + 1, p->column, p->room, CLI_DIM, "none", p->unicode);
    size_t shown = f->log_count - first < rows ? f->log_count - first : rows;
    for (size_t i = 0; i < shown; i++) {
        const watch_line *line = &f->log[first + shown - 1 - i];
        size_t row = p->row + 1 + i;
        size_t used =
            canvas_put(p->c, row, p->column, p->room, CLI_DIM, cli_clock(line->timestamp_ns).s, p->unicode) + 1;
        bool chosen = is_chosen(wish, PANEL_LOG, first + shown - 1 - i, f->log_count);
        if (used < p->room)
            canvas_put_foreign(p->c, row, p->column + used, p->room - used,
                               chosen ? CLI_CYAN : style_of_level(line->level), line->text, strlen(line->text),
                               p->unicode);
    }
}
