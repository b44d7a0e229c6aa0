/* Names that samples are told apart by: numbers for operations, models, evaluators, kinds, reasons and error types. */
#ifndef AFMON_COMPARE_NAMES_H
#define AFMON_COMPARE_NAMES_H

#include "base/slots.h"
#include "catalog/metrics.h"
#include "compare/rows.h"

struct afmon_compare_name {
    uint64_t hash; /* first */
    char *text;
};

/* Begin with afmon_compare_names_init. */
struct afmon_compare_names {
    struct afmon_slots slots; /* struct afmon_compare_name; number 0 is "not given" */
};

bool afmon_compare_names_init(struct afmon_compare_names *names); /* false: no memory */
void afmon_compare_names_free(struct afmon_compare_names *names);

/* The number of a text, as it is shown: cut, and UTF-8. 0: it is not given, or empty; -1: no memory. Beyond 65,000
 * names all further ones are "(other)". */
int32_t afmon_compare_name(struct afmon_compare_names *names, const struct afmon_piece *text);

const char *afmon_compare_name_text(const struct afmon_compare_names *names, uint32_t number);
uint32_t afmon_compare_name_count(const struct afmon_compare_names *names);

#endif
