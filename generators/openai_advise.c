/* Wrong addresses: what was asked for, and what it should probably have been. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_error.h"
#include "base/api_error.h"
#include "openai.h"
#include "text.h"

enum { SHOWN = 200 };
static const char endpoint[] = "/chat/completions";

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t size = strlen(end);
    return length >= size && memcmp(text + length - size, end, size) == 0;
}

/* Does a path have a segment like v1, v1beta or v4? */
static bool has_version(const char *path, size_t length)
{
    for (size_t i = 0; i + 2 < length; i++)
        if (path[i] == '/' && path[i + 1] == 'v' && path[i + 2] >= '0' && path[i + 2] <= '9')
            return true;
    return false;
}

/* The likely right base of an address that was asked for, "" where there is no better guess. */
static void guess(const char *url, char *out, size_t size)
{
    size_t length = strlen(url);
    out[0] = '\0';
    if (!ends_with(url, length, endpoint))
        return;
    length -= sizeof endpoint - 1;
    const char *host = strstr(url, "://");
    const char *path = host != NULL ? host + 3 + strcspn(host + 3, "/") : url;
    size_t path_length = length - (size_t)(path - url);
    static const char *const whole[] = {"/chat/completions", "/completions", "/responses", "/chat",
                                        "/embeddings",       "/models"};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        if (ends_with(url, length, whole[i])) {
            snprintf(out, size, "%.*s", (int)(length - strlen(whole[i])), url);
            return;
        }
    }
    if (!has_version(path, path_length))
        snprintf(out, size, "%.*s/v1", (int)length, url);
}

static void append(gen_chat_result *result, const char *text)
{
    char before[sizeof result->error];
    size_t room = sizeof result->error - 1 - strlen(text);
    gen_copy(before, strlen(result->error) > room ? room + 1 : sizeof before, result->error);
    gen_copy(result->error, sizeof result->error, before);
    size_t used = strlen(result->error);
    gen_copy(result->error + used, sizeof result->error - used, text);
}

/* What is not there is the address, unless the server says that it is the model. */
static bool is_about_model(const gen_chat_result *result, const gen_http_answer *answer)
{
    static const char code[] = "model_not_found";
    const char *body = answer->body.data != NULL ? answer->body.data : "";
    return strcasestr(result->error, "model") != NULL ||
           memmem(body, answer->body.length, code, sizeof code - 1) != NULL;
}

void gen_openai_advise(gen_chat_result *result, const gen_http_answer *answer, const char *url)
{
    char asked[SHOWN], base[SHOWN], text[3 * SHOWN];
    int status = answer->status;
    bool page =
        status == 200 && gen_openai_is_page(answer->body.data != NULL ? answer->body.data : "", answer->body.length);
    if (result->outcome != GEN_FAILED)
        return;
    gen_http_show(url, asked, sizeof asked);
    if (status >= 300 && status < 400) {
        bool known = answer->location[0] != '\0';
        gen_chat_result_fail(
            result, afmon_api_error_name(status),
            "Error code: %d - the server redirects %s%s%s, which is not followed; give the final address "
            "as --base-url",
            status, asked, known ? " to " : "", answer->location);
        result->lasting = GEN_LASTING;
    } else if (page || ((status == 404 || status == 405) && !is_about_model(result, answer))) {
        guess(asked, base, sizeof base);
        snprintf(text, sizeof text, "; asked for %s%s%s", asked,
                 base[0] != '\0' ? "; --base-url should probably be " : "", base);
        append(result, text);
    }
}
