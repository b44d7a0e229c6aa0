/* Which item a call is made for, and what names it there.
 *
 * Calls take the item's field, not the item: a call that waits lets go of the GIL, and another thread may end the item
 * then. */
#include <string.h>

#include "item.h"

#define NESTED_MAX 64 /* items that were left, within each other: more are no nesting, but a circle */

bool item_is_one(PyObject *object)
{
    return PyObject_TypeCheck(object, (PyTypeObject *)afmon_python.item_type);
}

PyObject *item_around(struct monitor *monitor)
{
    if (monitor->current_item == NULL)
        return NULL;
    PyObject *at = PyObject_CallNoArgs(monitor->current_item);
    if (at == NULL)
        PyErr_Clear();
    for (int depth = 0; at != NULL && item_is_one(at) && ((struct item *)at)->left; depth++) {
        PyObject *outer = depth < NESTED_MAX ? Py_XNewRef(((struct item *)at)->outer) : NULL;
        Py_DECREF(at);
        at = outer;
    }
    if (at != NULL && !item_is_one(at)) /* None: in no item */
        Py_CLEAR(at);
    return at;
}

static bool names_an_item(const struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        if (fields->items[i].key_length == 7 && memcmp(fields->items[i].key, "item_id", 7) == 0)
            return true;
    return false;
}

int item_add(struct fields *fields, PyObject *object)
{
    const struct item *item = (const struct item *)object;
    if (item == NULL)
        return 0;
    if (fields_keep(fields, object) != 0)
        return -1;
    if (item->id == NULL || names_an_item(fields))
        return 0;
    const afmon_field attempt = afmon_int("attempt", item->attempt);
    return item->attempt > 1 && fields_add_field(fields, &attempt) != 0 ? -1 : fields_add_field(fields, &item->field);
}

/* _use_items(get): the monitor's calls ask get() for the item that they are made for. */
PyObject *monitor_use_items(PyObject *object, PyObject *get)
{
    struct monitor *self = (struct monitor *)object;
    PyObject *old = self->current_item;
    self->current_item = Py_NewRef(get);
    Py_XDECREF(old);
    Py_RETURN_NONE;
}

PyObject *monitor_current_item(PyObject *object, PyObject *unused)
{
    PyObject *item = item_around((struct monitor *)object);
    (void)unused;
    return item != NULL ? item : Py_NewRef(Py_None);
}
