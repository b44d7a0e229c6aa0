/* The value index of a series: where in the order of all its values a value stands, and that for every window, exactly.
 *
 * It is a tree over the bits of the keys (base/order.h): the root has a slot for each value of the 13 leading bits
 * (sign, exponent, and one bit more), and a slot that has become heavy gets a page of 8 slots for the next 3 bits. A
 * slot keeps the values that came to it before it got its page, in the order in which they came. So a slot is heavy
 * only where values are, whatever their distribution; and since a slot's list is in the order of arrival, "the values
 * since then" are the end of it.
 *
 * counts[slot] is the number of values that ever came to the slot's own list. A checkpoint is a copy of these numbers;
 * the difference to a later one is the histogram of what came in between. A slot is never reused before all that it
 * counted has been removed, so that the difference is right for every checkpoint that is still in use. Numbers are
 * modulo 2^32.
 *
 * A slot to which the same value comes again and again keeps no list, only how often it came (a run): a constant, a
 * rate of zeros and ones, small integers cost nothing.
 *
 * No function here locks: the store's owner changes the index, and others read it, under the store's lock. */
#ifndef AFMON_STORE_INDEX_H
#define AFMON_STORE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct afmon_index;

struct afmon_checkpoint {
    uint32_t slot_count;
    uint32_t counts[]; /* slots that were made later count as 0 */
};

struct afmon_index *afmon_index_new(void);        /* NULL: no memory */
void afmon_index_free(struct afmon_index *index); /* NULL is fine */
size_t afmon_index_bytes(const struct afmon_index *index);
uint64_t afmon_index_count(const struct afmon_index *index); /* values that are in it */

/* Adds values in their order; those that are not finite are passed over. False: no memory; the index is then of no more
 * use. */
bool afmon_index_add(struct afmon_index *index, const double *values, size_t count);

/* The state of now; NULL: no memory. free() it. */
struct afmon_checkpoint *afmon_index_checkpoint(const struct afmon_index *index);
size_t afmon_checkpoint_bytes(const struct afmon_checkpoint *checkpoint); /* NULL: 0 */
size_t afmon_index_checkpoint_bytes(const struct afmon_index *index);     /* of one taken now */

/* Removes the values that were added before the checkpoint; NULL: all. */
void afmon_index_remove_before(struct afmon_index *index, const struct afmon_checkpoint *checkpoint);

/* Removes the oldest values, which are these. */
void afmon_index_remove_oldest(struct afmon_index *index, const double *values, size_t count);

#endif
