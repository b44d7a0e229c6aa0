/* The log has a line for each pass in which a rule holds; here passes become spans. Lines may come in any order. */
#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"
#include "base/utf8.h"
#include "live/live_internal.h"
#include "store/reader_text.h"

struct pass {
    char name[sizeof((afmon_live_alert *)NULL)->name];
    int64_t time_ns;
    int64_t since_ns; /* 0: not told */
    int64_t renotify_ns;
    uint64_t session;
    bool resolves;
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

static bool member_is(const afmon_live_log_line *line, const char *key, const char *wanted)
{
    size_t length;
    const char *text = afmon_log_member(line->data, line->data_length, key, &length);
    return text != NULL && length == strlen(wanted) && memcmp(text, wanted, length) == 0;
}

/* Since when it fires: what all lines of a span have in common, wherever clocks were set meanwhile. */
static int64_t read_since(const afmon_live_log_line *line)
{
    size_t length;
    int64_t since_ns;
    const char *text = afmon_log_member(line->data, line->data_length, "since", &length);
    bool known = text != NULL && afmon_parse_timestamp(text, length, &since_ns);
    return known && since_ns > 0 && line->timestamp_ns > 0 ? since_ns : 0;
}

static int64_t read_renotify(const afmon_live_log_line *line)
{
    size_t length;
    double seconds;
    const char *text = afmon_log_member(line->data, line->data_length, "renotify", &length);
    return text != NULL && afmon_parse_double(text, length, &seconds) && seconds > 0 ? afmon_seconds_to_ns(seconds) : 0;
}

static uint64_t read_session(const afmon_live_log_line *line)
{
    size_t length;
    const char *text = afmon_log_member(line->data, line->data_length, "session", &length);
    uint64_t serial = 0;
    for (size_t i = 0; text != NULL && i < length; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = memchr(digits, text[i], sizeof digits - 1);
        if (digit == NULL || length != 16)
            return 0;
        serial = serial << 4 | (uint64_t)(digit - digits);
    }
    return serial;
}

static bool read_pass(const afmon_live_log_line *line, struct pass *pass)
{
    size_t length;
    const char *name = afmon_log_member(line->data, line->data_length, "alert", &length);
    if (name == NULL)
        return false;
    copy_raw(pass->name, sizeof pass->name, name, length);
    pass->time_ns = line->timestamp_ns;
    pass->fired = member_is(line, "state", "fired");
    pass->resolved = member_is(line, "state", "resolved");
    pass->since_ns = read_since(line);
    pass->resolves = member_is(line, "resolves", "true");
    pass->renotify_ns = read_renotify(line);
    pass->session = read_session(line);
    return true;
}

/* Lines that say since when belong together where they say the same; others, where they are close. */
static bool joins(const struct afmon_live_span *span, const struct pass *pass)
{
    const afmon_live_alert *alert = &span->alert;
    if (strcmp(alert->name, pass->name) != 0 || span->since_ns != pass->since_ns)
        return false;
    if (span->since_ns != 0)
        return span->session == pass->session;
    if (pass->time_ns > alert->last_ns)
        return !pass->fired && alert->resolved_ns == 0 &&
               afmon_clamp_sub(pass->time_ns, alert->last_ns) <= AFMON_LIVE_GAP_NS;
    if (pass->time_ns < alert->first_ns)
        return !pass->resolved && !alert->firing &&
               afmon_clamp_sub(alert->first_ns, pass->time_ns) <= AFMON_LIVE_GAP_NS;
    return true;
}

static void put(struct afmon_live_span *span, const struct pass *pass, const afmon_live_log_line *line)
{
    afmon_live_alert *alert = &span->alert;
    bool latest = alert->passes == 0 || pass->time_ns >= alert->last_ns;
    if (pass->time_ns < alert->first_ns)
        alert->first_ns = pass->time_ns;
    if (pass->time_ns > alert->last_ns)
        alert->last_ns = pass->time_ns;
    alert->firing |= pass->fired;
    if (pass->resolved)
        alert->resolved_ns = pass->time_ns;
    else
        alert->passes++;
    if (!latest)
        return;
    span->resolves = pass->resolves;
    span->renotify_ns = pass->renotify_ns;
    alert->level = line->level;
    size_t skipped = strlen(pass->resolved ? "Alert resolved: " : "Alert: ");
    if (skipped > line->message_length)
        skipped = line->message_length;
    afmon_utf8_copy(alert->message, sizeof alert->message, line->message + skipped, line->message_length - skipped);
}

static struct afmon_live_span *new_span(struct afmon_live_log *log, const struct pass *pass)
{
    struct afmon_live_span *span = &log->alerts[0];
    if (log->alert_count < AFMON_LIVE_ALERTS) {
        span = &log->alerts[log->alert_count++];
    } else {
        for (size_t i = 1; i < AFMON_LIVE_ALERTS; i++)
            if (log->alerts[i].alert.last_ns < span->alert.last_ns)
                span = &log->alerts[i];
        if (span->alert.last_ns >= pass->time_ns)
            return NULL;
    }
    bool known = pass->since_ns != 0 && pass->since_ns < pass->time_ns;
    *span = (struct afmon_live_span){.since_ns = pass->since_ns,
                                     .session = pass->session,
                                     .alert = {.first_ns = known ? pass->since_ns : pass->time_ns,
                                               .last_ns = pass->time_ns,
                                               .firing = pass->since_ns != 0}};
    memcpy(span->alert.name, pass->name, sizeof span->alert.name);
    return span;
}

static uint64_t apart(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? (uint64_t)b_ns - (uint64_t)a_ns : (uint64_t)a_ns - (uint64_t)b_ns;
}

/* The span of that name that the pass belongs to: the nearest. */
static struct afmon_live_span *find_span(struct afmon_live_log *log, const struct pass *pass)
{
    struct afmon_live_span *best = NULL;
    for (size_t i = 0; i < log->alert_count; i++) {
        struct afmon_live_span *span = &log->alerts[i];
        if (joins(span, pass) &&
            (best == NULL || apart(pass->time_ns, span->alert.last_ns) < apart(pass->time_ns, best->alert.last_ns)))
            best = span;
    }
    return best;
}

/* The pass may have closed the gap to the span before or behind. */
static void unite(struct afmon_live_log *log, struct afmon_live_span *span)
{
    for (size_t i = 0; i < log->alert_count; i++) {
        struct afmon_live_span *other = &log->alerts[i];
        if (other == span || other->since_ns != 0 || strcmp(other->alert.name, span->alert.name) != 0)
            continue;
        const afmon_live_alert *first = &(other->alert.first_ns <= span->alert.first_ns ? other : span)->alert;
        const afmon_live_alert *second = first == &other->alert ? &span->alert : &other->alert;
        if (first->resolved_ns != 0 || second->firing ||
            afmon_clamp_sub(second->first_ns, first->last_ns) > AFMON_LIVE_GAP_NS)
            continue;
        afmon_live_alert both = *second;
        both.first_ns = first->first_ns;
        both.last_ns = first->last_ns > second->last_ns ? first->last_ns : second->last_ns;
        both.firing = first->firing;
        both.passes = first->passes + second->passes;
        span->alert = both;
        *other = log->alerts[--log->alert_count];
        return;
    }
}

void afmon_live_alert_take(struct afmon_live_log *log, const afmon_live_log_line *line)
{
    struct pass pass;
    if (!read_pass(line, &pass) || pass.time_ns == INT64_MIN)
        return;
    struct afmon_live_span *span = find_span(log, &pass);
    if (span == NULL)
        span = new_span(log, &pass);
    if (span == NULL)
        return;
    put(span, &pass, line);
    if (span->since_ns == 0)
        unite(log, span);
}
