/* Lines of samples beside the tracked calls (catalog/bare.h), which a receiver must not count where there are tracked
 * ones: what was sent cannot be taken back. Such a line waits for two ticks, for the call that it may repeat; with the
 * first tracked sample of its metric all of them are given up, for good. One thread. */
#ifndef AFMON_FEEDS_STATSD_HELD_H
#define AFMON_FEEDS_STATSD_HELD_H

#include <afmon/afmon.h>

#include "base/buffer.h"
#include "catalog/metrics.h"

struct afmon_statsd_held {
    struct {
        struct afmon_buffer lines;
        bool tracked;
        bool waited;        /* for a tick */
    } of[AFMON_METRIC_IDS]; /* in use of those that a tracked call derives */
};

void afmon_statsd_held_init(struct afmon_statsd_held *held);
void afmon_statsd_held_free(struct afmon_statsd_held *held);
void afmon_statsd_held_forget(struct afmon_statsd_held *held); /* what waits; tracked metrics stay tracked */

/* True where the sample's line is to be sent now. */
bool afmon_statsd_held_passes(struct afmon_statsd_held *held, const afmon_sample *sample);

/* Keeps the line of a sample that does not pass. False: there is no room, it is to be sent now. */
bool afmon_statsd_held_keep(struct afmon_statsd_held *held, const afmon_sample *sample, const char *line,
                            size_t length);

/* A tick: calls send for each line that has waited long enough; at the end for each. */
void afmon_statsd_held_tick(struct afmon_statsd_held *held, bool end,
                            void (*send)(void *user, const char *line, size_t length), void *user);

#endif
