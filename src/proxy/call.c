#include "proxy/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api_error.h"
#include "proxy/facts.h"

enum { SECRET_MIN = 8, RETRY_MAX = 1000 };

/* Tokens that come within less have come at once: how fast they were made does not show. */
#define STREAM_MIN_S 0.001

/* ---- Its request ------------------------------------------------------------------------------------------------- */

static void copy_field(char *out, size_t size, const struct afmon_proxy_head *head, const char *name)
{
    const struct afmon_proxy_field *field = afmon_proxy_head_find(head, name);
    if (field != NULL && field->value.length > 0 && field->value.length < size)
        snprintf(out, size, "%.*s", (int)field->value.length, field->value.text);
}

/* Copies what stands behind "Bearer ", or all of it, where it is long enough to be one. false: no memory. */
static bool copy_secret(char **out, const struct afmon_proxy_piece *value)
{
    const char *space = memchr(value->text, ' ', value->length);
    const char *begin = space != NULL ? space + 1 : value->text;
    size_t length = value->length - (size_t)(begin - value->text);
    *out = length >= SECRET_MIN ? strndup(begin, length) : NULL;
    return length < SECRET_MIN || *out != NULL;
}

/* Google takes keys in the query, too: "?key=". Empty: there is none. */
static struct afmon_proxy_piece key_of(const struct afmon_proxy_piece *target)
{
    static const char name[] = "key=";
    size_t length = sizeof name - 1, end = target->length;
    for (size_t i = 1; i + length <= end; i++) {
        if ((target->text[i - 1] != '?' && target->text[i - 1] != '&') || memcmp(target->text + i, name, length) != 0)
            continue;
        const char *and = memchr(target->text + i, '&', end - i);
        size_t stop = and != NULL ? (size_t)(and-target->text) : end;
        return (struct afmon_proxy_piece){target->text + i + length, stop - i - length};
    }
    return (struct afmon_proxy_piece){"", 0};
}

/* false: no memory; texts could not be kept free of them. */
static bool keep_secrets(struct afmon_proxy_call *call, const struct afmon_proxy_head *head)
{
    static const char *const names[] = {"authorization", "x-api-key", "api-key", "x-goog-api-key"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct afmon_proxy_field *field = afmon_proxy_head_find(head, names[i]);
        if (field != NULL && !copy_secret(&call->secrets[i], &field->value))
            return false;
    }
    const struct afmon_proxy_piece key = key_of(&head->target);
    return copy_secret(&call->secrets[sizeof names / sizeof names[0]], &key);
}

static int retry_count(const struct afmon_proxy_head *head)
{
    char text[8] = "";
    char *end = text;
    copy_field(text, sizeof text, head, "x-stainless-retry-count");
    long count = strtol(text, &end, 10);
    return text[0] != '\0' && *end == '\0' && count >= 0 && count <= RETRY_MAX ? (int)count : -1;
}

struct afmon_proxy_call *afmon_proxy_call_new(const struct afmon_proxy_request *request)
{
    struct afmon_proxy_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return NULL;
    call->api = request->api;
    call->connection = request->connection;
    call->begin_ns = request->ns;
    call->retry = retry_count(request->head);
    call->readable =
        request->api->shape != AFMON_PROXY_UNKNOWN && afmon_proxy_head_find(request->head, "content-encoding") == NULL;
    snprintf(call->operation, sizeof call->operation, "%s", request->api->operation);
    copy_field(call->operation, sizeof call->operation, request->head, "x-afmon-operation");
    copy_field(call->item, sizeof call->item, request->head, "x-afmon-item");
    if (call->api->shape == AFMON_PROXY_GEMINI)
        afmon_proxy_api_model(call->model, sizeof call->model, request->head->target.text,
                              request->head->target.length);
    XXH64_reset(&call->digest, 0);
    XXH64_update(&call->digest, request->head->target.text, request->head->target.length);
    afmon_proxy_reduced_init(&call->asked);
    afmon_proxy_answer_init(&call->answer);
    call->answer.shape = request->api->shape;
    call->last = afmon_proxy_note_of_end(call);
    if (call->last != NULL && keep_secrets(call, request->head))
        return call;
    afmon_proxy_call_free(call);
    return NULL;
}

void afmon_proxy_call_free(struct afmon_proxy_call *call)
{
    for (size_t i = 0; i < AFMON_PROXY_SECRETS_MAX; i++) {
        if (call->secrets[i] != NULL)
            explicit_bzero(call->secrets[i], strlen(call->secrets[i]));
        free(call->secrets[i]);
    }
    afmon_proxy_reduced_free(&call->asked);
    afmon_proxy_answer_free(&call->answer);
    free(call->last);
    free(call);
}

