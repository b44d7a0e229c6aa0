#include "store/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "base/hash.h"
#include "catalog/metrics.h"

#define UNKNOWN "unknown"

void afmon_tokens_init(struct afmon_tokens *tokens)
{
    memset(tokens, 0, sizeof *tokens);
    tokens->seed = afmon_hash_seed();
}

void afmon_tokens_free(struct afmon_tokens *tokens)
{
    for (size_t i = 0; i < tokens->capacity; i++)
        free(tokens->slots[i]);
    free(tokens->slots);
    memset(tokens, 0, sizeof *tokens);
}

enum afmon_token_kind afmon_token_kind_of(const char *name, size_t length)
{
    switch (afmon_metric_find(name, length, NULL)) {
    case AFMON_METRIC_PROMPT:
        return AFMON_TOKENS_PROMPT;
    case AFMON_METRIC_COMPLETION:
        return AFMON_TOKENS_COMPLETION;
    case AFMON_METRIC_TOTAL:
        return AFMON_TOKENS_TOTAL;
    default:
        return AFMON_TOKENS_NONE;
    }
}

/* ---- The table ---- */

static struct afmon_model_tokens **place_of(const struct afmon_tokens *tokens, uint64_t hash, const char *name,
                                            size_t length)
{
    size_t mask = tokens->capacity - 1;
    size_t at = (size_t)hash & mask;
    for (; tokens->slots[at] != NULL; at = (at + 1) & mask) {
        const struct afmon_model_tokens *model = tokens->slots[at];
        if (model->hash == hash && model->name_length == length && memcmp(model->name, name, length) == 0)
            break;
    }
    return &tokens->slots[at];
}

static bool grow(struct afmon_tokens *tokens)
{
    size_t capacity = tokens->capacity == 0 ? 8 : tokens->capacity * 2;
    struct afmon_model_tokens **old = tokens->slots;
    size_t old_capacity = tokens->capacity;
    struct afmon_model_tokens **slots = calloc(capacity, sizeof *slots);
    if (slots == NULL)
        return false;
    tokens->slots = slots;
    tokens->capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i] != NULL)
            *place_of(tokens, old[i]->hash, old[i]->name, old[i]->name_length) = old[i];
    }
    free(old);
    tokens->bytes += (capacity - old_capacity) * sizeof *slots;
    return true;
}

static struct afmon_model_tokens *add_model(struct afmon_tokens *tokens, struct afmon_model_tokens **place,
                                            uint64_t hash, const char *name, size_t length)
{
    struct afmon_model_tokens *model = malloc(sizeof *model + length + 1);
    if (model == NULL)
        return NULL;
    memset(model, 0, sizeof *model);
    model->hash = hash;
    model->name_length = length;
    memcpy(model->name, name, length);
    model->name[length] = '\0';
    *place = model;
    tokens->count++;
    tokens->bytes += sizeof *model + length + 1;
    return model;
}

static struct afmon_model_tokens *find_or_add(struct afmon_tokens *tokens, const char *name, size_t length)
{
    uint64_t hash = afmon_hash(tokens->seed, name, length);
    if (tokens->capacity > 0) {
        struct afmon_model_tokens *model = *place_of(tokens, hash, name, length);
        if (model != NULL)
            return model;
    }
    if ((tokens->count + 1) * 4 > tokens->capacity * 3 && !grow(tokens))
        return NULL;
    return add_model(tokens, place_of(tokens, hash, name, length), hash, name, length);
}

double *afmon_tokens_of_model(struct afmon_tokens *tokens, const char *model, size_t length, enum afmon_token_kind kind)
{
    /* A model that is called "unknown" must not be a second one of that name. */
    bool named = model != NULL && !(length == strlen(UNKNOWN) && memcmp(model, UNKNOWN, length) == 0);
    struct afmon_model_tokens *found = named ? find_or_add(tokens, model, length) : NULL;
    if (found == NULL) {
        tokens->unknown_seen = true;
        return &tokens->unknown[kind - 1];
    }
    found->seen = true;
    return &found->tokens[kind - 1];
}

double *afmon_tokens_of(struct afmon_tokens *tokens, const struct afmon_set *set, enum afmon_token_kind kind)
{
    bool named = set != NULL && set->model != NULL;
    return afmon_tokens_of_model(tokens, named ? set->model : NULL, named ? set->model_length : 0, kind);
}

/* ---- Reports ---- */

static uint64_t rounded(double tokens)
{
    return tokens >= 18446744073709549568.0 ? UINT64_MAX : (uint64_t)(tokens + 0.5);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const afmon_model_usage *)a)->model_name, ((const afmon_model_usage *)b)->model_name);
}

static char *add_usage(afmon_token_usage *usage, char *text, const char *name, size_t length, const double *tokens)
{
    afmon_model_usage *model = &usage->models[usage->model_count++];
    memcpy(text, name, length);
    text[length] = '\0';
    model->model_name = text;
    model->prompt_tokens = rounded(tokens[AFMON_TOKENS_PROMPT - 1]);
    model->completion_tokens = rounded(tokens[AFMON_TOKENS_COMPLETION - 1]);
    model->total_tokens = rounded(tokens[AFMON_TOKENS_TOTAL - 1]);
    usage->prompt_tokens = afmon_clamp_add_u64(usage->prompt_tokens, model->prompt_tokens);
    usage->completion_tokens = afmon_clamp_add_u64(usage->completion_tokens, model->completion_tokens);
    usage->total_tokens = afmon_clamp_add_u64(usage->total_tokens, model->total_tokens);
    return text + length + 1;
}

afmon_status afmon_tokens_report(const struct afmon_tokens *tokens, afmon_token_usage *usage)
{
    memset(usage, 0, sizeof *usage);
    size_t texts = sizeof UNKNOWN;
    for (size_t i = 0; i < tokens->capacity; i++)
        texts += tokens->slots[i] == NULL ? 0 : tokens->slots[i]->name_length + 1;
    void *storage = malloc((tokens->count + 1) * sizeof *usage->models + texts);
    if (storage == NULL)
        return AFMON_E_NO_MEMORY;
    usage->storage = storage;
    usage->models = storage;
    char *text = (char *)(usage->models + tokens->count + 1);
    for (size_t i = 0; i < tokens->capacity; i++) {
        const struct afmon_model_tokens *model = tokens->slots[i];
        if (model != NULL && model->seen)
            text = add_usage(usage, text, model->name, model->name_length, model->tokens);
    }
    if (tokens->unknown_seen)
        add_usage(usage, text, UNKNOWN, strlen(UNKNOWN), tokens->unknown);
    qsort(usage->models, usage->model_count, sizeof *usage->models, by_name);
    return AFMON_OK;
}
