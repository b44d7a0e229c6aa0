/* A table's columns and a batch's rows in the form of the Arrow C data interface. */
#ifndef AFMON_EXPORT_ARROW_H
#define AFMON_EXPORT_ARROW_H

#include "export/arrow_rows.h"

/* Fills out, which the receiver releases. 0, or ENOMEM: then there is nothing to release. */
int afmon_arrow_schema(const struct afmon_arrow_table *table, struct ArrowSchema *out);

/* Hands the batch's columns over; the batch is empty afterwards and must be begun anew. 0, or ENOMEM: then the batch is
 * as it was. */
int afmon_arrow_array(struct afmon_arrow_rows *batch, struct ArrowArray *out);

#endif
