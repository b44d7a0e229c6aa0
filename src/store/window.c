#include "store/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/order.h"

static int64_t shifted(int64_t steady_us, int64_t wall_delta_us)
{
    int64_t wall_us;
    if (steady_us == INT64_MIN || steady_us == INT64_MAX)
        return steady_us;
    if (__builtin_add_overflow(steady_us, wall_delta_us, &wall_us))
        return wall_delta_us < 0 ? INT64_MIN : INT64_MAX;
    return wall_us;
}

struct afmon_times afmon_times_at_wall(struct afmon_times steady, int64_t wall_delta_us)
{
    return (struct afmon_times){.since_us = shifted(steady.since_us, wall_delta_us),
                                .until_us = shifted(steady.until_us, wall_delta_us)};
}

/* ---- Values ---- */

bool afmon_values_reserve(struct afmon_values *values, size_t more)
{
    if (values->capacity - values->count >= more)
        return true;
    size_t needed = values->count + more;
    size_t capacity = needed + values->capacity / 2;
    double *larger = realloc(values->values, capacity * sizeof *larger);
    if (larger == NULL)
        return false;
    values->values = larger;
    values->capacity = capacity;
    return true;
}

void afmon_values_free(struct afmon_values *values)
{
    free(values->values);
    *values = (struct afmon_values){0};
}

bool afmon_values_add_part(struct afmon_values *values, const struct afmon_entry *entry, struct afmon_times wall)
{
    if (!afmon_values_reserve(values, entry->count))
        return false;
    double *out = values->values + values->count;
    if (afmon_entry_cover(entry, wall) == AFMON_COVER_WHOLE) {
        memcpy(out, entry->chunk->values, entry->count * sizeof *out);
        values->count += entry->count;
        return true;
    }
    struct afmon_chunk_span span = afmon_chunk_span(entry->chunk, wall.since_us, wall.until_us);
    values->count += afmon_chunk_values_in(entry->chunk, entry->count, span, out);
    return true;
}

size_t afmon_values_to_keys(struct afmon_values *values, uint64_t **keys)
{
    /* A key takes the bytes of a value that was read already. memcpy, for the types differ. */
    size_t found = 0;
    unsigned char *bytes = (unsigned char *)values->values;
    for (size_t i = 0; i < values->count; i++) {
        double value = values->values[i];
        uint64_t key = afmon_order_key(value);
        memcpy(bytes + found * sizeof key, &key, sizeof key);
        found += afmon_order_is_finite(value) ? 1 : 0;
    }
    *keys = (uint64_t *)(void *)values->values;
    return found;
}
