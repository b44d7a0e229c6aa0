/* The metrics of a run that is followed. */
#ifndef AFMON_LIVE_SERIES_H
#define AFMON_LIVE_SERIES_H

#include "catalog/facts.h"
#include "live/rules.h"
#include "store/summary.h"

#define AFMON_LIVE_METRICS 1024   /* told apart; samples of further names are counted, no more */
#define AFMON_LIVE_KEPT_FREE 128  /* of these places: for metrics that tracked calls record, and those of rules */
#define AFMON_LIVE_CHARTED 128    /* of them: with cells */
#define AFMON_LIVE_TIMED 4        /* of these: with sketches in their cells */
#define AFMON_LIVE_EXACT_MAX 4096 /* values of a metric, an operation or a model that a sketch holds exactly */

struct afmon_live_series {
    char *name;
    size_t name_length;
    uint64_t hash;
    enum afmon_metric_id metric;
    struct afmon_piece rest; /* of the name, behind the metric's prefix */
    struct afmon_summary sums;
    struct afmon_sketch values;
    bool charted;
    struct afmon_cells cells;
    uint64_t rules; /* with cells of their own that look at it */
};

/* Begin with a zeroed one. */
struct afmon_live_table {
    struct afmon_live_series *series[AFMON_LIVE_METRICS]; /* in order of their names unless unsorted */
    size_t count;
    size_t charted;
    size_t timed;
    bool unsorted;
    struct afmon_cell_account *account;   /* NULL: no bounds */
    const struct afmon_live_rules *rules; /* metrics that they look at have a chart in any case; NULL: none */
    uint64_t seed;
    uint16_t slots[2 * AFMON_LIVE_METRICS]; /* index + 1 in series, by hash */
};

/* The series of a name, made where there is none. NULL: there are too many, or (*no_memory) memory is short. */
struct afmon_live_series *afmon_live_series_of(struct afmon_live_table *table, const char *name, size_t length,
                                               bool *no_memory);
struct afmon_live_series *afmon_live_series_find(struct afmon_live_table *table, const char *name, size_t length);

/* False: no memory. */
bool afmon_live_series_add(struct afmon_live_series *series, int64_t time_ns, double value);

/* NULL: there is no such metric, or it has no cells. */
const struct afmon_cells *afmon_live_cells_of(struct afmon_live_table *table, const char *name);

/* In order of names. */
struct afmon_live_series *afmon_live_series_at(struct afmon_live_table *table, size_t index);

/* Narrows all sketches to sketch_max of the account (live/cells.h). */
void afmon_live_table_narrow(struct afmon_live_table *table);

size_t afmon_live_table_bytes(const struct afmon_live_table *table);
void afmon_live_table_free(struct afmon_live_table *table);

#endif
