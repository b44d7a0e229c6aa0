/* A whole view as JSON. The samples stand metric by metric, the files hold them in the order of time: evicted samples
 * are read back for as many metrics at a time as fit in memory, and a metric with more than that straight from the
 * files into the output. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/micros.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"
#include "store/view_internal.h"

#define PIECE ((size_t)1 << 18)         /* the output is written when there is so much of it */
#define OUTPUT_LIMIT ((size_t)1 << 30)  /* a buffer with one sample too many for that is a failure */
#define GATHERED ((uint64_t)200 * 1000) /* evicted samples that are kept as text at a time */

struct writing {
    afmon_view *view;
    const struct afmon_json_choice *choice;
    struct afmon_times times;
    int fd;
    struct afmon_buffer out;
    struct afmon_timestamp_cache cache;
    struct afmon_buffer *gathered; /* by series of the view: text of evicted samples; empty where there is none */
    const bool *gathering;         /* by series of the view: gather now */
    bool first;                    /* no sample of the metric is written yet */
    bool first_metric;
    int os_error;
};

/* ---- The choice ---- */

static bool wanted(const struct writing *writing, const struct afmon_view_series *series)
{
    const struct afmon_json_choice *choice = writing->choice;
    return choice->wants == NULL || choice->wants(choice->user, series);
}

static afmon_status tick(const struct writing *writing, uint64_t samples)
{
    const struct afmon_json_choice *choice = writing->choice;
    return choice->tick == NULL ? AFMON_OK : choice->tick(choice->user, samples);
}

/* ---- Output ---- */

static afmon_status flush(struct writing *writing)
{
    if (writing->out.failed)
        return AFMON_E_NO_MEMORY;
    writing->os_error = afmon_write_all(writing->fd, writing->out.data, writing->out.length, NULL);
    afmon_buffer_clear(&writing->out);
    return writing->os_error == 0 ? AFMON_OK : AFMON_E_SYSTEM;
}

static afmon_status flush_if_much(struct writing *writing)
{
    return writing->out.length >= PIECE || writing->out.failed ? flush(writing) : AFMON_OK;
}

/* What comes before the metadata of an object. */
static void begin_object(struct afmon_buffer *out, struct afmon_timestamp_cache *cache, double value, int64_t wall_us)
{
    char number[AFMON_NUMBER_SIZE];
    char timestamp[AFMON_TIMESTAMP_SIZE];
    afmon_buffer_add_text(out, "{\"timestamp\": \"");
    afmon_buffer_add(out, timestamp, afmon_format_timestamp_cached(cache, timestamp, afmon_us_to_ns(wall_us)));
    afmon_buffer_add_text(out, "\", \"value\": ");
    afmon_buffer_add(out, number, afmon_format_double(number, value));
    afmon_buffer_add_text(out, ", ");
}

/* Takes off the separator behind the last key. */
static void end_object(struct afmon_buffer *out)
{
    if (out->length >= 2)
        out->length -= 2;
    afmon_buffer_add_char(out, '}');
}

/* metadata: `"key": value, ` ..., or empty */
static void add_object(struct afmon_buffer *out, struct afmon_timestamp_cache *cache, double value, int64_t wall_us,
                       const char *metadata, size_t metadata_length, struct afmon_item_id item)
{
    begin_object(out, cache, value, wall_us);
    afmon_buffer_add(out, metadata, metadata_length);
    afmon_item_id_render(out, &item);
    end_object(out);
}

static void add_packed_object(struct afmon_buffer *out, struct afmon_timestamp_cache *cache, double value,
                              int64_t wall_us, const void *packed, size_t packed_length, struct afmon_item_id item)
{
    begin_object(out, cache, value, wall_us);
    afmon_fields_render(out, packed, packed_length, AFMON_LINE_METRIC);
    afmon_item_id_render(out, &item);
    end_object(out);
}

static void separate(struct afmon_buffer *out, bool *first)
{
    afmon_buffer_add_text(out, *first ? "\n" : ",\n");
    *first = false;
}

