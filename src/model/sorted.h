/* Sorted numbers, and how their tail goes on. */
#ifndef AFMON_MODEL_SORTED_H
#define AFMON_MODEL_SORTED_H

#include <stddef.h>

/* For qsort, of doubles. */
int afmon_by_value(const void *left, const void *right);

/* Where the longest `top` of `count` rising numbers begin, top < count: the number before them, or 1e-9. */
double afmon_tail_begin(const double *sorted, size_t count, size_t top);

/* The exponent of Pareto's tail by these: Hill's estimate (1975). INFINITY: they are all alike. */
double afmon_tail_exponent(const double *sorted, size_t count, size_t top);

#endif
