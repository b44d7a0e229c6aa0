/* Metadata: Python objects as fields and back. */
#include <stdlib.h>
#include <string.h>

#include "module.h"

void fields_begin(struct fields *fields)
{
    fields->items = fields->space;
    fields->count = 0;
    fields->capacity = FIELDS_INLINE;
    fields->held_count = 0;
    fields->more = NULL;
}

void fields_end(struct fields *fields)
{
    if (fields->items != fields->space)
        free(fields->items);
    for (size_t i = 0; i < fields->held_count; i++)
        Py_DECREF(fields->held[i]);
    Py_XDECREF(fields->more);
}

static int grow(struct fields *fields)
{
    size_t capacity = fields->capacity * 2;
    afmon_field *items = malloc(capacity * sizeof *items);
    if (items == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(items, fields->items, fields->count * sizeof *items);
    if (fields->items != fields->space)
        free(fields->items);
    fields->items = items;
    fields->capacity = capacity;
    return 0;
}

int fields_keep(struct fields *fields, PyObject *object)
{
    if (fields->held_count < FIELDS_HELD) {
        fields->held[fields->held_count++] = object;
        return 0;
    }
    if (fields->more == NULL)
        fields->more = PyList_New(0);
    int result = fields->more == NULL ? -1 : PyList_Append(fields->more, object);
    Py_DECREF(object);
    return result;
}

int fields_hold(struct fields *fields, PyObject *key, PyObject *value)
{
    /* both before anything is allocated: that may collect garbage, and with it run anybody's code */
    Py_INCREF(key);
    Py_INCREF(value);
    int first = fields_keep(fields, key);
    int second = fields_keep(fields, value);
    return first == 0 && second == 0 ? 0 : -1;
}

/* The UTF-8 of a str. Halves of surrogate pairs are let through: the library writes U+FFFD for them. */
static const char *utf8(struct fields *fields, PyObject *text, size_t *length)
{
    Py_ssize_t size;
    const char *bytes = PyUnicode_AsUTF8AndSize(text, &size);
    if (bytes == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            return NULL;
        PyErr_Clear();
        PyObject *encoded = PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass");
        if (encoded == NULL || fields_keep(fields, encoded) != 0)
            return NULL;
        bytes = PyBytes_AsString(encoded);
        size = PyBytes_Size(encoded);
    }
    *length = (size_t)size;
    return bytes;
}

const char *fields_text(struct fields *fields, PyObject *object, size_t *length)
{
    if (PyUnicode_CheckExact(object))
        return utf8(fields, object, length);
    PyObject *text = PyObject_CallFunctionObjArgs(afmon_python.key, object, NULL);
    if (text == NULL || fields_keep(fields, text) != 0)
        return NULL;
    return utf8(fields, text, length);
}

const char *fields_c_text(struct fields *fields, PyObject *object)
{
    size_t length;
    const char *text = fields_text(fields, object, &length);
    if (text == NULL || memchr(text, '\0', length) == NULL)
        return text;
    PyObject *bytes = PyBytes_FromStringAndSize(text, (Py_ssize_t)length);
    PyObject *clean = bytes == NULL ? NULL : PyObject_CallMethod(bytes, "replace", "y#y", "", (Py_ssize_t)1, "\xef\xbf\xbd");
    Py_XDECREF(bytes);
    return clean != NULL && fields_keep(fields, clean) == 0 ? PyBytes_AsString(clean) : NULL;
}

static int take_text(struct fields *fields, afmon_field *field, afmon_type type, PyObject *value)
{
    field->type = type;
    field->as.text.data = utf8(fields, value, &field->as.text.length);
    return field->as.text.data == NULL ? -1 : 0;
}

/* 1: it is taken; 0: it must be converted first; -1: an exception. */
static int take_value(struct fields *fields, afmon_field *field, PyObject *value)
{
    if (PyUnicode_CheckExact(value))
        return take_text(fields, field, AFMON_STRING, value) == 0 ? 1 : -1;
    if (value == Py_None) {
        field->type = AFMON_NULL;
    } else if (value == Py_True || value == Py_False) {
        field->type = AFMON_BOOL;
        field->as.boolean = value == Py_True;
    } else if (PyFloat_CheckExact(value)) {
        field->type = AFMON_DOUBLE;
        field->as.number = PyFloat_AsDouble(value);
    } else if (PyLong_CheckExact(value)) {
        int overflow;
        field->type = AFMON_INT;
        field->as.integer = PyLong_AsLongLongAndOverflow(value, &overflow);
        return overflow == 0;
    } else if (PyTuple_CheckExact(value) && PyTuple_Size(value) == 1) { /* what convert makes of nested values */
        return take_text(fields, field, AFMON_JSON, PyTuple_GetItem(value, 0)) == 0 ? 1 : -1;
    } else {
        return 0;
    }
    return 1;
}

int fields_add_field(struct fields *fields, const afmon_field *field)
{
    if (fields->count == fields->capacity && grow(fields) != 0)
        return -1;
    fields->items[fields->count++] = *field;
    return 0;
}

int fields_add(struct fields *fields, PyObject *key, PyObject *value)
{
    if (fields->count == fields->capacity && grow(fields) != 0)
        return -1;
    afmon_field *field = &fields->items[fields->count];
    field->key = fields_text(fields, key, &field->key_length);
    if (field->key == NULL)
        return -1;
    int taken = fields_is_plain(value) ? take_value(fields, field, value) : 0;
    if (taken == 0) {
        PyObject *plain = PyObject_CallFunctionObjArgs(afmon_python.convert, value, NULL);
        if (plain == NULL || fields_keep(fields, plain) != 0)
            return -1;
        taken = take_value(fields, field, plain);
        if (taken == 0)
            PyErr_SetString(PyExc_SystemError, "afmon._convert.field_value gave what is no field");
    }
    fields->count += taken == 1;
    return taken == 1 ? 0 : -1;
}

/* Nobody's code runs while a dict of plain things is walked, so it cannot change under the walk. 1: it is not such a
 * dict. */
static int add_plain_dict(struct fields *fields, PyObject *dict)
{
    PyObject *key;
    PyObject *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &key, &value)) {
        if (!PyUnicode_CheckExact(key) || !fields_is_plain(value))
            return 1;
        if (fields_hold(fields, key, value) != 0 || fields_add(fields, key, value) != 0)
            return -1;
    }
    return 0;
}

