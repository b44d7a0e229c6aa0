/* Rules and their states against a brute-force model: step by step, over recorded runs, and in a live monitor. */
#include "run_folder.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "alerts/rules.h"
#include "alerts/watch.h"
#include "fail_alloc.h"
#include "store/summary.h"
#include "store/view.h"

#define S INT64_C(1000000000)
#define MOST_PASSES 4096

/* ---- the model ---- */

/* What the model knows of a pass: nothing but the samples in its window. */
struct seen_pass {
    int64_t at_ns;
    double values[512];
    size_t count;
};

struct told {
    int64_t at_ns;
    afmon_alert_state state;
};

struct model {
    int64_t at_ns[MOST_PASSES];
    bool over_limit[MOST_PASSES]; /* beyond the limit, and enough samples */
    bool over_clear[MOST_PASSES];
    size_t count;
    struct told told[MOST_PASSES];
    size_t told_count;
    bool fires[MOST_PASSES]; /* after that pass */
};

static int compare_doubles(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double model_value(const afmon_alert_rule *rule, const struct seen_pass *pass)
{
    double sorted[512], sum = 0, squares = 0;
    size_t n = pass->count;
    memcpy(sorted, pass->values, n * sizeof sorted[0]);
    qsort(sorted, n, sizeof sorted[0], compare_doubles);
    for (size_t i = 0; i < n; i++)
        sum += sorted[i];
    for (size_t i = 0; i < n; i++)
        squares += (sorted[i] - sum / (double)n) * (sorted[i] - sum / (double)n);
    switch (rule->aggregate) {
    case AFMON_RULE_MEAN:
        return sum / (double)n;
    case AFMON_RULE_MIN:
        return sorted[0];
    case AFMON_RULE_MAX:
        return sorted[n - 1];
    case AFMON_RULE_SUM:
        return sum;
    case AFMON_RULE_COUNT:
        return (double)n;
    case AFMON_RULE_RATE:
        return (double)n / rule->window_s;
    case AFMON_RULE_STDDEV:
        return n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
    default: {
        double at = rule->quantile * (double)(n - 1);
        size_t low = (size_t)floor(at);
        size_t high = low + 1 < n ? low + 1 : low;
        return sorted[low] + (sorted[high] - sorted[low]) * (at - floor(at));
    }
    }
}

static bool model_beyond(const afmon_alert_rule *rule, double value, double limit)
{
    switch (rule->comparison) {
    case AFMON_RULE_BELOW:
        return value < limit;
    case AFMON_RULE_ABOVE:
        return value > limit;
    case AFMON_RULE_AT_MOST:
        return value <= limit;
    default:
        return value >= limit;
    }
}

static void model_add(struct model *model, const afmon_alert_rule *rule, const struct seen_pass *pass)
{
    size_t i = model->count++;
    bool enough = pass->count >= rule->min_samples;
    double value = enough ? model_value(rule, pass) : 0;
    assert_true(model->count <= MOST_PASSES);
    model->at_ns[i] = pass->at_ns;
    model->over_limit[i] = enough && model_beyond(rule, value, rule->limit);
    model->over_clear[i] = enough && model_beyond(rule, value, rule->clear.given ? rule->clear.value : rule->limit);
}

static void model_tell(struct model *model, size_t pass, afmon_alert_state state)
{
    model->told[model->told_count++] = (struct told){model->at_ns[pass], state};
}

static bool lasts(const struct model *model, size_t from, size_t to, double seconds)
{
    return model->at_ns[to] - model->at_ns[from] >= (int64_t)(seconds * (double)S);
}

/* From the definition: looks for the first pass that fires from some pass on, then for the first that resolves. */
static void model_run(struct model *model, const afmon_alert_rule *rule)
{
    size_t next = 0;
    while (next < model->count) {
        size_t began = next;
        size_t fired = SIZE_MAX;
        for (size_t i = next; i < model->count && fired == SIZE_MAX; i++) {
            if (!model->over_limit[i])
                began = i + 1;
            else if (lasts(model, began, i, rule->for_s))
                fired = i;
        }
        if (fired == SIZE_MAX)
            return;
        model_tell(model, fired, AFMON_ALERT_FIRED);
        model->fires[fired] = true;
        size_t told = fired, held = fired, i = fired + 1;
        for (; i < model->count; i++) {
            if (model->over_clear[i]) {
                held = i;
                if (isfinite(rule->renotify_s) && lasts(model, told, i, rule->renotify_s)) {
                    model_tell(model, i, AFMON_ALERT_FIRING);
                    told = i;
                }
            } else if (lasts(model, held + 1, i, rule->keep_firing_for_s)) {
                break;
            }
            model->fires[i] = true;
        }
        if (i < model->count && rule->send_resolved)
            model_tell(model, i, AFMON_ALERT_RESOLVED);
        next = i + 1;
    }
}

/* ---- random rules and series ---- */

static uint64_t seed = 88172645463325252u;

static uint64_t below(uint64_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % limit;
}

static double pick(const double *values, size_t count)
{
    return values[below(count)];
}

/* Values are eighths, so that sums are exact whatever their order. */
static afmon_alert_rule random_rule(void)
{
    static const double windows[] = {1, 7.5, 60, 300, 1234, 3600};
    static const double durations[] = {0, 0, 0.5, 1, 30, 60, 61, 120, 600};
    static const double quantiles[] = {0, 0.5, 0.9, 0.99, 1};
    afmon_alert_rule rule;
    afmon_alert_rule_init(&rule);
    rule.name = "rule";
    rule.metric = "m";
    rule.aggregate = (afmon_rule_aggregate)below(8);
    rule.quantile = pick(quantiles, 5);
    rule.comparison = (afmon_rule_comparison)below(4);
    rule.window_s = pick(windows, 6);
    rule.limit = (double)below(64) / 8;
    if (rule.aggregate == AFMON_RULE_SUM)
        rule.limit *= 8;
    if (rule.aggregate == AFMON_RULE_RATE)
        rule.limit /= 64;
    if (rule.aggregate == AFMON_RULE_STDDEV) /* off the eighths: its last bits depend on the order */
        rule.limit = (double)below(8) / 3 + 0.01;
    rule.clear.given = below(2) == 0;
    double shift = (double)below(16) / 8 * (rule.aggregate == AFMON_RULE_RATE ? 1.0 / 64 : 1);
    bool low = rule.comparison == AFMON_RULE_BELOW || rule.comparison == AFMON_RULE_AT_MOST;
    rule.clear.value = low ? rule.limit + shift : rule.limit - shift;
    if (rule.aggregate == AFMON_RULE_STDDEV)
        rule.clear.value += low ? 0.003 : -0.003;
    rule.for_s = pick(durations, 9);
    rule.keep_firing_for_s = pick(durations, 9);
    rule.renotify_s = below(5) == 0 ? (double)INFINITY : pick(durations, 9);
    rule.send_resolved = below(4) != 0;
    bool may_be_none =
        rule.aggregate == AFMON_RULE_COUNT || rule.aggregate == AFMON_RULE_RATE || rule.aggregate == AFMON_RULE_SUM;
    rule.min_samples = below(3) + (may_be_none ? 0 : 1);
    struct afmon_rule_problem problem;
    if (!afmon_rule_check(&rule, &problem))
        fail_msg("%s: %s", problem.member, problem.why);
    return rule;
}

/* Neighbours are alike, so that conditions last. */
static double random_value(double before)
{
    if (below(12) == 0)
        return (double)below(64) / 8;
    double value = before + ((double)below(5) - 2) / 8;
    return value < 0 ? 0 : value;
}

/* ---- step by step, as a live monitor takes them ---- */

static afmon_status find_in_pass(void *user, const afmon_alert_rule *rule, struct afmon_finding *finding)
{
    const struct seen_pass *pass = user;
    finding->data = (afmon_aggregate){.count = pass->count, .known = true};
    if (pass->count == 0)
        return AFMON_OK;
    struct afmon_summary summary = {0};
    for (size_t i = 0; i < pass->count; i++)
        afmon_summary_add(&summary, pass->values[i]);
    afmon_summary_aggregate(&summary, &finding->data);
    if (rule->aggregate == AFMON_RULE_QUANTILE)
        finding->quantile = model_value(rule, pass);
    return AFMON_OK;
}

static void a_thousand_series_step_by_step(void **state)
{
    (void)state;
    static struct model model;
    static struct told told[MOST_PASSES];
    size_t fired = 0, firing = 0, resolved = 0;
    for (int round = 0; round < 1000; round++) {
        afmon_alert_rule rule = random_rule();
        struct afmon_alert_watch watch;
        struct seen_pass pass = {.at_ns = (int64_t)below(1000) * S};
        size_t passes = 1 + below(200), count = 0;
        double value = (double)below(64) / 8;
        assert_true(afmon_alert_watch_init(&watch, &rule, 1));
        memset(&model, 0, sizeof model);
        bool fires[256];
        for (size_t i = 0; i < passes; i++) {
            pass.at_ns += (int64_t)(1 + below(90)) * (below(2) ? S : S / 2);
            pass.count = below(4);
            for (size_t k = 0; k < pass.count; k++)
                pass.values[k] = value = random_value(value);
            afmon_alert_watch_pass(&watch, find_in_pass, &pass, pass.at_ns, pass.at_ns);
            model_add(&model, &rule, &pass);
            if (watch.told_count > 0)
                told[count++] = (struct told){watch.told[0].timestamp_ns, watch.told[0].state};
            fires[i] = watch.firing_count > 0;
        }
        model_run(&model, &rule);
        assert_int_equal(count, model.told_count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(told[i].at_ns, model.told[i].at_ns);
            assert_int_equal(told[i].state, model.told[i].state);
            fired += told[i].state == AFMON_ALERT_FIRED;
            firing += told[i].state == AFMON_ALERT_FIRING;
            resolved += told[i].state == AFMON_ALERT_RESOLVED;
        }
        for (size_t i = 0; i < passes; i++)
            assert_int_equal(fires[i], model.fires[i]);
        afmon_alert_watch_free(&watch);
    }
    assert_true(fired > 1000 && firing > 1000 && resolved > 500); /* the series are not dull */
}

/* ---- recorded runs ---- */

struct sample {
    int64_t at_us;
    double value;
    int64_t kind; /* in its metadata */
};

struct found {
    afmon_alert_episode episodes[512];
    size_t count;
};

static int take_episode(void *user, const afmon_alert_episode *episode)
{
    struct found *found = user;
    assert_true(found->count < 512);
    found->episodes[found->count++] = *episode;
    return 0;
}

static void look_at_pass(const afmon_alert_rule *rule, const struct sample *samples, size_t count, int64_t at_us,
                         struct seen_pass *pass)
{
    pass->at_ns = at_us * 1000;
    pass->count = 0;
    for (size_t i = 0; i < count; i++) {
        bool inside = samples[i].at_us <= at_us && samples[i].at_us >= at_us - (int64_t)(rule->window_s * 1e6);
        if (inside && isfinite(samples[i].value) &&
            (rule->where_count == 0 || samples[i].kind == rule->where[0].as.integer))
            pass->values[pass->count++] = samples[i].value;
    }
}

/* What the model tells, against the episodes. */
static void assert_same_episodes(const struct model *model, const struct found *found)
{
    size_t episode = 0;
    uint64_t told = 0;
    for (size_t i = 0; i < model->told_count; i++) {
        const struct told *event = &model->told[i];
        if (event->state == AFMON_ALERT_FIRED) {
            assert_true(episode < found->count);
            assert_int_equal(found->episodes[episode].fired.timestamp_ns, event->at_ns);
            assert_int_equal(found->episodes[episode].fired.state, AFMON_ALERT_FIRED);
            told = 0;
            episode++;
        }
        told++;
        bool last = i + 1 == model->told_count || model->told[i + 1].state == AFMON_ALERT_FIRED;
        if (last)
            assert_int_equal(found->episodes[episode - 1].told, told);
        if (event->state == AFMON_ALERT_RESOLVED) {
            assert_int_equal(found->episodes[episode - 1].last.state, AFMON_ALERT_RESOLVED);
            assert_int_equal(found->episodes[episode - 1].last.timestamp_ns, event->at_ns);
        }
    }
    assert_int_equal(episode, found->count);
    uint64_t passes = 0, expected = 0;
    for (size_t i = 0; i < found->count; i++)
        passes += found->episodes[i].passes;
    for (size_t i = 0; i < model->count; i++)
        expected += model->fires[i];
    assert_int_equal(passes, expected);
}

static struct afmon_set *set_of(struct afmon_store *store, int64_t kind)
{
    afmon_field field = afmon_int("kind", kind);
    unsigned char packed[64];
    unsigned char *end = afmon_fields_pack(packed, &field, 1);
    return afmon_sets_intern(afmon_store_sets(store), packed, (size_t)(end - packed));
}

static afmon_view *make_view(struct sample *samples, size_t count)
{
    struct afmon_store *store = afmon_store_new((size_t)64 << 20);
    struct afmon_series *series = afmon_store_series(store, "m", 1);
    for (size_t i = 0; i < count; i++) {
        struct afmon_set *set = set_of(store, samples[i].kind);
        struct afmon_store_sample sample = {
            .series = series, .set = set, .value = samples[i].value, .wall_us = samples[i].at_us};
        afmon_store_append(store, &sample, 1);
        afmon_set_release(set);
    }
    afmon_view *view;
    assert_int_equal(afmon_view_new(store, NULL, 0, &view, NULL), AFMON_OK);
    afmon_store_release(store);
    return view;
}

static size_t random_samples(struct sample *samples)
{
    size_t count = 1 + below(250);
    int64_t length_s = (int64_t)(1 + below(6000));
    double value = (double)below(64) / 8;
    bool sorted = below(2) == 0;
    for (size_t i = 0; i < count; i++) {
        int64_t at = sorted ? (int64_t)i * length_s / (int64_t)count : (int64_t)below((uint64_t)length_s + 1);
        value = random_value(value);
        samples[i] = (struct sample){.at_us = (1700000000 + at) * 1000000, .value = value, .kind = (int64_t)below(3)};
        if (below(30) == 0)
            samples[i].value = (double)NAN;
    }
    return count;
}

static void a_thousand_runs_replayed(void **state)
{
    (void)state;
    static struct model model;
    static struct found found;
    static const double intervals[] = {2, 7.5, 60, 100, 450};
    size_t fired = 0;
    for (int round = 0; round < 1000; round++) {
        struct sample samples[256];
        size_t count = random_samples(samples);
        afmon_alert_rule rule = random_rule();
        afmon_field where = afmon_int("kind", (int64_t)below(3));
        double interval_s = intervals[round % 5];
        rule.where = &where;
        rule.where_count = below(3) == 0;
        afmon_view *view = make_view(samples, count);
        memset(&model, 0, sizeof model);
        memset(&found, 0, sizeof found);
        int64_t first = INT64_MAX, last = INT64_MIN;
        for (size_t i = 0; i < count; i++) {
            first = samples[i].at_us < first ? samples[i].at_us : first;
            last = samples[i].at_us > last ? samples[i].at_us : last;
        }
        struct seen_pass pass;
        uint64_t expected_judged = 0, judged;
        for (int64_t at = first + (int64_t)(interval_s * 1e6);; at += (int64_t)(interval_s * 1e6)) {
            look_at_pass(&rule, samples, count, at < last ? at : last, &pass);
            model_add(&model, &rule, &pass);
            expected_judged += pass.count >= rule.min_samples;
            if (at >= last)
                break;
        }
        model_run(&model, &rule);
        afmon_error error;
        assert_int_equal(afmon_view_check_rules(view, &rule, 1, interval_s, &judged, take_episode, &found, &error),
                         AFMON_OK);
        assert_int_equal(judged, expected_judged);
        assert_same_episodes(&model, &found);
        fired += found.count;
        afmon_view_close(view);
    }
    assert_true(fired > 500);
}

/* ---- a live monitor, with a clock that is set forward ---- */

static _Atomic int64_t boot_set_by_s;
int __real_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
    int result = __real_clock_gettime(id, now);
    if (id == CLOCK_BOOTTIME || id == CLOCK_REALTIME)
        now->tv_sec += (time_t)atomic_load(&boot_set_by_s);
    return result;
}

