/* The tables of the page: latencies, failures, models, finish reasons, scores, operations. */
#include <stdio.h>

#include "report/cost.h"
#include "report/page.h"
#include "report/table.h"
#include "report/text.h"

static void latency_row(struct afmon_buffer *page, const char *name, const afmon_distribution *d)
{
    if (d->count == 0)
        return;
    afmon_table_row(page, name);
    afmon_table_count(page, d->count);
    const double values[] = {d->mean, d->p50, d->p90, d->p95, d->p99, d->max};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        afmon_table_cell(page, afmon_words_seconds(values[i]));
    afmon_table_end_row(page);
}

static void put_latencies(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"What", "Count", "Mean", "p50", "p90", "p95", "p99", "Max", NULL};
    uint64_t items = 0;
    for (size_t i = 0; i < s->item_count; i++)
        items += s->items[i].time_s.count;
    if (s->latency_s.count + s->evaluation_time_s.count + items == 0)
        return;
    afmon_table_begin(page, "latency", "Latency", columns);
    latency_row(page, "Calls", &s->latency_s);
    for (size_t i = 0; i < s->item_count; i++) {
        latency_row(page, afmon_words_kinds_title(s->items[i].kind).text, &s->items[i].time_s);
    }
    latency_row(page, "Evaluations", &s->evaluation_time_s);
    afmon_table_end(page, 0);
}

static void put_failures(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Failure", "Status", "Operation", "Calls",   "Items",
                                          "Share",   "First",  "Last",      "Example", NULL};
    if (s->failure_count == 0)
        return;
    afmon_table_begin(page, "failures", "Failures", columns);
    for (size_t i = 0; i < afmon_table_shown(s->failure_count); i++) {
        const afmon_failure_summary *failure = &s->failures[i];
        char status[16] = "-";
        if (failure->status != 0)
            (void)snprintf(status, sizeof status, "%d", failure->status);
        afmon_table_row(page, failure->error_type[0] ? failure->error_type : "(no type given)");
        afmon_page_put(page, "<td>%s</td>", status);
        char place[512];
        afmon_failure_place(failure, place, sizeof place);
        afmon_table_text(page, place);
        afmon_table_failures(page, failure->count);
        afmon_table_count(page, failure->items);
        afmon_table_share(page, failure->share);
        afmon_table_cell(page, afmon_words_time(failure->first_ns));
        afmon_table_cell(page, afmon_words_time(failure->last_ns));
        afmon_table_text(page, failure->example[0] ? failure->example : "-");
        afmon_table_end_row(page);
    }
    afmon_table_end_behind(page, s->failure_count,
                           afmon_page_has_items(s) ? "--error FAILURE --operation OPERATION" : NULL);
}

static void put_retries(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Attempts tried again", "Status", "Count", NULL};
    if (s->retry_count == 0)
        return;
    afmon_table_begin(page, "retries", "Attempts tried again", columns);
    for (size_t i = 0; i < afmon_table_shown(s->retry_count); i++) {
        char status[16] = "-";
        if (s->retried[i].status != 0)
            (void)snprintf(status, sizeof status, "%d", s->retried[i].status);
        afmon_table_row(page, s->retried[i].error_type[0] ? s->retried[i].error_type : "(no type given)");
        afmon_page_put(page, "<td>%s</td>", status);
        afmon_table_count(page, s->retried[i].count);
        afmon_table_end_row(page);
    }
    afmon_table_end(page, s->retry_count);
}

static void put_models(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Model",  "Calls",      "Failed",     "p50",   "p95",
                                          "Prompt", "Completion", "All tokens", "Share", NULL};
    if (s->model_count == 0)
        return;
    afmon_table_begin(page, "models", "Tokens and usage by model", columns);
    for (size_t i = 0; i < afmon_table_shown(s->model_count); i++) {
        const afmon_model_summary *model = &s->models[i];
        afmon_table_row(page, model->model_name);
        afmon_table_count(page, model->calls);
        if (model->latency_s.count > 0 || model->failures > 0)
            afmon_table_failures(page, model->failures);
        else
            afmon_table_text(page, "-"); /* its calls do not say their model, but what they used does */
        const double values[] = {model->latency_s.p50, model->latency_s.p95};
        for (size_t j = 0; j < sizeof values / sizeof values[0]; j++)
            afmon_table_cell(page,
                             model->latency_s.count > 0 ? afmon_words_seconds(values[j]) : (struct afmon_words){"-"});
        afmon_table_count(page, model->prompt_tokens);
        afmon_table_count(page, model->completion_tokens);
        afmon_table_count(page, model->total_tokens);
        afmon_table_share(page, model->share);
        afmon_table_end_row(page);
    }
    afmon_table_end(page, s->model_count);
}

