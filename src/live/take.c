/* What a line of the files adds. */
#include <math.h>
#include <string.h>

#include "live/live_internal.h"
#include "store/reader_lines.h"

static void note_facts(struct afmon_live *live, const struct afmon_read_sample *sample, int64_t time_ns)
{
    bool first = live->sample_count == 0;
    live->sample_count++;
    live->not_finite += isfinite(sample->value) ? 0 : 1;
    live->foreign |= sample->metadata == NULL;
    live->first_ns = first || time_ns < live->first_ns ? time_ns : live->first_ns;
    live->last_ns = first || time_ns > live->last_ns ? time_ns : live->last_ns;
}

/* What is read back from the end has no order to go by, nor has the first line that is read: where clocks show its time
 * twice, all is read again, each file from its begin. */
static bool has_order(struct afmon_live *live, const struct afmon_read_sample *sample)
{
    const struct afmon_tail *tail = live->tail;
    bool known = sample->again_us == 0 || (!live->past && (tail->whole || tail->times.walk.begun));
    live->in_order |= !known;
    live->stale |= !known;
    return known && !live->past;
}

/* Which time a sample's is, as a reader of the whole file finds it. behind: where the next line begins. */
static afmon_status decide_time(struct afmon_live *live, struct afmon_read_sample *sample, int64_t behind)
{
    struct afmon_file_times *times = &live->tail->times;
    enum afmon_time_said said = AFMON_TIME_CLEAR;
    afmon_status status = AFMON_OK;
    if (has_order(live, sample))
        status = afmon_file_times_take(times, live->tail->path, behind, INT64_MAX, 0, sample, &said);
    live->stale |= said == AFMON_TIME_WAS_SECOND; /* and was taken as the first: no line told it then */
    return status;
}

static afmon_status take_sample(struct afmon_live *live, struct afmon_read_sample *sample)
{
    int64_t time_ns = afmon_feed_time(sample);
    bool no_memory = false;
    note_facts(live, sample, time_ns);
    struct afmon_live_series *series = afmon_live_series_of(live->table, sample->name, sample->name_length, &no_memory);
    bool ok = !no_memory && (series == NULL || afmon_live_series_add(series, time_ns, sample->value));
    afmon_status status =
        afmon_feed_take(live->feed, live->model, live->meters, live->reader, sample, live->source, time_ns);
    afmon_live_narrow(live);
    return ok ? status : AFMON_E_NO_MEMORY;
}

static afmon_status take_metrics_line(void *user, const char *line, size_t length, bool older)
{
    (void)older;
    struct afmon_live *live = user;
    struct afmon_read_sample sample;
    const char *why;
    if (line != NULL && afmon_line_is_blank(line, length))
        return AFMON_OK;
    afmon_status status = line != NULL ? afmon_read_line(live->reader, line, length, &sample, &why) : AFMON_E_FORMAT;
    if (status == AFMON_OK)
        status = decide_time(live, &sample, live->tail->end + (int64_t)length + 1);
    if (status == AFMON_OK)
        status = take_sample(live, &sample);
    if (status != AFMON_E_FORMAT)
        return status;
    live->problem_count++;
    return AFMON_OK;
}

/* A last line whose newline is not there yet, or was never written. Where it is a whole object nothing but a newline
 * can follow. */
static bool take_metrics_rest(void *user, const char *line, size_t length)
{
    struct afmon_live *live = user;
    struct afmon_read_sample sample;
    const char *why;
    if (line[length - 1] != '}' || afmon_read_line(live->reader, line, length, &sample, &why) != AFMON_OK)
        return false;
    afmon_status status = decide_time(live, &sample, live->tail->end + (int64_t)length);
    live->stale |= status != AFMON_OK || take_sample(live, &sample) != AFMON_OK;
    return true;
}

static afmon_status take_log_line(void *user, const char *line, size_t length, bool older)
{
    struct afmon_live *live = user;
    if (line == NULL)
        return AFMON_OK;
    afmon_status status = afmon_run_log_line(&live->run_log, line, length);
    return status == AFMON_OK ? afmon_live_log_take(&live->log, line, length, older) : status;
}

/* The time as it stands in a line, wherever; NULL: there is none. */
static const char *time_text(const char *line, size_t length, size_t *time_length)
{
    static const char key[] = "\"timestamp\": \"";
    const char *at = memmem(line, length, key, sizeof key - 1);
    if (at == NULL)
        return NULL;
    at += sizeof key - 1;
    const char *end = memchr(at, '"', (size_t)(line + length - at));
    *time_length = end != NULL ? (size_t)(end - at) : 0;
    return at;
}

/* Samples of one call have the same time, and stand one behind the other (ingest/expand_generation.c). */
static bool are_together(const char *before, size_t before_length, const char *line, size_t length)
{
    size_t a_length = 0, b_length = 0;
    const char *a = time_text(before, before_length, &a_length);
    const char *b = time_text(line, length, &b_length);
    return a != NULL && b != NULL && a_length == b_length && memcmp(a, b, a_length) == 0;
}

const struct afmon_tail_lines afmon_live_metrics_lines = {
    .line = take_metrics_line, .rest = take_metrics_rest, .together = are_together};
const struct afmon_tail_lines afmon_live_log_lines = {.line = take_log_line};
