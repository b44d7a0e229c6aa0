#include "store/time_walk.h"

#include "base/clamp.h"

#define DAY_US (INT64_C(86400) * 1000000)

static bool is_before(int64_t a_us, int64_t b_us)
{
    return a_us < afmon_clamp_sub(b_us, AFMON_TIME_JITTER_US);
}

static bool in_same_stretch(const struct afmon_time_walk *walk, int64_t first_us)
{
    int64_t apart = afmon_clamp_sub(first_us, walk->shown_us);
    return walk->begun && walk->again_us != 0 && apart < DAY_US && apart > -DAY_US;
}

/* What follows an open stretch is known: true where the stretch was the second time. */
static bool close_stretch(struct afmon_time_walk *walk, int64_t first_us)
{
    if (!walk->open)
        return false;
    walk->open = false;
    int64_t tie_us = afmon_clamp_sub(first_us, afmon_clamp_add(walk->last_us, walk->again_us));
    return tie_us >= -AFMON_TIME_JITTER_US && tie_us < walk->tie_us && tie_us < walk->again_us;
}

static int64_t go_on(struct afmon_time_walk *walk, int64_t first_us, int64_t again_us)
{
    if (!is_before(first_us, walk->last_us))
        return first_us;
    walk->open = false;
    return first_us + again_us;
}

static int64_t begin_stretch(struct afmon_time_walk *walk, int64_t first_us, int64_t again_us)
{
    walk->stretch++;
    walk->tie_us = walk->begun ? afmon_clamp_sub(first_us, walk->last_us) : INT64_MAX;
    bool earlier = walk->begun && is_before(first_us, walk->last_us);
    if (earlier && !is_before(first_us + again_us, walk->last_us))
        return first_us + again_us;
    if (earlier) /* the clock was set back by far more: that line tells nothing */
        walk->tie_us = INT64_MAX;
    walk->open = walk->tie_us > AFMON_TIME_JITTER_US;
    return first_us;
}

static void note(struct afmon_time_walk *walk, int64_t wall_us, int64_t first_us, int64_t again_us)
{
    walk->step_us = walk->begun ? afmon_clamp_sub(wall_us, walk->last_us) : 0;
    walk->begun = true;
    walk->last_us = wall_us;
    walk->shown_us = first_us;
    walk->again_us = again_us;
}

enum afmon_time_said afmon_time_walk_on(struct afmon_time_walk *walk, int64_t first_us, int64_t again_us,
                                        int64_t *wall_us)
{
    enum afmon_time_said said = AFMON_TIME_CLEAR;
    *wall_us = first_us;
    if (again_us != 0 && in_same_stretch(walk, first_us)) {
        *wall_us = go_on(walk, first_us, again_us);
    } else {
        bool second = close_stretch(walk, first_us);
        if (again_us != 0)
            *wall_us = begin_stretch(walk, first_us, again_us);
        said = second ? AFMON_TIME_WAS_SECOND : walk->open ? AFMON_TIME_OPENS : AFMON_TIME_CLEAR;
    }
    note(walk, *wall_us, first_us, again_us);
    return said;
}

int64_t afmon_time_walk_is_second(struct afmon_time_walk *walk)
{
    walk->open = false;
    walk->step_us = afmon_clamp_add(walk->step_us, walk->again_us);
    walk->last_us = walk->shown_us + walk->again_us;
    return walk->last_us;
}
