/* The report as one page that needs nothing but itself. */
#include <stdio.h>

#include "report/next.h"
#include "report/page.h"
#include "report/text.h"

static void put_head(struct afmon_report_job *job)
{
    struct afmon_buffer *page = job->page;
    /* The policy forbids whatever would load or run something, should a text ever get past the escaping. */
    afmon_buffer_add_text(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                                "'unsafe-inline'; img-src data:\">\n<title>");
    afmon_html_text(page, job->title);
    afmon_page_put(page, ": %s</title>\n<style>", afmon_verdict_name(job->summary->verdict));
    afmon_buffer_add_text(page, afmon_html_style);
    afmon_buffer_add_text(page, afmon_html_style_media);
    afmon_buffer_add_text(page, "</style>\n</head>\n<body>\n");
}

/* What people call the run. */
static void put_about(struct afmon_buffer *page, const afmon_run_summary *s)
{
    if (s->name[0] != '\0' || s->tag_count > 0) {
        afmon_buffer_add_text(page, "<p class=\"about\">");
        if (s->name[0] != '\0') {
            afmon_buffer_add_text(page, "<strong>");
            afmon_html_text(page, s->name);
            afmon_buffer_add_text(page, "</strong>");
        }
        for (size_t i = 0; i < s->tag_count; i++) {
            afmon_buffer_add_text(page, "\n<span class=\"tag\">");
            afmon_html_text(page, s->tags[i].key);
            afmon_buffer_add_char(page, '=');
            afmon_html_text(page, s->tags[i].value);
            afmon_buffer_add_text(page, "</span>");
        }
        afmon_buffer_add_text(page, "</p>\n");
    }
    if (s->note[0] != '\0') {
        afmon_buffer_add_text(page, "<p class=\"soft\">");
        afmon_html_text(page, s->note);
        afmon_buffer_add_text(page, "</p>\n");
    }
}

static void put_header(struct afmon_report_job *job)
{
    const afmon_run_summary *s = job->summary;
    afmon_buffer_add_text(job->page, "<header>\n<h1>");
    afmon_html_text(job->page, job->title);
    afmon_buffer_add_text(job->page, "</h1>\n");
    if (s->sample_count > 0)
        afmon_page_put(job->page, "<p class=\"soft\">%s to %s UTC, %s%s</p>\n", afmon_words_time(s->first_ns).text,
                       afmon_words_time(s->last_ns).text, afmon_words_seconds(s->duration_s).text,
                       s->live ? "; the run goes on" : "");
    put_about(job->page, s);
    afmon_buffer_add_text(job->page, "</header>\n<main>\n");
}

static void put_remarks(struct afmon_buffer *page, const afmon_remark *remarks, size_t count, const char *class)
{
    afmon_page_put(page, "<ul%s%s%s>\n", class[0] ? " class=\"" : "", class, class[0] ? "\"" : "");
    for (size_t i = 0; i < count; i++) {
        afmon_buffer_add_text(page, "<li>");
        afmon_html_text(page, remarks[i].text);
        afmon_buffer_add_text(page, "</li>\n");
    }
    afmon_buffer_add_text(page, "</ul>\n");
}

static void put_verdict(struct afmon_report_job *job)
{
    static const char *const titles[] = {"No data", "Healthy", "Degraded", "Failed"};
    static const char *const classes[] = {"nodata", "healthy", "degraded", "failed"};
    afmon_verdict verdict = job->summary->verdict;
    afmon_page_put(job->page,
                   "<div class=\"verdict %s\" role=\"region\" aria-label=\"Verdict\">\n<strong>%s</strong>\n",
                   classes[verdict], titles[verdict]);
    put_remarks(job->page, job->summary->reasons, job->summary->reason_count, "");
    afmon_buffer_add_text(job->page, "</div>\n");
}

/* ---- Facts ---- */

static void put_fact(struct afmon_buffer *page, const char *name, const char *value, const char *more)
{
    afmon_page_put(page, "<div><dt>%s</dt><dd>%s", name, value);
    if (more[0] != '\0')
        afmon_page_put(page, "<small>%s</small>", more);
    afmon_buffer_add_text(page, "</dd></div>\n");
}

/* "12 failed", or "4.5% failed (12)". */
static void write_failed(char *text, size_t size, uint64_t failed, uint64_t count)
{
    if (failed == 0 || count == 0)
        (void)snprintf(text, size, "none failed");
    else
        (void)snprintf(text, size, "%s failed (%s)", afmon_words_percent((double)failed / (double)count).text,
                       afmon_words_count(failed).text);
}

/* A kind is any text. */
static void put_item_facts(struct afmon_buffer *page, const afmon_item_summary *item)
{
    char more[160];
    write_failed(more, sizeof more, item->failed, item->finished);
    afmon_buffer_add_text(page, "<div><dt>");
    afmon_html_text(page, afmon_words_kinds_title(item->kind).text);
    afmon_page_put(page, "</dt><dd>%s<small>", afmon_words_count(item->accepted).text);
    if (item->rejected > 0)
        afmon_page_put(page, "%s rejected, ", afmon_words_count(item->rejected).text);
    if (item->open + item->abandoned > 0)
        afmon_page_put(page, "%s open, %s abandoned, ", afmon_words_count(item->open).text,
                       afmon_words_count(item->abandoned).text);
    afmon_page_put(page, "%s</small></dd></div>\n", more);
}

