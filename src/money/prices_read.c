/* The two forms of prices. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/number.h"
#include "base/status.h"
#include "base/suggest.h"
#include "lazy/json.h"
#include "money/prices_internal.h"

#define FILE_MAX_BYTES ((size_t)64 << 20)
#define MILLION 1e6

/* Each part of a price: its name in our form and in LiteLLM's. */
static const struct {
    const char *ours;
    const char *theirs;
    size_t offset;
} parts[] = {
    {"input", "input_cost_per_token", offsetof(struct afmon_price, input)},
    {"output", "output_cost_per_token", offsetof(struct afmon_price, output)},
    {"cached_input", "cache_read_input_token_cost", offsetof(struct afmon_price, cached_input)},
    {"cache_write", "cache_creation_input_token_cost", offsetof(struct afmon_price, cache_write)},
    {"reasoning", "output_cost_per_reasoning_token", offsetof(struct afmon_price, reasoning)},
};
#define PARTS (sizeof parts / sizeof parts[0])

static double *part_at(struct afmon_price *price, size_t part)
{
    return (double *)(void *)((char *)price + parts[part].offset);
}

static struct afmon_price no_price(void)
{
    const double none = (double)NAN;
    return (struct afmon_price){none, none, none, none, none};
}

struct reading {
    struct afmon_prices *prices;
    const char *where;
    afmon_error *error;
};

/* ---- Ours ---- */

static afmon_status take_own_part(const struct reading *reading, const char *model, const char *key, json_t *value,
                                  struct afmon_price *price)
{
    const char *names[PARTS];
    for (size_t i = 0; i < PARTS; i++)
        names[i] = parts[i].ours;
    for (size_t i = 0; i < PARTS; i++) {
        if (strcmp(key, names[i]) != 0)
            continue;
        double dollars = json_is_number(value) ? json_number_value(value) : -1;
        if (!(dollars >= 0) || !isfinite(dollars))
            return afmon_fail(reading->error, AFMON_E_ARGUMENT,
                              "%s: %s of \"%s\": give US dollars for a million tokens, 0 or more", reading->where, key,
                              model);
        *part_at(price, i) = dollars / MILLION;
        return AFMON_OK;
    }
    const char *meant = afmon_suggest(key, names, PARTS);
    return afmon_fail(reading->error, AFMON_E_ARGUMENT,
                      "%s: \"%s\" of \"%s\" is no price%s%s%s (input, output, cached_input, cache_write, reasoning)",
                      reading->where, key, model, meant != NULL ? ": did you mean \"" : "", meant != NULL ? meant : "",
                      meant != NULL ? "\"?" : "");
}

static afmon_status take_own(const struct reading *reading, const char *model, json_t *object)
{
    struct afmon_model_price price = {.price = no_price()};
    if (!json_is_object(object))
        return afmon_fail(reading->error, AFMON_E_ARGUMENT,
                          "%s: \"%s\" is no object of prices such as {\"input\": 2.5, \"output\": 10}", reading->where,
                          model);
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        afmon_status status =
            take_own_part(reading, model, json_object_iter_key(at), json_object_iter_value(at), &price.price);
        if (status != AFMON_OK)
            return status;
    }
    if (!afmon_price_is_given(&price.price))
        return afmon_fail(reading->error, AFMON_E_ARGUMENT, "%s: \"%s\" has neither \"input\" nor \"output\"",
                          reading->where, model);
    return afmon_prices_add(reading->prices, model, &price) ? AFMON_OK : afmon_fail_memory(reading->error);
}

/* ---- LiteLLM's ---- */

/* What a key says behind a part's name: "_above_200k_tokens" is a band's 200,000. 0: it is no band. */
static double band_of(const char *rest)
{
    static const char begin[] = "_above_";
    static const char end[] = "k_tokens";
    char *behind;
    if (strncmp(rest, begin, sizeof begin - 1) != 0 || rest[sizeof begin - 1] < '1' || rest[sizeof begin - 1] > '9')
        return 0;
    unsigned long thousands = strtoul(rest + sizeof begin - 1, &behind, 10);
    return strcmp(behind, end) == 0 && thousands < 1000000 ? (double)thousands * 1000 : 0;
}

/* The band that begins there, made in its place; NULL: there are too many. */
static struct afmon_price *band_at(struct afmon_model_price *model, double above)
{
    size_t at = 0;
    while (at < model->band_count && model->bands[at].above < above)
        at++;
    if (at < model->band_count && model->bands[at].above == above)
        return &model->bands[at].price;
    if (model->band_count == AFMON_PRICE_BANDS)
        return NULL;
    memmove(&model->bands[at + 1], &model->bands[at], (model->band_count - at) * sizeof model->bands[0]);
    model->band_count++;
    model->bands[at] = (struct afmon_price_band){.above = above, .price = no_price()};
    return &model->bands[at].price;
}

/* A number, also as a text, which LiteLLM takes for one, too. Below 0: it is none. */
static double their_dollars(const json_t *value)
{
    double dollars = json_is_number(value) ? json_number_value(value) : -1;
    const char *text = json_string_value(value);
    return text != NULL && !afmon_parse_double(text, strlen(text), &dollars) ? -1 : dollars;
}

