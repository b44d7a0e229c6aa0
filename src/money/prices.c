#include "money/prices.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/table.h"
#include "money/prices_internal.h"

#define SEED 0x707269636573 /* prices are their owner's own: nobody floods them */

void afmon_prices_free(struct afmon_prices *prices)
{
    if (prices == NULL)
        return;
    for (size_t i = 0; i < prices->count; i++)
        free((char *)(uintptr_t)prices->models[i].name);
    free(prices->models);
    afmon_table_free(&prices->table);
    afmon_buffer_free(&prices->text);
    free(prices);
}

static uint64_t hash_of(const void *prices, uint32_t number)
{
    const struct afmon_model_price *model = &((const struct afmon_prices *)prices)->models[number];
    return afmon_hash(SEED, model->name, model->name_length);
}

struct wanted {
    const char *name;
    size_t length;
};

static bool is_same(const void *prices, uint32_t number, const void *of)
{
    const struct afmon_model_price *model = &((const struct afmon_prices *)prices)->models[number];
    const struct wanted *wanted = of;
    return model->name_length == wanted->length && memcmp(model->name, wanted->name, wanted->length) == 0;
}

static struct afmon_model_price *find(const struct afmon_prices *prices, const char *name, size_t length)
{
    const struct wanted wanted = {name, length};
    uint32_t number = prices->table.slot_count == 0
                          ? 0
                          : *afmon_table_slot(&prices->table, afmon_hash(SEED, name, length), is_same, prices, &wanted);
    return number == 0 ? NULL : &prices->models[number - 1];
}

bool afmon_prices_add(struct afmon_prices *prices, const char *name, const struct afmon_model_price *price)
{
    struct afmon_model_price *known = find(prices, name, strlen(name));
    if (known != NULL) {
        const struct afmon_model_price before = *known;
        *known = *price;
        known->name = before.name;
        known->name_length = before.name_length;
        return true;
    }
    if (prices->count == prices->capacity) {
        size_t capacity = prices->capacity * 2 + 16;
        struct afmon_model_price *models = realloc(prices->models, capacity * sizeof *models);
        if (models == NULL)
            return false;
        prices->models = models;
        prices->capacity = capacity;
    }
    if (!afmon_table_reserve(&prices->table, prices->count, (uint32_t)prices->count, hash_of, prices))
        return false;
    struct afmon_model_price *model = &prices->models[prices->count];
    *model = *price;
    model->name_length = strlen(name);
    model->name = strdup(name);
    if (model->name == NULL)
        return false;
    const struct wanted wanted = {model->name, model->name_length};
    *afmon_table_slot(&prices->table, hash_of(prices, (uint32_t)prices->count), is_same, prices, &wanted) =
        (uint32_t)prices->count + 1;
    prices->count++;
    return true;
}

const struct afmon_model_price *afmon_prices_find(const struct afmon_prices *prices, const char *name, size_t length)
{
    const struct afmon_model_price *found = find(prices, name, length);
    const char *slash;
    while (found == NULL && (slash = memchr(name, '/', length)) != NULL) {
        length -= (size_t)(slash + 1 - name);
        name = slash + 1;
        found = find(prices, name, length);
    }
    return found != NULL && afmon_price_is_given(&found->price) ? found : NULL;
}

bool afmon_price_is_given(const struct afmon_price *price)
{
    return !isnan(price->input) || !isnan(price->output);
}

size_t afmon_prices_count(const struct afmon_prices *prices)
{
    size_t count = 0;
    for (size_t i = 0; i < prices->count; i++)
        count += afmon_price_is_given(&prices->models[i].price);
    return count;
}
