/* Pairs of simulated runs through the statistics of `afmon diff`: how often it tells of a difference where there is
 * none, how often its intervals hold the truth, and how often it finds a difference that is there (docs/simulation.md).
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/pair.h"

#define CALLS_MAX 8
#define METRICS 5 /* generation_time, success_rate, total_token_count, cost_usd, item_time */

/* ---- Chance ---- */

static uint64_t state;

static uint64_t bits(void)
{
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Streams of different seeds have nothing to do with each other: the seed is mixed, where one step of it would only
 * shift the stream. */
static void begin_with(uint64_t seed)
{
    state = seed;
    state = bits() ^ UINT64_C(0x2545f4914f6cdd1d);
    state = bits();
}

static double uniform(double low, double high)
{
    return low + (high - low) * ((double)(bits() >> 11) + 0.5) * 0x1p-53;
}

static double log_uniform(double low, double high)
{
    return exp(uniform(log(low), log(high)));
}

static double normal(void)
{
    return sqrt(-2 * log(uniform(0, 1))) * cos(6.283185307179586 * uniform(0, 1));
}

/* ---- A pair of runs ---- */

struct world {
    unsigned items[2];
    double calls;      /* of an item, on average */
    double item_sigma; /* of the logarithm of durations, shared by the calls of an item */
    double call_sigma; /* of each call */
    double tail;       /* Pareto's exponent of costs; 0: lognormal */
    double failures;   /* share of calls */
    double together;   /* how much of failures is the item's: 0 none, 1 all calls of an item fail or none */
    double reject;     /* share of items */
    double shared;     /* how much of the item's part is that of the item with the same id in the other run */
    double sizes;      /* how much slower items have more calls */
    double slow_share; /* of items that take five times as long */
    bool paired;       /* the runs have the same ids */
};

static const struct world plain = {.items = {400, 400}, .calls = 3, .call_sigma = 0.5, .failures = 0.05, .reject = 0.2};

static void make_independent(struct world *world)
{
    world->calls = 1;
}

static void make_together(struct world *world)
{
    world->item_sigma = uniform(0.3, 1);
    world->together = uniform(0.3, 1);
    world->calls = uniform(2, 6);
}

static void make_few(struct world *world)
{
    make_together(world);
    world->items[0] = world->items[1] = (unsigned)log_uniform(12, 80);
}

static void make_rare(struct world *world)
{
    make_together(world);
    world->failures = log_uniform(0.0005, 0.01);
    world->reject = log_uniform(0.001, 0.01);
}

static void make_tails(struct world *world)
{
    make_together(world);
    world->call_sigma = uniform(0.8, 1.5);
    world->tail = uniform(1.8, 3);
}

static void make_paired(struct world *world)
{
    make_together(world);
    world->paired = true;
    world->shared = uniform(0.3, 1);
}

static void make_same_ids(struct world *world)
{
    make_together(world);
    world->paired = true;
}

static void make_unequal(struct world *world)
{
    make_together(world);
    world->items[0] = (unsigned)log_uniform(60, 200);
    world->items[1] = world->items[0] * (unsigned)uniform(3, 12);
}

static void make_kinds(struct world *world)
{
    make_together(world);
    world->slow_share = uniform(0.02, 0.5);
}

static void make_sizes(struct world *world)
{
    make_together(world);
    world->sizes = uniform(0.5, 1);
    world->calls = uniform(1.5, 5);
}

static void make_everything(struct world *world)
{
    void (*const makers[])(struct world *) = {make_few,     make_rare,  make_tails, make_paired,
                                              make_unequal, make_kinds, make_sizes};
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++)
        if (bits() % 2 == 0)
            makers[i](world);
}

/* The last two are kept: nothing was changed after they had been looked at. */
static const struct family {
    const char *name;
    void (*make)(struct world *world);
} families[] = {
    {"one call an item", make_independent},
    {"calls together", make_together},
    {"few items", make_few},
    {"rare failures", make_rare},
    {"heavy tails", make_tails},
    {"paired", make_paired},
    {"same ids, nothing shared", make_same_ids},
    {"unequal sizes", make_unequal},
    {"two kinds", make_kinds},
    {"slow items are long (kept)", make_sizes},
    {"everything (kept)", make_everything},
};

enum { FAMILIES = sizeof families / sizeof families[0], KEPT = 2 };

/* ---- Its samples ---- */

enum { TIME, SUCCESS, TOKENS, COST, ITEM_TIME };

struct run {
    struct afmon_compare_rows metrics[METRICS];
    struct afmon_compare_rows yields;
    struct afmon_compare_rows accepted;
};

