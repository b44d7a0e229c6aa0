/* Members of the data of a log line. */
#include <string.h>

#include "base/number.h"
#include "model/run_log_internal.h"

bool afmon_run_log_number(const afmon_live_log_line *line, const char *key, double *number)
{
    size_t length;
    const char *text = afmon_log_member(line->data, line->data_length, key, &length);
    return text != NULL && afmon_parse_double(text, length, number);
}

bool afmon_run_log_count(const afmon_live_log_line *line, const char *key, uint64_t *count)
{
    double number;
    if (!afmon_run_log_number(line, key, &number) || !(number >= 0 && number < 0x1p63))
        return false;
    *count = (uint64_t)number;
    return true;
}

uint64_t afmon_run_log_session(const afmon_live_log_line *line)
{
    static const char digits[] = "0123456789abcdef";
    size_t length;
    const char *text = afmon_log_member(line->data, line->data_length, "session", &length);
    uint64_t serial = 0;
    for (size_t i = 0; text != NULL && i < length; i++) {
        const char *digit = memchr(digits, text[i], sizeof digits - 1);
        if (digit == NULL || length != 16)
            return 0;
        serial = serial << 4 | (uint64_t)(digit - digits);
    }
    return serial;
}
