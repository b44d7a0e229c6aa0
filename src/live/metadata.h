/* From the metadata of a line to what it says: the operation and the model that it names, and the facts that a run's
 * summary and its meters go by. */
#ifndef AFMON_LIVE_METADATA_H
#define AFMON_LIVE_METADATA_H

#include "catalog/facts.h"
#include "live/groups.h"
#include "meters/labels.h"
#include "store/reader.h"

struct afmon_live_labels {
    struct afmon_group *operation; /* NULL: none is named */
    struct afmon_group *model;
    struct afmon_sample_facts facts; /* without kind and name, which are the metric's */
    struct afmon_meter_labels meter; /* where meters are asked for */
    uint64_t wanted;                 /* rules that want such samples */
};

struct afmon_live_metadata; /* remembers texts that come again, in 1.5 MB; opaque */

struct afmon_live_metadata *afmon_live_metadata_new(bool meters,
                                                    const struct afmon_live_rules *rules); /* NULL: no memory */
void afmon_live_metadata_free(struct afmon_live_metadata *metadata);

/* Forgets all: before the groups go. */
void afmon_live_metadata_clear(struct afmon_live_metadata *metadata);

/* Finds the labels of the sample that the reader read last; they are valid until the next call, or until the reader
 * reads on. AFMON_OK or AFMON_E_NO_MEMORY. */
afmon_status afmon_live_metadata_labels(struct afmon_live_metadata *metadata, struct afmon_reader *reader,
                                        struct afmon_read_sample *sample, struct afmon_groups *operations,
                                        struct afmon_groups *models, const struct afmon_live_labels **labels);

/* Of a sample whose metadata do not matter. */
const struct afmon_live_labels *afmon_live_metadata_none(const struct afmon_live_metadata *metadata);

size_t afmon_live_metadata_bytes(const struct afmon_live_metadata *metadata);

#endif
