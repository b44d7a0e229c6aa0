/* The rules over a whole run. */
#include <math.h>
#include <string.h>

#include "alerts/rules.h"
#include "alerts/slide.h"
#include "alerts/tally.h"
#include "base/clock.h"

#define LEAST_INTERVAL_NS AFMON_NS_PER_S
#define LEAST_TALLY ((size_t)1 << 14)

struct check {
    afmon_view *view;
    const afmon_alert_limits *limits;
    struct afmon_passes passes;
    struct afmon_tally *tally;
    size_t name_lengths[AFMON_ALERT_RULES];
    afmon_alert_span spans[AFMON_ALERT_RULES]; /* of every rule */
};

static int take_sample(void *user, const afmon_sample *sample)
{
    struct check *check = user;
    for (unsigned i = 0; i < AFMON_ALERT_RULES; i++) {
        if (sample->metric_length == check->name_lengths[i] &&
            memcmp(sample->metric, afmon_alert_rule_at(i)->metric, sample->metric_length) == 0) {
            afmon_tally_add(check->tally, i, afmon_passes_of(&check->passes, sample->timestamp_ns), sample->value);
            break;
        }
    }
    return 0;
}

/* How far the mean is beyond the limit. */
static double distance(const struct afmon_alert_rule *rule, double limit, double mean)
{
    return rule->below ? limit - mean : mean - limit;
}

static void judge(struct check *check, unsigned index, int64_t pass, const struct afmon_summary *sum)
{
    const struct afmon_alert_rule *rule = afmon_alert_rule_at(index);
    double limit = afmon_alert_rule_limit(rule, check->limits);
    afmon_alert_span *span = &check->spans[index];
    afmon_aggregate aggregate = {0};
    if (sum->count == 0)
        return;
    span->passes++;
    afmon_summary_aggregate(sum, &aggregate);
    aggregate.known = true;
    if (!afmon_alert_rule_holds(rule, limit, &aggregate))
        return;
    int64_t time_ns = afmon_pass_time(&check->passes, (uint64_t)pass);
    if (span->passes_held == 0)
        span->first_ns = time_ns;
    span->last_ns = time_ns;
    if (span->passes_held == 0 ||
        distance(rule, limit, afmon_alert_mean(&aggregate)) > distance(rule, limit, span->worst.data.mean))
        afmon_alert_fill(rule, limit, &aggregate, time_ns, &span->worst);
    span->passes_held++;
}

/* Judges passes from begin to last, all of whose segments are in the tally. */
static void judge_passes(struct check *check, int64_t begin, int64_t last)
{
    afmon_tally_sort(check->tally);
    for (unsigned i = 0; i < AFMON_ALERT_RULES; i++) {
        struct afmon_slide slide = {0};
        slide.entries = afmon_tally_of_rule(check->tally, i, &slide.count);
        for (int64_t pass = begin; pass <= last; pass++) {
            pass = afmon_slide_to(&slide, pass);
            if (pass > last)
                break;
            struct afmon_summary sum = afmon_slide_sum(&slide);
            judge(check, i, pass, &sum);
        }
    }
}

/* The last segment that the window of a pass has. */
static uint64_t last_segment_of(const struct check *check, int64_t pass)
{
    struct afmon_pass_range range = afmon_passes_of(&check->passes, afmon_pass_time(&check->passes, (uint64_t)pass));
    return (uint64_t)(range.lo + range.hi + 1);
}

