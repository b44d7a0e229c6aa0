/* What was made, what came out, and what it cost: a line each. */
#include <math.h>

#include "base/words.h"
#include "cli/watch.h"

/* The kind of items of which there are most; NULL: the run tells of none. */
static const afmon_item_summary *most_items(const watch_figures *f)
{
    const afmon_item_summary *most = NULL;
    for (size_t i = 0; f->summary != NULL && i < f->summary->item_count; i++) {
        const afmon_item_summary *item = &f->summary->items[i];
        if (!item->inferred && (most == NULL || item->started > most->started))
            most = item;
    }
    return most;
}

static void draw_items(canvas *c, size_t row, const afmon_item_summary *item, bool unicode)
{
    char text[256];
    const struct {
        uint64_t count;
        const char *what;
    } parts[] = {
        {item->rejected, "rejected"}, {item->failed, "failed"}, {item->open, "open"}, {item->abandoned, "abandoned"}};
    size_t length = (size_t)snprintf(text, sizeof text, "%s %s accepted", cli_count(item->accepted).s,
                                     afmon_words_kinds(item->kind).text);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].count > 0)
            length += (size_t)snprintf(text + length, sizeof text - length, ", %s %s", cli_count(parts[i].count).s,
                                       parts[i].what);
    if (item->finished > 0)
        length += (size_t)snprintf(text + length, sizeof text - length, "; yield %s, %s", cli_percent(item->yield).s,
                                   cli_rate(item->per_s).s);
    canvas_put(c, row, 0, WATCH_LABEL - 1, CLI_DIM, "items", unicode);
    canvas_put_foreign(c, row, WATCH_LABEL, c->width > WATCH_LABEL ? c->width - WATCH_LABEL : 0, CLI_BOLD, text, length,
                       unicode);
}

/* Adds to a text what fits. */
static size_t append(char *text, size_t size, size_t length, const char *begin, const char *value, const char *end)
{
    int more = length < size ? snprintf(text + length, size - length, "%s%s%s", begin, value, end) : 0;
    return length + (size_t)(more > 0 ? more : 0);
}

/* What the run cost, and will have cost; of its most frequent items a price and what was spent for nothing. */
static void draw_cost(canvas *c, size_t row, const afmon_run_summary *s, const afmon_item_summary *item, bool unicode)
{
    char text[256];
    const afmon_cost_summary *cost = &s->cost;
    size_t length = append(text, sizeof text, 0, "", afmon_words_dollars(cost->total_usd).text, "");
    if (cost->items_left > 0 && isfinite(cost->projected_usd))
        length =
            append(text, sizeof text, length, ", about ", afmon_words_dollars(cost->projected_usd).text, " in all");
    if (item != NULL && isfinite(item->cost_per_accepted_usd)) {
        length = append(text, sizeof text, length, "; ", afmon_words_dollars(item->cost_per_accepted_usd).text,
                        " an accepted one");
        length = append(text, sizeof text, length, ", wasted ", afmon_words_dollars(item->wasted_cost_usd).text, "");
    }
    canvas_put(c, row, 0, WATCH_LABEL - 1, CLI_DIM, "cost", unicode);
    size_t used = WATCH_LABEL + canvas_put(c, row, WATCH_LABEL, c->width > WATCH_LABEL ? c->width - WATCH_LABEL : 0,
                                           CLI_BOLD, text, unicode);
    if (cost->unpriced_calls == 0 || used >= c->width)
        return;
    length = append(text, sizeof text, 0, "; ", cli_count(cost->unpriced_calls).s,
                    cost->unpriced_calls == 1 ? " call unpriced, " : " calls unpriced, ");
    (void)append(text, sizeof text, length, "", cli_compact((double)cost->unpriced_tokens).s, " tokens");
    canvas_put(c, row, used, c->width - used, CLI_YELLOW, text, unicode);
}

size_t watch_draw_made(canvas *c, size_t row, const watch_figures *f, bool unicode)
{
    const afmon_item_summary *items = most_items(f);
    if (items != NULL && c->height > row + 4)
        draw_items(c, row++, items, unicode);
    if (f->summary != NULL && f->summary->cost_known && c->height > row + 4)
        draw_cost(c, row++, f->summary, items, unicode);
    return row;
}

static void draw_line(canvas *c, size_t row, const char *label, const char *text, size_t length, bool unicode)
{
    canvas_put(c, row, 0, WATCH_LABEL - 1, CLI_DIM, label, unicode);
    canvas_put_foreign(c, row, WATCH_LABEL, c->width > WATCH_LABEL ? c->width - WATCH_LABEL : 0, CLI_PLAIN, text,
                       length, unicode);
}

static size_t draw_scores(canvas *c, size_t row, const afmon_run_summary *s, bool unicode)
{
    char text[CANVAS_MAX];
    size_t length = 0;
    for (size_t i = 0; i < s->score_count && length < sizeof text - 1; i++) {
        length = append(text, sizeof text, length, i > 0 ? ", " : "", s->scores[i].name, " ");
        length = append(text, sizeof text, length, "", cli_number(s->scores[i].score.mean).s, "");
    }
    length = length < sizeof text ? length : sizeof text - 1;
    draw_line(c, row, "mean scores", text, length, unicode);
    return row + 1;
}

static size_t draw_finishes(canvas *c, size_t row, const afmon_run_summary *s, bool unicode)
{
    char text[CANVAS_MAX];
    size_t length = 0;
    for (size_t i = 0; i < s->finish_count && length < sizeof text - 1; i++) {
        length = append(text, sizeof text, length, i > 0 ? ", " : "", s->finishes[i].reason, " ");
        length = append(text, sizeof text, length, "", cli_percent(s->finishes[i].share).s, "");
    }
    length = length < sizeof text ? length : sizeof text - 1;
    draw_line(c, row, "finished by", text, length, unicode);
    return row + 1;
}

size_t watch_draw_came_out(canvas *c, size_t row, const watch_figures *f, bool unicode)
{
    enum { BELOW = 13 }; /* rows for the panels come first */
    if (f->summary == NULL)
        return row;
    if (f->summary->score_count > 0 && c->height > row + BELOW)
        row = draw_scores(c, row, f->summary, unicode);
    if (f->summary->finish_count > 0 && c->height > row + BELOW)
        row = draw_finishes(c, row, f->summary, unicode);
    return row;
}
