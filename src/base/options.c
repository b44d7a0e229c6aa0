#include "base/options.h"

#include <string.h>

#include "base/status.h"

afmon_status afmon_options_take(void *own, size_t own_size, const void *given, const char *type, afmon_error *error)
{
    size_t size;
    if (given == NULL)
        return AFMON_OK;
    memcpy(&size, given, sizeof size);
    if (size <= sizeof size)
        return afmon_fail(error, AFMON_E_ARGUMENT, "the options were not begun with %s_init", type);
    if (size > own_size)
        return afmon_fail(error, AFMON_E_ARGUMENT,
                          "the options are not of this afmon: %s has %zu bytes, not %zu; begin them with %s_init, and "
                          "use the library that the header is of, or a newer one",
                          type, own_size, size, type);
    memcpy(own, given, size);
    memcpy(own, &own_size, sizeof own_size);
    return AFMON_OK;
}
