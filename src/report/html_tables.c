/* The tables of the page: latencies, failures, models, finish reasons, scores, operations. */
#include <stdio.h>

#include "report/page.h"
#include "report/text.h"

#define MOST_ROWS 100

/* ---- Parts of a table ---- */

static void begin(struct afmon_buffer *page, const char *id, const char *title, const char *const *columns)
{
    afmon_page_put(page, "<section class=\"long\" aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", id, id, title);
    afmon_page_put(
        page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table: %s\"><table><caption>%s</caption>"
        "<thead><tr>",
        title, title);
    for (; *columns != NULL; columns++)
        afmon_page_put(page, "<th scope=\"col\">%s</th>", *columns);
    afmon_buffer_add_text(page, "</tr></thead><tbody>\n");
}

static void end(struct afmon_buffer *page, size_t rows)
{
    afmon_buffer_add_text(page, "</tbody></table></div>\n");
    if (rows > MOST_ROWS)
        afmon_page_put(page, "<p class=\"soft\">And %s more.</p>\n", afmon_words_count(rows - MOST_ROWS).text);
    afmon_buffer_add_text(page, "</section>\n");
}

static size_t shown(size_t rows)
{
    return rows < MOST_ROWS ? rows : MOST_ROWS;
}

static void row(struct afmon_buffer *page, const char *name)
{
    afmon_buffer_add_text(page, "<tr><th scope=\"row\">");
    afmon_html_text(page, name);
    afmon_buffer_add_text(page, "</th>");
}

static void cell(struct afmon_buffer *page, struct afmon_words words)
{
    afmon_page_put(page, "<td>%s</td>", words.text);
}

static void count_cell(struct afmon_buffer *page, uint64_t count)
{
    cell(page, afmon_words_count(count));
}

/* Failures stand out. */
static void failures_cell(struct afmon_buffer *page, uint64_t count)
{
    afmon_page_put(page, count > 0 ? "<td class=\"bad\">%s</td>" : "<td>%s</td>", afmon_words_count(count).text);
}

static void share_cell(struct afmon_buffer *page, double share)
{
    afmon_page_put(page, "<td>%s<span class=\"share\" aria-hidden=\"true\"><i style=\"--w:%s%%\"></i></span></td>",
                   afmon_words_percent(share).text, afmon_css_percent(share).text);
}

static void end_row(struct afmon_buffer *page)
{
    afmon_buffer_add_text(page, "</tr>\n");
}

/* ---- The tables ---- */

static void latency_row(struct afmon_buffer *page, const char *name, const afmon_distribution *d)
{
    if (d->count == 0)
        return;
    row(page, name);
    count_cell(page, d->count);
    const double values[] = {d->mean, d->p50, d->p90, d->p95, d->p99, d->max};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        cell(page, afmon_words_seconds(values[i]));
    end_row(page);
}

static void put_latencies(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"What", "Count", "Mean", "p50", "p90", "p95", "p99", "Max", NULL};
    uint64_t items = 0;
    for (size_t i = 0; i < s->item_count; i++)
        items += s->items[i].time_s.count;
    if (s->latency_s.count + s->evaluation_time_s.count + items == 0)
        return;
    begin(page, "latency", "Latency", columns);
    latency_row(page, "Calls", &s->latency_s);
    for (size_t i = 0; i < s->item_count; i++) {
        char name[80];
        (void)snprintf(name, sizeof name, "%c%ss", s->items[i].kind[0] - 'a' + 'A', s->items[i].kind + 1);
        latency_row(page, name, &s->items[i].time_s);
    }
    latency_row(page, "Evaluations", &s->evaluation_time_s);
    end(page, 0);
}

static void text_cell(struct afmon_buffer *page, const char *text)
{
    afmon_buffer_add_text(page, "<td class=\"text\">");
    afmon_html_text(page, text);
    afmon_buffer_add_text(page, "</td>");
}

static void put_failures(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Failure", "Status", "Operation", "Calls",   "Items",
                                          "Share",   "First",  "Last",      "Example", NULL};
    if (s->failure_count == 0)
        return;
    begin(page, "failures", "Failures", columns);
    for (size_t i = 0; i < shown(s->failure_count); i++) {
        const afmon_failure_summary *failure = &s->failures[i];
        char status[16] = "-";
        if (failure->status != 0)
            (void)snprintf(status, sizeof status, "%d", failure->status);
        row(page, failure->error_type[0] ? failure->error_type : "(no type given)");
        afmon_page_put(page, "<td>%s</td>", status);
        char place[512];
        afmon_failure_place(failure, place, sizeof place);
        text_cell(page, place);
        failures_cell(page, failure->count);
        count_cell(page, failure->items);
        share_cell(page, failure->share);
        cell(page, afmon_words_time(failure->first_ns));
        cell(page, afmon_words_time(failure->last_ns));
        text_cell(page, failure->example[0] ? failure->example : "-");
        end_row(page);
    }
    end(page, s->failure_count);
}

