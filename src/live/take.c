/* What a line of the files adds. */
#include <math.h>
#include <string.h>

#include "live/live_internal.h"

static bool is_blank(const char *line, size_t length)
{
    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t' || line[length - 1] == '\r'))
        length--;
    return length == 0;
}

static afmon_status add_to_groups(struct afmon_live *live, struct afmon_read_sample *sample,
                                  const struct afmon_live_series *series, int64_t time_ns)
{
    struct afmon_live_labels labels;
    afmon_status status = AFMON_OK;
    if (series->kind == AFMON_LIVE_MODEL_USAGE) {
        size_t skipped = strlen("model_usage:");
        struct afmon_group *model =
            afmon_group_of(&live->models, series->name + skipped, series->name_length - skipped, NULL, 0);
        return model != NULL && afmon_group_add(model, series->kind, time_ns, sample->value) ? AFMON_OK
                                                                                             : AFMON_E_NO_MEMORY;
    }
    status =
        afmon_live_metadata_labels(live->metadata, live->reader, sample, &live->operations, &live->models, &labels);
    if (status != AFMON_OK)
        return status;
    bool tokens = series->kind >= AFMON_LIVE_PROMPT && series->kind <= AFMON_LIVE_TOTAL;
    bool ok = labels.operation == NULL || afmon_group_add(labels.operation, series->kind, time_ns, sample->value);
    if (labels.model != NULL && tokens)
        ok = afmon_group_add(labels.model, series->kind, time_ns, sample->value) && ok;
    return ok ? AFMON_OK : AFMON_E_NO_MEMORY;
}

static void note_facts(struct afmon_live *live, const struct afmon_read_sample *sample, int64_t time_ns)
{
    bool first = live->sample_count == 0;
    live->sample_count++;
    live->not_finite += isfinite(sample->value) ? 0 : 1;
    live->foreign |= sample->metadata == NULL;
    live->first_ns = first || time_ns < live->first_ns ? time_ns : live->first_ns;
    live->last_ns = first || time_ns > live->last_ns ? time_ns : live->last_ns;
}

static int64_t time_of(const struct afmon_read_sample *sample)
{
    int64_t most = INT64_MAX / 1000;
    int64_t us = sample->wall_us > most ? most : sample->wall_us < -most ? -most : sample->wall_us;
    return us * 1000;
}

static bool is_ahead(const struct afmon_live *live, int64_t time_ns)
{
    return live->options.replay && time_ns > live->replay_ns;
}

static afmon_status take_sample(struct afmon_live *live, struct afmon_read_sample *sample)
{
    int64_t time_ns = time_of(sample);
    bool no_memory = false;
    if (is_ahead(live, time_ns))
        return AFMON_E_TIMEOUT;
    note_facts(live, sample, time_ns);
    struct afmon_live_series *series = afmon_live_series_of(live->table, sample->name, sample->name_length, &no_memory);
    if (series == NULL)
        return no_memory ? AFMON_E_NO_MEMORY : AFMON_OK;
    if (!afmon_live_series_add(series, time_ns, sample->value))
        return AFMON_E_NO_MEMORY;
    return series->kind == AFMON_LIVE_OTHER ? AFMON_OK : add_to_groups(live, sample, series, time_ns);
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
    if (line[length - 1] != '}' || afmon_read_line(live->reader, line, length, &sample, &why) != AFMON_OK ||
        is_ahead(live, time_of(&sample)))
        return false;
    live->stale |= take_sample(live, &sample) != AFMON_OK;
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
    return afmon_live_log_take(&live->log, line, length, older);
}

const struct afmon_tail_lines afmon_live_metrics_lines = {.line = take_metrics_line, .rest = take_metrics_rest};
const struct afmon_tail_lines afmon_live_log_lines = {.line = take_log_line};
