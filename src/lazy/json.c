#include "lazy/json.h"

#include "lazy/table.h"

AFMON_LAZY_TABLE(json, AFMON_LAZY_JSON_FUNCTIONS)
