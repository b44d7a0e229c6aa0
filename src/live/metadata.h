/* From the metadata of a line to the operation and the model that it names. */
#ifndef AFMON_LIVE_METADATA_H
#define AFMON_LIVE_METADATA_H

#include "live/groups.h"
#include "store/reader.h"

struct afmon_live_labels {
    struct afmon_group *operation; /* NULL: none is named */
    struct afmon_group *model;
};

struct afmon_live_metadata; /* remembers texts that come again, in some hundred KB; opaque */

struct afmon_live_metadata *afmon_live_metadata_new(void); /* NULL: no memory */
void afmon_live_metadata_free(struct afmon_live_metadata *metadata);

/* Forgets all: before the groups go. */
void afmon_live_metadata_clear(struct afmon_live_metadata *metadata);

/* Finds the labels of the sample that the reader read last. AFMON_OK or AFMON_E_NO_MEMORY. */
afmon_status afmon_live_metadata_labels(struct afmon_live_metadata *metadata, struct afmon_reader *reader,
                                        struct afmon_read_sample *sample, struct afmon_groups *operations,
                                        struct afmon_groups *models, struct afmon_live_labels *labels);

#endif
