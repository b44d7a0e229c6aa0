/* The times of a file's lines in their order: which of two it was where local clocks show a time twice, and where times
 * step. It depends on the file's content alone, so that everybody who reads the file comes to the same times. */
#ifndef AFMON_STORE_TIME_WALK_H
#define AFMON_STORE_TIME_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lines of threads that record side by side stand at most so far out of order. */
#define AFMON_TIME_JITTER_US (INT64_C(60) * 1000000)

/* A stretch is a row of lines whose times clocks show twice. Its first line is the first time where the line before it
 * is at most the jitter earlier, the second where the line before it is later than the first time would be. Else the
 * stretch is open: a step back within it tells that it began as the first time; the line behind it, that all of it was
 * the second, where that is nearer to that line than the first is to the line before, and than an hour. Where nothing
 * tells, it is the first. Within a stretch each line is the first time that is not before the line before it.
 *
 * Zeroed to begin with, at the begin of a file, or behind a line whose time clocks show once. */
struct afmon_time_walk {
    bool begun;
    bool open;
    int64_t last_us;  /* time of the line before */
    int64_t shown_us; /* its first, where clocks show it twice */
    int64_t again_us; /* of the line before */
    int64_t tie_us;   /* an open stretch begins so much later than the line before it; INT64_MAX: nothing is known */
    uint64_t stretch; /* how many have begun */
    int64_t step_us;  /* from the line before to this one; 0 for the first */
};

enum afmon_time_said {
    AFMON_TIME_CLEAR,
    AFMON_TIME_OPENS,     /* with this line an open stretch begins, which is taken as the first time: look ahead */
    AFMON_TIME_WAS_SECOND /* this line tells that the stretch before it was the second time, and was taken as the first
                           */
};

/* Takes the next line's time, the first where there are two, and gives the one that it is. */
enum afmon_time_said afmon_time_walk_on(struct afmon_time_walk *walk, int64_t first_us, int64_t again_us,
                                        int64_t *wall_us);

/* The open stretch that has just begun is the second time; gives the time of its first line. */
int64_t afmon_time_walk_is_second(struct afmon_time_walk *walk);

#endif
