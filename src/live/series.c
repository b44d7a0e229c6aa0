#include "live/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static uint16_t *slot_of(struct afmon_live_table *table, const char *name, size_t length, uint64_t hash)
{
    size_t at = hash % (2 * AFMON_LIVE_METRICS);
    for (;; at = (at + 1) % (2 * AFMON_LIVE_METRICS)) {
        if (table->slots[at] == 0)
            return &table->slots[at];
        const struct afmon_live_series *series = table->series[table->slots[at] - 1];
        if (series->hash == hash && series->name_length == length && memcmp(series->name, name, length) == 0)
            return &table->slots[at];
    }
}

/* Whatever names a run invents, those that all runs have in common are told apart. */
static bool is_common(enum afmon_metric_id metric)
{
    return metric != AFMON_METRIC_OTHER && !afmon_metric_row(metric)->info.is_prefix;
}

static bool is_duration(enum afmon_metric_id metric)
{
    return afmon_metric_row(metric)->info.unit == AFMON_UNIT_SECONDS;
}

static bool has_place(const struct afmon_live_table *table, const char *name, size_t length)
{
    uint64_t own;
    if (table->count < AFMON_LIVE_METRICS - AFMON_LIVE_KEPT_FREE)
        return true;
    return table->count < AFMON_LIVE_METRICS && (is_common(afmon_metric_find(name, length, NULL)) ||
                                                 afmon_live_rules_name(table->rules, name, length, &own));
}

static struct afmon_live_series *make(struct afmon_live_table *table, const char *name, size_t length, uint64_t hash)
{
    struct afmon_live_series *series = calloc(1, sizeof *series);
    char *copy = malloc(length + 1);
    if (series == NULL || copy == NULL) {
        free(series);
        free(copy);
        return NULL;
    }
    memcpy(copy, name, length);
    copy[length] = '\0';
    *series = (struct afmon_live_series){.name = copy, .name_length = length, .hash = hash};
    series->metric = afmon_metric_find(copy, length, &series->rest);
    bool named = afmon_live_rules_name(table->rules, name, length, &series->rules);
    series->charted = named || table->charted < AFMON_LIVE_CHARTED || is_common(series->metric);
    table->charted += series->charted;
    series->cells.timed = series->charted && table->timed < AFMON_LIVE_TIMED && is_duration(series->metric);
    table->timed += series->cells.timed;
    series->cells.account = table->account;
    series->cells.optional = table->account != NULL && !named && !is_common(series->metric);
    return series;
}

static void fill_slots(struct afmon_live_table *table)
{
    memset(table->slots, 0, sizeof table->slots);
    for (size_t i = 0; i < table->count; i++) {
        const struct afmon_live_series *series = table->series[i];
        *slot_of(table, series->name, series->name_length, series->hash) = (uint16_t)(i + 1);
    }
}

static uint64_t hash_of(struct afmon_live_table *table, const char *name, size_t length)
{
    if (table->seed == 0)
        table->seed = afmon_hash_seed() | 1;
    return afmon_hash(table->seed, name, length);
}

struct afmon_live_series *afmon_live_series_of(struct afmon_live_table *table, const char *name, size_t length,
                                               bool *no_memory)
{
    uint64_t hash = hash_of(table, name, length);
    uint16_t *slot = slot_of(table, name, length, hash);
    if (*slot != 0)
        return table->series[*slot - 1];
    if (!has_place(table, name, length))
        return NULL;
    struct afmon_live_series *series = make(table, name, length, hash);
    *no_memory |= series == NULL;
    if (series == NULL)
        return NULL;
    table->series[table->count++] = series;
    *slot = (uint16_t)table->count;
    table->unsorted = true;
    return series;
}

struct afmon_live_series *afmon_live_series_find(struct afmon_live_table *table, const char *name, size_t length)
{
    uint16_t slot = *slot_of(table, name, length, hash_of(table, name, length));
    return slot != 0 ? table->series[slot - 1] : NULL;
}

const struct afmon_cells *afmon_live_cells_of(struct afmon_live_table *table, const char *name)
{
    const struct afmon_live_series *series = afmon_live_series_find(table, name, strlen(name));
    return series != NULL && series->charted ? &series->cells : NULL;
}

static struct afmon_sketch_limits limits_of(const struct afmon_live_series *series)
{
    struct afmon_cell_account *account = series->cells.account;
    return (struct afmon_sketch_limits){.exact_max = AFMON_LIVE_EXACT_MAX,
                                        .room = account != NULL ? &account->room : NULL};
}

bool afmon_live_series_add(struct afmon_live_series *series, int64_t time_ns, double value)
{
    afmon_summary_add(&series->sums, value);
    if (!isfinite(value))
        return true;
    struct afmon_sketch_limits limits = limits_of(series);
    return afmon_sketch_add(&series->values, value, &limits) &&
           (!series->charted || afmon_cells_add(&series->cells, time_ns, value));
}

static int compare(const void *left, const void *right)
{
    const struct afmon_live_series *a = *(struct afmon_live_series *const *)left;
    const struct afmon_live_series *b = *(struct afmon_live_series *const *)right;
    size_t shorter = a->name_length < b->name_length ? a->name_length : b->name_length;
    int order = memcmp(a->name, b->name, shorter);
    return order != 0 ? order : (a->name_length > b->name_length) - (a->name_length < b->name_length);
}

struct afmon_live_series *afmon_live_series_at(struct afmon_live_table *table, size_t index)
{
    if (index >= table->count)
        return NULL;
    if (table->unsorted) {
        qsort(table->series, table->count, sizeof table->series[0], compare);
        fill_slots(table);
        table->unsorted = false;
    }
    return table->series[index];
}

void afmon_live_table_narrow(struct afmon_live_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct afmon_live_series *series = table->series[i];
        struct afmon_sketch_limits limits = limits_of(series);
        afmon_sketch_narrow_to(&series->values, table->account->sketch_max, &limits);
        if (series->cells.timed)
            afmon_cells_narrow(&series->cells);
    }
}

size_t afmon_live_table_bytes(const struct afmon_live_table *table)
{
    size_t bytes = sizeof *table;
    for (size_t i = 0; i < table->count; i++)
        bytes += sizeof *table->series[i] + table->series[i]->name_length +
                 afmon_cells_bytes(&table->series[i]->cells) + afmon_sketch_bytes(&table->series[i]->values);
    return bytes;
}

void afmon_live_table_free(struct afmon_live_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct afmon_sketch_limits limits = limits_of(table->series[i]);
        afmon_cells_free(&table->series[i]->cells);
        afmon_sketch_free(&table->series[i]->values, &limits);
        free(table->series[i]->name);
        free(table->series[i]);
    }
    *table = (struct afmon_live_table){.account = table->account, .rules = table->rules};
}
