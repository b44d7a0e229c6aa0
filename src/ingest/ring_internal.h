/* What making a ring and reading a dead one have in common. */
#ifndef AFMON_INGEST_RING_INTERNAL_H
#define AFMON_INGEST_RING_INTERNAL_H

#include "ingest/ring.h"

extern const char afmon_ring_magic[8];

void afmon_ring_set_up(struct afmon_ring *ring, void *mapping, uint64_t capacity, bool in_file);

#endif
