/* Numbers on charts: units that fit their size, ticks, texts. Pure functions. */
#ifndef AFMON_PLOT_NUMBERS_H
#define AFMON_PLOT_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

enum afmon_quantity { AFMON_QUANTITY_NUMBER, AFMON_QUANTITY_PERCENT, AFMON_QUANTITY_SECONDS, AFMON_QUANTITY_DOLLARS };

/* Data beyond this is drawn at it: so a difference of two values is always finite. */
#define AFMON_PLOT_LARGEST 1e300

#define AFMON_VALUE_TEXT_SIZE 48
#define AFMON_TICKS_MAX 16

struct afmon_tick {
    double at; /* in the data's unit */
    char label[AFMON_VALUE_TEXT_SIZE];
    char below[24]; /* a second line under it; mostly empty */
};

struct afmon_ticks {
    struct afmon_tick list[AFMON_TICKS_MAX];
    unsigned count;
    double low; /* the axis, in the data's unit */
    double high;
    char unit[32]; /* what the numbers are in, for the axis' caption: "milliseconds", "×10⁻⁶"; may be empty */
};

struct afmon_range {
    double low;
    double high;
    bool any;
};

void afmon_range_add(struct afmon_range *range, double value); /* what is not finite is passed over */

/* The range of an axis for data in this range: never empty, from zero where the data is near it or from_zero says so,
 * with some room around data that does not vary. */
struct afmon_range afmon_axis_range(struct afmon_range data, bool from_zero);

/* Ticks at 1, 2 or 5 times a power of ten of the unit, about `wanted` of them and at most AFMON_TICKS_MAX. With
 * `extend` the axis begins and ends at ticks. */
void afmon_number_ticks(struct afmon_ticks *ticks, struct afmon_range axis, unsigned wanted,
                        enum afmon_quantity quantity, bool extend);

/* 1, 2 or 5 times a power of ten, at least `raw` (above 0). */
double afmon_nice_step(double raw);

/* Three significant digits with the unit: "2.05 s", "340 ms", "86.8%", "12.3k", "4,096", "2.4×10⁻⁷", "$0.0123". */
void afmon_value_text(char out[AFMON_VALUE_TEXT_SIZE], double value, enum afmon_quantity quantity);

/* A whole number with commas. */
void afmon_count_text(char out[AFMON_VALUE_TEXT_SIZE], unsigned long long count);

#endif
