/* Token counts by model: what a store keeps for all time, and what a question over a window adds up. */
#ifndef AFMON_STORE_TOKENS_H
#define AFMON_STORE_TOKENS_H

#include <afmon/afmon.h>

#include "catalog/sets.h"

enum afmon_token_kind { AFMON_TOKENS_NONE = 0, AFMON_TOKENS_PROMPT, AFMON_TOKENS_COMPLETION, AFMON_TOKENS_TOTAL };
#define AFMON_TOKEN_KINDS 3

struct afmon_model_tokens {
    double tokens[AFMON_TOKEN_KINDS]; /* by kind - 1 */
    bool seen;
    uint64_t hash;
    size_t name_length;
    char name[];
};

struct afmon_tokens {
    uint64_t seed;
    struct afmon_model_tokens **slots; /* open addressing, a power of two; NULL where free */
    size_t capacity;
    size_t count;
    size_t bytes;
    /* Samples without a model, and those of models for which there was no memory: the sums stay right. */
    double unknown[AFMON_TOKEN_KINDS];
    bool unknown_seen;
};

void afmon_tokens_init(struct afmon_tokens *tokens); /* allocates nothing */
void afmon_tokens_free(struct afmon_tokens *tokens);

/* What a series counts, by its name. */
enum afmon_token_kind afmon_token_kind_of(const char *name, size_t length);

/* The sum that samples with this set (NULL: none) are added to. It stays where it is until afmon_tokens_free. */
double *afmon_tokens_of(struct afmon_tokens *tokens, const struct afmon_set *set, enum afmon_token_kind kind);
double *afmon_tokens_of_model(struct afmon_tokens *tokens, const char *model, size_t length,
                              enum afmon_token_kind kind);

/* What a sample counts for: nothing where it is negative or not finite. */
static inline double afmon_tokens_counted(double value)
{
    return value > 0 && value < (double)INFINITY ? value : 0.0;
}

/* Fills a report; AFMON_OK or AFMON_E_NO_MEMORY (then it is empty). */
afmon_status afmon_tokens_report(const struct afmon_tokens *tokens, afmon_token_usage *usage);

#endif
