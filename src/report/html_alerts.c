/* The alerts of a run on its time line. */
#include "report/page.h"
#include "report/text.h"

#define ALERTS_MAX 50

static double place_of(const afmon_run_summary *s, int64_t time_ns)
{
    double whole = s->duration_s;
    return whole > 0 ? (double)((uint64_t)time_ns - (uint64_t)s->first_ns) / 1e9 / whole : 0;
}

static void put_line(struct afmon_report_job *job, const afmon_alert_interval *interval)
{
    struct afmon_buffer *page = job->page;
    double from = place_of(job->summary, interval->first_ns);
    double whole = job->summary->duration_s;
    double width = whole > 0 ? interval->held_s / whole : 0;
    afmon_buffer_add_text(page, "<div class=\"line\"><span>");
    afmon_html_text(page, interval->name);
    afmon_page_put(page, "</span><div class=\"track\" role=\"img\" aria-label=\"from %s to %s UTC\">",
                   afmon_words_time(interval->first_ns).text, afmon_words_time(interval->last_ns).text);
    afmon_page_put(page, "<i%s style=\"--l:%s%%;--w:%s%%\"></i></div></div>\n",
                   interval->level == AFMON_ERROR ? " class=\"error\"" : "",
                   afmon_css_percent(from < 0.996 ? from : 0.996).text, afmon_css_percent(width).text);
}

static void put_row(struct afmon_buffer *page, const afmon_alert_interval *interval)
{
    afmon_buffer_add_text(page, "<tr><th scope=\"row\">");
    afmon_html_text(page, interval->message);
    afmon_page_put(page, "</th><td>%s</td><td>%s</td><td>%s%s</td><td>%s</td><td>%s</td><td>%s</td></tr>\n",
                   afmon_level_name(interval->level), afmon_words_time(interval->first_ns).text,
                   afmon_words_time(interval->last_ns).text, interval->firing ? " (holds)" : "",
                   afmon_words_seconds(interval->held_s).text, afmon_words_count(interval->passes).text,
                   afmon_words_number(interval->limit).text);
}

void afmon_html_alerts(struct afmon_report_job *job)
{
    const afmon_run_summary *s = job->summary;
    struct afmon_buffer *page = job->page;
    size_t shown = s->alert_count < ALERTS_MAX ? s->alert_count : ALERTS_MAX;
    if (s->alert_count == 0)
        return;
    afmon_buffer_add_text(page, "<section aria-labelledby=\"alerts\">\n<h2 id=\"alerts\">Alerts</h2>\n");
    for (size_t i = s->alert_count - shown; i < s->alert_count; i++)
        put_line(job, &s->alerts[i]);
    afmon_page_put(page, "<p class=\"ends\"><span>%s</span><span>%s UTC</span></p>\n",
                   afmon_words_time(s->first_ns).text, afmon_words_time(s->last_ns).text);
    afmon_buffer_add_text(
        page, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table: alerts\"><table><caption>"
              "Stretches in which an alert rule held</caption><thead><tr><th scope=\"col\">At worst</th><th "
              "scope=\"col\">Level</th><th scope=\"col\">First</th><th scope=\"col\">Last</th><th scope=\"col\">Held"
              "</th><th scope=\"col\">Passes</th><th scope=\"col\">Limit</th></tr></thead><tbody>\n");
    for (size_t i = s->alert_count - shown; i < s->alert_count; i++)
        put_row(page, &s->alerts[i]);
    afmon_buffer_add_text(page, "</tbody></table></div>\n");
    if (shown < s->alert_count)
        afmon_page_put(page, "<p class=\"soft\">The latest %s of %s.</p>\n", afmon_words_count(shown).text,
                       afmon_words_count(s->alert_count).text);
    afmon_page_put(page, "<p class=\"soft\">%s, every %s.</p>\n</section>\n",
                   s->alerts_logged ? "As the run's own monitor judged it" : "Replayed over the samples",
                   afmon_words_seconds(s->alert_period_s).text);
}
