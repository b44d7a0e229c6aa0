/* A custom handler as the library has it. Those of the public header differ in what they are called with, and in
 * nothing else. */
#ifndef AFMON_HANDLERS_HANDLER_H
#define AFMON_HANDLERS_HANDLER_H

#include <afmon/afmon.h>

/* In the order in which a monitor has them. */
enum afmon_handler_kind {
    AFMON_HANDLER_METRIC,
    AFMON_HANDLER_LOG,
    AFMON_HANDLER_ALERT,
    AFMON_HANDLER_TOKEN_USAGE,
    AFMON_HANDLER_KINDS
};

struct afmon_handler {
    enum afmon_handler_kind kind;
    bool built_in;    /* stands for a file that the core's own thread writes: never called */
    const char *name; /* NULL: it gets one from its kind */
    union {
        int (*sample)(void *user, const afmon_sample *sample, char *error, size_t size);
        int (*log)(void *user, const afmon_log_record *record, char *error, size_t size);
        int (*alert)(void *user, const afmon_alert *alert, char *error, size_t size);
        int (*usage)(void *user, const afmon_token_usage *usage, char *error, size_t size);
    } handle;
    void *user;
    void (*destroy)(void *user);                                                             /* may be NULL */
    size_t queue_capacity;                                                                   /* 0: that of its kind */
    uint64_t (*flush)(void *user, const afmon_deadline *deadline, char *error, size_t size); /* NULL: gathers nothing */
    double interval_s; /* of flush; of a token usage handler: 0 or less: only the call at the end */
};

struct afmon_handler afmon_handler_of_samples(const afmon_metric_handler *from);
struct afmon_handler afmon_handler_of_logs(const afmon_log_handler *from);
struct afmon_handler afmon_handler_of_alerts(const afmon_alert_handler *from);
struct afmon_handler afmon_handler_of_usage(const afmon_token_usage_handler *from, double interval_s);

/* AFMON_E_ARGUMENT where a list is missing, a handler has no function, or one that gathers no period. */
afmon_status afmon_handlers_check(const afmon_options *options, afmon_error *error);

/* Calls visit with each handler of the options, by kind, until it returns false. Returns whether none
 * did. A list of AFMON_DEFAULT_HANDLERS is the built-in one. */
bool afmon_handlers_each(const afmon_options *options, bool (*visit)(void *user, const struct afmon_handler *handler),
                         void *user);

/* It will not be called (again). */
void afmon_handler_end(const struct afmon_handler *handler);

#endif
