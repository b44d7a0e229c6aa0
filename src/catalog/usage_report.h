/* A report of token usage: one piece of memory holds its models and their names. */
#ifndef AFMON_CATALOG_USAGE_REPORT_H
#define AFMON_CATALOG_USAGE_REPORT_H

#include <afmon/afmon.h>

/* A report of its own with the same content; AFMON_OK or AFMON_E_NO_MEMORY (then it is empty). */
afmon_status afmon_token_usage_copy(const afmon_token_usage *from, afmon_token_usage *usage);

#endif
