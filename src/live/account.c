/* The memory of all cells. */
#include "live/live_internal.h"

/* What keeps a follower within AFMON_LIVE_BYTES, whatever the run invents. */
#define CELL_BYTES ((size_t)8 << 20)   /* cells of metrics that not all runs have */
#define SKETCH_BYTES ((size_t)6 << 20) /* sketches in cells; the model has room of its own */
#define SKETCH_MAX ((size_t)64 << 10)  /* of each, where room is short for the first time */

void afmon_live_begin_account(struct afmon_live *live)
{
    live->account = (struct afmon_cell_account){.left = CELL_BYTES, .room = SKETCH_BYTES, .sketch_max = SKETCH_MAX};
}

/* The largest give first. A quarter is made free at once, so that this is seldom done. */
void afmon_live_narrow(struct afmon_live *live)
{
    struct afmon_cell_account *account = &live->account;
    if (account->room >= SKETCH_BYTES / 32)
        return;
    while (account->sketch_max >= AFMON_SKETCH_BYTES_MIN) {
        afmon_live_table_narrow(live->table);
        if (account->room >= SKETCH_BYTES / 4)
            return;
        account->sketch_max /= 2;
    }
}
