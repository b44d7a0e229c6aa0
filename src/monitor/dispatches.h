/* The custom handlers of a core. */
#ifndef AFMON_MONITOR_DISPATCHES_H
#define AFMON_MONITOR_DISPATCHES_H

#include "monitor/core.h"

/* Takes the handlers over, also where it fails. */
afmon_status afmon_dispatches_open(struct afmon_core *core, afmon_error *error);
void afmon_handlers_end(const afmon_options *options); /* destroys those that were given to no core */

/* Those of a kind, which are in a row. */
static inline struct afmon_dispatch **afmon_dispatches_of(const struct afmon_core *core, enum afmon_handler_kind kind,
                                                          size_t *count)
{
    size_t first = 0;
    for (unsigned i = 0; i < (unsigned)kind; i++)
        first += core->dispatch_counts[i];
    *count = core->dispatch_counts[kind];
    return core->dispatches + first;
}

/* Tells all to finish by the deadline, and waits for them. Returns whether each got all that it had taken. */
bool afmon_dispatches_close(struct afmon_core *core, int64_t deadline_ns);

/* Waits until each has handled what it was given so far. */
afmon_status afmon_dispatches_drain(struct afmon_core *core, int64_t deadline_ns);

void afmon_dispatches_free(struct afmon_core *core); /* calls the handlers' destroy */

/* Calls visit for each, metric, log, alert, token usage, in this order. */
void afmon_dispatches_each(const struct afmon_core *core, void (*visit)(void *user, struct afmon_dispatch *dispatch),
                           void *user);

#endif
