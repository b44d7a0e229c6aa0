#include "live/groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"

#define OTHER "(other)"

static struct afmon_sketch_limits limits_of(const struct afmon_group *group)
{
    return (struct afmon_sketch_limits){.exact_max = AFMON_LIVE_EXACT_MAX,
                                        .room = group->account != NULL ? &group->account->room : NULL};
}

static void free_group(struct afmon_group *group)
{
    if (group == NULL)
        return;
    struct afmon_sketch_limits limits = limits_of(group);
    afmon_sketch_free(&group->spread, &limits);
    free(group->name);
    free(group->component);
    free(group);
}

static char *copy_text(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static struct afmon_group *make(const char *name, size_t length, const char *component, size_t component_length)
{
    struct afmon_group *group = calloc(1, sizeof *group);
    if (group == NULL)
        return NULL;
    group->name = copy_text(name, length);
    group->name_length = length;
    group->component = copy_text(component, component_length);
    group->component_length = component_length;
    for (size_t i = 0; i < AFMON_GROUP_SECONDS; i++)
        group->lately[i].second = INT64_MIN;
    if (group->name != NULL && group->component != NULL)
        return group;
    free_group(group);
    return NULL;
}

static bool is(const struct afmon_group *group, uint64_t hash, const char *name, size_t length, const char *component,
               size_t component_length)
{
    return group->hash == hash && group->name_length == length && group->component_length == component_length &&
           memcmp(group->name, name, length) == 0 &&
           (component_length == 0 || memcmp(group->component, component, component_length) == 0);
}

/* A run has few of them, and who asks keeps what it was given. */
struct afmon_group *afmon_group_of(struct afmon_groups *groups, const char *name, size_t length, const char *component,
                                   size_t component_length)
{
    if (groups->seed == 0)
        groups->seed = afmon_hash_seed() | 1;
    uint64_t hash =
        afmon_hash(groups->seed, name, length) ^ (afmon_hash(~groups->seed, component, component_length) << 1);
    for (size_t i = 0; i < groups->count; i++)
        if (is(groups->groups[i], hash, name, length, component, component_length))
            return groups->groups[i];
    if (groups->count == groups->most)
        return groups->groups[groups->most - 1];
    bool last = groups->count + 1 == groups->most;
    struct afmon_group *group =
        last ? make(OTHER, strlen(OTHER), NULL, 0) : make(name, length, component, component_length);
    if (group == NULL)
        return NULL;
    group->hash = hash;
    group->account = groups->account;
    groups->groups[groups->count++] = group;
    return group;
}

/* The second's place; NULL where a later second has taken it. */
static struct afmon_group_second *second_of(struct afmon_group *group, int64_t time_ns)
{
    int64_t second = time_ns / AFMON_NS_PER_S - (time_ns % AFMON_NS_PER_S < 0);
    struct afmon_group_second *place = &group->lately[(uint64_t)second % AFMON_GROUP_SECONDS];
    if (place->second > second)
        return NULL;
    if (place->second < second)
        *place = (struct afmon_group_second){.second = second};
    return place;
}

static void add_tokens(struct afmon_group *group, struct afmon_group_second *second, int kind, double value)
{
    if (!(value > 0))
        return;
    group->tokens[kind] += value;
    if (second != NULL)
        second->tokens[kind] += value;
}

static void add_call(struct afmon_group *group, struct afmon_group_second *second)
{
    group->calls++;
    if (second != NULL)
        second->calls++;
}

static void add_failure(struct afmon_group *group, struct afmon_group_second *second)
{
    group->failures++;
    if (second != NULL)
        second->failures++;
}

static bool add_duration(struct afmon_group *group, struct afmon_group_second *second, double value)
{
    add_call(group, second);
    if (!isfinite(value))
        return true;
    afmon_summary_add(&group->durations, value);
    struct afmon_sketch_limits limits = limits_of(group);
    return afmon_sketch_add(&group->spread, value, &limits);
}

bool afmon_group_add(struct afmon_group *group, enum afmon_metric_id metric, int64_t time_ns, double value)
{
    struct afmon_group_second *second = second_of(group, time_ns);
    switch (metric) {
    case AFMON_METRIC_GENERATION_TIME:
    case AFMON_METRIC_EVALUATION_TIME:
        return add_duration(group, second, value);
    case AFMON_METRIC_MODEL:
        add_call(group, second);
        return true;
    case AFMON_METRIC_SUCCESS:
        if (value < 0.5 && isfinite(value))
            add_failure(group, second);
        return true;
    case AFMON_METRIC_EVALUATION_ERROR:
        if (value >= 0.5 && isfinite(value))
            add_failure(group, second);
        return true;
    case AFMON_METRIC_PROMPT:
    case AFMON_METRIC_COMPLETION:
    case AFMON_METRIC_TOTAL:
        if (isfinite(value))
            add_tokens(group, second, (int)metric - AFMON_METRIC_PROMPT, value);
        return true;
    default:
        return true;
    }
}

/* The seconds of the window; the last is the one that now_ns is in. */
static struct afmon_group_second sum_lately(const struct afmon_group *group, struct afmon_lately lately)
{
    struct afmon_group_second sum = {0};
    int64_t end = lately.now_ns / AFMON_NS_PER_S - (lately.now_ns % AFMON_NS_PER_S < 0);
    int64_t span = (int64_t)fmax(1, fmin(AFMON_GROUP_SECONDS - 8, lately.window_s));
    for (size_t i = 0; i < AFMON_GROUP_SECONDS; i++) {
        const struct afmon_group_second *second = &group->lately[i];
        if (second->second > end || second->second <= end - span)
            continue;
        sum.calls += second->calls;
        sum.failures += second->failures;
        for (size_t kind = 0; kind < 3; kind++)
            sum.tokens[kind] += second->tokens[kind];
    }
    return sum;
}

/* How long these seconds were, up to now. */
static double seconds_lately(struct afmon_lately lately)
{
    double span = floor(fmax(1, fmin(AFMON_GROUP_SECONDS - 8, lately.window_s)));
    int64_t part = lately.now_ns % AFMON_NS_PER_S;
    double seconds = span - 1 + (double)(part < 0 ? part + AFMON_NS_PER_S : part) * 1e-9;
    double run_s = ((double)lately.now_ns - (double)lately.first_ns) * 1e-9;
    return fmax(0.25, fmin(seconds, run_s));
}

double afmon_group_calls_lately(const struct afmon_group *group, struct afmon_lately lately)
{
    return sum_lately(group, lately).calls / seconds_lately(lately);
}

static afmon_live_rate rate_of(struct afmon_group *group, struct afmon_lately lately)
{
    struct afmon_group_second sum = sum_lately(group, lately);
    double seconds = seconds_lately(lately);
    const struct afmon_summary *durations = &group->durations;
    bool totals = group->tokens[2] > 0;
    double quantiles[2];
    afmon_sketch_quantiles(&group->spread, (const double[]){0.5, 0.95}, 2, quantiles);
    return (afmon_live_rate){
        .name = group->name,
        .name_length = group->name_length,
        .component = group->component,
        .component_length = group->component_length,
        .calls = group->calls,
        .failures = group->failures,
        .prompt_tokens = group->tokens[0],
        .completion_tokens = group->tokens[1],
        .total_tokens = totals ? group->tokens[2] : group->tokens[0] + group->tokens[1],
        .mean_s = durations->count > 0 ? durations->mean : 0,
        .p50_s = quantiles[0],
        .p95_s = quantiles[1],
        .calls_per_s = sum.calls / seconds,
        .failures_per_s = sum.failures / seconds,
        .prompt_tokens_per_s = sum.tokens[0] / seconds,
        .completion_tokens_per_s = sum.tokens[1] / seconds,
        .total_tokens_per_s = (totals ? sum.tokens[2] : sum.tokens[0] + sum.tokens[1]) / seconds,
    };
}

static int compare(const void *left, const void *right)
{
    const struct afmon_group *a = *(const struct afmon_group *const *)left;
    const struct afmon_group *b = *(const struct afmon_group *const *)right;
    if (a->calls != b->calls)
        return a->calls < b->calls ? 1 : -1;
    if (a->tokens[2] != b->tokens[2])
        return a->tokens[2] < b->tokens[2] ? 1 : -1;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : strcmp(a->component, b->component);
}

size_t afmon_groups_rates(const struct afmon_groups *groups, struct afmon_lately lately, afmon_live_rate *rates,
                          size_t capacity)
{
    struct afmon_group *sorted[AFMON_LIVE_OPERATIONS];
    for (size_t i = 0; i < groups->count; i++)
        sorted[i] = groups->groups[i];
    if (groups->count > 1)
        qsort(sorted, groups->count, sizeof sorted[0], compare);
    for (size_t i = 0; i < groups->count && i < capacity; i++)
        rates[i] = rate_of(sorted[i], lately);
    return groups->count;
}

void afmon_groups_narrow(struct afmon_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        struct afmon_sketch_limits limits = limits_of(groups->groups[i]);
        afmon_sketch_narrow_to(&groups->groups[i]->spread, groups->account->sketch_max, &limits);
    }
}

size_t afmon_groups_bytes(const struct afmon_groups *groups)
{
    size_t bytes = 0;
    for (size_t i = 0; i < groups->count; i++)
        bytes += sizeof *groups->groups[i] + groups->groups[i]->name_length + groups->groups[i]->component_length +
                 afmon_sketch_bytes(&groups->groups[i]->spread);
    return bytes;
}

void afmon_groups_free(struct afmon_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        free_group(groups->groups[i]);
    *groups = (struct afmon_groups){.most = groups->most, .account = groups->account};
}
