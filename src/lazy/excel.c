#include "lazy/excel.h"

#include "lazy/table.h"

AFMON_LAZY_TABLE(excel, AFMON_LAZY_EXCEL_FUNCTIONS)
