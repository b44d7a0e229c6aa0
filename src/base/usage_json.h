/* How afmon_usage_find looks into an answer that jansson has parsed. */
#ifndef AFMON_BASE_USAGE_JSON_H
#define AFMON_BASE_USAGE_JSON_H

#include <afmon/afmon.h>

/* Values are json_t. Any thread. */
extern const afmon_usage_reader afmon_usage_json;

#endif
