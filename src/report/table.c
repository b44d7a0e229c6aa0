#include "report/table.h"

#include "report/page.h"
#include "report/text.h"

#define MOST_ROWS 100

/* ---- Parts of a table ---- */

void afmon_table_begin(struct afmon_buffer *page, const char *id, const char *title, const char *const *columns)
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

void afmon_table_end(struct afmon_buffer *page, size_t rows)
{
    afmon_table_end_behind(page, rows, NULL);
}

void afmon_table_end_behind(struct afmon_buffer *page, size_t rows, const char *options)
{
    afmon_buffer_add_text(page, "</tbody></table></div>\n");
    if (options != NULL)
        afmon_page_put(page, "<p class=\"soft\">The items behind a row: <code>afmon items RUN %s</code></p>\n",
                       options);
    if (rows > MOST_ROWS)
        afmon_page_put(page, "<p class=\"soft\">And %s more.</p>\n", afmon_words_count(rows - MOST_ROWS).text);
    afmon_buffer_add_text(page, "</section>\n");
}

size_t afmon_table_shown(size_t rows)
{
    return rows < MOST_ROWS ? rows : MOST_ROWS;
}

void afmon_table_row(struct afmon_buffer *page, const char *name)
{
    afmon_buffer_add_text(page, "<tr><th scope=\"row\">");
    afmon_html_text(page, name);
    afmon_buffer_add_text(page, "</th>");
}

void afmon_table_cell(struct afmon_buffer *page, struct afmon_words words)
{
    afmon_page_put(page, "<td>%s</td>", words.text);
}

void afmon_table_count(struct afmon_buffer *page, uint64_t count)
{
    afmon_table_cell(page, afmon_words_count(count));
}

/* Failures stand out. */
void afmon_table_failures(struct afmon_buffer *page, uint64_t count)
{
    afmon_page_put(page, count > 0 ? "<td class=\"bad\">%s</td>" : "<td>%s</td>", afmon_words_count(count).text);
}

void afmon_table_share(struct afmon_buffer *page, double share)
{
    afmon_page_put(page, "<td>%s<span class=\"share\" aria-hidden=\"true\"><i style=\"--w:%s%%\"></i></span></td>",
                   afmon_words_percent(share).text, afmon_css_percent(share).text);
}

void afmon_table_end_row(struct afmon_buffer *page)
{
    afmon_buffer_add_text(page, "</tr>\n");
}

/* ---- The tables ---- */

void afmon_table_text(struct afmon_buffer *page, const char *text)
{
    afmon_buffer_add_text(page, "<td class=\"text\">");
    afmon_html_text(page, text);
    afmon_buffer_add_text(page, "</td>");
}
