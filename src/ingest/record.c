#include "ingest/record.h"

#include <string.h>

#include "catalog/api_errors.h"
#include "catalog/fields.h"
#include "ingest/item.h"
#include "ingest/numbers.h"

static bool given(const char *text)
{
    return text != NULL;
}

/* Length of an optional text as it is stored. */
static size_t text_length(const char *text)
{
    return given(text) ? strlen(text) : AFMON_TEXT_ABSENT;
}

static size_t stored(size_t length)
{
    return length == AFMON_TEXT_ABSENT ? 0 : length;
}

/* A part's length, or so much where it is too long that a sum of parts is too long, too, and does not wrap. */
static size_t part(size_t length)
{
    return length > AFMON_RECORD_MAX ? SIZE_MAX / 16 : length;
}

/* Sets the draft's length from the sum of its parts'. */
static void settle(struct afmon_draft *draft, size_t sum)
{
    sum = (sum + sizeof(afmon_seal) + 7) & ~(size_t)7;
    draft->length = sum > AFMON_RECORD_MAX ? 0 : (uint32_t)sum;
}

static void draft_begin(struct afmon_draft *draft, enum afmon_record_kind kind, const afmon_field *fields, size_t count)
{
    draft->kind = (uint16_t)kind;
    draft->fields_length = count == 0 ? 0 : afmon_fields_packed_size(fields, count);
    draft->bad = draft->fields_length == SIZE_MAX || (count > 0 && fields == NULL);
    draft->samples = 0;
    draft->logs = 0;
    draft->item = NULL;
}

/* Behind the call's own fields. */
static void draft_item(struct afmon_draft *draft, const afmon_item *item)
{
    draft->item = item;
    if (item == NULL || draft->bad)
        return;
    draft->attempt = atomic_load_explicit(&item->attempt, memory_order_relaxed);
    draft->fields_length += afmon_item_packed_size(item, draft->attempt);
}

static void pack_fields(const struct afmon_draft *draft, unsigned char *at, const afmon_field *fields, size_t count)
{
    at = afmon_fields_pack(at, fields, count);
    if (draft->item != NULL)
        afmon_item_pack(at, draft->item, draft->attempt);
}

void afmon_draft_metric(struct afmon_draft *draft, const char *name, size_t name_length, double value,
                        const afmon_field *fields, size_t count)
{
    draft_begin(draft, AFMON_RECORD_METRIC, fields, count);
    draft->as.metric.name = name;
    draft->as.metric.name_length = name_length;
    draft->as.metric.value = value;
    draft->as.metric.fields = fields;
    draft->as.metric.count = count;
    draft->samples = 1;
    settle(draft, sizeof(struct afmon_record_metric) + part(name_length) + part(draft->fields_length));
}

void afmon_draft_log(struct afmon_draft *draft, afmon_level level, const char *message, size_t message_length,
                     const afmon_field *fields, size_t count)
{
    draft_begin(draft, AFMON_RECORD_LOG, fields, count);
    draft->as.log.level = level;
    draft->as.log.file_only = false;
    draft->as.log.message = message;
    draft->as.log.message_length = message_length;
    draft->as.log.fields = fields;
    draft->as.log.count = count;
    draft->logs = 1;
    settle(draft, sizeof(struct afmon_record_log) + part(message_length) + part(draft->fields_length));
}

/* The last text of a key; NULL: there is none. */
static const afmon_field *text_field(const afmon_field *fields, size_t count, const char *key)
{
    size_t key_length = strlen(key);
    for (size_t i = count; i > 0; i--) {
        const afmon_field *field = &fields[i - 1];
        size_t length = field->key_length > 0 ? field->key_length : strlen(field->key);
        if (field->type == AFMON_STRING && length == key_length && memcmp(field->key, key, length) == 0)
            return field;
    }
    return NULL;
}

static bool failed(const afmon_generation *call)
{
    return (!call->success && !call->success_unknown) || (given(call->error) && call->error[0] != '\0');
}

