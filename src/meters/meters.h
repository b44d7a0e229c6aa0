/* The figures of a run as the outside counts them: counters and histograms by label set, fed sample by sample, that
 * only ever grow. Prometheus text and OTLP are written from them.
 *
 * Bounds. An instrument has at most AFMON_METER_SERIES label sets, a label's value at most AFMON_METER_LABEL_SIZE
 * bytes. Whatever a run invents beyond is counted under the value "other", and how often is counted, too. Label sets
 * stay: none is given up for another one.
 *
 * The samples of one tracked call come one behind the other with the same time (src/ingest/expand_generation.c), and
 * tell different things of it: the duration has no model, the model no duration. So a call is gathered until a sample
 * comes that is not of it, or afmon_meters_settle says that none will.
 *
 * Samples that a program recorded beside the tracked calls (catalog/bare.h) are counted apart, and stand in an
 * instrument for as long as it has no tracked sample. With the first of these it begins again from nothing, as a
 * counter does whose process was started anew.
 *
 * Threads: all functions but _new and _free take the meters' lock. */
#ifndef AFMON_METERS_METERS_H
#define AFMON_METERS_METERS_H

#include <afmon/afmon.h>

#include "meters/instruments.h"

#define AFMON_METER_SERIES 256
#define AFMON_METER_LABEL_SIZE 128 /* longer values are cut at a character's end */

struct afmon_meters; /* opaque */

struct afmon_meters *afmon_meters_new(void); /* NULL: no memory */
void afmon_meters_free(struct afmon_meters *meters);

/* Counts a sample. Without memory for a new label set it is counted as an overflow. */
void afmon_meters_add(struct afmon_meters *meters, const afmon_sample *sample);

/* Says that the call on its way has no further samples. */
void afmon_meters_settle(struct afmon_meters *meters);

/* For those who count samples of several sources at once: each source has a call on its way of its own, which a sample
 * of another one does not end. The labels are those of the sample's metadata (meters/labels.h); its fields are not
 * looked at. */
struct afmon_meter_call; /* opaque; free() it */
struct afmon_meter_labels;
struct afmon_meter_call *afmon_meter_call_new(void); /* NULL: no memory */
void afmon_meters_add_from(struct afmon_meters *meters, struct afmon_meter_call *call, const afmon_sample *sample,
                           const struct afmon_meter_labels *labels);
void afmon_meters_settle_call(struct afmon_meters *meters, struct afmon_meter_call *call);

/* What a pass of the alert rules found: each alert counts one, and is active until a pass does not have it. */
void afmon_meters_set_alerts(struct afmon_meters *meters, const afmon_alert *alerts, size_t count);

/* One label set of an instrument, as a reader gets it. */
struct afmon_meter {
    const struct afmon_instrument *instrument;
    const char *values[AFMON_MAX_LABELS]; /* as many as the instrument has labels; "": has none. UTF-8 */
    int64_t since_ns;                     /* when it began again from nothing; 0: it counts from the beginning */
    double value;                         /* of counters and gauges; of a histogram the sum */
    uint64_t count;                       /* of a histogram */
    const uint64_t *buckets;              /* of a histogram: bounds->count + 1, each only what is in it, not below it */
};

/* Calls visit for each label set, instrument by instrument, within an instrument in the order in which they came; with
 * the lock held, so visit must be quick. Stops where it returns false. */
void afmon_meters_each(struct afmon_meters *meters, bool (*visit)(void *user, const struct afmon_meter *meter),
                       void *user);

/* About what they take. */
size_t afmon_meters_bytes(struct afmon_meters *meters);

/* The same of one instrument. */
void afmon_meters_each_of(struct afmon_meters *meters, enum afmon_instrument_id id,
                          bool (*visit)(void *user, const struct afmon_meter *meter), void *user);

/* Samples counted so far, and the label sets there are. */
uint64_t afmon_meters_samples(struct afmon_meters *meters);
size_t afmon_meters_count(struct afmon_meters *meters);

#endif
