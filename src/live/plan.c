/* What a run says that it means to do, and how far it is. */
#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/number.h"
#include "live/live_internal.h"
#include "store/reader_text.h"

#define LATELY_S 60.0
#define FEW 20 /* calls, of which a rate is not yet told */

static bool read_count(const afmon_live_log_line *line, const char *key, uint64_t *count)
{
    size_t length;
    double number;
    const char *text = afmon_log_member(line->data, line->data_length, key, &length);
    if (text == NULL || !afmon_parse_double(text, length, &number) || !(number >= 0 && number < 0x1p63))
        return false;
    *count = (uint64_t)number;
    return true;
}

static void read_operation(struct afmon_live_log *log, const afmon_live_log_line *line)
{
    size_t length;
    const char *raw = afmon_log_member(line->data, line->data_length, "operation", &length);
    struct afmon_buffer text;
    afmon_buffer_init(&text, sizeof log->plan_operation);
    if (raw != NULL)
        afmon_json_unescape(&text, raw, length);
    log->plan_operation_length = text.failed ? 0 : text.length;
    if (log->plan_operation_length > 0)
        memcpy(log->plan_operation, text.data, log->plan_operation_length);
    afmon_buffer_free(&text);
}

/* The latest plan holds. */
void afmon_live_plan_take(struct afmon_live_log *log, const afmon_live_log_line *line)
{
    uint64_t total;
    if ((log->planned && line->timestamp_ns < log->plan_ns) || !read_count(line, "planned", &total))
        return;
    log->planned = true;
    log->plan_ns = line->timestamp_ns;
    log->plan_total = total;
    if (!read_count(line, "done", &log->plan_done))
        log->plan_done = 0;
    read_operation(log, line);
}

static bool is_planned(const struct afmon_live_log *log, const struct afmon_group *group)
{
    return log->plan_operation_length == 0 || (group->name_length == log->plan_operation_length &&
                                               memcmp(group->name, log->plan_operation, group->name_length) == 0);
}

/* Calls a second: of the last minute, or of the whole run where that is shorter or calls are few. */
static double rate_of(const afmon_live_info *info, uint64_t calls, double lately)
{
    double seconds = afmon_seconds_between(info->first_ns, info->now_ns);
    if (lately * LATELY_S < FEW || seconds < LATELY_S)
        return seconds > 0 ? (double)calls / seconds : 0;
    return lately;
}

void afmon_live_get_plan(const afmon_live *live, afmon_live_plan *plan)
{
    const struct afmon_live_log *log = &live->log;
    afmon_live_info info;
    *plan = (afmon_live_plan){.known = log->planned, .planned = log->plan_total, .eta_s = (double)NAN};
    if (!log->planned)
        return;
    afmon_live_look(live, &info);
    uint64_t calls = 0;
    double lately = 0;
    for (size_t i = 0; i < live->operations.count; i++) {
        const struct afmon_group *group = live->operations.groups[i];
        if (!is_planned(log, group))
            continue;
        calls += group->calls;
        lately += afmon_group_calls_lately(group, (struct afmon_lately){info.now_ns, info.first_ns, LATELY_S});
    }
    plan->done = log->plan_done + calls;
    plan->per_s = rate_of(&info, calls, lately);
    uint64_t left = plan->planned > plan->done ? plan->planned - plan->done : 0;
    if (left == 0)
        plan->eta_s = 0;
    else if (plan->per_s > 0 && info.state != AFMON_LIVE_ENDED)
        plan->eta_s = (double)left / plan->per_s;
}
