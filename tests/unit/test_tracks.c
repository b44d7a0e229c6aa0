/* Alert rules over a whole run in bounded memory, against a judge that keeps all samples. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/tracks.h"

#define S INT64_C(1000000000)
#define BASE (INT64_C(1700000000) * S)
enum { SAMPLES = 2000, INTERVALS = 4000, RULES = 3 };

struct sample {
    int64_t time_ns;
    double value;
};

struct intervals {
    afmon_alert_interval list[INTERVALS];
    size_t count;
};

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return *seed >> 33;
}

static bool keep(void *user, const afmon_alert_interval *interval)
{
    struct intervals *kept = user;
    assert_true(kept->count < INTERVALS);
    kept->list[kept->count++] = *interval;
    return true;
}

static void make_rules(afmon_alert_rule rules[RULES])
{
    static const char *const names[RULES] = {"mean", "many", "least"};
    static const afmon_rule_aggregate aggregates[RULES] = {AFMON_RULE_MEAN, AFMON_RULE_COUNT, AFMON_RULE_MIN};
    static const double limits[RULES] = {0.6, 8, 0.02};
    static const double windows[RULES] = {60, 100, 7};
    for (int i = 0; i < RULES; i++) {
        afmon_alert_rule_init(&rules[i]);
        rules[i].name = names[i];
        rules[i].metric = "m";
        rules[i].aggregate = aggregates[i];
        rules[i].comparison = i < 2 ? AFMON_RULE_ABOVE : AFMON_RULE_BELOW;
        rules[i].limit = limits[i];
        rules[i].window_s = windows[i];
    }
}

/* ---- The judge that keeps all: a pass looks at the samples of its window, both ends of it included ---- */

static bool holds(const afmon_alert_rule *rule, const struct sample *samples, size_t count, int64_t pass_ns)
{
    double sum = 0, least = INFINITY;
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        if (samples[i].time_ns > pass_ns || samples[i].time_ns < pass_ns - (int64_t)rule->window_s * S)
            continue;
        seen++;
        sum += samples[i].value;
        least = samples[i].value < least ? samples[i].value : least;
    }
    if (seen == 0)
        return false;
    if (rule->aggregate == AFMON_RULE_COUNT)
        return (double)seen > rule->limit;
    return rule->aggregate == AFMON_RULE_MIN ? least < rule->limit : sum / (double)seen > rule->limit;
}

/* The times of first and last passes, and how many. */
static void judge(const afmon_alert_rule *rule, const struct sample *samples, size_t count, int64_t period_ns,
                  const struct afmon_tracks_span *span, struct intervals *kept)
{
    int64_t last = (span->end_ns + (span->ended ? period_ns - 1 : 0)) / period_ns;
    int64_t first = (span->first_ns + period_ns - 1) / period_ns + 1;
    bool open = false;
    first = span->ended && first > last ? last : first;
    for (int64_t pass = first; pass <= last; pass++) {
        int64_t shown = pass * period_ns < span->end_ns ? pass * period_ns : span->end_ns;
        if (!holds(rule, samples, count, pass * period_ns)) {
            if (open)
                kept->list[kept->count - 1].resolved_ns = pass * period_ns;
            open = false;
            continue;
        }
        if (!open)
            keep(kept, &(afmon_alert_interval){.first_ns = shown, .resolved_ns = INT64_MIN});
        open = true;
        kept->list[kept->count - 1].last_ns = shown;
        kept->list[kept->count - 1].passes++;
    }
    if (open)
        kept->list[kept->count - 1].firing = true;
}

static void compare(const struct intervals *found, const struct intervals *wanted)
{
    assert_int_equal(found->count, wanted->count);
    for (size_t i = 0; i < found->count; i++) {
        const afmon_alert_interval *a = &found->list[i], *b = &wanted->list[i];
        assert_int_equal(a->first_ns, b->first_ns);
        assert_int_equal(a->last_ns, b->last_ns);
        assert_int_equal(a->resolved_ns, b->resolved_ns);
        assert_int_equal(a->passes, b->passes);
        assert_int_equal(a->firing, b->firing);
    }
}

/* ---- Tests ---- */

static void shuffle(struct sample *samples, size_t count, uint64_t *seed)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = next_random(seed) % i;
        struct sample kept = samples[i - 1];
        samples[i - 1] = samples[other];
        samples[other] = kept;
    }
}

