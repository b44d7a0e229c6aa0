/* What to do about a run, from what its summary says: sentences, the most pressing first. */
#ifndef AFMON_REPORT_NEXT_H
#define AFMON_REPORT_NEXT_H

#include <afmon/afmon.h>

#include "base/buffer.h"

/* Plain text, of which parts may come from the run: to be escaped by whoever writes it down. */
struct afmon_advice {
    char text[640];
    char command[320]; /* that shows more, with RUN for the folder; "": none */
};

/* The index'th piece of advice; false: there is none. */
bool afmon_advice_of(const afmon_run_summary *summary, size_t index, struct afmon_advice *advice);

/* As a section of a page, and of Markdown. Nothing where there is no advice. */
void afmon_html_next(struct afmon_buffer *page, const afmon_run_summary *summary);
void afmon_markdown_next(struct afmon_buffer *page, const afmon_run_summary *summary);

#endif