struct heard {
    _Atomic size_t count;
    afmon_alert alerts[4096];
};

static int hear(void *user, const afmon_alert *alert, char *error, size_t size)
{
    (void)error;
    (void)size;
    struct heard *heard = user;
    size_t count = atomic_load(&heard->count);
    if (count < 4096)
        heard->alerts[count] = *alert;
    atomic_store(&heard->count, count + 1);
    return 0;
}

static afmon_monitor *open_live(const char *folder, const afmon_alert_rule *rules, size_t count, struct heard *heard)
{
    afmon_alert_handler handler = {.handle = hear, .user = heard, .queue_capacity = 4096};
    afmon_options options;
    afmon_monitor *monitor;
    afmon_error error;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.metrics_interval_s = 0; /* passes are the test's */
    options.rules = rules;
    options.rule_count = count;
    options.alert_handlers = &handler;
    options.alert_handler_count = 1;
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    return monitor;
}

enum { LIVE_RULES = 40, LIVE_PASSES = 60 };

/* Durations end halfway between passes, which are 10 s apart, so that the time that the test takes does not matter. */
static void live_rule(afmon_alert_rule *rule, char *name, const afmon_field *where)
{
    static const double durations[] = {0, 5, 15, 35, 95};
    *rule = random_rule();
    rule->name = name;
    rule->window_s = (double)(10 * (1 + below(12)) + 5);
    rule->for_s = pick(durations, 5);
    rule->keep_firing_for_s = pick(durations, 5);
    rule->renotify_s = below(5) == 0 ? (double)INFINITY : pick(durations, 5);
    rule->where_count = below(2);
    rule->where = rule->where_count > 0 ? where : NULL;
}

