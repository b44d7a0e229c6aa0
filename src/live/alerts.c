/* The log has a line for each pass in which a rule holds; here passes become spans. Lines may come in any order. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "live/live_internal.h"
#include "store/reader_text.h"

struct pass {
    char name[sizeof((afmon_live_alert *)NULL)->name];
    int64_t time_ns;
    bool fired;    /* the first pass of its span */
    bool resolved; /* the rule holds no longer */
};

/* Unescapes what is between quotes, cut at a character's end. */
static void copy_raw(char *out, size_t size, const char *raw, size_t length)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, AFMON_LOG_TEXT + 16);
    afmon_json_unescape(&text, raw, length);
    afmon_utf8_copy(out, size, text.failed ? raw : text.data, text.failed ? length : text.length);
    afmon_buffer_free(&text);
}

static bool read_pass(const afmon_live_log_line *line, struct pass *pass)
{
    size_t length;
    const char *name = afmon_log_member(line->data, line->data_length, "alert", &length);
    if (name == NULL)
        return false;
    copy_raw(pass->name, sizeof pass->name, name, length);
    pass->time_ns = line->timestamp_ns;
    const char *state = afmon_log_member(line->data, line->data_length, "state", &length);
    pass->fired = state != NULL && length == 5 && memcmp(state, "fired", 5) == 0;
    pass->resolved = state != NULL && length == 8 && memcmp(state, "resolved", 8) == 0;
    return true;
}

static bool joins(const afmon_live_alert *span, const struct pass *pass)
{
    if (strcmp(span->name, pass->name) != 0)
        return false;
    if (pass->time_ns > span->last_ns)
        return !pass->fired && span->resolved_ns == 0 && pass->time_ns - span->last_ns <= AFMON_LIVE_GAP_NS;
    if (pass->time_ns < span->first_ns)
        return !pass->resolved && !span->firing && span->first_ns - pass->time_ns <= AFMON_LIVE_GAP_NS;
    return true;
}

/* `firing` of a kept span says that its first pass is known to be the first. */
static void put(afmon_live_alert *span, const struct pass *pass, const afmon_live_log_line *line)
{
    bool latest = span->passes == 0 || pass->time_ns >= span->last_ns;
    if (pass->time_ns < span->first_ns)
        span->first_ns = pass->time_ns;
    if (pass->time_ns > span->last_ns)
        span->last_ns = pass->time_ns;
    span->firing |= pass->fired;
    if (pass->resolved)
        span->resolved_ns = pass->time_ns;
    else
        span->passes++;
    if (!latest)
        return;
    span->level = line->level;
    size_t skipped = strlen(pass->resolved ? "Alert resolved: " : "Alert: ");
    if (skipped > line->message_length)
        skipped = line->message_length;
    afmon_utf8_copy(span->message, sizeof span->message, line->message + skipped, line->message_length - skipped);
}

static afmon_live_alert *new_span(struct afmon_live_log *log, const struct pass *pass)
{
    afmon_live_alert *span = &log->alerts[0];
    if (log->alert_count < AFMON_LIVE_ALERTS) {
        span = &log->alerts[log->alert_count++];
    } else {
        for (size_t i = 1; i < AFMON_LIVE_ALERTS; i++)
            if (log->alerts[i].last_ns < span->last_ns)
                span = &log->alerts[i];
        if (span->last_ns >= pass->time_ns)
            return NULL;
    }
    *span = (afmon_live_alert){.first_ns = pass->time_ns, .last_ns = pass->time_ns};
    memcpy(span->name, pass->name, sizeof span->name);
    return span;
}

/* The span of that name that the pass belongs to: the nearest. */
static afmon_live_alert *find_span(struct afmon_live_log *log, const struct pass *pass)
{
    afmon_live_alert *best = NULL;
    for (size_t i = 0; i < log->alert_count; i++) {
        afmon_live_alert *span = &log->alerts[i];
        if (joins(span, pass) &&
            (best == NULL || llabs(pass->time_ns - span->last_ns) < llabs(pass->time_ns - best->last_ns)))
            best = span;
    }
    return best;
}

/* The pass may have closed the gap to the span before or behind. */
static void unite(struct afmon_live_log *log, afmon_live_alert *span)
{
    for (size_t i = 0; i < log->alert_count; i++) {
        afmon_live_alert *other = &log->alerts[i];
        if (other == span || strcmp(other->name, span->name) != 0)
            continue;
        afmon_live_alert *first = other->first_ns <= span->first_ns ? other : span;
        afmon_live_alert *second = first == other ? span : other;
        if (first->resolved_ns != 0 || second->firing || second->first_ns - first->last_ns > AFMON_LIVE_GAP_NS)
            continue;
        afmon_live_alert both = *second;
        both.first_ns = first->first_ns;
        both.last_ns = first->last_ns > second->last_ns ? first->last_ns : second->last_ns;
        both.firing = first->firing;
        both.passes = first->passes + second->passes;
        *span = both;
        *other = log->alerts[--log->alert_count];
        return;
    }
}

void afmon_live_alert_take(struct afmon_live_log *log, const afmon_live_log_line *line)
{
    struct pass pass;
    if (!read_pass(line, &pass) || pass.time_ns == INT64_MIN)
        return;
    afmon_live_alert *span = find_span(log, &pass);
    if (span == NULL)
        span = new_span(log, &pass);
    if (span == NULL)
        return;
    put(span, &pass, line);
    unite(log, span);
}
