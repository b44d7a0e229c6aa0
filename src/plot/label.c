/* Texts of charts, put together piece by piece. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plot/chart.h"

void afmon_label_add(char *out, const char *format, ...)
{
    va_list arguments;
    size_t at = strlen(out);
    va_start(arguments, format);
    vsnprintf(out + at, AFMON_LABEL_SIZE - at, format, arguments);
    va_end(arguments);
}

void afmon_label_add_count(char *out, uint64_t count, const char *plural)
{
    char number[AFMON_VALUE_TEXT_SIZE];
    afmon_count_text(number, count);
    afmon_label_add(out, " · %s %.*s", number, (int)(strlen(plural) - (count == 1 ? 1 : 0)), plural);
}
