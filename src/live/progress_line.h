/* A run in one line. */
#ifndef AFMON_LIVE_PROGRESS_LINE_H
#define AFMON_LIVE_PROGRESS_LINE_H

#include <afmon/afmon.h>

#define AFMON_PROGRESS_LINE_SIZE 512

/* "1,248 of 3,000 conversations  left 5.8 s (5.3 to 6.6 s)  2 alerts  63.8% accepted  $3.60", in at most so many
 * columns: what does not fit is left out. ended: how long it took, in place of how long it takes yet. Text that a
 * terminal may be given. False: no memory. */
bool afmon_live_progress_line(afmon_live *live, bool ended, size_t width, char *line, size_t size);

#endif
