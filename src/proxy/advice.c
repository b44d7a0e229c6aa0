#include "proxy/advice.h"

#include <math.h>
#include <stdlib.h>

#define FIRST_WIDTH_NS INT64_C(50000000)
#define NS 1e9

#define CALLS_MIN 100      /* of a run, and a window has this part of them at least */
#define WINDOW_CALLS 20.0  /* on average */
#define WINDOW_TIMES 3.0   /* as long as a call: fewer calls reach from one into the next then */
#define WINDOWS_MIN 8      /* that a line is laid through */
#define SPREAD_MIN 0.10    /* of the logarithms of what was in flight: a tenth more and a tenth less */
#define REFUSED_SHARE 0.02 /* of all requests, by 429 */
#define REFUSED_MIN 5
#define ERRORS 2.5 /* standard errors that an answer keeps away from its limit */
#define YES_ABOVE 0.8
#define NO_BELOW 0.4

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* Makes windows twice as wide until `at_ns` lies in one. */
static void widen(struct afmon_proxy_advice_data *data, int64_t at_ns)
{
    while ((at_ns - data->begin_ns) / data->width_ns >= AFMON_PROXY_ADVICE_WINDOWS) {
        for (size_t i = 0; i < AFMON_PROXY_ADVICE_WINDOWS; i++) {
            struct afmon_proxy_advice_window sum = {0};
            for (size_t k = 2 * i; k < 2 * i + 2 && k < AFMON_PROXY_ADVICE_WINDOWS; k++) {
                sum.flight_s += data->windows[k].flight_s;
                sum.work += data->windows[k].work;
                sum.took_s += data->windows[k].took_s;
            }
            data->windows[i] = sum;
        }
        data->width_ns *= 2;
    }
}

void afmon_proxy_advice_add(struct afmon_proxy_advice_data *data, int64_t sent_ns, int64_t end_ns, bool success,
                            int status)
{
    if (data->width_ns == 0) {
        data->begin_ns = sent_ns;
        data->width_ns = FIRST_WIDTH_NS;
    }
    sent_ns = sent_ns > data->begin_ns ? sent_ns : data->begin_ns;
    if (end_ns <= sent_ns)
        return;
    data->calls++;
    data->refused += status == 429;
    widen(data, end_ns);
    double took_ns = (double)(end_ns - sent_ns);
    for (int64_t at = sent_ns; at < end_ns;) {
        int64_t i = (at - data->begin_ns) / data->width_ns;
        int64_t next = data->begin_ns + (i + 1) * data->width_ns;
        double part_ns = (double)((next < end_ns ? next : end_ns) - at);
        data->windows[i].flight_s += part_ns / NS;
        data->windows[i].work += success ? part_ns / took_ns : 0;
        data->windows[i].took_s += success ? part_ns / NS : 0;
        at = next;
    }
}

/* ---- The answer -------------------------------------------------------------------------------------------------- */

/* What was in flight, and how many calls a second that brought, as logarithms. */
struct point {
    double flight;
    double rate;
};

struct line {
    double slope;
    double error;
    bool known;
};

/* How many windows are taken as one: long enough beside a call, and with enough of them. */
static size_t merged(const struct afmon_proxy_advice_data *data, double *width_s)
{
    double work = 0, took = 0, width = (double)data->width_ns / NS;
    size_t used = 0;
    for (size_t i = 0; i < AFMON_PROXY_ADVICE_WINDOWS; i++) {
        work += data->windows[i].work;
        took += data->windows[i].took_s;
        used = data->windows[i].flight_s > 0 ? i + 1 : used;
    }
    double call_s = work > 0 ? took / work : 0, each = work > 0 ? work / (double)used : 1;
    double times = fmax(1, fmax(ceil(WINDOW_TIMES * call_s / width), ceil(WINDOW_CALLS / each)));
    times = fmin(times, AFMON_PROXY_ADVICE_WINDOWS);
    *width_s = width * times;
    return (size_t)times;
}

static size_t points_of(const struct afmon_proxy_advice_data *data, struct point points[AFMON_PROXY_ADVICE_WINDOWS])
{
    double width_s;
    size_t count = 0, times = merged(data, &width_s);
    for (size_t i = 0; i + times <= AFMON_PROXY_ADVICE_WINDOWS; i += times) {
        struct afmon_proxy_advice_window sum = {0};
        for (size_t k = i; k < i + times; k++) {
            sum.flight_s += data->windows[k].flight_s;
            sum.work += data->windows[k].work;
        }
        if (sum.work >= WINDOW_CALLS / 4)
            points[count++] = (struct point){log(sum.flight_s / width_s), log(sum.work / width_s)};
    }
    return count;
}

static int by_flight(const void *left, const void *right)
{
    double a = ((const struct point *)left)->flight, b = ((const struct point *)right)->flight;
    return (a > b) - (a < b);
}

/* The line through the points from that one on: its slope is 1 where calls take as long however many are in flight, and
 * 0 where more of them bring nothing. */
static struct line fit(const struct point *points, size_t count)
{
    double x = 0, y = 0, xx = 0, xy = 0, rest = 0, n = (double)count;
    if (count < WINDOWS_MIN)
        return (struct line){0};
    for (size_t i = 0; i < count; i++) {
        x += points[i].flight / n;
        y += points[i].rate / n;
    }
    for (size_t i = 0; i < count; i++) {
        xx += (points[i].flight - x) * (points[i].flight - x);
        xy += (points[i].flight - x) * (points[i].rate - y);
    }
    if (sqrt(xx / n) < SPREAD_MIN)
        return (struct line){0};
    double slope = xy / xx;
    for (size_t i = 0; i < count; i++)
        rest += pow(points[i].rate - y - slope * (points[i].flight - x), 2);
    return (struct line){slope, sqrt(rest / (n - 2) / xx), true};
}

afmon_proxy_advice afmon_proxy_advice_get(const struct afmon_proxy_advice_data *data)
{
    static const double parts[] = {0.75, 0.5}; /* of the most that was in flight: what is near it tells most */
    struct point points[AFMON_PROXY_ADVICE_WINDOWS];
    afmon_proxy_advice advice = {.more = AFMON_PROXY_CANNOT_TELL, .slope = (double)NAN};
    if (data->calls > 0)
        advice.refused = (double)data->refused / (double)data->calls;
    if (data->refused >= REFUSED_MIN && advice.refused >= REFUSED_SHARE) {
        advice.more = AFMON_PROXY_NO_MORE;
        return advice;
    }
    size_t count = data->calls >= CALLS_MIN ? points_of(data, points) : 0;
    qsort(points, count, sizeof *points, by_flight);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && count > 0; i++) {
        size_t from = 0;
        while (points[from].flight < points[count - 1].flight + log(parts[i]))
            from++;
        struct line line = fit(points + from, count - from);
        if (!line.known)
            continue;
        advice.slope = line.slope;
        if (line.slope - ERRORS * line.error > YES_ABOVE && data->refused < REFUSED_MIN)
            advice.more = AFMON_PROXY_MORE;
        else if (line.slope + ERRORS * line.error < NO_BELOW)
            advice.more = AFMON_PROXY_NO_MORE;
        if (advice.more != AFMON_PROXY_CANNOT_TELL)
            break;
    }
    return advice;
}
