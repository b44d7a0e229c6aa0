#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/clock.h"
#include "base/random.h"

uint64_t afmon_hash(uint64_t seed, const void *data, size_t length)
{
    return length == 0 ? seed : XXH3_64bits_withSeed(data, length, seed);
}

uint64_t afmon_hash_seed(void)
{
    uint64_t seed;
    if (afmon_random(&seed, sizeof seed) == 0)
        return seed;
    /* No such call in this kernel or sandbox: what differs from run to run has to do. */
    int64_t seen[3] = {afmon_wall_ns(), afmon_boot_ns(), (int64_t)(uintptr_t)&seed};
    return afmon_hash((uint64_t)seen[1], seen, sizeof seen);
}