/* Whether a failed call came from the model's API (catalog/api_errors.h): it has one sample more. */
static bool is_of_api(const afmon_generation *call)
{
    struct afmon_failure failure = {.status = call->http_status, .error_type = call->error_type, .error = call->error};
    const afmon_field *type = text_field(call->fields, call->field_count, "error_type");
    const afmon_field *operation = text_field(call->fields, call->field_count, "operation");
    failure.error_length = given(call->error) ? strlen(call->error) : 0;
    failure.error_type_length = given(call->error_type) ? strlen(call->error_type) : 0;
    if (!given(call->error_type) && type != NULL) {
        failure.error_type = type->as.text.data;
        failure.error_type_length = type->as.text.length;
    }
    if (operation != NULL) {
        failure.operation = operation->as.text.data;
        failure.operation_length = operation->as.text.length;
    }
    return afmon_failure_is_of_api(&failure);
}

void afmon_draft_generation(struct afmon_draft *draft, const afmon_generation *call)
{
    draft_begin(draft, AFMON_RECORD_GENERATION, call->fields, call->field_count);
    draft_item(draft, call->item);
    draft->as.generation.call = call;
    struct afmon_call_numbers *numbers = &draft->as.generation.numbers;
    afmon_call_numbers_of(call, numbers);
    size_t *text = draft->as.generation.text;
    text[0] = text_length(call->model_name);
    text[1] = text_length(call->finish_reason);
    text[2] = text_length(call->error);
    text[3] = text_length(call->error_type);
    draft->logs = 1;
    draft->samples = 3u + (given(call->model_name) ? 1u : 0u) + (given(call->finish_reason) ? 1u : 0u) +
                     (call->prompt_token_count.given ? 1u : 0u) + (call->completion_token_count.given ? 1u : 0u) +
                     (call->total_token_count.given ? 1u : 0u) + (call->conversation_length.given ? 1u : 0u) +
                     numbers->count;
    if (failed(call) && !draft->bad && is_of_api(call))
        draft->samples++;
    settle(draft, sizeof(struct afmon_record_generation) + numbers->count * sizeof(double) + part(stored(text[0])) +
                      part(stored(text[1])) + part(stored(text[2])) + part(stored(text[3])) +
                      part(draft->fields_length));
}

/* Bytes of all scores; SIZE_MAX where one has no name. */
static size_t scores_length(const afmon_evaluation *call)
{
    size_t sum = 0;
    for (size_t i = 0; i < call->score_count; i++) {
        if (call->scores[i].name == NULL)
            return SIZE_MAX;
        size_t length = sizeof(struct afmon_record_score) + strlen(call->scores[i].name) +
                        stored(text_length(call->scores[i].feedback));
        if (length > AFMON_RECORD_MAX || sum > AFMON_RECORD_MAX)
            return AFMON_RECORD_MAX + (size_t)1;
        sum += length;
    }
    return sum;
}

void afmon_draft_evaluation(struct afmon_draft *draft, const afmon_evaluation *call)
{
    draft_begin(draft, AFMON_RECORD_EVALUATION, call->fields, call->field_count);
    draft_item(draft, call->item);
    draft->as.evaluation.call = call;
    size_t *text = draft->as.evaluation.text;
    text[0] = text_length(call->evaluator_type);
    text[1] = text_length(call->model_name);
    text[2] = text_length(call->error);
    text[3] = text_length(call->error_type);
    draft->as.evaluation.scores_length = call->score_count > 0 && call->scores == NULL ? SIZE_MAX : scores_length(call);
    draft->bad = draft->bad || draft->as.evaluation.scores_length == SIZE_MAX;
    draft->logs = 1;
    draft->samples = 2u + (uint32_t)call->score_count + (call->prompt_token_count.given ? 1u : 0u) +
                     (call->completion_token_count.given ? 1u : 0u) + (call->total_token_count.given ? 1u : 0u) +
                     (call->cost_usd.given ? 1u : 0u);
    settle(draft, sizeof(struct afmon_record_evaluation) + (call->cost_usd.given ? sizeof(double) : 0u) +
                      part(stored(text[0])) + part(stored(text[1])) + part(stored(text[2])) + part(stored(text[3])) +
                      part(draft->as.evaluation.scores_length) + part(draft->fields_length));
}

