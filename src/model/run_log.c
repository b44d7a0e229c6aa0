#include "model/run_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/number.h"
#include "base/text.h"
#include "model/run_log_internal.h"
#include "store/reader_lines.h"
#include "store/reader_text.h"

#define RULES_SEED UINT64_C(1)
#define RULES_BYTES_MAX ((size_t)4 << 20)
#define TIME_LENGTH 23 /* "2026-11-23 09:20:35,123" */
#define BEGIN " - {\"message\": \""

void afmon_run_log_free(struct afmon_run_log *log)
{
    afmon_log_scratch_free(&log->scratch);
    free(log->sessions);
    free(log->rules);
    free(log->data_set);
    free(log->intervals);
    afmon_run_about_free(&log->about);
    *log = (struct afmon_run_log){0};
}

size_t afmon_run_log_bytes(const struct afmon_run_log *log)
{
    return log->session_capacity * sizeof *log->sessions + log->rules_length +
           log->interval_capacity * sizeof *log->intervals + log->scratch.message.capacity +
           afmon_run_about_bytes(&log->about);
}

/* ---- Sessions ---- */

/* The session's place, made where there is none. NULL: no memory, or too many. */
static struct afmon_run_session *session_of(struct afmon_run_log *log, uint64_t serial)
{
    for (size_t i = 0; i < log->session_count; i++)
        if (log->sessions[i].serial == serial)
            return &log->sessions[i];
    if (log->session_count == AFMON_SESSIONS_MAX) {
        log->sessions_left_out = true;
        return NULL;
    }
    if (log->session_count == log->session_capacity) {
        size_t capacity = log->session_capacity == 0 ? 4 : log->session_capacity * 2;
        struct afmon_run_session *sessions = realloc(log->sessions, capacity * sizeof *sessions);
        if (sessions == NULL)
            return NULL;
        log->sessions = sessions;
        log->session_capacity = capacity;
    }
    log->sessions[log->session_count] = (struct afmon_run_session){.serial = serial};
    return &log->sessions[log->session_count++];
}

/* The list of rules as it stands in the line; NULL: there is none. */
static const char *rules_in(const char *line, size_t length, size_t *rules_length)
{
    static const char key[] = "\"rules\": [";
    const char *at = memmem(line, length, key, sizeof key - 1);
    if (at == NULL)
        return NULL;
    const char *begin = at + sizeof key - 2;
    const char *end = line + length;
    size_t depth = 0;
    for (at = begin; at < end; at++) {
        bool escaped = false;
        depth += *at == '[' || *at == '{';
        depth -= *at == ']' || *at == '}';
        if (depth == 0) {
            *rules_length = (size_t)(at - begin) + 1;
            return begin;
        }
        if (*at != '"')
            continue;
        at = afmon_json_string_end(at + 1, end, &escaped);
        if (at == NULL)
            return NULL;
    }
    return NULL;
}

/* Of several sessions those rules count that were the latest. */
static bool is_later(const struct afmon_run_log *log, const struct afmon_run_session *session)
{
    const struct afmon_run_session *now = &log->sessions[log->rules_of];
    return log->rules == NULL || session->started_ns > now->started_ns ||
           (session->started_ns == now->started_ns && session->serial > now->serial);
}

static afmon_status take_rules(struct afmon_run_log *log, struct afmon_run_session *session, const char *line,
                               size_t length)
{
    size_t rules_length;
    const char *rules = rules_in(line, length, &rules_length);
    if (rules == NULL || rules_length > RULES_BYTES_MAX)
        return AFMON_OK;
    session->rules_length = rules_length;
    session->rules_hash = afmon_hash(RULES_SEED, rules, rules_length);
    if (!is_later(log, session))
        return AFMON_OK;
    char *copy = malloc(rules_length + 1);
    if (copy == NULL)
        return AFMON_E_NO_MEMORY;
    memcpy(copy, rules, rules_length);
    copy[rules_length] = '\0';
    free(log->rules);
    log->rules = copy;
    log->rules_length = rules_length;
    log->rules_of = (size_t)(session - log->sessions);
    return AFMON_OK;
}

uint32_t afmon_run_file_of(const char *path, size_t length)
{
    size_t name = length;
    while (name > 0 && path[name - 1] != '/')
        name--;
    return (uint32_t)afmon_hash(RULES_SEED, path + name, length - name) | 1;
}

static uint32_t file_of(const afmon_live_log_line *line)
{
    size_t length;
    const char *name = afmon_log_member(line->data, line->data_length, "metrics_file", &length);
    return name != NULL && length > 0 ? afmon_run_file_of(name, length) : 0;
}