static void assert_heard(const struct heard *heard, const afmon_alert_rule *rule, const struct model *model,
                         const int64_t *wall_of_pass)
{
    size_t met = 0;
    for (size_t i = 0; i < atomic_load(&heard->count); i++) {
        const afmon_alert *alert = &heard->alerts[i];
        if (strcmp(alert->name, rule->name) != 0)
            continue;
        assert_true(met < model->told_count);
        assert_int_equal(alert->state, model->told[met].state);
        assert_true(llabs(alert->timestamp_ns - wall_of_pass[model->told[met].at_ns / (10 * S)]) < 4 * S);
        assert_int_equal(alert->resolves, rule->send_resolved);
        met++;
    }
    assert_int_equal(met, model->told_count);
}

/* Ends of a rule whose lines do not come with each pass, and whose handlers are not told of ends. */
static size_t unheard_ends(struct model *model, const afmon_alert_rule *rule)
{
    size_t ends = 0;
    afmon_alert_rule telling = *rule;
    if (rule->send_resolved || (rule->renotify_s == 0 && rule->keep_firing_for_s == 0))
        return 0;
    telling.send_resolved = true;
    model->told_count = 0;
    model_run(model, &telling);
    for (size_t i = 0; i < model->told_count; i++)
        ends += model->told[i].state == AFMON_ALERT_RESOLVED;
    return ends;
}

