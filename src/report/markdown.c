/* The report as Markdown, short enough for a comment on a pull request. */
#include <stdio.h>

#include "report/cost.h"
#include "report/next.h"
#include "report/page.h"
#include "report/text.h"

#define MOST_ROWS 15

static void begin(struct afmon_buffer *page, const char *title, const char *columns, const char *rule)
{
    afmon_page_put(page, "\n### %s\n\n%s\n%s\n", title, columns, rule);
}

static void first_cell(struct afmon_buffer *page, const char *text)
{
    afmon_buffer_add_text(page, "| ");
    afmon_markdown_text(page, text);
    afmon_buffer_add_text(page, " |");
}

static void cell(struct afmon_buffer *page, struct afmon_words words)
{
    afmon_buffer_add_char(page, ' ');
    afmon_html_text(page, words.text); /* numbers: "<0.1%" */
    afmon_buffer_add_text(page, " |");
}

static void end(struct afmon_buffer *page, size_t rows)
{
    if (rows > MOST_ROWS)
        afmon_page_put(page, "\nAnd %s more.\n", afmon_words_count(rows - MOST_ROWS).text);
}

static size_t shown(size_t rows)
{
    return rows < MOST_ROWS ? rows : MOST_ROWS;
}

/* What people call the run. */
static void put_about(struct afmon_buffer *page, const afmon_run_summary *s)
{
    if (s->name[0] != '\0') {
        afmon_buffer_add_text(page, "**");
        afmon_markdown_text(page, s->name);
        afmon_buffer_add_text(page, "**");
    }
    for (size_t i = 0; i < s->tag_count; i++) {
        afmon_buffer_add_text(page, i > 0 || s->name[0] != '\0' ? ", " : "");
        afmon_markdown_text(page, s->tags[i].key);
        afmon_buffer_add_char(page, '=');
        afmon_markdown_text(page, s->tags[i].value);
    }
    if (s->name[0] != '\0' || s->tag_count > 0)
        afmon_buffer_add_text(page, "\n\n");
    if (s->note[0] == '\0')
        return;
    afmon_markdown_text(page, s->note);
    afmon_buffer_add_text(page, "\n\n");
}

static void put_head(struct afmon_report_job *job)
{
    static const char *const marks[] = {"\xE2\x9A\xAA", "\xF0\x9F\x9F\xA2", "\xF0\x9F\x9F\xA0", "\xF0\x9F\x94\xB4"};
    const afmon_run_summary *s = job->summary;
    afmon_buffer_add_text(job->page, "## ");
    afmon_markdown_text(job->page, job->title);
    afmon_page_put(job->page, ": %s %s\n\n", marks[s->verdict], afmon_verdict_name(s->verdict));
    put_about(job->page, s);
    for (size_t i = 0; i < s->reason_count; i++) {
        afmon_buffer_add_text(job->page, "- ");
        afmon_markdown_text(job->page, s->reasons[i].text);
        afmon_buffer_add_char(job->page, '\n');
    }
    if (s->sample_count > 0)
        afmon_page_put(job->page, "\n%s to %s UTC, %s%s.\n", afmon_words_time(s->first_ns).text,
                       afmon_words_time(s->last_ns).text, afmon_words_seconds(s->duration_s).text,
                       s->live ? "; the run goes on" : "");
}

static void latency_row(struct afmon_buffer *page, const char *name, uint64_t count, uint64_t failures,
                        const afmon_distribution *d)
{
    if (count == 0)
        return;
    first_cell(page, name);
    cell(page, afmon_words_count(count));
    cell(page, afmon_words_count(failures));
    cell(page, afmon_words_percent(1 - (double)failures / (double)count));
    cell(page, afmon_words_seconds(d->p50));
    cell(page, afmon_words_seconds(d->p95));
    cell(page, afmon_words_seconds(d->p99));
    afmon_buffer_add_char(page, '\n');
}