static void take_their_part(struct afmon_model_price *model, const char *key, json_t *value)
{
    double dollars = their_dollars(value);
    for (size_t i = 0; i < PARTS && dollars >= 0 && isfinite(dollars); i++) {
        size_t length = strlen(parts[i].theirs);
        if (strncmp(key, parts[i].theirs, length) != 0)
            continue;
        double above = band_of(key + length);
        struct afmon_price *price = key[length] == '\0' ? &model->price : above > 0 ? band_at(model, above) : NULL;
        if (price != NULL)
            *part_at(price, i) = dollars;
    }
}

/* What a tier does not give costs as its kind does in it. */
static void take_tier(struct afmon_model_price *model, json_t *tier)
{
    json_t *from = json_array_get(json_object_get(tier, "range"), 0);
    double above = json_is_number(from) ? json_number_value(from) : -1;
    struct afmon_model_price own = {.price = no_price()};
    for (void *at = json_object_iter(tier); at != NULL; at = json_object_iter_next(tier, at))
        take_their_part(&own, json_object_iter_key(at), json_object_iter_value(at));
    struct afmon_price *price = above == 0                     ? &model->price
                                : above > 0 && isfinite(above) ? band_at(model, above)
                                                               : NULL;
    if (price == NULL || isnan(own.price.input))
        return;
    own.price.cached_input = isnan(own.price.cached_input) ? own.price.input : own.price.cached_input;
    own.price.cache_write = isnan(own.price.cache_write) ? own.price.input : own.price.cache_write;
    own.price.reasoning = isnan(own.price.reasoning) ? own.price.output : own.price.reasoning;
    *price = own.price;
}

/* Models that have no price a token (pictures, speech by the second) are unpriced. */
static afmon_status take_theirs(const struct reading *reading, const char *name, json_t *object)
{
    struct afmon_model_price model = {.price = no_price()};
    if (!json_is_object(object) || strcmp(name, "sample_spec") == 0)
        return AFMON_OK;
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at))
        take_their_part(&model, json_object_iter_key(at), json_object_iter_value(at));
    json_t *tiers = json_object_get(object, "tiered_pricing");
    for (size_t i = 0; i < json_array_size(tiers); i++)
        take_tier(&model, json_array_get(tiers, i));
    return afmon_prices_add(reading->prices, name, &model) ? AFMON_OK : afmon_fail_memory(reading->error);
}

static bool is_theirs(json_t *root)
{
    for (void *at = json_object_iter(root); at != NULL; at = json_object_iter_next(root, at)) {
        json_t *model = json_object_iter_value(at);
        if (json_object_get(model, "litellm_provider") != NULL || json_object_get(model, parts[0].theirs) != NULL)
            return true;
    }
    return false;
}

/* ---- Either ---- */

static afmon_status take_all(const struct reading *reading, json_t *root)
{
    if (!json_is_object(root))
        return afmon_fail(reading->error, AFMON_E_ARGUMENT, "%s: prices are an object, with a member for each model",
                          reading->where);
    bool theirs = is_theirs(root);
    for (void *at = json_object_iter(root); at != NULL; at = json_object_iter_next(root, at)) {
        afmon_status status =
            (theirs ? take_theirs : take_own)(reading, json_object_iter_key(at), json_object_iter_value(at));
        if (status != AFMON_OK)
            return status;
    }
    if (afmon_prices_count(reading->prices) == 0)
        return afmon_fail(reading->error, AFMON_E_ARGUMENT, "%s: no model has a price for its tokens", reading->where);
    return AFMON_OK;
}

static bool keep_text(struct afmon_prices *prices, const char *text, size_t length)
{
    afmon_buffer_init(&prices->text, length);
    afmon_buffer_add(&prices->text, text, length);
    return !prices->text.failed;
}

afmon_status afmon_prices_parse(const char *text, size_t length, const char *where, struct afmon_prices **prices,
                                afmon_error *error)
{
    json_error_t problem;
    *prices = NULL;
    afmon_status status = afmon_lazy_open(AFMON_LAZY_JSON, error);
    if (status != AFMON_OK)
        return status;
    json_t *root = json_loadb(text, length, 0, &problem);
    if (root == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "%s: line %d, column %d: %s", where, problem.line, problem.column,
                          problem.text);
    struct reading reading = {.prices = calloc(1, sizeof **prices), .where = where, .error = error};
    status = reading.prices != NULL ? take_all(&reading, root) : afmon_fail_memory(error);
    if (status == AFMON_OK)
        status = keep_text(reading.prices, text, length) ? AFMON_OK : afmon_fail_memory(error);
    json_decref(root);
    if (status == AFMON_OK)
        *prices = reading.prices;
    else
        afmon_prices_free(reading.prices);
    return status;
}

afmon_status afmon_prices_read(const char *path, struct afmon_prices **prices, afmon_error *error)
{
    struct afmon_buffer text;
    *prices = NULL;
    afmon_buffer_init(&text, FILE_MAX_BYTES + 1);
    afmon_status status = afmon_file_text(path, FILE_MAX_BYTES, &text, error);
    if (status == AFMON_OK && text.length > FILE_MAX_BYTES)
        status = afmon_fail(error, AFMON_E_TOO_BIG, "%s: prices have at most 64 MiB", path);
    if (status == AFMON_OK)
        status = afmon_prices_parse(text.data, text.length, path, prices, error);
    afmon_buffer_free(&text);
    return status;
}
