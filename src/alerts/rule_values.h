/* Values of a rules file. All: false where the text is none. */
#ifndef AFMON_ALERTS_RULE_VALUES_H
#define AFMON_ALERTS_RULE_VALUES_H

#include <afmon/afmon.h>

/* "0.8", "-3", "80%" (0.8). */
bool afmon_read_number(const char *text, double *number);

/* "90" (seconds), "90s", "1.5h", "1h30m"; units ms, s, m, h, d. */
bool afmon_read_duration(const char *text, double *seconds);

/* A whole number, not negative. */
bool afmon_read_count(const char *text, uint64_t *count);

/* "mean", "p99", "p99.9" ... */
bool afmon_read_aggregate(const char *text, afmon_rule_aggregate *aggregate, double *quantile);
#define AFMON_AGGREGATE_WORDS "mean, min, max, sum, count, rate, stddev, or a quantile (p50, p99, p99.9)"

bool afmon_read_level(const char *text, afmon_level *level);
bool afmon_read_switch(const char *text, bool *on); /* "true", "false" */

/* A value of metadata, as it stands without quotes: true, false, null, a number, or else text, which is not copied. */
void afmon_read_plain(const char *text, afmon_field *field);

#endif
