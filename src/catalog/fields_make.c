/* The public makers of fields. */
#include <afmon/afmon.h>
#include <string.h>

afmon_field afmon_null(const char *key)
{
    return (afmon_field){.key = key, .type = AFMON_NULL};
}

afmon_field afmon_string_n(const char *key, const char *text, size_t length)
{
    if (text == NULL)
        return afmon_null(key);
    return (afmon_field){.key = key, .type = AFMON_STRING, .as.text = {.data = text, .length = length}};
}

afmon_field afmon_string(const char *key, const char *text)
{
    return afmon_string_n(key, text, text == NULL ? 0 : strlen(text));
}

afmon_field afmon_int(const char *key, int64_t value)
{
    return (afmon_field){.key = key, .type = AFMON_INT, .as.integer = value};
}

afmon_field afmon_double(const char *key, double value)
{
    return (afmon_field){.key = key, .type = AFMON_DOUBLE, .as.number = value};
}

afmon_field afmon_bool(const char *key, bool value)
{
    return (afmon_field){.key = key, .type = AFMON_BOOL, .as.boolean = value};
}
