/* By when a flush must be through: what <afmon/afmon.h> calls afmon_deadline. Who sets it and who asks may be different
 * threads. */
#ifndef AFMON_BASE_DEADLINE_H
#define AFMON_BASE_DEADLINE_H

#include <afmon/afmon.h>

#include <stdatomic.h>

struct afmon_deadline {
    _Atomic int64_t end_ns; /* boot time; INT64_MAX: there is none (yet) */
};

#endif
