/* The calendar (proleptic Gregorian, no leap seconds), and the local time zone. */
#ifndef AFMON_BASE_CIVIL_H
#define AFMON_BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

struct afmon_civil {
    int year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
    int hour;
    int minute;
    int second;
};

/* Seconds since 1970-01-01T00:00:00 to date and time, and back. Years -9999 to 9999. */
struct afmon_civil afmon_civil_from_seconds(int64_t seconds);
int64_t afmon_civil_to_seconds(const struct afmon_civil *civil);

/* True where there is such a date and time (second 60 counts as one). */
bool afmon_civil_exists(const struct afmon_civil *civil);

/* What to add to UTC to get local time at that UTC second. 0 where the system does not know. Any thread. Everything
 * here asks for local time through this: a fork waits until no thread is in it, so that it works in a forked child. */
int64_t afmon_local_offset_s(int64_t utc_s);

/* The UTC second at which local clocks show local_s (seconds of the civil time, as if it were UTC). Where they show it
 * twice: the first time, with *again_s the seconds until the second; else that is 0. Where they skip it: as the clocks
 * before the gap would have gone on. As Python's datetime. */
int64_t afmon_utc_from_local(int64_t local_s, int64_t *again_s);

#endif
