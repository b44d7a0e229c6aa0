#include "base/deadline.h"

#include <math.h>

#include "base/clock.h"

double afmon_deadline_left(const afmon_deadline *deadline)
{
    int64_t end_ns = deadline == NULL ? INT64_MAX : atomic_load(&deadline->end_ns);
    if (end_ns == INT64_MAX)
        return INFINITY;
    int64_t now_ns = afmon_boot_ns();
    return end_ns > now_ns ? (double)(end_ns - now_ns) / (double)AFMON_NS_PER_S : 0;
}
