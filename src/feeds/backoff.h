/* How long to wait for a receiver that does not take what it is sent. Pure: no clock, no chance of their own. */
#ifndef AFMON_FEEDS_BACKOFF_H
#define AFMON_FEEDS_BACKOFF_H

#include <time.h>

/* The back-off after one more failure: 1 s after the first (last_s is 0), then twice the last, at most 60 s. */
double afmon_backoff_next(double last_s);

/* Seconds until the next try. Where the receiver asked for a time (asked_s, below 0: it did not) it is that; else the
 * back-off less up to a quarter of it, by `chance` (0 to 1): many machines that lost the same receiver must not come
 * back together. */
double afmon_backoff_wait(double backoff_s, double asked_s, double chance);

/* The value of a Retry-After header, seconds or an HTTP date, which is held against `now`: 0 to 3600 s; below 0 where
 * it is neither. */
double afmon_backoff_asked(const char *value, time_t now);

#endif
