#include "store/item_column.h"

#include <string.h>

#define SLOTS (2U * AFMON_ITEM_PAGE) /* a power of two */

static uint32_t pages_of(uint32_t count)
{
    return (count + AFMON_ITEM_PAGE - 1) / AFMON_ITEM_PAGE;
}

/* Returns how many different places there are. */
static uint32_t take_page(const uint16_t *places, uint32_t count, uint16_t *list, uint8_t *which)
{
    uint16_t slots[SLOTS] = {0}; /* indexes in the list + 1, by place */
    uint32_t different = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = places[i] * 40503U >> 4 & (SLOTS - 1);
        while (slots[at] != 0 && list[slots[at] - 1] != places[i])
            at = (at + 1) & (SLOTS - 1);
        if (slots[at] == 0) {
            list[different++] = places[i];
            slots[at] = (uint16_t)different;
        }
        which[i] = (uint8_t)(slots[at] - 1);
    }
    return different;
}

void afmon_item_column_of(struct afmon_item_column *column, const uint16_t *places, uint32_t count)
{
    uint32_t pages = pages_of(count);
    column->count = count;
    column->starts[0] = 0;
    for (uint32_t page = 0; page < pages; page++) {
        uint32_t first = page * AFMON_ITEM_PAGE;
        uint32_t left = count - first < AFMON_ITEM_PAGE ? count - first : AFMON_ITEM_PAGE;
        uint32_t start = column->starts[page];
        column->starts[page + 1] =
            (uint16_t)(start + take_page(places + first, left, column->lists + start, column->which + first));
    }
}

size_t afmon_item_column_bytes(const struct afmon_item_column *column)
{
    uint32_t pages = pages_of(column->count);
    return (pages + 1 + (size_t)column->starts[pages]) * sizeof(uint16_t) + column->count;
}

void afmon_item_column_write(const struct afmon_item_column *column, uint16_t *out)
{
    uint32_t pages = pages_of(column->count);
    uint32_t listed = column->starts[pages];
    memcpy(out, column->starts, (pages + 1) * sizeof *out);
    memcpy(out + pages + 1, column->lists, listed * sizeof *out);
    memcpy(out + pages + 1 + listed, column->which, column->count);
}

uint16_t afmon_item_column_at(const uint16_t *written, uint32_t count, size_t index)
{
    uint32_t pages = pages_of(count);
    const uint16_t *lists = written + pages + 1;
    const uint8_t *which = (const uint8_t *)(lists + written[pages]);
    return lists[written[index / AFMON_ITEM_PAGE] + which[index]];
}