/* The last bytes of a record, from which on there may be room that nothing is put into, and the seal. */
#define ENDING (8 + sizeof(afmon_seal))

static unsigned char *put(unsigned char *at, const void *bytes, size_t length)
{
    if (length > 0)
        memcpy(at, bytes, length);
    return at + length;
}

static unsigned char *put_text(unsigned char *at, const char *text, size_t length)
{
    return length == AFMON_TEXT_ABSENT ? at : put(at, text, length);
}

/* A record lies at a multiple of 8, so that its fixed part is made where it will be: a copy would wait for the stores
 * that it copies. */
static struct afmon_record head_of(const struct afmon_draft *draft, int64_t boot_ns, unsigned flags)
{
    return (struct afmon_record){
        .length = draft->length, .kind = draft->kind, .flags = (uint16_t)flags, .boot_ns = boot_ns};
}

static void write_metric(const struct afmon_draft *draft, unsigned char *at, int64_t boot_ns)
{
    struct afmon_record_metric *record = (void *)at;
    *record = (struct afmon_record_metric){.head = head_of(draft, boot_ns, 0),
                                           .value = draft->as.metric.value,
                                           .name_length = (uint32_t)draft->as.metric.name_length,
                                           .fields_length = (uint32_t)draft->fields_length};
    at = put(at + sizeof *record, draft->as.metric.name, draft->as.metric.name_length);
    afmon_fields_pack(at, draft->as.metric.fields, draft->as.metric.count);
}

static void write_log(const struct afmon_draft *draft, unsigned char *at, int64_t boot_ns)
{
    unsigned flags = (unsigned)draft->as.log.level | (draft->as.log.file_only ? AFMON_LOG_FILE_ONLY : 0u);
    struct afmon_record_log *record = (void *)at;
    *record = (struct afmon_record_log){.head = head_of(draft, boot_ns, flags),
                                        .message_length = (uint32_t)draft->as.log.message_length,
                                        .fields_length = (uint32_t)draft->fields_length};
    at = put(at + sizeof *record, draft->as.log.message, draft->as.log.message_length);
    afmon_fields_pack(at, draft->as.log.fields, draft->as.log.count);
}

static unsigned success_flag(bool success, bool unknown)
{
    return unknown ? AFMON_TRACK_UNKNOWN : success ? AFMON_TRACK_SUCCESS : 0u;
}

static unsigned track_flags(unsigned success, afmon_number prompt, afmon_number completion, afmon_number total)
{
    return success | (prompt.given ? AFMON_TRACK_PROMPT : 0u) | (completion.given ? AFMON_TRACK_COMPLETION : 0u) |
           (total.given ? AFMON_TRACK_TOTAL : 0u);
}

static void write_generation(const struct afmon_draft *draft, unsigned char *at, int64_t boot_ns)
{
    const afmon_generation *call = draft->as.generation.call;
    const size_t *text = draft->as.generation.text;
    unsigned flags = track_flags(success_flag(call->success, call->success_unknown), call->prompt_token_count,
                                 call->completion_token_count, call->total_token_count) |
                     draft->as.generation.numbers.flags | (call->conversation_length.given ? AFMON_TRACK_LENGTH : 0u);
    struct afmon_record_generation *record = (void *)at;
    *record = (struct afmon_record_generation){.head = head_of(draft, boot_ns, flags),
                                               .duration_s = call->duration_s,
                                               .prompt_tokens = call->prompt_token_count.value,
                                               .completion_tokens = call->completion_token_count.value,
                                               .total_tokens = call->total_token_count.value,
                                               .conversation_length = call->conversation_length.value,
                                               .http_status = call->http_status,
                                               .model_length = (uint32_t)text[0],
                                               .finish_length = (uint32_t)text[1],
                                               .error_length = (uint32_t)text[2],
                                               .error_type_length = (uint32_t)text[3],
                                               .fields_length = (uint32_t)draft->fields_length};
    at = put(at + sizeof *record, draft->as.generation.numbers.values,
             draft->as.generation.numbers.count * sizeof(double));
    at = put_text(at, call->model_name, text[0]);
    at = put_text(at, call->finish_reason, text[1]);
    at = put_text(at, call->error, text[2]);
    at = put_text(at, call->error_type, text[3]);
    pack_fields(draft, at, call->fields, call->field_count);
}

