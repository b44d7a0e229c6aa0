/* Values that are no plain numbers or truths. They are taken as what they mean where that is plain (afmon._convert says
 * what is); what makes no sense is recorded as not finite, and warned of once for each argument of a monitor. A record
 * call never raises for what it is given: the generator must go on. */
#include <math.h>

#include "module.h"
#include "track.h"

static const char *name_of(int argument)
{
    static const char *const others[ODD_ARGUMENTS] = {
        [ODD_VALUE] = "value", [ODD_SCORE] = "a score", [ODD_NAME] = "metric_name",
        [ODD_ITEM] = "an item's id", [ODD_OUTCOME] = "an item's outcome"};
    return argument < TRACK_FIELD ? track_names[argument] : others[argument];
}

/* In the run's log, too: a worker's warnings are seen by nobody. */
static void log_it(struct monitor *self, int argument, const char *given, const char *became)
{
    afmon_field fields[] = {afmon_string("argument", name_of(argument)), afmon_string("given", given),
                            afmon_string("recorded_as", became)};
    host_recording = true;
    (void)afmon_log_warning(self->handle, "A value made no sense", fields, 3); /* where it fails, it is counted */
    host_recording = false;
}

int odd_tell(struct monitor *self, int argument, PyObject *given, const char *became)
{
    unsigned bit = 1u << argument;
    if (self->odd & bit)
        return 0;
    self->odd |= bit;
    PyObject *shown = PyObject_CallFunctionObjArgs(afmon_python.shown, given, NULL);
    const char *text = shown == NULL ? NULL : PyUnicode_AsUTF8AndSize(shown, NULL);
    PyObject *done = NULL;
    if (text != NULL) {
        log_it(self, argument, text, became);
        done = PyObject_CallFunction(afmon_python.odd, "sss", name_of(argument), text, became);
    }
    Py_XDECREF(shown);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1; /* a warning that the program made an error goes on to it */
}

/* What a helper makes of an object: a new reference, Py_None where that is not plain; NULL with an exception. */
static PyObject *understood(PyObject *helper, PyObject *given)
{
    PyObject *value = PyObject_CallFunctionObjArgs(helper, given, NULL);
    return value != NULL || forgive() != 0 ? value : Py_NewRef(Py_None);
}

int odd_number(struct monitor *self, int argument, PyObject *given, double *value)
{
    PyObject *number = understood(afmon_python.number, given);
    if (number == NULL)
        return -1;
    bool plain = PyFloat_CheckExact(number);
    *value = plain ? PyFloat_AsDouble(number) : NAN;
    Py_DECREF(number);
    return plain ? 0 : odd_tell(self, argument, given, argument == TRACK_STATUS ? "no status" : "not finite");
}

int odd_truth(struct monitor *self, PyObject *given, bool *success, bool *unknown)
{
    PyObject *truth = understood(afmon_python.truth, given);
    if (truth == NULL)
        return -1;
    *success = truth == Py_True;
    *unknown = truth != Py_True && truth != Py_False;
    Py_DECREF(truth);
    return *unknown ? odd_tell(self, TRACK_SUCCESS, given, "not known") : 0;
}

int odd_mapping(struct monitor *self, struct fields *fields, PyObject *mapping)
{
    size_t before = fields->count;
    if (fields_add_mapping(fields, mapping) == 0)
        return 0;
    if (PyErr_ExceptionMatches(PyExc_MemoryError) || forgive() != 0)
        return -1;
    fields->count = before;
    return fields_add(fields, afmon_python.member_names[TRACK_METADATA], mapping) != 0
               ? -1
               : odd_tell(self, TRACK_METADATA, mapping, "one text");
}

int odd_negative(struct monitor *self, int argument, PyObject *given, double *value)
{
    *value = NAN;
    return odd_tell(self, argument, given, "not finite");
}
