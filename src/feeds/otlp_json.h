/* The bodies of OTLP/HTTP in JSON: opentelemetry-proto's messages in the JSON mapping of protobuf. */
#ifndef AFMON_FEEDS_OTLP_JSON_H
#define AFMON_FEEDS_OTLP_JSON_H

#include "base/buffer.h"
#include "feeds/otlp_resource.h"
#include "meters/meters.h"

void afmon_otlp_metrics(struct afmon_buffer *out, const struct afmon_otlp_resource *resource,
                        struct afmon_meters *meters, int64_t start_ns, int64_t now_ns);

/* A body of log records: begin, then records, then end. */
void afmon_otlp_logs_begin(struct afmon_buffer *out, const struct afmon_otlp_resource *resource);
void afmon_otlp_log(struct afmon_buffer *out, const afmon_log_record *record, bool first);
void afmon_otlp_logs_end(struct afmon_buffer *out);

#endif
