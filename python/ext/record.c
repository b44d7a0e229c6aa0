/* record_metric and the log calls. */
#include <string.h>

#include "module.h"
#include "track.h"

#define NAMES_KEPT 4096 /* names whose handles a monitor keeps; a run that makes up names without end records by name */

bool monitor_is_open(struct monitor *self)
{
    if (self->handle == NULL)
        PyErr_SetString(PyExc_RuntimeError, "the monitor was not opened (was __init__ called?)");
    return self->handle != NULL;
}

/* What keeps a sample from being recorded is no fault of the generator's: it is counted, and told once as a warning. */
PyObject *monitor_settle(struct monitor *self, afmon_status status)
{
    if (PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_MemoryError))
            return NULL;
        PyErr_Clear();
        status = AFMON_E_NO_MEMORY;
    }
    if (host_waited)
        host_tell_wait(self);
    if (status == AFMON_OK || status == AFMON_E_FULL || (self->warned & (1u << status)) != 0)
        Py_RETURN_NONE;
    self->warned |= 1u << status;
    return PyObject_CallFunction(afmon_python.refused, "s", afmon_status_text(status));
}

static afmon_metric *resolve(struct monitor *self, PyObject *name)
{
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(name, &length);
    afmon_metric *metric = NULL;
    afmon_status status = AFMON_E_ARGUMENT;
    if (text != NULL && strlen(text) == (size_t)length && PyDict_Size(self->names) < NAMES_KEPT)
        WITHOUT_GIL(status = afmon_metric_resolve(self->handle, text, NULL, 0, &metric)); /* may write a file */
    PyErr_Clear();
    if (status != AFMON_OK)
        return NULL;
    PyObject *number = PyLong_FromVoidPtr(metric);
    if (number == NULL || PyDict_SetItem(self->names, name, number) != 0)
        PyErr_Clear();
    Py_XDECREF(number);
    return metric;
}

/* The handle of a name, or NULL (without an exception): it is recorded by its name then. */
static afmon_metric *handle_of(struct monitor *self, PyObject *name)
{
    PyObject *number = PyDict_GetItemWithError(self->names, name);
    if (number != NULL)
        return PyLong_AsVoidPtr(number);
    PyErr_Clear();
    return resolve(self, name);
}

static afmon_status record_by_name(struct monitor *self, PyObject *name, double value, struct fields *fields)
{
    size_t length;
    const char *text = fields_text(fields, name, &length);
    if (text == NULL)
        return AFMON_E_ARGUMENT;
    host_recording = true;
    afmon_status status = afmon_record_metric_n(self->handle, text, length, value, fields->items, fields->count);
    host_recording = false;
    return status;
}

/* Takes the reference of the item. */
static PyObject *record_with(struct monitor *self, PyObject *name, double value, PyObject *metadata, PyObject *item)
{
    struct fields fields;
    fields_begin(&fields);
    afmon_status status = AFMON_E_ARGUMENT;
    if (odd_mapping(self, &fields, metadata) != 0 ||
        (!PyUnicode_Check(name) && odd_tell(self, ODD_NAME, name, "its text") != 0))
        Py_XDECREF(item);
    else if (item_add(&fields, item) == 0)
        status = record_by_name(self, name, value, &fields);
    fields_end(&fields);
    return monitor_settle(self, status);
}

/* Positional and keyword arguments of record_metric into the three slots. */
static int sort_arguments(PyObject *const *arguments, Py_ssize_t count, PyObject *names, PyObject *slots[3])
{
    static const char *const known[] = {"metric_name", "value", "metadata"};
    Py_ssize_t named = names == NULL ? 0 : PyTuple_Size(names);
    for (Py_ssize_t i = 0; i < count && i < 3; i++)
        slots[i] = arguments[i];
    for (Py_ssize_t i = 0; i < named; i++) {
        PyObject *name = PyTuple_GetItem(names, i);
        int slot = 0;
        while (slot < 3 && PyUnicode_CompareWithASCIIString(name, known[slot]) != 0)
            slot++;
        if (slot == 3 || slots[slot] != NULL) {
            PyErr_Format(PyExc_TypeError, "record_metric() got an unexpected or a second argument '%U'", name);
            return -1;
        }
        slots[slot] = arguments[count + i];
    }
    if (count > 3 || slots[0] == NULL || slots[1] == NULL) {
        PyErr_SetString(PyExc_TypeError, "record_metric() takes metric_name, value and optionally metadata");
        return -1;
    }
    return 0;
}

PyObject *monitor_record_metric(PyObject *object, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    struct monitor *self = (struct monitor *)object;
    PyObject *slots[3] = {NULL, NULL, NULL};
    double value;
    if (names == NULL && (count == 2 || count == 3)) {
        slots[0] = arguments[0];
        slots[1] = arguments[1];
        slots[2] = count == 3 ? arguments[2] : NULL;
    } else if (sort_arguments(arguments, count, names, slots) != 0) {
        return NULL;
    }
    if (!monitor_is_open(self) || take_number(self, ODD_VALUE, slots[1], &value) != 0)
        return NULL;
    PyObject *item = item_around(self);
    afmon_metric *metric = item == NULL ? hot_find(self, slots[0], slots[2]) : NULL;
    if (metric == NULL && item == NULL && PyUnicode_CheckExact(slots[0]) && (slots[2] == NULL || slots[2] == Py_None))
        metric = handle_of(self, slots[0]);
    if (metric == NULL)
        return record_with(self, slots[0], value, slots[2], item);
    host_recording = true;
    afmon_status status = afmon_record(metric, value);
    host_recording = false;
    return __builtin_expect(status == AFMON_OK && !host_waited, 1) ? Py_NewRef(Py_None) : monitor_settle(self, status);
}

typedef afmon_status (*log_call)(afmon_monitor *, const char *, const afmon_field *, size_t);

static log_call log_of(int level)
{
    return level == AFMON_ERROR ? afmon_log_error : level == AFMON_WARNING ? afmon_log_warning : afmon_log_info;
}

/* _log(level, message, data) */
PyObject *monitor_log(PyObject *object, PyObject *arguments)
{
    struct monitor *self = (struct monitor *)object;
    int level;
    PyObject *message;
    PyObject *data;
    if (!PyArg_ParseTuple(arguments, "iOO", &level, &message, &data) || !monitor_is_open(self))
        return NULL;
    struct fields fields;
    fields_begin(&fields);
    afmon_status status = AFMON_E_ARGUMENT;
    const char *text = fields_c_text(&fields, message);
    if (text != NULL && odd_mapping(self, &fields, data) == 0 && item_add(&fields, item_around(self)) == 0) {
        host_recording = true;
        status = log_of(level)(self->handle, text, fields.items, fields.count);
        host_recording = false;
    }
    fields_end(&fields);
    return monitor_settle(self, status);
}