/* Of several sessions that one counts that was the latest. A path holds no NUL. */
static afmon_status take_data_set(struct afmon_run_log *log, const struct afmon_run_session *session,
                                  const afmon_live_log_line *line)
{
    size_t length;
    struct afmon_buffer path;
    const char *raw = afmon_log_member(line->data, line->data_length, "data_set", &length);
    if (raw == NULL || raw[-1] != '"' || (log->data_set != NULL && session->started_ns < log->data_set_ns))
        return AFMON_OK;
    afmon_buffer_init(&path, SIZE_MAX);
    afmon_json_unescape(&path, raw, length);
    afmon_buffer_add_char(&path, '\0');
    if (path.failed) {
        afmon_buffer_free(&path);
        return AFMON_E_NO_MEMORY;
    }
    free(log->data_set);
    log->data_set = path.data;
    log->data_set_ns = session->started_ns;
    return AFMON_OK;
}

/* Lines are cut where people read them; of a record all is wanted, whatever rules and notes stand in it. */
static afmon_status take_record(struct afmon_run_log *log, afmon_live_log_line *parts, const char *line, size_t length)
{
    if (parts->data_length > 0)
        parts->data_length = (size_t)(line + length - parts->data);
    uint64_t serial = afmon_run_log_session(parts);
    struct afmon_run_session *session = serial != 0 ? session_of(log, serial) : NULL;
    if (session == NULL)
        return serial == 0 || log->sessions_left_out ? AFMON_OK : AFMON_E_NO_MEMORY;
    double period_s;
    size_t started_length;
    if (session->recorded)
        return AFMON_OK;
    session->recorded = true;
    const char *started = afmon_log_member(parts->data, parts->data_length, "started", &started_length);
    if (started == NULL || !afmon_parse_timestamp(started, started_length, &session->started_ns))
        session->started_ns = parts->timestamp_ns;
    session->file = file_of(parts);
    if (!afmon_run_about_take(&log->about, parts->data, parts->data_length, session->started_ns, serial))
        return AFMON_E_NO_MEMORY;
    if (afmon_run_log_number(parts, "metrics_interval", &period_s) && period_s > 0)
        session->period_ns = afmon_seconds_to_ns(period_s);
    const char *prices = afmon_log_member(parts->data, parts->data_length, "prices", &started_length);
    log->has_prices |= prices != NULL && prices[-1] == '"';
    afmon_status status = take_data_set(log, session, parts);
    return status == AFMON_OK ? take_rules(log, session, line, length) : status;
}

static afmon_status take_end(struct afmon_run_log *log, const afmon_live_log_line *parts)
{
    uint64_t serial = afmon_run_log_session(parts);
    struct afmon_run_session *session = serial != 0 ? session_of(log, serial) : NULL;
    if (session != NULL)
        session->ended = true;
    return session != NULL || serial == 0 || log->sessions_left_out ? AFMON_OK : AFMON_E_NO_MEMORY;
}

const struct afmon_run_session *afmon_run_log_only_session(const struct afmon_run_log *log)
{
    return log->session_count == 1 && log->sessions[0].recorded && !log->sessions_left_out ? &log->sessions[0] : NULL;
}

/* ---- The plan, drops ---- */

static bool is(const char *message, size_t length, const char *text)
{
    return length == strlen(text) && memcmp(message, text, length) == 0;
}

/* A text of at most so many bytes; 0: there is none, or a longer one. */
static size_t read_text(const afmon_live_log_line *line, const char *key, char *out, size_t size)
{
    size_t length;
    const char *raw = afmon_log_member(line->data, line->data_length, key, &length);
    struct afmon_buffer text;
    afmon_buffer_init(&text, size);
    if (raw != NULL)
        afmon_json_unescape(&text, raw, length);
    length = text.failed ? 0 : text.length;
    if (length > 0)
        memcpy(out, text.data, length);
    afmon_buffer_free(&text);
    return length;
}

/* The latest plan holds. */
static void take_plan(struct afmon_run_plan *plan, const afmon_live_log_line *line)
{
    uint64_t total;
    if ((plan->known && line->timestamp_ns < plan->told_ns) || !afmon_run_log_count(line, "planned", &total))
        return;
    plan->known = true;
    plan->told_ns = line->timestamp_ns;
    plan->total = total;
    if (!afmon_run_log_count(line, "done", &plan->done))
        plan->done = 0;
    plan->operation_length = read_text(line, "operation", plan->operation, sizeof plan->operation);
    char counts[16];
    size_t length = read_text(line, "counts", counts, sizeof counts);
    plan->accepted = is(counts, length, "accepted");
    plan->kind[read_text(line, "kind", plan->kind, sizeof plan->kind - 1)] = '\0';
}

