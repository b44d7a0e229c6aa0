/* Texts from a run, put into a page or into Markdown so that they can be nothing but text there. */
#ifndef AFMON_REPORT_TEXT_H
#define AFMON_REPORT_TEXT_H

#include "base/buffer.h"

/* Both take UTF-8, well-formed or not. Control characters are shown as U+FFFD, and so are those that turn the direction
 * of what follows: no name may make the text around it read as something else. */

/* For element content and for attribute values in quotes. */
void afmon_html_text(struct afmon_buffer *page, const char *text);

/* For table cells, list items and headings of GitHub's Markdown, behind what makes them such: a sign that may mean
 * something there becomes a character reference; '@', '#' and what looks like a link begin nothing. */
void afmon_markdown_text(struct afmon_buffer *page, const char *text);

#endif
