#include "store/view_written.h"

#include <math.h>
#include <stdlib.h>

#include "base/status.h"

/* How far a series' chunks have been followed. */
struct chunk_place {
    uint64_t before; /* samples of the series before this chunk */
    uint32_t entry;
};

struct writing {
    afmon_view *view;
    afmon_status (*visit)(void *user, const struct afmon_written *written);
    void *user;
    struct afmon_times times;
    struct afmon_recall_place place;
    struct chunk_place *chunks; /* by series */
    bool stopped;               /* by visit */
};

static afmon_status give(struct writing *writing, const struct afmon_written *written)
{
    afmon_status status = writing->visit(writing->user, written);
    writing->stopped = status != AFMON_OK;
    return status;
}

static void complete(struct afmon_read_sample *sample, const struct afmon_set *set)
{
    sample->metadata = set == NULL ? "" : set->json; /* NULL of a long set, as of a line that is not in our form */
    sample->metadata_length = set == NULL ? 0 : set->json_length;
    sample->packed = set == NULL ? "" : set->packed;
    sample->packed_length = set == NULL ? 0 : set->packed_length;
}

/* ---- From the files ---- */

/* The chunk that has a series' sample of that number, and where; NULL: it has left memory. */
static const struct afmon_chunk *chunk_of(struct writing *writing, const struct afmon_view_series *series,
                                          uint64_t number, size_t *index)
{
    struct chunk_place *place = &writing->chunks[series - writing->view->series];
    if (number < series->evicted.count)
        return NULL;
    if (place->before < series->evicted.count)
        place->before = series->evicted.count;
    for (; place->entry < series->entry_count; place->entry++) {
        const struct afmon_entry *entry = &series->entries[place->entry];
        *index = (size_t)(number - place->before);
        if (*index < entry->count)
            return entry->chunk;
        place->before += entry->count;
    }
    return NULL;
}

/* It is the same sample in memory, where nobody has changed the file since. */
static bool is_same(const struct afmon_chunk *chunk, size_t index, const struct afmon_read_sample *sample)
{
    double value = chunk->values[index];
    return chunk->base_us + chunk->offsets[index] == sample->wall_us &&
           (value == sample->value || (!isfinite(value) && !isfinite(sample->value)));
}

static afmon_status give_read(void *user, const struct afmon_view_series *series, struct afmon_reader *reader,
                              struct afmon_read_sample *sample)
{
    struct writing *writing = user;
    struct afmon_written written = {
        .series = series, .source = writing->place.source, .sample = sample, .reader = reader};
    uint64_t number = writing->place.seen[series - writing->view->series] - 1;
    size_t index = 0;
    const struct afmon_chunk *chunk = chunk_of(writing, series, number, &index);
    if (chunk != NULL && is_same(chunk, index, sample)) {
        written.in_memory = true;
        written.set = afmon_chunk_set_of(chunk, index);
        complete(sample, written.set);
    }
    return give(writing, &written);
}

static afmon_status give_files(struct writing *writing, afmon_error *error)
{
    struct afmon_recall recall = {.times = writing->times, .all = true, .visit = give_read, .user = writing};
    return afmon_view_recall_on(writing->view, &recall, &writing->place, error);
}

/* ---- From memory ---- */

/* A sample of a chunk. */
struct kept {
    int64_t wall_us;
    uint32_t entry; /* of the view: those of a series stand one behind the other */
    uint32_t index;
};

struct rest {
    struct kept *samples;
    size_t count;
    uint32_t *series; /* by entry: index in the view */
};

/* Samples of a series that no file gave: how many of those that are in memory to pass over. */
static uint64_t passed_over(const struct writing *writing, const struct afmon_view_series *series)
{
    uint64_t seen = writing->place.seen[series - writing->view->series];
    return seen > series->evicted.count ? seen - series->evicted.count : 0;
}

static size_t count_rest(const struct writing *writing)
{
    size_t count = 0;
    for (size_t i = 0; i < writing->view->series_count; i++) {
        const struct afmon_view_series *series = &writing->view->series[i];
        count += (size_t)(series->total - series->evicted.count - passed_over(writing, series));
    }
    return count;
}