static void put_call_facts(struct afmon_buffer *page, const afmon_run_summary *s)
{
    char more[160];
    write_failed(more, sizeof more, s->call_failures, s->calls);
    put_fact(page, "Calls", afmon_words_count(s->calls).text, more);
    if (s->recent_calls > 0 && s->recent_calls < s->calls) {
        write_failed(more, sizeof more, s->recent_call_failures, s->recent_calls);
        put_fact(page, "Last 5 minutes", afmon_words_count(s->recent_calls).text, more);
    }
    if (s->calls_per_s > 0) {
        (void)snprintf(more, sizeof more, "%s tokens", afmon_words_rate(s->tokens_per_s).text);
        put_fact(page, "Rate of calls", afmon_words_rate(s->calls_per_s).text, s->tokens_per_s > 0 ? more : "");
    }
    if (s->latency_s.count > 0) {
        (void)snprintf(more, sizeof more, "p95 %s", afmon_words_seconds(s->latency_s.p95).text);
        put_fact(page, "Median time of a call", afmon_words_seconds(s->latency_s.p50).text, more);
    }
}

static void put_other_facts(struct afmon_buffer *page, const afmon_run_summary *s)
{
    char more[160];
    if (s->total_tokens + s->prompt_tokens + s->completion_tokens > 0) {
        (void)snprintf(more, sizeof more, "%s in, %s out", afmon_words_compact((double)s->prompt_tokens).text,
                       afmon_words_compact((double)s->completion_tokens).text);
        put_fact(page, "Tokens", afmon_words_compact((double)s->total_tokens).text, more);
    }
    if (s->evaluations > 0) {
        (void)snprintf(more, sizeof more, "%s failed", afmon_words_count(s->evaluation_failures).text);
        put_fact(page, "Evaluations", afmon_words_count(s->evaluations).text, more);
    }
    if (s->conversation_length.count > 0) {
        (void)snprintf(more, sizeof more, "%s conversations", afmon_words_count(s->conversation_length.count).text);
        put_fact(page, "Turns, mean", afmon_words_number(s->conversation_length.mean).text, more);
    }
    if (s->retries > 0)
        put_fact(page, "Retries", afmon_words_count(s->retries).text, "attempts tried again");
    size_t length = (size_t)snprintf(more, sizeof more, "%s metrics", afmon_words_count(s->metric_count).text);
    if (s->file_count > 0) /* a live monitor's view has none */
        (void)snprintf(more + length, sizeof more - length, ", %s file%s", afmon_words_count(s->file_count).text,
                       s->file_count == 1 ? "" : "s");
    put_fact(page, "Samples", afmon_words_count(s->sample_count).text, more);
}

static void put_facts(struct afmon_report_job *job)
{
    afmon_buffer_add_text(job->page, "<dl class=\"facts\">\n");
    for (size_t i = 0; i < job->summary->item_count; i++)
        put_item_facts(job->page, &job->summary->items[i]);
    if (job->summary->calls > 0)
        put_call_facts(job->page, job->summary);
    put_other_facts(job->page, job->summary);
    afmon_buffer_add_text(job->page, "</dl>\n");
}

/* ---- The whole ---- */

static void put_warnings(struct afmon_report_job *job)
{
    enum { SHOWN = 20 };
    const afmon_run_summary *s = job->summary;
    size_t problems = 0;
    if (s->warning_count == 0)
        return;
    afmon_buffer_add_text(job->page, "<section aria-labelledby=\"data\">\n<h2 id=\"data\">About the data</h2>\n");
    put_remarks(job->page, s->warnings, s->warning_count, "plain");
    while (problems < SHOWN && afmon_view_problem(job->view, problems) != NULL)
        problems++;
    if (problems > 0)
        afmon_buffer_add_text(job->page, "<h3>What could not be read</h3>\n<ul class=\"plain\">\n");
    for (size_t i = 0; i < problems; i++) {
        afmon_buffer_add_text(job->page, "<li>");
        afmon_html_text(job->page, afmon_view_problem(job->view, i));
        afmon_buffer_add_text(job->page, "</li>\n");
    }
    if (problems > 0)
        afmon_buffer_add_text(job->page, "</ul>\n");
    if (problems == SHOWN && afmon_view_problem(job->view, SHOWN) != NULL)
        afmon_buffer_add_text(job->page, "<p class=\"soft\">And more.</p>\n");
    afmon_buffer_add_text(job->page, "</section>\n");
}

afmon_status afmon_report_html(struct afmon_report_job *job)
{
    put_head(job);
    put_header(job);
    put_verdict(job);
    put_facts(job);
    afmon_html_next(job->page, job->summary);
    afmon_html_items(job);
    afmon_html_alerts(job);
    afmon_status status = afmon_html_charts(job);
    if (status != AFMON_OK)
        return status;
    afmon_html_tables(job);
    put_warnings(job);
    afmon_page_put(job->page,
                   "</main>\n<footer><p>Written by afmon %s. Times are UTC.</p></footer>\n</body>\n</html>\n",
                   afmon_version());
    return AFMON_OK;
}
