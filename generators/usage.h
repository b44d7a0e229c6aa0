/* What an answer says that it used. */
#ifndef AFMON_GENERATORS_USAGE_H
#define AFMON_GENERATORS_USAGE_H

#include <jansson.h>

#include <afmon/afmon.h>

/* The usage that a whole answer tells, wherever it tells it. What it does not tell is not given. */
afmon_usage gen_usage_read(const json_t *answer);

#endif
