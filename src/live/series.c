#include "live/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct wanted {
    const char *name;
    size_t length;
    uint64_t hash;
};

static bool is_same(const void *table, uint32_t number, const void *of)
{
    const struct afmon_live_series *series = ((const struct afmon_live_table *)table)->series[number];
    const struct wanted *wanted = of;
    return series->hash == wanted->hash && series->name_length == wanted->length &&
           memcmp(series->name, wanted->name, wanted->length) == 0;
}

static uint64_t hash_of(const void *table, uint32_t number)
{
    return ((const struct afmon_live_table *)table)->series[number]->hash;
}

/* Whatever names a run invents, those that all runs have in common, and those of its rules, are told apart. */
struct about {
    bool common;
    bool seconds;
    bool judged;
};

static struct about about_of(const struct afmon_live_table *table, const char *name, size_t length)
{
    struct afmon_piece rest;
    enum afmon_metric_id id = afmon_metric_find(name, length, &rest);
    return (struct about){.common = id != AFMON_METRIC_OTHER && !rest.given,
                          .seconds = afmon_metric_row(id)->info.unit == AFMON_UNIT_SECONDS,
                          .judged = table->model != NULL && afmon_model_judges(table->model, name, length)};
}

static bool has_place(const struct afmon_live_table *table, const char *name, size_t length)
{
    if (table->count < AFMON_LIVE_METRICS - AFMON_LIVE_KEPT_FREE)
        return true;
    struct about about = about_of(table, name, length);
    return table->count < AFMON_LIVE_METRICS && (about.common || about.judged);
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
    struct about about = about_of(table, name, length);
    *series = (struct afmon_live_series){.name = copy, .name_length = length, .hash = hash};
    series->charted = about.judged || about.common || table->charted < AFMON_LIVE_CHARTED;
    table->charted += series->charted;
    series->cells.timed = series->charted && table->timed < AFMON_LIVE_TIMED && about.seconds;
    table->timed += series->cells.timed;
    series->cells.account = table->account;
    series->cells.optional = table->account != NULL && !about.judged && !about.common;
    return series;
}

static struct wanted wanted_of(struct afmon_live_table *table, const char *name, size_t length)
{
    if (table->seed == 0)
        table->seed = afmon_hash_seed() | 1;
    return (struct wanted){name, length, afmon_hash(table->seed, name, length)};
}

static struct afmon_live_series *find(const struct afmon_live_table *table, const struct wanted *wanted)
{
    uint32_t number = table->count > 0 ? *afmon_table_slot(&table->table, wanted->hash, is_same, table, wanted) : 0;
    return number != 0 ? table->series[number - 1] : NULL;
}

struct afmon_live_series *afmon_live_series_of(struct afmon_live_table *table, const char *name, size_t length,
                                               bool *no_memory)
{
    const struct wanted wanted = wanted_of(table, name, length);
    struct afmon_live_series *series = find(table, &wanted);
    if (series != NULL || !has_place(table, name, length))
        return series;
    if (afmon_table_reserve(&table->table, table->count, (uint32_t)table->count, hash_of, table))
        series = make(table, name, length, wanted.hash);
    *no_memory |= series == NULL;
    if (series == NULL)
        return NULL;
    *afmon_table_slot(&table->table, wanted.hash, is_same, table, &wanted) = (uint32_t)table->count + 1;
    table->series[table->count++] = series;
    table->unsorted = true;
    return series;
}

struct afmon_live_series *afmon_live_series_find(struct afmon_live_table *table, const char *name, size_t length)
{
    const struct wanted wanted = wanted_of(table, name, length);
    return find(table, &wanted);
}

bool afmon_live_series_add(struct afmon_live_series *series, int64_t time_ns, double value)
{
    afmon_summary_add(&series->sums, value);
    return !isfinite(value) || !series->charted || afmon_cells_add(&series->cells, time_ns, value);
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
        afmon_table_refill(&table->table, (uint32_t)table->count, hash_of, table);
        table->unsorted = false;
    }
    return table->series[index];
}

void afmon_live_table_narrow(struct afmon_live_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct afmon_live_series *series = table->series[i];
        if (series->cells.timed)
            afmon_cells_narrow(&series->cells);
    }
}

size_t afmon_live_table_bytes(const struct afmon_live_table *table)
{
    size_t bytes = sizeof *table + afmon_table_bytes(&table->table);
    for (size_t i = 0; i < table->count; i++)
        bytes += sizeof *table->series[i] + table->series[i]->name_length + afmon_cells_bytes(&table->series[i]->cells);
    return bytes;
}

void afmon_live_table_free(struct afmon_live_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        afmon_cells_free(&table->series[i]->cells);
        free(table->series[i]->name);
        free(table->series[i]);
    }
    afmon_table_free(&table->table);
    *table = (struct afmon_live_table){.account = table->account};
}
