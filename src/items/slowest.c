#include "items/slowest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "items/found.h"

bool afmon_slowest_add(struct afmon_slowest *slowest, const afmon_found_item *item)
{
    size_t at = slowest->count;
    if (isnan(item->duration_s))
        return true;
    if (slowest->kept == NULL)
        slowest->kept = calloc(slowest->most, sizeof *slowest->kept);
    if (slowest->kept == NULL)
        return false;
    while (at > 0 && slowest->kept[at - 1]->duration_s < item->duration_s)
        at--;
    if (at == slowest->most)
        return true;
    afmon_found_item *copy = afmon_item_copy(item);
    if (copy == NULL)
        return false;
    if (slowest->count == slowest->most)
        free(slowest->kept[--slowest->count]);
    memmove(&slowest->kept[at + 1], &slowest->kept[at], (slowest->count - at) * sizeof(afmon_found_item *));
    slowest->kept[at] = copy;
    slowest->count++;
    return true;
}

const afmon_found_item *afmon_slowest_next(struct afmon_slowest *slowest)
{
    return slowest->given < slowest->count ? slowest->kept[slowest->given++] : NULL;
}

void afmon_slowest_free(struct afmon_slowest *slowest)
{
    for (size_t i = 0; i < slowest->count; i++)
        free(slowest->kept[i]);
    free(slowest->kept);
    *slowest = (struct afmon_slowest){0};
}
