/* Every sample of a view: first the evicted ones, from the files, then those in memory. */
#include <stdlib.h>
#include <math.h>
#include <string.h>

#include "base/micros.h"
#include "base/status.h"
#include "store/view_internal.h"

struct visiting {
    struct afmon_cursor *cursor;
    afmon_series_visitor visit;
    void *user;
};

static bool wanted(const struct afmon_cursor *cursor, const struct afmon_view_series *series)
{
    if (cursor->only != NULL)
        return cursor->only == series;
    return cursor->wants == NULL || cursor->wants(cursor->wants_user, series);
}

static bool recall_wants(void *user, const struct afmon_view_series *series)
{
    const struct visiting *visiting = user;
    return wanted(visiting->cursor, series);
}

/* The item's id stands behind the fields that the sample shares with others. */
static afmon_status give(const struct visiting *visiting, const struct afmon_view_series *series, double value,
                         int64_t wall_us, struct afmon_item_id item)
{
    struct afmon_unpacked *unpacked = &visiting->cursor->unpacked;
    bool has_item = item.length > 0;
    if (has_item) {
        afmon_field field = afmon_item_id_field(&item);
        if (!afmon_unpacked_append(unpacked, &field))
            return AFMON_E_NO_MEMORY;
    }
    afmon_sample sample = {.metric = series->series->name,
                           .metric_length = series->series->name_length,
                           .value = value,
                           .timestamp_ns = afmon_us_to_ns(wall_us),
                           .fields = unpacked->fields,
                           .field_count = unpacked->count + has_item};
    return visiting->visit(visiting->user, series, &sample) == 0 ? AFMON_OK : AFMON_E_CANCELLED;
}

static afmon_status give_recalled(void *user, const struct afmon_view_series *series, struct afmon_reader *reader,
                                  struct afmon_read_sample *sample)
{
    const struct visiting *visiting = user;
    visiting->cursor->has_set = false;
    afmon_status status = afmon_reader_packed(reader, sample);
    if (status != AFMON_OK)
        return status;
    if (!afmon_unpack(&visiting->cursor->unpacked, sample->packed, sample->packed_length))
        return AFMON_E_NO_MEMORY;
    return give(visiting, series, sample->value, sample->wall_us, sample->item);
}

static bool unpack_set(struct afmon_unpacked *unpacked, const struct afmon_set *set)
{
    unpacked->count = 0;
    return set == NULL || afmon_unpack(unpacked, set->packed, set->packed_length);
}

static afmon_status give_chunk(const struct visiting *visiting, const struct afmon_view_series *series,
                               const struct afmon_entry *entry)
{
    struct afmon_cursor *cursor = visiting->cursor;
    const struct afmon_chunk *chunk = entry->chunk;
    struct afmon_chunk_span span = afmon_chunk_span(chunk, cursor->times.since_us, cursor->times.until_us);
    const struct afmon_set *unpacked = NULL;
    bool any = false;
    while (cursor->index < entry->count) {
        size_t i = cursor->index++;
        if (!afmon_chunk_in_span(chunk, span, i))
            continue;
        const struct afmon_set *set = afmon_chunk_set_of(chunk, i);
        if ((!any || set != unpacked) && !unpack_set(&cursor->unpacked, set))
            return AFMON_E_NO_MEMORY;
        any = true;
        unpacked = set;
        cursor->has_set = true;
        cursor->set = set;
        afmon_status status =
            give(visiting, series, chunk->values[i], chunk->base_us + chunk->offsets[i], afmon_chunk_item_of(chunk, i));
        if (status != AFMON_OK)
            return status;
    }
    return AFMON_OK;
}

/* Some item of a chunk whose id is a number, or is none; of length 0 where there is no such item. */
static struct afmon_item_id some_item(const struct afmon_entry *entry, bool is_number)
{
    for (size_t i = 0; entry->chunk->items != NULL && i < entry->count; i++) {
        struct afmon_item_id item = afmon_chunk_item_of(entry->chunk, i);
        if (item.length > 0 && item.is_number == is_number)
            return item;
    }
    return (struct afmon_item_id){0};
}

/* A sample for each type that ids have. */
static afmon_status give_items(const struct visiting *visiting, const struct afmon_view_series *series,
                               const struct afmon_entry *entry)
{
    afmon_status status = AFMON_OK;
    visiting->cursor->unpacked.count = 0;
    for (int is_number = 0; is_number < 2 && status == AFMON_OK; is_number++) {
        struct afmon_item_id item = some_item(entry, is_number == 1);
        if (item.length > 0)
            status = give(visiting, series, NAN, entry->chunk->base_us, item);
    }
    return status;
}

