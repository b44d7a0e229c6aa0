/* What one metric came to, piece by piece of time: fine for the last minutes, coarser the longer ago, in bounded
 * memory.
 *
 * Time is cut into quarters of a second. Level k has cells of 4^k quarters, and holds those of the last AFMON_CELLS of
 * its widths before the newest sample. A sample lies in the finest level that reaches back to it, and in no other; as
 * the newest sample moves on, cells that leave a level are merged into the next one. So what is kept depends on which
 * samples came, and not on their order: a run may be read from its end. */
#ifndef AFMON_LIVE_CELLS_H
#define AFMON_LIVE_CELLS_H

#include <afmon/afmon.h>

#include "base/sketch.h"

#define AFMON_CELLS 512
#define AFMON_CELL_LEVELS 16    /* 4^15 quarters of a second times 512 is more than an int64_t of nanoseconds */
#define AFMON_CELL_EXACT_MAX 64 /* values that a cell's sketch holds exactly */
#define AFMON_QUARTER_NS INT64_C(250000000)

struct afmon_time_bucket {
    uint64_t count; /* 0: nothing else is set */
    double sum;
    double min;
    double max;
};

struct afmon_cell_level {
    struct afmon_time_bucket *cells; /* by index % AFMON_CELLS; NULL: none yet */
    struct afmon_sketch *sketches;   /* beside them, where the metric is a duration */
};

/* What the cells and the sketches of a follower may still take together. */
struct afmon_cell_account {
    size_t left;       /* bytes of cells that are optional */
    size_t room;       /* bytes of sketches, those in cells and all others */
    size_t sketch_max; /* bytes to which each was narrowed when room was short */
};

/* Begin with a zeroed one, timed, optional and account set as wanted. */
struct afmon_cells {
    struct afmon_cell_level levels[AFMON_CELL_LEVELS];
    int64_t newest; /* quarter of the newest sample */
    int64_t oldest;
    bool any;
    bool timed;                         /* keep sketches */
    bool optional;                      /* given up where the account has nothing left */
    bool given_up;                      /* nothing is kept any more */
    struct afmon_cell_account *account; /* NULL: no bounds */
};

/* The quarter that a time lies in, and when a quarter begins (as near as an int64_t of nanoseconds comes). */
int64_t afmon_quarter_of(int64_t time_ns);
int64_t afmon_quarter_time(int64_t quarter);

/* Adds a finite value. False: no memory; then the cells may have lost some, and are to be freed. */
bool afmon_cells_add(struct afmon_cells *cells, int64_t time_ns, double value);

/* What was set when they were begun stays, and so does the account: begin a new one where all are freed. */
void afmon_cells_free(struct afmon_cells *cells);
size_t afmon_cells_bytes(const struct afmon_cells *cells);

/* No sketch takes more than sketch_max of the account any longer; what they give back is in its room. */
void afmon_cells_narrow(struct afmon_cells *cells);

/* The finest width, as a power of two of quarters, in which cells that long ago are kept. */
unsigned afmon_cells_finest(const struct afmon_cells *cells, int64_t quarter);

/* Calls visit for each cell that is not empty and reaches into the quarters from..to, in no order. first and width tell
 * which quarters it is of; sketch is NULL where there is none. Stops, and returns false, where visit does. */
typedef bool (*afmon_cell_visit)(void *user, int64_t first, int64_t width, const struct afmon_time_bucket *cell,
                                 const struct afmon_sketch *sketch);
bool afmon_cells_each(const struct afmon_cells *cells, int64_t from, int64_t to, afmon_cell_visit visit, void *user);

void afmon_cell_merge(struct afmon_time_bucket *into, const struct afmon_time_bucket *from);

#endif
