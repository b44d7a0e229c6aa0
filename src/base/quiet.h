/* Writing past the process's file size limit raises SIGXFSZ, which ends a process that has not asked otherwise. A
 * library may not end its user, nor change its handlers: so the signal is blocked while we write from a thread of the
 * user's, and taken back if it came. */
#ifndef AFMON_BASE_QUIET_H
#define AFMON_BASE_QUIET_H

#include <signal.h>
#include <stdbool.h>

struct afmon_quiet {
    sigset_t before;
    bool was_pending;
};

void afmon_quiet_begin(struct afmon_quiet *quiet);
void afmon_quiet_end(const struct afmon_quiet *quiet);

#endif
