#include "store/view_blocks.h"

#include <stdlib.h>

#include "base/status.h"
#include "catalog/bare.h"
#include "store/filtered.h"

struct visiting {
    bool (*wants)(void *user, const struct afmon_view_series *series);
    afmon_status (*visit)(void *user, const struct afmon_block *block);
    void *user;
    struct afmon_times times;
    const afmon_view *view;
    bool *leaves_out; /* by series of the view: marked samples are passed over */
    double *values;   /* what is left of a chunk that the window's edge cuts */
    int32_t *offsets;
};

static bool wanted(void *user, const struct afmon_view_series *series)
{
    const struct visiting *visiting = user;
    return visiting->wants(visiting->user, series);
}

static afmon_status give_recalled(void *user, const struct afmon_view_series *series, struct afmon_reader *reader,
                                  struct afmon_read_sample *sample)
{
    const struct visiting *visiting = user;
    const int32_t none = 0;
    struct afmon_block block = {series, &sample->value, &none, sample->wall_us, 1};
    bool looks = visiting->leaves_out[series - visiting->view->series];
    afmon_status status = looks ? afmon_reader_packed(reader, sample) : AFMON_OK;
    if (status != AFMON_OK || (looks && afmon_packed_is_bare(sample->packed, sample->packed_length)))
        return status;
    return visiting->visit(visiting->user, &block);
}

static bool make_room(struct visiting *visiting)
{
    if (visiting->values != NULL)
        return true;
    visiting->values = malloc(AFMON_CHUNK_SAMPLES * sizeof *visiting->values);
    visiting->offsets = malloc(AFMON_CHUNK_SAMPLES * sizeof *visiting->offsets);
    return visiting->values != NULL && visiting->offsets != NULL;
}

static bool is_given(const struct afmon_chunk *chunk, size_t index, bool leaves_out)
{
    return !leaves_out || afmon_wants_tracked(NULL, afmon_chunk_set_of(chunk, index));
}

static afmon_status give_part(struct visiting *visiting, const struct afmon_view_series *series,
                              const struct afmon_entry *entry)
{
    const struct afmon_chunk *chunk = entry->chunk;
    struct afmon_chunk_span span = afmon_chunk_span(chunk, visiting->times.since_us, visiting->times.until_us);
    bool leaves_out = visiting->leaves_out[series - visiting->view->series];
    size_t count = 0;
    if (!make_room(visiting))
        return AFMON_E_NO_MEMORY;
    for (size_t i = 0; i < entry->count; i++) {
        if (afmon_chunk_in_span(chunk, span, i) && is_given(chunk, i, leaves_out)) {
            visiting->values[count] = chunk->values[i];
            visiting->offsets[count++] = chunk->offsets[i];
        }
    }
    struct afmon_block block = {series, visiting->values, visiting->offsets, chunk->base_us, count};
    return count == 0 ? AFMON_OK : visiting->visit(visiting->user, &block);
}

static afmon_status give_entry(struct visiting *visiting, const struct afmon_view_series *series,
                               const struct afmon_entry *entry)
{
    switch (afmon_entry_cover(entry, visiting->times)) {
    case AFMON_COVER_NONE:
        return AFMON_OK;
    case AFMON_COVER_PART:
        return give_part(visiting, series, entry);
    default:
        break;
    }
    if (visiting->leaves_out[series - visiting->view->series])
        return give_part(visiting, series, entry);
    const struct afmon_chunk *chunk = entry->chunk;
    struct afmon_block block = {series, chunk->values, chunk->offsets, chunk->base_us, entry->count};
    return visiting->visit(visiting->user, &block);
}

/* Which series have marked samples that do not count. */
static afmon_status find_left_out(struct visiting *visiting, afmon_view *view)
{
    visiting->view = view;
    visiting->leaves_out = calloc(view->series_count + 1, sizeof *visiting->leaves_out);
    afmon_status status = visiting->leaves_out != NULL ? AFMON_OK : AFMON_E_NO_MEMORY;
    for (size_t i = 0; i < view->series_count && status == AFMON_OK; i++)
        if (view->series[i].mixed && visiting->wants(visiting->user, &view->series[i]))
            status = afmon_view_leaves_out(view, &view->series[i], visiting->times, &visiting->leaves_out[i]);
    return status;
}

afmon_status afmon_view_each_block(afmon_view *view, afmon_window window,
                                   bool (*wants)(void *user, const struct afmon_view_series *series),
                                   afmon_status (*visit)(void *user, const struct afmon_block *block), void *user,
                                   afmon_error *error)
{
    struct visiting visiting = {.wants = wants, .visit = visit, .user = user, .times = afmon_view_times(window)};
    struct afmon_recall recall = {.times = visiting.times, .wants = wanted, .visit = give_recalled, .user = &visiting};
    afmon_status status = find_left_out(&visiting, view);
    if (status == AFMON_OK)
        status = afmon_view_recall(view, &recall, error);
    for (size_t i = 0; i < view->series_count && status == AFMON_OK; i++) {
        const struct afmon_view_series *series = &view->series[i];
        for (uint32_t j = 0; j < series->entry_count && status == AFMON_OK && wants(user, series); j++)
            status = give_entry(&visiting, series, &series->entries[j]);
    }
    free(visiting.leaves_out);
    free(visiting.values);
    free(visiting.offsets);
    return status == AFMON_E_NO_MEMORY ? afmon_fail_memory(error) : status;
}

static void widen(int64_t min_us, int64_t max_us, struct afmon_times times, bool *any, int64_t *first_us,
                  int64_t *last_us)
{
    if (afmon_cover_of(min_us, max_us, times) == AFMON_COVER_NONE)
        return;
    int64_t from = min_us > times.since_us ? min_us : times.since_us;
    int64_t to = max_us < times.until_us ? max_us : times.until_us;
    *first_us = !*any || from < *first_us ? from : *first_us;
    *last_us = !*any || to > *last_us ? to : *last_us;
    *any = true;
}

bool afmon_view_series_times(const struct afmon_view_series *series, afmon_window window, int64_t *first_us,
                             int64_t *last_us)
{
    struct afmon_times times = afmon_view_times(window);
    bool any = false;
    if (series->evicted.count > 0)
        widen(series->evicted.min_us, series->evicted.max_us, times, &any, first_us, last_us);
    for (uint32_t i = 0; i < series->entry_count; i++)
        widen(series->entries[i].min_us, series->entries[i].max_us, times, &any, first_us, last_us);
    return any;
}