static void put_cost(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Of", "US dollars", "Accepted", "Wasted", "Each accepted", NULL};
    size_t rows = afmon_cost_rows(s);
    char unpriced[AFMON_COST_TEXT_SIZE];
    afmon_cost_unpriced(s, unpriced, sizeof unpriced);
    if (rows == 0)
        return;
    afmon_table_begin(page, "cost", "Cost", columns);
    for (size_t i = 0; i < afmon_table_shown(rows); i++) {
        struct afmon_cost_row row = afmon_cost_row_at(s, i);
        afmon_table_row(page, row.name);
        for (size_t k = 0; k < AFMON_COST_COLUMNS; k++)
            afmon_table_cell(page, row.cells[k]);
        afmon_table_end_row(page);
    }
    if (unpriced[0] != '\0') {
        afmon_table_row(page, unpriced);
        for (size_t k = 0; k < AFMON_COST_COLUMNS; k++)
            afmon_table_cell(page, (struct afmon_words){"-"});
        afmon_table_end_row(page);
    }
    afmon_table_end(page, rows);
}

static void put_finishes(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Reason", "Count", "Share", NULL};
    if (s->finish_count == 0)
        return;
    afmon_table_begin(page, "finish", "Finish reasons", columns);
    for (size_t i = 0; i < afmon_table_shown(s->finish_count); i++) {
        afmon_table_row(page, s->finishes[i].reason);
        afmon_table_count(page, s->finishes[i].count);
        afmon_table_share(page, s->finishes[i].share);
        afmon_table_end_row(page);
    }
    afmon_table_end(page, s->finish_count);
}

static void put_scores(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Score", "Evaluator", "Count", "Mean", "p50", "Min", "Max", NULL};
    if (s->score_count == 0)
        return;
    afmon_table_begin(page, "scores", "Evaluation scores", columns);
    for (size_t i = 0; i < afmon_table_shown(s->score_count); i++) {
        const afmon_score_summary *score = &s->scores[i];
        afmon_table_row(page, score->name);
        afmon_buffer_add_text(page, "<td>");
        afmon_html_text(page, score->evaluator_type[0] ? score->evaluator_type : "-");
        afmon_buffer_add_text(page, "</td>");
        afmon_table_count(page, score->score.count);
        const double values[] = {score->score.mean, score->score.p50, score->score.min, score->score.max};
        for (size_t j = 0; j < sizeof values / sizeof values[0]; j++)
            afmon_table_cell(page, score->score.count > 0 ? afmon_words_number(values[j]) : (struct afmon_words){"-"});
        afmon_table_end_row(page);
    }
    afmon_table_end(page, s->score_count);
}

static void put_operations(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Operation", "Count", "Failed", "Mean", "p50", "p95", "Tokens", NULL};
    if (s->operation_count == 0)
        return;
    afmon_table_begin(page, "operations", "Operations", columns);
    for (size_t i = 0; i < afmon_table_shown(s->operation_count); i++) {
        const afmon_operation_summary *operation = &s->operations[i];
        char name[512];
        afmon_operation_text(operation, name, sizeof name);
        afmon_table_row(page, name);
        afmon_table_count(page, operation->count);
        afmon_table_failures(page, operation->failures);
        const double values[] = {operation->duration_s.mean, operation->duration_s.p50, operation->duration_s.p95};
        for (size_t j = 0; j < sizeof values / sizeof values[0]; j++)
            afmon_table_cell(page, operation->duration_s.count > 0 ? afmon_words_seconds(values[j])
                                                                   : (struct afmon_words){"-"});
        afmon_table_count(page, operation->total_tokens);
        afmon_table_end_row(page);
    }
    afmon_table_end(page, s->operation_count);
}

void afmon_html_tables(struct afmon_report_job *job)
{
    put_latencies(job->page, job->summary);
    put_failures(job->page, job->summary);
    put_retries(job->page, job->summary);
    put_models(job->page, job->summary);
    put_cost(job->page, job->summary);
    put_finishes(job->page, job->summary);
    put_scores(job->page, job->summary);
    put_operations(job->page, job->summary);
}
