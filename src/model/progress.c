#include "model/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/sorted.h"

#define BY_CHANCE 1e-4   /* a gap is a stop where all that are open take so long less often than that */
#define BEYOND_TIMES 2.0 /* where that is longer than all that ended took: from so many times the longest */
#define LONG_TIMES 1.2
#define LONG_GAPS 12.0 /* and it is longer than so many mean gaps */
#define PAUSES_MAX 256

/* ---- The run's time, without what lay between its sessions ---- */

static int by_end(const void *left, const void *right)
{
    const struct afmon_made *a = left, *b = right;
    if (a->ended_ns != b->ended_ns)
        return a->ended_ns > b->ended_ns ? 1 : -1;
    return (a->started_ns > b->started_ns) - (a->started_ns < b->started_ns);
}

static int by_time(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

struct pause {
    int64_t from_ns;
    int64_t to_ns;
    bool stop; /* of the work, and not between sessions */
};

/* An item begins or ends; the last one is now. */
struct event {
    int64_t at_ns;
    int change; /* of the number of open items */
};

struct timeline {
    struct afmon_made *made; /* sorted by end */
    size_t count;
    int64_t *sessions;    /* sorted */
    struct event *events; /* sorted */
    size_t event_count;
    struct pause *pauses; /* sorted */
    size_t pause_count;
};

/* How many items had ended by then. */
static size_t ended_by(const struct timeline *line, int64_t time_ns)
{
    size_t low = 0, high = line->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (line->made[middle].ended_ns > time_ns)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Before a session began, since the last end: unless an item was under way across it. `earliest`: of each item and
 * those that ended after it, the first beginning. */
static void find_pauses(struct timeline *line, size_t sessions, int64_t *earliest)
{
    int64_t first = INT64_MAX;
    for (size_t i = line->count; i > 0; i--)
        earliest[i - 1] = first = line->made[i - 1].started_ns < first ? line->made[i - 1].started_ns : first;
    for (size_t s = 0; s < sessions && line->pause_count < PAUSES_MAX / 2; s++) {
        int64_t at = line->sessions[s];
        size_t ended = ended_by(line, at);
        bool across = ended < line->count && earliest[ended] < at;
        int64_t from = ended > 0 ? line->made[ended - 1].ended_ns : at;
        if (s > 0 && line->sessions[s - 1] > from)
            from = line->sessions[s - 1]; /* nothing ended between these two */
        if (!across && from < at && ended > 0)
            line->pauses[line->pause_count++] = (struct pause){from, at, false};
    }
}

static double seconds_at(const struct timeline *line, int64_t time_ns)
{
    double paused = 0;
    for (size_t i = 0; i < line->pause_count && line->pauses[i].from_ns < time_ns; i++) {
        int64_t to = line->pauses[i].to_ns < time_ns ? line->pauses[i].to_ns : time_ns;
        paused += (double)(to - line->pauses[i].from_ns);
    }
    return ((double)(time_ns - line->events[0].at_ns) - paused) / (double)AFMON_NS_PER_S;
}

/* From when on a gap is a stop in which so many items are open. `took` is sorted. */
static double long_gap(const double *took, size_t count, size_t open)
{
    double part = 1 - pow(BY_CHANCE, 1 / (double)open);
    size_t rank = (size_t)(part * (double)(count + 1));
    return rank < count ? LONG_TIMES * took[rank] : BEYOND_TIMES * took[count - 1];
}

static void sorted_durations(const struct timeline *line, double *took)
{
    for (size_t i = 0; i < line->count; i++)
        took[i] = seconds_at(line, line->made[i].ended_ns) - seconds_at(line, line->made[i].started_ns);
    qsort(took, line->count, sizeof *took, afmon_by_value);
}

static bool is_paused(const struct timeline *line, size_t sessions, int64_t from_ns)
{
    for (size_t i = 0; i < sessions; i++)
        if (line->pauses[i].from_ns <= from_ns && from_ns < line->pauses[i].to_ns)
            return true;
    return false;
}

static int by_from(const void *left, const void *right)
{
    return by_time(&((const struct pause *)left)->from_ns, &((const struct pause *)right)->from_ns);
}

/* Where nothing began or ended for longer than chance has it, all waited for the same thing. took: room for a duration
 * of each item. */
static void find_stops(struct timeline *line, double *took)
{
    size_t sessions = line->pause_count;
    double run_s = seconds_at(line, line->events[line->event_count - 1].at_ns);
    double gaps_s = LONG_GAPS * run_s / (double)line->event_count;
    int64_t open = 0;
    sorted_durations(line, took);
    for (size_t i = 1; i < line->event_count && line->pause_count < PAUSES_MAX; i++) {
        const struct event *from = &line->events[i - 1], *to = &line->events[i];
        double gap_s = (double)(to->at_ns - from->at_ns) / (double)AFMON_NS_PER_S;
        open += from->change;
        if (open > 0 && gap_s > gaps_s && gap_s > long_gap(took, line->count, (size_t)open) &&
            !is_paused(line, sessions, from->at_ns))
            line->pauses[line->pause_count++] = (struct pause){from->at_ns, to->at_ns, true};
    }
    qsort(line->pauses, line->pause_count, sizeof *line->pauses, by_from);
}

static void fill(struct afmon_progress *p, const struct timeline *line, const struct afmon_work *work)
{
    p->now_s = fmax(1e-6, seconds_at(line, work->now_ns));
    for (size_t i = 0; i < line->count; i++) {
        p->began_s[i] = seconds_at(line, line->made[i].started_ns);
        p->ended_s[i] = seconds_at(line, line->made[i].ended_ns);
        p->took_s[i] = fmax(1e-6, p->ended_s[i] - p->began_s[i]);
        p->counts[i] = line->made[i].counts;
        p->counted += line->made[i].counts;
    }
    for (size_t i = 0; i < work->open_count; i++)
        p->ages[i] = fmax(0, p->now_s - seconds_at(line, work->open_ns[i]));
    for (size_t i = 0; i < line->pause_count; i++) {
        const struct pause *pause = &line->pauses[i];
        double lasted_s = (double)(pause->to_ns - pause->from_ns) / (double)AFMON_NS_PER_S;
        if (pause->stop && pause->to_ns == work->now_ns)
            p->stopped_s = lasted_s;
        else if (pause->stop)
            p->stops[p->stop_count++] = (struct afmon_stop){seconds_at(line, pause->from_ns), lasted_s};
    }
}

/* What begins at a moment does so before what ends. */
static int by_moment(const void *left, const void *right)
{
    const struct event *a = left, *b = right;
    if (a->at_ns != b->at_ns)
        return a->at_ns > b->at_ns ? 1 : -1;
    return b->change - a->change;
}

static size_t list_events(struct event *events, const struct afmon_work *work)
{
    size_t count = 0;
    for (size_t i = 0; i < work->made_count; i++) {
        events[count++] = (struct event){work->made[i].started_ns, 1};
        events[count++] = (struct event){work->made[i].ended_ns, -1};
    }
    for (size_t i = 0; i < work->open_count; i++)
        events[count++] = (struct event){work->open_ns[i], 1};
    qsort(events, count, sizeof *events, by_moment);
    events[count] = (struct event){work->now_ns, 0};
    return count + 1;
}

static void *copy(const void *list, size_t count, size_t size)
{
    void *copied = malloc((count + 1) * size);
    if (copied != NULL && count > 0)
        memcpy(copied, list, count * size);
    return copied;
}

bool afmon_progress_begin(struct afmon_progress *p, const struct afmon_work *work)
{
    size_t count = work->made_count;
    struct timeline line = {.made = copy(work->made, count, sizeof *work->made),
                            .count = count,
                            .sessions = copy(work->sessions_ns, work->session_count, sizeof(int64_t)),
                            .events = calloc(2 * count + work->open_count + 1, sizeof *line.events),
                            .pauses = calloc(PAUSES_MAX, sizeof *line.pauses)};
    *p = (struct afmon_progress){.count = count, .open_count = work->open_count};
    p->began_s = calloc(count + 1, sizeof(double));
    p->ended_s = calloc(count + 1, sizeof(double));
    p->took_s = calloc(count + 1, sizeof(double));
    p->counts = calloc(count + 1, sizeof(bool));
    p->ages = calloc(work->open_count + 1, sizeof(double));
    p->stops = calloc(PAUSES_MAX, sizeof *p->stops);
    bool ok = line.made && line.sessions && line.events && line.pauses && p->stops && p->began_s && p->ended_s &&
              p->took_s && p->counts && p->ages;
    if (ok) {
        qsort(line.made, count, sizeof *line.made, by_end);
        qsort(line.sessions, work->session_count, sizeof(int64_t), by_time);
        find_pauses(&line, work->session_count, (int64_t *)(void *)line.events);
        line.event_count = list_events(line.events, work);
        find_stops(&line, p->took_s);
        fill(p, &line, work);
    }
    free(line.made);
    free(line.sessions);
    free(line.events);
    free(line.pauses);
    if (!ok)
        afmon_progress_free(p);
    return ok;
}

void afmon_progress_free(struct afmon_progress *p)
{
    free(p->began_s);
    free(p->ended_s);
    free(p->took_s);
    free(p->counts);
    free(p->ages);
    free(p->stops);
    *p = (struct afmon_progress){0};
}
