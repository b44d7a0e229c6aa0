/* An item as JSON. docs/formats.md describes the members. */
#include <math.h>
#include <string.h>

#include "base/json_write.h"
#include "base/number.h"
#include "items/found.h"

#define JSON_MAX ((size_t)512 << 20)

static void write_or_null(struct afmon_json *json, const char *key, const char *text)
{
    afmon_json_string(json, key, text[0] != '\0' ? text : NULL);
}

static void write_tokens(struct afmon_json *json, const char *key, double tokens)
{
    if (tokens >= 0 && tokens < 0x1p53 && trunc(tokens) == tokens)
        afmon_json_count(json, key, (uint64_t)tokens);
    else
        afmon_json_number(json, key, tokens);
}

static void write_call(struct afmon_json *json, const afmon_item_call *call)
{
    afmon_json_open(json, NULL, '{');
    write_or_null(json, "operation", call->operation);
    write_or_null(json, "component", call->component);
    write_or_null(json, "model_name", call->model_name);
    afmon_json_bool(json, "evaluation", call->evaluation);
    write_or_null(json, "evaluator_type", call->evaluator_type);
    afmon_json_timestamp(json, "started", call->started_ns);
    afmon_json_number(json, "seconds", call->duration_s);
    afmon_json_count(json, "attempt", call->attempt);
    afmon_json_bool(json, "success", call->success && !call->retried);
    afmon_json_bool(json, "retried", call->retried);
    write_or_null(json, "error_type", call->error_type);
    afmon_json_status(json, "status", call->status);
    write_or_null(json, "error", call->error);
    write_tokens(json, "prompt_tokens", call->prompt_tokens);
    write_tokens(json, "completion_tokens", call->completion_tokens);
    write_tokens(json, "total_tokens", call->total_tokens);
    afmon_json_number(json, "cost_usd", call->cost_usd);
    afmon_json_close(json, '}');
}

static void write_id(struct afmon_json *json, const afmon_found_item *item)
{
    int64_t number;
    if (item->id_is_number && afmon_parse_int(item->id, strlen(item->id), &number))
        afmon_json_int(json, "id", number);
    else
        afmon_json_string(json, "id", item->id);
}

static void write_item(struct afmon_json *json, const afmon_found_item *item)
{
    afmon_json_open(json, NULL, '{');
    afmon_json_string(json, "kind", item->kind);
    write_id(json, item);
    afmon_json_string(json, "outcome", afmon_item_state_name(item->state));
    write_or_null(json, "reason", item->state == AFMON_ITEM_REJECTED ? item->why : "");
    write_or_null(json, "error_type", item->state == AFMON_ITEM_FAILED ? item->why : "");
    afmon_json_count(json, "attempts", item->attempts);
    afmon_json_timestamp(json, "started", item->started_ns);
    afmon_json_timestamp_given(json, "ended", item->ended_ns, item->ended_ns != INT64_MIN);
    afmon_json_number(json, "seconds", item->duration_s);
    afmon_json_open(json, "calls", '[');
    for (size_t i = 0; i < item->call_count; i++)
        write_call(json, &item->calls[i]);
    afmon_json_close(json, ']');
    afmon_json_count(json, "calls_left_out", item->calls_left_out);
    if (item->text != NULL) {
        afmon_buffer_add_text(json->out, ",\"text\":");
        afmon_buffer_add(json->out, item->text, item->text_length);
    }
    afmon_json_close(json, '}');
}

afmon_status afmon_found_item_write_json(const afmon_found_item *item, afmon_write_fn write, void *user)
{
    struct afmon_buffer text;
    if (item == NULL || write == NULL)
        return AFMON_E_ARGUMENT;
    afmon_buffer_init(&text, JSON_MAX);
    struct afmon_json json = {.out = &text};
    write_item(&json, item);
    return afmon_json_give(&text, write, user);
}

const char *afmon_item_state_name(afmon_item_state state)
{
    switch (state) {
#define AFMON_ITEM_STATE_CASE(number, name, text)                                                                      \
    case AFMON_ITEM_##name:                                                                                            \
        return text;
        AFMON_ITEM_STATE_MAP(AFMON_ITEM_STATE_CASE)
#undef AFMON_ITEM_STATE_CASE
    }
    return "";
}
