#include "retry.h"

#include <stdio.h>
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
    double wait = policy->first_wait_s;
    for (unsigned i = 0; i < attempt && wait < policy->max_wait_s; i++)
        wait *= 2;
    if (wait > policy->max_wait_s)
        wait = policy->max_wait_s;
    gen_random random = gen_random_at(policy->jitter_seed, call->conversation, ((uint64_t)call->step << 32) + attempt);
    wait *= 1.0 - 0.25 * gen_random_unit(&random);
    return asked_s > wait ? asked_s : wait;
}

/* The run is told to end before the call could: no verdict on the model. Its failed attempts were told. */
static void leave(gen_chat_result *result)
{
    gen_chat_result_clear(result);
    result->outcome = GEN_STOPPED;
}

/* Is the failed attempt the last one? `tries` were made again before it. */
static bool is_last(const gen_retry_policy *policy, gen_chat_result *result, unsigned tries)
{
    if (result->outcome != GEN_FAILED)
        return true;
    if (result->changed)
        return false;
    if (result->retryable && result->retry_after_s > policy->max_asked_s) {
        size_t used = strlen(result->error);
        snprintf(result->error + used, sizeof result->error - used,
                 "; the server asks to wait %.0f s, which is too long", result->retry_after_s);
        result->lasting = result->lasting > GEN_LASTING ? result->lasting : GEN_LASTING;
        return true;
    }
    return !result->retryable || tries >= policy->max_retries;
}

void gen_retry_run(const gen_retry_policy *policy, const gen_call *call, gen_attempt attempt, void *user,
                   gen_chat_result *result)
{
    double duration_s = 0;
    unsigned tries = 0; /* after waits: what `changed` asks for costs none */
    if (gen_stop_now(call->stop) != GEN_RUNNING) {
        leave(result);
        return;
    }
    for (unsigned i = 0;; i++) {
        gen_chat_result_clear(result);
        attempt(user, call, i, result);
        duration_s += result->duration_s;
        result->retries = i;
        if (is_last(policy, result, tries))
            break;
        if (call->on_retry != NULL)
            call->on_retry(call->user, call, result);
        double wait_s = result->changed ? 0 : gen_retry_wait(policy, call, tries++, result->retry_after_s);
        if (!gen_stop_sleep(call->stop, wait_s / policy->time_scale, GEN_STOPPING)) {
            leave(result);
            break;
        }
        duration_s += wait_s;
    }
    result->duration_s = duration_s;
}

/* Digits with or without a fraction. NULL: there are none; else what follows them. */
static const char *read_number(const char *text, double *value)
{
    double unit = 1;
    size_t digits = 0;
    *value = 0;
    for (; *text >= '0' && *text <= '9'; text++, digits++)
        *value = *value * 10 + (*text - '0');
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++, digits++)
            *value += (*text - '0') * (unit /= 10);
    return digits > 0 ? text : NULL;
}

static const char *read_unit(const char *text, double *seconds)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t length = strlen(units[i].name);
        if (strncmp(text, units[i].name, length) == 0) {
            *seconds = units[i].seconds;
            return text + length;
        }
    }
    return NULL;
}

/* "1.5", or numbers with units one behind the other, as in "1m30.5s". Below 0: neither. */
static double seconds_of(const char *text)
{
    double value, unit = 1, sum = 0;
    const char *rest = read_number(text, &value);
    if (rest != NULL && rest[strspn(rest, " \t\r\n")] == '\0')
        return value;
    while ((rest = read_number(text, &value)) != NULL && (rest = read_unit(rest, &unit)) != NULL) {
        sum += value * unit;
        text = rest;
        if (text[strspn(text, " \t\r\n")] == '\0')
            return sum;
    }
    return -1;
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
