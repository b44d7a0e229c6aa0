/* What the core's own thread works with. */
#ifndef AFMON_MONITOR_DRAIN_H
#define AFMON_MONITOR_DRAIN_H

#include "base/text.h"
#include "monitor/core.h"

/* A log record that waits until its batch has landed; offsets into drain.log_texts. */
struct afmon_pending_log {
    size_t message;
    size_t message_length;
    size_t packed;
    size_t packed_length;
    afmon_level level;
    int64_t wall_ns;
};

struct afmon_drain {
    struct afmon_core *core;
    struct afmon_expander expander;
    struct afmon_timestamp_cache time;
    int64_t wall_offset_ns;
    bool out_of_memory; /* the record on its way could not be taken for lack of it */

    /* The batch on its way. */
    struct afmon_buffer metrics; /* lines */
    struct afmon_buffer log;
    struct afmon_store_sample *samples;
    size_t sample_count, sample_capacity;
    struct afmon_set **held; /* references to give back after the batch */
    size_t held_count, held_capacity;
    struct afmon_pending_log *logs;
    size_t log_count, log_capacity;
    size_t log_lines; /* log records in the batch, those for the file alone included */
    struct afmon_buffer log_texts;
    struct afmon_buffer item_text;          /* scratch: metadata with the item's id */
    struct afmon_dispatch_sample *outgoing; /* the samples as handlers get them */
    size_t outgoing_capacity;

    struct afmon_producer **producers;
    size_t producer_count, producer_capacity;
};

bool afmon_drain_init(struct afmon_drain *drain, struct afmon_core *core);
void afmon_drain_free(struct afmon_drain *drain);

/* Takes all that is in the rings now. Returns 0, or errno where the files could not be written (what is left stays in
 * the rings). *moved: records taken. */
int afmon_drain_pass(struct afmon_drain *drain, uint64_t *moved);

/* batch.c: the parts of records, collected. */
void afmon_batch_clear(struct afmon_drain *drain);
bool afmon_batch_add(struct afmon_drain *drain, const unsigned char *record); /* false: no memory, nothing added */
void afmon_batch_deliver(struct afmon_drain *drain); /* to store and handlers, after it landed */

#endif
