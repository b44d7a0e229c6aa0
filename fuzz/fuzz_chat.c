/* libFuzzer: whatever a chat server answers, the result is an answer or a failure that says why, its texts end within
 * their rooms, and the key that was sent is in none of them. The first byte chooses the HTTP status; the rest is the
 * body, and a Retry-After header as well. */
#include <math.h>

#include "fuzz.h"

#include "generators/openai.h"
#include "generators/retry.h"
#include "generators/secrets.h"
#include "generators/text.h"

#define KEY "sk-0123456789"

static const int statuses[] = {200, 201, 204, 301, 307, 400, 401, 403, 404,
                               408, 409, 413, 422, 429, 500, 502, 503, 599};

static void check_texts(const gen_chat_result *result)
{
    const char *const texts[] = {result->error, result->error_type, result->model_name, result->finish_reason,
                                 result->text};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        MUST(texts[i] == NULL || strstr(texts[i], KEY) == NULL);
    MUST(strnlen(result->error, sizeof result->error) < sizeof result->error);
    MUST(strnlen(result->error_type, sizeof result->error_type) < sizeof result->error_type);
    MUST(strnlen(result->model_name, sizeof result->model_name) < sizeof result->model_name);
    MUST(strnlen(result->finish_reason, sizeof result->finish_reason) < sizeof result->finish_reason);
}

static void check_outcome(const gen_chat_result *result)
{
    MUST(result->outcome == GEN_DONE || result->outcome == GEN_FAILED);
    MUST((result->outcome == GEN_DONE) == (result->text != NULL));
    MUST((result->outcome == GEN_FAILED) == (result->error_type[0] != '\0'));
    MUST(!result->usage.prompt.given || result->usage.prompt.value >= 0);
    MUST(!result->usage.total.given || result->usage.total.value >= 0);
}

/* What was answered is said again in the next request. */
static void say_again(const char *text)
{
    const gen_message messages[] = {{.role = GEN_SYSTEM, .content = "s"}, {.role = GEN_ASSISTANT, .content = text}};
    const gen_call call = {.operation = "o"};
    const gen_openai_body body = {.model = "m"};
    char *request = gen_openai_request(&body, messages, 2, &call);
    MUST(request != NULL && request[0] == '{');
    free(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    gen_text body = {0};
    gen_text_append(&body, (const char *)data + 1, size - 1);
    MUST(gen_text_ok(&body));
    gen_secrets secrets = {0};
    MUST(gen_secrets_add(&secrets, KEY));
    gen_secrets_redact_body(&secrets, &body);
    gen_chat_result result;
    gen_chat_result_init(&result);
    gen_openai_response(statuses[data[0] % (sizeof statuses / sizeof statuses[0])], body.data == NULL ? "" : body.data,
                        body.length, &result);
    gen_secrets_redact(&secrets, &result);
    check_texts(&result);
    check_outcome(&result);
    MUST(!isnan(gen_retry_after(body.data == NULL ? "" : body.data, 1800000000)));
    if (result.text != NULL)
        say_again(result.text);
    gen_chat_result_clear(&result);
    gen_text_free(&body);
    gen_secrets_free(&secrets);
    return 0;
}
