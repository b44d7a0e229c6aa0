/* What may be typed next, from the table of options that --help prints. */
#include <string.h>

#include "cli/cli.h"
#include "cli/run.h"

static const cli_option *find(const cli_usage *usage, const char *word)
{
    const cli_option *option = usage->options;
    bool letter = word[0] == '-' && word[1] != '\0' && word[1] != '-' && word[2] == '\0';
    for (; option->id != 0; option++)
        if ((letter && option->id == word[1]) || (strncmp(word, "--", 2) == 0 && strcmp(word + 2, option->name) == 0))
            return option;
    return NULL;
}

/* "png|svg|pdf" as candidates; of "FILE" there are none, and shells complete files. */
static void print_values(const char *argument, FILE *out)
{
    if (strchr(argument, '|') == NULL)
        return;
    for (const char *at = argument; *at != '\0';) {
        size_t length = strcspn(at, "|");
        fprintf(out, "%.*s\n", (int)length, at);
        at += length + (at[length] == '|');
    }
}

/* The help's first line, so that a candidate stays one line. */
static void print_option(const char *name, const char *help, FILE *out)
{
    fprintf(out, "--%s\t%.*s\n", name, (int)strcspn(help, "\n"), help);
}

static bool is_one_line(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        if (*c < ' ' || *c == 0x7f)
            return false;
    return true;
}

static void print_runs(FILE *out)
{
    for (int place = 0; place < CLI_PLACES; place++) {
        afmon_found_runs *runs = NULL;
        if (afmon_runs_find(cli_place(place), &runs, NULL) != AFMON_OK)
            continue;
        for (size_t i = 0; i < runs->count; i++) {
            const char *folder = cli_plain_folder(runs->runs[i].folder);
            if (is_one_line(folder) && is_one_line(runs->runs[i].name))
                fprintf(out, "%s\t%s\n", folder, runs->runs[i].name);
        }
        afmon_found_runs_free(runs);
    }
}

void cli_complete(const cli_usage *usage, const char *before, const char *word, FILE *out)
{
    const cli_option *open = find(usage, before);
    if (open != NULL && open->argument != NULL)
        print_values(open->argument, out);
    else if (word[0] == '-') {
        for (const cli_option *option = usage->options; option->id != 0; option++)
            if (option->help != NULL)
                print_option(option->name, option->help, out);
        print_option("help", "Print this and exit", out);
    } else if (strncmp(usage->synopsis, "[DIR", 4) == 0)
        print_runs(out);
}
