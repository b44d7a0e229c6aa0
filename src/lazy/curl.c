#include "lazy/curl.h"

#include "lazy/table.h"

AFMON_LAZY_TABLE(curl, AFMON_LAZY_CURL_FUNCTIONS)
