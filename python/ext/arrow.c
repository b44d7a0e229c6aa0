/* A view as an Arrow C stream in a capsule: the Arrow PyCapsule interface. */
#include "module.h"

#define CAPSULE_NAME "arrow_array_stream" /* given by the interface */

/* Who takes the stream over leaves it without a release. */
static void destroy(PyObject *capsule)
{
    struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, CAPSULE_NAME);
    if (stream->release != NULL)
        stream->release(stream);
    PyMem_Free(stream);
}

static PyObject *capsule_of(struct ArrowArrayStream *stream)
{
    PyObject *capsule = PyCapsule_New(stream, CAPSULE_NAME, destroy);
    if (capsule == NULL) {
        stream->release(stream);
        PyMem_Free(stream);
    }
    return capsule;
}

PyObject *view_arrow_stream(PyObject *object, PyObject *arguments)
{
    long long since;
    long long until;
    afmon_export_options options;
    afmon_error error = {.status = AFMON_OK};
    afmon_status status;
    if (!PyArg_ParseTuple(arguments, "LL", &since, &until))
        return NULL;
    struct ArrowArrayStream *stream = PyMem_Malloc(sizeof *stream);
    if (stream == NULL)
        return PyErr_NoMemory();
    afmon_export_options_init(&options);
    options.window = (afmon_window){since, until};
    WITHOUT_GIL(status = afmon_view_arrow_stream(view_handle(object), &options, stream, &error));
    if (status == AFMON_OK)
        return capsule_of(stream);
    PyMem_Free(stream);
    return raise_error(status, &error);
}