static int add_copy(struct fields *fields, PyObject *mapping)
{
    PyObject *copy = PyDict_CheckExact(mapping) ? PyDict_Copy(mapping)
                                                : PyObject_CallFunctionObjArgs((PyObject *)&PyDict_Type, mapping, NULL);
    PyObject *key;
    PyObject *value;
    Py_ssize_t position = 0;
    if (copy == NULL)
        return raise_from(PyExc_TypeError, "metadata must be a dict (or None)");
    int result = fields_keep(fields, copy);
    while (result == 0 && PyDict_Next(copy, &position, &key, &value))
        result = fields_add(fields, key, value);
    return result;
}

int fields_add_mapping(struct fields *fields, PyObject *mapping)
{
    if (mapping == NULL || mapping == Py_None)
        return 0;
    size_t before = fields->count;
    int result = PyDict_CheckExact(mapping) ? add_plain_dict(fields, mapping) : 1;
    if (result != 1)
        return result;
    fields->count = before;
    return add_copy(fields, mapping);
}

/* ---- and back ---- */

static PyObject *parse(const char *text, size_t length)
{
    PyObject *json = PyImport_ImportModule("json");
    PyObject *value = json == NULL ? NULL : PyObject_CallMethod(json, "loads", "s#", text, (Py_ssize_t)length);
    Py_XDECREF(json);
    if (value != NULL || !PyErr_ExceptionMatches(PyExc_Exception))
        return value;
    PyErr_Clear();
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, "replace");
}

PyObject *fields_value(const afmon_field *field)
{
    switch (field->type) {
    case AFMON_STRING:
        return PyUnicode_DecodeUTF8(field->as.text.data, (Py_ssize_t)field->as.text.length, "replace");
    case AFMON_INT:
        return PyLong_FromLongLong(field->as.integer);
    case AFMON_DOUBLE:
        return PyFloat_FromDouble(field->as.number);
    case AFMON_BOOL:
        return PyBool_FromLong(field->as.boolean);
    case AFMON_JSON:
        return parse(field->as.text.data, field->as.text.length);
    case AFMON_NULL:
        break;
    }
    Py_RETURN_NONE;
}

PyObject *fields_dict(const afmon_field *fields, size_t count)
{
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict != NULL && i < count; i++) {
        size_t length = fields[i].key_length > 0 ? fields[i].key_length : strlen(fields[i].key);
        PyObject *key = PyUnicode_DecodeUTF8(fields[i].key, (Py_ssize_t)length, "replace");
        PyObject *value = key == NULL ? NULL : fields_value(&fields[i]);
        if (value == NULL || PyDict_SetItem(dict, key, value) != 0)
            Py_CLEAR(dict);
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return dict;
}