static void a_live_monitor_is_as_the_model(void **state)
{
    (void)state;
    static struct model models[LIVE_RULES];
    static struct heard heard;
    static struct sample samples[LIVE_PASSES * 3];
    size_t sample_count = 0;
    int64_t wall_of_pass[LIVE_PASSES];
    afmon_alert_rule rules[LIVE_RULES];
    char names[LIVE_RULES][8];
    afmon_field wheres[LIVE_RULES];
    for (size_t i = 0; i < LIVE_RULES; i++) {
        snprintf(names[i], sizeof names[i], "r%zu", i);
        wheres[i] = afmon_int("kind", (int64_t)below(3));
        live_rule(&rules[i], names[i], &wheres[i]);
    }
    char *folder = make_folder();
    afmon_monitor *monitor = open_live(folder, rules, LIVE_RULES, &heard);
    double value = 4;
    struct timespec now;
    for (size_t pass = 0; pass < LIVE_PASSES; pass++) {
        int64_t at_us = (int64_t)pass * 10 * 1000000;
        for (uint64_t k = below(4); k > 0; k--) {
            value = random_value(value);
            struct sample sample = {.at_us = at_us, .value = value, .kind = (int64_t)below(3)};
            samples[sample_count++] = sample;
            afmon_field field = afmon_int("kind", sample.kind);
            assert_int_equal(afmon_record_metric(monitor, "m", value, &field, 1), AFMON_OK);
        }
        afmon_alert firing[LIVE_RULES];
        size_t firing_count = 0, expected = 0;
        clock_gettime(CLOCK_REALTIME, &now);
        wall_of_pass[pass] = now.tv_sec * S + now.tv_nsec;
        assert_int_equal(afmon_check_alerts(monitor, firing, LIVE_RULES, &firing_count), AFMON_OK);
        for (size_t i = 0; i < LIVE_RULES; i++) {
            struct seen_pass seen;
            look_at_pass(&rules[i], samples, sample_count, at_us, &seen);
            model_add(&models[i], &rules[i], &seen);
            models[i].told_count = 0;
            memset(models[i].fires, 0, sizeof models[i].fires);
            model_run(&models[i], &rules[i]);
            expected += models[i].fires[pass];
        }
        assert_int_equal(firing_count, expected);
        atomic_fetch_add(&boot_set_by_s, 10);
    }
    afmon_monitor_close(monitor, NULL);
    for (size_t i = 0; i < LIVE_RULES; i++)
        assert_heard(&heard, &rules[i], &models[i], wall_of_pass);
    size_t ends = 0; /* which the log is told of, and no handler */
    for (size_t i = 0; i < LIVE_RULES; i++)
        ends += unheard_ends(&models[i], &rules[i]);
    assert_true(ends > 0);
    assert_int_equal(count_in(folder, "afterimage.log", "\"message\": \"Alert"), atomic_load(&heard.count) + ends);
    remove_folder(folder);
}

