/* The log has a line for each pass in which a rule holds; here passes become intervals. Lines come in any order. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/utf8.h"
#include "model/run_log_internal.h"
#include "store/reader_text.h"

struct pass {
    struct afmon_logged_interval of; /* as an interval of this pass alone */
    bool resolved;
};

/* A text member, unescaped, cut at a character's end. False: there is none. */
static bool copy_member(const afmon_live_log_line *line, const char *key, char *out, size_t size)
{
    size_t length;
    struct afmon_buffer text;
    const char *raw = afmon_log_member(line->data, line->data_length, key, &length);
    out[0] = '\0';
    if (raw == NULL)
        return false;
    afmon_buffer_init(&text, AFMON_LOG_TEXT + 16);
    afmon_json_unescape(&text, raw, length);
    afmon_utf8_copy(out, size, text.failed ? raw : text.data, text.failed ? length : text.length);
    afmon_buffer_free(&text);
    return true;
}

static bool member_is(const afmon_live_log_line *line, const char *key, const char *wanted)
{
    size_t length;
    const char *text = afmon_log_member(line->data, line->data_length, key, &length);
    return text != NULL && length == strlen(wanted) && memcmp(text, wanted, length) == 0;
}

static afmon_rule_comparison read_comparison(const afmon_live_log_line *line)
{
    return member_is(line, "comparison", "below")      ? AFMON_RULE_BELOW
           : member_is(line, "comparison", "at most")  ? AFMON_RULE_AT_MOST
           : member_is(line, "comparison", "at least") ? AFMON_RULE_AT_LEAST
                                                       : AFMON_RULE_ABOVE;
}

static void read_message(const afmon_live_log_line *line, const char *prefix, char *out, size_t size)
{
    size_t skipped = strlen(prefix) < line->message_length ? strlen(prefix) : line->message_length;
    afmon_utf8_copy(out, size, line->message + skipped, line->message_length - skipped);
}

/* When the pass was. A line's own time is local, of milliseconds, and in no zone that another machine would know. */
static int64_t time_of(const afmon_live_log_line *line)
{
    size_t length;
    int64_t time_ns;
    const char *text = afmon_log_member(line->data, line->data_length, "timestamp", &length);
    return text != NULL && afmon_parse_timestamp(text, length, &time_ns) ? time_ns : line->timestamp_ns;
}

static bool read_pass(const afmon_live_log_line *line, struct pass *pass)
{
    struct afmon_logged_interval *of = &pass->of;
    size_t length;
    double seconds;
    int64_t time_ns = time_of(line);
    *pass = (struct pass){.resolved = member_is(line, "state", "resolved")};
    if (!copy_member(line, "alert", of->name, sizeof of->name))
        return false;
    (void)copy_member(line, "metric", of->metric, sizeof of->metric);
    (void)copy_member(line, "aggregate", of->aggregate, sizeof of->aggregate);
    const char *since = afmon_log_member(line->data, line->data_length, "since", &length);
    if (since == NULL || !afmon_parse_timestamp(since, length, &of->since_ns))
        of->since_ns = time_ns;
    of->session = afmon_run_log_session(line);
    of->first_ns = of->last_ns = of->worst_ns = time_ns;
    of->resolved_ns = pass->resolved ? time_ns : INT64_MIN;
    if (afmon_run_log_number(line, "renotify", &seconds) && seconds > 0)
        of->renotify_ns = afmon_seconds_to_ns(seconds);
    of->resolves = member_is(line, "resolves", "true");
    of->level = line->level;
    of->comparison = read_comparison(line);
    of->passes = pass->resolved ? 0 : 1;
    if (!afmon_run_log_number(line, "value", &of->worst))
        of->worst = NAN;
    if (!afmon_run_log_number(line, "limit", &of->limit))
        of->limit = NAN;
    read_message(line, pass->resolved ? "Alert resolved: " : "Alert: ", of->message, sizeof of->message);
    return true;
}

/* ---- Intervals ---- */

/* Since when, then whose: the order in which they are kept, whatever comes first. */
static int compare(const struct afmon_logged_interval *a, const struct afmon_logged_interval *b)
{
    if (a->since_ns != b->since_ns)
        return a->since_ns < b->since_ns ? -1 : 1;
    if (a->session != b->session)
        return a->session < b->session ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* The place of the first interval that is not before it. */
static size_t place_of(const struct afmon_run_log *log, const struct afmon_logged_interval *interval)
{
    size_t low = 0;
    size_t high = log->interval_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&log->intervals[middle], interval) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_beyond(const struct afmon_logged_interval *pass, const struct afmon_logged_interval *so_far)
{
    bool low = pass->comparison == AFMON_RULE_BELOW || pass->comparison == AFMON_RULE_AT_MOST;
    if (so_far->passes == 0 || isnan(so_far->worst))
        return true;
    if (pass->worst == so_far->worst)
        return pass->worst_ns < so_far->worst_ns;
    return low ? pass->worst < so_far->worst : pass->worst > so_far->worst;
}

static void join(struct afmon_logged_interval *interval, const struct pass *pass)
{
    const struct afmon_logged_interval *of = &pass->of;
    if (!pass->resolved && is_beyond(of, interval)) {
        interval->worst = of->worst;
        interval->worst_ns = of->worst_ns;
        memcpy(interval->message, of->message, sizeof interval->message);
    }
    if (of->last_ns >= interval->last_ns) {
        interval->resolves = of->resolves;
        interval->renotify_ns = of->renotify_ns;
    }
    if (pass->resolved)
        interval->resolved_ns = of->resolved_ns;
    interval->first_ns = of->first_ns < interval->first_ns ? of->first_ns : interval->first_ns;
    interval->last_ns = of->last_ns > interval->last_ns ? of->last_ns : interval->last_ns;
    interval->passes += of->passes;
}

static bool make_room(struct afmon_run_log *log)
{
    if (log->interval_count < log->interval_capacity)
        return true;
    size_t capacity = log->interval_capacity == 0 ? 8 : log->interval_capacity * 2;
    struct afmon_logged_interval *intervals = realloc(log->intervals, capacity * sizeof *intervals);
    if (intervals == NULL)
        return false;
    log->intervals = intervals;
    log->interval_capacity = capacity;
    return true;
}

afmon_status afmon_run_log_alert(struct afmon_run_log *log, const afmon_live_log_line *line)
{
    struct pass pass;
    if (!read_pass(line, &pass))
        return AFMON_OK;
    size_t place = place_of(log, &pass.of);
    if (place < log->interval_count && compare(&log->intervals[place], &pass.of) == 0) {
        join(&log->intervals[place], &pass);
        return AFMON_OK;
    }
    if (log->interval_count == AFMON_INTERVALS_MAX) {
        log->intervals_left_out += pass.of.passes;
        if (place == 0)
            return AFMON_OK;
        log->intervals_left_out += log->intervals[0].passes - pass.of.passes;
        memmove(log->intervals, log->intervals + 1, --log->interval_count * sizeof *log->intervals);
        place--;
    }
    if (!make_room(log))
        return AFMON_E_NO_MEMORY;
    memmove(log->intervals + place + 1, log->intervals + place, (log->interval_count - place) * sizeof *log->intervals);
    log->intervals[place] = pass.of;
    log->interval_count++;
    return AFMON_OK;
}
