#include "random.h"

#include <math.h>
#include <sys/random.h>
#include <time.h>

/* SplitMix64 (Steele, Lea, Flood 2014): turns related inputs into unrelated states. */
static uint64_t mix(uint64_t *x)
{
    *x += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *x;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

gen_random gen_random_at(uint64_t seed, uint64_t index, uint64_t stream)
{
    uint64_t x = seed;
    uint64_t key = mix(&x) ^ index;
    key = mix(&key) ^ stream;
    gen_random random;
    for (int i = 0; i < 4; i++)
        random.state[i] = mix(&key);
    return random;
}

/* xoshiro256** (Blackman, Vigna 2018). */
uint64_t gen_random_bits(gen_random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double gen_random_unit(gen_random *random)
{
    return (double)(gen_random_bits(random) >> 11) * 0x1p-53;
}

uint32_t gen_random_below(gen_random *random, uint32_t bound)
{
    if (bound == 0)
        return 0;
    uint32_t threshold = (uint32_t)(-bound) % bound;
    for (;;) {
        uint64_t product = (gen_random_bits(random) >> 32) * bound;
        if ((uint32_t)product >= threshold)
            return (uint32_t)(product >> 32);
    }
}

bool gen_random_chance(gen_random *random, double probability)
{
    return gen_random_unit(random) < probability;
}

double gen_random_normal(gen_random *random)
{
    double u = 1.0 - gen_random_unit(random); /* never 0, so that the logarithm is finite */
    double v = gen_random_unit(random);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

double gen_random_lognormal(gen_random *random, double median, double sigma)
{
    return median * exp(sigma * gen_random_normal(random));
}

uint64_t gen_random_seed(void)
{
    uint64_t bits = 0;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != (ssize_t)sizeof bits) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        bits = (uint64_t)now.tv_sec * UINT64_C(1000000007) ^ (uint64_t)now.tv_nsec;
    }
    return mix(&bits) >> 33;
}
