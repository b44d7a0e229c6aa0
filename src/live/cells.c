#include "live/cells.h"

#include <stdlib.h>

int64_t afmon_quarter_of(int64_t time_ns)
{
    return time_ns / AFMON_QUARTER_NS - (time_ns % AFMON_QUARTER_NS < 0);
}

int64_t afmon_quarter_time(int64_t quarter)
{
    int64_t most = INT64_MAX / AFMON_QUARTER_NS;
    return (quarter > most ? most : quarter < -most ? -most : quarter) * AFMON_QUARTER_NS;
}

/* Which cell of a level a quarter is in, numbered from the epoch: rounded down, before 1970, too. */
static int64_t index_at(int64_t quarter, unsigned level)
{
    int64_t width = INT64_C(1) << (2 * level);
    return quarter >= 0 ? quarter / width : -((width - 1 - quarter) / width);
}

static size_t slot_of(int64_t index)
{
    return (size_t)((uint64_t)index % AFMON_CELLS);
}

/* The finest level that reaches back to a quarter. */
static unsigned level_of(const struct afmon_cells *cells, int64_t quarter)
{
    unsigned level = 0;
    while (level + 1 < AFMON_CELL_LEVELS && index_at(cells->newest, level) - index_at(quarter, level) >= AFMON_CELLS)
        level++;
    return level;
}

#define LEVEL_BYTES (AFMON_CELLS * sizeof(struct afmon_time_bucket))

/* False: no memory, or (given_up) no room in the account. */
static bool open_level(struct afmon_cells *cells, struct afmon_cell_level *level)
{
    if (level->cells == NULL) {
        if (cells->optional && cells->account->left < LEVEL_BYTES) {
            cells->given_up = true;
            return false;
        }
        level->cells = calloc(AFMON_CELLS, sizeof *level->cells);
        if (level->cells != NULL && cells->optional)
            cells->account->left -= LEVEL_BYTES;
    }
    if (level->sketches == NULL && cells->timed)
        level->sketches = calloc(AFMON_CELLS, sizeof *level->sketches);
    return level->cells != NULL && (level->sketches != NULL || !cells->timed);
}

/* ---- Sketches ---- */

static struct afmon_sketch_limits limits_of(const struct afmon_cells *cells)
{
    size_t *room = cells->account != NULL ? &cells->account->room : NULL;
    return (struct afmon_sketch_limits){.exact_max = AFMON_CELL_EXACT_MAX, .room = room};
}

static bool move_into(struct afmon_cells *cells, struct afmon_sketch *into, struct afmon_sketch *from)
{
    struct afmon_sketch_limits limits = limits_of(cells);
    bool ok = true;
    if (into->body != NULL) {
        ok = afmon_sketch_merge(into, from, &limits);
        afmon_sketch_free(from, &limits);
    } else {
        *into = *from;
        *from = (struct afmon_sketch){0};
    }
    return ok;
}

void afmon_cells_narrow(struct afmon_cells *cells)
{
    struct afmon_sketch_limits limits = limits_of(cells);
    for (size_t i = 0; i < AFMON_CELL_LEVELS; i++) {
        struct afmon_sketch *sketches = cells->levels[i].sketches;
        for (size_t slot = 0; sketches != NULL && slot < AFMON_CELLS; slot++)
            afmon_sketch_narrow_to(&sketches[slot], cells->account->sketch_max, &limits);
    }
}

/* ---- Cells ---- */

void afmon_cell_merge(struct afmon_time_bucket *into, const struct afmon_time_bucket *from)
{
    if (from->count == 0)
        return;
    bool first = into->count == 0;
    into->count += from->count;
    into->sum += from->sum;
    into->min = first || from->min < into->min ? from->min : into->min;
    into->max = first || from->max > into->max ? from->max : into->max;
}

/* Takes a cell of a level and merges it into the finest one that now reaches back to it. */
static bool move_up(struct afmon_cells *cells, unsigned from, int64_t index)
{
    size_t slot = slot_of(index);
    struct afmon_time_bucket *cell = &cells->levels[from].cells[slot];
    if (cell->count == 0)
        return true;
    int64_t quarter = index * (INT64_C(1) << (2 * from));
    unsigned to = level_of(cells, quarter);
    struct afmon_cell_level *level = &cells->levels[to];
    if (!open_level(cells, level))
        return false;
    size_t place = slot_of(index_at(quarter, to));
    afmon_cell_merge(&level->cells[place], cell);
    *cell = (struct afmon_time_bucket){0};
    if (!cells->timed)
        return true;
    return move_into(cells, &level->sketches[place], &cells->levels[from].sketches[slot]);
}