/* The last pass from low to high whose window ends within a segment; low - 1 where there is none. */
static int64_t last_pass_within(const struct check *check, int64_t low, int64_t high, uint64_t segment)
{
    while (low <= high) {
        int64_t middle = low + (high - low) / 2;
        if (last_segment_of(check, middle) <= segment)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return low - 1;
}

/* The samples of passes begin to last. */
static afmon_window window_of(const struct check *check, int64_t begin, int64_t last)
{
    afmon_window window = {.until_ns = afmon_pass_time(&check->passes, (uint64_t)last)};
    int64_t first_end = afmon_pass_time(&check->passes, (uint64_t)begin);
    if (__builtin_sub_overflow(first_end, AFMON_ALERT_WINDOW_NS, &window.since_ns))
        window.since_ns = INT64_MIN;
    return window;
}

/* One round: goes through the samples of passes begin to *last and judges as many of them as the tally could hold;
 * *last is then the last one of these. */
static afmon_status run_round(struct check *check, int64_t begin, int64_t *last)
{
    afmon_tally_begin(check->tally, begin, last_segment_of(check, *last));
    afmon_status status = afmon_view_each(check->view, NULL, window_of(check, begin, *last), take_sample, check);
    if (status != AFMON_OK)
        return status;
    *last = last_pass_within(check, begin, *last, afmon_tally_last_segment(check->tally));
    if (*last >= begin)
        judge_passes(check, begin, *last);
    return AFMON_OK;
}

/* Mostly one round does. Where the run has more segments than the tally holds, each further round asks for as many
 * passes as the one before managed, or twice as many where it managed all, so that the samples are not gone through
 * again and again, and long times without samples are soon behind. */
static afmon_status run_rounds(struct check *check)
{
    int64_t count = (int64_t)check->passes.count;
    int64_t wanted = count;
    for (int64_t begin = 0; begin < count;) {
        int64_t asked = wanted < count - begin ? begin + wanted - 1 : count - 1;
        int64_t last = asked;
        afmon_status status = run_round(check, begin, &last);
        if (status != AFMON_OK)
            return status;
        int64_t managed = last + 1 - begin;
        wanted = managed > 0 ? managed : 1;
        if (last == asked && wanted <= count / 2)
            wanted *= 2;
        begin = last + 1;
    }
    return AFMON_OK;
}

static size_t give_spans(const struct check *check, afmon_alert_span *spans)
{
    size_t count = 0;
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++)
        if (check->spans[i].passes_held > 0)
            spans[count++] = check->spans[i];
    return count;
}

/* A short run needs a small tally only. */
static size_t tally_size(uint64_t passes)
{
    uint64_t most = passes < AFMON_TALLY_MOST ? (2 * passes + 1) * AFMON_ALERT_RULES : AFMON_TALLY_MOST;
    size_t size = LEAST_TALLY;
    while (size < most && size < AFMON_TALLY_MOST)
        size *= 2;
    return size;
}

afmon_status afmon_view_check(afmon_view *view, const afmon_alert_limits *limits, double interval_s,
                              afmon_alert_span *spans, size_t *count)
{
    afmon_alert_limits defaults;
    afmon_alert_limits_init(&defaults);
    if (view == NULL || spans == NULL || count == NULL || isnan(interval_s))
        return AFMON_E_ARGUMENT;
    struct check check = {.view = view, .limits = limits != NULL ? limits : &defaults};
    int64_t interval_ns = afmon_seconds_to_ns(interval_s);
    if (interval_ns < LEAST_INTERVAL_NS || afmon_alert_limits_bad(check.limits) != NULL)
        return AFMON_E_ARGUMENT;
    *count = 0;
    afmon_view_info info;
    afmon_view_get_info(view, &info);
    if (info.sample_count == 0)
        return AFMON_OK;
    afmon_passes_init(&check.passes, info.first_ns, info.last_ns, (uint64_t)interval_ns);
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++)
        check.name_lengths[i] = strlen(afmon_alert_rule_at(i)->metric);
    check.tally = afmon_tally_new(tally_size(check.passes.count));
    if (check.tally == NULL)
        return AFMON_E_NO_MEMORY;
    afmon_status status = run_rounds(&check);
    afmon_tally_free(check.tally);
    if (status == AFMON_OK)
        *count = give_spans(&check, spans);
    return status;
}
