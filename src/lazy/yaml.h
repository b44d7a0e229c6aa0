/* libyaml, opened when first used: lazy/lazy.h. */
#ifndef AFMON_LAZY_YAML_H
#define AFMON_LAZY_YAML_H

#include "lazy/lazy.h"

#define AFMON_LAZY_YAML_FUNCTIONS(X)                                                                                   \
    X(yaml_event_delete)                                                                                               \
    X(yaml_parser_delete)                                                                                              \
    X(yaml_parser_initialize)                                                                                          \
    X(yaml_parser_parse)                                                                                               \
    X(yaml_parser_set_input_string)

AFMON_LAZY_YAML_FUNCTIONS(AFMON_LAZY_RENAME)

#include <yaml.h>

#endif