/* A newer sample came: what no level holds any more at its place goes up, the coarsest first, so that there is room. */
static bool advance(struct afmon_cells *cells, int64_t newest)
{
    int64_t before = cells->newest;
    cells->newest = newest;
    for (unsigned level = AFMON_CELL_LEVELS; level-- > 0;) {
        if (cells->levels[level].cells == NULL)
            continue;
        int64_t last = index_at(before, level);
        int64_t gone = index_at(newest, level) - AFMON_CELLS;
        for (int64_t index = last - AFMON_CELLS + 1; index <= last && index <= gone; index++)
            if (!move_up(cells, level, index))
                return false;
    }
    return true;
}

static bool add(struct afmon_cells *cells, int64_t time_ns, double value)
{
    int64_t quarter = afmon_quarter_of(time_ns);
    if (!cells->any)
        cells->newest = cells->oldest = quarter;
    cells->any = true;
    if (quarter > cells->newest && !advance(cells, quarter))
        return false;
    if (quarter < cells->oldest)
        cells->oldest = quarter;
    unsigned at = level_of(cells, quarter);
    struct afmon_cell_level *level = &cells->levels[at];
    if (!open_level(cells, level))
        return false;
    size_t slot = slot_of(index_at(quarter, at));
    afmon_cell_merge(&level->cells[slot], &(struct afmon_time_bucket){1, value, value, value});
    struct afmon_sketch_limits limits = limits_of(cells);
    return !cells->timed || afmon_sketch_add(&level->sketches[slot], value, &limits);
}

static size_t levels_of(const struct afmon_cells *cells)
{
    size_t count = 0;
    for (size_t i = 0; i < AFMON_CELL_LEVELS; i++)
        count += cells->levels[i].cells != NULL;
    return count;
}

bool afmon_cells_add(struct afmon_cells *cells, int64_t time_ns, double value)
{
    if (cells->given_up || add(cells, time_ns, value))
        return true;
    if (!cells->given_up)
        return false;
    cells->account->left += levels_of(cells) * LEVEL_BYTES;
    afmon_cells_free(cells);
    cells->given_up = true;
    return true;
}

void afmon_cells_free(struct afmon_cells *cells)
{
    struct afmon_sketch_limits limits = limits_of(cells);
    for (size_t i = 0; i < AFMON_CELL_LEVELS; i++) {
        struct afmon_cell_level *level = &cells->levels[i];
        for (size_t slot = 0; level->sketches != NULL && slot < AFMON_CELLS; slot++)
            afmon_sketch_free(&level->sketches[slot], &limits);
        free(level->sketches);
        free(level->cells);
    }
    *cells = (struct afmon_cells){.timed = cells->timed, .optional = cells->optional, .account = cells->account};
}

size_t afmon_cells_bytes(const struct afmon_cells *cells)
{
    size_t bytes = 0;
    for (size_t i = 0; i < AFMON_CELL_LEVELS; i++) {
        const struct afmon_cell_level *level = &cells->levels[i];
        bytes += level->cells != NULL ? AFMON_CELLS * sizeof *level->cells : 0;
        for (size_t slot = 0; level->sketches != NULL && slot < AFMON_CELLS; slot++)
            bytes += sizeof level->sketches[0] + afmon_sketch_bytes(&level->sketches[slot]);
    }
    return bytes;
}

unsigned afmon_cells_finest(const struct afmon_cells *cells, int64_t quarter)
{
    return cells->any && quarter < cells->newest ? 2 * level_of(cells, quarter) : 0;
}

static bool each_of_level(const struct afmon_cells *cells, unsigned at, int64_t from, int64_t to,
                          afmon_cell_visit visit, void *user)
{
    const struct afmon_cell_level *level = &cells->levels[at];
    int64_t width = INT64_C(1) << (2 * at);
    int64_t newest = index_at(cells->newest, at);
    int64_t index = index_at(from, at);
    int64_t last = index_at(to, at);
    index = index > newest - AFMON_CELLS + 1 ? index : newest - AFMON_CELLS + 1;
    last = last < newest ? last : newest;
    for (; index <= last; index++) {
        size_t slot = slot_of(index);
        const struct afmon_sketch *sketch = level->sketches != NULL ? &level->sketches[slot] : NULL;
        if (level->cells[slot].count > 0 && !visit(user, index * width, width, &level->cells[slot], sketch))
            return false;
    }
    return true;
}

bool afmon_cells_each(const struct afmon_cells *cells, int64_t from, int64_t to, afmon_cell_visit visit, void *user)
{
    for (unsigned level = 0; level < AFMON_CELL_LEVELS; level++)
        if (cells->levels[level].cells != NULL && !each_of_level(cells, level, from, to, visit, user))
            return false;
    return true;
}