/* The effect that is planted. */
struct planted {
    double failures; /* points more of calls fail */
    double latency;  /* times as long */
};

static void add(struct afmon_compare_rows *rows, uint32_t cluster, double value, unsigned operation, unsigned model)
{
    const struct afmon_compare_row row = {
        .value = value, .cluster = cluster, .groups = {(uint16_t)operation, (uint16_t)model}};
    if (!afmon_compare_rows_add(rows, &row))
        abort();
}

/* Of a standard normal: below this value lies the share. */
static double normal_quantile(double share)
{
    double low = -9;
    double high = 9;
    for (int i = 0; i < 50; i++) {
        double middle = (low + high) / 2;
        if (erfc(-middle / sqrt(2)) / 2 < share)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

static double cost_of(const struct world *world, double item)
{
    double base = 0.001 * exp(0.5 * item);
    return world->tail > 0 ? base * pow(uniform(0, 1), -1 / world->tail) : base * exp(0.4 * normal());
}

static void make_item(const struct world *world, const struct planted *planted, struct run *run, uint32_t cluster,
                      double latent, double luck)
{
    double effect = latent * world->item_sigma + (uniform(0, 1) < world->slow_share ? log(5) : 0);
    double mean = world->calls * exp(world->sizes * effect);
    unsigned calls = world->calls <= 1 ? 1 : 1 + (unsigned)(uniform(0, 2) * (mean - 1) + 0.5);
    double bar = normal_quantile(world->failures + planted->failures);
    double time = 0;
    bool good = true;
    calls = calls > CALLS_MAX ? CALLS_MAX : calls;
    for (unsigned i = 0; i < calls; i++) {
        unsigned operation = i == 0 ? 1 : 2;
        unsigned model = 1 + (unsigned)(bits() % 2);
        double took = planted->latency * exp(effect + world->call_sigma * normal());
        double chance = sqrt(world->together) * luck + sqrt(1 - world->together) * normal();
        add(&run->metrics[TIME], cluster, took, operation, model);
        add(&run->metrics[SUCCESS], cluster, chance >= bar, operation, model);
        add(&run->metrics[TOKENS], cluster, floor(400 * exp(0.3 * latent + 0.5 * normal())), operation, model);
        add(&run->metrics[COST], cluster, cost_of(world, latent), operation, model);
        good = good && chance >= bar;
        time += took;
    }
    bool accepted = good && uniform(0, 1) >= world->reject;
    add(&run->metrics[ITEM_TIME], cluster, time, 1, 0);
    add(&run->yields, cluster, accepted, 1, 0);
    if (accepted)
        add(&run->accepted, cluster, 1, 1, 0);
}

static void make_run(const struct world *world, const struct planted *planted, struct run *run, unsigned number,
                     const double *shared)
{
    for (unsigned i = 0; i < world->items[number]; i++) {
        double own = sqrt(1 - world->shared);
        double common = sqrt(world->shared);
        double latent = own * normal() + (world->shared > 0 ? common * shared[2 * i] : 0);
        double luck = own * normal() + (world->shared > 0 ? common * shared[2 * i + 1] : 0);
        uint32_t cluster = i + (world->paired || number == 0 ? 0 : world->items[0]);
        make_item(world, planted, run, cluster, latent, luck);
    }
}

static void free_run(struct run *run)
{
    for (unsigned i = 0; i < METRICS; i++)
        afmon_compare_rows_free(&run->metrics[i]);
    afmon_compare_rows_free(&run->yields);
    afmon_compare_rows_free(&run->accepted);
}

/* ---- Its figures: those that a run with these metrics has ---- */

static void check(afmon_status status)
{
    if (status != AFMON_OK)
        abort();
}

static void add_ratio(struct afmon_pair *pair, const char *name, const char *by, afmon_diff_scale scale,
                      const struct afmon_row_span spans[2], const struct afmon_compare_rows *per[2])
{
    const struct afmon_figure_name figure = {.name = name, .suffix = "", .by = by, .group = ""};
    struct afmon_ratio ratios[2];
    for (unsigned i = 0; i < 2; i++) {
        ratios[i] = (struct afmon_ratio){.over = spans[i]};
        if (per != NULL)
            ratios[i].per = afmon_compare_rows_all(per[i]);
        if (per != NULL && per[i]->count == 0)
            return;
    }
    check(afmon_pair_ratio(pair, &figure, scale, ratios));
}

static void add_times(struct afmon_pair *pair, const char *name, const char *by, const struct afmon_row_span spans[2])
{
    static const double q[] = {0.5, 0.9, 0.99};
    static const char *const suffixes[] = {".p50", ".p90", ".p99"};
    for (unsigned i = 0; i < (by[0] == '\0' ? 3U : 2U); i++) {
        const struct afmon_figure_name figure = {.name = name, .suffix = suffixes[i], .by = by, .group = ""};
        check(afmon_pair_quantile(pair, &figure, q[i], spans));
    }
}

static void add_metric(struct afmon_pair *pair, unsigned metric, const char *by, const struct afmon_row_span spans[2])
{
    if (metric == TIME || metric == ITEM_TIME)
        add_times(pair, metric == TIME ? "generation_time" : "item_time", by, spans);
    else if (metric == SUCCESS)
        add_ratio(pair, "success_rate", by, AFMON_DIFF_POINTS, spans, NULL);
    else
        add_ratio(pair, metric == TOKENS ? "total_token_count" : "cost_usd", by, AFMON_DIFF_RELATIVE, spans, NULL);
}

struct group_adding {
    struct afmon_pair *pair;
    unsigned metric;
};

static afmon_status add_group(void *user, uint32_t number, const struct afmon_row_span spans[2])
{
    const struct group_adding *adding = user;
    (void)number;
    add_metric(adding->pair, adding->metric, "group", spans);
    return AFMON_OK;
}

static void add_figures(struct afmon_pair *pair, struct run runs[2])
{
    const struct afmon_compare_rows *accepted[] = {&runs[0].accepted, &runs[1].accepted};
    const struct afmon_row_span yields[] = {afmon_compare_rows_all(&runs[0].yields),
                                            afmon_compare_rows_all(&runs[1].yields)};
    add_ratio(pair, "yield", "", AFMON_DIFF_POINTS, yields, NULL);
    for (unsigned metric = 0; metric < METRICS; metric++) {
        struct afmon_compare_rows rows[] = {runs[0].metrics[metric], runs[1].metrics[metric]};
        const struct afmon_row_span spans[] = {afmon_compare_rows_all(&rows[0]), afmon_compare_rows_all(&rows[1])};
        add_metric(pair, metric, "", spans);
        if (metric == TOKENS || metric == COST)
            add_ratio(pair, metric == TOKENS ? "tokens_per_accepted_item" : "cost_per_accepted_item", "",
                      AFMON_DIFF_RELATIVE, spans, accepted);
        struct group_adding adding = {pair, metric};
        for (unsigned place = 0; place < 2 && metric != ITEM_TIME; place++)
            check(afmon_pair_each_group(pair, rows, place, add_group, &adding));
        runs[0].metrics[metric] = rows[0]; /* in another order by now */
        runs[1].metrics[metric] = rows[1];
    }
}

static void compare(const struct world *world, const struct planted *planted, struct afmon_figures *figures)
{
    struct run runs[2] = {0};
    afmon_diff_run about = {0};
    unsigned most = world->items[0] > world->items[1] ? world->items[0] : world->items[1];
    double *shared = malloc(2 * most * sizeof *shared);
    for (unsigned i = 0; i < 2 * most; i++)
        shared[i] = normal();
    make_run(world, &(struct planted){.latency = 1}, &runs[0], 0, shared);
    make_run(world, planted, &runs[1], 1, shared);
    struct afmon_pair pair = {.figures = figures, .run = 1, .about = &about};
    pair.scratch.paired = world->paired;
    if (!afmon_compare_names_init(&pair.names) ||
        !afmon_clusters_reserve(&pair.scratch.clusters, world->items[0] + world->items[1]))
        abort();
    for (unsigned i = 1; i <= 2; i++) /* numbers 1 and 2 are names of operations and of models */
        afmon_compare_name(&pair.names, &(struct afmon_piece){&"ab"[i - 1], 1, true});
    add_figures(&pair, runs);
    if (!afmon_figures_judge(figures->list, figures->count))
        abort();
    afmon_compare_names_free(&pair.names);
    afmon_contrast_scratch_free(&pair.scratch);
    free(shared);
    free_run(&runs[0]);
    free_run(&runs[1]);
}

/* ---- Counting ---- */

struct counts {
    unsigned pairs;
    unsigned told; /* pairs with some figure that is told to differ */
    uint64_t intervals;
    uint64_t missed; /* intervals without the truth, that nothing differs */
    uint64_t tests;
    uint64_t low_p; /* at most 0.05, unadjusted */
};

static bool is_told(const afmon_diff_figure *figure)
{
    return figure->verdict == AFMON_DIFF_BETTER || figure->verdict == AFMON_DIFF_WORSE ||
           figure->verdict == AFMON_DIFF_CHANGED;
}

static void count(struct counts *counts, const struct afmon_figures *figures)
{
    bool told = false;
    for (size_t i = 0; i < figures->count; i++) {
        const afmon_diff_figure *figure = &figures->list[i];
        told = told || is_told(figure);
        if (isnan(figure->p))
            continue;
        counts->tests++;
        counts->low_p += figure->p <= 0.05;
        counts->intervals++;
        counts->missed += figure->low > 0 || figure->high < 0;
    }
    counts->pairs++;
    counts->told += told;
}

static void add_counts(struct counts *into, const struct counts *from)
{
    into->pairs += from->pairs;
    into->told += from->told;
    into->intervals += from->intervals;
    into->missed += from->missed;
    into->tests += from->tests;
    into->low_p += from->low_p;
}

static void print_counts(const char *name, const struct counts *counts)
{
    printf("| %s | %u | %.2f | %.1f | %.1f |\n", name, counts->pairs, 100.0 * counts->told / counts->pairs,
           100 - 100.0 * (double)counts->missed / (double)counts->intervals,
           100.0 * (double)counts->low_p / (double)counts->tests);
}

struct arguments {
    unsigned pairs;
    uint64_t seed;
    bool all;
    bool check;
};

/* True: at most one pair in twenty is told to differ, in all and (with some leave for few pairs) in each family. */
static bool count_nulls(const struct arguments *arguments)
{
    struct counts all = {0};
    unsigned used = arguments->all ? FAMILIES : FAMILIES - KEPT;
    puts("| family | pairs | told of a difference, % | intervals with the truth, % | p of 0.05 or less, % |\n"
         "|---|--:|--:|--:|--:|");
    bool good = true;
    for (unsigned f = 0; f < used; f++) {
        struct counts counts = {0};
        for (unsigned i = f; i < arguments->pairs; i += used) {
            struct afmon_figures figures = {0};
            struct world world = plain;
            begin_with(arguments->seed + i);
            families[f].make(&world);
            compare(&world, &(struct planted){.latency = 1}, &figures);
            count(&counts, &figures);
            afmon_figures_free(&figures);
        }
        print_counts(families[f].name, &counts);
        double leave = 3 * sqrt(0.05 * 0.95 / counts.pairs);
        good = good && counts.told <= (0.05 + leave) * counts.pairs;
        add_counts(&all, &counts);
    }
    print_counts("all", &all);
    return good && all.told <= 0.05 * all.pairs;
}

/* ---- What is there is found ---- */

static bool finds(const struct afmon_figures *figures, const char *name)
{
    for (size_t i = 0; i < figures->count; i++)
        if (figures->list[i].by[0] == '\0' && strcmp(figures->list[i].name, name) == 0)
            return is_told(&figures->list[i]);
    return false;
}

static double power_of(const struct arguments *arguments, unsigned pairs, const struct world *world,
                       const struct planted *planted, const char *name)
{
    unsigned found = 0;
    for (unsigned i = 0; i < pairs; i++) {
        struct afmon_figures figures = {0};
        begin_with(arguments->seed + 500000 + i);
        compare(world, planted, &figures);
        found += finds(&figures, name);
        afmon_figures_free(&figures);
    }
    double power = (double)found / pairs;
    printf("| %s | %u | %.1f |\n", name, pairs, 100 * power);
    return power;
}

static bool count_finds(const struct arguments *arguments)
{
    struct world world = plain;
    unsigned pairs = arguments->pairs / 40 < 20 ? 20 : arguments->pairs / 40;
    world.items[0] = world.items[1] = 2000;
    world.calls = 3;
    world.item_sigma = 0.4;
    world.together = 0.3;
    puts("\n| planted in 2 x 2,000 items | pairs | told, % |\n|---|--:|--:|");
    double success =
        power_of(arguments, pairs, &world, &(struct planted){.failures = 0.05, .latency = 1}, "success_rate");
    double latency = power_of(arguments, pairs, &world, &(struct planted){.latency = 1.1}, "generation_time.p50");
    return success >= 0.9 && latency >= 0.9;
}

static bool take(struct arguments *arguments, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0)
            arguments->all = true;
        else if (strcmp(argv[i], "--check") == 0)
            arguments->check = true;
        else if (strcmp(argv[i], "--pairs") == 0 && i + 1 < argc)
            arguments->pairs = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            arguments->seed = strtoull(argv[++i], NULL, 10);
        else
            return false;
    }
    return arguments->pairs >= FAMILIES;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.pairs = 900, .seed = 1};
    if (!take(&arguments, argc, argv)) {
        fputs("null_pairs [--pairs N] [--seed N] [--all] [--check]\n", stderr);
        return 2;
    }
    bool few = count_nulls(&arguments);
    bool found = count_finds(&arguments);
    return !arguments.check || (few && found) ? 0 : 1;
}
