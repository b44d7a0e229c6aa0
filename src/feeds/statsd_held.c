#include "feeds/statsd_held.h"

#include <string.h>

#include "catalog/bare.h"

#define HELD_BYTES ((size_t)64 << 10) /* of lines of a metric */

void afmon_statsd_held_init(struct afmon_statsd_held *held)
{
    memset(held, 0, sizeof *held);
    for (size_t i = 0; i < AFMON_METRIC_IDS; i++)
        afmon_buffer_init(&held->of[i].lines, HELD_BYTES);
}

void afmon_statsd_held_free(struct afmon_statsd_held *held)
{
    for (size_t i = 0; i < AFMON_METRIC_IDS; i++)
        afmon_buffer_free(&held->of[i].lines);
}

void afmon_statsd_held_forget(struct afmon_statsd_held *held)
{
    for (size_t i = 0; i < AFMON_METRIC_IDS; i++)
        afmon_buffer_clear(&held->of[i].lines);
}

static enum afmon_metric_id id_of(const afmon_sample *sample)
{
    return afmon_metric_find(sample->metric, sample->metric_length, NULL);
}

bool afmon_statsd_held_passes(struct afmon_statsd_held *held, const afmon_sample *sample)
{
    enum afmon_metric_id id = id_of(sample);
    if (!afmon_metric_id_is_derived(id))
        return true;
    if (afmon_fields_are_bare(sample->fields, sample->field_count))
        return false;
    if (!afmon_fields_are_retried(sample->fields, sample->field_count)) { /* of no tracked call */
        held->of[id].tracked = true;
        afmon_buffer_free(&held->of[id].lines);
    }
    return true;
}

bool afmon_statsd_held_keep(struct afmon_statsd_held *held, const afmon_sample *sample, const char *line, size_t length)
{
    enum afmon_metric_id id = id_of(sample);
    if (!afmon_metric_id_is_derived(id))
        return false;
    if (held->of[id].tracked)
        return true;
    struct afmon_buffer *lines = &held->of[id].lines;
    held->of[id].waited = held->of[id].waited && lines->length > 0;
    afmon_buffer_add(lines, line, length);
    bool kept = !lines->failed;
    lines->failed = false;
    return kept;
}

static void send_lines(struct afmon_buffer *lines, void (*send)(void *user, const char *line, size_t length),
                       void *user)
{
    for (size_t at = 0; at < lines->length;) {
        const char *end = memchr(lines->data + at, '\n', lines->length - at);
        size_t length = (size_t)(end + 1 - (lines->data + at));
        send(user, lines->data + at, length);
        at += length;
    }
    afmon_buffer_clear(lines);
}

void afmon_statsd_held_tick(struct afmon_statsd_held *held, bool end,
                            void (*send)(void *user, const char *line, size_t length), void *user)
{
    for (size_t i = 0; i < AFMON_METRIC_IDS; i++) {
        if (end || held->of[i].waited)
            send_lines(&held->of[i].lines, send, user);
        held->of[i].waited = held->of[i].lines.length > 0;
    }
}
