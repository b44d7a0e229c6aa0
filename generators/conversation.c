#include "conversation.h"

#include <stdlib.h>
#include <string.h>

#include "prompts.h"
#include "random.h"
#include "text.h"
#include "track.h"

#define TURNS_STREAM UINT64_C(0x7475726e73) /* apart from the streams of the calls */
#define SEED_STREAM UINT64_C(0x73656564)

/* A conversation in the making: the two see different texts, so each has a chat of its own. */
typedef struct dialogue {
    const gen_conversation_plan *plan;
    gen_conversation *made;
    gen_chat correspondent;
    gen_chat respondent;
} dialogue;

unsigned gen_conversation_turns(const gen_conversation_plan *plan, uint64_t index)
{
    gen_random random = gen_random_at(plan->seed, index, TURNS_STREAM);
    return 1 + gen_random_below(&random, plan->max_turns);
}

static gen_call make_call(const gen_conversation_plan *plan, uint64_t index, unsigned step, const char *operation,
                          const afmon_item *item)
{
    gen_call call = {
        .operation = operation,
        .conversation = index,
        .step = step,
        .topic = plan->topic_count > 0 ? plan->topics[index % plan->topic_count] : NULL,
        .temperature = plan->temperature,
        .max_tokens = plan->max_tokens,
        .stop = plan->stop,
        .budget = plan->budget,
        .item = item,
        .on_retry = gen_track_retry,
        .user = plan->monitor,
    };
    if (plan->send_seed) {
        gen_random random = gen_random_at(plan->seed, index, SEED_STREAM + step);
        call.seed = AFMON_GIVEN((double)(gen_random_bits(&random) >> 33)); /* what every server takes: 31 bits */
    }
    return call;
}

/* ---- Pieces ------------------------------------------------------------------------------------------------------ */

static bool stop_with(gen_conversation *made, gen_outcome outcome, const char *error_type, const char *error)
{
    made->outcome = outcome;
    gen_copy(made->error_type, sizeof made->error_type, error_type);
    gen_copy(made->error, sizeof made->error, error);
    return false;
}

static bool out_of_memory(gen_conversation *made)
{
    return stop_with(made, GEN_FAILED, "MemoryError", "out of memory");
}

static bool open_chat(dialogue *d, gen_chat *chat, gen_chat_model *model, const char *prompt)
{
    int64_t start = gen_now_ns();
    bool ok = gen_chat_open(chat, model, prompt);
    afmon_field success = afmon_bool("success", ok);
    afmon_field fields[] = {success, afmon_item_field(d->made->item)};
    afmon_record_metric(d->plan->monitor, "model_creation_time", gen_seconds_since(start), fields,
                        d->made->item != NULL ? 2 : 1);
    return ok || out_of_memory(d->made);
}

static void add_up(gen_conversation *made, const gen_chat_result *result)
{
    made->calls++;
    made->retries += result->retries;
    made->duration_s += result->duration_s;
    made->prompt_tokens += result->usage.prompt.value;
    made->completion_tokens += result->usage.completion.value;
}

/* Says `text` in a chat and appends the answer to the conversation. */
static bool say(dialogue *d, gen_chat *chat, const char *text, gen_role as)
{
    gen_conversation *made = d->made;
    gen_call call = make_call(d->plan, made->index, made->calls,
                              as == GEN_USER ? GEN_OPERATION_QUESTION : GEN_OPERATION_ANSWER, made->item);
    gen_chat_result result;
    gen_chat_send(chat, text, &call, &result);
    gen_track_call(d->plan->monitor, &call, &result);
    add_up(made, &result);
    bool ok = result.outcome == GEN_DONE;
    if (ok) {
        gen_message *message = &made->messages[made->count++];
        *message = (gen_message){.role = as, .content = result.text};
        result.text = NULL;
        if (d->plan->keep_reasoning) {
            message->reasoning = result.reasoning;
            result.reasoning = NULL;
        }
        if (as == GEN_ASSISTANT)
            gen_copy(made->model, sizeof made->model, result.model_name);
    } else {
        stop_with(made, result.outcome, result.error_type, result.error);
        made->lasting = result.lasting;
    }
    gen_chat_result_clear(&result);
    return ok;
}

