/* One LTTng-UST event that says what a sample says: a name and a value (the time is the tracer's own). */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER afmon_bench

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "sample_event.h"

#if !defined(AFMON_BENCH_SAMPLE_EVENT_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define AFMON_BENCH_SAMPLE_EVENT_H

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(afmon_bench, sample, LTTNG_UST_TP_ARGS(int, metric, double, value),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int, metric, metric)
                                                   lttng_ust_field_float(double, value, value)))

#endif

#include <lttng/tracepoint-event.h>
