#include "base/usage_json.h"

#include <jansson.h>
#include <string.h>

static const void *member(void *user, const void *value, const char *name)
{
    (void)user;
    return json_is_array((const json_t *)value) && strcmp(name, "0") == 0 ? json_array_get(value, 0)
                                                                          : json_object_get(value, name);
}

static afmon_usage_kind look(void *user, const void *value, double *number, const char **text)
{
    (void)user;
    *number = json_number_value(value);
    *text = json_string_value(value);
    return json_is_number((const json_t *)value) ? AFMON_USAGE_NUMBER
           : *text != NULL                       ? AFMON_USAGE_TEXT
           : json_is_true((const json_t *)value) ? AFMON_USAGE_TRUE
                                                 : AFMON_USAGE_OTHER;
}

const afmon_usage_reader afmon_usage_json = {.member = member, .look = look};
