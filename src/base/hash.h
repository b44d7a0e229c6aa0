/* Hashes for tables whose keys strangers choose. */
#ifndef AFMON_BASE_HASH_H
#define AFMON_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* A seed that cannot be guessed; one for each table, so that nobody can prepare keys that collide in it. */
uint64_t afmon_hash_seed(void);

/* XXH3 of the bytes (data may be NULL where length is 0). */
uint64_t afmon_hash(uint64_t seed, const void *data, size_t length);

#endif
