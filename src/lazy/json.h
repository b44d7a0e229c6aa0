/* jansson, opened when first used: lazy/lazy.h. */
#ifndef AFMON_LAZY_JSON_H
#define AFMON_LAZY_JSON_H

#include "lazy/lazy.h"

#define AFMON_LAZY_JSON_FUNCTIONS(X)                                                                                   \
    X(json_array_get)                                                                                                  \
    X(json_array_size)                                                                                                 \
    X(json_delete)                                                                                                     \
    X(json_integer_value)                                                                                              \
    X(json_loadb)                                                                                                      \
    X(json_number_value)                                                                                               \
    X(json_object_get)                                                                                                 \
    X(json_object_iter)                                                                                                \
    X(json_object_iter_key)                                                                                            \
    X(json_object_iter_next)                                                                                           \
    X(json_object_iter_value)                                                                                          \
    X(json_object_key_to_iter)                                                                                         \
    X(json_object_size)                                                                                                \
    X(json_real_value)                                                                                                 \
    X(json_string_length)                                                                                              \
    X(json_string_value)

AFMON_LAZY_JSON_FUNCTIONS(AFMON_LAZY_RENAME)

#include <jansson.h>

#endif