static bool take_turn(dialogue *d)
{
    gen_conversation *made = d->made;
    gen_text text = {0};
    if (made->count == 0)
        gen_prompt_first_question(&text, made->topic);
    else
        gen_prompt_follow_up(&text, made->messages[made->count - 1].content);
    bool ok = gen_text_ok(&text) ? say(d, &d->correspondent, text.data, GEN_USER) : out_of_memory(made);
    gen_text_free(&text);
    ok = ok && say(d, &d->respondent, made->messages[made->count - 1].content, GEN_ASSISTANT);
    made->turns += ok ? 1 : 0;
    return ok;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static void hold(dialogue *d)
{
    const gen_conversation_plan *plan = d->plan;
    gen_conversation *made = d->made;
    made->messages = calloc(2 * (size_t)made->planned_turns, sizeof *made->messages);
    bool ok = made->messages != NULL || out_of_memory(made);
    ok = ok && open_chat(d, &d->correspondent, plan->correspondent, plan->correspondent_prompt) &&
         open_chat(d, &d->respondent, plan->respondent, plan->respondent_prompt);
    while (ok && made->turns < made->planned_turns)
        ok = take_turn(d);
    gen_chat_close(&d->correspondent);
    gen_chat_close(&d->respondent);
}

void gen_conversation_run(const gen_conversation_plan *plan, uint64_t index, gen_conversation *conversation)
{
    *conversation = (gen_conversation){
        .index = index,
        .topic = plan->topic_count > 0 ? plan->topics[index % plan->topic_count] : NULL,
        .planned_turns = gen_conversation_turns(plan, index),
    };
    /* What cannot be recorded is counted by the monitor. */
    (void)afmon_item_begin_number(plan->monitor, GEN_ITEM_CONVERSATION, (int64_t)index, &conversation->item);
    hold(&(dialogue){.plan = plan, .made = conversation});
    if (plan->simulated)
        afmon_item_took(conversation->item, conversation->duration_s);
    gen_track_conversation(plan->monitor, conversation);
}

void gen_conversation_clear(gen_conversation *conversation)
{
    for (size_t i = 0; i < conversation->count; i++) {
        free((char *)conversation->messages[i].content);
        free((char *)conversation->messages[i].reasoning);
    }
    free(conversation->messages);
    afmon_item_drop(conversation->item);
    *conversation = (gen_conversation){0};
}

/* ---- The correspondent's prompt ---------------------------------------------------------------------------------- */

static char *unwrapped(gen_chat_result *result)
{
    char *prompt = strdup(gen_prompt_unwrap(result->text));
    if (prompt == NULL)
        gen_chat_result_fail(result, "MemoryError", "out of memory");
    else if (prompt[0] == '\0') {
        gen_chat_result_fail(result, "ValueError", "the model wrote an empty prompt");
        free(prompt);
        prompt = NULL;
    }
    return prompt;
}

char *gen_conversation_prompt(const gen_conversation_plan *plan, gen_chat_result *result)
{
    /* An index that no conversation has: its dice are its own, and no incident touches it. */
    gen_call call = make_call(plan, UINT64_MAX, 0, GEN_OPERATION_PROMPT, NULL);
    call.topic = NULL;
    gen_chat_result_init(result);
    gen_text request = {0};
    gen_prompt_for_correspondent(&request, plan->respondent_prompt);
    if (gen_text_ok(&request)) {
        gen_message message = {.role = GEN_USER, .content = request.data};
        plan->respondent->complete(plan->respondent, &message, 1, &call, result);
    } else {
        gen_chat_result_fail(result, "MemoryError", "out of memory");
    }
    gen_text_free(&request);
    char *prompt = result->outcome == GEN_DONE ? unwrapped(result) : NULL;
    gen_track_call(plan->monitor, &call, result);
    return prompt;
}