static void put_numbers(struct afmon_buffer *page, const afmon_run_summary *s)
{
    if (s->calls + s->evaluations + s->item_count == 0)
        return;
    afmon_buffer_add_text(page, "\n| | Count | Failed | Success | p50 | p95 | p99 |\n|---|--:|--:|--:|--:|--:|--:|\n");
    for (size_t i = 0; i < s->item_count; i++) {
        const afmon_item_summary *item = &s->items[i];
        latency_row(page, afmon_words_kinds_title(item->kind).text, item->finished, item->failed, &item->time_s);
    }
    latency_row(page, "Calls", s->calls, s->call_failures, &s->latency_s);
    latency_row(page, "Evaluations", s->evaluations, s->evaluation_failures, &s->evaluation_time_s);
    if (s->calls_per_s > 0)
        afmon_page_put(page, "\n%s calls, %s tokens.\n", afmon_words_rate(s->calls_per_s).text,
                       afmon_words_rate(s->tokens_per_s).text);
}

static void put_items(struct afmon_buffer *page, const afmon_run_summary *s)
{
    if (s->item_count == 0 || s->items[0].inferred)
        return;
    begin(
        page, "Items",
        "| Kind | Started | Accepted | Rejected | Failed | Abandoned | Open | Yield | Calls per accepted | Tokens per "
        "accepted |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (size_t i = 0; i < s->item_count; i++) {
        const afmon_item_summary *item = &s->items[i];
        const uint64_t counts[] = {item->started, item->accepted,  item->rejected,
                                   item->failed,  item->abandoned, item->open};
        first_cell(page, afmon_words_kinds_title(item->kind).text);
        for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
            cell(page, afmon_words_count(counts[k]));
        cell(page, afmon_words_percent(item->yield));
        cell(page, afmon_words_number(item->calls_per_accepted));
        cell(page, afmon_words_number(item->tokens_per_accepted));
        afmon_buffer_add_char(page, '\n');
    }
}

static void put_reasons(struct afmon_buffer *page, const afmon_run_summary *s)
{
    bool any = false;
    for (size_t i = 0; i < s->item_count; i++) {
        const afmon_item_summary *item = &s->items[i];
        for (size_t k = 0; k < shown(item->reason_count); k++) {
            const afmon_item_reason *reason = &item->reasons[k];
            if (!any)
                begin(page, "Items that were not accepted", "| Reason | Kind | Outcome | Count | Share |",
                      "|---|---|---|--:|--:|");
            any = true;
            first_cell(page, reason->text[0] ? reason->text : "(none given)");
            afmon_buffer_add_char(page, ' ');
            afmon_markdown_text(page, item->kind);
            afmon_page_put(page, " | %s |", reason->failed ? "failed" : "rejected");
            cell(page, afmon_words_count(reason->count));
            cell(page, afmon_words_percent(reason->share));
            afmon_buffer_add_char(page, '\n');
        }
    }
}

static void put_failures(struct afmon_buffer *page, const afmon_run_summary *s)
{
    if (s->failure_count == 0)
        return;
    begin(page, "Failures", "| Type | Status | Operation | Calls | Items | Share | Message |",
          "|---|--:|---|--:|--:|--:|---|");
    for (size_t i = 0; i < shown(s->failure_count); i++) {
        const afmon_failure_summary *failure = &s->failures[i];
        first_cell(page, failure->error_type[0] ? failure->error_type : "(no type given)");
        afmon_page_put(page, failure->status != 0 ? " %d |" : " - |", failure->status);
        afmon_buffer_add_char(page, ' ');
        char place[512];
        afmon_failure_place(failure, place, sizeof place);
        afmon_markdown_text(page, place);
        afmon_buffer_add_text(page, " |");
        cell(page, afmon_words_count(failure->count));
        cell(page, afmon_words_count(failure->items));
        cell(page, afmon_words_percent(failure->share));
        afmon_buffer_add_char(page, ' ');
        afmon_markdown_text(page, failure->message[0] ? failure->message : "-");
        afmon_buffer_add_text(page, " |\n");
    }
    end(page, s->failure_count);
    if (afmon_page_has_items(s))
        afmon_buffer_add_text(page, "\nThe items behind a row: `afmon items RUN --error TYPE --operation OPERATION`\n");
}

