/* A report while it is written. */
#ifndef AFMON_REPORT_PAGE_H
#define AFMON_REPORT_PAGE_H

#include <afmon/afmon.h>

#include "base/buffer.h"
#include "base/words.h"

struct afmon_report_job {
    afmon_view *view;
    const afmon_run_summary *summary;
    const char *title;
    struct afmon_buffer *page;
    afmon_error *error;
};

/* One file a format: writes the whole of it into the page. */
afmon_status afmon_report_html(struct afmon_report_job *job);
afmon_status afmon_report_markdown(struct afmon_report_job *job);

/* The parts of the page. Each writes nothing where there is nothing to tell. */
void afmon_html_items(struct afmon_report_job *job);
void afmon_html_tables(struct afmon_report_job *job);
void afmon_html_alerts(struct afmon_report_job *job);
afmon_status afmon_html_charts(struct afmon_report_job *job); /* reads the samples again */
extern const char afmon_html_style[];
extern const char afmon_html_style_media[]; /* behind it: narrow screens, paper */

/* Adds formatted text of our own; whatever comes from a run goes through report/text.h. */
__attribute__((format(printf, 2, 3))) void afmon_page_put(struct afmon_buffer *page, const char *format, ...);

/* Adds a fraction as a percentage for CSS: "12.5". */
struct afmon_words afmon_css_percent(double fraction);

/* Whether the run tells of its items, so that `afmon items` has them. */
bool afmon_page_has_items(const afmon_run_summary *summary);

/* An operation as people name it: "component · operation". */
void afmon_operation_text(const afmon_operation_summary *operation, char *out, size_t size);

/* Where a failure was, as people name it; "-" where that is not told. */
void afmon_failure_place(const afmon_failure_summary *failure, char *out, size_t size);

#endif
