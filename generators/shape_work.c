/* What pieces of work are made of: calls, and outcomes of items. */
#include "shape_internal.h"
#include "text.h"
#include "track.h"

/* ---- Calls ---- */

static void note_failure(gen_made *made, const gen_chat_result *result)
{
    made->stopped |= result->outcome == GEN_STOPPED;
    if (result->outcome != GEN_FAILED)
        return;
    gen_copy(made->error_type, sizeof made->error_type, result->error_type);
    gen_copy(made->error, sizeof made->error, result->error);
}

bool gen_ask(gen_work *work, const gen_asked *asked)
{
    const gen_conversation_plan *plan = work->plan;
    const char *topic = plan->topic_count > 0 ? plan->topics[work->index % plan->topic_count] : "the topic";
    const gen_message messages[] = {{.role = GEN_SYSTEM, .content = plan->respondent_prompt},
                                    {.role = GEN_USER, .content = topic}};
    const gen_call call = {.operation = asked->operation,
                           .conversation = work->index,
                           .step = work->made.calls,
                           .topic = topic,
                           .fields = asked->fields,
                           .field_count = asked->field_count,
                           .stop = plan->stop,
                           .budget = plan->budget,
                           .item = work->item,
                           .on_retry = gen_track_retry,
                           .user = plan->monitor};
    gen_chat_result result;
    gen_chat_result_init(&result);
    plan->respondent->complete(plan->respondent, messages, 2, &call, &result);
    if (result.outcome == GEN_DONE && gen_random_chance(&work->random, asked->misread))
        gen_chat_result_fail(&result, "ValueError", "The answer is not what was asked for: %s", asked->operation);
    gen_track_call(plan->monitor, &call, &result);
    work->made.calls++;
    work->made.retries += result.retries;
    work->duration_s += result.duration_s;
    note_failure(&work->made, &result);
    bool done = result.outcome == GEN_DONE;
    gen_chat_result_clear(&result);
    return done;
}

/* ---- Items ---- */

bool gen_begin_item(gen_work *work, const char *kind, uint64_t id, afmon_item **item)
{
    /* What cannot be recorded is counted by the monitor. */
    (void)afmon_item_begin_number(work->plan->monitor, kind, (int64_t)id, item);
    return *item != NULL;
}

void gen_end_item(gen_work *work, afmon_item *item, gen_fate fate, const char *reason)
{
    if (work->plan->simulated)
        afmon_item_took(item, work->duration_s);
    if (fate == GEN_ACCEPTED) {
        work->made.accepted++;
        (void)afmon_item_accept(item);
    } else if (fate == GEN_REJECTED) {
        work->made.rejected++;
        (void)afmon_item_reject(item, reason);
    } else if (work->made.stopped) {
        afmon_item_drop(item);
    } else {
        work->made.failed++;
        (void)afmon_item_fail(item, work->made.error_type);
    }
}
