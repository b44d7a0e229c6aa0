/* What every public function does with the options of its caller. */
#ifndef AFMON_BASE_OPTIONS_H
#define AFMON_BASE_OPTIONS_H

#include <afmon/afmon.h>

/* Options begin with a size_t, the size of the struct as the caller's header has it, set by their _init. own has the
 * defaults, and gets what the caller gave (given may be NULL). A caller of an older header gave fewer members, and the
 * others keep their defaults; that of a newer one is refused, for it may ask for what is not known here. type names the
 * struct: "afmon_view_options". */
afmon_status afmon_options_take(void *own, size_t own_size, const void *given, const char *type, afmon_error *error);

#endif