static void put_retries(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Attempts tried again", "Status", "Count", NULL};
    if (s->retry_count == 0)
        return;
    begin(page, "retries", "Attempts tried again", columns);
    for (size_t i = 0; i < shown(s->retry_count); i++) {
        char status[16] = "-";
        if (s->retried[i].status != 0)
            (void)snprintf(status, sizeof status, "%d", s->retried[i].status);
        row(page, s->retried[i].error_type[0] ? s->retried[i].error_type : "(no type given)");
        afmon_page_put(page, "<td>%s</td>", status);
        count_cell(page, s->retried[i].count);
        end_row(page);
    }
    end(page, s->retry_count);
}

static void put_models(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {
        "Model", "Calls", "Failed", "p50", "p95", "Prompt tokens", "Completion tokens", "Total tokens", "Share", NULL};
    if (s->model_count == 0)
        return;
    begin(page, "models", "Tokens and usage by model", columns);
    for (size_t i = 0; i < shown(s->model_count); i++) {
        const afmon_model_summary *model = &s->models[i];
        row(page, model->model_name);
        count_cell(page, model->calls);
        if (model->latency_s.count > 0 || model->failures > 0)
            failures_cell(page, model->failures);
        else
            text_cell(page, "-"); /* its calls do not say their model, but what they used does */
        const double values[] = {model->latency_s.p50, model->latency_s.p95};
        for (size_t j = 0; j < sizeof values / sizeof values[0]; j++)
            cell(page, model->latency_s.count > 0 ? afmon_words_seconds(values[j]) : (struct afmon_words){"-"});
        count_cell(page, model->prompt_tokens);
        count_cell(page, model->completion_tokens);
        count_cell(page, model->total_tokens);
        share_cell(page, model->share);
        end_row(page);
    }
    end(page, s->model_count);
}

static void put_finishes(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Reason", "Count", "Share", NULL};
    if (s->finish_count == 0)
        return;
    begin(page, "finish", "Finish reasons", columns);
    for (size_t i = 0; i < shown(s->finish_count); i++) {
        row(page, s->finishes[i].reason);
        count_cell(page, s->finishes[i].count);
        share_cell(page, s->finishes[i].share);
        end_row(page);
    }
    end(page, s->finish_count);
}

static void put_scores(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Score", "Evaluator", "Count", "Mean", "p50", "Min", "Max", NULL};
    if (s->score_count == 0)
        return;
    begin(page, "scores", "Evaluation scores", columns);
    for (size_t i = 0; i < shown(s->score_count); i++) {
        const afmon_score_summary *score = &s->scores[i];
        row(page, score->name);
        afmon_buffer_add_text(page, "<td>");
        afmon_html_text(page, score->evaluator_type[0] ? score->evaluator_type : "-");
        afmon_buffer_add_text(page, "</td>");
        count_cell(page, score->score.count);
        const double values[] = {score->score.mean, score->score.p50, score->score.min, score->score.max};
        for (size_t j = 0; j < sizeof values / sizeof values[0]; j++)
            cell(page, score->score.count > 0 ? afmon_words_number(values[j]) : (struct afmon_words){"-"});
        end_row(page);
    }
    end(page, s->score_count);
}

static void put_operations(struct afmon_buffer *page, const afmon_run_summary *s)
{
    static const char *const columns[] = {"Operation", "Count", "Failed", "Mean", "p50", "p95", "Tokens", NULL};
    if (s->operation_count == 0)
        return;
    begin(page, "operations", "Operations", columns);
    for (size_t i = 0; i < shown(s->operation_count); i++) {
        const afmon_operation_summary *operation = &s->operations[i];
        char name[512];
        afmon_operation_text(operation, name, sizeof name);
        row(page, name);
        count_cell(page, operation->count);
        failures_cell(page, operation->failures);
        const double values[] = {operation->duration_s.mean, operation->duration_s.p50, operation->duration_s.p95};
        for (size_t j = 0; j < sizeof values / sizeof values[0]; j++)
            cell(page, operation->duration_s.count > 0 ? afmon_words_seconds(values[j]) : (struct afmon_words){"-"});
        count_cell(page, operation->total_tokens);
        end_row(page);
    }
    end(page, s->operation_count);
}

void afmon_html_tables(struct afmon_report_job *job)
{
    put_latencies(job->page, job->summary);
    put_failures(job->page, job->summary);
    put_retries(job->page, job->summary);
    put_models(job->page, job->summary);
    put_finishes(job->page, job->summary);
    put_scores(job->page, job->summary);
    put_operations(job->page, job->summary);
}
