/* What a follower knows of the run as a whole. */
#include <string.h>

#include "base/clock.h"
#include "live/live.h"
#include "live/live_internal.h"

#define FOREIGN_QUIET_NS (10 * AFMON_NS_PER_S) /* a run of another program counts as running so long after a write */
#define READER_BYTES ((size_t)1 << 20)         /* its scratch memory, at most */

const char *afmon_live_state_name(afmon_live_state state)
{
    static const char *const names[] = {"waiting", "running", "stalled", "ended"};
    return (unsigned)state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

static int64_t last_write(const struct afmon_live *live)
{
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < live->tail_count; i++)
        if (live->tails[i]->begun && live->tails[i]->written_ns > last)
            last = live->tails[i]->written_ns;
    return last;
}

static afmon_live_state state_of(const struct afmon_live *live)
{
    int64_t quiet_ns = afmon_wall_ns() - (live->sample_count > 0 ? last_write(live) : INT64_MAX / 2);
    bool writes = live->sessions.living > 0;
    if (!writes && live->foreign && !live->had_session)
        writes = quiet_ns < FOREIGN_QUIET_NS;
    if (live->sample_count == 0)
        return AFMON_LIVE_WAITING;
    if (!writes)
        return AFMON_LIVE_ENDED;
    return live->stands_still || quiet_ns > afmon_seconds_to_ns(live->options.stalled_after_s) ? AFMON_LIVE_STALLED
                                                                                               : AFMON_LIVE_RUNNING;
}

/* A file that is read from its begin on is read as far as it is long; of others what is new is read first. */
static int64_t length_of(const struct afmon_live *live, const struct afmon_tail *tail)
{
    bool more = live->in_order && tail->size - tail->end > AFMON_TAIL_FIRST;
    return tail->begun && !more ? tail->end : tail->size;
}

static double loaded_part(const struct afmon_live *live)
{
    if (live->again)
        return 0;
    double bytes = 0;
    double read = 0;
    if (live->peek != NULL && !live->peek->done) {
        bytes = (double)live->peek->bytes + 1;
        read = (double)live->peek->bytes_done;
    }
    bytes += live->left_waits ? 1 : 0;
    for (size_t i = 0; i < live->tail_count; i++) {
        const struct afmon_tail *tail = live->tails[i];
        bytes += (double)length_of(live, tail);
        read += (double)(tail->end - tail->begin);
    }
    return bytes > 0 ? read / bytes : 1;
}

static size_t bytes_of(const struct afmon_live *live)
{
    size_t bytes = sizeof *live + live->buffer.capacity + READER_BYTES + afmon_live_table_bytes(live->table) +
                   afmon_live_log_bytes(&live->log) + afmon_run_log_bytes(&live->run_log) +
                   afmon_feed_bytes(live->feed);
    if (live->peek != NULL)
        bytes += afmon_peek_bytes(live->peek);
    if (live->model != NULL)
        bytes += afmon_model_bytes(live->model);
    if (live->meters != NULL)
        bytes += afmon_meters_bytes(live->meters);
    return bytes;
}

static int64_t now_of(const struct afmon_live *live, afmon_live_state state)
{
    return state == AFMON_LIVE_ENDED ? live->last_ns : afmon_wall_ns();
}

void afmon_live_look(const struct afmon_live *live, afmon_live_info *info)
{
    afmon_live_state state = state_of(live);
    *info = (afmon_live_info){
        .state = state,
        .loaded = loaded_part(live),
        .revision = live->revision,
        .restarts = live->restarts,
        .sample_count = live->sample_count,
        .not_finite = live->not_finite,
        .problem_count = live->problem_count,
        .log_line_count = live->log.line_count,
        .first_ns = live->first_ns,
        .last_ns = live->last_ns,
        .now_ns = now_of(live, state),
        .metric_count = live->table->count,
        .recovered = live->recovered,
    };
    for (size_t i = 0; i < live->tail_count; i++)
        info->file_count += !live->tails[i]->log;
}

void afmon_live_get_info(const afmon_live *live, afmon_live_info *info)
{
    afmon_live_look(live, info);
    info->memory_bytes = bytes_of(live);
}

const char *afmon_live_metric_name(const afmon_live *live, size_t index, size_t *length)
{
    const struct afmon_live_series *series = afmon_live_series_at(live->table, index);
    if (length != NULL)
        *length = series != NULL ? series->name_length : 0;
    return series != NULL ? series->name : NULL;
}

struct afmon_lately_window afmon_live_lately(const struct afmon_live *live, double window_s)
{
    return (struct afmon_lately_window){now_of(live, state_of(live)), live->first_ns, window_s};
}

struct afmon_model_pace afmon_live_pace(const afmon_live *live, double window_s)
{
    if (live->model == NULL)
        return (struct afmon_model_pace){0};
    return afmon_model_lately(live->model, afmon_live_lately(live, window_s));
}

static afmon_status rates_of(afmon_live *live, bool models, double window_s, afmon_live_rate *rates, size_t capacity,
                             size_t *count)
{
    if (live == NULL || count == NULL || (rates == NULL && capacity > 0))
        return AFMON_E_ARGUMENT;
    *count = 0;
    if (live->model == NULL)
        return AFMON_OK;
    bool ok = afmon_model_rates(live->model, models, afmon_live_lately(live, window_s), rates, capacity, count);
    return ok ? AFMON_OK : AFMON_E_NO_MEMORY;
}

afmon_status afmon_live_models(afmon_live *live, double window_s, afmon_live_rate *rates, size_t capacity,
                               size_t *count)
{
    return rates_of(live, true, window_s, rates, capacity, count);
}

afmon_status afmon_live_operations(afmon_live *live, double window_s, afmon_live_rate *rates, size_t capacity,
                                   size_t *count)
{
    return rates_of(live, false, window_s, rates, capacity, count);
}