/* One sample for each metadata set of a chunk. The cursor goes by index, as through samples. */
static afmon_status give_sets(const struct visiting *visiting, const struct afmon_view_series *series,
                              const struct afmon_entry *entry)
{
    struct afmon_cursor *cursor = visiting->cursor;
    const struct afmon_chunk *chunk = entry->chunk;
    afmon_status status = cursor->index == 0 ? give_items(visiting, series, entry) : AFMON_OK;
    while (status == AFMON_OK && cursor->index < chunk->set_count) {
        if (!unpack_set(&cursor->unpacked, chunk->sets[cursor->index++]))
            return AFMON_E_NO_MEMORY;
        status = give(visiting, series, NAN, chunk->base_us, (struct afmon_item_id){0});
    }
    return status;
}

/* Only the last chunk of a series may be growing: its list of sets is not ours to read. */
static bool sets_are_enough(const struct afmon_cursor *cursor, const struct afmon_view_series *series)
{
    return cursor->each_set && cursor->entry + 1 < series->entry_count &&
           afmon_entry_cover(&series->entries[cursor->entry], cursor->times) == AFMON_COVER_WHOLE;
}

static afmon_status give_series(const struct visiting *visiting, const struct afmon_view_series *series)
{
    struct afmon_cursor *cursor = visiting->cursor;
    for (; cursor->entry < series->entry_count; cursor->entry++, cursor->index = 0) {
        const struct afmon_entry *entry = &series->entries[cursor->entry];
        if (afmon_entry_cover(entry, cursor->times) == AFMON_COVER_NONE)
            continue;
        afmon_status status =
            sets_are_enough(cursor, series) ? give_sets(visiting, series, entry) : give_chunk(visiting, series, entry);
        if (status != AFMON_OK)
            return status;
    }
    return AFMON_OK;
}

static afmon_status give_evicted(struct visiting *visiting, afmon_error *error)
{
    struct afmon_cursor *cursor = visiting->cursor;
    struct afmon_recall recall = {
        .only = cursor->only, .times = cursor->times, .wants = recall_wants, .visit = give_recalled, .user = visiting};
    return afmon_view_recall_on(cursor->view, &recall, &cursor->evicted, error);
}

static afmon_status give_memory(const struct visiting *visiting)
{
    struct afmon_cursor *cursor = visiting->cursor;
    for (; cursor->series < cursor->view->series_count; cursor->series++, cursor->entry = 0) {
        const struct afmon_view_series *series = &cursor->view->series[cursor->series];
        afmon_status status = wanted(cursor, series) ? give_series(visiting, series) : AFMON_OK;
        if (status != AFMON_OK)
            return status;
    }
    return AFMON_OK;
}

void afmon_cursor_begin(struct afmon_cursor *cursor, afmon_view *view, afmon_window window)
{
    *cursor = (struct afmon_cursor){.view = view, .times = afmon_view_times(window)};
}

afmon_status afmon_cursor_run(struct afmon_cursor *cursor, afmon_series_visitor visit, void *user, afmon_error *error)
{
    struct visiting visiting = {.cursor = cursor, .visit = visit, .user = user};
    afmon_status status = cursor->in_memory ? AFMON_OK : give_evicted(&visiting, error);
    if (status == AFMON_OK) {
        cursor->in_memory = true;
        status = give_memory(&visiting);
    }
    return status == AFMON_E_NO_MEMORY ? afmon_fail_memory(error) : status;
}

void afmon_cursor_end(struct afmon_cursor *cursor)
{
    afmon_recall_end(&cursor->evicted);
    afmon_unpacked_free(&cursor->unpacked);
}

static afmon_status run_whole(struct afmon_cursor *cursor, afmon_series_visitor visit, void *user, afmon_error *error)
{
    afmon_status status = afmon_cursor_run(cursor, visit, user, error);
    afmon_cursor_end(cursor);
    return status;
}

afmon_status afmon_view_each_series(afmon_view *view, afmon_window window,
                                    bool (*wants)(void *user, const struct afmon_view_series *series),
                                    afmon_series_visitor visit, void *user, afmon_error *error)
{
    struct afmon_cursor cursor;
    afmon_cursor_begin(&cursor, view, window);
    cursor.wants = wants;
    cursor.wants_user = user;
    return run_whole(&cursor, visit, user, error);
}

afmon_status afmon_view_each_set(afmon_view *view, afmon_window window,
                                 bool (*wants)(void *user, const struct afmon_view_series *series),
                                 afmon_series_visitor visit, void *user, afmon_error *error)
{
    struct afmon_cursor cursor;
    afmon_cursor_begin(&cursor, view, window);
    cursor.wants = wants;
    cursor.wants_user = user;
    cursor.each_set = true;
    return run_whole(&cursor, visit, user, error);
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
    struct afmon_cursor cursor;
    if (view == NULL || visit == NULL)
        return AFMON_E_ARGUMENT;
    if (name != NULL) {
        afmon_status found = afmon_view_find(view, name, strlen(name), &only);
        if (found != AFMON_OK || only == NULL)
            return found;
    }
    afmon_cursor_begin(&cursor, view, window);
    cursor.only = only;
    return run_whole(&cursor, pass_on, &public, NULL);
}
