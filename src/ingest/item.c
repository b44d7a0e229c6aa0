#include "ingest/item.h"

#include <string.h>

#include "catalog/fields.h"
#include "catalog/item_id.h"

static afmon_field attempt_field(uint32_t attempt)
{
    return (afmon_field){.key = "attempt", .key_length = 7, .type = AFMON_INT, .as.integer = attempt};
}

size_t afmon_item_packed_size(const struct afmon_item *item, uint32_t attempt)
{
    const afmon_field field = attempt_field(attempt);
    return item->packed_length + (attempt > 1 ? afmon_fields_packed_size(&field, 1) : 0);
}

unsigned char *afmon_item_pack(unsigned char *out, const struct afmon_item *item, uint32_t attempt)
{
    const afmon_field field = attempt_field(attempt);
    if (attempt > 1)
        out = afmon_fields_pack(out, &field, 1);
    memcpy(out, item->packed, item->packed_length);
    return out + item->packed_length;
}

afmon_field afmon_item_field(const afmon_item *item)
{
    afmon_field field = afmon_string(AFMON_ITEM_KEY, "");
    struct afmon_field_walk walk =
        afmon_field_walk_begin(item != NULL ? item->packed : NULL, item != NULL ? item->packed_length : 0);
    (void)afmon_field_walk_next(&walk, &field);
    return field;
}
