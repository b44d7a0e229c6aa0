/* Random numbers that are the same for the same seed, index and stream, whatever thread draws them and in whatever
 * order: each piece of work has a generator of its own. Not for secrets. */
#ifndef AFMON_GENERATORS_RANDOM_H
#define AFMON_GENERATORS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct gen_random {
    uint64_t state[4];
} gen_random;

/* The generator of one piece of work: conversation `index`, and within it the stream (a call, an attempt, a score). */
gen_random gen_random_at(uint64_t seed, uint64_t index, uint64_t stream);

uint64_t gen_random_bits(gen_random *random);
double gen_random_unit(gen_random *random);                    /* 0 <= x < 1 */
uint32_t gen_random_below(gen_random *random, uint32_t bound); /* 0 .. bound - 1, without bias; 0 where bound is 0 */
bool gen_random_chance(gen_random *random, double probability);
double gen_random_normal(gen_random *random); /* mean 0, standard deviation 1 */
double gen_random_lognormal(gen_random *random, double median, double sigma);

/* A seed from the operating system, for runs that were given none; small enough (below 2^31) to be typed. */
uint64_t gen_random_seed(void);

#endif
