/* The C half of the Python package: afmon.h for Python, over the public header alone and Python's limited API.
 *
 * Locks. A Python thread calls with the GIL held. Recording keeps it: it takes no lock that a handler holds, and where
 * it must wait for room or a file the host hooks let go of the GIL (host.c). Everything else lets go of it for the
 * call. Handlers are called on threads of the library, which take the GIL for a batch of calls, and hold no lock of the
 * library then.
 */
#ifndef AFMON_PYTHON_MODULE_H
#define AFMON_PYTHON_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

#include <afmon/afmon.h>

/* Lets go of the GIL for a call of the library that may take its time. */
#define WITHOUT_GIL(...)                                                                                               \
    do {                                                                                                               \
        PyThreadState *thread_state = PyEval_SaveThread();                                                             \
        __VA_ARGS__;                                                                                                   \
        PyEval_RestoreThread(thread_state);                                                                            \
    } while (0)

/* What the module took from Python when it was imported. One for the process: the library's threads find the
 * interpreter by PyGILState, which knows only the main one; in others the import fails. */
struct afmon_python {
    PyObject *convert;     /* afmon._convert.field_value: any object to one that add_value takes; never raises Exception */
    PyObject *key;         /* afmon._convert.text: any object to str; never raises Exception */
    PyObject *describe;    /* afmon._convert.describe: an exception to one line */
    PyObject *refused;     /* afmon._convert.warn_refused */
    PyObject *number;      /* afmon._convert.number: any object to a float, or None */
    PyObject *truth;       /* afmon._convert.truth: any object to a bool, or None */
    PyObject *known;       /* afmon._errors.known: what an exception knows of the answer */
    PyObject *shown;       /* afmon._convert.shown: any object to a short str */
    PyObject *odd;         /* afmon._convert.warn_odd */
    PyObject *close_later; /* afmon._exit.close_later */
    PyObject *monitor_type;
    PyObject *view_type;
    PyObject *live_type;
    PyObject *item_type;
    PyObject *items_type;
    PyObject *members;          /* dict: names of the arguments of track calls to their numbers */
    PyObject *member_names[24]; /* the same names by number, interned; track.h has fewer */
};
extern struct afmon_python afmon_python;

/* A monitor: afmon._afmon.Monitor, the base of afmon.GenerationMonitor. */
struct monitor {
    PyObject_HEAD
    afmon_monitor *handle;  /* NULL: not opened */
    PyObject *names;        /* dict: metric name to its handle, as an int; metadata-free calls look here */
    struct hot *hot;        /* handles of what is recorded again and again; NULL: nothing yet */
    PyObject *callables;    /* list: what the handlers of `handle` call; they borrow from it */
    PyObject *current_item; /* get() of the ContextVar of its items; NULL: it has had none, and calls do not ask */
    unsigned warned;        /* bit per status: a warning has been given */
    unsigned odd;           /* bit per argument (odd.c): likewise, of values that make no sense */
    bool shut;
    bool told_wait;         /* the log says that a call on an event loop's thread waited */
};

/* A run as it was at one moment: afmon._afmon.View. */
struct view {
    PyObject_HEAD
    afmon_view *handle; /* never NULL */
};

/* ---- fields.c: any Python metadata as afmon_field[] ---- */

#define FIELDS_INLINE 24
#define FIELDS_HELD 32

/* Texts of the fields point into Python objects. A call may let go of the GIL before it is through (a full ring, the
 * text of another object), and others may then change a dict that it was given: so whatever is not an argument of the
 * call is held until the end. */
struct fields {
    afmon_field *items;
    size_t count;
    size_t capacity;
    size_t held_count;
    PyObject *more; /* list of what is held beyond FIELDS_HELD; NULL: nothing */
    PyObject *held[FIELDS_HELD];
    afmon_field space[FIELDS_INLINE];
};

void fields_begin(struct fields *fields);
void fields_end(struct fields *fields);
int fields_add(struct fields *fields, PyObject *key, PyObject *value);     /* 0, or -1 with an exception */
int fields_add_mapping(struct fields *fields, PyObject *mapping);          /* None, a dict, or what dict() takes */
int fields_add_field(struct fields *fields, const afmon_field *field);     /* likewise; its texts outlive the fields */
PyObject *fields_value(const afmon_field *field);                          /* a field as a Python object */
PyObject *fields_dict(const afmon_field *fields, size_t count);            /* JSON is parsed */

int fields_keep(struct fields *fields, PyObject *object); /* holds it; takes the reference */
int fields_hold(struct fields *fields, PyObject *key, PyObject *value); /* both; borrowed from a dict */

/* The UTF-8 of a text; of another object, of its str(). NULL with an exception. What is made is kept by `fields`. */
const char *fields_text(struct fields *fields, PyObject *object, size_t *length);
const char *fields_c_text(struct fields *fields, PyObject *object); /* the same for C: U+FFFD in place of each NUL */

