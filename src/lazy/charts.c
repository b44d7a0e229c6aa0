#include "lazy/charts.h"

#include "lazy/table.h"

AFMON_LAZY_TABLE(charts, AFMON_LAZY_CHARTS_FUNCTIONS)
