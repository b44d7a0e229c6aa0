/* track_generation. */
#include "module.h"
#include "track.h"

static int fill_generation(struct track *track, afmon_generation *generation)
{
    afmon_number status = {0};
    if (track_basics(track, &generation->duration_s, &generation->success, &generation->success_unknown) != 0 ||
        track_tokens(track, &generation->prompt_token_count, &generation->completion_token_count,
                     &generation->total_token_count) != 0 ||
        track_amount(track, TRACK_LENGTH, &generation->conversation_length) != 0 ||
#define FILL_NUMBER(name, member) track_amount(track, TRACK_##name, &generation->member) != 0 ||
        TRACK_NUMBERS(FILL_NUMBER)
#undef FILL_NUMBER
        track_status(track, &status) != 0 ||
        track_text(track, TRACK_MODEL, &generation->model_name) != 0 ||
        track_text(track, TRACK_FINISH, &generation->finish_reason) != 0 ||
        track_error(track, &generation->error, &generation->error_type) != 0 ||
        track_answer(track, generation, &status) != 0 ||
        track_item(track) != 0)
        return -1;
    generation->http_status = status.given ? (int)status.value : 0;
    generation->fields = track->fields.items;
    generation->field_count = track->fields.count;
    return 0;
}

PyObject *monitor_track_generation(PyObject *object, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    static const int takes[TRACK_FIELD] = {
        [TRACK_DURATION] = 1,      [TRACK_SUCCESS] = 1,           [TRACK_MODEL] = 1,        [TRACK_FINISH] = 1,
        [TRACK_ERROR] = 1,         [TRACK_ERROR_TYPE] = 1,        [TRACK_STATUS] = 1,       [TRACK_LENGTH] = 1,
        [TRACK_PROMPT_TOKENS] = 1, [TRACK_COMPLETION_TOKENS] = 1, [TRACK_TOTAL_TOKENS] = 1,
        [TRACK_ITEM] = 1,
#define TAKES_NUMBER(name, member) [TRACK_##name] = 1,
        TRACK_NUMBERS(TAKES_NUMBER)
#undef TAKES_NUMBER
    };
    struct monitor *self = (struct monitor *)object;
    struct track track;
    afmon_generation generation = {0};
    afmon_status status = AFMON_E_ARGUMENT;
    if (!monitor_is_open(self))
        return NULL;
    track_begin(&track, self);
    if (track_sort(&track, "track_generation", takes, 2, 2, arguments, count, names) == 0 &&
        fill_generation(&track, &generation) == 0) {
        host_recording = true;
        status = afmon_track_generation(self->handle, &generation);
        host_recording = false;
    }
    fields_end(&track.fields);
    return monitor_settle(self, status);
}
