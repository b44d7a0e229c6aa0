/* The text of a dead session's records, from its dictionary alone: what its own process would have written. */
#ifndef AFMON_INGEST_RENDER_H
#define AFMON_INGEST_RENDER_H

#include "base/text.h"
#include "ingest/expand.h"
#include "ingest/session.h"

/* The definitions of a session, by number - 1. Point into the dictionary's bytes. */
struct afmon_defined {
    const char *name;
    const void *packed;
    uint32_t name_length;
    uint32_t packed_length;
};
struct afmon_definitions {
    struct afmon_defined *list;
    size_t count;
};

/* Reads a dictionary; stops at the first entry that is not whole (nobody was given its number). False: no memory. */
bool afmon_definitions_read(struct afmon_definitions *definitions, const unsigned char *bytes, size_t length);
void afmon_definitions_free(struct afmon_definitions *definitions);

/* Resolves a sample's definition in place. False where the number is unknown: the ring or the dictionary is damaged. */
bool afmon_definitions_resolve(const struct afmon_definitions *definitions, struct afmon_expanded_sample *sample);

struct afmon_renderer {
    const struct afmon_definitions *definitions;
    int64_t wall_offset_ns;
    struct afmon_expander expander;
    struct afmon_timestamp_cache time;
    struct afmon_buffer scratch;
    struct afmon_buffer metrics; /* lines for metrics.jsonl */
    struct afmon_buffer log;     /* lines for afterimage.log */
    bool write_metrics;          /* false: that file is not wanted, its text stays empty */
    bool write_log;
    bool unknown_definition; /* a record was passed over because of that */
};

void afmon_renderer_init(struct afmon_renderer *renderer, const struct afmon_definitions *definitions,
                         int64_t wall_offset_ns);
void afmon_renderer_free(struct afmon_renderer *renderer);

/* Adds the text of one checked record. False: no memory, nothing was added. */
bool afmon_render_record(struct afmon_renderer *renderer, const unsigned char *record);

#endif
