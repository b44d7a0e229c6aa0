/* The arguments of track calls: what the library has a member for goes there, everything else is metadata. */
#include <string.h>

#include "module.h"
#include "track.h"

const char *const track_names[TRACK_FIELD] = {
#define TRACK_NAME(name, text) [TRACK_##name] = text,
    TRACK_MEMBERS(TRACK_NAME)
#undef TRACK_NAME
};

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
    if (member == TRACK_METADATA && (value == Py_None || PyDict_Check(value))) /* OpenSimula gives one dict of all */
        return odd_mapping(track->monitor, &track->fields, value);
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

int track_amount(struct track *track, enum track_member member, afmon_number *number)
{
    if (!is_given(track, member))
        return 0;
    number->given = true;
    return take_amount(track->monitor, (int)member, track->members[member], &number->value);
}

/* A status that is none is as good as not given. */
int track_status(struct track *track, afmon_number *status)
{
    PyObject *given = track->members[TRACK_STATUS];
    if (!is_given(track, TRACK_STATUS))
        return 0;
    if (take_number(track->monitor, TRACK_STATUS, given, &status->value) != 0)
        return -1;
    status->given = status->value >= 100 && status->value < 1000; /* not so where it is not finite */
    return status->given ? 0 : odd_tell(track->monitor, TRACK_STATUS, given, "no status");
}

int track_text(struct track *track, enum track_member member, const char **text)
{
    if (!is_given(track, member))
        return 0;
    *text = fields_c_text(&track->fields, track->members[member]);
    if (*text != NULL && **text == '\0')
        *text = NULL; /* an empty name is none */
    return PyErr_Occurred() ? -1 : 0;
}

/* 1: an exception; 0: none. What does not tell counts as one, so that at least its type is known. */
static int is_exception(PyObject *error)
{
    int answer = PyObject_IsInstance(error, PyExc_Exception);
    return answer >= 0 ? answer : forgive() == 0 ? 1 : -1;
}

/* An error is whatever is true, and what does not tell whether it is; an exception also has a type. One whose text is
 * empty still is an error. */
int track_error(struct track *track, const char **text, const char **type)
{
    PyObject *error = track->members[TRACK_ERROR];
    if (track_text(track, TRACK_ERROR_TYPE, type) != 0)
        return -1;
    if (!is_given(track, TRACK_ERROR))
        return 0;
    int is_true = PyObject_IsTrue(error);
    if (is_true <= 0 && (is_true == 0 || forgive() != 0))
        return is_true;
    *text = fields_c_text(&track->fields, error);
    int has_type = *text == NULL ? -1 : **text == '\0' ? 1 : is_exception(error);
    if (has_type <= 0)
        return has_type;
    PyObject *name = name_of_type(Py_TYPE(error));
    const char *name_text = name == NULL ? NULL : fields_c_text(&track->fields, name);
    int kept = name == NULL ? -1 : fields_keep(&track->fields, name);
    if (**text == '\0')
        *text = name_text;
    if (*type == NULL)
        *type = name_text;
    return kept;
}

/* An attribute; NULL: there is none, or whoever has it raised (an exception that is no Exception stays set). */
static PyObject *attribute_of(PyObject *object, const char *name)
{
    PyObject *value = object == NULL ? NULL : PyObject_GetAttrString(object, name);
    if (value == NULL && PyErr_Occurred())
        (void)forgive();
    return value;
}

/* A whole number, not negative, that was not given otherwise. */
static void take_whole(PyObject *object, const char *name, afmon_number *number)
{
    PyObject *value = number->given || PyErr_Occurred() ? NULL : attribute_of(object, name);
    if (value != NULL && PyLong_CheckExact(value)) {
        double whole = PyLong_AsDouble(value);
        if (PyErr_Occurred())
            PyErr_Clear(); /* larger than a double can hold */
        else if (whole >= 0)
            *number = (afmon_number){.given = true, .value = whole};
    }
    Py_XDECREF(value);
}

/* As openai has it: on the exception, or on the answer that it was raised for (LengthFinishReasonError). */
static PyObject *usage_of(PyObject *error)
{
    PyObject *usage = attribute_of(error, "usage");
    if (usage != NULL || PyErr_Occurred())
        return usage;
    PyObject *completion = attribute_of(error, "completion");
    usage = attribute_of(completion, "usage");
    Py_XDECREF(completion);
    return usage;
}

int track_answer(struct track *track, afmon_number *status, afmon_number *prompt, afmon_number *completion,
                 afmon_number *total)
{
    PyObject *error = track->members[TRACK_ERROR];
    if (!is_given(track, TRACK_ERROR) || PyUnicode_Check(error) || is_exception(error) <= 0)
        return PyErr_Occurred() ? -1 : 0;
    take_whole(error, "status_code", status);
    take_whole(error, "status", status);
    PyObject *response = status->given || PyErr_Occurred() ? NULL : attribute_of(error, "response");
    if (response != NULL)
        take_whole(response, "status_code", status);
    Py_XDECREF(response);
    PyObject *usage = PyErr_Occurred() ? NULL : usage_of(error);
    if (usage != NULL) {
        take_whole(usage, "prompt_tokens", prompt);
        take_whole(usage, "completion_tokens", completion);
        take_whole(usage, "total_tokens", total);
    }
    Py_XDECREF(usage);
    return PyErr_Occurred() ? -1 : 0;
}

void track_begin(struct track *track, struct monitor *monitor)
{
    memset(track->members, 0, sizeof track->members);
    track->monitor = monitor;
    track->next = 0;
    fields_begin(&track->fields);
}

int track_basics(struct track *track, double *duration, bool *success, bool *success_unknown)
{
    PyObject *given = track->members[TRACK_SUCCESS];
    *success = given == Py_True;
    if (given != Py_True && given != Py_False && odd_truth(track->monitor, given, success, success_unknown) != 0)
        return -1;
    return take_amount(track->monitor, TRACK_DURATION, track->members[TRACK_DURATION], duration);
}

int track_tokens(struct track *track, afmon_number *prompt, afmon_number *completion, afmon_number *total)
{
    if (track_amount(track, TRACK_PROMPT_TOKENS, prompt) != 0 ||
        track_amount(track, TRACK_COMPLETION_TOKENS, completion) != 0)
        return -1;
    return track_amount(track, TRACK_TOTAL_TOKENS, total);
}
