/* Samples of one metric, in columns. */
#ifndef AFMON_MODEL_COLUMN_H
#define AFMON_MODEL_COLUMN_H

#include <stddef.h>
#include <stdint.h>

struct afmon_model_column {
    const double *values;
    const int32_t *offsets; /* microseconds from base_us */
    int64_t base_us;
    size_t count;
};

#endif
