#include "model/lately.h"

#include <math.h>
#include <stddef.h>

#include "base/clock.h"

static int64_t second_of(int64_t time_ns)
{
    return time_ns / AFMON_NS_PER_S - (time_ns % AFMON_NS_PER_S < 0);
}

void afmon_lately_begin(struct afmon_lately *lately)
{
    for (size_t i = 0; i < AFMON_LATELY_SECONDS; i++)
        lately->seconds[i] = (struct afmon_lately_second){.second = INT64_MIN};
}

struct afmon_lately_second *afmon_lately_at(struct afmon_lately *lately, int64_t time_ns)
{
    int64_t second = second_of(time_ns);
    struct afmon_lately_second *place = &lately->seconds[(uint64_t)second % AFMON_LATELY_SECONDS];
    if (place->second > second)
        return NULL;
    if (place->second < second)
        *place = (struct afmon_lately_second){.second = second};
    return place;
}

/* Whole seconds of the window: fewer than there are places, so that none has been taken by a later one. */
static double span_of(struct afmon_lately_window window)
{
    return floor(fmax(1, fmin(AFMON_LATELY_SECONDS - 8, window.window_s)));
}

struct afmon_lately_second afmon_lately_sum(const struct afmon_lately *lately, struct afmon_lately_window window)
{
    struct afmon_lately_second sum = {0};
    int64_t end = second_of(window.now_ns);
    int64_t span = (int64_t)span_of(window);
    for (size_t i = 0; i < AFMON_LATELY_SECONDS; i++) {
        const struct afmon_lately_second *second = &lately->seconds[i];
        if (second->second > end || second->second <= end - span)
            continue;
        sum.calls += second->calls;
        sum.failures += second->failures;
        for (size_t kind = 0; kind < 3; kind++)
            sum.tokens[kind] += second->tokens[kind];
    }
    return sum;
}

double afmon_lately_length(struct afmon_lately_window window)
{
    int64_t part = window.now_ns % AFMON_NS_PER_S;
    double seconds = span_of(window) - 1 + (double)(part < 0 ? part + AFMON_NS_PER_S : part) * 1e-9;
    double run_s = ((double)window.now_ns - (double)window.first_ns) * 1e-9;
    return fmax(0.25, fmin(seconds, run_s));
}
