/* Rules files (docs/rules.md). */
#ifndef AFMON_ALERTS_RULES_FILE_H
#define AFMON_ALERTS_RULES_FILE_H

#include "alerts/rules.h"

#define AFMON_RULES_FILE_MAX ((size_t)1 << 20) /* bytes */

/* As afmon_rules_load, from a text; name is the file's, for messages. */
afmon_status afmon_rules_parse(const char *name, const void *text, size_t size, const afmon_alert_limits *limits,
                               afmon_rules *rules, afmon_error *error);

#endif
