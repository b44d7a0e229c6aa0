/* What became of the items of a run, and why not. */
#include "base/words.h"
#include "cli/show.h"

enum { REASONS_SHOWN = 10 };

bool show_tells_items(const afmon_run_summary *s)
{
    for (size_t i = 0; i < s->item_count; i++)
        if (!s->items[i].inferred)
            return true;
    return false;
}

static void add_item(cli_table *table, const afmon_item_summary *item)
{
    const uint64_t counts[] = {item->started, item->accepted,  item->rejected,
                               item->failed,  item->abandoned, item->open};
    cli_table_cell(table, CLI_PLAIN, afmon_words_kinds(item->kind).text);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        cli_table_cell(table, i == 1 ? CLI_BOLD : CLI_PLAIN, cli_count(counts[i]).s);
    cli_table_cell(table, CLI_PLAIN, cli_percent(item->yield).s);
    cli_table_cell(table, CLI_PLAIN, cli_count(item->attempts).s);
    cli_table_cell(table, CLI_PLAIN, cli_number(item->calls_per_accepted).s);
    cli_table_cell(table, CLI_PLAIN, cli_number(item->tokens_per_accepted).s);
}

static bool print_funnel(const cli_screen *screen, const afmon_run_summary *s)
{
    static const cli_column columns[] = {
        {"Items", CLI_LEFT, true},        {"started", CLI_RIGHT, false},     {"accepted", CLI_RIGHT, false},
        {"rejected", CLI_RIGHT, false},   {"failed", CLI_RIGHT, false},      {"abandoned", CLI_RIGHT, false},
        {"open", CLI_RIGHT, false},       {"yield", CLI_RIGHT, false},       {"attempts", CLI_RIGHT, false},
        {"calls/acc.", CLI_RIGHT, false}, {"tokens/acc.", CLI_RIGHT, false},
    };
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < s->item_count; i++)
        if (!s->items[i].inferred)
            add_item(table, &s->items[i]);
    bool printed = cli_table_print(table, screen);
    cli_table_free(table);
    fputc('\n', screen->out);
    return printed;
}

static bool print_reasons(const cli_screen *screen, const afmon_run_summary *s)
{
    static const cli_column columns[] = {
        {"Not accepted", CLI_LEFT, true}, {"outcome", CLI_LEFT, false}, {"reason", CLI_LEFT, true},
        {"count", CLI_RIGHT, false},      {"share", CLI_RIGHT, false},
    };
    size_t rows = 0;
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < s->item_count; i++) {
        const afmon_item_summary *item = &s->items[i];
        for (size_t k = 0; k < item->reason_count && k < REASONS_SHOWN; k++, rows++) {
            const afmon_item_reason *reason = &item->reasons[k];
            cli_table_cell(table, CLI_PLAIN, afmon_words_kinds(item->kind).text);
            cli_table_cell(table, reason->failed ? CLI_RED : CLI_YELLOW, reason->failed ? "failed" : "rejected");
            cli_table_cell(table, CLI_PLAIN, reason->text[0] ? reason->text : "(none given)");
            cli_table_cell(table, CLI_BOLD, cli_count(reason->count).s);
            cli_table_cell(table, CLI_PLAIN, cli_percent(reason->share).s);
        }
    }
    bool printed = rows == 0 || cli_table_print(table, screen);
    cli_table_free(table);
    if (rows > 0)
        fprintf(screen->out, "%sThe items behind a row: afmon items DIR --outcome OUTCOME --reason REASON%s\n\n",
                cli_paint(screen, CLI_DIM), cli_paint(screen, CLI_PLAIN));
    return printed;
}

bool show_items(const cli_screen *screen, const afmon_run_summary *summary)
{
    return !show_tells_items(summary) || (print_funnel(screen, summary) && print_reasons(screen, summary));
}
