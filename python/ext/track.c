/* track_generation and track_evaluation: what the library has a member for goes there, everything else is metadata. */
#include <stdlib.h>
#include <string.h>

#include "module.h"
#include "track.h"

/* The number of an argument's name, or TRACK_FIELD. -1 with an exception. Names in a program's text are interned, so most
 * are found by address; the search begins at `next`, for they often come in this order. */
static int member_of(PyObject *name, int next)
{
    for (int i = next; i < TRACK_FIELD; i++)
        if (afmon_python.member_names[i] == name)
            return i;
    for (int i = 0; i < next; i++)
        if (afmon_python.member_names[i] == name)
            return i;
    PyObject *number = PyDict_GetItemWithError(afmon_python.members, name);
    if (number != NULL)
        return (int)PyLong_AsLong(number);
    return PyErr_Occurred() ? -1 : TRACK_FIELD;
}

static int sort_named(struct track *track, const char *function, const int *takes, PyObject *name, PyObject *value)
{
    int member = member_of(name, track->next);
    if (member < 0)
        return -1;
    if (member == TRACK_METADATA && PyDict_Check(value)) /* what OpenSimula gives: one dict of all */
        return fields_add_mapping(&track->fields, value);
    if (member == TRACK_FIELD || !takes[member])
        return fields_add(&track->fields, name, value);
    if (track->members[member] != NULL) {
        PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", function, name);
        return -1;
    }
    track->members[member] = value;
    track->next = member + 1;
    return 0;
}

int track_sort(struct track *track, const char *function, const int *takes, int positional, int required,
               PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    Py_ssize_t named = names == NULL ? 0 : PyTuple_Size(names);
    if (count > positional) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %d positional arguments (%zd given)", function, positional,
                     count);
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        track->members[i] = arguments[i];
    for (Py_ssize_t i = 0; i < named; i++)
        if (sort_named(track, function, takes, PyTuple_GetItem(names, i), arguments[count + i]) != 0)
            return -1;
    for (int i = 0; i < required; i++)
        if (track->members[i] == NULL) {
            PyErr_Format(PyExc_TypeError, "%s() missing argument '%s'", function, track_names[i]);
            return -1;
        }
    return 0;
}

static bool is_given(const struct track *track, enum track_member member)
{
    return track->members[member] != NULL && track->members[member] != Py_None;
}

static int take_optional(struct track *track, const char *function, enum track_member member, afmon_number *number)
{
    if (!is_given(track, member))
        return 0;
    number->given = true;
    return take_number(track->members[member], function, track_names[member], &number->value);
}

static int take_text(struct track *track, enum track_member member, const char **text)
{
    size_t length;
    if (!is_given(track, member))
        return 0;
    *text = fields_text(&track->fields, track->members[member], &length);
    if (*text != NULL && length == 0)
        *text = NULL; /* an empty name is none */
    return PyErr_Occurred() ? -1 : 0;
}

/* An error is whatever is true; an exception also has a type. One whose text is empty still is an error. */
static int take_error(struct track *track, const char **text, const char **type)
{
    PyObject *error = track->members[TRACK_ERROR];
    if (take_text(track, TRACK_ERROR_TYPE, type) != 0)
        return -1;
    if (!is_given(track, TRACK_ERROR))
        return 0;
    int is_true = PyObject_IsTrue(error);
    if (is_true < 0)
        PyErr_Clear();
    if (is_true == 0)
        return 0;
    size_t length;
    *text = fields_text(&track->fields, error, &length);
    if (*text == NULL || (!PyObject_IsInstance(error, PyExc_Exception) && length > 0))
        return *text == NULL ? -1 : 0;
    PyObject *name = PyType_GetName(Py_TYPE(error));
    const char *name_text = name == NULL ? NULL : fields_text(&track->fields, name, &length);
    int kept = name == NULL ? -1 : fields_keep(&track->fields, name);
    if (**text == '\0')
        *text = name_text;
    if (*type == NULL)
        *type = name_text;
    return kept;
}

static void track_begin(struct track *track)
{
    memset(track->members, 0, sizeof track->members);
    track->next = 0;
    fields_begin(&track->fields);
}

static int take_basics(struct track *track, const char *function, double *duration, bool *success)
{
    PyObject *given = track->members[TRACK_SUCCESS];
    int is_true = given == Py_True ? 1 : PyObject_IsTrue(given);
    *success = is_true == 1;
    return is_true < 0 ? -1 : take_number(track->members[TRACK_DURATION], function, "duration", duration);
}

static int take_tokens(struct track *track, const char *function, afmon_number *prompt, afmon_number *completion,
                       afmon_number *total)
{
    if (take_optional(track, function, TRACK_PROMPT_TOKENS, prompt) != 0 ||
        take_optional(track, function, TRACK_COMPLETION_TOKENS, completion) != 0)
        return -1;
    return take_optional(track, function, TRACK_TOTAL_TOKENS, total);
}

static int fill_generation(struct track *track, afmon_generation *generation)
{
    static const char function[] = "track_generation";
    afmon_number status = {0};
    if (take_basics(track, function, &generation->duration_s, &generation->success) != 0 ||
        take_tokens(track, function, &generation->prompt_token_count, &generation->completion_token_count,
                    &generation->total_token_count) != 0 ||
        take_optional(track, function, TRACK_LENGTH, &generation->conversation_length) != 0 ||
        take_optional(track, function, TRACK_STATUS, &status) != 0 ||
        take_text(track, TRACK_MODEL, &generation->model_name) != 0 ||
        take_text(track, TRACK_FINISH, &generation->finish_reason) != 0 ||
        take_error(track, &generation->error, &generation->error_type) != 0)
        return -1;
    generation->http_status = status.value >= 0 && status.value < 1000 ? (int)status.value : 0;
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
    };
    struct monitor *self = (struct monitor *)object;
    struct track track;
    afmon_generation generation = {0};
    afmon_status status = AFMON_E_ARGUMENT;
    if (!monitor_is_open(self))
        return NULL;
    track_begin(&track);
    if (track_sort(&track, "track_generation", takes, 2, 2, arguments, count, names) == 0 &&
        fill_generation(&track, &generation) == 0) {
        host_recording = true;
        status = afmon_track_generation(self->handle, &generation);
        host_recording = false;
    }
    fields_end(&track.fields);
    return PyErr_Occurred() ? NULL : monitor_settle(self, status);
}

