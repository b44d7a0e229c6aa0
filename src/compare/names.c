#include "compare/names.h"

#include <stdlib.h>

#include "base/hash.h"
#include "model/names.h"

#define SEED 0x6e616d65 /* the same in every process, so that the same input gives the same order */
#define NAMES_MAX 65000

bool afmon_compare_names_init(struct afmon_compare_names *names)
{
    *names = (struct afmon_compare_names){.slots = {.entry_size = sizeof(struct afmon_compare_name)}};
    return afmon_slots_put(&names->slots, 0) != NULL;
}

void afmon_compare_names_free(struct afmon_compare_names *names)
{
    for (uint32_t i = 0; i < names->slots.count; i++)
        free(((struct afmon_compare_name *)afmon_slots_at(&names->slots, i))->text);
    afmon_slots_free(&names->slots);
}

int32_t afmon_compare_name(struct afmon_compare_names *names, const struct afmon_piece *text)
{
    struct afmon_piece piece = *text;
    if (!piece.given || piece.length == 0)
        return 0;
    uint64_t hash = afmon_hash(SEED, piece.data, piece.length) | 1;
    if (names->slots.count >= NAMES_MAX && afmon_slots_find(&names->slots, hash) == NULL) {
        piece = (struct afmon_piece){"(other)", sizeof "(other)" - 1, true};
        hash = afmon_hash(SEED, piece.data, piece.length) | 1;
    }
    struct afmon_compare_name *name = afmon_slots_put(&names->slots, hash);
    if (name == NULL)
        return -1;
    if (name->text == NULL)
        name->text = afmon_name_shown(piece.data, piece.length);
    if (name->text == NULL)
        return -1;
    return (int32_t)(name - (struct afmon_compare_name *)names->slots.entries);
}

const char *afmon_compare_name_text(const struct afmon_compare_names *names, uint32_t number)
{
    const struct afmon_compare_name *name = afmon_slots_at(&names->slots, number);
    return name->text != NULL ? name->text : "";
}

uint32_t afmon_compare_name_count(const struct afmon_compare_names *names)
{
    return names->slots.count;
}
