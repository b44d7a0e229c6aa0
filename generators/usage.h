/* What an answer says that it used, in the spellings of many servers. */
#ifndef AFMON_GENERATORS_USAGE_H
#define AFMON_GENERATORS_USAGE_H

#include <jansson.h>

#include "chat.h"

/* The usage that a whole answer tells, wherever it tells it. What it does not tell is not given. */
gen_usage gen_usage_read(const json_t *answer);

#endif
