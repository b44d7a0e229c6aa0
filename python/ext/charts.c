/* Charts and reports of a view. */
#include <string.h>

#include "module.h"

/* A call that draws: it runs without the GIL, and its callbacks take that for a moment. */
struct drawing {
    PyObject *chunks;   /* list of bytes: what was drawn */
    PyObject *warnings; /* list of str */
    PyThreadState *state;
};

static int drawing_begin(struct drawing *drawing)
{
    *drawing = (struct drawing){.chunks = PyList_New(0), .warnings = PyList_New(0)};
    if (drawing->chunks != NULL && drawing->warnings != NULL)
        return 0;
    Py_XDECREF(drawing->chunks);
    Py_XDECREF(drawing->warnings);
    return -1;
}

static int take_chunk(void *user, const void *data, size_t size)
{
    struct drawing *drawing = user;
    PyEval_RestoreThread(drawing->state);
    int failed = value_append(drawing->chunks, PyBytes_FromStringAndSize(data, (Py_ssize_t)size));
    drawing->state = PyEval_SaveThread();
    return failed;
}

static void take_warning(void *user, const char *message)
{
    struct drawing *drawing = user;
    PyEval_RestoreThread(drawing->state);
    if (value_append(drawing->warnings, value_text(message)) != 0)
        PyErr_Clear();
    drawing->state = PyEval_SaveThread();
}

/* (what was drawn, warnings); or the exception. Takes `result`, NULL: with an exception. */
static PyObject *drawing_end(struct drawing *drawing, PyObject *result)
{
    PyObject *pair = result == NULL ? NULL : Py_BuildValue("(OO)", result, drawing->warnings);
    Py_XDECREF(result);
    Py_DECREF(drawing->chunks);
    Py_DECREF(drawing->warnings);
    return pair;
}

/* The options of afmon.charts.Style: what the tuple holds, in this order. The texts are borrowed from it. */
static int take_style(PyObject *style, struct drawing *drawing, afmon_plot_options *options)
{
    int theme;
    Py_ssize_t rolling_window;
    long long since;
    long long until;
    afmon_plot_options_init(options);
    if (!PyArg_ParseTuple(style, "IIdinzLL", &options->width, &options->height, &options->scale, &theme, &rolling_window,
                          &options->id_prefix, &since, &until))
        return -1;
    options->theme = (afmon_plot_theme)theme;
    options->rolling_window = rolling_window < 0 ? 0 : (size_t)rolling_window;
    options->window = (afmon_window){since, until};
    options->warn = take_warning;
    options->user = drawing;
    return 0;
}

static PyObject *written_charts(const afmon_visualize_result *result)
{
    PyObject *list = PyList_New(0);
    for (int i = 0; list != NULL && i < AFMON_CHARTS; i++) {
        if (result->charts[i].status != AFMON_OK)
            continue;
        PyObject *item = Py_BuildValue("(issz)", i, afmon_chart_name((afmon_chart)i), afmon_chart_title((afmon_chart)i),
                                       result->charts[i].file);
        if (value_append(list, item) != 0)
            Py_CLEAR(list);
    }
    return list;
}

PyObject *view_visualize(PyObject *object, PyObject *arguments)
{
    PyObject *path;
    PyObject *style;
    struct drawing drawing;
    afmon_plot_options options;
    afmon_visualize_result result = {0};
    afmon_error error = {.status = AFMON_OK};
    if (!PyArg_ParseTuple(arguments, "O&O!", PyUnicode_FSConverter, &path, &PyTuple_Type, &style))
        return NULL;
    if (drawing_begin(&drawing) != 0) {
        Py_DECREF(path);
        return NULL;
    }
    PyObject *charts = NULL;
    if (take_style(style, &drawing, &options) == 0) {
        const char *folder = PyBytes_AsString(path);
        drawing.state = PyEval_SaveThread();
        afmon_status status = afmon_visualize(view_handle(object), folder, &options, &result, &error);
        PyEval_RestoreThread(drawing.state);
        charts = status == AFMON_OK || status == AFMON_E_NO_DATA ? written_charts(&result) : raise_error(status, &error);
    }
    Py_DECREF(path);
    return drawing_end(&drawing, charts);
}

static afmon_status draw(afmon_view *view, int chart, const char *metric, const afmon_plot_options *options,
                         struct drawing *drawing, afmon_error *error)
{
    drawing->state = PyEval_SaveThread();
    afmon_status status = metric == NULL
                              ? afmon_plot_chart(view, (afmon_chart)chart, options, take_chunk, drawing, error)
                              : afmon_plot_metric_to(view, metric, options, take_chunk, drawing, error);
    PyEval_RestoreThread(drawing->state);
    return status;
}

PyObject *view_draw(PyObject *object, PyObject *arguments)
{
    int chart;
    const char *metric;
    const char *format;
    PyObject *style;
    struct drawing drawing;
    afmon_plot_options options;
    afmon_error error = {.status = AFMON_OK};
    if (!PyArg_ParseTuple(arguments, "izsO!", &chart, &metric, &format, &PyTuple_Type, &style) ||
        drawing_begin(&drawing) != 0)
        return NULL;
    PyObject *chunks = NULL;
    if (take_style(style, &drawing, &options) == 0) {
        options.format = format;
        afmon_status status = draw(view_handle(object), chart, metric, &options, &drawing, &error);
        if (PyErr_Occurred() == NULL)
            chunks = status == AFMON_OK ? Py_NewRef(drawing.chunks) : raise_error(status, &error);
    }
    return drawing_end(&drawing, chunks);
}

PyObject *view_report(PyObject *object, PyObject *arguments)
{
    const char *path;
    const char *format;
    afmon_report_options options;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    afmon_report_options_init(&options);
    long long since, until;
    if (!PyArg_ParseTuple(arguments, "yszLL", &path, &format, &options.title, &since, &until))
        return NULL;
    options.summary.window = (afmon_window){since, until};
    WITHOUT_GIL(status = afmon_report(view_handle(object), path, format, &options, &error));
    return status == AFMON_OK ? Py_NewRef(Py_None) : raise_error(status, &error);
}
