/* afmon._afmon */
#include "module.h"
#include "track.h"

_Static_assert(TRACK_FIELD <= sizeof afmon_python.member_names / sizeof *afmon_python.member_names, "all names fit");

/* Objects of one interpreter are no good in another, and the library's threads run Python in the main one. */
static int is_main_interpreter(void)
{
    if (PyInterpreterState_GetID(PyInterpreterState_Get()) == 0)
        return 1;
    PyErr_SetString(PyExc_ImportError, "afmon works in the main interpreter of a process, not in a subinterpreter "
                                       "(with mod_wsgi: set WSGIApplicationGroup %{GLOBAL})");
    return 0;
}

/* _set_helpers(convert, key, describe, refused, close_later, number, truth, shown, odd, known): what the Python half does for this one. */
static PyObject *set_helpers(PyObject *module, PyObject *arguments)
{
    struct afmon_python *python = &afmon_python;
    (void)module;
    if (!is_main_interpreter()) /* a second import of the module does not come by PyInit__afmon */
        return NULL;
    if (!PyArg_ParseTuple(arguments, "OOOOOOOOOO", &python->convert, &python->key, &python->describe, &python->refused,
                          &python->close_later, &python->number, &python->truth, &python->shown, &python->odd,
                          &python->known))
        return NULL;
    Py_INCREF(python->convert);
    Py_INCREF(python->key);
    Py_INCREF(python->describe);
    Py_INCREF(python->refused);
    Py_INCREF(python->close_later);
    Py_INCREF(python->number);
    Py_INCREF(python->truth);
    Py_INCREF(python->shown);
    Py_INCREF(python->odd);
    Py_INCREF(python->known);
    Py_RETURN_NONE;
}

static PyObject *recover(PyObject *module, PyObject *arguments)
{
    PyObject *path;
    uint64_t recovered = 0;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "O&", PyUnicode_FSConverter, &path))
        return NULL;
    const char *folder = PyBytes_AsString(path);
    WITHOUT_GIL(status = afmon_recover(folder, &recovered, &error));
    Py_DECREF(path);
    return status == AFMON_OK ? PyLong_FromUnsignedLongLong(recovered) : raise_error(status, &error);
}

/* metric_unit(name): what its values are, as a word. */
static PyObject *metric_unit(PyObject *module, PyObject *argument)
{
    static const char *const units[] = {"number", "seconds", "share", "tokens", "turns", "score", "count", "dollars"};
    Py_ssize_t length;
    const char *name = PyUnicode_AsUTF8AndSize(argument, &length);
    (void)module;
    return name != NULL ? PyUnicode_FromString(units[afmon_metric_get_info(name, (size_t)length)->unit]) : NULL;
}

static PyMethodDef functions[] = {
    {"_set_helpers", set_helpers, METH_VARARGS, NULL},
    {"built_in_rules", rules_built_in, METH_VARARGS, NULL},
    {"rule_remarks", rules_remarks, METH_O, NULL},
    {"load_rules", rules_load, METH_VARARGS, NULL},
    {"metric_unit", metric_unit, METH_O, NULL},
    {"open_items", items_open, METH_VARARGS, NULL},
    {"open_live", live_open, METH_VARARGS, NULL},
    {"open_view", view_open, METH_VARARGS, NULL},
    {"compare", views_compare, METH_VARARGS, NULL},
    {"recover", recover, METH_VARARGS, NULL},
    {"usage_of", usage_of, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static int make_members(void)
{
    afmon_python.members = PyDict_New();
    for (int i = 0; afmon_python.members != NULL && i < TRACK_FIELD; i++) {
        PyObject *number = PyLong_FromLong(i);
        PyObject *name = PyUnicode_InternFromString(track_names[i]);
        afmon_python.member_names[i] = name;
        if (number == NULL || name == NULL || PyDict_SetItem(afmon_python.members, name, number) != 0)
            Py_CLEAR(afmon_python.members);
        Py_XDECREF(number);
    }
    return afmon_python.members == NULL ? -1 : 0;
}

PyMODINIT_FUNC PyInit__afmon(void);

PyMODINIT_FUNC PyInit__afmon(void)
{
    static struct PyModuleDef definition = {
        PyModuleDef_HEAD_INIT, .m_name = "afmon._afmon", .m_size = -1, .m_methods = functions};
    PyObject *module = is_main_interpreter() ? PyModule_Create(&definition) : NULL;
    if (module != NULL && (make_members() != 0 || monitor_make_type(module) != 0 || view_make_type(module) != 0 ||
                           live_make_type(module) != 0 || item_make_type(module) != 0 || items_make_type(module) != 0 ||
                           PyModule_AddStringConstant(module, "version", afmon_version()) != 0))
        Py_CLEAR(module);
    return module;
}
