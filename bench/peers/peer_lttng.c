/* What an enabled LTTng-UST tracepoint costs its caller: the number of a metric, and a value. Run it by
 * bench/peers/run, which starts the tracer. */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "sample_event.h"

#include "burst.h"

static void trace(void *user)
{
    (void)user;
    lttng_ust_tracepoint(afmon_bench, sample, 1, 1.5);
}

int main(void)
{
    if (!lttng_ust_tracepoint_enabled(afmon_bench, sample)) {
        fprintf(stderr, "peer_lttng: no tracer has enabled the event\n");
        return 1;
    }
    burst_measure("LTTng-UST tracepoint, enabled", trace, NULL);
    return 0;
}
