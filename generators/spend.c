#include "spend.h"

#include "base/tokens.h"

#define FIRST_PAUSE_S 0.002
#define LONGEST_PAUSE_S 0.05

static bool refuse(const gen_call *call, afmon_status status, const afmon_error *error, gen_chat_result *result)
{
    if (status == AFMON_E_LIMIT) {
        gen_stop_set(call->stop, GEN_STOPPING);
        result->outcome = GEN_STOPPED;
    } else if (status == AFMON_E_BUSY) { /* the run was told to end meanwhile */
        result->outcome = GEN_STOPPED;
    } else {
        gen_chat_result_fail(result, "BudgetError", "%s", error->message);
        result->lasting = GEN_FINAL;
    }
    return false;
}

bool gen_spend_begin(gen_spend *spend, const gen_call *call, const char *model, size_t bytes, double answer_tokens,
                     gen_chat_result *result)
{
    const afmon_call_bound bound = {
        .model_name = model, .prompt_tokens = (double)bytes + AFMON_TOKENS_ADDED, .completion_tokens = answer_tokens};
    afmon_error error = {0};
    double pause_s = FIRST_PAUSE_S;
    *spend = (gen_spend){.monitor = call->budget, .model = model};
    if (spend->monitor == NULL)
        return true;
    afmon_status status;
    while ((status = afmon_reserve(spend->monitor, &bound, &spend->reservation, &error)) == AFMON_E_BUSY &&
           gen_stop_sleep(call->stop, pause_s, GEN_STOPPING))
        pause_s = pause_s * 2 < LONGEST_PAUSE_S ? pause_s * 2 : LONGEST_PAUSE_S;
    return status == AFMON_OK || refuse(call, status, &error, result);
}

void gen_spend_end(gen_spend *spend, const gen_chat_result *result, bool may_have_cost)
{
    const char *answered = result->model_name[0] != '\0' ? result->model_name : NULL;
    const afmon_usage *usage = &result->usage;
    if (spend->monitor == NULL)
        return;
    if (usage->prompt.given || usage->completion.given || usage->cost_usd.given)
        afmon_settle(spend->monitor, &spend->reservation, answered, spend->model, usage);
    else if (may_have_cost)
        afmon_settle_unknown(spend->monitor, &spend->reservation);
    else
        afmon_settle_unused(spend->monitor, &spend->reservation);
}