static void nothing_is_repeated_and_nothing_fires_early(void **state)
{
    (void)state;
    static struct heard heard;
    afmon_alert_rule rule;
    afmon_alert_rule_init(&rule);
    rule.name = "bad";
    rule.metric = "success_rate";
    rule.comparison = AFMON_RULE_BELOW;
    rule.limit = 0.8;
    rule.min_samples = 10;
    rule.renotify_s = 55;
    char *folder = make_folder();
    afmon_monitor *monitor = open_live(folder, &rule, 1, &heard);
    for (int pass = 0; pass < 20; pass++) { /* one failure in 10 s: ten of them after 90 s */
        afmon_track_generation(monitor, &(afmon_generation){.duration_s = 1, .error = "x"});
        size_t count;
        afmon_check_alerts(monitor, NULL, 0, &count);
        assert_int_equal(count, pass >= 9);
        atomic_fetch_add(&boot_set_by_s, 10);
    }
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(atomic_load(&heard.count), 2); /* at 90 s and at 150 s */
    assert_int_equal(heard.alerts[0].state, AFMON_ALERT_FIRED);
    assert_int_equal(heard.alerts[1].state, AFMON_ALERT_FIRING);
    assert_int_equal(heard.alerts[0].data.count, 10);
    assert_true(heard.alerts[1].since_ns == heard.alerts[0].timestamp_ns);
    assert_string_equal(heard.alerts[0].message, "mean of success_rate is 0, below 0.8");
    assert_int_equal(count_in(folder, "afterimage.log", "\"state\": \"firing\""), 1);
    remove_folder(folder);
}

