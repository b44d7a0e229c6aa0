/* The lines of metrics.jsonl and afterimage.log. */
#ifndef AFMON_CATALOG_LINES_H
#define AFMON_CATALOG_LINES_H

#include <afmon/afmon.h>

#include "base/buffer.h"
#include "base/text.h"

/* `{"metric": NAME, "value": `: what a metric's lines begin with. */
void afmon_line_prefix(struct afmon_buffer *buffer, const char *name, size_t length);

/* One whole line with its newline: prefix, value, metadata text (`"key": value, ` ...), time. Hot: about 50 ns. */
void afmon_line_sample(struct afmon_buffer *buffer, const char *prefix, size_t prefix_length, double value,
                       const char *metadata, size_t metadata_length, struct afmon_timestamp_cache *cache,
                       int64_t wall_ns);

/* One whole log line: `2026-11-23 09:20:35,123 - {"message": ..., data ..., "level": "info"}`. packed: the data
 * (catalog/fields.h). */
void afmon_line_log(struct afmon_buffer *buffer, const char *message, size_t message_length, afmon_level level,
                    const void *packed, size_t packed_length, int64_t wall_ns);

#endif
