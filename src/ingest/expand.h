/* What a record stands for: its samples and its log record. A tracked call is one record in the ring and becomes its
 * eight or so samples here, so that the caller pays for one, and all of a call or nothing of it is recorded. */
#ifndef AFMON_INGEST_EXPAND_H
#define AFMON_INGEST_EXPAND_H

#include "base/buffer.h"
#include "catalog/item_id.h"
#include "ingest/record.h"

/* A sample: either by the number of its definition, or by name and packed fields (then definition is 0). */
struct afmon_expanded_sample {
    uint32_t definition;
    uint32_t name_length;
    uint32_t packed_length;
    const char *name;
    const void *packed;
    double value;
    struct afmon_item_id item; /* not among the packed fields, but in those of a definition */
};

struct afmon_expanded_log {
    const char *message;
    size_t message_length;
    afmon_level level;
    bool file_only; /* not for log handlers */
    const void *packed;
    size_t packed_length;
};

/* Where the parts go; a function returns false to stop (no memory). */
struct afmon_expand_sink {
    bool (*sample)(void *user, const struct afmon_expanded_sample *sample, int64_t boot_ns);
    bool (*log)(void *user, const struct afmon_expanded_log *log, int64_t boot_ns);
    void *user;
};

/* Scratch memory, kept between calls. */
struct afmon_expander {
    struct afmon_buffer name;
    struct afmon_buffer common; /* metadata that all samples of a tracked call have: model_name and the call's fields */
    struct afmon_buffer packed; /* metadata of one sample that has more */
    struct afmon_buffer rest;   /* metadata that had the item's id amidst them */
    struct afmon_buffer data;
    struct afmon_buffer text;
};

void afmon_expander_init(struct afmon_expander *expander);
void afmon_expander_free(struct afmon_expander *expander);

/* Gives the parts of a checked record (afmon_record_check) to the sink, in the order in which they stand in the files.
 * wall_offset_ns: for the time inside a tracked call's log data. False where memory was short or the sink stopped; then
 * nothing is to be kept of the record. */
bool afmon_expand(struct afmon_expander *expander, const unsigned char *record, int64_t wall_offset_ns,
                  const struct afmon_expand_sink *sink);

#endif
