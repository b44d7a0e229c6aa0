#include "items/calls.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "catalog/operations.h"
#include "model/names.h"

enum { NAMES = 4, TEXTS = NAMES + 2 };

void afmon_call_draft_init(struct afmon_call_draft *draft)
{
    *draft = (struct afmon_call_draft){0};
    afmon_buffer_init(&draft->error, SIZE_MAX);
    afmon_buffer_init(&draft->error_type, SIZE_MAX);
}

void afmon_call_draft_free(struct afmon_call_draft *draft)
{
    afmon_buffer_free(&draft->error);
    afmon_buffer_free(&draft->error_type);
}

/* ---- Texts ---- */

static void put_text(struct afmon_buffer *out, const struct afmon_piece *text)
{
    afmon_buffer_clear(out);
    if (text->given) {
        size_t length = afmon_json_cut(text->data, strnlen(text->data, text->length), AFMON_CALL_ERROR_MAX);
        afmon_buffer_add_utf8(out, text->data, length);
    }
}

/* As names are shown in a summary, so that they are found by it. */
static bool put_name(struct afmon_buffer *out, const struct afmon_piece *name)
{
    char *shown = name->given ? afmon_name_shown(name->data, name->length) : NULL;
    afmon_buffer_clear(out);
    if (shown != NULL)
        afmon_buffer_add_text(out, shown);
    free(shown);
    return !out->failed && (shown != NULL || !name->given);
}

/* The text behind the others in a call's memory. */
static const char *settle(char **at, const char *text, size_t length)
{
    char *to = *at;
    if (length > 0)
        memcpy(to, text, length);
    to[length] = '\0';
    *at += length + 1;
    return to;
}

/* ---- The call ---- */

static struct afmon_kept_call *new_call(const struct afmon_buffer *error, const struct afmon_buffer *error_type,
                                        const struct afmon_sample_facts *facts)
{
    const struct afmon_piece *const pieces[NAMES] = {&facts->operation, &facts->component, &facts->model_name,
                                                     &facts->evaluator_type};
    char *names[NAMES] = {0};
    size_t bytes = sizeof(struct afmon_kept_call) + error->length + error_type->length + TEXTS;
    bool ok = true;
    for (size_t i = 0; i < NAMES; i++) {
        names[i] = afmon_name_shown(pieces[i]->given ? pieces[i]->data : "", pieces[i]->given ? pieces[i]->length : 0);
        ok = ok && names[i] != NULL;
        bytes += names[i] != NULL ? strlen(names[i]) : 0;
    }
    struct afmon_kept_call *made = ok ? calloc(1, bytes) : NULL;
    if (made != NULL) {
        char *at = (char *)(made + 1);
        made->bytes = bytes;
        made->call.operation = settle(&at, names[0], strlen(names[0]));
        made->call.component = settle(&at, names[1], strlen(names[1]));
        made->call.model_name = settle(&at, names[2], strlen(names[2]));
        made->call.evaluator_type = settle(&at, names[3], strlen(names[3]));
        made->call.error = settle(&at, error->data, error->length);
        made->call.error_type = settle(&at, error_type->data, error_type->length);
    }
    for (size_t i = 0; i < NAMES; i++)
        free(names[i]);
    return made;
}

static uint32_t attempt_of(const struct afmon_sample_facts *facts)
{
    return facts->attempt > 0 && facts->attempt <= UINT32_MAX ? (uint32_t)facts->attempt : 1;
}

static int64_t before(int64_t end_ns, double seconds)
{
    int64_t began_ns;
    if (!(seconds > 0) || __builtin_sub_overflow(end_ns, afmon_seconds_to_ns(seconds), &began_ns))
        return end_ns;
    return began_ns;
}

