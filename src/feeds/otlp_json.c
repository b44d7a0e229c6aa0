#include "feeds/otlp_json.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

#define CUMULATIVE "\"aggregationTemporality\":2"

static void add_text(struct afmon_buffer *out, const char *text)
{
    afmon_buffer_add_text(out, text);
}

static void add_int(struct afmon_buffer *out, int64_t value) /* 64-bit integers are texts in protobuf's JSON */
{
    char digits[AFMON_NUMBER_SIZE];
    afmon_buffer_add_char(out, '"');
    afmon_buffer_add(out, digits, afmon_format_int(digits, value));
    afmon_buffer_add_char(out, '"');
}

static void add_double(struct afmon_buffer *out, double value)
{
    char digits[AFMON_NUMBER_SIZE];
    if (!isfinite(value))
        add_text(out, isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    else
        afmon_buffer_add(out, digits, afmon_format_double(digits, value));
}

/* ---- attributes ---- */

static void begin_attribute(struct afmon_buffer *out, const char *key, size_t length)
{
    if (out->length > 0 && out->data[out->length - 1] == '}')
        afmon_buffer_add_char(out, ',');
    add_text(out, "{\"key\":");
    afmon_buffer_add_json_string(out, key, length);
    add_text(out, ",\"value\":{");
}

static void add_attribute(struct afmon_buffer *out, const char *key, const char *value)
{
    if (*value == '\0')
        return;
    begin_attribute(out, key, strlen(key));
    add_text(out, "\"stringValue\":");
    afmon_buffer_add_json_string(out, value, strlen(value));
    add_text(out, "}}");
}

static void add_field(struct afmon_buffer *out, const afmon_field *field)
{
    begin_attribute(out, field->key, field->key_length != 0 ? field->key_length : strlen(field->key));
    switch (field->type) {
    case AFMON_STRING:
    case AFMON_JSON:
        add_text(out, "\"stringValue\":");
        afmon_buffer_add_json_string(out, field->as.text.data, field->as.text.length);
        break;
    case AFMON_INT:
        add_text(out, "\"intValue\":");
        add_int(out, field->as.integer);
        break;
    case AFMON_DOUBLE:
        add_text(out, "\"doubleValue\":");
        add_double(out, field->as.number);
        break;
    case AFMON_BOOL:
        add_text(out, field->as.boolean ? "\"boolValue\":true" : "\"boolValue\":false");
        break;
    case AFMON_NULL: /* an empty value */
        break;
    }
    add_text(out, "}}");
}

/* One of ours, unless the environment says otherwise. */
static void add_own(struct afmon_buffer *out, const struct afmon_otlp_resource *resource, const char *key,
                    const char *value)
{
    if (afmon_otlp_resource_given(resource, key) == NULL)
        add_attribute(out, key, value);
}

static void add_resource(struct afmon_buffer *out, const struct afmon_otlp_resource *resource)
{
    add_text(out, "\"resource\":{\"attributes\":[");
    add_attribute(out, "service.name", resource->service);
    add_own(out, resource, "service.instance.id", resource->instance);
    add_own(out, resource, "host.name", resource->host);
    for (size_t i = 0; i < resource->given_count; i++) {
        const struct afmon_otlp_attribute *given = &resource->given[i];
        bool counts = given->value == afmon_otlp_resource_given(resource, given->key);
        if (counts && strcmp(given->key, "service.name") != 0 && strcmp(given->key, "process.pid") != 0)
            add_attribute(out, given->key, given->value);
    }
    begin_attribute(out, "process.pid", strlen("process.pid"));
    add_text(out, "\"intValue\":");
    add_int(out, resource->pid);
    add_text(out, "}}]}");
}

#define SCOPE "\"scope\":{\"name\":\"afmon\",\"version\":\"" AFMON_VERSION "\"}"

/* ---- metrics ---- */

struct writing {
    struct afmon_buffer *out;
    const struct afmon_instrument *instrument; /* whose points are being written */
    int64_t start_ns;
    int64_t now_ns;
};

static void begin_metric(struct writing *writing, const struct afmon_instrument *instrument)
{
    static const char *const kinds[] = {
        [AFMON_KIND_COUNTER] = "\"sum\":{" CUMULATIVE ",\"isMonotonic\":true,",
        [AFMON_KIND_GAUGE] = "\"gauge\":{",
        [AFMON_KIND_HISTOGRAM] = "\"histogram\":{" CUMULATIVE ",",
    };
    struct afmon_buffer *out = writing->out;
    add_text(out, writing->instrument == NULL ? "{\"name\":" : "]}},{\"name\":");
    writing->instrument = instrument;
    afmon_buffer_add_json_string(out, instrument->otel, strlen(instrument->otel));
    add_text(out, ",\"description\":");
    afmon_buffer_add_json_string(out, instrument->help, strlen(instrument->help));
    add_text(out, ",\"unit\":");
    afmon_buffer_add_json_string(out, instrument->unit, strlen(instrument->unit));
    add_text(out, ",");
    add_text(out, kinds[instrument->kind]);
    add_text(out, "\"dataPoints\":[");
}

static void add_histogram(struct afmon_buffer *out, const struct afmon_meter *meter)
{
    const struct afmon_bounds *bounds = meter->instrument->bounds;
    add_text(out, ",\"count\":");
    add_int(out, (int64_t)meter->count);
    add_text(out, ",\"sum\":");
    add_double(out, meter->value);
    add_text(out, ",\"bucketCounts\":[");
    for (size_t i = 0; i <= bounds->count; i++) {
        add_text(out, i == 0 ? "" : ",");
        add_int(out, (int64_t)meter->buckets[i]);
    }
    add_text(out, "],\"explicitBounds\":[");
    for (size_t i = 0; i < bounds->count; i++) {
        add_text(out, i == 0 ? "" : ",");
        add_double(out, bounds->values[i]);
    }
    add_text(out, "]}");
}

static bool add_point(void *user, const struct afmon_meter *meter)
{
    struct writing *writing = user;
    struct afmon_buffer *out = writing->out;
    bool first = writing->instrument != meter->instrument;
    if (first)
        begin_metric(writing, meter->instrument);
    add_text(out, first ? "{\"attributes\":[" : ",{\"attributes\":[");
    for (size_t i = 0; i < meter->instrument->label_count; i++)
        add_attribute(out, afmon_label_facts[meter->instrument->labels[i]].otel, meter->values[i]);
    add_text(out, "],\"startTimeUnixNano\":");
    add_int(out, meter->since_ns > writing->start_ns ? meter->since_ns : writing->start_ns);
    add_text(out, ",\"timeUnixNano\":");
    add_int(out, writing->now_ns);
    if (meter->instrument->kind == AFMON_KIND_HISTOGRAM) {
        add_histogram(out, meter);
    } else {
        add_text(out, ",\"asDouble\":");
        add_double(out, meter->value);
        add_text(out, "}");
    }
    return !out->failed;
}

void afmon_otlp_metrics(struct afmon_buffer *out, const struct afmon_otlp_resource *resource,
                        struct afmon_meters *meters, int64_t start_ns, int64_t now_ns)
{
    struct writing writing = {.out = out, .start_ns = start_ns, .now_ns = now_ns};
    add_text(out, "{\"resourceMetrics\":[{");
    add_resource(out, resource);
    add_text(out, ",\"scopeMetrics\":[{" SCOPE ",\"metrics\":[");
    afmon_meters_each(meters, add_point, &writing);
    add_text(out, writing.instrument == NULL ? "]}]}]}" : "]}}]}]}]}");
}

/* ---- logs ---- */

void afmon_otlp_logs_begin(struct afmon_buffer *out, const struct afmon_otlp_resource *resource)
{
    add_text(out, "{\"resourceLogs\":[{");
    add_resource(out, resource);
    add_text(out, ",\"scopeLogs\":[{" SCOPE ",\"logRecords\":[");
}

void afmon_otlp_log(struct afmon_buffer *out, const afmon_log_record *record, bool first)
{
    static const char *const severities[] = {
        [AFMON_INFO] = ",\"severityNumber\":9,\"severityText\":\"INFO\",",
        [AFMON_WARNING] = ",\"severityNumber\":13,\"severityText\":\"WARN\",",
        [AFMON_ERROR] = ",\"severityNumber\":17,\"severityText\":\"ERROR\",",
    };
    add_text(out, first ? "{\"timeUnixNano\":" : ",{\"timeUnixNano\":");
    add_int(out, record->timestamp_ns);
    add_text(out, ",\"observedTimeUnixNano\":");
    add_int(out, record->timestamp_ns);
    add_text(out, severities[record->level]);
    add_text(out, "\"body\":{\"stringValue\":");
    afmon_buffer_add_json_string(out, record->message, record->message_length);
    add_text(out, "},\"attributes\":[");
    for (size_t i = 0; i < record->field_count; i++)
        add_field(out, &record->fields[i]);
    add_text(out, "]}");
}

void afmon_otlp_logs_end(struct afmon_buffer *out)
{
    add_text(out, "]}]}]}");
}
