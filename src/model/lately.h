/* What something did in the last two minutes, second by second. */
#ifndef AFMON_MODEL_LATELY_H
#define AFMON_MODEL_LATELY_H

#include <stdbool.h>
#include <stdint.h>

#define AFMON_LATELY_SECONDS 128 /* a power of two */

struct afmon_lately_second {
    int64_t second;
    uint32_t calls;
    uint32_t failures;
    double tokens[3]; /* prompt, completion, total */
};

struct afmon_lately {
    struct afmon_lately_second seconds[AFMON_LATELY_SECONDS];
};

void afmon_lately_begin(struct afmon_lately *lately);

/* The place of the second of a time; NULL: a later second has taken it. */
struct afmon_lately_second *afmon_lately_at(struct afmon_lately *lately, int64_t time_ns);

/* The last seconds up to now, cut where the run began. */
struct afmon_lately_window {
    int64_t now_ns;
    int64_t first_ns; /* of the run */
    double window_s;
};

struct afmon_lately_second afmon_lately_sum(const struct afmon_lately *lately, struct afmon_lately_window window);

/* How long these seconds were, up to now. */
double afmon_lately_length(struct afmon_lately_window window);

#endif
