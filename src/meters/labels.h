/* What a sample's metadata says that may become a label. */
#ifndef AFMON_METERS_LABELS_H
#define AFMON_METERS_LABELS_H

#include "meters/table.h"

struct afmon_meter_labels {
    struct afmon_label_text operation;      /* as recorded */
    struct afmon_label_text operation_name; /* as the conventions name it */
    struct afmon_label_text provider;
    struct afmon_label_text model;
    struct afmon_label_text error_type;
    struct afmon_label_text evaluator;
    struct afmon_label_text status;
    struct afmon_label_text retried;
    struct afmon_label_text success;
    bool bare; /* recorded beside tracked calls (catalog/bare.h) */
    char status_text[24];
};

/* Texts point into the sample's fields, into static text, and into the labels: do not move them. */
void afmon_meter_labels_of(struct afmon_meter_labels *labels, const afmon_sample *sample);

#endif
