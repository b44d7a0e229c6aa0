/* Ticks of a time axis, in UTC, at steps that clocks and calendars have. Pure functions. */
#ifndef AFMON_PLOT_TIMES_H
#define AFMON_PLOT_TIMES_H

#include <stdint.h>

#include "plot/numbers.h"

/* At most `most` ticks (1 to AFMON_TICKS_MAX - 1) from first_us to last_us, first before last. A tick's place is in
 * microseconds from first_us. The first one has the date below it, later ones where it changes. */
void afmon_time_ticks(struct afmon_ticks *ticks, int64_t first_us, int64_t last_us, unsigned most);

#define AFMON_SPAN_TEXT_SIZE 64

/* "2026-11-23 11:46:19 to 11:46:32 UTC", with what of the second time differs. */
void afmon_span_text(char out[AFMON_SPAN_TEXT_SIZE], int64_t first_us, int64_t last_us);

#endif
