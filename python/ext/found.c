/* The type afmon._afmon.Items: the items of a run, one after the other, as JSON. afmon.found lets one thread at a time
 * in. */
#include "module.h"

struct items {
    PyObject_HEAD
    afmon_item_reader *handle;
};

static void deallocate(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    afmon_item_reader *handle = ((struct items *)object)->handle;
    WITHOUT_GIL(afmon_item_reader_close(handle));
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

static PyObject *wrap(afmon_item_reader *handle)
{
    struct items *self = (struct items *)PyType_GenericAlloc((PyTypeObject *)afmon_python.items_type, 0);
    if (self == NULL)
        afmon_item_reader_close(handle);
    else
        self->handle = handle;
    return (PyObject *)self;
}

/* (folder, kind, states, reason, operation, error, id, slowest, text, data_set) */
PyObject *items_open(PyObject *module, PyObject *arguments)
{
    const char *folder;
    unsigned long long slowest;
    int text;
    afmon_item_query query;
    afmon_item_reader *handle = NULL;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    (void)module;
    afmon_item_query_init(&query);
    if (!PyArg_ParseTuple(arguments, "yzIzzzzKpz", &folder, &query.kind, &query.states, &query.reason, &query.operation,
                          &query.error_type, &query.id, &slowest, &text, &query.data_set))
        return NULL;
    query.slowest = slowest;
    query.text = text != 0;
    WITHOUT_GIL(status = afmon_item_reader_open(folder, &query, &handle, &error));
    return status == AFMON_OK ? wrap(handle) : raise_error(status, &error);
}

static int take_bytes(void *bytes, const void *data, size_t size)
{
    PyObject **taken = bytes;
    *taken = PyBytes_FromStringAndSize(data, (Py_ssize_t)size);
    return *taken == NULL;
}

/* None: there is none any more. */
static PyObject *next_item(PyObject *object, PyObject *unused)
{
    afmon_item_reader *handle = ((struct items *)object)->handle;
    const afmon_found_item *item = NULL;
    PyObject *taken = NULL;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    (void)unused;
    WITHOUT_GIL(status = afmon_item_reader_next(handle, &item, &error));
    if (status != AFMON_OK)
        return raise_error(status, &error);
    if (item == NULL)
        Py_RETURN_NONE;
    status = afmon_found_item_write_json(item, take_bytes, &taken);
    if (status != AFMON_OK && !PyErr_Occurred())
        raise_status(status, "items");
    return taken;
}

static PyMethodDef methods[] = {
    {"next", next_item, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

int items_make_type(PyObject *module)
{
    static PyType_Slot slots[] = {{Py_tp_dealloc, deallocate}, {Py_tp_methods, methods}, {0, NULL}};
    static PyType_Spec spec = {.name = "afmon._afmon.Items",
                               .basicsize = sizeof(struct items),
                               .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               .slots = slots};
    afmon_python.items_type = PyType_FromModuleAndSpec(module, &spec, NULL);
    return afmon_python.items_type == NULL ? -1 : PyModule_AddObjectRef(module, "Items", afmon_python.items_type);
}