static unsigned char *write_scores(unsigned char *at, const afmon_score *scores, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t feedback = text_length(scores[i].feedback);
        struct afmon_record_score score = {.value = scores[i].value,
                                           .name_length = (uint32_t)strlen(scores[i].name),
                                           .feedback_length = (uint32_t)feedback};
        at = put(at, &score, sizeof score);
        at = put(at, scores[i].name, score.name_length);
        at = put_text(at, scores[i].feedback, feedback);
    }
    return at;
}

static void write_evaluation(const struct afmon_draft *draft, unsigned char *at, int64_t boot_ns)
{
    const afmon_evaluation *call = draft->as.evaluation.call;
    const size_t *text = draft->as.evaluation.text;
    unsigned flags = track_flags(success_flag(call->success, call->success_unknown), call->prompt_token_count,
                                 call->completion_token_count, call->total_token_count) |
                     (call->cost_usd.given ? AFMON_TRACK_COST : 0u);
    struct afmon_record_evaluation *record = (void *)at;
    *record = (struct afmon_record_evaluation){.head = head_of(draft, boot_ns, flags),
                                               .duration_s = call->duration_s,
                                               .prompt_tokens = call->prompt_token_count.value,
                                               .completion_tokens = call->completion_token_count.value,
                                               .total_tokens = call->total_token_count.value,
                                               .evaluator_length = (uint32_t)text[0],
                                               .model_length = (uint32_t)text[1],
                                               .error_length = (uint32_t)text[2],
                                               .error_type_length = (uint32_t)text[3],
                                               .scores_length = (uint32_t)draft->as.evaluation.scores_length,
                                               .score_count = (uint32_t)call->score_count,
                                               .fields_length = (uint32_t)draft->fields_length};
    at = put(at + sizeof *record, &call->cost_usd.value, call->cost_usd.given ? sizeof(double) : 0);
    at = put_text(at, call->evaluator_type, text[0]);
    at = put_text(at, call->model_name, text[1]);
    at = put_text(at, call->error, text[2]);
    at = put_text(at, call->error_type, text[3]);
    at = write_scores(at, call->scores, call->score_count);
    pack_fields(draft, at, call->fields, call->field_count);
}

void afmon_draft_write(const struct afmon_draft *draft, unsigned char *at, int64_t boot_ns)
{
    const afmon_seal seal = afmon_seal_of(boot_ns);
    unsigned char *end = at + draft->length;
    /* First: what the rest does not write over is zero, and not what an older record left there. Stores of a length
     * that the compiler knows; the rest overlaps them. */
    memset(end - ENDING, 0, ENDING - sizeof seal);
    memcpy(end - sizeof seal, &seal, sizeof seal);
    switch (draft->kind) {
    case AFMON_RECORD_METRIC:
        write_metric(draft, at, boot_ns);
        break;
    case AFMON_RECORD_LOG:
        write_log(draft, at, boot_ns);
        break;
    case AFMON_RECORD_GENERATION:
        write_generation(draft, at, boot_ns);
        break;
    case AFMON_RECORD_EVALUATION:
        write_evaluation(draft, at, boot_ns);
        break;
    default:
        break;
    }
}

