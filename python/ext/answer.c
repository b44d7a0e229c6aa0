/* The error of a tracked call: its text, its type, and what it knows of the answer that it was raised for. */
#include <string.h>

#include "module.h"
#include "track.h"

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
    if (!track_has(track, TRACK_ERROR))
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

/* The exception that is being handled, where the error is its text: generators hand over str(error). A new reference;
 * NULL: none, or an exception that is no Exception. */
static PyObject *handled_by_text(PyObject *text)
{
    PyObject *type;
    PyObject *handled;
    PyObject *trace;
    PyErr_GetExcInfo(&type, &handled, &trace);
    Py_XDECREF(type);
    Py_XDECREF(trace);
    PyObject *said = handled == NULL || handled == Py_None ? NULL : PyObject_CallFunctionObjArgs(afmon_python.key, handled, NULL);
    bool same = said != NULL && PyUnicode_Compare(said, text) == 0;
    Py_XDECREF(said);
    if (!same)
        Py_CLEAR(handled);
    return handled;
}

/* Likewise. */
static PyObject *exception_of(PyObject *error)
{
    if (PyUnicode_Check(error))
        return handled_by_text(error);
    return is_exception(error) == 1 ? Py_NewRef(error) : NULL;
}

static bool has_field(const struct fields *fields, const char *key)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < fields->count; i++)
        if (fields->items[i].key_length == length && memcmp(fields->items[i].key, key, length) == 0)
            return true;
    return false;
}

/* An error whose text alone was given has the type of the exception, where nobody gave one. */
static int take_type(struct track *track, PyObject *exception, const char **type)
{
    if (*type != NULL || has_field(&track->fields, "error_type"))
        return 0;
    PyObject *name = name_of_type(Py_TYPE(exception));
    if (name == NULL || fields_keep(&track->fields, name) != 0)
        return -1;
    *type = fields_c_text(&track->fields, name);
    return *type == NULL ? -1 : 0;
}

/* What was given otherwise stays. */
static void take_known(PyObject *known, Py_ssize_t i, afmon_number *number)
{
    PyObject *value = PyTuple_GetItem(known, i);
    if (value != Py_None && !number->given)
        *number = (afmon_number){.given = true, .value = PyFloat_AsDouble(value)};
}

int track_answer(struct track *track, afmon_generation *generation, afmon_number *status)
{
    PyObject *error = track->members[TRACK_ERROR];
    PyObject *exception = error == NULL || error == Py_None || generation->error == NULL ? NULL : exception_of(error);
    if (exception == NULL)
        return PyErr_Occurred() ? -1 : 0;
    PyObject *known = PyObject_CallFunction(afmon_python.known, "On", exception, (Py_ssize_t)track->monitor);
    int result = known == NULL ? -1 : take_type(track, exception, &generation->error_type);
    if (result == 0) {
        take_known(known, 0, status);
        take_known(known, 1, &generation->prompt_token_count);
        take_known(known, 2, &generation->completion_token_count);
        take_known(known, 3, &generation->total_token_count);
        take_known(known, 4, &generation->cached_token_count);
        take_known(known, 5, &generation->cache_write_token_count);
        take_known(known, 6, &generation->reasoning_token_count);
        take_known(known, 7, &generation->cost_usd);
    }
    Py_XDECREF(known);
    Py_DECREF(exception);
    return result;
}
