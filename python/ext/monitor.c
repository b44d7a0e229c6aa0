/* The type afmon._afmon.Monitor: life, queries. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "module.h"

static PyObject *new_monitor(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    (void)arguments;
    (void)keywords;
    struct monitor *self = (struct monitor *)PyType_GenericAlloc(type, 0);
    if (self == NULL)
        return NULL;
    self->names = PyDict_New();
    self->callables = PyList_New(0);
    if (self->names == NULL || self->callables == NULL)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static int traverse(PyObject *object, visitproc visit, void *arg)
{
    struct monitor *self = (struct monitor *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->names);
    Py_VISIT(self->callables);
    Py_VISIT(self->current_item);
    return 0;
}

/* Garbage is shut down first (finalize), so no thread calls the callables any more. */
static int clear(PyObject *object)
{
    struct monitor *self = (struct monitor *)object;
    if (self->shut)
        Py_CLEAR(self->callables);
    Py_CLEAR(self->names);
    Py_CLEAR(self->current_item);
    return 0;
}

static afmon_status shut_down(struct monitor *self, afmon_close_report *report)
{
    afmon_status status;
    WITHOUT_GIL(status = afmon_monitor_shutdown(self->handle, report));
    self->shut = status == AFMON_OK;
    return status;
}

/* The last reference was dropped by one of its own handlers, which cannot wait for its own end: another thread can. */
static void hand_over(struct monitor *self)
{
    struct monitor *heir = (struct monitor *)new_monitor((PyTypeObject *)afmon_python.monitor_type, NULL, NULL);
    if (heir == NULL)
        return;
    heir->handle = self->handle;
    Py_CLEAR(heir->callables);
    heir->callables = self->callables;
    self->handle = NULL;
    self->callables = NULL;
    Py_XDECREF(PyObject_CallFunctionObjArgs(afmon_python.close_later, heir, NULL));
    Py_DECREF(heir);
}

static void finalize(PyObject *object)
{
    struct monitor *self = (struct monitor *)object;
    PyObject *type;
    PyObject *value;
    PyObject *trace;
    PyErr_Fetch(&type, &value, &trace);
    if (self->handle != NULL && !self->shut && shut_down(self, NULL) == AFMON_E_DEADLOCK)
        hand_over(self);
    if (PyErr_Occurred())
        PyErr_WriteUnraisable(object);
    PyErr_Restore(type, value, trace);
}

