#include "api_error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "retry.h"

enum { MAX_DEPTH = 6 };

/* ---- Statuses ---------------------------------------------------------------------------------------------------- */

bool gen_api_error_retryable(int status)
{
    return status == 408 || status == 409 || status == 429 || status >= 500;
}

gen_lasting gen_api_error_lasting(int status)
{
    if (status == 401 || status == 402)
        return GEN_FINAL;
    return status == 403 || status == 404 || status == 405 || status == 407 ? GEN_LASTING : GEN_PASSING;
}

/* ---- Codes ------------------------------------------------------------------------------------------------------- */

typedef struct named {
    const char *name; /* of a code, a type or a status; any case */
    int status;
    gen_lasting lasting;
} named;

/* Money and keys stand first: where code and type differ, they decide. */
static const named names[] = {
    {"insufficient_quota", 429, GEN_FINAL},
    {"insufficient_user_quota", 403, GEN_FINAL},
    {"exceeded_current_quota_error", 429, GEN_FINAL},
    {"billing_hard_limit_reached", 429, GEN_FINAL},
    {"billing_not_active", 429, GEN_FINAL},
    {"billing_error", 402, GEN_FINAL},
    {"insufficient_balance", 402, GEN_FINAL},
    {"insufficient_credits", 402, GEN_FINAL},
    {"payment_required", 402, GEN_FINAL},
    {"arrearage", 400, GEN_FINAL},
    {"account_deactivated", 401, GEN_FINAL},
    {"access_terminated", 403, GEN_FINAL},
    {"invalid_api_key", 401, GEN_FINAL},
    {"incorrect_api_key", 401, GEN_FINAL},
    {"api_key_invalid", 400, GEN_FINAL},
    {"authentication_error", 401, GEN_FINAL},
    {"invalid_authentication_error", 401, GEN_FINAL},
    {"unauthenticated", 401, GEN_FINAL},
    {"unsupported_country_region_territory", 403, GEN_FINAL},
    {"permission_error", 403, GEN_LASTING},
    {"permission_denied", 403, GEN_LASTING},
    {"model_not_found", 404, GEN_LASTING},
    {"not_found_error", 404, GEN_LASTING},
    {"not_found", 404, GEN_LASTING},
    {"unsupported_parameter", 400, GEN_LASTING},
    {"unsupported_value", 400, GEN_LASTING},
    {"rate_limit_exceeded", 429, GEN_PASSING},
    {"rate_limit_error", 429, GEN_PASSING},
    {"rate_limited", 429, GEN_PASSING},
    {"too_many_requests", 429, GEN_PASSING},
    {"resource_exhausted", 429, GEN_PASSING},
    {"throttling", 429, GEN_PASSING},
    {"throttling.ratequota", 429, GEN_PASSING},
    {"throttling.allocationquota", 429, GEN_PASSING},
    {"limit_requests", 429, GEN_PASSING},
    {"overloaded_error", 529, GEN_PASSING},
    {"engine_overloaded_error", 429, GEN_PASSING},
    {"overloaded", 503, GEN_PASSING},
    {"unavailable", 503, GEN_PASSING},
    {"service_unavailable", 503, GEN_PASSING},
    {"service_unavailable_error", 503, GEN_PASSING},
    {"model_not_ready", 503, GEN_PASSING},
    {"bad_gateway", 502, GEN_PASSING},
    {"upstream_error", 502, GEN_PASSING},
    {"timeout", 504, GEN_PASSING},
    {"timeout_error", 504, GEN_PASSING},
    {"deadline_exceeded", 504, GEN_PASSING},
    {"server_error", 500, GEN_PASSING},
    {"internal", 500, GEN_PASSING},
    {"internal_error", 500, GEN_PASSING},
    {"internal_server_error", 500, GEN_PASSING},
    {"api_error", 500, GEN_PASSING},
    {"invalid_request_error", 400, GEN_PASSING},
    {"invalid_argument", 400, GEN_PASSING},
};

/* MiniMax's status_code, which stands in a 200. */
static const struct {
    int code, status;
} numbers[] = {{1000, 500}, {1001, 504}, {1002, 429}, {1004, 401}, {1008, 402}, {1013, 500}, {1039, 429}};

/* What some providers say in words alone. */
static const char *const final_words[] = {"credit balance is too low", "insufficient balance", "api key not valid"};

static const named *find_name(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(name, names[i].name) == 0)
            return &names[i];
    return NULL;
}