/* Who follows the log could not tell one that goes on in silence from one that is over. */
static void the_end_of_what_is_not_repeated_is_logged(void **state)
{
    (void)state;
    static struct heard heard;
    afmon_alert_rule rule;
    afmon_alert_rule_init(&rule);
    rule.name = "slow";
    rule.metric = "generation_time";
    rule.limit = 30;
    rule.window_s = 25;
    rule.renotify_s = INFINITY;
    rule.send_resolved = false;
    rule.comparison = AFMON_RULE_ABOVE;
    char *folder = make_folder();
    afmon_monitor *monitor = open_live(folder, &rule, 1, &heard);
    for (int pass = 0; pass < 20; pass++) {
        afmon_track_generation(monitor, &(afmon_generation){.duration_s = pass < 10 ? 31 : 1, .success = true});
        afmon_check_alerts(monitor, NULL, 0, NULL);
        atomic_fetch_add(&boot_set_by_s, 10);
    }
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(atomic_load(&heard.count), 1);
    assert_false(heard.alerts[0].resolves); /* no handler is told */
    assert_int_equal(count_in(folder, "afterimage.log", "\"message\": \"Alert"), 2);
    assert_int_equal(
        count_in(folder, "afterimage.log", "\"message\": \"Alert resolved: mean of generation_time is back"), 1);
    assert_int_equal(count_in(folder, "afterimage.log", ", \"renotify\": null, \"resolves\": true, \"timestamp\": \""),
                     2);
    remove_folder(folder);
}

static void the_built_in_rules_tell_of_every_pass_and_of_no_end(void **state)
{
    (void)state;
    static struct heard heard;
    char *folder = make_folder();
    afmon_monitor *monitor = open_live(folder, NULL, AFMON_BUILT_IN_RULES, &heard);
    afmon_track_generation(monitor, &(afmon_generation){.duration_s = 31, .success = true});
    for (int pass = 0; pass < 40; pass++) {
        afmon_check_alerts(monitor, NULL, 0, NULL);
        atomic_fetch_add(&boot_set_by_s, 10);
    }
    afmon_monitor_close(monitor, NULL);
    size_t count = atomic_load(&heard.count);
    assert_in_range(count, 30, 31); /* five minutes of passes */
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(heard.alerts[i].state, i == 0 ? AFMON_ALERT_FIRED : AFMON_ALERT_FIRING);
        assert_false(heard.alerts[i].resolves);
    }
    assert_int_equal(count_in(folder, "afterimage.log", "Alert resolved"), 0);
    assert_int_equal(count_in(folder, "afterimage.log", ", \"renotify\": 0.0, \"resolves\": false, "), count);
    remove_folder(folder);
}

static void bad_rules_open_no_monitor(void **state)
{
    (void)state;
    afmon_options options;
    afmon_monitor *monitor;
    afmon_error error;
    afmon_alert_rule rule;
    afmon_alert_rule_init(&rule);
    afmon_options_init(&options);
    options.rules = &rule;
    options.rule_count = 1;
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_ARGUMENT);
    assert_string_equal(error.message, "rules[0]: name: give the rule a name");
    options.rules_file = "/nowhere/rules.yaml";
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_ARGUMENT);
    options.rule_count = AFMON_BUILT_IN_RULES;
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_SYSTEM);
}

