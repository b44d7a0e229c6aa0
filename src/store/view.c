#include "store/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/micros.h"
#include "base/status.h"
#include "catalog/metrics.h"
#include "store/view_internal.h"

/* ---- Taking ---- */

/* How much a view needs room for. */
struct extent {
    size_t series;
    size_t entries;
};

static struct extent extent_of(const struct afmon_store *store)
{
    struct extent extent = {.series = store->series_count};
    for (size_t i = 0; i < store->series_count; i++) {
        const struct afmon_series_data *series = store->series[i];
        extent.entries += series->end_entry - series->first_entry + (series->growing == NULL ? 0 : 1);
    }
    return extent;
}

static void take_entry(afmon_view *view, struct afmon_view_series *into, const struct afmon_entry *entry)
{
    struct afmon_entry *taken = &view->entries[view->entry_count++];
    *taken = *entry;
    taken->checkpoint = NULL;
    afmon_chunk_hold(taken->chunk);
    into->entry_count++;
}

static void take_series(afmon_view *view, const struct afmon_series_data *series)
{
    uint64_t total = afmon_series_total(series);
    if (total == 0)
        return;
    struct afmon_view_series *into = &view->series[view->series_count++];
    *into = (struct afmon_view_series){.series = &series->public,
                                       .entries = view->entries + view->entry_count,
                                       .token_kind = series->token_kind,
                                       .mixed = afmon_series_is_mixed(series),
                                       .has_marked = series->has_bare,
                                       .all = series->settled,
                                       .evicted = series->evicted,
                                       .total = total};
    if (into->evicted.sketch != NULL)
        afmon_shared_sketch_hold(into->evicted.sketch);
    for (uint32_t i = series->first_entry; i < series->end_entry; i++)
        take_entry(view, into, &series->entries[i]);
    if (series->growing != NULL) {
        struct afmon_entry growing;
        afmon_series_growing(series, &growing);
        take_entry(view, into, &growing);
        afmon_summary_merge(&into->all, &growing.summary);
    }
}

/* Makes room without the lock, for what was there before; tries again where more has come in between. */
static afmon_status take(afmon_view *view, struct afmon_store *store)
{
    struct extent room = {0};
    for (;;) {
        afmon_turn_take(&store->turn);
        struct extent needed = extent_of(store);
        if (view->series != NULL && needed.series <= room.series && needed.entries <= room.entries)
            break;
        afmon_turn_leave(&store->turn);
        room = (struct extent){needed.series + 16, needed.entries + 64};
        free(view->series);
        free(view->entries);
        view->series = malloc(room.series * sizeof *view->series);
        view->entries = malloc(room.entries * sizeof *view->entries);
        if (view->series == NULL || view->entries == NULL)
            return AFMON_E_NO_MEMORY;
    }
    for (size_t i = 0; i < store->series_count; i++)
        take_series(view, store->series[i]);
    afmon_status status = afmon_tokens_report(&store->tokens, &view->usage);
    afmon_turn_leave(&store->turn);
    return status;
}

static void count_outcomes(struct afmon_outcome_counts *outcomes, const struct afmon_view_series *series)
{
    enum afmon_metric_id id = afmon_metric_find(series->series->name, series->series->name_length, NULL);
    const struct afmon_summary *all = &series->all;
    outcomes->marked |= series->has_marked;
    if (id == AFMON_METRIC_SUCCESS)
        outcomes->outcomes = all->count;
    if (id != AFMON_METRIC_ERROR)
        return;
    outcomes->errors = all->count;
    outcomes->ones = all->min == 1 && all->max == 1 ? all->count : 0;
}

static void sum_up(afmon_view *view)
{
    for (size_t i = 0; i < view->series_count; i++) {
        const struct afmon_view_series *series = &view->series[i];
        view->not_finite += series->all.not_finite;
        count_outcomes(&view->outcomes, series);
        if (series->evicted.count > 0)
            afmon_widen_times(&view->first_us, &view->last_us, view->sample_count == 0, series->evicted.min_us,
                              series->evicted.max_us);
        for (uint32_t j = 0; j < series->entry_count; j++)
            afmon_widen_times(&view->first_us, &view->last_us,
                              view->sample_count == 0 && series->evicted.count == 0 && j == 0,
                              series->entries[j].min_us, series->entries[j].max_us);
        view->sample_count += series->total;
    }
}

/* Their texts are taken over: they may be long. */
static bool take_sources(afmon_view *view, struct afmon_source *sources, size_t count)
{
    if (count == 0)
        return true;
    view->sources = calloc(count, sizeof *view->sources);
    if (view->sources == NULL)
        return false;
    for (; view->source_count < count; view->source_count++) {
        struct afmon_source *source = &view->sources[view->source_count];
        *source = sources[view->source_count];
        sources[view->source_count].text = NULL;
        source->path = strdup(source->path);
        if (source->path == NULL) {
            free(source->text);
            return false;
        }
    }
    return true;
}