static void put_retries(struct afmon_buffer *page, const afmon_run_summary *s)
{
    if (s->retry_count == 0)
        return;
    begin(page, "Attempts tried again", "| Type | Status | Count |", "|---|--:|--:|");
    for (size_t i = 0; i < shown(s->retry_count); i++) {
        first_cell(page, s->retried[i].error_type[0] ? s->retried[i].error_type : "(no type given)");
        afmon_page_put(page, s->retried[i].status != 0 ? " %d |" : " - |", s->retried[i].status);
        cell(page, afmon_words_count(s->retried[i].count));
        afmon_buffer_add_char(page, '\n');
    }
    end(page, s->retry_count);
}

static void put_finishes(struct afmon_buffer *page, const afmon_run_summary *s)
{
    if (s->finish_count == 0)
        return;
    begin(page, "Finish reasons", "| Reason | Count | Share |", "|---|--:|--:|");
    for (size_t i = 0; i < shown(s->finish_count); i++) {
        first_cell(page, s->finishes[i].reason);
        cell(page, afmon_words_count(s->finishes[i].count));
        cell(page, afmon_words_percent(s->finishes[i].share));
        afmon_buffer_add_char(page, '\n');
    }
    end(page, s->finish_count);
}

static void put_alerts(struct afmon_buffer *page, const afmon_run_summary *s)
{
    if (s->alert_count == 0)
        return;
    begin(page, "Alerts", "| At worst | Level | First (UTC) | Last | Held | Limit |", "|---|---|---|---|--:|--:|");
    for (size_t i = 0; i < shown(s->alert_count); i++) {
        const afmon_alert_interval *interval = &s->alerts[i];
        first_cell(page, interval->message);
        afmon_page_put(page, " %s | %s | %s%s |", afmon_level_name(interval->level),
                       afmon_words_time(interval->first_ns).text, afmon_words_time(interval->last_ns).text,
                       interval->firing ? " (holds)" : "");
        cell(page, afmon_words_seconds(interval->held_s));
        cell(page, afmon_words_number(interval->limit));
        afmon_buffer_add_char(page, '\n');
    }
    end(page, s->alert_count);
}

static void put_models(struct afmon_buffer *page, const afmon_run_summary *s)
{
    if (s->model_count == 0)
        return;
    begin(page, "Models", "| Model | Calls | p50 | Prompt | Completion | Total | Share |",
          "|---|--:|--:|--:|--:|--:|--:|");
    for (size_t i = 0; i < shown(s->model_count); i++) {
        first_cell(page, s->models[i].model_name);
        cell(page, afmon_words_count(s->models[i].calls));
        cell(page, s->models[i].latency_s.count > 0 ? afmon_words_seconds(s->models[i].latency_s.p50)
                                                    : (struct afmon_words){"-"});
        cell(page, afmon_words_count(s->models[i].prompt_tokens));
        cell(page, afmon_words_count(s->models[i].completion_tokens));
        cell(page, afmon_words_count(s->models[i].total_tokens));
        cell(page, afmon_words_percent(s->models[i].share));
        afmon_buffer_add_char(page, '\n');
    }
    end(page, s->model_count);
}

static void put_cost(struct afmon_buffer *page, const afmon_run_summary *s)
{
    size_t rows = afmon_cost_rows(s);
    char unpriced[AFMON_COST_TEXT_SIZE];
    afmon_cost_unpriced(s, unpriced, sizeof unpriced);
    if (rows == 0)
        return;
    begin(page, "Cost", "| Of | US dollars | Accepted | Wasted | Each accepted |", "|---|--:|--:|--:|--:|");
    for (size_t i = 0; i < shown(rows); i++) {
        struct afmon_cost_row row = afmon_cost_row_at(s, i);
        first_cell(page, row.name);
        for (size_t k = 0; k < AFMON_COST_COLUMNS; k++) {
            afmon_buffer_add_char(page, ' ');
            afmon_markdown_text(page, row.cells[k].text); /* two "$" would begin and end a formula */
            afmon_buffer_add_text(page, " |");
        }
        afmon_buffer_add_char(page, '\n');
    }
    end(page, rows);
    if (unpriced[0] != '\0')
        afmon_page_put(page, "\n%s.\n", unpriced);
}

