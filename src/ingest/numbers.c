#include "ingest/numbers.h"

#include <stddef.h>

#include "catalog/metrics.h"

static const struct {
    enum afmon_metric_id metric;
    uint16_t flag;
    size_t place; /* in afmon_generation */
} numbers[AFMON_CALL_NUMBERS] = {
#define AS_ROW(member, id, bit) {AFMON_METRIC_##id, (bit), offsetof(afmon_generation, member)},
    AFMON_CALL_NUMBER_MAP(AS_ROW)
#undef AS_ROW
};

uint16_t afmon_call_numbers_of(const afmon_generation *call, double out[AFMON_CALL_NUMBERS])
{
    unsigned flags = 0;
    for (size_t i = 0; i < AFMON_CALL_NUMBERS; i++) {
        const afmon_number *number = (const afmon_number *)(const void *)((const char *)call + numbers[i].place);
        if (!number->given)
            continue;
        flags |= numbers[i].flag;
        *out++ = number->value;
    }
    return (uint16_t)flags;
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
