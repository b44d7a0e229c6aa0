/* The type afmon._afmon.View: a run, live or recorded, as it was at one moment. */
#include <string.h>

#include "module.h"

PyObject *view_wrap(afmon_view *handle)
{
    struct view *self = (struct view *)PyType_GenericAlloc((PyTypeObject *)afmon_python.view_type, 0);
    if (self == NULL)
        afmon_view_close(handle);
    else
        self->handle = handle;
    return (PyObject *)self;
}

static void deallocate(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    afmon_view *handle = view_handle(object);
    WITHOUT_GIL(afmon_view_close(handle));
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

PyObject *view_open(PyObject *module, PyObject *arguments)
{
    PyObject *path;
    afmon_view *handle = NULL;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "O&", PyUnicode_FSConverter, &path))
        return NULL;
    const char *folder = PyBytes_AsString(path);
    WITHOUT_GIL(status = afmon_view_open(folder, NULL, &handle, &error));
    Py_DECREF(path);
    return status == AFMON_OK ? view_wrap(handle) : raise_error(status, &error);
}

static PyObject *get_info(PyObject *object, PyObject *unused)
{
    afmon_view_info info;
    (void)unused;
    afmon_view_get_info(view_handle(object), &info);
    return Py_BuildValue("{sKsKsnsLsLsnsnsnsKsO}", "sample_count", (unsigned long long)info.sample_count, "not_finite",
                         (unsigned long long)info.not_finite, "metric_count", (Py_ssize_t)info.metric_count, "first_ns",
                         (long long)info.first_ns, "last_ns", (long long)info.last_ns, "file_count",
                         (Py_ssize_t)info.file_count, "problem_count", (Py_ssize_t)info.problem_count, "log_alert_count",
                         (Py_ssize_t)info.log_alert_count, "recovered", (unsigned long long)info.recovered, "live",
                         info.live ? Py_True : Py_False);
}

static PyObject *metric_name(const void *view, size_t i)
{
    size_t length;
    const char *text = afmon_view_metric_name(view, i, &length);
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, "replace");
}

static PyObject *metric_names(PyObject *object, PyObject *unused)
{
    afmon_view_info info;
    (void)unused;
    afmon_view_get_info(view_handle(object), &info);
    return value_list(view_handle(object), info.metric_count, metric_name);
}

static PyObject *problem(const void *view, size_t i)
{
    return value_text(afmon_view_problem(view, i));
}

static PyObject *problems(PyObject *object, PyObject *unused)
{
    size_t count = 0;
    (void)unused;
    while (afmon_view_problem(view_handle(object), count) != NULL)
        count++;
    return value_list(view_handle(object), count, problem);
}

static PyObject *warning(const void *view, size_t i)
{
    return value_text(afmon_view_warning(view, i));
}

static PyObject *warnings(PyObject *object, PyObject *unused)
{
    size_t count = 0;
    (void)unused;
    while (afmon_view_warning(view_handle(object), count) != NULL)
        count++;
    return value_list(view_handle(object), count, warning);
}

static PyObject *aggregate(PyObject *object, PyObject *arguments)
{
    const char *name;
    long long since;
    long long until;
    afmon_aggregate result;
    afmon_status status;
    if (!PyArg_ParseTuple(arguments, "sLL", &name, &since, &until))
        return NULL;
    WITHOUT_GIL(status = afmon_view_aggregate(view_handle(object), name, (afmon_window){since, until}, &result));
    return status == AFMON_OK ? value_aggregate(&result) : raise_status(status, "get_metrics");
}

static PyObject *token_usage(PyObject *object, PyObject *arguments)
{
    long long since;
    long long until;
    afmon_token_usage usage = {0};
    afmon_status status;
    if (!PyArg_ParseTuple(arguments, "LL", &since, &until))
        return NULL;
    WITHOUT_GIL(status = afmon_view_token_usage(view_handle(object), (afmon_window){since, until}, &usage));
    PyObject *result =
        status == AFMON_OK ? value_usage(&usage) : raise_status(status, "get_total_token_usage");
    afmon_token_usage_free(&usage);
    return result;
}

/* ---- samples ---- */

#define SAMPLES_AT_ONCE 256 /* so many are made before others may have the GIL: to take it for each costs far more */

struct collection {
    PyObject *list;
    PyThreadState *state; /* NULL: the GIL is held */
    size_t count;
};

