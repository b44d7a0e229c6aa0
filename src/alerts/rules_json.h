/* Rules as JSON, in the run record (docs/formats.md): all that makes the same rules again. */
#ifndef AFMON_ALERTS_RULES_JSON_H
#define AFMON_ALERTS_RULES_JSON_H

#include "lazy/json.h"

#include "alerts/rules.h"
#include "base/buffer.h"

#define AFMON_RULES_JSON_MAX ((size_t)16 << 20) /* bytes of a list */

/* Adds the rules as a JSON list, on one line. They are good ones (afmon_rules_check). Where memory is short, or the
 * buffer's limit is reached, the buffer is marked as failed. */
void afmon_rules_write_json(const afmon_alert_rule *rules, size_t count, struct afmon_buffer *buffer);

/* Reads such a list, strictly: every member must be there, and nothing else. On failure *rules is empty, and error says
 * which rule is wrong: AFMON_E_FORMAT, AFMON_E_TOO_BIG, AFMON_E_NO_MEMORY. Any thread. */
afmon_status afmon_rules_read_json(const char *text, size_t length, afmon_rules *rules, afmon_error *error);

/* The same where a larger text has been parsed (with JSON_ALLOW_NUL). NULL is no list. */
afmon_status afmon_rules_of_json(const json_t *list, afmon_rules *rules, afmon_error *error);

#endif
