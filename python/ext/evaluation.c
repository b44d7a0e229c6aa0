/* track_evaluation. */
#include <stdlib.h>

#include "module.h"
#include "track.h"

#define SCORES_INLINE 8

/* A score is a number, None (it counts as not finite), a pair of number and feedback, or a dict of "score" and
 * "feedback". Looking into them runs nobody's code, whatever a subclass says. */
static int split_score(PyObject *given, PyObject **value, PyObject **feedback)
{
    *value = Py_NewRef(given);
    *feedback = NULL;
    if (PyDict_Check(given)) {
        Py_DECREF(*value);
        PyObject *score = PyDict_GetItemString(given, "score");
        *value = score == NULL ? PyFloat_FromDouble(0) : Py_NewRef(score);
        *feedback = Py_XNewRef(PyDict_GetItemString(given, "feedback"));
    } else if (PyTuple_Check(given) && PyTuple_Size(given) == 2) {
        Py_DECREF(*value);
        *value = Py_NewRef(PyTuple_GetItem(given, 0));
        *feedback = Py_NewRef(PyTuple_GetItem(given, 1));
    } else if (PyList_Check(given) && PyList_Size(given) == 2) {
        Py_DECREF(*value);
        *value = Py_NewRef(PyList_GetItem(given, 0));
        *feedback = Py_NewRef(PyList_GetItem(given, 1));
    }
    return *value == NULL ? -1 : 0;
}

static int fill_score(struct track *track, PyObject *name, PyObject *given, afmon_score *score)
{
    PyObject *value;
    PyObject *feedback;
    if (fields_hold(&track->fields, name, given) != 0 || split_score(given, &value, &feedback) != 0)
        return -1;
    int result = 0;
    *score = (afmon_score){.value = NAN};
    score->name = fields_c_text(&track->fields, name);
    if (score->name == NULL)
        result = -1;
    else if (value != Py_None)
        result = take_number(track->monitor, ODD_SCORE, value, &score->value);
    if (result == 0 && feedback != NULL && feedback != Py_None) {
        score->feedback = fields_c_text(&track->fields, feedback);
        result = score->feedback == NULL ? -1 : fields_keep(&track->fields, Py_NewRef(feedback));
    }
    Py_XDECREF(feedback);
    Py_DECREF(value);
    return result;
}

/* True for a dict of names and numbers: reading them runs nobody's code, so it cannot change while it is read. */
static bool are_plain(PyObject *scores)
{
    PyObject *name;
    PyObject *value;
    Py_ssize_t position = 0;
    if (!PyDict_CheckExact(scores))
        return false;
    while (PyDict_Next(scores, &position, &name, &value))
        if (!PyUnicode_CheckExact(name) || !fields_is_plain(value) || PyUnicode_CheckExact(value))
            return false;
    return true;
}

/* The scores as a dict that nobody else changes; borrowed, or kept by the track. */
static PyObject *scores_dict(struct track *track)
{
    PyObject *given = track->members[TRACK_SCORES];
    if (are_plain(given))
        return given;
    PyObject *copy = given == Py_None ? PyDict_New()
                                      : PyObject_CallFunctionObjArgs((PyObject *)&PyDict_Type, given, NULL);
    if (copy == NULL && !PyErr_ExceptionMatches(PyExc_MemoryError) && forgive() == 0 &&
        odd_tell(track->monitor, TRACK_SCORES, given, "no scores") == 0)
        copy = PyDict_New();
    if (copy == NULL)
        return NULL;
    return fields_keep(&track->fields, copy) == 0 ? copy : NULL;
}

/* Into `space` where they fit, else into memory of their own. NULL with an exception. */
static afmon_score *fill_scores(struct track *track, afmon_score space[SCORES_INLINE], size_t *count)
{
    PyObject *dict = scores_dict(track);
    if (dict == NULL)
        return NULL;
    size_t size = (size_t)PyDict_Size(dict);
    afmon_score *scores = size <= SCORES_INLINE ? space : calloc(size, sizeof *scores);
    PyObject *name;
    PyObject *value;
    Py_ssize_t position = 0;
    *count = 0;
    while (scores != NULL && *count < size && PyDict_Next(dict, &position, &name, &value)) {
        if (fill_score(track, name, value, &scores[*count]) != 0) {
            if (scores != space)
                free(scores);
            return NULL;
        }
        (*count)++;
    }
    return scores != NULL ? scores : (afmon_score *)(void *)PyErr_NoMemory();
}

static int fill_evaluation(struct track *track, afmon_evaluation *evaluation, afmon_score space[SCORES_INLINE])
{
    if (track_basics(track, &evaluation->duration_s, &evaluation->success, &evaluation->success_unknown) != 0 ||
        track_tokens(track, &evaluation->prompt_token_count, &evaluation->completion_token_count,
                     &evaluation->total_token_count) != 0 ||
        track_amount(track, TRACK_COST, &evaluation->cost_usd) != 0 ||
        track_text(track, TRACK_EVALUATOR, &evaluation->evaluator_type) != 0 ||
        track_text(track, TRACK_MODEL, &evaluation->model_name) != 0 ||
        track_error(track, &evaluation->error, &evaluation->error_type) != 0)
        return -1;
    evaluation->scores = fill_scores(track, space, &evaluation->score_count);
    if (evaluation->scores != NULL && track_item(track) != 0)
        return -1;
    evaluation->fields = track->fields.items;
    evaluation->field_count = track->fields.count;
    return evaluation->scores == NULL ? -1 : 0;
}

PyObject *monitor_track_evaluation(PyObject *object, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    static const int takes[TRACK_FIELD] = {
        [TRACK_DURATION] = 1,   [TRACK_SUCCESS] = 1,       [TRACK_EVALUATOR] = 1,         [TRACK_SCORES] = 1,
        [TRACK_MODEL] = 1,      [TRACK_ERROR] = 1,         [TRACK_ERROR_TYPE] = 1,        [TRACK_PROMPT_TOKENS] = 1,
        [TRACK_TOTAL_TOKENS] = 1, [TRACK_COMPLETION_TOKENS] = 1, [TRACK_ITEM] = 1, [TRACK_COST] = 1,
    };
    struct monitor *self = (struct monitor *)object;
    struct track track;
    afmon_evaluation evaluation = {0};
    afmon_score space[SCORES_INLINE];
    afmon_status status = AFMON_E_ARGUMENT;
    if (!monitor_is_open(self))
        return NULL;
    track_begin(&track, self);
    if (track_sort(&track, "track_evaluation", takes, 4, 4, arguments, count, names) == 0 &&
        fill_evaluation(&track, &evaluation, space) == 0) {
        host_recording = true;
        status = afmon_track_evaluation(self->handle, &evaluation);
        host_recording = false;
    }
    if (evaluation.scores != space)
        free((void *)(uintptr_t)evaluation.scores);
    fields_end(&track.fields);
    return monitor_settle(self, status);
}