/* ---- Samples of the files ---- */

static afmon_status add_recalled_to(struct writing *writing, struct afmon_buffer *out, bool *first,
                                    struct afmon_reader *reader, struct afmon_read_sample *sample)
{
    separate(out, first);
    if (sample->metadata != NULL) { /* as it stands in the line */
        add_object(out, &writing->cache, sample->value, sample->wall_us, sample->metadata, sample->metadata_length,
                   sample->item);
        return AFMON_OK;
    }
    afmon_status status = afmon_reader_packed(reader, sample);
    if (status != AFMON_OK)
        return status;
    add_packed_object(out, &writing->cache, sample->value, sample->wall_us, sample->packed, sample->packed_length,
                      sample->item);
    return AFMON_OK;
}

static afmon_status stream_recalled(void *user, const struct afmon_view_series *series, struct afmon_reader *reader,
                                    struct afmon_read_sample *sample)
{
    struct writing *writing = user;
    (void)series;
    afmon_status status = add_recalled_to(writing, &writing->out, &writing->first, reader, sample);
    if (status == AFMON_OK)
        status = tick(writing, 1);
    return status == AFMON_OK ? flush_if_much(writing) : status;
}

static bool gathers(void *user, const struct afmon_view_series *series)
{
    const struct writing *writing = user;
    return writing->gathering[series - writing->view->series];
}

static afmon_status gather_recalled(void *user, const struct afmon_view_series *series, struct afmon_reader *reader,
                                    struct afmon_read_sample *sample)
{
    struct writing *writing = user;
    struct afmon_buffer *out = &writing->gathered[series - writing->view->series];
    bool first = out->length == 0;
    afmon_status status = add_recalled_to(writing, out, &first, reader, sample);
    if (status == AFMON_OK)
        status = tick(writing, 1);
    return out->failed ? AFMON_E_NO_MEMORY : status;
}

/* Gathers the evicted samples of metrics from index on, of as many as may be at a time. *end: behind the last of them.
 */
static afmon_status gather_from(struct writing *writing, size_t index, size_t *end, afmon_error *error)
{
    afmon_view *view = writing->view;
    bool *chosen = calloc(view->series_count, sizeof *chosen);
    if (chosen == NULL)
        return afmon_fail_memory(error);
    uint64_t samples = 0;
    for (*end = index; *end < view->series_count; ++*end) {
        const struct afmon_view_series *series = afmon_view_in_order(view, *end);
        if (series == NULL || samples + series->evicted.count > GATHERED)
            break;
        if (!wanted(writing, series))
            continue;
        samples += series->evicted.count;
        chosen[series - view->series] = true;
    }
    writing->gathering = chosen;
    struct afmon_recall recall = {.times = writing->times, .wants = gathers, .visit = gather_recalled, .user = writing};
    afmon_status status = samples == 0 ? AFMON_OK : afmon_view_recall(view, &recall, error);
    writing->gathering = NULL;
    free(chosen);
    return status;
}

/* ---- Metrics ---- */

static void add_stored(struct writing *writing, double value, int64_t wall_us, const struct afmon_set *set,
                       struct afmon_item_id item)
{
    if (set != NULL && set->json == NULL)
        add_packed_object(&writing->out, &writing->cache, value, wall_us, set->packed, set->packed_length, item);
    else
        add_object(&writing->out, &writing->cache, value, wall_us, set == NULL ? "" : set->json,
                   set == NULL ? 0 : set->json_length, item);
}

static afmon_status write_chunk(struct writing *writing, const struct afmon_entry *entry)
{
    const struct afmon_chunk *chunk = entry->chunk;
    struct afmon_chunk_span span = afmon_chunk_span(chunk, writing->times.since_us, writing->times.until_us);
    afmon_status status = tick(writing, entry->count);
    for (size_t i = 0; i < entry->count && status == AFMON_OK; i++) {
        if (!afmon_chunk_in_span(chunk, span, i))
            continue;
        const struct afmon_set *set = afmon_chunk_set_of(chunk, i);
        separate(&writing->out, &writing->first);
        add_stored(writing, chunk->values[i], chunk->base_us + chunk->offsets[i], set, afmon_chunk_item_of(chunk, i));
        status = flush_if_much(writing);
    }
    return status;
}

