#include "report/page.h"

#include <stdarg.h>
#include <stdio.h>

void afmon_page_put(struct afmon_buffer *page, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (length < 0 || (size_t)length >= sizeof text)
        page->failed = true; /* only our own short texts come here */
    else
        afmon_buffer_add(page, text, (size_t)length);
}

struct afmon_words afmon_css_percent(double fraction)
{
    struct afmon_words words;
    double kept = fraction > 0 ? (fraction < 1 ? fraction : 1) : 0;
    unsigned hundredths = (unsigned)(kept * 10000 + 0.5);
    (void)snprintf(words.text, sizeof words.text, "%u.%02u", hundredths / 100, hundredths % 100);
    return words;
}

bool afmon_page_has_items(const afmon_run_summary *summary)
{
    for (size_t i = 0; i < summary->item_count; i++)
        if (!summary->items[i].inferred)
            return true;
    return false;
}

void afmon_operation_text(const afmon_operation_summary *operation, char *out, size_t size)
{
    bool both = operation->component[0] != '\0' && operation->operation[0] != '\0';
    const char *nothing = operation->evaluation ? "(evaluation)" : "(operation not given)";
    bool neither = operation->component[0] == '\0' && operation->operation[0] == '\0';
    (void)snprintf(out, size, "%s%s%s", operation->component, both ? " \xC2\xB7 " : "",
                   neither ? nothing : operation->operation);
}

void afmon_failure_place(const afmon_failure_summary *failure, char *out, size_t size)
{
    bool both = failure->component[0] != '\0' && failure->operation[0] != '\0';
    bool neither = failure->component[0] == '\0' && failure->operation[0] == '\0';
    (void)snprintf(out, size, "%s%s%s", failure->component, both ? " \xC2\xB7 " : "",
                   neither ? "-" : failure->operation);
}