afmon_status afmon_view_new(struct afmon_store *store, struct afmon_source *sources, size_t source_count,
                            afmon_view **view, afmon_error *error)
{
    *view = NULL;
    afmon_view *made = calloc(1, sizeof *made);
    if (made == NULL)
        return afmon_fail_memory(error);
    if (pthread_mutex_init(&made->mutex, NULL) != 0) {
        free(made);
        return afmon_fail_memory(error);
    }
    atomic_store_explicit(&made->references, 1, memory_order_relaxed);
    made->store = store;
    afmon_store_hold(store);
    if (!take_sources(made, sources, source_count) || take(made, store) != AFMON_OK) {
        afmon_view_close(made);
        return afmon_fail_memory(error);
    }
    sum_up(made);
    *view = made;
    return AFMON_OK;
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

static void free_extra(struct afmon_view_extra *extra)
{
    if (extra->run_log != NULL)
        extra->free_run_log(extra->run_log);
    free(extra->log_path);
    free(extra->living);
    free_texts(extra->problems, extra->problems_kept);
    free_texts(extra->warnings, extra->warnings_kept);
}

void afmon_view_set_extra(afmon_view *view, const struct afmon_view_extra *extra)
{
    free_extra(&view->extra);
    view->extra = *extra;
}

void afmon_view_hold(afmon_view *view)
{
    atomic_fetch_add_explicit(&view->references, 1, memory_order_relaxed);
}

void afmon_view_close(afmon_view *view)
{
    if (view == NULL || atomic_fetch_sub_explicit(&view->references, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < view->entry_count; i++)
        afmon_chunk_release(view->entries[i].chunk);
    for (size_t i = 0; i < view->series_count; i++)
        afmon_shared_sketch_release(view->series[i].evicted.sketch);
    for (size_t i = 0; i < view->source_count; i++) {
        free(view->sources[i].path);
        free(view->sources[i].text);
    }
    free_extra(&view->extra);
    afmon_token_usage_free(&view->usage);
    pthread_mutex_destroy(&view->mutex);
    free(view->sources);
    free(view->series);
    free(view->entries);
    free(view->by_name);
    afmon_store_release(view->store); /* last: chunks refer to its sets */
    free(view);
}

/* ---- What is known of it ---- */

void afmon_view_get_info(const afmon_view *view, afmon_view_info *info)
{
    *info = (afmon_view_info){.sample_count = view->sample_count,
                              .not_finite = view->not_finite,
                              .metric_count = view->series_count,
                              .first_ns = afmon_us_to_ns(view->first_us),
                              .last_ns = afmon_us_to_ns(view->last_us),
                              .file_count = view->extra.file_count,
                              .problem_count = view->extra.problem_count,
                              .log_alert_count = view->extra.log_alert_count,
                              .dropped = view->extra.dropped,
                              .recovered = view->extra.recovered,
                              .live = view->extra.live};
}

const char *afmon_view_problem(const afmon_view *view, size_t index)
{
    return index < view->extra.problems_kept ? view->extra.problems[index] : NULL;
}

const char *afmon_view_warning(const afmon_view *view, size_t index)
{
    return index < view->extra.warnings_kept ? view->extra.warnings[index] : NULL;
}

const char *afmon_view_metric_name(const afmon_view *view, size_t index, size_t *length)
{
    /* The list of names is made at the first question; that changes nothing that anybody could see. */
    const struct afmon_view_series *series = afmon_view_in_order((afmon_view *)(uintptr_t)view, index);
    if (length != NULL)
        *length = series == NULL ? 0 : series->series->name_length;
    return series == NULL ? NULL : series->series->name;
}

/* ---- Windows ---- */

/* The first microsecond that is not before a time in nanoseconds. */
static int64_t first_us_from(int64_t ns)
{
    return ns == INT64_MIN ? INT64_MIN : ns / 1000 + (ns % 1000 > 0 ? 1 : 0);
}

static int64_t last_us_until(int64_t ns)
{
    return ns == INT64_MAX ? INT64_MAX : afmon_ns_to_us(ns);
}

struct afmon_times afmon_view_times(afmon_window window)
{
    return (struct afmon_times){.since_us = first_us_from(window.since_ns), .until_us = last_us_until(window.until_ns)};
}

bool afmon_view_takes_all(const afmon_view *view, struct afmon_times times)
{
    return view->sample_count == 0 || afmon_cover_of(view->first_us, view->last_us, times) == AFMON_COVER_WHOLE;
}

bool afmon_view_misses(const struct afmon_view_series *series, struct afmon_times times)
{
    const struct afmon_evicted *evicted = &series->evicted;
    return evicted->count > 0 && afmon_cover_of(evicted->min_us, evicted->max_us, times) != AFMON_COVER_NONE;
}
