/* The meters of a view. A view gives its samples metric by metric, so what belongs to one call is joined by its time:
 * first the models and errors are noted, then everything is counted. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "prometheus/text.h"

#define TEXT_LIMIT ((size_t)256 << 20)

/* What a sample besides generation_time says of the call that ended then. */
struct note {
    int64_t timestamp_ns;
    uint32_t model;      /* offset into the texts; 0: not said */
    uint32_t error_type; /* likewise */
};

struct joining {
    struct afmon_meters *meters;
    struct note *notes;
    size_t count, capacity;
    struct afmon_buffer texts; /* each ended by a NUL; the first is empty */
    uint32_t last[2];          /* the text of each kind that was added last: most repeat */
    bool out_of_memory;
};

static bool starts(const afmon_sample *sample, const char *prefix)
{
    size_t length = strlen(prefix);
    return sample->metric_length >= length && memcmp(sample->metric, prefix, length) == 0;
}

static uint32_t keep_text(struct joining *joining, unsigned kind, const char *text, size_t length)
{
    const char *last = joining->texts.data + joining->last[kind];
    if (strlen(last) == length && memcmp(last, text, length) == 0)
        return joining->last[kind];
    uint32_t at = (uint32_t)joining->texts.length;
    afmon_buffer_add(&joining->texts, text, length);
    afmon_buffer_add(&joining->texts, "", 1);
    joining->last[kind] = at;
    return at;
}

static bool add_note(struct joining *joining, struct note note)
{
    if (joining->count == joining->capacity) {
        size_t bigger = joining->capacity == 0 ? 1024 : joining->capacity * 2;
        struct note *notes = realloc(joining->notes, bigger * sizeof *notes);
        if (notes == NULL)
            return false;
        joining->notes = notes;
        joining->capacity = bigger;
    }
    joining->notes[joining->count++] = note;
    return true;
}

static const afmon_field *field_of(const afmon_sample *sample, const char *key)
{
    for (size_t i = 0; i < sample->field_count; i++)
        if (sample->fields[i].key_length == strlen(key) && memcmp(sample->fields[i].key, key, strlen(key)) == 0)
            return &sample->fields[i];
    return NULL;
}

static bool note_error(struct joining *joining, const afmon_sample *sample)
{
    const afmon_field *type = field_of(sample, "error_type");
    struct note note = {.timestamp_ns = sample->timestamp_ns};
    if (field_of(sample, "retried") != NULL)
        return true; /* of an attempt: the call went on */
    if (type != NULL && type->type == AFMON_STRING)
        note.error_type = keep_text(joining, 1, type->as.text.data, type->as.text.length);
    else
        note.error_type = keep_text(joining, 1, "_OTHER", 6);
    return add_note(joining, note);
}

static bool note_failure(struct joining *joining, const afmon_sample *sample)
{
    bool failed = starts(sample, "success_rate") ? sample->value == 0 : sample->value > 0;
    return !failed || add_note(joining, (struct note){.timestamp_ns = sample->timestamp_ns,
                                                      .error_type = keep_text(joining, 1, "_OTHER", 6)});
}

static bool note_model(struct joining *joining, const afmon_sample *sample)
{
    size_t prefix = strlen("model_usage:");
    return add_note(joining, (struct note){.timestamp_ns = sample->timestamp_ns,
                                           .model = keep_text(joining, 0, sample->metric + prefix,
                                                              sample->metric_length - prefix)});
}

static int take_note(void *user, const afmon_sample *sample)
{
    struct joining *joining = user;
    bool good = true;
    if (starts(sample, "model_usage:"))
        good = note_model(joining, sample);
    else if (starts(sample, "api_errors"))
        good = note_error(joining, sample);
    else if (starts(sample, "success_rate") || starts(sample, "error_rate"))
        good = note_failure(joining, sample);
    joining->out_of_memory = !good || joining->texts.failed;
    return joining->out_of_memory;
}

static int by_time(const void *a, const void *b)
{
    const struct note *left = a;
    const struct note *right = b;
    return (left->timestamp_ns > right->timestamp_ns) - (left->timestamp_ns < right->timestamp_ns);
}

static size_t first_at(const struct joining *joining, int64_t timestamp_ns)
{
    size_t low = 0;
    for (size_t high = joining->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (joining->notes[middle].timestamp_ns < timestamp_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_call(struct joining *joining, const afmon_sample *sample)
{
    const char *model = "";
    const char *error_type = "";
    for (size_t i = first_at(joining, sample->timestamp_ns);
         i < joining->count && joining->notes[i].timestamp_ns == sample->timestamp_ns; i++) {
        const char *noted = joining->texts.data + joining->notes[i].error_type;
        if (joining->notes[i].model != 0)
            model = joining->texts.data + joining->notes[i].model;
        if (*noted != '\0' && (*error_type == '\0' || strcmp(error_type, "_OTHER") == 0))
            error_type = noted;
    }
    afmon_meters_add_call(joining->meters, sample, model, error_type);
}

static int count_sample(void *user, const afmon_sample *sample)
{
    struct joining *joining = user;
    if (sample->metric_length == strlen("generation_time") && starts(sample, "generation_time"))
        add_call(joining, sample);
    else
        afmon_meters_add(joining->meters, sample);
    return 0;
}

static afmon_status fill(struct afmon_meters *meters, afmon_view *view)
{
    struct joining joining = {.meters = meters};
    afmon_buffer_init(&joining.texts, UINT32_MAX);
    afmon_buffer_add(&joining.texts, "", 1);
    afmon_status status = joining.texts.failed ? AFMON_E_NO_MEMORY : AFMON_OK;
    if (status == AFMON_OK)
        status = afmon_view_each(view, NULL, AFMON_WINDOW_ALL, take_note, &joining);
    if (joining.out_of_memory)
        status = AFMON_E_NO_MEMORY;
    if (joining.count > 0)
        qsort(joining.notes, joining.count, sizeof joining.notes[0], by_time);
    if (status == AFMON_OK)
        status = afmon_view_each(view, NULL, AFMON_WINDOW_ALL, count_sample, &joining);
    free(joining.notes);
    afmon_buffer_free(&joining.texts);
    return status;
}

afmon_status afmon_prometheus_write(afmon_view *view, afmon_prometheus_format format, afmon_write_fn write, void *user,
                                    afmon_error *error)
{
    if (view == NULL || write == NULL || (format != AFMON_OPENMETRICS && format != AFMON_PROMETHEUS_TEXT))
        return afmon_fail(error, AFMON_E_ARGUMENT, "afmon_prometheus_write: give a view, a format and a function");
    struct afmon_buffer text;
    struct afmon_meters *meters = afmon_meters_new();
    afmon_buffer_init(&text, TEXT_LIMIT);
    afmon_status status = meters == NULL ? AFMON_E_NO_MEMORY : fill(meters, view);
    if (status == AFMON_OK) {
        afmon_prometheus_text(meters, NULL, format, &text);
        status = text.failed ? AFMON_E_NO_MEMORY : AFMON_OK;
    }
    if (status == AFMON_OK && write(user, text.data, text.length) != 0)
        status = AFMON_E_CANCELLED;
    afmon_buffer_free(&text);
    afmon_meters_free(meters);
    return status == AFMON_OK ? status : afmon_fail(error, status, "%s", afmon_status_text(status));
}
