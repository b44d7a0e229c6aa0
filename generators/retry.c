#include "retry.h"

#include <string.h>

#include <curl/curl.h>

#include "random.h"

gen_retry_policy gen_retry_defaults(unsigned max_retries)
{
    return (gen_retry_policy){
        .max_retries = max_retries, .first_wait_s = 0.5, .max_wait_s = 8, .max_asked_s = 120, .time_scale = 1};
}

double gen_retry_wait(const gen_retry_policy *policy, const gen_call *call, unsigned attempt, double asked_s)
{
    if (asked_s >= 0)
        return asked_s < policy->max_asked_s ? asked_s : policy->max_asked_s;
    double wait = policy->first_wait_s;
    for (unsigned i = 0; i < attempt && wait < policy->max_wait_s; i++)
        wait *= 2;
    if (wait > policy->max_wait_s)
        wait = policy->max_wait_s;
    gen_random random = gen_random_at(policy->jitter_seed, call->conversation, ((uint64_t)call->step << 32) + attempt);
    return wait * (1.0 - 0.25 * gen_random_unit(&random));
}

/* The run is told to end before the call could: no verdict on the model. Its failed attempts were told. */
static void leave(gen_chat_result *result)
{
    gen_chat_result_clear(result);
    result->outcome = GEN_STOPPED;
}

void gen_retry_run(const gen_retry_policy *policy, const gen_call *call, gen_attempt attempt, void *user,
                   gen_chat_result *result)
{
    double duration_s = 0;
    if (gen_stop_now(call->stop) != GEN_RUNNING) {
        leave(result);
        return;
    }
    for (unsigned i = 0;; i++) {
        gen_chat_result_clear(result);
        attempt(user, call, i, result);
        duration_s += result->duration_s;
        result->retries = i;
        if (result->outcome != GEN_FAILED || !result->retryable || i >= policy->max_retries)
            break;
        if (call->on_retry != NULL)
            call->on_retry(call->user, call, result);
        double wait_s = gen_retry_wait(policy, call, i, result->retry_after_s);
        if (!gen_stop_sleep(call->stop, wait_s / policy->time_scale, GEN_STOPPING)) {
            leave(result);
            break;
        }
        duration_s += wait_s;
    }
    result->duration_s = duration_s;
}

static double seconds_of(const char *text)
{
    double value = 0, unit = 1;
    size_t digits = 0;
    for (; *text >= '0' && *text <= '9'; text++, digits++)
        value = value * 10 + (*text - '0');
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++, digits++)
            value += (*text - '0') * (unit /= 10);
    text += strspn(text, " \t\r\n");
    return digits > 0 && *text == '\0' ? value : -1;
}

double gen_retry_after(const char *value, time_t now)
{
    value += strspn(value, " \t");
    double seconds = seconds_of(value);
    if (seconds >= 0)
        return seconds;
    time_t date = curl_getdate(value, NULL);
    if (date == (time_t)-1)
        return -1;
    return date > now ? (double)(date - now) : 0;
}
