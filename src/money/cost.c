/* From tokens to dollars. */
#include <math.h>

#include "money/prices.h"

static double given_or(double value, double other)
{
    return isnan(value) ? other : value;
}

/* What is not told, negative or not finite, is nothing. */
static double counted(double tokens)
{
    return tokens > 0 && isfinite(tokens) ? tokens : 0;
}

/* What of a whole is in none of its parts. Parts that are more than the whole stand beside it. */
static double rest_of(double whole, double parts)
{
    return parts <= whole ? whole - parts : whole;
}

/* The prices of a call with so long a prompt. */
static struct afmon_price price_at(const struct afmon_model_price *model, double prompt)
{
    struct afmon_price price = model->price;
    for (size_t i = 0; i < model->band_count && prompt > model->bands[i].above; i++) {
        const struct afmon_price *band = &model->bands[i].price;
        price.input = given_or(band->input, price.input);
        price.output = given_or(band->output, price.output);
        price.cached_input = given_or(band->cached_input, price.cached_input);
        price.cache_write = given_or(band->cache_write, price.cache_write);
        price.reasoning = given_or(band->reasoning, price.reasoning);
    }
    return price;
}

bool afmon_price_cost(const struct afmon_model_price *model, const struct afmon_tokens_used *used, double *usd)
{
    double cached = counted(used->cached);
    double written = counted(used->cache_write);
    double reasoning = counted(used->reasoning);
    double prompt = rest_of(counted(used->prompt), cached + written);
    double completion = rest_of(counted(used->completion), reasoning);
    struct afmon_price price = price_at(model, prompt + cached + written);
    double parts[] = {prompt, cached, written, completion, reasoning};
    double prices[] = {price.input, given_or(price.cached_input, price.input), given_or(price.cache_write, price.input),
                       price.output, given_or(price.reasoning, price.output)};
    *usd = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i] > 0 && isnan(prices[i]))
            return false;
        *usd += parts[i] > 0 ? parts[i] * prices[i] : 0;
    }
    return !isnan(used->prompt) || !isnan(used->completion);
}

/* NaN where neither is given. */
static double dearest(double a, double b)
{
    return isnan(a) || b > a ? b : a;
}

/* The dearest of all kinds of tokens, of prompts that are shorter, too. */
bool afmon_price_worst(const struct afmon_model_price *model, double prompt, double completion, double *usd)
{
    double input = (double)NAN, output = (double)NAN;
    for (size_t i = 0; i <= model->band_count; i++) {
        if (i > 0 && prompt <= model->bands[i - 1].above)
            break;
        const struct afmon_price *price = i == 0 ? &model->price : &model->bands[i - 1].price;
        input = dearest(dearest(dearest(input, price->input), price->cached_input), price->cache_write);
        output = dearest(dearest(output, price->output), price->reasoning);
    }
    if (isnan(model->price.input) || isnan(model->price.output))
        return false;
    *usd = prompt * input + completion * output;
    return true;
}