static PyObject *sample_value(const afmon_sample *sample)
{
    PyObject *metadata = fields_dict(sample->fields, sample->field_count);
    PyObject *name = PyUnicode_DecodeUTF8(sample->metric, (Py_ssize_t)sample->metric_length, "replace");
    if (metadata == NULL || name == NULL) {
        Py_XDECREF(metadata);
        Py_XDECREF(name);
        return NULL;
    }
    return Py_BuildValue("(NLdN)", name, (long long)sample->timestamp_ns, sample->value, metadata);
}

/* The library holds no lock in this call. */
static int collect(void *user, const afmon_sample *sample)
{
    struct collection *collection = user;
    if (collection->state != NULL)
        PyEval_RestoreThread(collection->state);
    collection->state = NULL;
    int failed = value_append(collection->list, sample_value(sample));
    if (++collection->count % SAMPLES_AT_ONCE == 0)
        collection->state = PyEval_SaveThread();
    return failed;
}

static PyObject *samples(PyObject *object, PyObject *arguments)
{
    const char *name;
    long long since;
    long long until;
    if (!PyArg_ParseTuple(arguments, "zLL", &name, &since, &until))
        return NULL;
    struct collection collection = {.list = PyList_New(0)};
    if (collection.list == NULL)
        return NULL;
    collection.state = PyEval_SaveThread();
    afmon_status status =
        afmon_view_each(view_handle(object), name, (afmon_window){since, until}, collect, &collection);
    if (collection.state != NULL)
        PyEval_RestoreThread(collection.state);
    if (status == AFMON_OK)
        return collection.list;
    Py_DECREF(collection.list);
    return PyErr_Occurred() ? NULL : raise_status(status, "samples");
}

/* ---- exports ---- */

static PyObject *export_to(PyObject *object, PyObject *arguments)
{
    PyObject *path;
    const char *format;
    long long since;
    long long until;
    afmon_error error = {.status = AFMON_OK};
    afmon_export_options options;
    afmon_status status;
    if (!PyArg_ParseTuple(arguments, "O&sLL", PyUnicode_FSConverter, &path, &format, &since, &until))
        return NULL;
    afmon_export_options_init(&options);
    options.window = (afmon_window){since, until};
    const char *target = PyBytes_AsString(path);
    WITHOUT_GIL(status = afmon_export(view_handle(object), target, format, &options, &error));
    Py_DECREF(path);
    return status == AFMON_OK ? Py_NewRef(Py_None) : raise_error(status, &error);
}

/* ---- alert rules ---- */

static PyObject *span_at(const void *spans, size_t i)
{
    return value_span((const afmon_alert_span *)spans + i);
}

static PyObject *check(PyObject *object, PyObject *arguments)
{
    PyObject *given;
    afmon_alert_limits limits;
    afmon_alert_span spans[AFMON_ALERT_RULES];
    size_t count = 0;
    double interval;
    afmon_status status;
    if (!PyArg_ParseTuple(arguments, "O!d", &PyTuple_Type, &given, &interval) || take_limits(given, &limits) != 0)
        return NULL;
    WITHOUT_GIL(status = afmon_view_check(view_handle(object), &limits, interval, spans, &count));
    if (status != AFMON_OK) return raise_status(status, "check");
    return value_list(spans, count, span_at);
}

static PyMethodDef methods[] = {
    {"info", get_info, METH_NOARGS, NULL},         {"metric_names", metric_names, METH_NOARGS, NULL},
    {"warnings", warnings, METH_NOARGS, NULL},
    {"problems", problems, METH_NOARGS, NULL},     {"aggregate", aggregate, METH_VARARGS, NULL},
    {"token_usage", token_usage, METH_VARARGS, NULL}, {"samples", samples, METH_VARARGS, NULL},
    {"export", export_to, METH_VARARGS, NULL},     {"check", check, METH_VARARGS, NULL},
    {"visualize", view_visualize, METH_VARARGS, NULL}, {"draw", view_draw, METH_VARARGS, NULL},
    {"arrow_stream", view_arrow_stream, METH_VARARGS, NULL},
    {"check_rules", view_check_rules, METH_VARARGS, NULL},
    {"prometheus_text", view_prometheus_text, METH_VARARGS, NULL},
    {"report", view_report, METH_VARARGS, NULL},   {"summarize", view_summarize, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

int view_make_type(PyObject *module)
{
    static PyType_Slot slots[] = {{Py_tp_dealloc, deallocate}, {Py_tp_methods, methods}, {0, NULL}};
    static PyType_Spec spec = {.name = "afmon._afmon.View",
                               .basicsize = sizeof(struct view),
                               .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               .slots = slots};
    afmon_python.view_type = PyType_FromModuleAndSpec(module, &spec, NULL);
    return afmon_python.view_type == NULL ? -1 : PyModule_AddObjectRef(module, "View", afmon_python.view_type);
}
