#include "lazy/yaml.h"

#include "lazy/table.h"

AFMON_LAZY_TABLE(yaml, AFMON_LAZY_YAML_FUNCTIONS)
