/* Alert rules: the tuples of afmon.rules as structs, and back. Their order is that of AlertRule._options. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "module.h"

#define RULE_TUPLE "ssididdiO!zzdOdKdp"

static int take_one(afmon_alert_rule *rule, struct fields *where, PyObject *tuple)
{
    PyObject *metadata;
    PyObject *clear;
    int aggregate;
    int comparison;
    int level;
    int send_resolved;
    unsigned long long min_samples;
    afmon_alert_rule_init(rule);
    if (!PyArg_ParseTuple(tuple, RULE_TUPLE, &rule->name, &rule->metric, &aggregate, &rule->quantile, &comparison,
                          &rule->limit, &rule->window_s, &level, &PyDict_Type, &metadata, &rule->message,
                          &rule->resolved_message, &rule->for_s, &clear, &rule->keep_firing_for_s, &min_samples,
                          &rule->renotify_s, &send_resolved))
        return -1;
    rule->aggregate = (afmon_rule_aggregate)aggregate;
    rule->comparison = (afmon_rule_comparison)comparison;
    rule->level = (afmon_level)level;
    rule->min_samples = min_samples;
    rule->send_resolved = send_resolved != 0;
    if (clear != Py_None)
        rule->clear = (afmon_number){.value = PyFloat_AsDouble(clear), .given = true};
    if (PyErr_Occurred() || fields_add_mapping(where, metadata) != 0)
        return -1;
    rule->where = where->items;
    rule->where_count = where->count;
    return 0;
}

int rules_take(struct rules *rules, PyObject *list)
{
    Py_ssize_t count = PyList_Size(list);
    if (count < 0)
        return -1;
    rules->items = calloc((size_t)count + 1, sizeof *rules->items);
    rules->where = calloc((size_t)count + 1, sizeof *rules->where);
    if (rules->items == NULL || rules->where == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        fields_begin(&rules->where[i]);
        rules->count++;
        if (take_one(&rules->items[i], &rules->where[i], PyList_GetItem(list, i)) != 0)
            return -1;
    }
    return 0;
}

void rules_end(struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        fields_end(&rules->where[i]);
    free(rules->items);
    free(rules->where);
    *rules = (struct rules){NULL, NULL, 0};
}

/* ---- as Python objects ---- */

static PyObject *tuple_of(const afmon_alert_rule *rule)
{
    PyObject *where = fields_dict(rule->where, rule->where_count);
    PyObject *clear = rule->clear.given ? PyFloat_FromDouble(rule->clear.value) : Py_NewRef(Py_None);
    if (where == NULL || clear == NULL) {
        Py_XDECREF(where);
        Py_XDECREF(clear);
        return NULL;
    }
    return Py_BuildValue("(ssididdiNzzdNdKdO)", rule->name, rule->metric, (int)rule->aggregate, rule->quantile,
                         (int)rule->comparison, rule->limit, rule->window_s, (int)rule->level, where, rule->message,
                         rule->resolved_message, rule->for_s, clear, rule->keep_firing_for_s,
                         (unsigned long long)rule->min_samples, rule->renotify_s,
                         rule->send_resolved ? Py_True : Py_False);
}

/* Releases the rules. */
static PyObject *list_of(afmon_rules *rules)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < rules->count; i++)
        if (value_append(list, tuple_of(&rules->rules[i])) != 0)
            Py_CLEAR(list);
    afmon_rules_free(rules);
    return list;
}

PyObject *rules_built_in(PyObject *module, PyObject *arguments)
{
    PyObject *given;
    afmon_alert_limits limits;
    afmon_rules rules;
    afmon_error error = {.status = AFMON_OK};
    (void)module;
    if (!PyArg_ParseTuple(arguments, "O!", &PyTuple_Type, &given) || take_limits(given, &limits) != 0)
        return NULL;
    afmon_status status = afmon_rules_built_in(&limits, &rules, &error);
    return status == AFMON_OK ? list_of(&rules) : raise_error(status, &error);
}

PyObject *rules_remarks(PyObject *module, PyObject *list)
{
    struct rules rules = {0};
    char text[400];
    (void)module;
    PyObject *remarks = rules_take(&rules, list) == 0 ? PyList_New(0) : NULL;
    for (size_t i = 0; remarks != NULL && i < rules.count; i++) {
        if (!afmon_alert_rule_remark(&rules.items[i], text, sizeof text))
            continue;
        PyObject *remark = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
        if (remark == NULL || PyList_Append(remarks, remark) != 0)
            Py_CLEAR(remarks);
        Py_XDECREF(remark);
    }
    rules_end(&rules);
    return remarks;
}

PyObject *rules_load(PyObject *module, PyObject *arguments)
{
    const char *path;
    PyObject *given;
    afmon_alert_limits limits;
    afmon_rules rules;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "yO!", &path, &PyTuple_Type, &given) || take_limits(given, &limits) != 0)
        return NULL;
    WITHOUT_GIL(status = afmon_rules_load(path, &limits, &rules, &error));
    return status == AFMON_OK ? list_of(&rules) : raise_error(status, &error);
}

/* ---- replays ---- */

/* Called without the GIL: takes it for a moment, as often as a rule fired. */
static int add_episode(void *list, const afmon_alert_episode *episode)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *fired = value_alert(&episode->fired);
    PyObject *worst = value_alert(&episode->worst);
    PyObject *last = value_alert(&episode->last);
    PyObject *item = fired == NULL || worst == NULL || last == NULL
                         ? NULL
                         : Py_BuildValue("(nLOOOKK)", (Py_ssize_t)episode->rule, (long long)episode->began_ns, fired,
                                         worst, last, (unsigned long long)episode->passes,
                                         (unsigned long long)episode->told);
    int bad = item == NULL || PyList_Append(list, item) != 0;
    Py_XDECREF(item);
    Py_XDECREF(fired);
    Py_XDECREF(worst);
    Py_XDECREF(last);
    PyGILState_Release(state);
    return bad;
}

PyObject *view_check_rules(PyObject *object, PyObject *arguments)
{
    struct rules rules = {NULL, NULL, 0};
    PyObject *given;
    double interval;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status = AFMON_OK;
    if (!PyArg_ParseTuple(arguments, "O!d", &PyList_Type, &given, &interval))
        return NULL;
    PyObject *episodes = PyList_New(0);
    if (episodes != NULL && rules_take(&rules, given) == 0)
        WITHOUT_GIL(status = afmon_view_check_rules(view_handle(object), rules.items, rules.count, interval, NULL,
                                                    add_episode, episodes, &error));
    rules_end(&rules);
    if (status != AFMON_OK && !PyErr_Occurred())
        raise_error(status, &error);
    if (PyErr_Occurred())
        Py_CLEAR(episodes);
    return episodes;
}
