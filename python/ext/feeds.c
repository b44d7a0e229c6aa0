/* What sends on: the library's own handlers, and what Prometheus scrapes. */
#include <stdlib.h>
#include <string.h>

#include "module.h"

/* ---- handlers ---- */

/* The functions may look up names and read files: not with the GIL held. */
static int add_otlp(PyObject *given, afmon_options *options, struct handler_arrays *arrays)
{
    afmon_otlp_options otlp;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status = AFMON_OK;
    Py_ssize_t max_memory;
    int metrics;
    int logs;
    afmon_otlp_options_init(&otlp);
    if (!PyArg_ParseTuple(given, "szzzddnpp", &otlp.endpoint, &otlp.headers_env, &otlp.ca_file, &otlp.service_name,
                          &otlp.interval_s, &otlp.timeout_s, &max_memory, &metrics, &logs))
        return -1;
    otlp.max_memory = (size_t)max_memory;
    if (metrics) {
        WITHOUT_GIL(status = afmon_otlp_metric_handler(&otlp, &arrays->metrics[options->metric_handler_count], &error));
        options->metric_handler_count += status == AFMON_OK;
    }
    if (status == AFMON_OK && logs) {
        WITHOUT_GIL(status = afmon_otlp_log_handler(&otlp, &arrays->logs[options->log_handler_count], &error));
        options->log_handler_count += status == AFMON_OK;
    }
    return status == AFMON_OK ? 0 : (raise_error(status, &error), -1);
}

static int add_statsd(PyObject *given, afmon_options *options, struct handler_arrays *arrays)
{
    afmon_statsd_options statsd;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    Py_ssize_t max_packet;
    int dogstatsd;
    afmon_statsd_options_init(&statsd);
    if (!PyArg_ParseTuple(given, "sszpn", &statsd.address, &statsd.prefix, &statsd.tags, &dogstatsd, &max_packet))
        return -1;
    statsd.dogstatsd = dogstatsd != 0;
    statsd.max_packet = (size_t)max_packet;
    WITHOUT_GIL(status = afmon_statsd_handler(&statsd, &arrays->metrics[options->metric_handler_count], &error));
    options->metric_handler_count += status == AFMON_OK;
    return status == AFMON_OK ? 0 : (raise_error(status, &error), -1);
}

static int add_webhook(PyObject *given, afmon_options *options, struct handler_arrays *arrays)
{
    afmon_webhook_options webhook;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    afmon_webhook_options_init(&webhook);
    if (!PyArg_ParseTuple(given, "zzzzd", &webhook.url, &webhook.url_env, &webhook.headers_env, &webhook.ca_file,
                          &webhook.timeout_s))
        return -1;
    WITHOUT_GIL(status = afmon_webhook_handler(&webhook, &arrays->alerts[options->alert_handler_count], &error));
    options->alert_handler_count += status == AFMON_OK;
    return status == AFMON_OK ? 0 : (raise_error(status, &error), -1);
}

int feeds_add(PyObject *feeds, afmon_options *options, struct handler_arrays *arrays)
{
    PyObject *otlp;
    PyObject *statsd;
    PyObject *webhook;
    if (!PyArg_ParseTuple(feeds, "OOO", &otlp, &statsd, &webhook))
        return -1;
    if (otlp != Py_None && add_otlp(otlp, options, arrays) != 0)
        return -1;
    if (statsd != Py_None && add_statsd(statsd, options, arrays) != 0)
        return -1;
    return webhook != Py_None ? add_webhook(webhook, options, arrays) : 0;
}

/* Handlers that call Python have no destroy. */
void feeds_drop(const afmon_options *options)
{
    for (size_t i = 0; options->metric_handlers != NULL && i < options->metric_handler_count; i++)
        if (options->metric_handlers[i].destroy != NULL)
            options->metric_handlers[i].destroy(options->metric_handlers[i].user);
    for (size_t i = 0; options->log_handlers != NULL && i < options->log_handler_count; i++)
        if (options->log_handlers[i].destroy != NULL)
            options->log_handlers[i].destroy(options->log_handlers[i].user);
    for (size_t i = 0; options->alert_handlers != NULL && i < options->alert_handler_count; i++)
        if (options->alert_handlers[i].destroy != NULL)
            options->alert_handlers[i].destroy(options->alert_handlers[i].user);
}

/* ---- scrapes ---- */

struct text {
    char *data;
    size_t length;
    size_t capacity;
};

static int add_text(void *user, const void *data, size_t size)
{
    struct text *text = user;
    if (text->capacity - text->length < size) {
        size_t capacity = text->capacity * 2 > text->length + size ? text->capacity * 2 : text->length + size;
        char *bigger = realloc(text->data, capacity);
        if (bigger == NULL)
            return 1;
        text->data = bigger;
        text->capacity = capacity;
    }
    memcpy(text->data + text->length, data, size);
    text->length += size;
    return 0;
}

/* Takes the text over. Cancelled is what a write that found no memory makes of it. */
static PyObject *finish_text(struct text *text, afmon_status status, const afmon_error *error)
{
    PyObject *result = status == AFMON_E_CANCELLED ? PyErr_NoMemory()
                       : status != AFMON_OK
                           ? raise_error(status, error)
                           : PyUnicode_DecodeUTF8(text->data != NULL ? text->data : "", (Py_ssize_t)text->length, "replace");
    free(text->data);
    return result;
}

PyObject *monitor_prometheus_text(PyObject *object, PyObject *arguments)
{
    struct monitor *self = (struct monitor *)object;
    struct text text = {NULL, 0, 0};
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    int open;
    if (!PyArg_ParseTuple(arguments, "p", &open) || !monitor_is_open(self))
        return NULL;
    WITHOUT_GIL(status = afmon_monitor_prometheus_write(
                    self->handle, open ? AFMON_OPENMETRICS : AFMON_PROMETHEUS_TEXT, add_text, &text, &error));
    return finish_text(&text, status, &error);
}

PyObject *monitor_prometheus_url(PyObject *object, PyObject *unused)
{
    struct monitor *self = (struct monitor *)object;
    const char *url;
    (void)unused;
    if (!monitor_is_open(self))
        return NULL;
    WITHOUT_GIL(url = afmon_monitor_prometheus_url(self->handle));
    return url == NULL ? Py_NewRef(Py_None) : PyUnicode_DecodeUTF8(url, (Py_ssize_t)strlen(url), "replace");
}

PyObject *view_prometheus_text(PyObject *object, PyObject *arguments)
{
    struct text text = {NULL, 0, 0};
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    int open;
    if (!PyArg_ParseTuple(arguments, "p", &open))
        return NULL;
    WITHOUT_GIL(status = afmon_prometheus_write(view_handle(object), open ? AFMON_OPENMETRICS : AFMON_PROMETHEUS_TEXT,
                                                add_text, &text, &error));
    return finish_text(&text, status, &error);
}
