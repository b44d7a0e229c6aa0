/* Messages of alerts: templates with placeholders. */
#ifndef AFMON_ALERTS_MESSAGE_H
#define AFMON_ALERTS_MESSAGE_H

#include <afmon/afmon.h>

/* True where a template is a good one; else why says what is wrong with it. */
bool afmon_message_check(const char *template, char *why, size_t size);

/* Writes the message of an alert, all other members of which are filled in, by the rule's templates. judged: there were
 * enough samples for a value. */
void afmon_message_write(const afmon_alert_rule *rule, bool judged, afmon_alert *alert);

/* "below", "above", "at most", "at least". Static text. */
const char *afmon_comparison_text(afmon_rule_comparison comparison);

/* "mean", "p99" ...: what a rule looks at. */
void afmon_aggregate_text(const afmon_alert_rule *rule, char *out, size_t size);

#endif
