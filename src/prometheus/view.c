/* The counters of a view: its samples are counted in the order in which they were written, as a follower counts them.
 */
#include <stdlib.h>

#include "base/micros.h"
#include "base/status.h"
#include "catalog/unpacked.h"
#include "meters/labels.h"
#include "prometheus/text.h"
#include "store/view_written.h"

#define TEXT_LIMIT ((size_t)256 << 20)

struct counting {
    struct afmon_meters *meters;
    struct afmon_meter_call *call;
    size_t source; /* of the sample before */
    struct afmon_unpacked fields;
    struct afmon_meter_labels labels;
    bool labelled; /* the labels are those of this set */
    const struct afmon_set *set;
};

static afmon_status find_labels(struct counting *counting, const struct afmon_written *written)
{
    struct afmon_read_sample *sample = written->sample;
    if (counting->labelled && written->in_memory && written->set == counting->set)
        return AFMON_OK;
    counting->labelled = written->in_memory;
    counting->set = written->set;
    afmon_status status = afmon_reader_packed(written->reader, sample);
    if (status == AFMON_OK && !afmon_unpack(&counting->fields, sample->packed, sample->packed_length))
        status = AFMON_E_NO_MEMORY;
    if (status == AFMON_OK)
        afmon_meter_labels_of(&counting->labels, &(afmon_sample){.fields = counting->fields.fields,
                                                                 .field_count = counting->fields.count});
    return status;
}

static afmon_status count(void *user, const struct afmon_written *written)
{
    struct counting *counting = user;
    const struct afmon_read_sample *sample = written->sample;
    afmon_status status = find_labels(counting, written);
    if (status != AFMON_OK)
        return status;
    if (written->source != counting->source)
        afmon_meters_settle_call(counting->meters, counting->call);
    counting->source = written->source;
    const afmon_sample counted = {.metric = sample->name,
                                  .metric_length = sample->name_length,
                                  .value = sample->value,
                                  .timestamp_ns = afmon_us_to_ns(sample->wall_us)};
    afmon_meters_add_from(counting->meters, counting->call, &counted, &counting->labels);
    return AFMON_OK;
}

static afmon_status fill(struct afmon_meters *meters, afmon_view *view, afmon_error *error)
{
    struct counting counting = {.meters = meters, .call = afmon_meter_call_new()};
    if (counting.call == NULL)
        return afmon_fail_memory(error);
    afmon_status status = afmon_view_each_written(view, AFMON_WINDOW_ALL, count, &counting, error);
    afmon_meters_settle_call(meters, counting.call);
    afmon_unpacked_free(&counting.fields);
    free(counting.call);
    return status;
}

static afmon_status write_text(struct afmon_meters *meters, afmon_prometheus_format format, afmon_write_fn write,
                               void *user, afmon_error *error)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, TEXT_LIMIT);
    afmon_prometheus_text(meters, NULL, format, &text);
    afmon_status status = text.failed ? AFMON_E_NO_MEMORY : AFMON_OK;
    if (status == AFMON_OK && write(user, text.data, text.length) != 0)
        status = AFMON_E_CANCELLED;
    afmon_buffer_free(&text);
    return status == AFMON_OK ? status : afmon_fail(error, status, "%s", afmon_status_text(status));
}

afmon_status afmon_prometheus_write(afmon_view *view, afmon_prometheus_format format, afmon_write_fn write, void *user,
                                    afmon_error *error)
{
    if (view == NULL || write == NULL || (format != AFMON_OPENMETRICS && format != AFMON_PROMETHEUS_TEXT))
        return afmon_fail(error, AFMON_E_ARGUMENT, "afmon_prometheus_write: give a view, a format and a function");
    struct afmon_meters *meters = afmon_meters_new();
    if (meters == NULL)
        return afmon_fail_memory(error);
    afmon_status status = fill(meters, view, error);
    if (status == AFMON_OK)
        status = write_text(meters, format, write, user, error);
    afmon_meters_free(meters);
    return status;
}