/* ---- What became of it ------------------------------------------------------------------------------------------- */

void afmon_proxy_call_redact(const struct afmon_proxy_call *call, char *text)
{
    for (size_t i = 0; i < AFMON_PROXY_SECRETS_MAX; i++)
        for (char *at = call->secrets[i] != NULL ? strstr(text, call->secrets[i]) : NULL; at != NULL;
             at = strstr(at, call->secrets[i])) {
            size_t length = strlen(call->secrets[i]);
            memcpy(at, "[key]", 5);
            memmove(at + 5, at + length, strlen(at + length) + 1);
        }
}

/* Did a stream come whole? A connection that ends in order does not tell: only what the stream says of its own does. */
static bool is_cut(const struct afmon_proxy_answer *answer, enum afmon_proxy_end how)
{
    if (how == AFMON_PROXY_CUT || !answer->streamed || answer->unread || answer->shape == AFMON_PROXY_UNKNOWN)
        return how == AFMON_PROXY_CUT;
    bool told_at_end = answer->finished && answer->shape != AFMON_PROXY_MESSAGES &&
                       (answer->has_usage || answer->shape == AFMON_PROXY_GEMINI); /* it has no other sign */
    return !answer->ended && !told_at_end; /* some tell usage from the first event on */
}

/* Who has read the last event of a stream may go. */
static bool is_over(const struct afmon_proxy_answer *answer)
{
    return answer->streamed && answer->ended;
}

struct verdict {
    bool success;
    const char *type; /* of the error */
    const char *text;
};

static struct verdict judge(const struct afmon_proxy_call *call)
{
    const struct afmon_proxy_answer *answer = &call->answer;
    bool over = is_over(answer);
    if (call->how == AFMON_PROXY_UNREACHED)
        return (struct verdict){false, "APIConnectionError", call->why};
    if (call->how == AFMON_PROXY_STOPPED && !over)
        return (struct verdict){false, "ProxyStopped", "The proxy was stopped within the call."};
    if (call->how == AFMON_PROXY_CLIENT_GONE && !over)
        return (struct verdict){
            false, "ClientDisconnected",
            call->why[0] != '\0' ? call->why : "The client ended the connection before the answer had come whole."};
    if (call->status >= 400)
        return (struct verdict){false, afmon_api_error_name(call->status), answer->error};
    if (answer->failed && call->api->shape != AFMON_PROXY_UNKNOWN)
        return (struct verdict){false, answer->error_type[0] != '\0' ? answer->error_type : "APIError", answer->error};
    if (is_cut(answer, call->how) && !over)
        return (struct verdict){false, "cut", "The answer was cut: it ended before its end was told."};
    return (struct verdict){.success = true};
}

static double seconds(int64_t from_ns, int64_t to_ns)
{
    return (double)(to_ns - from_ns) / 1e9;
}

static void fill_times(const struct afmon_proxy_call *call, afmon_generation *generation)
{
    const struct afmon_proxy_answer *answer = &call->answer;
    if (answer->first_ns == 0)
        return;
    generation->time_to_first_token = AFMON_GIVEN(seconds(call->begin_ns, answer->first_ns));
    double after = seconds(answer->first_ns, answer->last_ns);
    if (answer->usage.completion.given && answer->usage.completion.value > 1 && after >= STREAM_MIN_S)
        generation->output_tokens_per_second = AFMON_GIVEN((answer->usage.completion.value - 1) / after);
}

static void track(struct afmon_proxy_call *call, const struct verdict *verdict, int64_t end_ns, uint32_t attempt,
                  afmon_monitor *monitor)
{
    const struct afmon_proxy_answer *answer = &call->answer;
    const char *model = answer->model[0] != '\0' ? answer->model : call->model;
    char error[AFMON_PROXY_ERROR_MAX + 64] = "";
    afmon_field fields[4] = {afmon_string("operation", call->operation), afmon_bool("streamed", answer->streamed)};
    size_t count = 2;
    if (call->item[0] != '\0')
        fields[count++] = afmon_string("item_id", call->item);
    else if (call->made != NULL)
        fields[count++] = afmon_item_field(call->made);
    if (attempt > 1)
        fields[count++] = afmon_int("attempt", (int64_t)attempt);
    if (!verdict->success && call->status >= 400)
        snprintf(error, sizeof error, "Error code: %d - %s", call->status, verdict->text);
    else if (!verdict->success)
        snprintf(error, sizeof error, "%s", verdict->text[0] != '\0' ? verdict->text : verdict->type);
    afmon_generation generation = {
        .duration_s = seconds(call->begin_ns, end_ns),
        .success = verdict->success,
        .model_name = model[0] != '\0' ? model : NULL,
        .finish_reason = answer->finish[0] != '\0' ? answer->finish : NULL,
        .error = verdict->success ? NULL : error,
        .error_type = verdict->type,
        .http_status = call->status >= 400 ? call->status : 0,
        .prompt_token_count = answer->usage.prompt,
        .completion_token_count = answer->usage.completion,
        .total_token_count = afmon_usage_total(&answer->usage),
        .cached_token_count = answer->usage.cached,
        .reasoning_token_count = answer->usage.reasoning,
        .cache_write_token_count = answer->usage.cache_write,
        .cost_usd = answer->usage.cost_usd,
        .settled = call->reserved,
        .fields = fields,
        .field_count = count,
    };
    fill_times(call, &generation);
    (void)afmon_track_generation(monitor, &generation); /* what is not recorded is counted by the monitor */
}

