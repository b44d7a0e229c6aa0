/* In place of ring_make.c and guard.c where a run is read and none is recorded: on other systems than Linux. Rings of
 * dead processes are read as everywhere (ring.c). */
#include <errno.h>

#include "ingest/ring.h"

int afmon_ring_create(struct afmon_ring *ring, int folder, const char *name, uint64_t session, uint64_t capacity,
                      _Atomic uint64_t *alarm)
{
    (void)folder, (void)name, (void)session, (void)capacity, (void)alarm;
    *ring = (struct afmon_ring){.fd = -1, .folder = -1};
    return ENOTSUP;
}

int afmon_ring_create_anonymous(struct afmon_ring *ring, uint64_t session, uint64_t capacity)
{
    return afmon_ring_create(ring, -1, NULL, session, capacity, NULL);
}

bool afmon_ring_check_file(struct afmon_ring *ring)
{
    (void)ring;
    return true;
}

uint64_t afmon_guard_moved(const struct afmon_guarded *guarded)
{
    (void)guarded;
    return 0;
}

void afmon_guard_remove(struct afmon_guarded *guarded)
{
    (void)guarded;
}
