/* What people call a run, as its run records say: name, note and tags. */
#ifndef AFMON_MODEL_ABOUT_H
#define AFMON_MODEL_ABOUT_H

#include <afmon/afmon.h>

/* One of the three as it stands in the line, and whose word it is. */
struct afmon_run_word {
    char *raw; /* NULL: no record gives one */
    size_t length;
    int64_t started_ns; /* of the session that gave it */
    uint64_t serial;
};

/* Begin with a zeroed one. */
struct afmon_run_about {
    struct afmon_run_word name;
    struct afmon_run_word note;
    struct afmon_run_word tags; /* an object */
};

/* data: the members of a run record. Of several sessions the latest that gives one has the word. False: no memory. */
bool afmon_run_about_take(struct afmon_run_about *about, const char *data, size_t length, int64_t started_ns,
                          uint64_t serial);

size_t afmon_run_about_bytes(const struct afmon_run_about *about);
void afmon_run_about_free(struct afmon_run_about *about);

#endif
