/* Token usage of a view: for all of it as the store knew it, for a window from the chunks and the files. */
#include <string.h>

#include "catalog/usage_report.h"
#include "store/token_usage.h"
#include "store/view_internal.h"

static bool counts_tokens(void *user, const struct afmon_view_series *series)
{
    (void)user;
    return series->token_kind != AFMON_TOKENS_NONE;
}

static afmon_field model_of(const struct afmon_read_sample *sample)
{
    static const char key[] = "model_name";
    struct afmon_field_walk walk = afmon_field_walk_begin(sample->packed, sample->packed_length);
    afmon_field model = {0};
    afmon_field field;
    while (afmon_field_walk_next(&walk, &field)) { /* of a key that comes twice the last value counts */
        if (field.key_length == sizeof key - 1 && memcmp(field.key, key, sizeof key - 1) == 0)
            model = field;
    }
    return model;
}

static afmon_status add_recalled(void *user, const struct afmon_view_series *series, struct afmon_reader *reader,
                                 struct afmon_read_sample *sample)
{
    afmon_status status = afmon_reader_packed(reader, sample);
    if (status != AFMON_OK)
        return status;
    afmon_field model = model_of(sample);
    bool named = model.type == AFMON_STRING;
    *afmon_tokens_of_model(user, named ? model.as.text.data : NULL, named ? model.as.text.length : 0,
                           (enum afmon_token_kind)series->token_kind) += afmon_tokens_counted(sample->value);
    return AFMON_OK;
}

static afmon_status add_window(afmon_view *view, struct afmon_times times, struct afmon_tokens *tokens)
{
    struct afmon_recall recall = {.times = times, .wants = counts_tokens, .visit = add_recalled, .user = tokens};
    afmon_status status = afmon_view_recall(view, &recall, NULL);
    for (size_t i = 0; i < view->series_count && status == AFMON_OK; i++) {
        const struct afmon_view_series *series = &view->series[i];
        if (series->token_kind == AFMON_TOKENS_NONE)
            continue;
        for (uint32_t j = 0; j < series->entry_count && status == AFMON_OK; j++) {
            if (!afmon_tokens_add_chunk(tokens, (enum afmon_token_kind)series->token_kind, &series->entries[j], times))
                status = AFMON_E_NO_MEMORY;
        }
    }
    return status;
}

afmon_status afmon_view_token_usage(afmon_view *view, afmon_window window, afmon_token_usage *usage)
{
    if (view == NULL || usage == NULL)
        return AFMON_E_ARGUMENT;
    memset(usage, 0, sizeof *usage);
    struct afmon_times times = afmon_view_times(window);
    if (afmon_view_takes_all(view, times))
        return afmon_token_usage_copy(&view->usage, usage);
    struct afmon_tokens tokens;
    afmon_tokens_init(&tokens);
    afmon_status status = add_window(view, times, &tokens);
    if (status == AFMON_OK)
        status = afmon_tokens_report(&tokens, usage);
    afmon_tokens_free(&tokens);
    return status;
}
