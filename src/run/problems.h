/* What was wrong in the files of a run. */
#ifndef AFMON_RUN_PROBLEMS_H
#define AFMON_RUN_PROBLEMS_H

#include <stddef.h>
#include <stdint.h>

#define AFMON_PROBLEMS_KEPT 1000

/* Zeroed to begin with. */
struct afmon_problems {
    char **texts; /* malloc'ed, each too */
    size_t kept;  /* at most AFMON_PROBLEMS_KEPT */
    size_t count; /* all */
};

/* Counts a problem, and keeps "FILE:LINE: why" of the first ones as far as memory allows. */
void afmon_problems_add(struct afmon_problems *problems, const char *file, uint64_t line, const char *why);

/* The same for what belongs to no line. */
void afmon_problems_note(struct afmon_problems *problems, const char *what);

void afmon_problems_free(struct afmon_problems *problems);

#endif
