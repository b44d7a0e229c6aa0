/* Failures by what they have in common, and what they said. */
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"

enum { SHOWN = 10, EXAMPLES = 3 };

/* What one of each of the first groups said, whole: the table has it cut, and with numbers and ids made equal. */
static bool print_examples(const cli_screen *screen, const afmon_run_summary *s)
{
    for (size_t i = 0; i < s->failure_count && i < EXAMPLES; i++) {
        const afmon_failure_summary *failure = &s->failures[i];
        char *safe = cli_safe(failure->example, strlen(failure->example));
        char *type = cli_safe(failure->error_type, strlen(failure->error_type));
        bool ok = safe != NULL && type != NULL;
        if (ok && safe[0] != '\0') {
            size_t column =
                (size_t)fprintf(screen->out, "An example of %s: ", type[0] != '\0' ? type : "those without a type");
            cli_wrap(screen->out, safe, column, 2, screen->width);
            fputc('\n', screen->out);
        }
        free(safe);
        free(type);
        if (!ok) {
            cli_error("out of memory");
            return false;
        }
    }
    return true;
}

bool show_failures(const cli_screen *screen, const afmon_run_summary *s)
{
    static const cli_column columns[] = {
        {"Failure", CLI_LEFT, true}, {"status", CLI_RIGHT, false}, {"count", CLI_RIGHT, false},
        {"items", CLI_RIGHT, false}, {"share", CLI_RIGHT, false},  {"in", CLI_LEFT, true},
        {"message", CLI_LEFT, true},
    };
    if (s->failure_count == 0)
        return true;
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < s->failure_count && i < SHOWN; i++) {
        const afmon_failure_summary *failure = &s->failures[i];
        char status[24] = "-";
        if (failure->status != 0)
            snprintf(status, sizeof status, "%d", failure->status);
        cli_table_cell(table, CLI_PLAIN, failure->error_type[0] ? failure->error_type : "(no type given)");
        cli_table_cell(table, CLI_PLAIN, status);
        cli_table_cell(table, CLI_BOLD, cli_count(failure->count).s);
        cli_table_cell(table, CLI_PLAIN, cli_count(failure->items).s);
        cli_table_cell(table, CLI_PLAIN, cli_percent(failure->share).s);
        cli_table_cell(table, CLI_PLAIN, failure->operation[0] ? failure->operation : "-");
        cli_table_cell(table, CLI_DIM, failure->message[0] ? failure->message : "-");
    }
    bool printed = cli_table_print(table, screen);
    cli_table_free(table);
    if (s->failure_count > SHOWN)
        fprintf(screen->out, "%sAnd %zu more kinds; --json has them.%s\n", cli_paint(screen, CLI_DIM),
                s->failure_count - SHOWN, cli_paint(screen, CLI_PLAIN));
    printed = printed && print_examples(screen, s);
    if (show_tells_items(s))
        fprintf(screen->out, "%sThe items behind a row: afmon items DIR --error FAILURE --operation IN%s\n",
                cli_paint(screen, CLI_DIM), cli_paint(screen, CLI_PLAIN));
    fputc('\n', screen->out);
    return printed;
}