static bool finish(const struct afmon_call_draft *draft, const struct afmon_item_sample *sample,
                   struct afmon_kept_call **call)
{
    const struct afmon_sample_facts *facts = sample->facts;
    struct afmon_kept_call *made = new_call(&draft->error, &draft->error_type, facts);
    *call = made;
    if (made == NULL)
        return false;
    made->time_ns = sample->time_ns;
    made->call.evaluation = facts->kind == AFMON_METRIC_EVALUATION_TIME;
    made->whole = !made->call.evaluation && facts->operation.given &&
                  afmon_item_kind_of(facts->operation.data, facts->operation.length) != NULL;
    made->call.status = draft->status;
    made->call.success = !draft->failed && !(made->call.evaluation && facts->unsuccessful);
    made->call.attempt = attempt_of(facts);
    made->call.duration_s = isfinite(sample->value) ? sample->value : NAN;
    made->call.started_ns = before(sample->time_ns, sample->value);
    made->call.prompt_tokens = draft->tokens[0];
    made->call.completion_tokens = draft->tokens[1];
    made->call.total_tokens = draft->tokens[2];
    made->call.cost_usd = draft->cost_usd;
    return true;
}

/* An attempt within a call, which failed and was tried again: a sample by itself. */
static bool make_retried(const struct afmon_item_sample *sample, struct afmon_kept_call **call)
{
    const struct afmon_sample_facts *facts = sample->facts;
    struct afmon_call_draft said;
    afmon_call_draft_init(&said);
    put_text(&said.error, &facts->error);
    bool ok = put_name(&said.error_type, &facts->error_type) && !said.error.failed;
    struct afmon_kept_call *made = ok ? new_call(&said.error, &said.error_type, facts) : NULL;
    afmon_call_draft_free(&said);
    *call = made;
    if (made == NULL)
        return false;
    made->time_ns = made->call.started_ns = sample->time_ns;
    made->call.retried = true;
    made->call.status = facts->has_status ? (int)facts->status : 0;
    made->call.attempt = attempt_of(facts);
    made->call.duration_s = NAN;
    made->call.prompt_tokens = made->call.completion_tokens = made->call.total_tokens = made->call.cost_usd = NAN;
    return true;
}

/* ---- Samples ---- */

/* The samples of a call have one time, and nothing of another call is between them. */
static void begin(struct afmon_call_draft *draft, const struct afmon_item_sample *sample)
{
    uint64_t id = afmon_model_item_id(sample);
    if (draft->begun && draft->id == id && draft->time_ns == sample->time_ns)
        return;
    draft->begun = true;
    draft->id = id;
    draft->time_ns = sample->time_ns;
    draft->failed = false;
    draft->status = 0;
    draft->tokens[0] = draft->tokens[1] = draft->tokens[2] = draft->cost_usd = NAN;
    afmon_buffer_clear(&draft->error);
    afmon_buffer_clear(&draft->error_type);
}

static bool note_error(struct afmon_call_draft *draft, const struct afmon_item_sample *sample)
{
    const struct afmon_sample_facts *facts = sample->facts;
    if (!(sample->value > 0))
        return true;
    draft->failed = true;
    draft->status = facts->has_status ? (int)facts->status : 0;
    put_text(&draft->error, &facts->error);
    return put_name(&draft->error_type, facts->error_type.given ? &facts->error_type : &facts->cause) &&
           !draft->error.failed;
}

static void note_number(double *number, double value)
{
    *number = isfinite(value) ? value : NAN;
}

bool afmon_call_draft_take(struct afmon_call_draft *draft, const struct afmon_item_sample *sample,
                           struct afmon_kept_call **call)
{
    bool ok = true;
    *call = NULL;
    if (sample->facts->kind == AFMON_METRIC_API_ERROR && sample->facts->retried)
        return make_retried(sample, call);
    begin(draft, sample);
    switch (sample->facts->kind) {
    case AFMON_METRIC_ERROR:
    case AFMON_METRIC_EVALUATION_ERROR:
        return note_error(draft, sample);
    case AFMON_METRIC_SUCCESS:
        draft->failed |= sample->value == 0;
        return true;
    case AFMON_METRIC_PROMPT:
        note_number(&draft->tokens[0], sample->value);
        return true;
    case AFMON_METRIC_COMPLETION:
        note_number(&draft->tokens[1], sample->value);
        return true;
    case AFMON_METRIC_TOTAL:
        note_number(&draft->tokens[2], sample->value);
        return true;
    case AFMON_METRIC_COST:
        note_number(&draft->cost_usd, sample->value);
        return true;
    case AFMON_METRIC_GENERATION_TIME:
    case AFMON_METRIC_EVALUATION_TIME:
        ok = finish(draft, sample, call);
        draft->begun = false;
        return ok;
    default:
        return true;
    }
}
