/* The call on its way: what its samples tell, one after the other. */
#include <string.h>

#include "meters/internal.h"

void afmon_meter_keep(struct afmon_kept_text *kept, struct afmon_label_text text)
{
    kept->length = text.length < sizeof kept->data ? text.length : sizeof kept->data;
    if (kept->length > 0)
        memcpy(kept->data, text.data, kept->length);
}

struct afmon_label_text afmon_meter_kept(const struct afmon_kept_text *kept)
{
    return (struct afmon_label_text){kept->data, kept->length};
}

void afmon_meter_settle(struct afmon_meters *meters)
{
    struct afmon_meter_call *call = meters->call;
    if (!call->open)
        return;
    call->open = false;
    if (call->failed && call->error_type.length == 0)
        afmon_meter_keep(&call->error_type, AFMON_LABEL_LITERAL("_OTHER"));
    afmon_meter_observe(meters, AFMON_INSTRUMENT_OPERATION_DURATION,
                        (struct afmon_label_text[]){afmon_meter_kept(&call->operation_name),
                                                    afmon_meter_kept(&call->provider), afmon_meter_kept(&call->model),
                                                    afmon_meter_kept(&call->operation),
                                                    afmon_meter_kept(&call->error_type)},
                        call->duration_s);
}

void afmon_meter_begin_call(struct afmon_meters *meters, const afmon_sample *sample,
                            const struct afmon_meter_labels *labels)
{
    struct afmon_meter_call *call = meters->call;
    afmon_meter_settle(meters);
    call->open = true;
    call->failed = false;
    call->timestamp_ns = sample->timestamp_ns;
    call->duration_s = sample->value;
    afmon_meter_keep(&call->operation, labels->operation);
    afmon_meter_keep(&call->operation_name, labels->operation_name);
    afmon_meter_keep(&call->provider, labels->provider);
    afmon_meter_keep(&call->model, labels->model);
    afmon_meter_keep(&call->error_type, labels->error_type);
}

struct afmon_meter_call *afmon_meter_call_of(struct afmon_meters *meters, const afmon_sample *sample)
{
    return meters->call->open && meters->call->timestamp_ns == sample->timestamp_ns ? meters->call : NULL;
}