static void list_entry(const struct writing *writing, struct rest *rest, const struct afmon_entry *entry, size_t from)
{
    const struct afmon_chunk *chunk = entry->chunk;
    uint32_t number = (uint32_t)(entry - writing->view->entries);
    for (size_t i = from; i < entry->count; i++) {
        int64_t wall_us = chunk->base_us + chunk->offsets[i];
        if (wall_us >= writing->times.since_us && wall_us <= writing->times.until_us)
            rest->samples[rest->count++] = (struct kept){wall_us, number, (uint32_t)i};
    }
}

static void list_series(const struct writing *writing, struct rest *rest, size_t index)
{
    const struct afmon_view_series *series = &writing->view->series[index];
    uint64_t over = passed_over(writing, series);
    for (uint32_t i = 0; i < series->entry_count; i++) {
        const struct afmon_entry *entry = &series->entries[i];
        size_t from = over < entry->count ? (size_t)over : entry->count;
        over -= from;
        rest->series[entry - writing->view->entries] = (uint32_t)index;
        list_entry(writing, rest, entry, from);
    }
}

static int as_recorded(const void *left, const void *right)
{
    const struct kept *a = left;
    const struct kept *b = right;
    if (a->wall_us != b->wall_us)
        return a->wall_us < b->wall_us ? -1 : 1;
    if (a->entry != b->entry)
        return a->entry < b->entry ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static afmon_status give_kept(struct writing *writing, const struct rest *rest, const struct kept *kept)
{
    const struct afmon_view *view = writing->view;
    const struct afmon_view_series *series = &view->series[rest->series[kept->entry]];
    const struct afmon_chunk *chunk = view->entries[kept->entry].chunk;
    const struct afmon_set *set = afmon_chunk_set_of(chunk, kept->index);
    struct afmon_read_sample sample = {.name = series->series->name,
                                       .name_length = series->series->name_length,
                                       .value = chunk->values[kept->index],
                                       .wall_us = kept->wall_us,
                                       .item = afmon_chunk_item_of(chunk, kept->index)};
    complete(&sample, set);
    return give(writing, &(struct afmon_written){.series = series,
                                                 .source = AFMON_NO_SOURCE,
                                                 .in_memory = true,
                                                 .set = set,
                                                 .sample = &sample,
                                                 .reader = writing->place.reader});
}

static afmon_status give_rest(struct writing *writing)
{
    size_t count = count_rest(writing);
    if (count == 0)
        return AFMON_OK;
    struct rest rest = {.samples = malloc(count * sizeof *rest.samples),
                        .series = malloc((writing->view->entry_count + 1) * sizeof *rest.series)};
    afmon_status status = rest.samples != NULL && rest.series != NULL ? AFMON_OK : AFMON_E_NO_MEMORY;
    if (status == AFMON_OK) {
        for (size_t i = 0; i < writing->view->series_count; i++)
            list_series(writing, &rest, i);
        qsort(rest.samples, rest.count, sizeof *rest.samples, as_recorded);
    }
    for (size_t i = 0; i < rest.count && status == AFMON_OK; i++)
        status = give_kept(writing, &rest, &rest.samples[i]);
    free(rest.samples);
    free(rest.series);
    return status;
}

/* Whether the files should have given samples that had left memory. */
static bool has_lost(const struct writing *writing)
{
    for (size_t i = 0; i < writing->view->series_count; i++)
        if (writing->place.seen[i] < writing->view->series[i].evicted.count)
            return true;
    return false;
}

afmon_status afmon_view_each_written(afmon_view *view, afmon_window window,
                                     afmon_status (*visit)(void *user, const struct afmon_written *written), void *user,
                                     afmon_error *error)
{
    struct writing writing = {.view = view, .visit = visit, .user = user, .times = afmon_view_times(window)};
    writing.chunks = calloc(view->series_count + 1, sizeof *writing.chunks);
    if (writing.chunks == NULL)
        return afmon_fail_memory(error);
    afmon_error trouble;
    afmon_status status = give_files(&writing, &trouble);
    bool unread = status != AFMON_OK && status != AFMON_E_NO_MEMORY && !writing.stopped;
    if (unread && has_lost(&writing) && error != NULL)
        *error = trouble;
    if (status == AFMON_OK || (unread && !has_lost(&writing)))
        status = give_rest(&writing);
    afmon_recall_end(&writing.place);
    free(writing.chunks);
    return status == AFMON_E_NO_MEMORY ? afmon_fail_memory(error) : status;
}
