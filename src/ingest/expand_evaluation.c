/* A tracked evaluation: section 2 of the contract. */
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "catalog/api_errors.h"
#include "catalog/fields.h"
#include "catalog/metrics.h"
#include "ingest/expand_internal.h"

struct evaluation {
    struct afmon_record_evaluation record;
    struct afmon_text evaluator;
    struct afmon_text model;
    struct afmon_text error;
    struct afmon_text error_type;
    const unsigned char *scores;
    double tokens[3];
    double cost_usd;
    bool priced;
};

struct score {
    double value;
    struct afmon_text name;
    struct afmon_text feedback;
};

static bool parse(struct evaluation *call, struct afmon_expansion *expansion, const unsigned char *at)
{
    memcpy(&call->record, at, sizeof call->record);
    at += sizeof call->record;
    call->priced = (call->record.head.flags & AFMON_TRACK_COST) != 0;
    if (call->priced) {
        memcpy(&call->cost_usd, at, sizeof call->cost_usd);
        at += sizeof call->cost_usd;
    }
    call->evaluator = afmon_text_take(&at, call->record.evaluator_length);
    call->model = afmon_text_take(&at, call->record.model_length);
    call->error = afmon_text_take(&at, call->record.error_length);
    call->error_type = afmon_text_take(&at, call->record.error_type_length);
    call->scores = at;
    call->tokens[0] = call->record.prompt_tokens;
    call->tokens[1] = call->record.completion_tokens;
    call->tokens[2] = call->record.total_tokens;
    return afmon_expand_fields(expansion, at + call->record.scores_length, call->record.fields_length);
}

/* The next score; false at the end, or where a damaged length leads out of the scores. */
static bool next_score(const unsigned char **at, const unsigned char *end, struct score *score)
{
    struct afmon_record_score head;
    if ((size_t)(end - *at) < sizeof head)
        return false;
    memcpy(&head, *at, sizeof head);
    uint64_t feedback = head.feedback_length == AFMON_TEXT_ABSENT ? 0 : head.feedback_length;
    if (head.name_length == AFMON_TEXT_ABSENT || sizeof head + head.name_length + feedback > (uint64_t)(end - *at))
        return false;
    *at += sizeof head;
    score->value = head.value;
    score->name = afmon_text_take(at, head.name_length);
    score->feedback = afmon_text_take(at, head.feedback_length);
    return true;
}

static bool emit_time(struct afmon_expansion *expansion, const struct evaluation *call)
{
    struct afmon_buffer *packed = afmon_packed_begin(expansion);
    afmon_pack_text(packed, "evaluator_type", call->evaluator);
    afmon_pack_one(packed, afmon_success_field(call->record.head.flags));
    return afmon_packed_end(expansion) &&
           afmon_emit(expansion, "evaluation_time", call->record.duration_s, packed->data, packed->length);
}

static bool emit_score(struct afmon_expansion *expansion, const struct evaluation *call, const struct score *score)
{
    struct afmon_buffer *packed = afmon_packed_begin(expansion);
    afmon_pack_text(packed, "evaluator_type", call->evaluator);
    afmon_pack_text(packed, "feedback", score->feedback);
    return afmon_packed_end(expansion) &&
           afmon_emit_named(expansion, "evaluation_score_", score->name, score->value, packed->data, packed->length);
}

static bool emit_error_rate(struct afmon_expansion *expansion, const struct evaluation *call)
{
    bool has_error = call->error.length > 0;
    struct afmon_buffer *packed = afmon_packed_begin(expansion);
    afmon_pack_text(packed, "evaluator_type", call->evaluator);
    if (has_error)
        afmon_pack_text(packed, "error", call->error);
    afmon_pack_text(packed, "error_type", call->error_type);
    const struct afmon_failure failure = {.error = call->error.data, .error_length = call->error.length};
    int status = afmon_failure_status(&failure);
    if (status != 0)
        afmon_pack_one(packed, afmon_int("status", status));
    return afmon_packed_end(expansion) &&
           afmon_emit(expansion, "evaluation_error_rate", has_error ? 1.0 : 0.0, packed->data, packed->length);
}

static bool emit_samples(struct afmon_expansion *expansion, const struct evaluation *call)
{
    if (!afmon_expand_common(expansion, call->model) || !emit_time(expansion, call))
        return false;
    const unsigned char *at = call->scores;
    const unsigned char *end = at + call->record.scores_length;
    struct score score;
    while (next_score(&at, end, &score))
        if (!emit_score(expansion, call, &score))
            return false;
    const struct afmon_buffer *common = &expansion->expander->common;
    return emit_error_rate(expansion, call) && afmon_emit_tokens(expansion, call->record.head.flags, call->tokens) &&
           (!call->priced ||
            afmon_emit(expansion, afmon_metric_name(AFMON_METRIC_COST), call->cost_usd, common->data, common->length));
}

static void add_number(struct afmon_buffer *text, double value)
{
    char number[AFMON_NUMBER_SIZE];
    afmon_buffer_add(text, number, afmon_format_double(number, value));
}

/* {"coherence": 0.9, "factuality": {"score": 0.7, "feedback": "..."}} */
static void add_scores(struct afmon_expansion *expansion, const struct evaluation *call)
{
    struct afmon_buffer *text = &expansion->expander->text;
    const unsigned char *at = call->scores;
    const unsigned char *end = at + call->record.scores_length;
    struct score score;
    afmon_buffer_clear(text);
    afmon_buffer_add_char(text, '{');
    while (next_score(&at, end, &score)) {
        if (text->length > 1)
            afmon_buffer_add_text(text, ", ");
        afmon_buffer_add_json_string(text, score.name.data, score.name.length);
        afmon_buffer_add_text(text, score.feedback.data != NULL ? ": {\"score\": " : ": ");
        add_number(text, score.value);
        if (score.feedback.data != NULL) {
            afmon_buffer_add_text(text, ", \"feedback\": ");
            afmon_buffer_add_json_string(text, score.feedback.data, score.feedback.length);
            afmon_buffer_add_char(text, '}');
        }
    }
    afmon_buffer_add_char(text, '}');
    afmon_field field = {.key = "scores", .key_length = 6, .type = AFMON_JSON};
    field.as.text.data = text->data;
    field.as.text.length = text->length;
    if (text->failed)
        expansion->expander->data.failed = true;
    else
        afmon_pack_one(&expansion->expander->data, field);
}

bool afmon_expand_evaluation(struct afmon_expansion *expansion, const unsigned char *record)
{
    struct evaluation call;
    if (!parse(&call, expansion, record) || !emit_samples(expansion, &call))
        return false;
    struct afmon_buffer *data = &expansion->expander->data;
    afmon_data_begin(expansion, call.record.duration_s, call.record.head.flags);
    afmon_pack_text(data, "evaluator_type", call.evaluator);
    add_scores(expansion, &call);
    afmon_data_tokens(expansion, call.record.head.flags, call.tokens);
    if (call.priced)
        afmon_pack_one(data, afmon_double(afmon_metric_name(AFMON_METRIC_COST), call.cost_usd));
    afmon_pack_text(data, "model_name", call.model);
    afmon_pack_text(data, "error", call.error);
    afmon_pack_text(data, "error_type", call.error_type);
    return afmon_data_emit(expansion, "Evaluation metrics");
}
