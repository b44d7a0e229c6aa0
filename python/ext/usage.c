/* What an answer's usage tells, an object or a dict of a provider's own package. */
#include "module.h"

struct looking {
    PyObject *kept;   /* list: values that are looked at; they live until the end */
    bool interrupted; /* an exception is set that is no Exception, or there is no memory */
};

/* Borrowed from `kept`; NULL: there is none, or the object does not tell. */
static const void *member(void *user, const void *value, const char *name)
{
    struct looking *looking = user;
    PyObject *object = (PyObject *)(uintptr_t)value;
    if (looking->interrupted)
        return NULL;
    PyObject *key = PyUnicode_FromString(name);
    PyObject *found = NULL;
    if (key != NULL)
        found = PyDict_Check(object) ? Py_XNewRef(PyDict_GetItemWithError(object, key)) : PyObject_GetAttr(object, key);
    Py_XDECREF(key);
    if (found == NULL)
        looking->interrupted = PyErr_Occurred() && forgive() != 0;
    else if (value_append(looking->kept, found) != 0)
        looking->interrupted = true;
    return looking->interrupted ? NULL : found;
}

static afmon_usage_kind look(void *user, const void *value, double *number, const char **text)
{
    struct looking *looking = user;
    PyObject *object = (PyObject *)(uintptr_t)value;
    if (PyBool_Check(object))
        return object == Py_True ? AFMON_USAGE_TRUE : AFMON_USAGE_OTHER;
    *text = PyUnicode_Check(object) ? PyUnicode_AsUTF8AndSize(object, NULL) : NULL;
    *number = PyFloat_Check(object) ? PyFloat_AsDouble(object) : PyLong_Check(object) ? PyLong_AsDouble(object) : -1;
    if (PyErr_Occurred()) /* too large, or no UTF-8 */
        looking->interrupted = forgive() != 0;
    return *text != NULL ? AFMON_USAGE_TEXT : AFMON_USAGE_NUMBER;
}

static PyObject *number_or_none(const void *from, size_t i)
{
    const afmon_number *number = (const afmon_number *)from + i;
    return number->given ? PyFloat_FromDouble(number->value) : Py_NewRef(Py_None);
}

/* usage_of(object): [prompt, completion, total, cached, cache_write, reasoning, cost_usd], None where it is not told.
 */
PyObject *usage_of(PyObject *module, PyObject *object)
{
    struct looking looking = {.kept = PyList_New(0)};
    const afmon_usage_reader reader = {.member = member, .look = look, .user = &looking};
    afmon_usage u = {0};
    (void)module;
    if (looking.kept == NULL)
        return NULL;
    afmon_usage_read(&reader, object == Py_None ? NULL : object, &u);
    Py_DECREF(looking.kept);
    const afmon_number numbers[] = {u.prompt, u.completion, u.total, u.cached, u.cache_write, u.reasoning, u.cost_usd};
    return looking.interrupted ? NULL : value_list(numbers, sizeof numbers / sizeof numbers[0], number_or_none);
}
