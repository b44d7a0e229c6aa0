/* Every sample of a view: first the evicted ones, from the files, then those in memory. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "store/view_internal.h"

struct visiting {
    afmon_series_visitor visit;
    void *user;
    bool (*wants)(void *user, const struct afmon_view_series *series); /* NULL: every series */
    struct afmon_unpacked unpacked;
};

static bool wanted(void *user, const struct afmon_view_series *series)
{
    const struct visiting *visiting = user;
    return visiting->wants == NULL || visiting->wants(visiting->user, series);
}

static afmon_status give(struct visiting *visiting, const struct afmon_view_series *series, double value,
                         int64_t wall_us)
{
    afmon_sample sample = {.metric = series->series->name,
                           .metric_length = series->series->name_length,
                           .value = value,
                           .timestamp_ns = afmon_us_to_ns(wall_us),
                           .fields = visiting->unpacked.fields,
                           .field_count = visiting->unpacked.count};
    return visiting->visit(visiting->user, series, &sample) == 0 ? AFMON_OK : AFMON_E_CANCELLED;
}

static afmon_status give_recalled(void *user, const struct afmon_view_series *series, struct afmon_reader *reader,
                                  struct afmon_read_sample *sample)
{
    struct visiting *visiting = user;
    afmon_status status = afmon_reader_packed(reader, sample);
    if (status != AFMON_OK)
        return status;
    if (!afmon_unpack(&visiting->unpacked, sample->packed, sample->packed_length))
        return AFMON_E_NO_MEMORY;
    return give(visiting, series, sample->value, sample->wall_us);
}

static bool unpack_set(struct afmon_unpacked *unpacked, const struct afmon_set *set)
{
    unpacked->count = 0;
    return set == NULL || afmon_unpack(unpacked, set->packed, set->packed_length);
}

static afmon_status give_chunk(struct visiting *visiting, const struct afmon_view_series *series,
                               const struct afmon_entry *entry, struct afmon_times times)
{
    const struct afmon_chunk *chunk = entry->chunk;
    struct afmon_chunk_span span = afmon_chunk_span(chunk, times.since_us, times.until_us);
    const struct afmon_set *unpacked = NULL;
    bool any = false;
    for (size_t i = 0; i < entry->count; i++) {
        if (!afmon_chunk_in_span(chunk, span, i))
            continue;
        const struct afmon_set *set = afmon_chunk_set_of(chunk, i);
        if ((!any || set != unpacked) && !unpack_set(&visiting->unpacked, set))
            return AFMON_E_NO_MEMORY;
        any = true;
        unpacked = set;
        afmon_status status = give(visiting, series, chunk->values[i], chunk->base_us + chunk->offsets[i]);
        if (status != AFMON_OK)
            return status;
    }
    return AFMON_OK;
}

static afmon_status give_series(struct visiting *visiting, const struct afmon_view_series *series,
                                struct afmon_times times)
{
    afmon_status status = AFMON_OK;
    for (uint32_t i = 0; i < series->entry_count && status == AFMON_OK; i++) {
        if (afmon_entry_cover(&series->entries[i], times) != AFMON_COVER_NONE)
            status = give_chunk(visiting, series, &series->entries[i], times);
    }
    return status;
}

static afmon_status give_all(afmon_view *view, const struct afmon_view_series *only, afmon_window window,
                             struct visiting *visiting, afmon_error *error)
{
    struct afmon_times times = afmon_view_times(window);
    struct afmon_recall recall = {
        .only = only, .times = times, .wants = wanted, .visit = give_recalled, .user = visiting};
    afmon_status status = afmon_view_recall(view, &recall, error);
    for (size_t i = 0; i < view->series_count && status == AFMON_OK; i++) {
        const struct afmon_view_series *series = &view->series[i];
        if ((only == NULL || only == series) && wanted(visiting, series))
            status = give_series(visiting, series, times);
    }
    free(visiting->unpacked.fields);
    return status == AFMON_E_NO_MEMORY ? afmon_fail_memory(error) : status;
}

afmon_status afmon_view_each_series(afmon_view *view, afmon_window window,
                                    bool (*wants)(void *user, const struct afmon_view_series *series),
                                    afmon_series_visitor visit, void *user, afmon_error *error)
{
    struct visiting visiting = {.visit = visit, .user = user, .wants = wants};
    return give_all(view, NULL, window, &visiting, error);
}

/* ---- The public form ---- */

struct public_visit {
    int (*visit)(void *user, const afmon_sample *sample);
    void *user;
};

static int pass_on(void *user, const struct afmon_view_series *series, const afmon_sample *sample)
{
    const struct public_visit *public = user;
    (void)series;
    return public->visit(public->user, sample);
}

afmon_status afmon_view_each(afmon_view *view, const char *name, afmon_window window,
                             int (*visit)(void *user, const afmon_sample *sample), void *user)
{
    const struct afmon_view_series *only = NULL;
    struct public_visit public = {.visit = visit, .user = user};
    struct visiting visiting = {.visit = pass_on, .user = &public};
    if (view == NULL || visit == NULL)
        return AFMON_E_ARGUMENT;
    if (name != NULL) {
        afmon_status found = afmon_view_find(view, name, strlen(name), &only);
        if (found != AFMON_OK || only == NULL)
            return found;
    }
    return give_all(view, only, window, &visiting, NULL);
}
