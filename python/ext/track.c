/* The arguments of track calls: what the library has a member for goes there, everything else is metadata. */
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
    if (member == TRACK_METADATA && (value == Py_None || PyDict_Check(value))) /* OpenSimula gives one dict of all */
        return odd_mapping(track->monitor, &track->fields, value);
    if (member == TRACK_ITEM && value == Py_None)
        return 0;
    if (member == TRACK_FIELD || !takes[member] || (member == TRACK_ITEM && !item_is_one(value)))
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

int track_amount(struct track *track, enum track_member member, afmon_number *number)
{
    if (!track_has(track, member))
        return 0;
    number->given = true;
    return take_amount(track->monitor, (int)member, track->members[member], &number->value);
}

/* A status that is none is as good as not given. */
int track_status(struct track *track, afmon_number *status)
{
    PyObject *given = track->members[TRACK_STATUS];
    if (!track_has(track, TRACK_STATUS))
        return 0;
    if (take_number(track->monitor, TRACK_STATUS, given, &status->value) != 0)
        return -1;
    status->given = status->value >= 100 && status->value < 1000; /* not so where it is not finite */
    return status->given ? 0 : odd_tell(track->monitor, TRACK_STATUS, given, "no status");
}

int track_text(struct track *track, enum track_member member, const char **text)
{
    if (!track_has(track, member))
        return 0;
    *text = fields_c_text(&track->fields, track->members[member]);
    if (*text != NULL && **text == '\0')
        *text = NULL; /* an empty name is none */
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

/* The item that is given, or that the call is made in. Behind all other fields. */
int track_item(struct track *track)
{
    PyObject *given = track->members[TRACK_ITEM];
    return item_add(&track->fields, given != NULL ? Py_NewRef(given) : item_around(track->monitor));
}

int track_tokens(struct track *track, afmon_number *prompt, afmon_number *completion, afmon_number *total)
{
    if (track_amount(track, TRACK_PROMPT_TOKENS, prompt) != 0 ||
        track_amount(track, TRACK_COMPLETION_TOKENS, completion) != 0)
        return -1;
    return track_amount(track, TRACK_TOTAL_TOKENS, total);
}
