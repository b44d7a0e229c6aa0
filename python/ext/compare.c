/* Comparing runs: the JSON of afmon_comparison_write_json, and conditions on it. */
#include <stdlib.h>

#include "module.h"

struct asked {
    afmon_view **views;
    const char **names;
    afmon_compare_where *where;
    Py_ssize_t view_count;
    Py_ssize_t where_count;
    const char *condition; /* NULL: none */
};

static void release(struct asked *asked)
{
    free(asked->views);
    free(asked->names);
    free(asked->where);
}

/* Views, names and pairs of key and value, whose texts stay those of the lists. False: with an exception. */
static bool take(struct asked *asked, PyObject *views, PyObject *names, PyObject *where)
{
    asked->view_count = PyList_Size(views);
    asked->where_count = PyList_Size(where);
    asked->views = calloc((size_t)asked->view_count + 1, sizeof(afmon_view *));
    asked->names = calloc((size_t)asked->view_count + 1, sizeof(char *));
    asked->where = calloc((size_t)asked->where_count + 1, sizeof(afmon_compare_where));
    if (asked->views == NULL || asked->names == NULL || asked->where == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (Py_ssize_t i = 0; i < asked->view_count; i++) {
        asked->views[i] = view_handle(PyList_GetItem(views, i));
        asked->names[i] = PyUnicode_AsUTF8AndSize(PyList_GetItem(names, i), NULL);
        if (asked->names[i] == NULL)
            return false;
    }
    for (Py_ssize_t i = 0; i < asked->where_count; i++) {
        afmon_compare_where *one = &asked->where[i];
        if (!PyArg_ParseTuple(PyList_GetItem(where, i), "ss", &one->key, &one->value))
            return false;
    }
    return true;
}

static PyObject *json_of(const afmon_comparison *comparison, const struct asked *asked)
{
    PyObject *pieces = PyList_New(0);
    afmon_status status = AFMON_E_NO_MEMORY;
    if (pieces != NULL)
        status = afmon_comparison_write_json(comparison, asked->names, value_add_bytes, pieces);
    return value_joined(pieces, status, "diff");
}

static PyObject *answer(const struct asked *asked)
{
    bool holds = false;
    afmon_compare_options options;
    afmon_comparison *comparison = NULL;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    afmon_compare_options_init(&options);
    options.where = asked->where;
    options.where_count = (size_t)asked->where_count;
    WITHOUT_GIL(status = afmon_compare(asked->views, (size_t)asked->view_count, &options, &comparison, &error));
    if (status == AFMON_OK && asked->condition != NULL)
        status = afmon_comparison_holds(comparison, asked->condition, &holds, &error);
    PyObject *json = status == AFMON_OK ? json_of(comparison, asked) : raise_error(status, &error);
    afmon_comparison_free(comparison);
    return json != NULL ? Py_BuildValue("NO", json, holds ? Py_True : Py_False) : NULL;
}

PyObject *views_compare(PyObject *module, PyObject *arguments)
{
    PyObject *views;
    PyObject *names;
    PyObject *where;
    PyObject *result = NULL;
    struct asked asked = {0};
    (void)module;
    if (PyArg_ParseTuple(arguments, "O!O!O!z", &PyList_Type, &views, &PyList_Type, &names, &PyList_Type, &where,
                         &asked.condition) &&
        take(&asked, views, names, where))
        result = answer(&asked);
    release(&asked);
    return result;
}
