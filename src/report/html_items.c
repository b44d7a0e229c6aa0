/* The funnel of items: what was begun, what became of it, and why not. */
#include "report/page.h"
#include "report/table.h"
#include "report/text.h"

static void put_item(struct afmon_buffer *page, const afmon_item_summary *item)
{
    afmon_table_row(page, afmon_words_kinds_title(item->kind).text);
    afmon_table_count(page, item->started);
    afmon_table_count(page, item->accepted);
    afmon_table_count(page, item->rejected);
    afmon_table_failures(page, item->failed);
    afmon_table_count(page, item->abandoned);
    afmon_table_count(page, item->open);
    afmon_table_share(page, item->yield);
    afmon_table_count(page, item->attempts);
    afmon_table_cell(page, afmon_words_number(item->calls_per_accepted));
    afmon_table_cell(page, afmon_words_number(item->tokens_per_accepted));
    afmon_table_end_row(page);
}

static void put_reasons(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Reason", "Kind", "Outcome", "Count", "Share", NULL};
    size_t rows = 0;
    size_t count = 0;
    for (size_t i = 0; i < s->item_count; i++)
        rows += s->items[i].reason_count;
    if (rows == 0)
        return;
    afmon_table_begin(page, "reasons", "Items that were not accepted", columns);
    for (size_t i = 0; i < s->item_count; i++) {
        const afmon_item_summary *item = &s->items[i];
        for (size_t k = 0; k < item->reason_count && count < afmon_table_shown(rows); k++, count++) {
            const afmon_item_reason *reason = &item->reasons[k];
            afmon_table_row(page, reason->text[0] ? reason->text : "(none given)");
            afmon_table_text(page, item->kind);
            afmon_table_text(page, reason->failed ? "failed" : "rejected");
            afmon_table_count(page, reason->count);
            afmon_table_share(page, reason->share);
            afmon_table_end_row(page);
        }
    }
    afmon_table_end_behind(page, rows, "--outcome OUTCOME --reason REASON");
}

void afmon_html_items(struct afmon_report_job *job)
{
    static const char *const columns[] = {"Kind",
                                          "Started",
                                          "Accepted",
                                          "Rejected",
                                          "Failed",
                                          "Abandoned",
                                          "Open",
                                          "Yield",
                                          "Attempts",
                                          "Calls per accepted",
                                          "Tokens per accepted",
                                          NULL};
    const afmon_run_summary *s = job->summary;
    if (!afmon_page_has_items(s))
        return;
    afmon_table_begin(job->page, "items", "Items", columns);
    for (size_t i = 0; i < s->item_count; i++)
        put_item(job->page, &s->items[i]);
    afmon_table_end(job->page, 0);
    put_reasons(job->page, s);
}
