/* How values are spread, in bounded memory: for their quantiles, while they come in, in any order.
 *
 * As long as there are few values, all are held and quantiles are exact. Then they are counted in classes: those that
 * agree in sign, exponent and the first 9 bits of the mantissa, 1/512 wide. Only classes that occur take memory (12
 * bytes each); each knows between which bounds its values lie, to 25 bits. Where memory is short two neighbours become
 * one, 1/256 wide, then 1/128 and so on (as in UDDSketch, Epicoco et al. 2020).
 *
 * A quantile lies between two order statistics, as numpy's default and those of type 7 of Hyndman and Fan (1996) do. In
 * classes an order statistic is the middle of what its class has: within 0.1 % (see afmon_sketch_error); where these
 * are equal, and have no more than 25 bits, it is exact, and so are the smallest and the largest of all. Values nearer
 * to 0 than 2^-1022 are within 2^-1032 instead.
 *
 * Adding and merging give the same whatever the order, as long as the room is not short and all limits are equal. */
#ifndef AFMON_BASE_SKETCH_H
#define AFMON_BASE_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct afmon_sketch_limits {
    size_t exact_max; /* so many values are held; SIZE_MAX: all (of up to 250 million) */
    /* So many bytes may sketches still take: what they take is taken off, what they give back is added. The first
     * AFMON_SKETCH_BYTES_MIN of each are not refused where there are none left. NULL: no bound. */
    size_t *room;
};

#define AFMON_SKETCH_BYTES_MIN 56

struct afmon_sketch_body;

/* Begin with a zeroed one. */
struct afmon_sketch {
    struct afmon_sketch_body *body; /* NULL: empty */
};

/* Adds a finite value, in 10 to 30 ns. False: no memory; it is then counted in the nearest class or, where there is
 * none, left out. Never false for want of room. */
bool afmon_sketch_add(struct afmon_sketch *sketch, double value, const struct afmon_sketch_limits *limits);

/* False: no memory; into then has what it had, and perhaps a part of from. */
bool afmon_sketch_merge(struct afmon_sketch *into, const struct afmon_sketch *from,
                        const struct afmon_sketch_limits *limits);

/* Takes the values at n quantiles (0 to 1 each), fastest where these ascend; 0 of an empty one. Allocates nothing. It
 * sorts what is held, so nobody else may look at the sketch meanwhile. */
void afmon_sketch_quantiles(struct afmon_sketch *sketch, const double *q, size_t n, double *out);

/* The sample standard deviation, of the values or of the middles of the classes. 0 of fewer than two. Sorts, too. */
double afmon_sketch_stddev(struct afmon_sketch *sketch);

/* 0: quantiles are exact. Else how far an order statistic may be off, as a part of it: 1/1024, or more where room was
 * short. */
double afmon_sketch_error(const struct afmon_sketch *sketch);

uint64_t afmon_sketch_count(const struct afmon_sketch *sketch);
size_t afmon_sketch_bytes(const struct afmon_sketch *sketch);

/* Halves what the sketch takes, by wider classes where it must, and gives the other half back. For room that is shared
 * by many: who came first would else keep all of it. */
void afmon_sketch_narrow(struct afmon_sketch *sketch, const struct afmon_sketch_limits *limits);

/* Halves it until it takes no more than so many bytes, or the least. */
void afmon_sketch_narrow_to(struct afmon_sketch *sketch, size_t bytes, const struct afmon_sketch_limits *limits);

/* Empties it and gives its bytes back; limits may be NULL. */
void afmon_sketch_free(struct afmon_sketch *sketch, const struct afmon_sketch_limits *limits);

#endif
