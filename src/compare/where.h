/* Which samples are compared: those whose metadata have the values that were asked for. */
#ifndef AFMON_COMPARE_WHERE_H
#define AFMON_COMPARE_WHERE_H

#include <afmon/afmon.h>

/* missing: what a key that is not there says. */
bool afmon_where_takes(const afmon_compare_options *options, const afmon_field *fields, size_t count, bool missing);

#endif
