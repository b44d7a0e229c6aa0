/* The type afmon._afmon.Live: a run that is followed while it grows. afmon.live lets one thread at a time in. */
#include "module.h"

struct live {
    PyObject_HEAD
    afmon_live *handle; /* NULL: closed */
};

/* NULL with an exception where it is closed. */
static afmon_live *handle_of(PyObject *object)
{
    afmon_live *handle = ((struct live *)object)->handle;
    if (handle == NULL)
        PyErr_SetString(PyExc_ValueError, "the follower is closed");
    return handle;
}

static PyObject *close_it(PyObject *object, PyObject *unused)
{
    struct live *self = (struct live *)object;
    afmon_live *handle = self->handle;
    (void)unused;
    self->handle = NULL;
    WITHOUT_GIL(afmon_live_close(handle));
    Py_RETURN_NONE;
}

static void deallocate(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    Py_DECREF(close_it(object, NULL));
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

static PyObject *wrap(afmon_live *handle)
{
    struct live *self = (struct live *)PyType_GenericAlloc((PyTypeObject *)afmon_python.live_type, 0);
    if (self == NULL)
        afmon_live_close(handle);
    else
        self->handle = handle;
    return (PyObject *)self;
}

PyObject *live_open(PyObject *module, PyObject *arguments)
{
    PyObject *given;
    const char *folder;
    afmon_live *handle = NULL;
    afmon_live_options options;
    struct rules rules = {NULL, NULL, 0};
    afmon_error error = {.status = AFMON_OK};
    (void)module;
    afmon_live_options_init(&options);
    if (!PyArg_ParseTuple(arguments, "ydO!", &folder, &options.stalled_after_s, &PyList_Type, &given))
        return NULL;
    if (rules_take(&rules, given) != 0) {
        rules_end(&rules);
        return NULL;
    }
    options.rules = rules.count > 0 ? rules.items : NULL;
    options.rule_count = rules.count;
    afmon_status status = afmon_live_open(folder, &options, &handle, &error);
    rules_end(&rules);
    return status == AFMON_OK ? wrap(handle) : raise_error(status, &error);
}

static PyObject *update(PyObject *object, PyObject *arguments)
{
    double budget;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    afmon_live *handle = handle_of(object);
    if (handle == NULL || !PyArg_ParseTuple(arguments, "d", &budget))
        return NULL;
    WITHOUT_GIL(status = afmon_live_update(handle, budget, &error));
    return status == AFMON_OK ? Py_NewRef(Py_None) : raise_error(status, &error);
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

typedef unsigned long long count_t;

static PyObject *plan_of(const afmon_live *handle)
{
    afmon_live_plan plan;
    afmon_live_get_plan(handle, &plan);
    if (!plan.known)
        return Py_NewRef(Py_None);
    return Py_BuildValue("(KKdddddK)", (count_t)plan.planned, (count_t)plan.done, plan.per_s, plan.eta_s,
                         plan.eta_p10_s, plan.eta_p90_s, plan.oldest_s, (count_t)plan.open);
}

static PyObject *get_info(PyObject *object, PyObject *unused)
{
    afmon_live_info info;
    afmon_live *handle = handle_of(object);
    (void)unused;
    if (handle == NULL)
        return NULL;
    afmon_live_get_info(handle, &info);
    return Py_BuildValue(
        "{sssdsKsKsKsKsKsKsLsLsLsnsnsnsKsN}", "state", afmon_live_state_name(info.state), "loaded", info.loaded, "revision",
        (count_t)info.revision, "restarts", (count_t)info.restarts, "sample_count", (count_t)info.sample_count, "not_finite",
        (count_t)info.not_finite, "problem_count", (count_t)info.problem_count, "log_line_count",
        (count_t)info.log_line_count, "first_ns", (long long)info.first_ns, "last_ns", (long long)info.last_ns, "now_ns",
        (long long)info.now_ns, "metric_count", (Py_ssize_t)info.metric_count, "file_count", (Py_ssize_t)info.file_count,
        "memory_bytes", (Py_ssize_t)info.memory_bytes, "recovered", (count_t)info.recovered, "plan", plan_of(handle));
}

static PyObject *metric_name(const void *live, size_t i)
{
    size_t length;
    const char *text = afmon_live_metric_name(live, i, &length);
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, "replace");
}

static PyObject *metric_names(PyObject *object, PyObject *unused)
{
    afmon_live_info info;
    afmon_live *handle = handle_of(object);
    (void)unused;
    if (handle == NULL)
        return NULL;
    afmon_live_get_info(handle, &info);
    return value_list(handle, info.metric_count, metric_name);
}

static PyObject *aggregate(PyObject *object, PyObject *arguments)
{
    const char *name;
    long long since, until;
    afmon_aggregate result;
    afmon_live *handle = handle_of(object);
    if (handle == NULL || !PyArg_ParseTuple(arguments, "sLL", &name, &since, &until))
        return NULL;
    afmon_status status = afmon_live_aggregate(handle, name, (afmon_window){since, until}, &result, NULL);
    return status == AFMON_OK ? value_aggregate(&result) : raise_status(status, "get_metrics");
}

static PyObject *text_of(const char *bytes, size_t length)
{
    return PyUnicode_DecodeUTF8(bytes, (Py_ssize_t)length, "replace");
}

static PyObject *rate(const void *rates, size_t i)
{
    const afmon_live_rate *r = (const afmon_live_rate *)rates + i;
    return Py_BuildValue("(NNKKddddddddddd)", text_of(r->name, r->name_length), text_of(r->component, r->component_length),
                         (count_t)r->calls, (count_t)r->failures, r->prompt_tokens, r->completion_tokens, r->total_tokens,
                         r->mean_s, r->p50_s, r->p95_s, r->calls_per_s, r->failures_per_s, r->prompt_tokens_per_s,
                         r->completion_tokens_per_s, r->total_tokens_per_s);
}

static PyObject *rates(PyObject *object, PyObject *arguments)
{
    enum { MOST = 512 }; /* more than are ever told apart */
    int operations;
    double window;
    size_t count = 0;
    afmon_live *handle = handle_of(object);
    if (handle == NULL || !PyArg_ParseTuple(arguments, "pd", &operations, &window))
        return NULL;
    afmon_live_rate *found = PyMem_Calloc(MOST, sizeof *found);
    if (found == NULL)
        return PyErr_NoMemory();
    afmon_status status = operations ? afmon_live_operations(handle, window, found, MOST, &count)
                                     : afmon_live_models(handle, window, found, MOST, &count);
    PyObject *list = status == AFMON_OK ? value_list(found, count < MOST ? count : MOST, rate)
                                        : raise_status(status, operations ? "operations" : "models");
    PyMem_Free(found);
    return list;
}

static int add_line(void *list, const afmon_live_log_line *line)
{
    PyObject *item = Py_BuildValue("(LsNN)", (long long)line->timestamp_ns, afmon_level_name(line->level),
                                   text_of(line->message, line->message_length), text_of(line->data, line->data_length));
    return value_append(list, item);
}

/* (level, routine, text or None, limit): the kept lines alone, so it is quick, and keeps the GIL. */
static PyObject *get_log(PyObject *object, PyObject *arguments)
{
    int level, routine;
    Py_ssize_t limit;
    afmon_live_log_query query = {.limit = 0};
    afmon_live *handle = handle_of(object);
    if (handle == NULL || !PyArg_ParseTuple(arguments, "ipzn", &level, &routine, &query.text, &limit))
        return NULL;
    query.level = (afmon_level)level;
    query.routine = routine != 0;
    query.limit = (size_t)limit;
    PyObject *list = PyList_New(0);
    if (list == NULL)
        return NULL;
    afmon_status status = afmon_live_log(handle, &query, add_line, list, NULL);
    if (status != AFMON_OK && !PyErr_Occurred())
        raise_status(status, "log");
    if (PyErr_Occurred())
        Py_CLEAR(list);
    return list;
}

static PyObject *summarize(PyObject *object, PyObject *unused)
{
    afmon_run_summary *summary = NULL;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    afmon_live *handle = handle_of(object);
    (void)unused;
    if (handle == NULL)
        return NULL;
    WITHOUT_GIL(status = afmon_live_summarize(handle, &summary, &error));
    return status == AFMON_OK ? value_summary(summary) : raise_error(status, &error);
}

static PyMethodDef methods[] = {
    {"close", close_it, METH_NOARGS, NULL},     {"update", update, METH_VARARGS, NULL},
    {"info", get_info, METH_NOARGS, NULL},      {"metric_names", metric_names, METH_NOARGS, NULL},
    {"aggregate", aggregate, METH_VARARGS, NULL}, {"rates", rates, METH_VARARGS, NULL},
    {"log", get_log, METH_VARARGS, NULL},
    {"summarize", summarize, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL},
};

int live_make_type(PyObject *module)
{
    static PyType_Slot slots[] = {{Py_tp_dealloc, deallocate}, {Py_tp_methods, methods}, {0, NULL}};
    static PyType_Spec spec = {.name = "afmon._afmon.Live",
                               .basicsize = sizeof(struct live),
                               .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               .slots = slots};
    afmon_python.live_type = PyType_FromModuleAndSpec(module, &spec, NULL);
    return afmon_python.live_type == NULL ? -1 : PyModule_AddObjectRef(module, "Live", afmon_python.live_type);
}
