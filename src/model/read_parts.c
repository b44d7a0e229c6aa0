/* What the parts of a summary are read with. */
#include <math.h>
#include "model/model_internal.h"

const char *afmon_read_text(const struct afmon_model_reading *reading, const char *text)
{
    return afmon_pool_text(reading->pool, text, strlen(text));
}

bool afmon_read_is_bare(const struct afmon_model *model)
{
    return model->tracked == 0 && model->bare > 0;
}

const struct afmon_model_outcomes *afmon_read_outcomes(const struct afmon_model *model,
                                                       const struct afmon_model_group *group)
{
    bool has_bare = group->bare.count + group->bare.errors > 0;
    return has_bare && afmon_read_is_bare(model) ? &group->bare : &group->tracked;
}

uint64_t afmon_read_tokens(const struct afmon_exact_sum *sum)
{
    double tokens = afmon_exact_sum_value(sum);
    return tokens >= 18446744073709549568.0 ? UINT64_MAX : (uint64_t)(tokens + 0.5);
}

double afmon_read_cost(const struct afmon_exact_sum *sum, uint64_t priced)
{
    return priced > 0 ? afmon_exact_sum_value(sum) : (double)NAN;
}

uint64_t afmon_read_total_tokens(const struct afmon_model_group *group)
{
    struct afmon_exact_sum both = group->tokens[0];
    uint64_t total = afmon_read_tokens(&group->tokens[2]);
    afmon_exact_sum_merge(&both, &group->tokens[1]);
    return total > 0 ? total : afmon_read_tokens(&both);
}

double afmon_read_share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0.0 : (double)part / (double)whole;
}

int afmon_read_by_count(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}
