/* Meters as the text that Prometheus scrapes: OpenMetrics 1.0, or the older Prometheus text 0.0.4, which differ in the
 * names of counters in their headers, in units and in the end mark. */
#ifndef AFMON_PROMETHEUS_TEXT_H
#define AFMON_PROMETHEUS_TEXT_H

#include <afmon/afmon.h>

#include "base/buffer.h"
#include "meters/meters.h"

/* Adds the text to out (failed where memory is short). stats, where not NULL: the monitor's own figures, too. */
void afmon_prometheus_text(struct afmon_meters *meters, const afmon_stats *stats, afmon_prometheus_format format,
                           struct afmon_buffer *out);

/* What a scraper's Accept header (NULL: none) asks for (base/scrape.h). */
afmon_prometheus_format afmon_prometheus_choose(const char *accept);

#endif
