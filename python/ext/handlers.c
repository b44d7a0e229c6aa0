/* Python callables as handlers. They run on the library's threads, which hold the GIL for the batch (host.c). Each is
 * kept by its monitor's list of callables, which outlives the library's monitor. */
#include <stdlib.h>
#include <string.h>

#include "module.h"

static void describe(char *error, size_t size)
{
    PyObject *type;
    PyObject *value;
    PyObject *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    PyObject *line = value == NULL ? NULL : PyObject_CallFunctionObjArgs(afmon_python.describe, value, NULL);
    Py_ssize_t length = 0;
    const char *bytes = line == NULL ? NULL : PyUnicode_AsUTF8AndSize(line, &length);
    if (bytes != NULL && size > 0) {
        size_t fits = (size_t)length < size - 1 ? (size_t)length : size - 1;
        memcpy(error, bytes, fits);
        error[fits] = '\0';
    }
    PyErr_Clear();
    Py_XDECREF(line);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
}

/* What a call gave, or NULL and an exception. */
static int settle(PyObject *result, char *error, size_t size)
{
    if (result == NULL)
        describe(error, size);
    Py_XDECREF(result);
    host_breathe();
    return result == NULL;
}

static int give_sample(void *user, const afmon_sample *sample, char *error, size_t size)
{
    PyObject *metadata = fields_dict(sample->fields, sample->field_count);
    PyObject *result =
        metadata == NULL ? NULL
                         : PyObject_CallFunction(user, "s#dNL", sample->metric, (Py_ssize_t)sample->metric_length,
                                                 sample->value, metadata, (long long)sample->timestamp_ns);
    return settle(result, error, size);
}

static int give_log(void *user, const afmon_log_record *record, char *error, size_t size)
{
    PyObject *data = fields_dict(record->fields, record->field_count);
    PyObject *message = PyUnicode_DecodeUTF8(record->message, (Py_ssize_t)record->message_length, "replace");
    PyObject *result = NULL;
    if (data != NULL && message != NULL)
        result = PyObject_CallFunction(user, "OOsL", message, data, afmon_level_name(record->level),
                                       (long long)record->timestamp_ns);
    Py_XDECREF(data);
    Py_XDECREF(message);
    return settle(result, error, size);
}

static int give_alert(void *user, const afmon_alert *alert, char *error, size_t size)
{
    PyObject *value = value_alert(alert);
    PyObject *result = value == NULL ? NULL : PyObject_CallFunctionObjArgs(user, value, NULL);
    Py_XDECREF(value);
    return settle(result, error, size);
}

static int give_usage(void *user, const afmon_token_usage *usage, char *error, size_t size)
{
    PyObject *value = value_usage(usage);
    PyObject *result = value == NULL ? NULL : PyObject_CallFunctionObjArgs(user, value, NULL);
    Py_XDECREF(value);
    return settle(result, error, size);
}

/* Item i of a list, kept by the monitor: NULL with an exception. */
static PyObject *keep(struct monitor *self, PyObject *list, Py_ssize_t i)
{
    PyObject *item = PyList_GetItem(list, i);
    return item != NULL && PyList_Append(self->callables, item) == 0 ? item : NULL;
}

static int fill_metrics(struct monitor *self, PyObject *list, afmon_options *options, afmon_metric_handler *to)
{
    for (Py_ssize_t i = 0; i < PyList_Size(list); i++) {
        PyObject *item = keep(self, list, i);
        if (item == NULL)
            return -1;
        to[i] = item == Py_None ? afmon_metric_file_handler()
                                : (afmon_metric_handler){.handle = give_sample, .user = item};
    }
    options->metric_handlers = to;
    options->metric_handler_count = (size_t)PyList_Size(list);
    return 0;
}

static int fill_logs(struct monitor *self, PyObject *list, afmon_options *options, afmon_log_handler *to)
{
    for (Py_ssize_t i = 0; i < PyList_Size(list); i++) {
        PyObject *item = keep(self, list, i);
        if (item == NULL)
            return -1;
        to[i] = item == Py_None ? afmon_log_file_handler() : (afmon_log_handler){.handle = give_log, .user = item};
    }
    options->log_handlers = to;
    options->log_handler_count = (size_t)PyList_Size(list);
    return 0;
}

static int fill_alerts(struct monitor *self, PyObject *list, afmon_options *options, afmon_alert_handler *to)
{
    for (Py_ssize_t i = 0; i < PyList_Size(list); i++) {
        PyObject *item = keep(self, list, i);
        if (item == NULL)
            return -1;
        to[i] = (afmon_alert_handler){.handle = give_alert, .user = item};
    }
    options->alert_handlers = to;
    options->alert_handler_count = (size_t)PyList_Size(list);
    return 0;
}

int handlers_fill(struct monitor *self, PyObject *metrics, PyObject *logs, PyObject *alerts, PyObject *usage,
                  afmon_options *options, struct handler_arrays *arrays)
{
    arrays->metrics = calloc((size_t)PyList_Size(metrics) + 1 + FEEDS_MAX, sizeof *arrays->metrics);
    arrays->logs = calloc((size_t)PyList_Size(logs) + 1 + FEEDS_MAX, sizeof *arrays->logs);
    arrays->alerts = calloc((size_t)PyList_Size(alerts) + 1 + FEEDS_MAX, sizeof *arrays->alerts);
    if (arrays->metrics == NULL || arrays->logs == NULL || arrays->alerts == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (fill_metrics(self, metrics, options, arrays->metrics) != 0 || fill_logs(self, logs, options, arrays->logs) != 0 ||
        fill_alerts(self, alerts, options, arrays->alerts) != 0)
        return -1;
    if (usage == Py_None)
        return 0;
    options->token_usage = (afmon_token_usage_handler){.handle = give_usage, .user = usage};
    return PyList_Append(self->callables, usage);
}

void handlers_free(struct handler_arrays *arrays)
{
    free(arrays->metrics);
    free(arrays->logs);
    free(arrays->alerts);
}
