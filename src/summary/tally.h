/* What a run comes to, sample by sample: fed once with each sample, in any order of time, and read at any time.
 *
 * A sample costs about a quarter of a microsecond. Memory: at most 1,000 names of each kind (summary/names.h), 24 KiB
 * for the spread of one operation's or score's values, 1.8 MiB for the time line; some tens of KiB in a usual run.
 * One thread at a time. */
#ifndef AFMON_SUMMARY_TALLY_H
#define AFMON_SUMMARY_TALLY_H

#include <afmon/afmon.h>

#include "catalog/facts.h"

struct afmon_run_tally; /* opaque */

struct afmon_run_tally *afmon_run_tally_new(void); /* NULL: no memory */
void afmon_run_tally_free(struct afmon_run_tally *tally);

/* Of an empty one: spreads take at most so many bytes together (and 192 bytes for each beyond); quantile_error tells
 * what that costs. */
void afmon_run_tally_limit(struct afmon_run_tally *tally, size_t spread_bytes);

/* About what it takes. */
size_t afmon_run_tally_bytes(const struct afmon_run_tally *tally);

/* False: something of the sample (a name, a value's class) could not be kept for want of memory; it is counted under
 * "(other)" or left out of quantiles, and the summary warns of it. The tally stays usable; do not add it again. */
bool afmon_run_tally_add(struct afmon_run_tally *tally, const afmon_sample *sample);

/* The same of a sample that was looked at already. */
bool afmon_run_tally_add_facts(struct afmon_run_tally *tally, int64_t time_ns, double value,
                               const struct afmon_sample_facts *facts);

/* What the samples do not say. */
struct afmon_run_facts {
    size_t metric_count;
    size_t file_count;
    uint64_t problem_count; /* lines that could not be read */
    uint64_t recovered;
    uint64_t dropped; /* samples that the run's monitors had to drop, where that is known */
    bool live;
    const afmon_alert_limits *limits; /* NULL: the defaults */
    /* The rules that held (afmon_view_check). NULL: judged by the tally's own time line, to within its buckets: 5
     * seconds, wider where the run is longer than 22 hours. */
    const afmon_alert_span *alerts;
    size_t alert_count;
    /* Exact ones in place of the tally's own, which are within 1 %; NULL: none. */
    const afmon_distribution *generation_time;
    const afmon_distribution *evaluation_time;
    const afmon_distribution *conversation_length;
};

/* A summary of what was added so far; the tally stays as it is. NULL: no memory. Costs some microseconds for each
 * operation and score, and up to 10 ms to judge the rules over a long time line. */
afmon_run_summary *afmon_run_tally_read(const struct afmon_run_tally *tally, const struct afmon_run_facts *facts);

#endif
