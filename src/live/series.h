/* The metrics of a run that is followed. */
#ifndef AFMON_LIVE_SERIES_H
#define AFMON_LIVE_SERIES_H

#include "base/table.h"
#include "live/cells.h"
#include "model/model.h"
#include "store/summary.h"

#define AFMON_LIVE_METRICS 1024   /* told apart; samples of further names are counted, no more */
#define AFMON_LIVE_KEPT_FREE 128  /* of these places: for metrics that tracked calls record, and those of rules */
#define AFMON_LIVE_CHARTED 128    /* of them: with cells */
#define AFMON_LIVE_TIMED 4        /* of these: with sketches in their cells */
#define AFMON_LIVE_EXACT_MAX 4096 /* values that an answer over several cells holds exactly */

struct afmon_live_series {
    char *name;
    size_t name_length;
    uint64_t hash;
    struct afmon_summary sums;
    bool charted;
    struct afmon_cells cells;
};

/* Begin with a zeroed one. */
struct afmon_live_table {
    struct afmon_live_series *series[AFMON_LIVE_METRICS]; /* in order of their names unless unsorted */
    size_t count;
    size_t charted;
    size_t timed;
    bool unsorted;
    struct afmon_cell_account *account; /* NULL: no bounds */
    const struct afmon_model *model;    /* metrics that its rules look at have a chart in any case; NULL: none */
    uint64_t seed;
    struct afmon_table table; /* of series */
};

/* The series of a name, made where there is none. NULL: there are too many, or (*no_memory) memory is short. */
struct afmon_live_series *afmon_live_series_of(struct afmon_live_table *table, const char *name, size_t length,
                                               bool *no_memory);
struct afmon_live_series *afmon_live_series_find(struct afmon_live_table *table, const char *name, size_t length);

/* False: no memory. */
bool afmon_live_series_add(struct afmon_live_series *series, int64_t time_ns, double value);

/* In order of names. */
struct afmon_live_series *afmon_live_series_at(struct afmon_live_table *table, size_t index);

/* Narrows all sketches to sketch_max of the account (live/cells.h). */
void afmon_live_table_narrow(struct afmon_live_table *table);

size_t afmon_live_table_bytes(const struct afmon_live_table *table);
void afmon_live_table_free(struct afmon_live_table *table);

#endif
