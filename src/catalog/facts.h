/* What a sample is about: which metric of the catalogue it is of, and which metadata that matter. */
#ifndef AFMON_CATALOG_FACTS_H
#define AFMON_CATALOG_FACTS_H

#include "catalog/metrics.h"

/* Texts point into the sample. */
struct afmon_sample_facts {
    enum afmon_metric_id kind;
    struct afmon_piece name; /* what follows the prefix of a metric that has one */
    struct afmon_piece component;
    struct afmon_piece operation;
    struct afmon_piece error; /* the error's text */
    struct afmon_piece error_type;
    struct afmon_piece cause; /* of an item that failed: the type of its call's error */
    struct afmon_piece model_name;
    struct afmon_piece evaluator_type;
    struct afmon_piece item_id;   /* of an item that is not kept apart (catalog/item_id.h) */
    struct afmon_piece item_kind; /* of an item, as the three that follow */
    struct afmon_piece outcome;
    struct afmon_piece reason;
    int64_t attempts; /* of an item; 0: not given */
    int64_t attempt;  /* that a call is of; 0: not given, it is the first */
    int64_t status;   /* of HTTP, where has_status */
    bool has_status;
    bool has_success;  /* success is true or false */
    bool unsuccessful; /* success is false */
    bool retried;
    bool bare; /* of a name that tracked calls derive, but recorded by itself (afmon_source is "record_metric") */
};

/* All of it. A custom metric's metadata are not looked at. Of a key that comes twice the last value counts. */
void afmon_sample_look(const afmon_sample *sample, struct afmon_sample_facts *facts);

/* The two halves of it, for those who see the same names and the same metadata again and again: what the name says
 * (kind and name; the rest stays), and what the metadata say (the rest; begin with zeroed facts). */
void afmon_sample_look_at_name(const char *metric, size_t metric_length, struct afmon_sample_facts *facts);
void afmon_sample_look_at_fields(const afmon_field *fields, size_t count, struct afmon_sample_facts *facts);

#endif
