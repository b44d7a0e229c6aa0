/* In which form whoever scrapes gets metrics, for all that answer a scrape. */
#ifndef AFMON_BASE_SCRAPE_H
#define AFMON_BASE_SCRAPE_H

#include <afmon/afmon.h>

/* By the value of Accept, which may be NULL. Whoever names OpenMetrics can read it; everybody can read the other. */
afmon_prometheus_format afmon_scrape_choose(const char *accept, size_t length);

/* Its Content-Type. */
const char *afmon_scrape_type(afmon_prometheus_format format);

#endif
