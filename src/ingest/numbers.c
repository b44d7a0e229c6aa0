#include "ingest/numbers.h"

#include <stddef.h>

#include "catalog/metrics.h"

static const struct {
    enum afmon_metric_id metric;
    uint16_t flag;
} numbers[AFMON_CALL_NUMBERS] = {
#define AS_ROW(member, id, bit) {AFMON_METRIC_##id, (bit)},
    AFMON_CALL_NUMBER_MAP(AS_ROW)
#undef AS_ROW
};

void afmon_call_numbers_of(const afmon_generation *call, struct afmon_call_numbers *out)
{
    out->count = 0;
    out->flags = 0;
#define TAKE(member, id, bit)                                                                                          \
    if (call->member.given) {                                                                                          \
        out->values[out->count++] = call->member.value;                                                                \
        out->flags |= (bit);                                                                                           \
    }
    AFMON_CALL_NUMBER_MAP(TAKE)
#undef TAKE
}

uint32_t afmon_call_numbers_count(uint16_t flags)
{
    uint32_t count = 0;
    for (size_t i = 0; i < AFMON_CALL_NUMBERS; i++)
        count += (flags & numbers[i].flag) != 0;
    return count;
}

const char *afmon_call_number_name(uint16_t flags, uint32_t index)
{
    for (size_t i = 0; i < AFMON_CALL_NUMBERS; i++)
        if ((flags & numbers[i].flag) != 0 && index-- == 0)
            return afmon_metric_name(numbers[i].metric);
    return NULL;
}
