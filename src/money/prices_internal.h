/* Prices from the inside: prices.c keeps them, prices_read.c reads them. */
#ifndef AFMON_MONEY_PRICES_INTERNAL_H
#define AFMON_MONEY_PRICES_INTERNAL_H

#include "base/buffer.h"
#include "base/table.h"
#include "money/prices.h"

struct afmon_prices {
    struct afmon_model_price *models;
    size_t count;
    size_t capacity;
    struct afmon_table table;
    struct afmon_buffer text; /* as it was read */
};

/* For input, or for output. */
bool afmon_price_is_given(const struct afmon_price *price);

/* Adds a model, or gives one that is known other prices. One without a price is kept as such: it has not the price of a
 * model that is called the same behind a '/'. False: no memory. */
bool afmon_prices_add(struct afmon_prices *prices, const char *name, const struct afmon_model_price *price);

#endif