/* ---- evaluations ---- */

/* A score is a number, None (it counts as not finite), a pair of number and feedback, or a dict of "score" and
 * "feedback". */
static int split_score(PyObject *given, PyObject **value, PyObject **feedback)
{
    *value = Py_NewRef(given);
    *feedback = NULL;
    if (PyDict_Check(given)) {
        Py_DECREF(*value);
        PyObject *score = PyDict_GetItemString(given, "score");
        *value = score == NULL ? PyFloat_FromDouble(0) : Py_NewRef(score);
        *feedback = Py_XNewRef(PyDict_GetItemString(given, "feedback"));
    } else if ((PyTuple_Check(given) || PyList_Check(given)) && PySequence_Size(given) == 2) {
        Py_DECREF(*value);
        *value = PySequence_GetItem(given, 0);
        *feedback = PySequence_GetItem(given, 1);
    }
    return *value == NULL ? -1 : 0;
}

static int fill_score(struct track *track, PyObject *name, PyObject *given, afmon_score *score)
{
    PyObject *value;
    PyObject *feedback;
    size_t length;
    if (split_score(given, &value, &feedback) != 0)
        return -1;
    int result = 0;
    score->value = NAN;
    score->name = fields_text(&track->fields, name, &length);
    if (score->name == NULL)
        result = -1;
    else if (value != Py_None)
        result = take_number(value, "track_evaluation: scores", score->name, &score->value);
    if (result == 0 && feedback != NULL && feedback != Py_None) {
        score->feedback = fields_text(&track->fields, feedback, &length);
        result = score->feedback == NULL ? -1 : fields_keep(&track->fields, Py_NewRef(feedback));
    }
    Py_XDECREF(feedback);
    Py_DECREF(value);
    return result;
}

static afmon_score *fill_scores(struct track *track, size_t *count)
{
    PyObject *given = track->members[TRACK_SCORES];
    PyObject *copy = given == Py_None ? PyDict_New()
                                      : PyObject_CallFunctionObjArgs((PyObject *)&PyDict_Type, given, NULL);
    if (copy == NULL) {
        PyErr_Clear();
        PyErr_SetString(PyExc_TypeError, "track_evaluation: scores must be a dict of names to scores");
        return NULL;
    }
    if (fields_keep(&track->fields, copy) != 0)
        return NULL;
    afmon_score *scores = calloc((size_t)PyDict_Size(copy) + 1, sizeof *scores);
    PyObject *name;
    PyObject *value;
    Py_ssize_t position = 0;
    *count = 0;
    while (scores != NULL && PyDict_Next(copy, &position, &name, &value)) {
        if (fill_score(track, name, value, &scores[*count]) != 0) {
            free(scores);
            return NULL;
        }
        (*count)++;
    }
    return scores != NULL ? scores : (afmon_score *)(void *)PyErr_NoMemory();
}

static int fill_evaluation(struct track *track, afmon_evaluation *evaluation)
{
    static const char function[] = "track_evaluation";
    if (take_basics(track, function, &evaluation->duration_s, &evaluation->success) != 0 ||
        take_tokens(track, function, &evaluation->prompt_token_count, &evaluation->completion_token_count,
                    &evaluation->total_token_count) != 0 ||
        take_text(track, TRACK_EVALUATOR, &evaluation->evaluator_type) != 0 ||
        take_text(track, TRACK_MODEL, &evaluation->model_name) != 0 ||
        take_error(track, &evaluation->error, &evaluation->error_type) != 0)
        return -1;
    evaluation->scores = fill_scores(track, &evaluation->score_count);
    evaluation->fields = track->fields.items;
    evaluation->field_count = track->fields.count;
    return evaluation->scores == NULL ? -1 : 0;
}

PyObject *monitor_track_evaluation(PyObject *object, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    static const int takes[TRACK_FIELD] = {
        [TRACK_DURATION] = 1,   [TRACK_SUCCESS] = 1,       [TRACK_EVALUATOR] = 1,         [TRACK_SCORES] = 1,
        [TRACK_MODEL] = 1,      [TRACK_ERROR] = 1,         [TRACK_ERROR_TYPE] = 1,        [TRACK_PROMPT_TOKENS] = 1,
        [TRACK_TOTAL_TOKENS] = 1, [TRACK_COMPLETION_TOKENS] = 1,
    };
    struct monitor *self = (struct monitor *)object;
    struct track track;
    afmon_evaluation evaluation = {0};
    afmon_status status = AFMON_E_ARGUMENT;
    if (!monitor_is_open(self))
        return NULL;
    track_begin(&track);
    if (track_sort(&track, "track_evaluation", takes, 4, 4, arguments, count, names) == 0 &&
        fill_evaluation(&track, &evaluation) == 0) {
        host_recording = true;
        status = afmon_track_evaluation(self->handle, &evaluation);
        host_recording = false;
    }
    free((void *)(uintptr_t)evaluation.scores);
    fields_end(&track.fields);
    return PyErr_Occurred() ? NULL : monitor_settle(self, status);
}
