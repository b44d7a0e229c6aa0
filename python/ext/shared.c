/* What many parts of the module need: what it took from Python, the view behind an object, limits of alerts. */
#include "module.h"

struct afmon_python afmon_python;

afmon_view *view_handle(PyObject *object)
{
    return ((struct view *)object)->handle;
}

int take_limits(PyObject *tuple, afmon_alert_limits *limits)
{
    return PyArg_ParseTuple(tuple, "ddddddd", &limits->min_success_rate, &limits->max_generation_time_s,
                            &limits->max_error_rate, &limits->max_prompt_token_mean, &limits->max_completion_token_mean,
                            &limits->max_total_token_mean, &limits->max_conversation_length_mean)
               ? 0
               : -1;
}
