/* Samples as a reader gives them, into the model of a run and, where asked for, into its meters. What a name says, and
 * what the metadata of a line say, is worked out once for as long as the same text comes again. */
#ifndef AFMON_MODEL_FEED_H
#define AFMON_MODEL_FEED_H

#include "meters/meters.h"
#include "model/model.h"
#include "store/reader.h"

struct afmon_feed; /* opaque */

/* One file that is read, from one end: its samples of one call stand one behind the other. */
struct afmon_feed_source {
    struct afmon_model_call call;
    struct afmon_meter_call *meter_call; /* NULL: no meters are fed; free() it */
    uint32_t file;                       /* which one (afmon_run_file_of); 0: not known */
};

/* meters: give the model's samples to meters, too. NULL: no memory. */
struct afmon_feed *afmon_feed_new(bool meters);
void afmon_feed_free(struct afmon_feed *feed);

/* What was worked out for another model must not be used for this one. */
void afmon_feed_forget(struct afmon_feed *feed);

/* Adds a sample. source NULL: what is read has no order of calls. AFMON_OK, AFMON_E_NO_MEMORY (the model has part of
 * it), or what the reader says of the metadata. */
afmon_status afmon_feed_take(struct afmon_feed *feed, struct afmon_model *model, struct afmon_meters *meters,
                             struct afmon_reader *reader, struct afmon_read_sample *sample,
                             struct afmon_feed_source *source, int64_t time_ns);

/* No further sample of the call on its way can follow. */
void afmon_feed_settle(struct afmon_model *model, struct afmon_meters *meters, struct afmon_feed_source *source);

/* A reader's time in nanoseconds, as near as an int64_t comes. */
int64_t afmon_feed_time(const struct afmon_read_sample *sample);

size_t afmon_feed_bytes(const struct afmon_feed *feed);

#endif
