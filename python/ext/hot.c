/* The handles of what is recorded again and again.
 *
 * Properties. A call whose name, keys and values are the very objects of calls before, as constants of a program are,
 * is recorded through a handle of the library: nothing is converted, and the record is short. Objects are compared by
 * address alone. That is safe, because an entry holds a reference to each and takes none but texts, whole numbers,
 * booleans and None, which cannot change; a dict that is changed between two calls holds other objects then.
 *
 * Operation. Entries stand in sets of two. What is seen first becomes a candidate, and gets a handle when it has been
 * seen SEEN_OFTEN times: texts that are made for one conversation never come so far. Credit grows with each hit and
 * shrinks when another one wants the place; at 0 the place is given up. Handles live as long as the monitor, so at most
 * HANDLES_MAX are made.
 *
 * Safety. All of it is under the GIL, which is let go of only while a handle is made (that may write to the run folder);
 * the entry is then looked up again. */
#include <stdlib.h>
#include <string.h>

#include "module.h"

#define ENTRIES 256
#define PAIRS 4 /* calls with more metadata are not looked up */
#define SEEN_OFTEN 16
#define CREDIT_MAX 255
#define TEXT_MAX 256 /* characters: no long text is kept alive */
#define HANDLES_MAX 1024

struct seen {
    PyObject *name;
    size_t count; /* of objects: keys and values in turns */
    PyObject *objects[2 * PAIRS];
};

struct entry {
    struct seen seen;     /* owned; name == NULL: empty */
    afmon_metric *metric; /* NULL: a candidate */
    unsigned credit;
};

struct hot {
    struct entry entries[ENTRIES];
    size_t handles;
};

static bool is_short(PyObject *text)
{
    return PyUnicode_GetLength(text) <= TEXT_MAX;
}

/* Floats are left out: they hardly ever are the same object twice. */
static bool may_be_kept(const struct seen *seen)
{
    if (!PyUnicode_CheckExact(seen->name) || !is_short(seen->name))
        return false;
    for (size_t i = 0; i < seen->count; i += 2) {
        PyObject *key = seen->objects[i];
        PyObject *value = seen->objects[i + 1];
        if (!PyUnicode_CheckExact(key) || !is_short(key) || !fields_is_plain(value) || PyFloat_CheckExact(value) ||
            (PyUnicode_CheckExact(value) && !is_short(value)))
            return false;
    }
    return true;
}

static void hold(struct seen *seen)
{
    Py_INCREF(seen->name);
    for (size_t i = 0; i < seen->count; i++)
        Py_INCREF(seen->objects[i]);
}

static void let_go(struct seen *seen)
{
    Py_XDECREF(seen->name);
    for (size_t i = 0; i < seen->count; i++)
        Py_DECREF(seen->objects[i]);
}

/* False: more than is looked up. */
static bool gather(struct seen *seen, PyObject *name, PyObject *metadata)
{
    seen->name = name;
    seen->count = 0;
    if (metadata == NULL || metadata == Py_None)
        return true;
    if (!PyDict_CheckExact(metadata))
        return false;
    PyObject *key;
    PyObject *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(metadata, &position, &key, &value)) {
        if (seen->count == 2 * PAIRS)
            return false;
        seen->objects[seen->count++] = key;
        seen->objects[seen->count++] = value;
    }
    return true;
}

static size_t place_of(const struct seen *seen)
{
    const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t hash = (uintptr_t)seen->name * odd;
    for (size_t i = 0; i < seen->count; i++)
        hash = ((hash >> 29) ^ hash ^ (uintptr_t)seen->objects[i]) * odd;
    return ((size_t)(hash >> 40) % ENTRIES) & ~(size_t)1;
}

static bool is_same(const struct seen *a, const struct seen *b)
{
    if (a->name != b->name || a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->objects[i] != b->objects[i])
            return false;
    return true;
}

static struct entry *find(struct hot *hot, const struct seen *seen)
{
    struct entry *set = &hot->entries[place_of(seen)];
    return is_same(&set[0].seen, seen) ? &set[0] : is_same(&set[1].seen, seen) ? &set[1] : NULL;
}

static void make_candidate(struct hot *hot, const struct seen *seen)
{
    struct entry *set = &hot->entries[place_of(seen)];
    struct entry *victim = set[1].credit < set[0].credit ? &set[1] : &set[0];
    if (victim->credit > 0) {
        victim->credit--;
        return;
    }
    if (!may_be_kept(seen))
        return;
    struct seen old = victim->seen;
    *victim = (struct entry){.seen = *seen};
    hold(&victim->seen);
    let_go(&old);
}

static afmon_metric *make_handle(struct monitor *self, struct seen *seen)
{
    struct fields fields;
    Py_ssize_t length;
    afmon_metric *metric = NULL;
    const char *name = PyUnicode_AsUTF8AndSize(seen->name, &length);
    bool good = name != NULL && strlen(name) == (size_t)length;
    fields_begin(&fields);
    for (size_t i = 0; good && i < seen->count; i += 2)
        good = fields_add(&fields, seen->objects[i], seen->objects[i + 1]) == 0;
    if (good)
        WITHOUT_GIL(good = afmon_metric_resolve(self->handle, name, fields.items, fields.count, &metric) == AFMON_OK);
    fields_end(&fields);
    PyErr_Clear(); /* it is recorded without a handle, and that tells */
    return good ? metric : NULL;
}

static afmon_metric *promote(struct monitor *self, struct entry *entry)
{
    struct seen seen = entry->seen;
    if (self->hot->handles >= HANDLES_MAX)
        return NULL;
    self->hot->handles++;
    entry->credit = 1; /* where it cannot have a handle, that is not tried again soon */
    hold(&seen);
    afmon_metric *metric = make_handle(self, &seen);
    entry = find(self->hot, &seen);
    if (entry != NULL)
        entry->metric = metric;
    let_go(&seen);
    return metric;
}

afmon_metric *hot_find(struct monitor *self, PyObject *name, PyObject *metadata)
{
    struct seen seen;
    if (!gather(&seen, name, metadata))
        return NULL;
    if (self->hot == NULL && (self->hot = calloc(1, sizeof *self->hot)) == NULL)
        return NULL;
    struct entry *entry = find(self->hot, &seen);
    if (entry == NULL) {
        make_candidate(self->hot, &seen);
        return NULL;
    }
    if (entry->credit < CREDIT_MAX)
        entry->credit++;
    if (entry->metric == NULL && entry->credit >= SEEN_OFTEN)
        return promote(self, entry);
    return entry->metric;
}

void hot_free(struct monitor *self)
{
    struct hot *hot = self->hot;
    self->hot = NULL;
    for (size_t i = 0; hot != NULL && i < ENTRIES; i++)
        let_go(&hot->entries[i].seen);
    free(hot);
}
