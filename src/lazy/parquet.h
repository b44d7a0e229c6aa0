/* carquet, opened when first used: lazy/lazy.h. */
#ifndef AFMON_LAZY_PARQUET_H
#define AFMON_LAZY_PARQUET_H

#include "lazy/lazy.h"

#define AFMON_LAZY_PARQUET_FUNCTIONS(X)                                                                                \
    X(carquet_schema_add_column)                                                                                       \
    X(carquet_schema_create)                                                                                           \
    X(carquet_schema_free)                                                                                             \
    X(carquet_status_string)                                                                                           \
    X(carquet_writer_abort)                                                                                            \
    X(carquet_writer_add_metadata)                                                                                     \
    X(carquet_writer_close)                                                                                            \
    X(carquet_writer_create_file)                                                                                      \
    X(carquet_writer_new_row_group)                                                                                    \
    X(carquet_writer_options_init)                                                                                     \
    X(carquet_writer_set_column_encoding)                                                                              \
    X(carquet_writer_write_batch)

AFMON_LAZY_PARQUET_FUNCTIONS(AFMON_LAZY_RENAME)

#include <carquet/carquet.h>

#endif