/* The sum of all numbers in the line's data: how many were dropped, by cause. Saturates. */
static uint64_t dropped_in(const char *at, const char *end)
{
    uint64_t sum = 0;
    for (; at < end; at++) {
        const char *digits = at;
        int64_t number;
        while (at < end && *at >= '0' && *at <= '9')
            at++;
        if (at > digits && afmon_parse_int(digits, (size_t)(at - digits), &number) &&
            __builtin_add_overflow(sum, (uint64_t)number, &sum))
            sum = UINT64_MAX;
    }
    return sum;
}

/* ---- Lines ---- */

/* The message, raw, of lines that matter here; most do not, and a log may be long. */
static const char *message_of(const char *line, size_t length, size_t *message_length)
{
    static const size_t begin = TIME_LENGTH + sizeof BEGIN - 1;
    if (length <= begin || memcmp(line + TIME_LENGTH, BEGIN, sizeof BEGIN - 1) != 0 ||
        (line[begin] != 'A' && line[begin] != 'R' && line[begin] != 'S'))
        return NULL;
    return afmon_log_message(line, length, message_length);
}

static bool begins(const char *message, size_t length, const char *text)
{
    return length >= strlen(text) && memcmp(message, text, strlen(text)) == 0;
}

afmon_status afmon_run_log_line(struct afmon_run_log *log, const char *line, size_t length)
{
    size_t message_length = 0;
    afmon_live_log_line parts;
    const char *message = message_of(line, length, &message_length);
    if (message == NULL)
        return AFMON_OK;
    if (is(message, message_length, "Samples or log records were dropped")) {
        uint64_t more = dropped_in(message + message_length, line + length);
        if (__builtin_add_overflow(log->dropped, more, &log->dropped))
            log->dropped = UINT64_MAX;
        return AFMON_OK;
    }
    bool alert = begins(message, message_length, "Alert: ") || begins(message, message_length, "Alert resolved: ");
    if (!alert && !begins(message, message_length, "Run "))
        return AFMON_OK;
    afmon_log_parse(&log->scratch, line, length, INT64_MIN, &parts);
    if (parts.timestamp_ns == INT64_MIN)
        return AFMON_OK;
    log->alert_lines += alert && afmon_log_line_is_alert(line, length);
    if (alert)
        return afmon_run_log_alert(log, &parts);
    if (is(message, message_length, "Run record"))
        return take_record(log, &parts, line, length);
    if (is(message, message_length, "Run end"))
        return take_end(log, &parts);
    if (is(message, message_length, "Run plan"))
        take_plan(&log->plan, &parts);
    return AFMON_OK;
}

bool afmon_log_line_is_alert(const char *line, size_t length)
{
    static const char data[] = "\", \"alert\": \"";
    size_t message_length = 0;
    const char *message = message_of(line, length, &message_length);
    if (message == NULL || !begins(message, message_length, "Alert: "))
        return false;
    const char *close = message + message_length;
    return (size_t)(line + length - close) >= sizeof data - 1 && memcmp(close, data, sizeof data - 1) == 0;
}

/* ---- Files ---- */

struct reading {
    struct afmon_run_log *log;
    int (*progress)(void *user, uint64_t bytes);
    void *user;
};

static afmon_status take_line(void *user, const char *data, size_t length, uint64_t number, bool ended)
{
    const struct reading *reading = user;
    (void)number;
    (void)ended;
    return data != NULL ? afmon_run_log_line(reading->log, data, length) : AFMON_OK;
}

static int give_progress(void *user, uint64_t bytes)
{
    const struct reading *reading = user;
    return reading->progress != NULL ? reading->progress(reading->user, bytes) : 0;
}

afmon_status afmon_run_log_file(struct afmon_run_log *log, const char *path, int64_t begin, int64_t end,
                                int (*progress)(void *user, uint64_t bytes), void *user, afmon_error *error)
{
    struct reading reading = {.log = log, .progress = progress, .user = user};
    struct afmon_lines lines = {.line = take_line, .progress = give_progress, .user = &reading};
    return afmon_each_line(path, begin, end, &lines, error);
}

afmon_status afmon_run_log_text(struct afmon_run_log *log, const char *text, size_t length)
{
    const char *end = text + length;
    const char *newline;
    afmon_status status = AFMON_OK;
    for (; status == AFMON_OK && text < end && (newline = memchr(text, '\n', (size_t)(end - text))) != NULL;
         text = newline + 1)
        status = afmon_run_log_line(log, text, (size_t)(newline - text));
    return status;
}
