/* Alert rules judged over a whole run, in bounded memory, from samples in any order of time.
 *
 * Passes lie on a grid: pass n is at n periods since the epoch, so a sample's passes are known before the run's first
 * and last sample are. All samples that lie in the same passes of a rule are summed up once: a segment. Where there are
 * more than AFMON_SEGMENTS_MAX segments, the period doubles, and each segment becomes part of one of the wider grid. So
 * what is judged depends on the samples, and not on their order.
 *
 * The first pass is at least a period after the first sample. The last one is the first at or after the last sample:
 * what a monitor would have found next; a run shorter than a period has that one alone. */
#ifndef AFMON_MODEL_TRACKS_H
#define AFMON_MODEL_TRACKS_H

#include <afmon/afmon.h>

#include "base/exact_sum.h"
#include "base/sketch.h"
#include "model/column.h"

#define AFMON_TRACKS_MAX 64          /* rules that are judged: bits of a mask */
#define AFMON_SEGMENTS_MAX (1 << 16) /* 6 MiB, and what quantiles need */

struct afmon_tracks; /* opaque */

/* Copies the rules, the first AFMON_TRACKS_MAX of them. period_ns: at least a second. NULL: no memory. */
struct afmon_tracks *afmon_tracks_new(const afmon_alert_rule *rules, size_t count, int64_t period_ns,
                                      size_t *sketch_room);
/* An empty one with the same rules and the period that this one began with. NULL: no memory. */
struct afmon_tracks *afmon_tracks_another(const struct afmon_tracks *tracks);
void afmon_tracks_free(struct afmon_tracks *tracks);

/* The rules that look at a metric, and those that samples with such fields satisfy. */
uint64_t afmon_tracks_of_metric(const struct afmon_tracks *tracks, const char *metric, size_t length);
uint64_t afmon_tracks_of_fields(const struct afmon_tracks *tracks, const afmon_field *fields, size_t count);

/* The rules that are so. */
uint64_t afmon_tracks_that(const struct afmon_tracks *tracks, bool (*are)(const afmon_alert_rule *rule));

/* Adds a finite value to these rules. False: no memory; it is then left out. */
bool afmon_tracks_add(struct afmon_tracks *tracks, uint64_t rules, int64_t time_ns, double value);

/* The same for all finite values of a column; of: what each of them stands for (NULL: itself). */
bool afmon_tracks_add_column(struct afmon_tracks *tracks, uint64_t rules, const struct afmon_model_column *column,
                             double (*of)(double value));

int64_t afmon_tracks_period(const struct afmon_tracks *tracks);

/* Judges these rules in the passes of a run up to end_ns. `ended`: the pass after it, too. Calls visit for each
 * interval, rule by rule, in order of time. False: no memory. */
struct afmon_tracks_span {
    int64_t first_ns;
    int64_t last_ns; /* of the run's samples; later ones in the future of a run that goes on are not judged */
    int64_t end_ns;  /* judged up to here */
    bool ended;
};
bool afmon_tracks_judge(struct afmon_tracks *tracks, uint64_t rules, const struct afmon_tracks_span *span,
                        bool (*visit)(void *user, const afmon_alert_interval *interval), void *user);

size_t afmon_tracks_bytes(const struct afmon_tracks *tracks);

#endif
