/* The label sets of all instruments. One thread at a time. */
#ifndef AFMON_METERS_TABLE_H
#define AFMON_METERS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/exact_sum.h"
#include "meters/meters.h"

struct afmon_meter_series {
    struct afmon_meter meter;
    struct afmon_exact_sum sum;      /* of which meter.value is the value, but for gauges */
    struct afmon_meter_series *next; /* of the instrument */
    uint64_t hash;
    size_t key_length;
    char *key;          /* the values, each ended by a NUL; meter.values point into it */
    uint64_t buckets[]; /* of a histogram */
};

struct afmon_meter_list {
    struct afmon_meter_series *first;
    struct afmon_meter_series *last;
    size_t count;
};

struct afmon_meter_table {
    struct afmon_meter_list lists[AFMON_INSTRUMENTS];
    struct afmon_meter_series **slots; /* open addressing, never more than half full */
    size_t slot_count;
    size_t count;
    uint64_t seed;
};

/* The values of an instrument's labels, in its order; not NUL ended, NULL: has none. */
struct afmon_label_text {
    const char *data;
    size_t length;
};

/* Writes a value as it will be shown (room for AFMON_METER_LABEL_SIZE + 1), so that no two that look alike are two
 * series; returns its end, behind a NUL. */
char *afmon_label_write(char *out, struct afmon_label_text value);

bool afmon_meter_table_init(struct afmon_meter_table *table);
void afmon_meter_table_free(struct afmon_meter_table *table);

/* The series of these values, made where there is none. *other: there are too many, or no memory; it is the one of
 * "other" then, or NULL. */
struct afmon_meter_series *afmon_meter_table_find(struct afmon_meter_table *table, enum afmon_instrument_id id,
                                                  const struct afmon_label_text *values, bool *other);

#endif