/* True for what is a field as it is, without running anybody's code. */
static inline bool fields_is_plain(PyObject *value)
{
    return PyUnicode_CheckExact(value) || PyLong_CheckExact(value) || PyFloat_CheckExact(value) || value == Py_None ||
           value == Py_True || value == Py_False;
}

/* ---- hot.c ---- */

/* The handle of a call that is made again and again, or NULL: it is to be recorded by name then. No exception. */
afmon_metric *hot_find(struct monitor *self, PyObject *name, PyObject *metadata);
void hot_free(struct monitor *self);

/* ---- errors.c ---- */

/* Sets the exception that fits: TypeError, ValueError, OSError, MemoryError. Returns NULL. */
PyObject *raise_error(afmon_status status, const afmon_error *error);
PyObject *raise_status(afmon_status status, const char *what);

/* Clears the exception that is set, which somebody's object raised: 0. What is no Exception (KeyboardInterrupt ...) stays:
 * -1. */
int forgive(void);

/* Makes the exception that is set the cause of another one. What is no Exception, and MemoryError, goes on as it is.
 * Always -1. */
int raise_from(PyObject *kind, const char *format, ...);

/* A type's __name__, as it was made: a new reference. */
PyObject *name_of_type(PyTypeObject *type);

/* ---- odd.c: values that make no sense. 0, or -1 with an exception that is no Exception, or an error of a warning ---- */

/* Warns, once for each argument of a monitor, that a value was taken as what `became` says. */
int odd_tell(struct monitor *self, int argument, PyObject *given, const char *became);

/* What is no float and no int, and what is negative and may not be. */
int odd_number(struct monitor *self, int argument, PyObject *given, double *value);
int odd_negative(struct monitor *self, int argument, PyObject *given, double *value);
/* fields_add_mapping; what is no mapping becomes a field "metadata". */
int odd_mapping(struct monitor *self, struct fields *fields, PyObject *mapping);
int odd_truth(struct monitor *self, PyObject *given, bool *success, bool *unknown);

/* Any object as a number; argument: of enum track_member, or one of those behind (track.h). */
static inline int take_number(struct monitor *self, int argument, PyObject *given, double *value)
{
    if (__builtin_expect(PyFloat_Check(given), 1)) {
        *value = PyFloat_AsDouble(given);
        return 0;
    }
    if (PyLong_Check(given)) {
        *value = PyLong_AsDouble(given);
        if (*value != -1.0 || !PyErr_Occurred())
            return 0;
        PyErr_Clear(); /* larger than a double can hold */
    }
    return odd_number(self, argument, given, value);
}

/* The same of what cannot be below zero. */
static inline int take_amount(struct monitor *self, int argument, PyObject *given, double *value)
{
    int result = take_number(self, argument, given, value);
    return result == 0 && *value < 0 ? odd_negative(self, argument, given, value) : result;
}

/* ---- item.c, item_calls.c ---- */

bool item_is_one(PyObject *object);

/* The item that a call is made in, the innermost. A new reference, or NULL: none. No exception. */
PyObject *item_around(struct monitor *monitor);

/* Adds what names an item (NULL: none), behind all other fields; takes the reference. Metadata that name an item
 * themselves hold. 0, or -1 with an exception. */
int item_add(struct fields *fields, PyObject *item);

PyObject *monitor_use_items(PyObject *self, PyObject *get);
PyObject *monitor_current_item(PyObject *self, PyObject *unused);
int item_make_type(PyObject *module);

/* ---- host.c: the GIL around waits and batches ---- */

afmon_host_hooks host_hooks(void);
extern _Thread_local bool host_recording __attribute__((tls_model("initial-exec"))); /* in a record call that a Python thread made with the GIL held */
extern _Thread_local bool host_waited __attribute__((tls_model("initial-exec"))); /* so far in such a call; settling it asks */
void host_tell_wait(struct monitor *self); /* after a call that waited: an event loop's thread is told of once, in the log */
void host_breathe(void);                  /* from a handler: lets others run where the batch is long */

/* ---- handlers.c ---- */

/* Fills the handlers of the options from what the monitor's `callables` holds: four lists. */
struct handler_arrays {
    afmon_metric_handler *metrics;
    afmon_log_handler *logs;
    afmon_alert_handler *alerts;
};
int handlers_fill(struct monitor *self, PyObject *metrics, PyObject *logs, PyObject *alerts, PyObject *usage,
                  afmon_options *options, struct handler_arrays *arrays);
void handlers_free(struct handler_arrays *arrays);

/* ---- feeds.c: what sends on ---- */

#define FEEDS_MAX 2 /* handlers of one kind that feeds_add makes */

