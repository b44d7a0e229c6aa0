#include "lazy/parquet.h"

#include "lazy/table.h"

AFMON_LAZY_TABLE(parquet, AFMON_LAZY_PARQUET_FUNCTIONS)
