/* What a run cost. */
#include "base/words.h"
#include "cli/run.h"
#include "cli/show.h"

static void print_items(const cli_screen *screen, const afmon_item_summary *item)
{
    fprintf(screen->out, "%s: %s (accepted ones %s, wasted %s); %s for each accepted one\n",
            afmon_words_kinds_title(item->kind).text, afmon_words_dollars(item->cost_usd).text,
            afmon_words_dollars(item->accepted_cost_usd).text, afmon_words_dollars(item->wasted_cost_usd).text,
            afmon_words_dollars(item->cost_per_accepted_usd).text);
}

void show_cost(const cli_screen *screen, const afmon_run_summary *s)
{
    const afmon_cost_summary *cost = &s->cost;
    if (!s->cost_known)
        return;
    fputc('\n', screen->out);
    cli_heading(screen, "Cost");
    fprintf(screen->out, "%s%s%s for %s priced calls\n", cli_paint(screen, CLI_BOLD),
            afmon_words_dollars(cost->total_usd).text, cli_paint(screen, CLI_PLAIN), cli_count(cost->priced_calls).s);
    cli_print_projection(screen, cost, "");
    if (s->has_budget)
        cli_print_budget(screen, &s->budget, "");
    for (size_t i = 0; i < s->item_count; i++)
        if (!isnan(s->items[i].cost_usd))
            print_items(screen, &s->items[i]);
    if (cost->unpriced_calls > 0)
        fprintf(screen->out, "%sunpriced: %s %s with %s tokens, of models without a price%s\n",
                cli_paint(screen, CLI_YELLOW), cli_count(cost->unpriced_calls).s,
                cost->unpriced_calls == 1 ? "call" : "calls", cli_count(cost->unpriced_tokens).s,
                cli_paint(screen, CLI_PLAIN));
}