/* Adds the handlers of afmon.feeds' tuple (otlp, statsd, webhook) to the lists of the options, which have room for
 * FEEDS_MAX more each. 0, or -1 with an exception; feeds_drop ends what was made where no monitor took it over. */
int feeds_add(PyObject *feeds, afmon_options *options, struct handler_arrays *arrays);
void feeds_drop(const afmon_options *options);

PyObject *monitor_prometheus_text(PyObject *self, PyObject *arguments); /* (openmetrics,): a str */
PyObject *monitor_prometheus_url(PyObject *self, PyObject *unused);
PyObject *view_prometheus_text(PyObject *self, PyObject *arguments);

/* ---- rules.c: alert rules as the tuples of afmon.rules ---- */

struct rules {
    afmon_alert_rule *items; /* their texts belong to the list that they were taken from */
    struct fields *where;    /* of each item */
    size_t count;
};
int rules_take(struct rules *rules, PyObject *list); /* 0, or -1 with an exception; rules_end in either case */
void rules_end(struct rules *rules);

PyObject *rules_built_in(PyObject *module, PyObject *arguments); /* (limits,): a list of tuples */
PyObject *rules_load(PyObject *module, PyObject *arguments);     /* (path, limits) */
PyObject *rules_remarks(PyObject *module, PyObject *list);       /* of the tuples: texts */
PyObject *view_check_rules(PyObject *self, PyObject *arguments); /* (list, interval): tuples of afmon.rules.AlertEpisode */

/* ---- values.c: results as Python objects ---- */

PyObject *value_text(const char *bytes);
int value_append(PyObject *list, PyObject *item); /* takes the item's reference; NULL: -1, as with an exception */
int value_add_bytes(void *list, const void *data, size_t size); /* an afmon_write_fn: adds to a list of bytes */
/* The bytes of such a list (stolen; NULL: no memory) as one, or an exception where the status is none of success. */
PyObject *value_joined(PyObject *pieces, afmon_status status, const char *what);

/* make(from, 0), make(from, 1) ... as a list. */
typedef PyObject *value_make(const void *from, size_t i);
PyObject *value_list(const void *from, size_t count, value_make *make);

PyObject *value_aggregate(const afmon_aggregate *aggregate);
PyObject *value_usage(const afmon_token_usage *usage); /* [(model, prompt, completion, total)] */
PyObject *value_alert(const afmon_alert *alert);       /* a tuple, for afmon._alerts.alert_of */
PyObject *value_span(const afmon_alert_span *span);    /* a tuple, for afmon.runs.span_of */
PyObject *value_summary(afmon_run_summary *summary);    /* bytes, JSON; frees the summary */
PyObject *value_drops(const afmon_drops *drops);
PyObject *value_report(const afmon_close_report *report);
PyObject *value_stats(const afmon_stats *stats);

/* ---- usage.c ---- */

PyObject *usage_of(PyObject *module, PyObject *object);

/* ---- the types ---- */

PyObject *monitor_record_metric(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *monitor_track_generation(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *monitor_track_evaluation(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *monitor_log(PyObject *self, PyObject *arguments);
PyObject *monitor_settle(struct monitor *self, afmon_status status); /* of a record call, also where it set an exception */
bool monitor_is_open(struct monitor *self);                          /* false: with an exception */

int monitor_make_type(PyObject *module);
int view_make_type(PyObject *module);
PyObject *view_wrap(afmon_view *view); /* owns it, also on failure */
afmon_view *view_handle(PyObject *view);
PyObject *view_open(PyObject *module, PyObject *arguments);
/* ([view], [name], [(key, value)], condition or None): (JSON as bytes, whether the condition holds) */
PyObject *views_compare(PyObject *module, PyObject *arguments);

int items_make_type(PyObject *module);
PyObject *items_open(PyObject *module, PyObject *arguments);

int live_make_type(PyObject *module);
PyObject *live_open(PyObject *module, PyObject *arguments); /* (folder, stalled_after, rules) */

/* Methods of views, in files of their own: arrow.c, charts.c and summary.c. */
PyObject *view_arrow_stream(PyObject *self, PyObject *arguments); /* (since, until): a capsule */
PyObject *view_visualize(PyObject *self, PyObject *arguments); /* (folder, style): ([(number, name, title, file)], warnings) */
PyObject *view_draw(PyObject *self, PyObject *arguments);      /* (number, metric or None, format, style): ([bytes], warnings) */
PyObject *view_report(PyObject *self, PyObject *arguments);    /* (path, format, title or None, limits) */
PyObject *view_summarize(PyObject *self, PyObject *arguments); /* (limits,): a dict */
int take_limits(PyObject *tuple, afmon_alert_limits *limits);  /* in the order of afmon._limits.DEFAULT_LIMITS */

#endif
