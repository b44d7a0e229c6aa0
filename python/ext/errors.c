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

int forgive(void)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return -1;
    PyErr_Clear();
    return 0;
}

/* The exception that is set, with its trace; NULL where it is one that goes on as it is. */
static PyObject *take_cause(void)
{
    PyObject *type;
    PyObject *cause;
    PyObject *trace;
    if (!PyErr_ExceptionMatches(PyExc_Exception) || PyErr_ExceptionMatches(PyExc_MemoryError))
        return NULL;
    PyErr_Fetch(&type, &cause, &trace);
    PyErr_NormalizeException(&type, &cause, &trace);
    if (trace != NULL)
        PyException_SetTraceback(cause, trace);
    Py_XDECREF(type);
    Py_XDECREF(trace);
    return cause;
}

int raise_from(PyObject *kind, const char *format, ...)
{
    PyObject *cause = take_cause();
    if (cause == NULL)
        return -1;
    PyObject *type;
    PyObject *value;
    PyObject *trace;
    va_list arguments;
    va_start(arguments, format);
    PyErr_FormatV(kind, format, arguments);
    va_end(arguments);
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    PyException_SetContext(value, Py_NewRef(cause));
    PyException_SetCause(value, cause);
    PyErr_Restore(type, value, trace);
    return -1;
}

/* What PyType_GetName() of Python 3.11 gives: the getter of `type` itself, so that nobody's code runs. */
PyObject *name_of_type(PyTypeObject *type)
{
    const PyGetSetDef *at = PyType_GetSlot(&PyType_Type, Py_tp_getset);
    while (at != NULL && at->name != NULL && strcmp(at->name, "__name__") != 0)
        at++;
    if (at == NULL || at->name == NULL)
        return PyUnicode_FromString("?");
    return at->get((PyObject *)type, at->closure);
}
