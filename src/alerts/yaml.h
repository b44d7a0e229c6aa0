/* The plain part of YAML, event by event: mappings, lists and scalars of one document. Anchors, aliases and tags are
 * refused, so nothing grows beyond the file. Errors say file, line and column. */
#ifndef AFMON_ALERTS_YAML_H
#define AFMON_ALERTS_YAML_H

#include <afmon/afmon.h>
#include "lazy/yaml.h"

struct afmon_yaml {
    const char *name; /* of the file, for messages */
    yaml_parser_t parser;
    yaml_event_t event; /* the one at hand */
    bool is_open;
    bool has_event;
    afmon_status status; /* not AFMON_OK: over */
    afmon_error *error;
};

/* A place in the file, from 1. */
struct afmon_yaml_place {
    size_t line;
    size_t column;
};

/* Begins with a text that must outlive it, in front of the document's first event. Close it in any case. */
bool afmon_yaml_open(struct afmon_yaml *yaml, const char *name, const void *text, size_t size, afmon_error *error);
void afmon_yaml_close(struct afmon_yaml *yaml);

/* Takes the next event. False: there is an error. */
bool afmon_yaml_next(struct afmon_yaml *yaml);

/* The place where the event at hand begins. */
struct afmon_yaml_place afmon_yaml_place(const struct afmon_yaml *yaml);

/* The event at hand is of that kind; else an error that says that `what` was expected. */
bool afmon_yaml_expect(struct afmon_yaml *yaml, yaml_event_type_t type, const char *what);

/* The text of the scalar at hand, NUL ended; it may not hold a NUL itself. NULL: an error. Valid until the next event.
 */
const char *afmon_yaml_text(struct afmon_yaml *yaml, const char *what);

/* True where the scalar at hand stands without quotes. */
bool afmon_yaml_is_plain(const struct afmon_yaml *yaml);

/* Ends it with an error, "FILE:LINE:COLUMN: ...". Always false. */
__attribute__((format(printf, 3, 4))) bool afmon_yaml_fail(struct afmon_yaml *yaml, struct afmon_yaml_place place,
                                                           const char *format, ...);
bool afmon_yaml_fail_memory(struct afmon_yaml *yaml);

#endif
