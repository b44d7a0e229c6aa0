/* The run summary as JSON, in the bytes that all of afmon's surfaces share. */
#include "module.h"

int value_add_bytes(void *list, const void *data, size_t size)
{
    PyObject *piece = PyBytes_FromStringAndSize(data, (Py_ssize_t)size);
    return value_append(list, piece);
}

PyObject *value_joined(PyObject *pieces, afmon_status status, const char *what)
{
    PyObject *empty = PyBytes_FromStringAndSize("", 0);
    PyObject *whole = NULL;
    if (status == AFMON_OK && pieces != NULL && empty != NULL)
        whole = PyObject_CallMethod(empty, "join", "O", pieces);
    else if (!PyErr_Occurred())
        raise_status(status, what);
    Py_XDECREF(pieces);
    Py_XDECREF(empty);
    return whole;
}

PyObject *value_summary(afmon_run_summary *summary)
{
    PyObject *pieces = PyList_New(0);
    afmon_status status = AFMON_E_NO_MEMORY;
    if (pieces != NULL)
        status = afmon_run_summary_write_json(summary, value_add_bytes, pieces);
    afmon_run_summary_free(summary);
    return value_joined(pieces, status, "summary");
}

PyObject *view_summarize(PyObject *object, PyObject *arguments)
{
    long long since, until;
    afmon_summary_options options;
    afmon_run_summary *summary = NULL;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    afmon_summary_options_init(&options);
    if (!PyArg_ParseTuple(arguments, "LL", &since, &until))
        return NULL;
    options.window = (afmon_window){since, until};
    WITHOUT_GIL(status = afmon_view_summarize(view_handle(object), &options, &summary, &error));
    return status == AFMON_OK ? value_summary(summary) : raise_error(status, &error);
}
