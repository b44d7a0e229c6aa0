#include "base/scrape.h"

#include <string.h>

afmon_prometheus_format afmon_scrape_choose(const char *accept, size_t length)
{
    static const char name[] = "application/openmetrics-text";
    return accept != NULL && memmem(accept, length, name, sizeof name - 1) != NULL ? AFMON_OPENMETRICS
                                                                                   : AFMON_PROMETHEUS_TEXT;
}

const char *afmon_scrape_type(afmon_prometheus_format format)
{
    return format == AFMON_OPENMETRICS ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                       : "text/plain; version=0.0.4; charset=utf-8";
}
