#include "model/work.h"

#include <stdlib.h>
#include <string.h>

#include "model/model_internal.h"

#define CLASSES 4096

struct selection {
    const struct afmon_model_items *items;
    const char *kind;
    int64_t from_ns; /* items that ended before it are left out */
};

static bool is_of(const struct selection *selection, const struct afmon_model_item *item)
{
    return selection->kind == NULL || strcmp(selection->items->kinds[item->kind].name, selection->kind) == 0;
}

static bool is_made(const struct selection *selection, const struct afmon_model_item *item)
{
    return afmon_model_item_has_outcome(item) && item->ended_ns >= selection->from_ns && is_of(selection, item);
}

/* Where the latest AFMON_WORK_MAX begin, to a part of CLASSES of the run's time. */
static int64_t begin_of_latest(const struct selection *selection)
{
    uint32_t counts[CLASSES] = {0};
    int64_t first = INT64_MAX, last = INT64_MIN;
    size_t count = 0;
    for (uint32_t i = 0; i < selection->items->items.count; i++) {
        const struct afmon_model_item *item = afmon_slots_at(&selection->items->items, i);
        if (!is_made(selection, item))
            continue;
        first = item->ended_ns < first ? item->ended_ns : first;
        last = item->ended_ns > last ? item->ended_ns : last;
        count++;
    }
    if (count <= AFMON_WORK_MAX)
        return INT64_MIN;
    double wide = ((double)last - (double)first) / CLASSES + 1;
    for (uint32_t i = 0; i < selection->items->items.count; i++) {
        const struct afmon_model_item *item = afmon_slots_at(&selection->items->items, i);
        if (is_made(selection, item))
            counts[(size_t)(((double)item->ended_ns - (double)first) / wide)]++;
    }
    size_t latest = 0, class = CLASSES;
    while (class > 0 && latest < AFMON_WORK_MAX)
        latest += counts[--class];
    return first + (int64_t)((double)class * wide);
}

static int64_t start_of(const struct afmon_model_item *item)
{
    return item->starts > 0 ? item->started_ns : item->ended_ns;
}

static void gather(const struct selection *selection, const struct afmon_model_facts *facts, bool accepted,
                   struct afmon_work_items *work)
{
    for (uint32_t i = 0; i < selection->items->items.count; i++) {
        const struct afmon_model_item *item = afmon_slots_at(&selection->items->items, i);
        if (is_made(selection, item)) {
            bool counts = !accepted || item->outcome == AFMON_OUTCOME_ACCEPTED;
            work->made[work->made_count++] = (struct afmon_made){start_of(item), item->ended_ns, counts};
        } else if (!afmon_model_item_has_outcome(item) && is_of(selection, item) &&
                   afmon_model_item_is_open(facts, item)) {
            work->open_ns[work->open_count++] = item->started_ns;
            if (work->oldest_ns == 0 || item->started_ns < work->oldest_ns)
                work->oldest_ns = item->started_ns;
        }
    }
}

static void count(const struct selection *selection, size_t *made, size_t *without)
{
    *made = *without = 0;
    for (uint32_t i = 0; i < selection->items->items.count; i++) {
        const struct afmon_model_item *item = afmon_slots_at(&selection->items->items, i);
        *made += is_made(selection, item);
        *without += !afmon_model_item_has_outcome(item);
    }
}

static void gather_sessions(const struct afmon_run_log *log, struct afmon_work_items *work)
{
    for (size_t i = 0; log != NULL && i < log->session_count; i++)
        if (log->sessions[i].recorded)
            work->sessions_ns[work->session_count++] = log->sessions[i].started_ns;
}

bool afmon_model_work(const struct afmon_model *model, const struct afmon_model_facts *facts, const char *kind,
                      bool accepted, struct afmon_work_items *work)
{
    struct selection selection = {.items = &model->items, .kind = kind, .from_ns = INT64_MIN};
    size_t made, without;
    selection.from_ns = begin_of_latest(&selection);
    count(&selection, &made, &without);
    *work = (struct afmon_work_items){
        .made = malloc((made + 1) * sizeof *work->made),
        .open_ns = malloc((without + 1) * sizeof(int64_t)),
        .sessions_ns = malloc(((facts->log != NULL ? facts->log->session_count : 0) + 1) * sizeof(int64_t)),
    };
    if (work->made == NULL || work->open_ns == NULL || work->sessions_ns == NULL) {
        afmon_work_items_free(work);
        return false;
    }
    gather(&selection, facts, accepted, work);
    gather_sessions(facts->log, work);
    return true;
}

void afmon_work_items_free(struct afmon_work_items *work)
{
    free(work->made);
    free(work->open_ns);
    free(work->sessions_ns);
    *work = (struct afmon_work_items){0};
}