static void put_scores(struct afmon_buffer *page, const afmon_run_summary *s)
{
    if (s->score_count == 0)
        return;
    begin(page, "Evaluation scores", "| Score | Evaluator | Count | Mean | p50 | Min | Max |",
          "|---|---|--:|--:|--:|--:|--:|");
    for (size_t i = 0; i < shown(s->score_count); i++) {
        const afmon_distribution *d = &s->scores[i].score;
        first_cell(page, s->scores[i].name);
        afmon_buffer_add_char(page, ' ');
        afmon_markdown_text(page, s->scores[i].evaluator_type);
        afmon_buffer_add_text(page, " |");
        cell(page, afmon_words_count(d->count));
        cell(page, afmon_words_number(d->mean));
        cell(page, afmon_words_number(d->p50));
        cell(page, afmon_words_number(d->min));
        cell(page, afmon_words_number(d->max));
        afmon_buffer_add_char(page, '\n');
    }
    end(page, s->score_count);
}

static void put_operations(struct afmon_buffer *page, const afmon_run_summary *s)
{
    if (s->operation_count == 0)
        return;
    begin(page, "Operations", "| Operation | Count | Failed | Mean | p50 | p95 | Tokens |",
          "|---|--:|--:|--:|--:|--:|--:|");
    for (size_t i = 0; i < shown(s->operation_count); i++) {
        char name[512];
        afmon_operation_text(&s->operations[i], name, sizeof name);
        first_cell(page, name);
        cell(page, afmon_words_count(s->operations[i].count));
        cell(page, afmon_words_count(s->operations[i].failures));
        cell(page, afmon_words_seconds(s->operations[i].duration_s.mean));
        cell(page, afmon_words_seconds(s->operations[i].duration_s.p50));
        cell(page, afmon_words_seconds(s->operations[i].duration_s.p95));
        cell(page, afmon_words_count(s->operations[i].total_tokens));
        afmon_buffer_add_char(page, '\n');
    }
    end(page, s->operation_count);
}

static void put_problems(struct afmon_buffer *page, const afmon_view *view)
{
    size_t i = 0;
    for (const char *text; i < MOST_ROWS && (text = afmon_view_problem(view, i)) != NULL; i++) {
        if (i == 0)
            afmon_buffer_add_text(page, "\n### What could not be read\n\n");
        afmon_buffer_add_text(page, "- ");
        afmon_markdown_text(page, text);
        afmon_buffer_add_char(page, '\n');
    }
    if (i == MOST_ROWS && afmon_view_problem(view, MOST_ROWS) != NULL)
        afmon_buffer_add_text(page, "\nAnd more.\n");
}

static void put_warnings(struct afmon_buffer *page, const afmon_run_summary *s)
{
    if (s->warning_count == 0)
        return;
    afmon_buffer_add_text(page, "\n### About the data\n\n");
    for (size_t i = 0; i < s->warning_count; i++) {
        afmon_buffer_add_text(page, "- ");
        afmon_markdown_text(page, s->warnings[i].text);
        afmon_buffer_add_char(page, '\n');
    }
}

afmon_status afmon_report_markdown(struct afmon_report_job *job)
{
    put_head(job);
    afmon_markdown_next(job->page, job->summary);
    put_numbers(job->page, job->summary);
    put_items(job->page, job->summary);
    put_reasons(job->page, job->summary);
    put_failures(job->page, job->summary);
    put_retries(job->page, job->summary);
    put_alerts(job->page, job->summary);
    put_models(job->page, job->summary);
    put_cost(job->page, job->summary);
    put_finishes(job->page, job->summary);
    put_scores(job->page, job->summary);
    put_operations(job->page, job->summary);
    put_warnings(job->page, job->summary);
    put_problems(job->page, job->view);
    return AFMON_OK;
}
