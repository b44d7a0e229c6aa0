/* The two halves of `afmon diff`: asking (diff.c) and printing for people (diff_print.c). */
#ifndef AFMON_CLI_DIFF_H
#define AFMON_CLI_DIFF_H

#include <afmon/afmon.h>

#include "cli/cli.h"

/* What is printed. names: of the runs, made safe by whoever prints them. */
typedef struct diff_shown {
    const afmon_comparison *comparison;
    const char *const *names;
    bool all; /* figures that tell nothing, too */
} diff_shown;

/* False after a message: no memory. */
bool diff_print(const diff_shown *shown, const cli_screen *screen);

/* The same as Markdown, for a comment on a pull request. */
void diff_print_markdown(const diff_shown *shown, FILE *out);

#endif
