/* An item as the module knows it. */
#ifndef AFMON_PYTHON_ITEM_H
#define AFMON_PYTHON_ITEM_H

#include "module.h"

/* `outer`, `left` and `tokens` are of afmon._items. */
struct item {
    PyObject_HEAD
    struct monitor *monitor; /* NULL: it was not begun in this process */
    afmon_item *handle;      /* NULL: likewise, or it is over */
    PyObject *kind;          /* a str */
    PyObject *id;            /* a str, or an int of 64 bits; NULL: not begun */
    PyObject *outer;         /* the one around it; NULL: none */
    PyObject *tokens;        /* list: of the contexts that it was entered in */
    afmon_field field;       /* names it; its text is of `id` */
    const char *outcome;     /* NULL: none so far */
    long attempt;
    char left;               /* calls are of those around it */
};

#endif
