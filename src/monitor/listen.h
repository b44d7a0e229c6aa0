/* What Prometheus scrapes from within a monitor: meters that the core's own thread feeds, and the server in front. */
#ifndef AFMON_MONITOR_LISTEN_H
#define AFMON_MONITOR_LISTEN_H

#include "monitor/core.h"

/* Makes the meters, before the core's thread starts. Does nothing where prometheus_listen was not given. */
afmon_status afmon_listen_prepare(struct afmon_core *core, afmon_error *error);

/* Starts the server, after the core is published: a scrape asks the monitor. Not in a forked child: the address is its
 * parent's. */
afmon_status afmon_listen_open(struct afmon_core *core, afmon_error *error);
void afmon_listen_close(struct afmon_core *core);   /* the server; the meters stay readable */
void afmon_listen_abandon(struct afmon_core *core); /* a forked child, of its parent's core */
void afmon_listen_free(struct afmon_core *core);

#endif