static void *check_often(void *user)
{
    for (int i = 0; i < 500; i++) {
        size_t count = 0;
        assert_int_equal(afmon_check_alerts(user, NULL, 0, &count), AFMON_OK);
        assert_int_equal(count, 1);
    }
    return NULL;
}

/* Each pass writes a log record, so that small queues are full all the time: a thread that waits for room in the midst
 * of its pass must not hold up the monitor's thread, which makes that room and has passes of its own. */
static void passes_of_many_threads_hold_up_nobody(void **state)
{
    (void)state;
    afmon_alert_rule rule;
    afmon_options options;
    afmon_monitor *monitor;
    pthread_t threads[4];
    char *folder = make_folder();
    afmon_alert_rule_init(&rule);
    rule.name = "always";
    rule.metric = "m";
    rule.comparison = AFMON_RULE_ABOVE;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.rules = &rule;
    options.rule_count = 1;
    options.metrics_interval_s = 1;
    options.ring_bytes = 16 << 10;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    afmon_record_metric(monitor, "m", 1, NULL, 0);
    assert_int_equal(afmon_monitor_flush(monitor, 10, NULL), AFMON_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, check_often, monitor), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_true(report.drained);
    size_t fired = count_in(folder, "afterimage.log", "\"state\": \"fired\"");
    size_t firing = count_in(folder, "afterimage.log", "\"state\": \"firing\"");
    assert_int_equal(fired, 1);
    assert_true(firing >= 1999); /* and what the monitor's own passes told */
    remove_folder(folder);
}

/* ---- bounds ---- */

static void decades_without_samples_are_quickly_through(void **state)
{
    (void)state;
    const struct sample samples[] = {{.at_us = 0, .value = 1}, {.at_us = INT64_C(1577880000) * 1000000, .value = 1}};
    afmon_alert_rule rules[2];
    for (size_t i = 0; i < 2; i++) {
        afmon_alert_rule_init(&rules[i]);
        rules[i].name = i == 0 ? "stalled" : "calm";
        rules[i].metric = "m";
        rules[i].aggregate = AFMON_RULE_COUNT;
        rules[i].comparison = i == 0 ? AFMON_RULE_AT_MOST : AFMON_RULE_ABOVE;
        rules[i].limit = i == 0 ? 0 : 5;
        rules[i].min_samples = 0;
        rules[i].for_s = 60;
        rules[i].renotify_s = 3600;
    }
    static struct found found;
    memset(&found, 0, sizeof found);
    struct sample copy[2];
    memcpy(copy, samples, sizeof copy);
    afmon_view *view = make_view(copy, 2);
    uint64_t judged[2];
    assert_int_equal(afmon_view_check_rules(view, rules, 2, 1, judged, take_episode, &found, NULL), AFMON_OK);
    assert_int_equal(judged[0], 1577880000);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.episodes[0].fired.timestamp_ns, (301 + 60) * S);
    assert_int_equal(found.episodes[0].passes, 1577880000 - 361);
    assert_int_equal(found.episodes[0].told, 2 + (1577880000 - 1 - 361) / 3600);
    assert_int_equal(found.episodes[0].last.state, AFMON_ALERT_RESOLVED);
    afmon_view_close(view);
}

static int stop_at_once(void *user, const afmon_alert_episode *episode)
{
    (void)user;
    (void)episode;
    return 1;
}

static void replays_can_be_stopped_and_run_out_of_memory(void **state)
{
    (void)state;
    struct sample samples[200];
    for (int i = 0; i < 200; i++)
        samples[i] = (struct sample){.at_us = i * INT64_C(1000000), .value = i % 20};
    afmon_view *view = make_view(samples, 200);
    afmon_alert_rule rule;
    afmon_alert_rule_init(&rule);
    rule.name = "a";
    rule.metric = "m";
    rule.aggregate = AFMON_RULE_QUANTILE;
    rule.quantile = 0.9;
    rule.window_s = 5;
    rule.comparison = AFMON_RULE_ABOVE;
    rule.limit = 10;
    afmon_error error;
    assert_int_equal(afmon_view_check_rules(view, &rule, 1, 1, NULL, stop_at_once, NULL, &error), AFMON_E_CANCELLED);
    assert_int_equal(afmon_view_check_rules(view, &rule, 1, 0.5, NULL, stop_at_once, NULL, &error), AFMON_E_ARGUMENT);
    bool failed = true;
    for (long n = 1; failed; n++) {
        static struct found found;
        found.count = 0;
        fail_alloc_at(n);
        afmon_status status = afmon_view_check_rules(view, &rule, 1, 1, NULL, take_episode, &found, &error);
        failed = fail_alloc_stop();
        assert_int_equal(status, failed ? AFMON_E_NO_MEMORY : AFMON_OK);
    }
    afmon_view_close(view);
}

