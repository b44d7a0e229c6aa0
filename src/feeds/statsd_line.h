/* A sample as a line of StatsD, or of DogStatsD, which has tags. */
#ifndef AFMON_FEEDS_STATSD_LINE_H
#define AFMON_FEEDS_STATSD_LINE_H

#include <afmon/afmon.h>

#include "base/buffer.h"

#define AFMON_STATSD_LINE_MAX 1200 /* longer ones are cut, so that a line always fits into a packet */

struct afmon_statsd_style {
    char prefix[64]; /* "afmon." */
    char tags[256];  /* "env:prod,team:a", on every line; "": none */
    bool dog;
};

/* Writes the line, with its newline, into out (room for AFMON_STATSD_LINE_MAX bytes); returns its length. 0: there is
 * nothing to say of the sample (a value that is not finite). */
size_t afmon_statsd_line(char *out, const struct afmon_statsd_style *style, const afmon_sample *sample);

#endif