static afmon_status write_evicted(struct writing *writing, const struct afmon_view_series *series, afmon_error *error)
{
    struct afmon_buffer *gathered = &writing->gathered[series - writing->view->series];
    if (gathered->length > 0) {
        writing->first = false;
        afmon_buffer_add(&writing->out, gathered->data, gathered->length);
        afmon_buffer_free(gathered);
        return AFMON_OK;
    }
    if (series->evicted.count <= GATHERED) /* there is none that could be read */
        return AFMON_OK;
    struct afmon_recall recall = {.only = series, .times = writing->times, .visit = stream_recalled, .user = writing};
    return afmon_view_recall(writing->view, &recall, error);
}

static afmon_status write_metric(struct writing *writing, const struct afmon_view_series *series, afmon_error *error)
{
    writing->first = true;
    separate(&writing->out, &writing->first_metric);
    afmon_buffer_add_json_string(&writing->out, series->series->name, series->series->name_length);
    afmon_buffer_add_text(&writing->out, ": [");
    afmon_status status = write_evicted(writing, series, error);
    for (uint32_t i = 0; i < series->entry_count && status == AFMON_OK; i++) {
        if (afmon_entry_cover(&series->entries[i], writing->times) != AFMON_COVER_NONE)
            status = write_chunk(writing, &series->entries[i]);
    }
    afmon_buffer_add_text(&writing->out, "\n]");
    return status == AFMON_OK ? flush_if_much(writing) : status;
}

static afmon_status write_metrics(struct writing *writing, afmon_error *error)
{
    size_t gathered_to = 0;
    afmon_status status = AFMON_OK;
    for (size_t i = 0; i < writing->view->series_count && status == AFMON_OK; i++) {
        const struct afmon_view_series *series = afmon_view_in_order(writing->view, i);
        if (series == NULL)
            return AFMON_E_NO_MEMORY;
        if (!wanted(writing, series))
            continue;
        if (i >= gathered_to && series->evicted.count <= GATHERED)
            status = gather_from(writing, i, &gathered_to, error);
        if (status == AFMON_OK)
            status = write_metric(writing, series, error);
    }
    return status;
}

static afmon_status explain(const struct writing *writing, afmon_status status, afmon_error *error)
{
    if (writing->os_error != 0)
        return afmon_fail_os(error, writing->os_error, "writing the metrics");
    return status == AFMON_E_NO_MEMORY ? afmon_fail_memory(error) : status;
}

afmon_status afmon_view_write_json(afmon_view *view, int fd, const struct afmon_json_choice *choice, afmon_error *error)
{
    static const struct afmon_json_choice everything = {.window = {INT64_MIN, INT64_MAX}};
    struct writing writing = {
        .view = view, .choice = choice == NULL ? &everything : choice, .fd = fd, .first_metric = true};
    writing.times = afmon_view_times(writing.choice->window);
    writing.gathered = malloc((view->series_count + 1) * sizeof *writing.gathered);
    if (writing.gathered == NULL)
        return afmon_fail_memory(error);
    for (size_t i = 0; i < view->series_count; i++)
        afmon_buffer_init(&writing.gathered[i], OUTPUT_LIMIT);
    afmon_buffer_init(&writing.out, OUTPUT_LIMIT);
    afmon_buffer_add_char(&writing.out, '{');
    afmon_status status = write_metrics(&writing, error);
    afmon_buffer_add_text(&writing.out, "\n}\n");
    if (status == AFMON_OK)
        status = flush(&writing);
    for (size_t i = 0; i < view->series_count; i++)
        afmon_buffer_free(&writing.gathered[i]);
    free(writing.gathered);
    afmon_buffer_free(&writing.out);
    return explain(&writing, status, error);
}
