/* Results of the library as plain Python objects. */
#include <string.h>

#include "module.h"

PyObject *value_text(const char *bytes)
{
    return PyUnicode_DecodeUTF8(bytes, (Py_ssize_t)strlen(bytes), "replace");
}

int value_append(PyObject *list, PyObject *item)
{
    int failed = item == NULL || PyList_Append(list, item) != 0;
    Py_XDECREF(item);
    return failed ? -1 : 0;
}

PyObject *value_list(const void *from, size_t count, value_make *make)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < count; i++)
        if (value_append(list, make(from, i)) != 0)
            Py_CLEAR(list);
    return list;
}

PyObject *value_aggregate(const afmon_aggregate *a)
{
    return Py_BuildValue("{sdsdsdsKsdsdsdsdsdsKsOsOsO}", "mean", a->mean, "min", a->min, "max", a->max, "count",
                         (unsigned long long)a->count, "sum", a->sum, "stddev", a->stddev, "p50", a->p50, "p90", a->p90,
                         "p99", a->p99, "not_finite", (unsigned long long)a->not_finite, "known",
                         a->known ? Py_True : Py_False, "partial", a->partial ? Py_True : Py_False, "approximate",
                         a->approximate ? Py_True : Py_False);
}

static PyObject *model_usage(const void *usage, size_t i)
{
    const afmon_model_usage *model = &((const afmon_token_usage *)usage)->models[i];
    return Py_BuildValue("(NKKK)", value_text(model->model_name), (unsigned long long)model->prompt_tokens,
                         (unsigned long long)model->completion_tokens, (unsigned long long)model->total_tokens);
}

PyObject *value_usage(const afmon_token_usage *usage)
{
    return value_list(usage, usage->model_count, model_usage);
}

PyObject *value_alert(const afmon_alert *alert)
{
    const afmon_aggregate *a = &alert->data;
    return Py_BuildValue("(NNsLNdsNdL{sdsdsdsKsdsd})", value_text(alert->name), value_text(alert->message),
                         afmon_level_name(alert->level), (long long)alert->timestamp_ns, value_text(alert->metric),
                         alert->limit, afmon_alert_state_name(alert->state), value_text(alert->aggregate), alert->value,
                         (long long)alert->since_ns, "mean", a->mean, "min", a->min, "max", a->max, "count",
                         (unsigned long long)a->count, "sum", a->sum, "stddev", a->stddev);
}

PyObject *value_span(const afmon_alert_span *span)
{
    PyObject *worst = value_alert(&span->worst);
    return worst == NULL ? NULL
                         : Py_BuildValue("(NLLKK)", worst, (long long)span->first_ns, (long long)span->last_ns,
                                         (unsigned long long)span->passes_held, (unsigned long long)span->passes);
}

PyObject *value_drops(const afmon_drops *d)
{
    return Py_BuildValue("{sKsKsKsKsKsK}", "full", (unsigned long long)d->full, "unwritable",
                         (unsigned long long)d->unwritable, "too_big", (unsigned long long)d->too_big, "no_memory",
                         (unsigned long long)d->no_memory, "shutdown", (unsigned long long)d->shutdown, "closed", (unsigned long long)d->closed);
}

PyObject *value_report(const afmon_close_report *r)
{
    return Py_BuildValue("{sKsKsKsKsNsKsKsOsN}", "samples_recorded", (unsigned long long)r->samples_recorded,
                         "samples_written", (unsigned long long)r->samples_written, "logs_recorded",
                         (unsigned long long)r->logs_recorded, "logs_written", (unsigned long long)r->logs_written,
                         "dropped", value_drops(&r->dropped), "handler_missed", (unsigned long long)r->handler_missed,
                         "handler_lost", (unsigned long long)r->handler_lost, "drained", r->drained ? Py_True : Py_False, "last_error", value_text(r->last_error.message));
}

static PyObject *handler(const void *stats, size_t i)
{
    const afmon_handler_stats *h = &((const afmon_stats *)stats)->handlers[i];
    return Py_BuildValue("{sNsKsKsKsKsKsd}", "name", value_text(h->name), "handled", (unsigned long long)h->handled,
                         "failed", (unsigned long long)h->failed, "missed", (unsigned long long)h->missed, "lost",
                         (unsigned long long)h->lost, "waiting", (unsigned long long)h->waiting, "lag_s", h->lag_s);
}

static PyObject *handlers_of(const afmon_stats *stats)
{
    size_t count = stats->handler_count;
    return value_list(stats, count < AFMON_HANDLER_STATS ? count : AFMON_HANDLER_STATS, handler);
}

PyObject *value_stats(const afmon_stats *s)
{
    return Py_BuildValue(
        "{sKsKsKsKsKsKsNsKsdsKsKsKsKsKsKsKsdsdsKsKsNsN}", "samples_recorded", (unsigned long long)s->samples_recorded,
        "samples_written", (unsigned long long)s->samples_written, "logs_recorded", (unsigned long long)s->logs_recorded,
        "logs_written", (unsigned long long)s->logs_written, "samples_queued", (unsigned long long)s->samples_queued,
        "bytes_queued", (unsigned long long)s->bytes_queued, "dropped", value_drops(&s->dropped), "ring_waits",
        (unsigned long long)s->ring_waits, "ring_wait_s", s->ring_wait_s, "rings", (unsigned long long)s->rings, "series",
        (unsigned long long)s->series, "samples_in_memory", (unsigned long long)s->samples_in_memory, "samples_evicted",
        (unsigned long long)s->samples_evicted, "bytes_in_memory", (unsigned long long)s->bytes_in_memory, "not_finite",
        (unsigned long long)s->not_finite, "write_errors", (unsigned long long)s->write_errors, "cpu_time_s",
        s->cpu_time_s, "record_cost_s", s->record_cost_s, "processes", (unsigned long long)s->processes,
        "processes_left_out", (unsigned long long)s->processes_left_out, "handlers", handlers_of(s), "last_error",
        value_text(s->last_error.message));
}
