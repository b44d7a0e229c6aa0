#include "lazy/http.h"

#include "lazy/table.h"

AFMON_LAZY_TABLE(http, AFMON_LAZY_HTTP_FUNCTIONS)