static afmon_monitor *open_making(const char *folder, struct heard *heard, bool item_alerts)
{
    afmon_alert_handler handler = {.handle = hear, .user = heard, .queue_capacity = 4096};
    afmon_options options;
    afmon_monitor *monitor = NULL;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.metrics_interval_s = 0;
    options.alert_handlers = &handler;
    options.alert_handler_count = 1;
    options.item_alerts = item_alerts;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    return monitor;
}

static afmon_item *begin_row(afmon_monitor *monitor, int64_t number)
{
    afmon_item *item = NULL;
    assert_int_equal(afmon_item_begin_number(monitor, "row", number, &item), AFMON_OK);
    return item;
}

/* Waits until the log has it so often, for a minute. */
static void await_log(afmon_monitor *monitor, const char *folder, const char *part, size_t times)
{
    for (int i = 0; i < 600 && count_in(folder, "afterimage.log", part) < times; i++) {
        usleep(100000);
        assert_int_equal(afmon_monitor_flush(monitor, 60, NULL), AFMON_OK);
    }
    assert_int_equal(count_in(folder, "afterimage.log", part), times);
}

static void assert_standing(const char *folder, bool stands)
{
    afmon_live *live = NULL;
    afmon_live_info info;
    afmon_run_summary *summary = NULL;
    afmon_live_options options;
    afmon_live_options_init(&options);
    options.stalled_after_s = 86400; /* files tell when they were written by the system's own clock */
    assert_int_equal(afmon_live_open(folder, &options, &live, NULL), AFMON_OK);
    assert_int_equal(afmon_live_update(live, 60, NULL), AFMON_OK);
    afmon_live_get_info(live, &info);
    assert_int_equal(info.state, stands ? AFMON_LIVE_STALLED : AFMON_LIVE_RUNNING);
    assert_int_equal(afmon_live_summarize(live, &summary, NULL), AFMON_OK);
    assert_int_equal(summary->verdict, stands ? AFMON_VERDICT_DEGRADED : AFMON_VERDICT_HEALTHY);
    assert_int_equal(strncmp(summary->reasons[0].text, "stalled: the run stands still, nothing finished for ", 52) == 0,
                     stands);
    afmon_run_summary_free(summary);
    afmon_live_close(live);
}

/* In the log and on every screen; to alert handlers where asked for. */
static void a_run_that_stands_still_is_told(void **state)
{
    (void)state;
    for (int asked = 0; asked < 2; asked++) {
        char *folder = make_folder();
        struct heard *heard = calloc(1, sizeof *heard);
        afmon_monitor *monitor = open_making(folder, heard, asked == 1);
        for (int64_t i = 0; i < 60; i++)
            assert_int_equal(afmon_item_accept(begin_row(monitor, i)), AFMON_OK);
        afmon_item *item = begin_row(monitor, 60);
        assert_int_equal(afmon_monitor_flush(monitor, 60, NULL), AFMON_OK);
        assert_standing(folder, false);
        atomic_fetch_add(&boot_set_by_s, 45);
        await_log(monitor, folder, "\"stalled\": true", 1);
        assert_standing(folder, true);
        assert_int_equal(afmon_item_accept(item), AFMON_OK);
        await_log(monitor, folder, "\"stalled\": false", 1);
        assert_standing(folder, false);
        assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
        assert_int_equal(atomic_load(&heard->count), asked);
        if (asked == 1) {
            assert_string_equal(heard->alerts[0].name, "stalled");
            assert_true(heard->alerts[0].level == AFMON_WARNING && heard->alerts[0].value >= 45);
            assert_true(heard->alerts[0].limit == 30);
        }
        free(heard);
        remove_folder(folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_series_step_by_step),
        cmocka_unit_test(a_thousand_runs_replayed),
        cmocka_unit_test(a_live_monitor_is_as_the_model),
        cmocka_unit_test(nothing_is_repeated_and_nothing_fires_early),
        cmocka_unit_test(the_end_of_what_is_not_repeated_is_logged),
        cmocka_unit_test(the_built_in_rules_tell_of_every_pass_and_of_no_end),
        cmocka_unit_test(passes_of_many_threads_hold_up_nobody),
        cmocka_unit_test(bad_rules_open_no_monitor),
        cmocka_unit_test(decades_without_samples_are_quickly_through),
        cmocka_unit_test(replays_can_be_stopped_and_run_out_of_memory),
        cmocka_unit_test(a_run_that_stands_still_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