static int status_of_number(double number)
{
    if (number >= 400 && number < 600)
        return (int)number;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (number == numbers[i].code)
            return numbers[i].status;
    return 0;
}

static void take_name(gen_api_error *error, const char *name)
{
    const named *found = find_name(name);
    if (found == NULL)
        return;
    if (found->lasting > error->lasting)
        error->lasting = found->lasting;
    if (error->status == 0)
        error->status = found->status;
}

/* A code as a number, as digits in a text, or as a name. */
static void take_code(gen_api_error *error, const json_t *code)
{
    const char *text = json_string_value(code);
    double number = json_is_number(code) ? json_number_value(code) : text != NULL ? strtod(text, NULL) : 0;
    int status = status_of_number(number);
    if (status != 0 && error->status == 0)
        error->status = status;
    take_name(error, text);
}

static void take_codes(gen_api_error *error, const json_t *object)
{
    static const char *const members[] = {"code", "status_code", "status", "type", "http_code", "error_code", "reason"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        take_code(error, json_object_get(object, members[i]));
}

/* ---- Words and waits --------------------------------------------------------------------------------------------- */

/* The words in a value of any shape: {"message": ...}, {"detail": [{"msg": ...}]}, ["..."], "...". NULL: none. */
static const char *words_in(const json_t *value, int depth)
{
    static const char *const members[] = {"message", "msg",       "detail",     "error",      "errors",
                                          "reason",  "error_msg", "status_msg", "description"};
    const char *text = json_string_value(value);
    if (text != NULL || depth == MAX_DEPTH)
        return text != NULL && text[strspn(text, " \t\r\n")] != '\0' ? text : NULL;
    if (json_is_array(value))
        return words_in(json_array_get(value, 0), depth + 1);
    for (size_t i = 0; text == NULL && i < sizeof members / sizeof members[0]; i++)
        text = words_in(json_object_get(value, members[i]), depth + 1);
    return text;
}

static double wait_in(const json_t *value)
{
    if (json_is_number(value))
        return json_number_value(value);
    return json_is_string(value) ? gen_retry_after(json_string_value(value), time(NULL)) : -1;
}

/* {"retry_after": 3}, and Google's {"details": [{"retryDelay": "17s"}]}. */
static void take_wait(gen_api_error *error, const json_t *object)
{
    const json_t *details = json_object_get(object, "details");
    double wait = wait_in(json_object_get(object, "retry_after"));
    for (size_t i = 0; i < json_array_size(details) && wait < 0; i++)
        wait = wait_in(json_object_get(json_array_get(details, i), "retryDelay"));
    if (wait >= 0)
        error->retry_after_s = wait;
}

static bool has_words(const char *text, const char *words)
{
    return text != NULL && strcasestr(text, words) != NULL;
}

/* ---- Finding it -------------------------------------------------------------------------------------------------- */

static bool is_empty(const json_t *value)
{
    if (json_is_object(value))
        return json_object_size(value) == 0;
    if (json_is_array(value))
        return json_array_size(value) == 0;
    return !json_is_string(value) || json_string_length(value) == 0;
}

/* The value that tells of the error. NULL: none does. */
static const json_t *error_value(const json_t *answer)
{
    static const char *const members[] = {"error", "errors", "detail", "error_msg", "msg", "message"};
    const json_t *choice = json_array_get(json_object_get(answer, "choices"), 0);
    const json_t *base = json_object_get(answer, "base_resp");
    const json_t *error = json_object_get(choice, "error");
    if (!is_empty(error))
        return error;
    if (json_number_value(json_object_get(base, "status_code")) > 0)
        return base;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        error = json_object_get(answer, members[i]);
        if (!is_empty(error))
            return json_is_string(error) && i > 0 ? answer : error;
    }
    return NULL;
}

bool gen_api_error_find(const json_t *answer, gen_api_error *error)
{
    *error = (gen_api_error){.retry_after_s = -1};
    const json_t *whole = json_is_array(answer) ? json_array_get(answer, 0) : answer;
    const json_t *value = error_value(whole);
    if (value == NULL)
        return false;
    const json_t *object = json_is_array(value) ? json_array_get(value, 0) : value;
    error->message = words_in(value, 0);
    error->raw = json_string_value(json_object_get(json_object_get(object, "metadata"), "raw"));
    take_codes(error, object);
    take_codes(error, whole);
    take_wait(error, object);
    for (size_t i = 0; i < sizeof final_words / sizeof final_words[0]; i++)
        if (has_words(error->message, final_words[i]))
            error->lasting = GEN_FINAL;
    return true;
}
