/* The type afmon._afmon.Item: what calls are made for. afmon._items has its Python half. */
#include <stddef.h>

#include "item.h"
#include "track.h"

#include <structmember.h>

static int traverse(PyObject *object, visitproc visit, void *arg)
{
    struct item *self = (struct item *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->monitor);
    Py_VISIT(self->outer);
    Py_VISIT(self->tokens);
    return 0;
}

static void drop(struct item *self)
{
    afmon_item *handle = self->handle;
    self->handle = NULL;
    afmon_item_drop(handle);
}

static int clear(PyObject *object)
{
    struct item *self = (struct item *)object;
    drop(self); /* before its monitor goes */
    Py_CLEAR(self->monitor);
    Py_CLEAR(self->outer);
    Py_CLEAR(self->tokens);
    return 0;
}

static void deallocate(PyObject *object)
{
    struct item *self = (struct item *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    clear(object);
    Py_CLEAR(self->kind);
    Py_CLEAR(self->id);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

/* The field that names it. -1 with an exception. */
static int name_it(struct item *self)
{
    Py_ssize_t length;
    if (PyLong_Check(self->id)) {
        self->field = afmon_int("item_id", PyLong_AsLongLong(self->id));
        return PyErr_Occurred() ? -1 : 0;
    }
    const char *text = PyUnicode_AsUTF8AndSize(self->id, &length);
    if (text != NULL)
        self->field = afmon_string("item_id", text);
    return text == NULL ? -1 : 0;
}

static afmon_status begin_it(struct item *self, const char *kind)
{
    afmon_monitor *monitor = self->monitor->handle;
    host_recording = true;
    afmon_status status = self->field.type == AFMON_INT
                              ? afmon_item_begin_number(monitor, kind, self->field.as.integer, &self->handle)
                              : afmon_item_begin(monitor, kind, self->field.as.text.data, &self->handle);
    host_recording = false;
    return status;
}

/* _begin(monitor, kind, id, given): id is one that the library takes; given: what it was made of, None where it was given
 * so. Without a monitor (None) it is the name of an item, and no more. */
static PyObject *begin(PyObject *object, PyObject *arguments)
{
    struct item *self = (struct item *)object;
    PyObject *monitor;
    PyObject *given;
    PyObject *kind;
    PyObject *id;
    if (!PyArg_ParseTuple(arguments, "OUOO", &monitor, &kind, &id, &given))
        return NULL;
    if (self->id != NULL)
        return PyErr_Format(PyExc_RuntimeError, "the item was begun already");
    self->kind = Py_NewRef(kind);
    self->id = Py_NewRef(id);
    self->attempt = 1;
    const char *text = PyUnicode_AsUTF8AndSize(kind, NULL);
    if (name_it(self) != 0 || text == NULL)
        return NULL;
    if (monitor == Py_None)
        Py_RETURN_NONE;
    if (!PyObject_TypeCheck(monitor, (PyTypeObject *)afmon_python.monitor_type))
        return PyErr_Format(PyExc_TypeError, "an item is of a monitor");
    self->monitor = (struct monitor *)Py_NewRef(monitor);
    if (!monitor_is_open(self->monitor))
        return NULL;
    afmon_status status = begin_it(self, text);
    if (given != Py_None && odd_tell(self->monitor, ODD_ITEM, given, "another id") != 0)
        return NULL;
    return monitor_settle(self->monitor, status);
}

/* The outcome, by which the handle is gone: nobody else ends it where a record call lets go of the GIL. */
static afmon_status record_outcome(struct item *self, const char *outcome, const char *why)
{
    afmon_item *handle = self->handle;
    self->handle = NULL;
    host_recording = true;
    afmon_status status = *outcome == 'a'   ? afmon_item_accept(handle)
                          : *outcome == 'r' ? afmon_item_reject(handle, why)
                                            : afmon_item_fail(handle, why);
    host_recording = false;
    return status;
}

/* _end(outcome, why): the first one holds. */
static PyObject *end(PyObject *object, PyObject *arguments)
{
    static const char *const outcomes[] = {"accepted", "rejected", "failed"};
    struct item *self = (struct item *)object;
    PyObject *given;
    PyObject *why;
    size_t outcome = 0;
    if (!PyArg_ParseTuple(arguments, "UO", &given, &why))
        return NULL;
    while (outcome < 2 && PyUnicode_CompareWithASCIIString(given, outcomes[outcome]) != 0)
        outcome++;
    if (self->monitor == NULL)
        return PyErr_Format(PyExc_SystemError, "the item was not begun in this process");
    if (self->handle == NULL)
        return odd_tell(self->monitor, ODD_OUTCOME, given, "nothing: the item is over") == 0 ? Py_NewRef(Py_None) : NULL;
    struct fields fields;
    fields_begin(&fields);
    const char *text = why == Py_None ? NULL : fields_c_text(&fields, why);
    self->outcome = outcomes[outcome];
    afmon_status status = record_outcome(self, self->outcome, text);
    fields_end(&fields);
    return monitor_settle(self->monitor, status);
}

static PyObject *drop_it(PyObject *object, PyObject *unused)
{
    (void)unused;
    drop((struct item *)object);
    Py_RETURN_NONE;
}

static PyObject *retry(PyObject *object, PyObject *unused)
{
    struct item *self = (struct item *)object;
    (void)unused;
    if (self->handle != NULL)
        self->attempt = (long)afmon_item_retry(self->handle);
    return PyLong_FromLong(self->attempt);
}

static PyObject *is_over(PyObject *object, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((struct item *)object)->handle == NULL);
}

static PyObject *monitor_of(PyObject *object, void *unused)
{
    struct item *self = (struct item *)object;
    (void)unused;
    return Py_NewRef(self->monitor != NULL ? (PyObject *)self->monitor : Py_None);
}

int item_make_type(PyObject *module)
{
    static PyMemberDef members[] = {
        {"kind", T_OBJECT, offsetof(struct item, kind), READONLY, "What it is: \"conversation\", \"persona\" ..."},
        {"id", T_OBJECT, offsetof(struct item, id), READONLY, "Its id as it is recorded: a str or an int."},
        {"attempt", T_LONG, offsetof(struct item, attempt), READONLY, "Which attempt calls are of now: 1, 2 ..."},
        {"outcome", T_STRING, offsetof(struct item, outcome), READONLY,
         "\"accepted\", \"rejected\", \"failed\"; None: it has none."},
        {"_outer", T_OBJECT, offsetof(struct item, outer), 0, NULL},
        {"_tokens", T_OBJECT, offsetof(struct item, tokens), 0, NULL},
        {"_left", T_BOOL, offsetof(struct item, left), 0, NULL},
        {NULL, 0, 0, 0, NULL},
    };
    static PyGetSetDef properties[] = {
        {"_is_over", is_over, NULL, NULL, NULL}, {"_monitor", monitor_of, NULL, NULL, NULL}, {NULL, NULL, NULL, NULL, NULL}};
    static PyMethodDef methods[] = {
        {"_begin", begin, METH_VARARGS, NULL},
        {"_end", end, METH_VARARGS, NULL},
        {"_drop", drop_it, METH_NOARGS, NULL},
        {"retry", retry, METH_NOARGS,
         "retry($self)\n--\n\n"
         "It is tried again: calls that are recorded from now on are of the next attempt. Returns its number (2, 3 ...);\n"
         "of an item that is over that of its last."},
        {NULL, NULL, 0, NULL},
    };
    static PyType_Slot slots[] = {
        {Py_tp_dealloc, deallocate}, {Py_tp_traverse, traverse},    {Py_tp_clear, clear}, {Py_tp_methods, methods},
        {Py_tp_members, members},    {Py_tp_getset, properties}, {0, NULL},
    };
    static PyType_Spec spec = {.name = "afmon._afmon.Item",
                               .basicsize = sizeof(struct item),
                               .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
                               .slots = slots};
    afmon_python.item_type = PyType_FromModuleAndSpec(module, &spec, NULL);
    return afmon_python.item_type == NULL ? -1 : PyModule_AddObjectRef(module, "Item", afmon_python.item_type);
}
