/* The standard charts, inline. */
#include <stdio.h>

#include "report/page.h"

static int take(void *user, const void *data, size_t size)
{
    struct afmon_buffer *page = user;
    afmon_buffer_add(page, data, size);
    return page->failed;
}

/* A chart that was begun and failed leaves nothing behind. */
static afmon_status put_chart(struct afmon_report_job *job, afmon_chart chart)
{
    struct afmon_buffer *page = job->page;
    char prefix[64];
    afmon_plot_options options;
    size_t before = page->length;
    afmon_plot_options_init(&options);
    (void)snprintf(prefix, sizeof prefix, "chart-%d-", (int)chart); /* ids are unique in the page */
    options.format = "svg";
    options.height = 420;
    options.theme = AFMON_PLOT_AUTO;
    options.id_prefix = prefix;
    options.summary = job->summary;
    /* On a narrow screen it scrolls, and so must be reached by the keyboard. */
    afmon_page_put(page, "<figure tabindex=\"0\" aria-label=\"%s\">\n", afmon_chart_title(chart));
    afmon_status status = afmon_plot_chart(job->view, chart, &options, take, page, job->error);
    afmon_buffer_add_text(page, "\n</figure>\n");
    if (status != AFMON_OK && !page->failed)
        page->length = before;
    return status == AFMON_E_NO_DATA ? AFMON_OK : status;
}

afmon_status afmon_html_charts(struct afmon_report_job *job)
{
    struct afmon_buffer *page = job->page;
    size_t before = page->length;
    afmon_buffer_add_text(page, "<section aria-labelledby=\"charts\">\n<h2 id=\"charts\">Charts</h2>\n");
    size_t begun = page->length;
    afmon_status status = AFMON_OK;
    for (int i = 0; i < AFMON_CHARTS && status == AFMON_OK; i++)
        if (i != AFMON_CHART_LATENCY_HEAT_MAP) /* a picture of dots in the page; the distribution tells the same */
            status = put_chart(job, (afmon_chart)i);
    if (page->length == begun && !page->failed)
        page->length = before; /* nothing to draw */
    else
        afmon_buffer_add_text(page, "</section>\n");
    return page->failed ? AFMON_OK : status; /* what the page could not take is told at its end */
}
