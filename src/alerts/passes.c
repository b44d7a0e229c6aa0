#include "alerts/passes.h"

void afmon_passes_init(struct afmon_passes *passes, int64_t first_ns, int64_t last_ns, uint64_t interval_ns)
{
    passes->first_ns = first_ns;
    passes->length_ns = (uint64_t)last_ns - (uint64_t)first_ns;
    passes->interval_ns = interval_ns;
    /* Those strictly before the last sample, and the one at it. */
    passes->count = (passes->length_ns > 0 ? (passes->length_ns - 1) / interval_ns : 0) + 1;
}

static uint64_t offset_of(const struct afmon_passes *passes, uint64_t pass)
{
    return pass + 1 < passes->count ? (pass + 1) * passes->interval_ns : passes->length_ns;
}

int64_t afmon_pass_time(const struct afmon_passes *passes, uint64_t pass)
{
    return (int64_t)((uint64_t)passes->first_ns + offset_of(passes, pass));
}

struct afmon_pass_range afmon_passes_of(const struct afmon_passes *passes, int64_t time_ns, uint64_t window_ns)
{
    const uint64_t last = passes->count - 1;
    uint64_t offset = (uint64_t)time_ns - (uint64_t)passes->first_ns;
    /* The regular passes before the last one end at interval, 2 * interval ... */
    uint64_t lo = offset > 0 ? (offset - 1) / passes->interval_ns : 0;
    uint64_t reach;
    if (__builtin_add_overflow(offset, window_ns, &reach))
        reach = UINT64_MAX;
    uint64_t begun = reach >= passes->length_ns ? passes->count : reach / passes->interval_ns;
    if (begun < passes->count && begun > last)
        begun = last;
    return (struct afmon_pass_range){.lo = (int64_t)(lo < last ? lo : last), .hi = (int64_t)begun - 1};
}
