#include "evaluator.h"

#include "conversation.h"
#include "random.h"
#include "spend.h"

enum { VERDICT_TOKENS_MAX = 128 };

#define EVALUATION_STREAM UINT64_C(0x6576616c75617465) /* apart from the streams of the calls */

static double clamp(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static const char *feedback(gen_random *random, double score)
{
    static const char *const low[] = {"One claim contradicts an earlier answer.", "The second advice is not supported.",
                                      "The reply misses what was asked."};
    static const char *const high[] = {"Clear, and to the point.", "Follows the question closely.",
                                       "All claims can be checked."};
    if (!gen_random_chance(random, score < 0.6 ? 0.7 : 0.05))
        return NULL;
    return (score < 0.6 ? low : high)[gen_random_below(random, 3)];
}

gen_verdict gen_evaluator_judge(const gen_evaluator *evaluator, uint64_t index, size_t bytes)
{
    gen_random random = gen_random_at(evaluator->seed, index, EVALUATION_STREAM);
    gen_verdict v = {.success = !gen_random_chance(&random, 0.008)};
    v.duration_s = gen_random_lognormal(&random, 0.9, 0.4);
    v.prompt_tokens = (double)(bytes / 4) + 180;
    if (!v.success)
        return v;
    v.completion_tokens = 40 + gen_random_below(&random, 50);
    double quality = 0.84 + 0.09 * gen_random_normal(&random);
    double coherence = clamp(quality + 0.04 + 0.05 * gen_random_normal(&random));
    double factuality = clamp(quality - 0.02 + 0.07 * gen_random_normal(&random));
    double overall = clamp(0.5 * coherence + 0.5 * factuality + 0.02 * gen_random_normal(&random));
    v.scores[0] = (afmon_score){.name = "coherence", .value = coherence, .feedback = feedback(&random, coherence)};
    v.scores[1] = (afmon_score){.name = "factuality", .value = factuality, .feedback = feedback(&random, factuality)};
    v.scores[2] = (afmon_score){.name = "overall", .value = overall};
    v.score_count = GEN_SCORES;
    return v;
}

/* The judge's call spends as those of the generators do. */
static bool may_judge(const gen_evaluator *evaluator, const gen_conversation_plan *plan, size_t bytes, gen_spend *spend,
                      gen_chat_result *result)
{
    const gen_call call = {.stop = plan->stop, .budget = plan->budget};
    gen_chat_result_init(result);
    return gen_spend_begin(spend, &call, evaluator->model, bytes, VERDICT_TOKENS_MAX, result);
}

afmon_status gen_evaluator_run(const gen_evaluator *evaluator, const gen_conversation_plan *plan,
                               const gen_conversation *conversation, size_t bytes)
{
    gen_verdict v = gen_evaluator_judge(evaluator, conversation->index, bytes);
    gen_spend spend;
    gen_chat_result result;
    if (!may_judge(evaluator, plan, bytes, &spend, &result))
        return AFMON_E_LIMIT;
    bool waited = gen_stop_sleep(evaluator->stop, v.duration_s / evaluator->time_scale, GEN_ABANDON);
    if (waited) {
        result.usage.prompt = AFMON_GIVEN(v.prompt_tokens);
        result.usage.completion = AFMON_GIVEN(v.completion_tokens);
    }
    gen_spend_end(&spend, &result, true);
    if (!waited)
        return AFMON_E_CANCELLED;
    afmon_field fields[] = {afmon_string("operation", GEN_OPERATION_EVALUATION)};
    return afmon_track_evaluation(
        plan->monitor, &(afmon_evaluation){
                           .duration_s = v.duration_s,
                           .success = v.success,
                           .evaluator_type = "SimulatedJudge",
                           .scores = v.scores,
                           .score_count = v.score_count,
                           .error = v.success ? NULL : "The verdict was not valid JSON",
                           .error_type = v.success ? NULL : "ValueError",
                           .model_name = evaluator->model,
                           .prompt_token_count = AFMON_GIVEN(v.prompt_tokens),
                           .completion_token_count = v.success ? AFMON_GIVEN(v.completion_tokens) : (afmon_number){0},
                           .total_token_count = AFMON_GIVEN(v.prompt_tokens + v.completion_tokens),
                           .fields = fields,
                           .field_count = 1,
                           .item = conversation->item,
                           .settled = plan->budget != NULL,
                       });
}
