/* The alerts of a run on its time line. */
#include "report/page.h"
#include "report/text.h"

static double place_of(const afmon_run_summary *s, int64_t time_ns)
{
    double whole = s->duration_s;
    return whole > 0 ? (double)((uint64_t)time_ns - (uint64_t)s->first_ns) / 1e9 / whole : 0;
}

static void put_line(struct afmon_report_job *job, const afmon_alert_span *span)
{
    struct afmon_buffer *page = job->page;
    double from = place_of(job->summary, span->first_ns);
    double to = place_of(job->summary, span->last_ns);
    afmon_buffer_add_text(page, "<div class=\"line\"><span>");
    afmon_html_text(page, span->worst.name);
    afmon_page_put(page, "</span><div class=\"track\" role=\"img\" aria-label=\"from %s to %s UTC\">",
                   afmon_words_time(span->first_ns).text, afmon_words_time(span->last_ns).text);
    afmon_page_put(page, "<i%s style=\"--l:%s%%;--w:%s%%\"></i></div></div>\n",
                   span->worst.level == AFMON_ERROR ? " class=\"error\"" : "",
                   afmon_css_percent(from < 0.996 ? from : 0.996).text, afmon_css_percent(to - from).text);
}

static void put_row(struct afmon_buffer *page, const afmon_alert_span *span)
{
    afmon_buffer_add_text(page, "<tr><th scope=\"row\">");
    afmon_html_text(page, span->worst.message);
    afmon_page_put(page, "</th><td>%s</td><td>%s</td><td>%s</td><td>%s of %s</td></tr>\n",
                   afmon_level_name(span->worst.level), afmon_words_time(span->first_ns).text,
                   afmon_words_time(span->last_ns).text, afmon_words_count(span->passes_held).text,
                   afmon_words_count(span->passes).text);
}

void afmon_html_alerts(struct afmon_report_job *job)
{
    const afmon_run_summary *s = job->summary;
    struct afmon_buffer *page = job->page;
    if (s->alert_count == 0)
        return;
    afmon_buffer_add_text(page, "<section aria-labelledby=\"alerts\">\n<h2 id=\"alerts\">Alerts</h2>\n");
    for (size_t i = 0; i < s->alert_count; i++)
        put_line(job, &s->alerts[i]);
    afmon_page_put(page, "<p class=\"ends\"><span>%s</span><span>%s UTC</span></p>\n",
                   afmon_words_time(s->first_ns).text, afmon_words_time(s->last_ns).text);
    afmon_buffer_add_text(
        page, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table: alerts\"><table><caption>"
              "Alert rules that held</caption><thead><tr><th scope=\"col\">At worst</th><th scope=\"col\">"
              "Level</th><th scope=\"col\">First</th><th scope=\"col\">Last</th><th scope=\"col\">Passes"
              "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < s->alert_count; i++)
        put_row(page, &s->alerts[i]);
    afmon_buffer_add_text(page, "</tbody></table></div>\n</section>\n");
}