static void deallocate(PyObject *object)
{
    struct monitor *self = (struct monitor *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    afmon_monitor *handle = self->handle;
    self->handle = NULL;
    if (handle != NULL)
        WITHOUT_GIL(afmon_monitor_close(handle, NULL));
    Py_CLEAR(self->callables);
    Py_CLEAR(self->names);
    Py_CLEAR(self->current_item);
    hot_free(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

/* ---- opening ---- */

/* None: the built-in ones. */
static int take_rules(PyObject *list, struct rules *rules, afmon_options *options)
{
    if (list == Py_None)
        return 0;
    if (rules_take(rules, list) != 0)
        return -1;
    options->rules = rules->items;
    options->rule_count = rules->count;
    return 0;
}

/* Pairs of texts, which the list keeps; more of them than there may be are only counted, and refused by their number. */
static int take_tags(PyObject *list, afmon_tag *tags, afmon_options *options)
{
    Py_ssize_t count = PyList_Size(list);
    for (Py_ssize_t i = 0; i < count && i < AFMON_TAGS_MAX; i++)
        if (!PyArg_ParseTuple(PyList_GetItem(list, i), "ss", &tags[i].key, &tags[i].value))
            return -1;
    options->tags = tags;
    options->tag_count = (size_t)count;
    return 0;
}

static int parse_options(struct monitor *self, PyObject *arguments, afmon_options *options,
                         struct handler_arrays *arrays, struct rules *rules, afmon_tag *tags)
{
    PyObject *rule_list;
    PyObject *feeds;
    PyObject *metrics;
    PyObject *logs;
    PyObject *alerts;
    PyObject *usage;
    PyObject *tag_list;
    Py_ssize_t max_memory;
    Py_ssize_t ring_bytes;
    int drop;
    int item_alerts;
    int progress;
    double max_cost; /* not a number: not given */
    afmon_alert_limits *limits = &options->limits;
    if (!PyArg_ParseTuple(arguments, "zO!O!O!dd(ddddddd)OdnnpzOOzzzzO!pzzdi", &options->log_dir, &PyList_Type, &metrics, &PyList_Type,
                          &logs, &PyList_Type, &alerts, &options->metrics_interval_s, &options->shutdown_timeout_s,
                          &limits->min_success_rate, &limits->max_generation_time_s, &limits->max_error_rate,
                          &limits->max_prompt_token_mean, &limits->max_completion_token_mean,
                          &limits->max_total_token_mean, &limits->max_conversation_length_mean, &usage,
                          &options->token_usage_interval_s, &max_memory, &ring_bytes, &drop,
                          &options->rules_file, &rule_list, &feeds, &options->prometheus_listen,
                          &options->prometheus_token_file, &options->name, &options->note, &PyList_Type, &tag_list,
                          &item_alerts, &options->data_set, &options->prices_file, &max_cost,
                          &progress))
        return -1;
    if (!isnan(max_cost))
        options->max_cost_usd = AFMON_GIVEN(max_cost);
    options->max_memory = max_memory < 0 ? 0 : (size_t)max_memory;
    options->ring_bytes = ring_bytes < 0 ? 0 : (size_t)ring_bytes;
    options->item_alerts = item_alerts != 0;
    options->progress = (afmon_progress_kind)progress;
    options->on_full = drop ? AFMON_FULL_DROP : AFMON_FULL_WAIT;
    options->host = host_hooks();
    if (take_tags(tag_list, tags, options) != 0 || take_rules(rule_list, rules, options) != 0 ||
        handlers_fill(self, metrics, logs, alerts, usage, options, arrays) != 0)
        return -1;
    return feeds_add(feeds, options, arrays);
}

static PyObject *open_it(PyObject *object, PyObject *arguments)
{
    struct monitor *self = (struct monitor *)object;
    struct handler_arrays arrays = {NULL, NULL, NULL};
    struct rules rules = {NULL, NULL, 0};
    afmon_tag tags[AFMON_TAGS_MAX];
    afmon_options options;
    afmon_error error = {.status = AFMON_OK};
    if (self->handle != NULL)
        return PyErr_Format(PyExc_RuntimeError, "the monitor is open already");
    afmon_options_init(&options);
    afmon_status status = AFMON_E_ARGUMENT;
    if (parse_options(self, arguments, &options, &arrays, &rules, tags) == 0)
        WITHOUT_GIL(status = afmon_monitor_open(&options, &self->handle, &error));
    else
        feeds_drop(&options);
    rules_end(&rules);
    handlers_free(&arrays);
    if (PyErr_Occurred())
        return NULL;
    return status == AFMON_OK ? Py_NewRef(Py_None) : raise_error(status, &error);
}

static PyObject *path_of(const char *path)
{
    return path == NULL ? Py_NewRef(Py_None) : PyUnicode_DecodeFSDefault(path);
}

static PyObject *log_dir(PyObject *object, PyObject *unused)
{
    struct monitor *self = (struct monitor *)object;
    (void)unused;
    return monitor_is_open(self) ? path_of(afmon_monitor_log_dir(self->handle)) : NULL;
}

static PyObject *metrics_file(PyObject *object, PyObject *unused)
{
    struct monitor *self = (struct monitor *)object;
    const char *path;
    (void)unused;
    if (!monitor_is_open(self))
        return NULL;
    WITHOUT_GIL(path = afmon_monitor_metrics_file(self->handle));
    return path_of(path);
}

static PyObject *shutdown_it(PyObject *object, PyObject *unused)
{
    struct monitor *self = (struct monitor *)object;
    afmon_close_report report;
    (void)unused;
    if (!monitor_is_open(self))
        return NULL;
    afmon_status status = shut_down(self, &report);
    return status == AFMON_OK ? value_report(&report) : raise_status(status, "shutdown");
}

static PyObject *flush(PyObject *object, PyObject *arguments)
{
    struct monitor *self = (struct monitor *)object;
    double timeout;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    if (!PyArg_ParseTuple(arguments, "d", &timeout) || !monitor_is_open(self))
        return NULL;
    WITHOUT_GIL(status = afmon_monitor_flush(self->handle, timeout, &error));
    if (status == AFMON_OK)
        Py_RETURN_NONE;
    return error.message[0] != '\0' ? raise_error(status, &error) : raise_status(status, "flush");
}

/* ---- asking ---- */

static PyObject *aggregate(PyObject *object, PyObject *arguments)
{
    struct monitor *self = (struct monitor *)object;
    const char *name;
    double window;
    PyObject *metadata;
    struct fields where;
    PyObject *found = NULL;
    if (!PyArg_ParseTuple(arguments, "sdO", &name, &window, &metadata) || !monitor_is_open(self))
        return NULL;
    fields_begin(&where);
    if (fields_add_mapping(&where, metadata) == 0) {
        afmon_aggregate result;
        afmon_status status;
        WITHOUT_GIL(status =
                        afmon_get_metrics_where(self->handle, name, window, where.items, where.count, &result));
        found = status == AFMON_OK ? value_aggregate(&result) : raise_status(status, "get_metrics");
    }
    fields_end(&where);
    return found;
}

static PyObject *token_usage(PyObject *object, PyObject *arguments)
{
    struct monitor *self = (struct monitor *)object;
    double window;
    afmon_token_usage usage = {0};
    afmon_status status;
    if (!PyArg_ParseTuple(arguments, "d", &window) || !monitor_is_open(self))
        return NULL;
    WITHOUT_GIL(status = afmon_get_total_token_usage(self->handle, window, &usage));
    PyObject *result = status == AFMON_OK ? value_usage(&usage) : raise_status(status, "get_total_token_usage");
    afmon_token_usage_free(&usage);
    return result;
}

static PyObject *alert_at(const void *alerts, size_t i)
{
    return value_alert((const afmon_alert *)alerts + i);
}

static PyObject *check_alerts(PyObject *object, PyObject *unused)
{
    struct monitor *self = (struct monitor *)object;
    size_t count = 0;
    afmon_status status;
    (void)unused;
    if (!monitor_is_open(self))
        return NULL;
    afmon_alert *alerts = calloc(AFMON_MOST_RULES, sizeof *alerts);
    if (alerts == NULL)
        return PyErr_NoMemory();
    WITHOUT_GIL(status = afmon_check_alerts(self->handle, alerts, AFMON_MOST_RULES, &count));
    PyObject *list = status == AFMON_OK ? value_list(alerts, count, alert_at) : raise_status(status, "check_alerts");
    free(alerts);
    return list;
}

static PyObject *may_spend(PyObject *object, PyObject *arguments)
{
    struct monitor *self = (struct monitor *)object;
    double usd;
    bool may;
    if (!PyArg_ParseTuple(arguments, "d", &usd) || !monitor_is_open(self))
        return NULL;
    WITHOUT_GIL(may = afmon_may_spend(self->handle, usd));
    return PyBool_FromLong(may);
}

static PyObject *progress_line(PyObject *object, PyObject *unused)
{
    struct monitor *self = (struct monitor *)object;
    char line[1024];
    (void)unused;
    if (!monitor_is_open(self))
        return NULL;
    WITHOUT_GIL(afmon_monitor_progress_line(self->handle, line, sizeof line));
    return PyUnicode_DecodeUTF8(line, (Py_ssize_t)strlen(line), "replace");
}

static PyObject *plan(PyObject *object, PyObject *arguments)
{
    struct monitor *self = (struct monitor *)object;
    const char *kind;
    unsigned long long total;
    unsigned long long done;
    int accepted;
    afmon_status status;
    if (!PyArg_ParseTuple(arguments, "sKKp", &kind, &total, &done, &accepted) || !monitor_is_open(self))
        return NULL;
    WITHOUT_GIL(status = afmon_monitor_plan(self->handle, kind, total, done, accepted != 0));
    return status == AFMON_OK ? Py_NewRef(Py_None) : raise_status(status, "plan");
}

static PyObject *save_metrics(PyObject *object, PyObject *unused)
{
    struct monitor *self = (struct monitor *)object;
    char path[4096];
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    (void)unused;
    if (!monitor_is_open(self))
        return NULL;
    WITHOUT_GIL(status = afmon_save_metrics(self->handle, path, sizeof path, &error));
    return status == AFMON_OK ? path_of(path) : raise_error(status, &error);
}

static PyObject *stats(PyObject *object, PyObject *unused)
{
    struct monitor *self = (struct monitor *)object;
    afmon_stats result;
    afmon_status status;
    (void)unused;
    if (!monitor_is_open(self))
        return NULL;
    WITHOUT_GIL(status = afmon_monitor_stats(self->handle, &result));
    return status == AFMON_OK ? value_stats(&result) : raise_status(status, "stats");
}

static PyObject *view(PyObject *object, PyObject *unused)
{
    struct monitor *self = (struct monitor *)object;
    afmon_view *result = NULL;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    (void)unused;
    if (!monitor_is_open(self))
        return NULL;
    WITHOUT_GIL(status = afmon_monitor_view(self->handle, &result, &error));
    return status == AFMON_OK ? view_wrap(result) : raise_error(status, &error);
}

static PyMethodDef methods[] = {
    {"record_metric", (PyCFunction)(void (*)(void))monitor_record_metric, METH_FASTCALL | METH_KEYWORDS,
     "record_metric($self, metric_name, value, metadata=None)\n--\n\n"
     "Record one sample. value is a number, metadata a dict of anything; see docs/afterimage.md for what becomes of it.\n"
     "Takes well under a microsecond. What cannot be recorded (after shutdown, ...) is counted and warned of once."},
    {"track_generation", (PyCFunction)(void (*)(void))monitor_track_generation, METH_FASTCALL | METH_KEYWORDS,
     "track_generation($self, duration, success, **kwargs)\n--\n\n"
     "Record one call of a model: duration in seconds, success, and by keyword what is known of prompt_token_count,\n"
     "completion_token_count, total_token_count, cached_token_count, reasoning_token_count, cache_write_token_count,\n"
     "time_to_first_token (seconds), output_tokens_per_second, cost_usd, conversation_length, model_name, finish_reason, error (a\n"
     "text or an exception), error_type, http_status. All other keywords are metadata of every sample of the call, and so\n"
     "are the items of metadata=, where that is a dict."},
    {"track_evaluation", (PyCFunction)(void (*)(void))monitor_track_evaluation, METH_FASTCALL | METH_KEYWORDS,
     "track_evaluation($self, duration, success, evaluator_type, scores, **kwargs)\n--\n\n"
     "Record one evaluation. scores maps names to numbers, to pairs of number and feedback, or to dicts of \"score\"\n"
     "and \"feedback\". Keywords as for track_generation."},
    {"_use_items", monitor_use_items, METH_O, NULL},
    {"_current_item", monitor_current_item, METH_NOARGS, NULL},
    {"_log", monitor_log, METH_VARARGS, NULL},
    {"_open", open_it, METH_VARARGS, NULL},
    {"_log_dir", log_dir, METH_NOARGS, NULL},
    {"_metrics_file", metrics_file, METH_NOARGS, NULL},
    {"_shutdown", shutdown_it, METH_NOARGS, NULL},
    {"_flush", flush, METH_VARARGS, NULL},
    {"_aggregate", aggregate, METH_VARARGS, NULL},
    {"_token_usage", token_usage, METH_VARARGS, NULL},
    {"_check_alerts", check_alerts, METH_NOARGS, NULL},
    {"_prometheus_text", monitor_prometheus_text, METH_VARARGS, NULL},
    {"_prometheus_url", monitor_prometheus_url, METH_NOARGS, NULL},
    {"_may_spend", may_spend, METH_VARARGS, NULL},
    {"_plan", plan, METH_VARARGS, NULL},
    {"_progress_line", progress_line, METH_NOARGS, NULL},
    {"_save_metrics", save_metrics, METH_NOARGS, NULL},
    {"_stats", stats, METH_NOARGS, NULL},
    {"_view", view, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

int monitor_make_type(PyObject *module)
{
    static PyType_Slot slots[] = {
        {Py_tp_new, new_monitor}, {Py_tp_dealloc, deallocate}, {Py_tp_traverse, traverse},
        {Py_tp_clear, clear},     {Py_tp_finalize, finalize},  {Py_tp_methods, methods},
        {0, NULL},
    };
    static PyType_Spec spec = {.name = "afmon._afmon.Monitor",
                               .basicsize = sizeof(struct monitor),
                               .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
                               .slots = slots};
    afmon_python.monitor_type = PyType_FromModuleAndSpec(module, &spec, NULL);
    return afmon_python.monitor_type == NULL
               ? -1
               : PyModule_AddObjectRef(module, "Monitor", afmon_python.monitor_type);
}
