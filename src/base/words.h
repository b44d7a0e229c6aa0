/* Numbers, durations and times as people read them, in English, whatever the locale. */
#ifndef AFMON_BASE_WORDS_H
#define AFMON_BASE_WORDS_H

#include <stdint.h>

/* A short text by value. */
struct afmon_words {
    char text[64];
};

struct afmon_words afmon_words_count(uint64_t count);      /* 1,234,567 */
struct afmon_words afmon_words_compact(double value);      /* 912, 12.3k, 4.56M; "-" where not finite */
struct afmon_words afmon_words_bytes(double bytes);        /* 987 B, 12.3 KB, 4.56 MB (powers of 1000) */
struct afmon_words afmon_words_number(double value);       /* four significant digits: 0.8125, 12.41, 1,234, 1.2e-07 */
struct afmon_words afmon_words_dollars(double usd);        /* $1,234, $12.34, $0.0123; "-" where not finite */
struct afmon_words afmon_words_percent(double fraction);   /* 62.5%; never 100.0% or 0.0% for what is not quite that */
struct afmon_words afmon_words_seconds(double seconds);    /* 12.3 ms, 4.56 s, 3 min 20 s, 2 h 05 min, 3 d 04 h */
struct afmon_words afmon_words_time(int64_t time_ns);      /* 2026-11-23 09:20:35 (UTC) */
struct afmon_words afmon_words_time_only(int64_t time_ns); /* 09:20:35 */

/* "12.5/s"; below one a second "12.0/min", below one a minute "3.00/h". */
struct afmon_words afmon_words_rate(double per_s);

/* The time that something takes yet, p50 (p10 to p90), in one unit: "4.2 min (3.1 to 6.0 min)"; without the band where
 * its ends are NaN, and "-" where p50 is. And what it waits for: "7 open, the oldest for 41 s"; "" where nothing is
 * open. */
struct afmon_words afmon_words_left(double p10_s, double p50_s, double p90_s);
struct afmon_words afmon_words_open(uint64_t count, double oldest_s);

/* Several items of a kind, which is any text: "conversations"; and as a title, "Conversations". Cut where it is long.
 */
struct afmon_words afmon_words_kinds(const char *kind);
struct afmon_words afmon_words_kinds_title(const char *kind);

#endif
