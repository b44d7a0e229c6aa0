#include "report/cost.h"

#include <math.h>
#include <stdio.h>

/* Items of a kind, then models, that something was priced of. */
static size_t item_rows(const afmon_run_summary *s)
{
    size_t rows = 0;
    for (size_t i = 0; i < s->item_count; i++)
        rows += isnan(s->items[i].cost_usd) ? 0 : 1;
    return rows;
}

static bool is_projected(const afmon_run_summary *s)
{
    return s->cost.items_left > 0 && !isnan(s->cost.projected_usd);
}

size_t afmon_cost_rows(const afmon_run_summary *s)
{
    size_t rows = 1 + is_projected(s) + item_rows(s);
    if (!s->cost_known)
        return 0;
    for (size_t i = 0; i < s->model_count; i++)
        rows += isnan(s->models[i].cost_usd) ? 0 : 1;
    return rows;
}

static struct afmon_cost_row row_of_item(const afmon_item_summary *item)
{
    struct afmon_cost_row row = {
        .name = item->kind,
        .cells = {afmon_words_dollars(item->cost_usd), afmon_words_dollars(item->accepted_cost_usd),
                  afmon_words_dollars(item->wasted_cost_usd), afmon_words_dollars(item->cost_per_accepted_usd)}};
    return row;
}

struct afmon_cost_row afmon_cost_row_at(const afmon_run_summary *s, size_t row)
{
    if (row == 0)
        return (struct afmon_cost_row){.name = "All priced calls", .cells = {afmon_words_dollars(s->cost.total_usd)}};
    row--;
    if (is_projected(s) && row-- == 0)
        return (struct afmon_cost_row){.name = "At the end of the plan, about",
                                       .cells = {afmon_words_dollars(s->cost.projected_usd)}};
    for (size_t i = 0; i < s->item_count; i++)
        if (!isnan(s->items[i].cost_usd) && row-- == 0)
            return row_of_item(&s->items[i]);
    for (size_t i = 0; i < s->model_count; i++)
        if (!isnan(s->models[i].cost_usd) && row-- == 0)
            return (struct afmon_cost_row){.name = s->models[i].model_name,
                                           .cells = {afmon_words_dollars(s->models[i].cost_usd)}};
    return (struct afmon_cost_row){.name = ""};
}

void afmon_cost_unpriced(const afmon_run_summary *s, char *text, size_t size)
{
    *text = '\0';
    if (s->cost_known && s->cost.unpriced_calls > 0)
        (void)snprintf(text, size, "Unpriced: %s %s with %s tokens", afmon_words_count(s->cost.unpriced_calls).text,
                       s->cost.unpriced_calls == 1 ? "call" : "calls", afmon_words_count(s->cost.unpriced_tokens).text);
}
