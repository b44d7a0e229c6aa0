#include "track.h"

/* What cannot be recorded is counted by the monitor, and the summary shows it; a generation does not end for it. */

static const char *text_or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

void gen_track_call(afmon_monitor *monitor, const gen_call *call, const gen_chat_result *result)
{
    afmon_field fields[GEN_CALL_FIELDS + 2] = {afmon_string("operation", call->operation)};
    size_t count = 1;
    for (size_t i = 0; i < call->field_count && i < GEN_CALL_FIELDS; i++)
        fields[count++] = call->fields[i];
    if (result->retries > 0)
        fields[count++] = afmon_int("retries", result->retries);
    if (result->outcome == GEN_STOPPED) {
        afmon_log_info(monitor, "A call was given up because the run was stopped", fields, 1);
        return;
    }
    afmon_generation generation = {
        .duration_s = result->duration_s,
        .success = result->outcome == GEN_DONE,
        .model_name = text_or_null(result->model_name),
        .finish_reason = text_or_null(result->finish_reason),
        .error = text_or_null(result->error),
        .error_type = text_or_null(result->error_type),
        .http_status = result->http_status,
        .prompt_token_count = result->usage.prompt,
        .completion_token_count = result->usage.completion,
        .total_token_count = result->usage.total,
        .cached_token_count = result->usage.cached,
        .reasoning_token_count = result->usage.reasoning,
        .cache_write_token_count = result->usage.cache_write,
        .cost_usd = result->usage.cost_usd,
        .fields = fields,
        .field_count = count,
        .item = call->item,
        .settled = call->budget != NULL,
    };
    afmon_track_generation(monitor, &generation);
}

void gen_track_retry(void *user, const gen_call *call, const gen_chat_result *failed)
{
    afmon_field fields[6] = {afmon_string("operation", call->operation), afmon_string("error_type", failed->error_type),
                             afmon_bool("retried", true)};
    size_t count = 3;
    if (failed->http_status != 0)
        fields[count++] = afmon_int("status", failed->http_status);
    if (failed->model_name[0] != '\0')
        fields[count++] = afmon_string("model_name", failed->model_name);
    if (call->item != NULL)
        fields[count++] = afmon_item_field(call->item);
    afmon_record_metric(user, "api_errors", 1.0, fields, count);
}

void gen_track_conversation(afmon_monitor *monitor, const gen_conversation *c)
{
    bool success = c->outcome == GEN_DONE;
    afmon_field fields[4] = {afmon_string("operation", GEN_OPERATION_CONVERSATION),
                             afmon_int("planned_turns", c->planned_turns),
                             afmon_int(success ? "actual_turns" : "completed_turns", c->turns)};
    size_t count = 3;
    /* Not as error_type, which counts in api_errors: the call that met the error was counted. */
    if (!success)
        fields[count++] = afmon_string("cause", c->error_type);
    if (c->outcome == GEN_STOPPED) {
        afmon_log_info(monitor, "A conversation was left unfinished because the run was stopped", fields, 3);
        return;
    }
    afmon_track_generation(monitor, &(afmon_generation){
                                        .duration_s = c->duration_s,
                                        .success = success,
                                        .error = success ? NULL : c->error,
                                        .conversation_length = success ? AFMON_GIVEN(c->turns) : (afmon_number){0},
                                        .fields = fields,
                                        .field_count = count,
                                        .item = c->item,
                                    });
}
