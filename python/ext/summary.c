/* The run summary as a dict: the names of afmon_run_summary. */
#include "module.h"

typedef unsigned long long count_t; /* of "K" */

static PyObject *distribution(const afmon_distribution *d)
{
    return Py_BuildValue("{sKsKsdsdsdsdsdsdsdsd}", "count", (count_t)d->count, "not_finite", (count_t)d->not_finite, "mean",
                         d->mean, "min", d->min, "max", d->max, "p50", d->p50, "p90", d->p90, "p95", d->p95, "p99", d->p99,
                         "quantile_error", d->quantile_error);
}

/* ---- lists: each item of the summary by its place ---- */

static PyObject *reason(const void *from, size_t i)
{
    const afmon_run_summary *summary = from;
    return value_text(summary->reasons[i].text);
}

static PyObject *warning(const void *from, size_t i)
{
    const afmon_run_summary *summary = from;
    return value_text(summary->warnings[i].text);
}

static PyObject *error_item(const void *from, size_t i)
{
    const afmon_run_summary *summary = from;
    const afmon_error_summary *e = &summary->errors[i];
    return Py_BuildValue("{sNsKsKsKsd}", "error_type", value_text(e->error_type), "generations", (count_t)e->generations,
                         "evaluations", (count_t)e->evaluations, "retries", (count_t)e->retries, "share", e->share);
}

static PyObject *finish(const void *from, size_t i)
{
    const afmon_run_summary *summary = from;
    const afmon_finish_summary *f = &summary->finishes[i];
    return Py_BuildValue("{sNsKsd}", "reason", value_text(f->reason), "count", (count_t)f->count, "share", f->share);
}

static PyObject *model(const void *from, size_t i)
{
    const afmon_run_summary *summary = from;
    const afmon_model_summary *m = &summary->models[i];
    return Py_BuildValue("{sNsKsKsKsKsd}", "model_name", value_text(m->model_name), "calls", (count_t)m->calls, "prompt_tokens",
                         (count_t)m->prompt_tokens, "completion_tokens", (count_t)m->completion_tokens, "total_tokens",
                         (count_t)m->total_tokens, "share", m->share);
}

static PyObject *operation(const void *from, size_t i)
{
    const afmon_run_summary *summary = from;
    const afmon_operation_summary *o = &summary->operations[i];
    return Py_BuildValue("{sNsNsOsKsKsKsKsKsN}", "component", value_text(o->component), "operation", value_text(o->operation),
                         "evaluation", o->evaluation ? Py_True : Py_False, "count", (count_t)o->count, "failures",
                         (count_t)o->failures, "prompt_tokens", (count_t)o->prompt_tokens, "completion_tokens",
                         (count_t)o->completion_tokens, "total_tokens", (count_t)o->total_tokens, "duration_s",
                         distribution(&o->duration_s));
}

static PyObject *score(const void *from, size_t i)
{
    const afmon_run_summary *summary = from;
    const afmon_score_summary *s = &summary->scores[i];
    return Py_BuildValue("{sNsNsN}", "evaluator_type", value_text(s->evaluator_type), "name", value_text(s->name), "score",
                         distribution(&s->score));
}

static PyObject *alert(const void *from, size_t i)
{
    const afmon_run_summary *summary = from;
    return value_span(&summary->alerts[i]);
}

/* ---- the whole ---- */

static PyObject *facts(const afmon_run_summary *s)
{
    return Py_BuildValue("{sssLsLsdsKsKsnsnsO}", "verdict", afmon_verdict_name(s->verdict), "first_ns",
                         (long long)s->first_ns, "last_ns", (long long)s->last_ns, "duration_s", s->duration_s,
                         "sample_count", (count_t)s->sample_count, "not_finite", (count_t)s->not_finite, "metric_count",
                         (Py_ssize_t)s->metric_count, "file_count", (Py_ssize_t)s->file_count, "live",
                         s->live ? Py_True : Py_False);
}

static PyObject *figures(const afmon_run_summary *s)
{
    return Py_BuildValue(
        "{sKsKsKsKsKsKsKsdsdsKsKsKsNsNsN}", "generations", (count_t)s->generations, "generation_failures",
        (count_t)s->generation_failures, "evaluations", (count_t)s->evaluations, "evaluation_failures",
        (count_t)s->evaluation_failures, "retries", (count_t)s->retries, "recent_generations",
        (count_t)s->recent_generations, "recent_failures", (count_t)s->recent_failures, "generations_per_s",
        s->generations_per_s, "tokens_per_s", s->tokens_per_s, "prompt_tokens", (count_t)s->prompt_tokens,
        "completion_tokens", (count_t)s->completion_tokens, "total_tokens", (count_t)s->total_tokens, "generation_time_s",
        distribution(&s->generation_time_s), "evaluation_time_s", distribution(&s->evaluation_time_s),
        "conversation_length", distribution(&s->conversation_length));
}

static PyObject *lists(const afmon_run_summary *s)
{
    return Py_BuildValue("{sNsNsNsNsNsNsNsN}", "reasons", value_list(s, s->reason_count, reason), "warnings",
                         value_list(s, s->warning_count, warning), "errors", value_list(s, s->error_count, error_item),
                         "finishes", value_list(s, s->finish_count, finish), "models", value_list(s, s->model_count, model),
                         "operations", value_list(s, s->operation_count, operation), "scores",
                         value_list(s, s->score_count, score), "alerts", value_list(s, s->alert_count, alert));
}

/* Adds a dict, whose reference it takes, to another. */
static int join(PyObject *whole, PyObject *part)
{
    int failed = part == NULL || PyDict_Update(whole, part) != 0;
    Py_XDECREF(part);
    return failed ? -1 : 0;
}

PyObject *value_summary(afmon_run_summary *summary)
{
    PyObject *whole = facts(summary);
    if (whole != NULL && (join(whole, figures(summary)) != 0 || join(whole, lists(summary)) != 0))
        Py_CLEAR(whole);
    afmon_run_summary_free(summary);
    return whole;
}

PyObject *view_summarize(PyObject *object, PyObject *arguments)
{
    PyObject *limits;
    afmon_summary_options options;
    afmon_run_summary *summary = NULL;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    afmon_summary_options_init(&options);
    if (!PyArg_ParseTuple(arguments, "O!", &PyTuple_Type, &limits) || take_limits(limits, &options.limits) != 0)
        return NULL;
    WITHOUT_GIL(status = afmon_view_summarize(view_handle(object), &options, &summary, &error));
    return status == AFMON_OK ? value_summary(summary) : raise_error(status, &error);
}
