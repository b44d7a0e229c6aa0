/* What a line of the files adds. */
#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/micros.h"
#include "live/live_internal.h"
#include "run/log_alerts.h"

static bool is_blank(const char *line, size_t length)
{
    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t' || line[length - 1] == '\r'))
        length--;
    return length == 0;
}

/* The model of a call is in its name, that of tokens in their metadata. */
static struct afmon_group *model_of(struct afmon_live *live, const struct afmon_live_series *series,
                                    const struct afmon_live_labels *labels)
{
    if (series->metric == AFMON_METRIC_MODEL)
        return afmon_group_of(&live->models, series->rest.data, series->rest.length, NULL, 0);
    return afmon_metric_row(series->metric)->info.unit == AFMON_UNIT_TOKENS ? labels->model : NULL;
}

static bool add_to_groups(struct afmon_live *live, const struct afmon_live_series *series,
                          const struct afmon_live_labels *labels, int64_t time_ns, double value)
{
    if (series->metric == AFMON_METRIC_OTHER)
        return true;
    struct afmon_group *model = model_of(live, series, labels);
    bool ok = model != NULL || series->metric != AFMON_METRIC_MODEL;
    if (model != NULL)
        ok = afmon_group_add(model, series->metric, time_ns, value);
    if (labels->operation != NULL && series->metric != AFMON_METRIC_MODEL)
        ok = afmon_group_add(labels->operation, series->metric, time_ns, value) && ok;
    return ok;
}

static bool add_to_series(struct afmon_live *live, struct afmon_live_series *series,
                          const struct afmon_live_labels *labels, int64_t time_ns, double value)
{
    bool judged = series->rules == 0 || !isfinite(value) ||
                  afmon_live_rules_take(live->rules, series->rules & labels->wanted, time_ns, value);
    return judged && afmon_live_series_add(series, time_ns, value) &&
           add_to_groups(live, series, labels, time_ns, value);
}

/* What the metadata say, where anybody wants to know it of a metric of that kind. */
static afmon_status find_labels(struct afmon_live *live, struct afmon_read_sample *sample, enum afmon_metric_id metric,
                                uint64_t rules, const struct afmon_live_labels **labels)
{
    *labels = afmon_live_metadata_none(live->metadata);
    if (metric == AFMON_METRIC_OTHER && rules == 0)
        return AFMON_OK;
    return afmon_live_metadata_labels(live->metadata, live->reader, sample, &live->operations, &live->models, labels);
}

static void add_to_meters(struct afmon_live *live, const struct afmon_read_sample *sample, int64_t time_ns,
                          const struct afmon_live_labels *labels)
{
    afmon_sample counted = {
        .metric = sample->name, .metric_length = sample->name_length, .value = sample->value, .timestamp_ns = time_ns};
    if (live->meters != NULL)
        afmon_meters_add_from(live->meters, live->call, &counted, &labels->meter);
}

static void note_facts(struct afmon_live *live, const struct afmon_read_sample *sample, int64_t time_ns)
{
    bool first = live->sample_count == 0;
    live->sample_count++;
    live->not_finite += isfinite(sample->value) ? 0 : 1;
    live->foreign |= sample->metadata == NULL;
    afmon_live_rules_note(live->rules, time_ns, live->past);
    live->first_ns = first || time_ns < live->first_ns ? time_ns : live->first_ns;
    live->last_ns = first || time_ns > live->last_ns ? time_ns : live->last_ns;
}

static int64_t time_of(const struct afmon_read_sample *sample)
{
    return afmon_us_to_ns(sample->wall_us);
}

static bool is_ahead(const struct afmon_live *live, int64_t time_ns)
{
    return live->options.replay && time_ns > live->replay_ns;
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

/* Which time a sample's is, as a reader of the whole file finds it. behind: where the next line begins.
 * AFMON_E_TIMEOUT: the replay is not there yet, and the line is as if it had not been read. */
static afmon_status decide_time(struct afmon_live *live, struct afmon_read_sample *sample, int64_t behind)
{
    struct afmon_file_times *times = &live->tail->times;
    struct afmon_file_times before;
    enum afmon_time_said said = AFMON_TIME_CLEAR;
    afmon_status status = AFMON_OK;
    if (live->options.replay)
        before = *times;
    if (has_order(live, sample))
        status = afmon_file_times_take(times, live->tail->path, behind, INT64_MAX, 0, sample, &said);
    live->stale |= said == AFMON_TIME_WAS_SECOND; /* and was taken as the first: no line told it then */
    if (status != AFMON_OK || !is_ahead(live, time_of(sample)))
        return status;
    *times = before;
    return AFMON_E_TIMEOUT;
}

static afmon_status take_sample(struct afmon_live *live, struct afmon_read_sample *sample)
{
    int64_t time_ns = time_of(sample);
    bool no_memory = false;
    note_facts(live, sample, time_ns);
    struct afmon_live_series *series = afmon_live_series_of(live->table, sample->name, sample->name_length, &no_memory);
    if (no_memory)
        return AFMON_E_NO_MEMORY;
    struct afmon_sample_facts named;
    if (series != NULL)
        named = (struct afmon_sample_facts){.kind = series->metric, .name = series->rest};
    else
        afmon_sample_look_at_name(sample->name, sample->name_length, &named);
    const struct afmon_live_labels *labels;
    afmon_status status = find_labels(live, sample, named.kind, series != NULL ? series->rules : 0, &labels);
    if (status != AFMON_OK)
        return status;
    struct afmon_sample_facts facts = labels->facts;
    facts.kind = named.kind;
    facts.name = named.name;
    bool ok = afmon_run_tally_add_facts(live->tally, time_ns, sample->value, &facts);
    ok = (series == NULL || add_to_series(live, series, labels, time_ns, sample->value)) && ok;
    add_to_meters(live, sample, time_ns, labels);
    afmon_live_narrow(live);
    return ok ? AFMON_OK : AFMON_E_NO_MEMORY;
}

static afmon_status take_metrics_line(void *user, const char *line, size_t length, bool older)
{
    (void)older;
    struct afmon_live *live = user;
    struct afmon_read_sample sample;
    const char *why;
    if (line != NULL && is_blank(line, length))
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
    if (status == AFMON_E_TIMEOUT)
        return false;
    live->stale |= status != AFMON_OK || take_sample(live, &sample) != AFMON_OK;
    return true;
}

static afmon_status take_log_line(void *user, const char *line, size_t length, bool older)
{
    struct afmon_live *live = user;
    int64_t time_ns;
    if (line == NULL)
        return AFMON_OK;
    if (live->options.replay && afmon_log_time(&live->log.scratch, line, length, &time_ns) && is_ahead(live, time_ns))
        return AFMON_E_TIMEOUT;
    live->dropped = afmon_clamp_add_u64(live->dropped, afmon_log_line_dropped(line, length));
    return afmon_live_log_take(&live->log, line, length, older);
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