/* Where the time of a call went besides the server. */
static void record_waits(const struct afmon_proxy_call *call, int64_t since_ns, afmon_monitor *monitor)
{
    const afmon_field field = afmon_string("operation", call->operation);
    if (call->sent_ns != 0)
        (void)afmon_record_metric(monitor, "proxy_queue_time", seconds(call->begin_ns, call->sent_ns), &field, 1);
    if (since_ns != 0 && since_ns < call->begin_ns)
        (void)afmon_record_metric(monitor, "proxy_backoff_time", seconds(since_ns, call->begin_ns), &field, 1);
}

static void record_other(const struct afmon_proxy_call *call, int64_t end_ns, afmon_monitor *monitor)
{
    const afmon_field field = afmon_int("http_status", call->status);
    (void)afmon_record_metric(monitor, "proxy_other_time", seconds(call->begin_ns, end_ns), &field, 1);
}

/* Puts what the call cost in the place of what was reserved. Usage counts where it is that of the end: some servers
 * tell it from the first event on. */
static void settle(struct afmon_proxy_call *call, afmon_monitor *monitor)
{
    struct afmon_proxy_answer *answer = &call->answer;
    afmon_usage usage = answer->usage;
    bool whole = call->how == AFMON_PROXY_WHOLE || is_over(answer);
    if (call->api->shape == AFMON_PROXY_EMBEDDINGS && !usage.completion.given)
        usage.completion = AFMON_GIVEN(0.0);
    if (answer->has_usage && whole && !answer->unread && !is_cut(answer, call->how))
        afmon_settle(monitor, &call->reservation, answer->model[0] != '\0' ? answer->model : NULL, call->model, &usage);
    else if (call->sent_ns == 0 || (call->status >= 300 && !afmon_api_error_is_charged(call->status)))
        afmon_settle_unused(monitor, &call->reservation);
    else
        afmon_settle_unknown(monitor, &call->reservation);
}

const char *afmon_proxy_call_record(struct afmon_proxy_call *call, int64_t end_ns, afmon_monitor *monitor,
                                    struct afmon_proxy_attempts *attempts, afmon_proxy_counts *counts)
{
    int64_t since_ns;
    struct afmon_proxy_answer *answer = &call->answer;
    if (call->how == AFMON_PROXY_NOT_LET)
        return NULL;
    answer->unread = answer->unread || call->missed;
    if (call->how == AFMON_PROXY_WHOLE || answer->streamed)
        afmon_proxy_answer_finish(answer);
    if (answer->unread && answer->shape != AFMON_PROXY_UNKNOWN)
        counts->unread++;
    if (call->api->shape == AFMON_PROXY_UNKNOWN) {
        counts->other++;
        record_other(call, end_ns, monitor);
        return NULL;
    }
    json_t *asked = call->readable ? afmon_proxy_reduced_take(&call->asked) : NULL;
    afmon_proxy_facts_text(call->model, sizeof call->model, asked, "model");
    json_decref(asked);
    afmon_proxy_call_redact(call, answer->error);
    afmon_proxy_call_redact(call, answer->model);
    struct verdict verdict = judge(call);
    if (call->reserved)
        settle(call, monitor);
    uint32_t attempt = afmon_proxy_attempts_take(attempts, call->connection, XXH64_digest(&call->digest), call->retry,
                                                 !verdict.success, end_ns, &since_ns);
    counts->requests++;
    counts->operations += attempt == 1;
    counts->failed += !verdict.success;
    track(call, &verdict, end_ns, attempt, monitor);
    record_waits(call, since_ns, monitor);
    if (since_ns != 0 && since_ns < call->begin_ns)
        counts->times.backoff_s += seconds(since_ns, call->begin_ns);
    return verdict.type;
}
