/* A window that slides over the entries of one rule, and what the samples in it come to. */
#ifndef AFMON_ALERTS_SLIDE_H
#define AFMON_ALERTS_SLIDE_H

#include "alerts/tally.h"

/* The window is entries [begin, end). Nothing is ever subtracted, so no error piles up: entries before `middle` hold
 * the sum of themselves and all that follow up to middle, `back` is the sum of the rest (a queue of two stacks). About
 * three merges an entry. */
struct afmon_slide {
    struct afmon_tally_entry *entries; /* in order; changed */
    size_t count;
    size_t begin;
    size_t middle;
    size_t end;
    struct afmon_summary back;
};

/* Moves on to a pass, at or after the one before. Returns it, or, where no sample is in its window, the next pass that
 * has one; INT64_MAX where there is none. */
int64_t afmon_slide_to(struct afmon_slide *slide, int64_t pass);

/* The samples in the window. */
struct afmon_summary afmon_slide_sum(const struct afmon_slide *slide);

#endif
