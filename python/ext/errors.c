#include <string.h>

#include "module.h"

static PyObject *kind_of(afmon_status status)
{
    switch (status) {
    case AFMON_E_SYSTEM:
    case AFMON_E_UNWRITABLE:
        return PyExc_OSError;
    case AFMON_E_NO_MEMORY:
        return PyExc_MemoryError;
    case AFMON_E_TIMEOUT:
        return PyExc_TimeoutError;
    case AFMON_E_CLOSED:
    case AFMON_E_DEADLOCK:
    case AFMON_E_CANCELLED:
    case AFMON_E_FULL:
        return PyExc_RuntimeError;
    default:
        return PyExc_ValueError;
    }
}

PyObject *raise_error(afmon_status status, const afmon_error *error)
{
    PyObject *message = value_text(error->message);
    if (message == NULL)
        return NULL;
    PyObject *exception = status == AFMON_E_SYSTEM && error->os_error != 0
                              ? PyObject_CallFunction(PyExc_OSError, "iO", error->os_error, message)
                              : PyObject_CallFunction(kind_of(status), "O", message);
    Py_DECREF(message);
    if (exception == NULL)
        return NULL;
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    Py_DECREF(exception);
    return NULL;
}

PyObject *raise_status(afmon_status status, const char *what)
{
    PyErr_Format(kind_of(status), "%s: %s", what, afmon_status_text(status));
    return NULL;
}

int take_number(PyObject *object, const char *function, const char *argument, double *value)
{
    *value = PyLong_CheckExact(object) ? PyLong_AsDouble(object) : PyFloat_AsDouble(object);
    if (*value != -1.0 || !PyErr_Occurred())
        return 0;
    if (PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        PyObject *type = PyType_GetName(Py_TYPE(object));
        if (type != NULL)
            PyErr_Format(PyExc_TypeError, "%s: %s must be a number, not %U", function, argument, type);
        Py_XDECREF(type);
    } else if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "%s: %s is larger than a double can hold", function, argument);
    }
    return -1;
}
