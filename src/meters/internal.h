/* What the parts of the meters share. The lock is held in all of it. */
#ifndef AFMON_METERS_INTERNAL_H
#define AFMON_METERS_INTERNAL_H

#include <pthread.h>

#include "catalog/error_share.h"
#include "catalog/metrics.h"
#include "meters/labels.h"
#include "meters/meters.h"
#include "meters/table.h"

/* A text of a call on its way: its sample is gone before the call is complete. */
struct afmon_kept_text {
    char data[AFMON_METER_LABEL_SIZE];
    size_t length;
};

struct afmon_meter_call {
    bool open;
    bool failed;
    int64_t timestamp_ns;
    double duration_s;
    struct afmon_kept_text operation, operation_name, provider, model, error_type;
};

struct afmon_meters {
    pthread_mutex_t lock;
    struct afmon_meter_table table;
    struct afmon_meter_table bare;   /* what was counted of samples beside tracked calls */
    bool tracked[AFMON_INSTRUMENTS]; /* there are others: those of `bare` do not count */
    int64_t since_ns[AFMON_INSTRUMENTS];
    struct afmon_meter_table *counts;     /* where a sample is counted: one of the two */
    struct afmon_outcome_counts outcomes; /* which tell the errors where error_rate has no zeros */
    struct afmon_meter_call own;
    struct afmon_meter_call *call;                           /* that samples belong to: own, or a caller's */
    struct afmon_meter_series *samples_of[AFMON_METRIC_IDS]; /* of the counter of samples; NULL: not known yet */
    uint64_t samples;
};

#define AFMON_LABEL_LITERAL(literal)                                                                                   \
    (struct afmon_label_text)                                                                                          \
    {                                                                                                                  \
        literal, sizeof literal - 1                                                                                    \
    }

/* ---- count.c ---- */

/* The series of these values, or the one of "other", which is counted. NULL: no memory. */
struct afmon_meter_series *afmon_meter_series_of(struct afmon_meters *meters, enum afmon_instrument_id id,
                                                 const struct afmon_label_text *values);
void afmon_meter_count(struct afmon_meters *meters, enum afmon_instrument_id id, const struct afmon_label_text *values,
                       double by);
/* One more sample of a metric; in the table of all that counts. */
void afmon_meter_count_sample(struct afmon_meters *meters, enum afmon_metric_id metric, struct afmon_label_text name);
void afmon_meter_observe(struct afmon_meters *meters, enum afmon_instrument_id id,
                         const struct afmon_label_text *values, double value);

/* ---- call.c: the call on its way ---- */

void afmon_meter_begin_call(struct afmon_meters *meters, const afmon_sample *sample,
                            const struct afmon_meter_labels *labels);
/* The call that the sample belongs to; NULL: to none. */
struct afmon_meter_call *afmon_meter_call_of(struct afmon_meters *meters, const afmon_sample *sample);
void afmon_meter_settle(struct afmon_meters *meters);

void afmon_meter_keep(struct afmon_kept_text *kept, struct afmon_label_text text);
struct afmon_label_text afmon_meter_kept(const struct afmon_kept_text *kept);

/* ---- sample.c: what each metric counts as ---- */

void afmon_meter_add(struct afmon_meters *meters, const afmon_sample *sample, const struct afmon_meter_labels *labels);

#endif
