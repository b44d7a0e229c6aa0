/* Between the parts of the hub. */
#ifndef AFMON_INGEST_HUB_INTERNAL_H
#define AFMON_INGEST_HUB_INTERNAL_H

#include "ingest/hub.h"

/* Lets go of its ring; with remove, its file goes, too. */
void afmon_producer_drop_ring(struct afmon_hub *hub, struct afmon_producer *producer, bool remove);

/* All that was put in has landed, and is in the store. */
bool afmon_producer_is_drained(const struct afmon_producer *producer);

/* Whether its ring, once its thread has ended, will do for another one. */
bool afmon_producer_may_go_on(const struct afmon_hub *hub, const struct afmon_producer *producer);

#endif