static bool texts_fit(uint64_t fixed, const uint32_t *lengths, size_t count, uint64_t length)
{
    uint64_t sum = fixed;
    for (size_t i = 0; i < count; i++)
        sum += lengths[i] == AFMON_TEXT_ABSENT ? 0 : lengths[i];
    return sum <= length && length - sum < ENDING;
}

static bool metric_fits(const unsigned char *at, uint32_t length)
{
    struct afmon_record_metric record;
    memcpy(&record, at, sizeof record);
    return texts_fit(sizeof record, (uint32_t[]){record.name_length, record.fields_length}, 2, length) &&
           record.name_length != AFMON_TEXT_ABSENT && record.fields_length != AFMON_TEXT_ABSENT;
}

static bool log_fits(const unsigned char *at, uint32_t length)
{
    struct afmon_record_log record;
    memcpy(&record, at, sizeof record);
    return texts_fit(sizeof record, (uint32_t[]){record.message_length, record.fields_length}, 2, length) &&
           record.message_length != AFMON_TEXT_ABSENT && record.fields_length != AFMON_TEXT_ABSENT &&
           (record.head.flags & ~AFMON_LOG_FILE_ONLY) <= AFMON_ERROR;
}

static bool generation_fits(const unsigned char *at, uint32_t length)
{
    struct afmon_record_generation record;
    memcpy(&record, at, sizeof record);
    return texts_fit(sizeof record + afmon_call_numbers_count(record.head.flags) * sizeof(double),
                     (uint32_t[]){record.model_length, record.finish_length, record.error_length,
                                  record.error_type_length, record.fields_length},
                     5, length) &&
           record.fields_length != AFMON_TEXT_ABSENT;
}

static bool evaluation_fits(const unsigned char *at, uint32_t length)
{
    struct afmon_record_evaluation record;
    memcpy(&record, at, sizeof record);
    return texts_fit(sizeof record + ((record.head.flags & AFMON_TRACK_COST) != 0 ? sizeof(double) : 0),
                     (uint32_t[]){record.evaluator_length, record.model_length, record.error_length,
                                  record.error_type_length, record.scores_length, record.fields_length},
                     6, length) &&
           record.scores_length != AFMON_TEXT_ABSENT && record.fields_length != AFMON_TEXT_ABSENT;
}

bool afmon_record_check(const unsigned char *at, uint64_t available)
{
    struct afmon_record head;
    if (available < 8)
        return false;
    memcpy(&head, at, 8);                 /* a pad may be 8 bytes long: length and kind */
    if (head.kind == AFMON_RECORD_SAMPLE) /* most records */
        return head.length == sizeof(struct afmon_record_sample) && head.length <= available;
    if (head.length < 8 || head.length % 8 != 0 || head.length > available)
        return false;
    if (head.kind == AFMON_RECORD_PAD)
        return true;
    if (head.length > AFMON_RECORD_MAX)
        return false;
    switch (head.kind) {
    case AFMON_RECORD_METRIC:
        return head.length >= sizeof(struct afmon_record_metric) && metric_fits(at, head.length);
    case AFMON_RECORD_LOG:
        return head.length >= sizeof(struct afmon_record_log) && log_fits(at, head.length);
    case AFMON_RECORD_GENERATION:
        return head.length >= sizeof(struct afmon_record_generation) && generation_fits(at, head.length);
    case AFMON_RECORD_EVALUATION:
        return head.length >= sizeof(struct afmon_record_evaluation) && evaluation_fits(at, head.length);
    default:
        return false;
    }
}

bool afmon_record_is_torn(const unsigned char *at)
{
    struct afmon_record head;
    afmon_seal seal;
    memcpy(&head, at, 8);
    if (head.kind == AFMON_RECORD_PAD)
        return false;
    memcpy(&head, at, sizeof head);
    memcpy(&seal, at + head.length - sizeof seal, sizeof seal);
    return seal != afmon_seal_of(head.boot_ns);
}
