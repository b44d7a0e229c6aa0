/* What tokens cost: prices that somebody gave, by model, and what they make of a call. Nothing is known beforehand. */
#ifndef AFMON_MONEY_PRICES_H
#define AFMON_MONEY_PRICES_H

#include <afmon/afmon.h>

/* US dollars a token. Not given (NaN): those below the line cost what their kind does, input or output. */
struct afmon_price {
    double input;
    double output;
    /* ---- */
    double cached_input;
    double cache_write;
    double reasoning;
};

#define AFMON_PRICE_BANDS 4 /* of a model, at most */

/* Prices of a call whose prompt has more tokens than that; what is not given stays as it is below. */
struct afmon_price_band {
    double above;
    struct afmon_price price;
};

struct afmon_model_price {
    struct afmon_price price;
    size_t band_count;
    struct afmon_price_band bands[AFMON_PRICE_BANDS]; /* the lowest first */
    size_t name_length;
    const char *name;
};

struct afmon_prices; /* opaque; never changes: any number of threads may ask */

/* Reads prices from JSON. Either ours: {"MODEL": {"input": 2.5, "output": 10, "cached_input": 1.25, "cache_write": ...,
 * "reasoning": ...}}, in US dollars a million tokens; or LiteLLM's map of model prices as it is, of which the models
 * with a price a token are taken. `where` is named in errors (a file). */
afmon_status afmon_prices_parse(const char *text, size_t length, const char *where, struct afmon_prices **prices,
                                afmon_error *error);
afmon_status afmon_prices_read(const char *path, struct afmon_prices **prices, afmon_error *error);
void afmon_prices_free(struct afmon_prices *prices); /* NULL is fine */

/* Puts a copy of what was read into a folder: prices.json, or, where that is there and says something else,
 * prices-2.json and so on. name: that of the copy. 0 or errno. */
#define AFMON_PRICES_NAME_SIZE 24
int afmon_prices_copy(const struct afmon_prices *prices, const char *folder, char name[AFMON_PRICES_NAME_SIZE]);

/* The prices of a model: of its whole name, or else without what stands before a '/' ("openai/gpt-4o": "gpt-4o"). NULL:
 * it has none, also where the file knows it without a price for tokens. */
const struct afmon_model_price *afmon_prices_find(const struct afmon_prices *prices, const char *name, size_t length);
size_t afmon_prices_count(const struct afmon_prices *prices);

/* What a call used, in tokens; NaN where it is not told. Cached ones and cache writes are part of the prompt's,
 * reasoning of the completion's: where they are more than these, they stand beside them, and both count. */
struct afmon_tokens_used {
    double prompt;
    double completion;
    double cached;
    double cache_write;
    double reasoning;
};

/* What that costs, in US dollars. False: it cannot be said, as nothing was told, or a price is missing. */
bool afmon_price_cost(const struct afmon_model_price *price, const struct afmon_tokens_used *used, double *usd);

/* The most that a call can cost whose tokens are at most that many. False: a price is missing. */
bool afmon_price_worst(const struct afmon_model_price *price, double prompt, double completion, double *usd);

#endif