/* Runs of all lengths from one second on, in bursts and gaps, in any order. */
static void tracks_judge_as_one_that_keeps_all(void **state)
{
    (void)state;
    static struct sample samples[SAMPLES];
    static struct intervals found, wanted;
    uint64_t seed = 7;
    for (int run = 0; run < 120; run++) {
        static const int64_t periods[] = {1, 5, 60};
        int64_t period_ns = periods[run % 3] * S;
        size_t count = 1 + next_random(&seed) % (run < 60 ? 20 : SAMPLES / 4);
        int64_t at = BASE + (int64_t)(next_random(&seed) % 60) * S;
        struct afmon_tracks_span span = {.first_ns = at, .ended = run % 4 != 3};
        for (size_t i = 0; i < count; i++) {
            samples[i] = (struct sample){at, (double)(next_random(&seed) % 1000) / 1000};
            span.last_ns = span.end_ns = at;
            at += (int64_t)(next_random(&seed) % (next_random(&seed) % 30 == 0 ? 400 : 8)) * S / 2;
        }
        afmon_alert_rule rules[RULES];
        make_rules(rules);
        shuffle(samples, count, &seed);
        struct afmon_tracks *tracks = afmon_tracks_new(rules, RULES, period_ns, NULL);
        assert_non_null(tracks);
        uint64_t of = afmon_tracks_of_metric(tracks, "m", 1);
        assert_int_equal(of, (1 << RULES) - 1);
        for (size_t i = 0; i < count; i++)
            assert_true(afmon_tracks_add(tracks, of, samples[i].time_ns, samples[i].value));
        found.count = wanted.count = 0;
        assert_true(afmon_tracks_judge(tracks, UINT64_MAX, &span, keep, &found));
        for (int i = 0; i < RULES; i++)
            judge(&rules[i], samples, count, period_ns, &span, &wanted);
        compare(&found, &wanted);
        assert_int_equal(afmon_tracks_period(tracks), period_ns);
        afmon_tracks_free(tracks);
    }
}

/* One bad sample at the start of a run is no alert before there is a period to judge. */
static void a_run_is_not_judged_by_its_first_sample(void **state)
{
    (void)state;
    afmon_alert_rule rules[RULES];
    struct intervals *found = calloc(1, sizeof *found);
    assert_non_null(found);
    make_rules(rules);
    for (int ended = 0; ended < 2; ended++) {
        struct afmon_tracks *tracks = afmon_tracks_new(rules, 1, 60 * S, NULL);
        const int64_t first_ns = BASE / (60 * S) * 60 * S; /* on a pass */
        for (int i = 0; i < 10; i++)
            assert_true(afmon_tracks_add(tracks, 1, first_ns + i * S, i == 0 ? 1 : 0));
        const struct afmon_tracks_span span = {first_ns, first_ns + 9 * S, first_ns + 9 * S, ended == 1};
        assert_true(afmon_tracks_judge(tracks, UINT64_MAX, &span, keep, found));
        assert_int_equal(found->count, 0);
        afmon_tracks_free(tracks);
    }
    free(found);
}

/* Over months the period grows, and memory does not; the order of samples does not matter then either. */
static void long_runs_keep_to_their_memory(void **state)
{
    (void)state;
    afmon_alert_rule rules[RULES];
    struct intervals *found = calloc(2, sizeof *found);
    assert_non_null(found);
    make_rules(rules);
    int64_t periods[2];
    for (int order = 0; order < 2; order++) {
        struct afmon_tracks *tracks = afmon_tracks_new(rules, 1, S, NULL);
        const int count = 300000;
        for (int n = 0; n < count; n++) {
            int i = order == 0 ? n : count - 1 - n;
            assert_true(afmon_tracks_add(tracks, 1, BASE + i * 40 * S, i / 30000 % 2));
        }
        int64_t last_ns = BASE + (count - 1) * INT64_C(40) * S;
        const struct afmon_tracks_span span = {BASE, last_ns, last_ns, true};
        assert_true(afmon_tracks_bytes(tracks) < (size_t)16 << 20);
        assert_true(afmon_tracks_judge(tracks, UINT64_MAX, &span, keep, &found[order]));
        periods[order] = afmon_tracks_period(tracks);
        afmon_tracks_free(tracks);
    }
    assert_true(periods[0] > S && periods[0] == periods[1]);
    compare(&found[0], &found[1]);
    free(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tracks_judge_as_one_that_keeps_all),
        cmocka_unit_test(a_run_is_not_judged_by_its_first_sample),
        cmocka_unit_test(long_runs_keep_to_their_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
