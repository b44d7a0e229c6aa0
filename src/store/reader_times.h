/* What becomes of the times of a metrics file: each line's own, and what its reader is told of them. */
#ifndef AFMON_STORE_READER_TIMES_H
#define AFMON_STORE_READER_TIMES_H

#include <afmon/afmon.h>

#include "store/time_walk.h"

struct afmon_read_sample;

/* Steps of one direction. */
struct afmon_time_steps {
    uint64_t count;
    uint64_t line; /* of the first */
    int64_t from_us;
    int64_t to_us;
};

/* Zeroed where a file begins. */
struct afmon_file_times {
    struct afmon_time_walk walk;
    struct afmon_time_steps back;  /* by more than the jitter */
    struct afmon_time_steps ahead; /* by more than a year */
    uint64_t twice;                /* lines whose times clocks show twice */
    uint64_t twice_line;           /* the first of them */
    uint64_t unknown;              /* stretches of which nothing tells which time they are */
    uint64_t unknown_line;
};

/* Decides which time a sample's is: sets wall_us, and again_us to 0. path, behind and end: where the lines behind it
 * are. AFMON_OK, AFMON_E_NO_MEMORY. What else is wrong with the file who reads it will find out. *said may be NULL. */
afmon_status afmon_file_times_take(struct afmon_file_times *times, const char *path, int64_t behind, int64_t end,
                                   uint64_t line, struct afmon_read_sample *sample, enum afmon_time_said *said);

/* Gives what is to be told of the file that was read. */
void afmon_file_times_tell(const struct afmon_file_times *times,
                           void (*warning)(void *user, uint64_t line_number, const char *what), void *user);

#endif
