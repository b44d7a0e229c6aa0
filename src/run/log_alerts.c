#include "run/log_alerts.h"

#include <string.h>

#include "base/clamp.h"
#include "base/number.h"
#include "store/reader_lines.h"
#include "store/reader_text.h"

#define TIME_LENGTH 23 /* "2026-11-23 09:20:35,123" */
#define BEGIN " - {\"message\": \"Alert: "
#define DATA "\", \"alert\": \""
#define DROPS " - {\"message\": \"Samples or log records were dropped\""

struct counting {
    int (*progress)(void *user, uint64_t bytes);
    void *user;
    struct afmon_log_counts counts;
};

bool afmon_log_line_is_alert(const char *line, size_t length)
{
    const char *end = line + length;
    if (length < TIME_LENGTH + sizeof BEGIN || memcmp(line + TIME_LENGTH, BEGIN, sizeof BEGIN - 1) != 0)
        return false;
    bool escaped = false;
    const char *close = afmon_json_string_end(line + TIME_LENGTH + sizeof BEGIN - 1, end, &escaped);
    return close != NULL && (size_t)(end - close) >= sizeof DATA - 1 && memcmp(close, DATA, sizeof DATA - 1) == 0;
}

uint64_t afmon_log_line_dropped(const char *line, size_t length)
{
    const char *end = line + length;
    if (length < TIME_LENGTH + sizeof DROPS || memcmp(line + TIME_LENGTH, DROPS, sizeof DROPS - 1) != 0)
        return 0;
    uint64_t sum = 0;
    for (const char *at = line + TIME_LENGTH + sizeof DROPS - 1; at < end; at++) {
        const char *digits = at;
        while (at < end && *at >= '0' && *at <= '9')
            at++;
        int64_t number;
        if (at > digits && afmon_parse_int(digits, (size_t)(at - digits), &number))
            sum = afmon_clamp_add_u64(sum, (uint64_t)number);
    }
    return sum;
}

static afmon_status count_line(void *user, const char *data, size_t length, uint64_t number, bool ended)
{
    (void)number;
    (void)ended;
    struct counting *counting = user;
    if (data == NULL)
        return AFMON_OK;
    counting->counts.alerts += afmon_log_line_is_alert(data, length);
    counting->counts.dropped = afmon_clamp_add_u64(counting->counts.dropped, afmon_log_line_dropped(data, length));
    return AFMON_OK;
}

static int give_progress(void *user, uint64_t bytes)
{
    const struct counting *counting = user;
    return counting->progress != NULL ? counting->progress(counting->user, bytes) : 0;
}

afmon_status afmon_count_log(const char *path, uint64_t size, int (*progress)(void *user, uint64_t bytes), void *user,
                             struct afmon_log_counts *counts, afmon_error *error)
{
    struct counting counting = {.progress = progress, .user = user};
    struct afmon_lines lines = {.line = count_line, .progress = give_progress, .user = &counting};
    afmon_status status = afmon_each_line(path, 0, (int64_t)size, &lines, error);
    counts->alerts += counting.counts.alerts;
    counts->dropped = afmon_clamp_add_u64(counts->dropped, counting.counts.dropped);
    return status;
}
