#include "monitor/metering.h"

#include "base/micros.h"
#include "meters/labels.h"

/* unpacked: the set whose fields are those of the core. */
static afmon_sample sample_of(struct afmon_core *core, const struct afmon_store_sample *stored,
                              const struct afmon_set *unpacked)
{
    if (stored->set == NULL)
        core->meter_fields.count = 0;
    else if (stored->set != unpacked) /* without memory the labels behind are left out */
        (void)afmon_unpack(&core->meter_fields, stored->set->packed, stored->set->packed_length);
    return (afmon_sample){.metric = stored->series->name,
                          .metric_length = stored->series->name_length,
                          .value = stored->value,
                          .timestamp_ns = afmon_us_to_ns(stored->wall_us),
                          .fields = core->meter_fields.fields,
                          .field_count = core->meter_fields.count};
}

void afmon_metering_add(struct afmon_core *core, const struct afmon_store_sample *samples, size_t count)
{
    const struct afmon_set *unpacked = NULL;
    for (size_t i = 0; i < count; i++) {
        const afmon_sample sample = sample_of(core, &samples[i], unpacked);
        unpacked = samples[i].set;
        afmon_meters_add(core->meters, &sample);
    }
    afmon_meters_settle(core->meters);
}

void afmon_metering_add_of(struct afmon_core *core, struct afmon_meter_call *call,
                           const struct afmon_store_sample *stored)
{
    const afmon_sample sample = sample_of(core, stored, NULL);
    struct afmon_meter_labels labels;
    afmon_meter_labels_of(&labels, &sample);
    afmon_meters_add_from(core->meters, call, &sample, &labels);
}
