/* afmon: finds the command and runs it. */
#include <stdlib.h>
#include <string.h>

#include <afmon/afmon.h>

#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/signals.h"

static const cli_command commands[] = {
    {"demo", "watch a monitored generation against a simulated model", cmd_demo},
    {"generate", "generate conversations with a model, monitored", cmd_generate},
    {"run", "watch the calls that any program makes, by a proxy on this machine", cmd_run},
    {"proxy", "the same proxy alone, for several programs", cmd_proxy},
    {"watch", "a run as it goes on: progress, rates, latency, alerts, log", cmd_watch},
    {"serve", "a dashboard of runs in the browser", cmd_serve},
    {"runs", "the runs that there are, and what each came to; removes old ones", cmd_runs},
    {"show", "what is in a run folder: metrics, token usage, alerts", cmd_show},
    {"items", "the items behind the figures: what became of each, and its calls", cmd_items},
    {"diff", "compare runs: what got better, what got worse, what cannot be told", cmd_diff},
    {"export", "write a run's samples as JSON, CSV, Excel or Parquet", cmd_export},
    {"report", "what a run came to, as a page or as Markdown", cmd_report},
    {"check", "judge a run by the alert rules, for scripts and CI", cmd_check},
    {"plot", "draw a run as charts: PNG, SVG or PDF", cmd_plot},
    {"recover", "put what a killed process left behind into the files", cmd_recover},
    {"completion", "what makes bash, zsh or fish complete these commands", cmd_completion},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
    fputs("afmon watches the generation of LLM conversations: is it working, how fast is it,\n"
          "are errors occurring, what came out.\n\n"
          "Usage: afmon COMMAND [OPTION...]\n\n"
          "Commands:\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("  help       'afmon help COMMAND' is 'afmon COMMAND --help'\n\n"
          "Options:\n"
          "  -h, --help     Print this and exit\n"
          "  -V, --version  Print the version and exit\n\n"
          "Begin with 'afmon demo'.\n",
          out);
}

static int print_version(void)
{
    printf("afmon %s\n", AFMON_VERSION);
    if (strcmp(AFMON_VERSION, afmon_version()) != 0)
        printf("libafmon %s\n", afmon_version());
    return cli_finish_output(CLI_OK);
}

static const cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int say_unknown(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    if (name[0] == '-')
        return cli_usage_error(NULL, "unknown option '%s'", name);
    const char *meant = afmon_suggest(name, names, COMMAND_COUNT);
    if (meant)
        return cli_usage_error(NULL, "unknown command '%s'; did you mean 'afmon %s'?", name, meant);
    return cli_usage_error(NULL, "unknown command '%s'", name);
}

/* `afmon help`, `afmon help COMMAND` (and what may follow a command, as in `afmon help generate conversations`). */
static int help(int argc, char **argv)
{
    char option[] = "--help";
    char *words[4];
    int count = 0;
    if (argc < 2) {
        print_help(stdout);
        return cli_finish_output(CLI_OK);
    }
    const cli_command *command = find_command(argv[1]);
    if (!command)
        return say_unknown(argv[1]);
    for (int i = 1; i < argc && i < 3; i++)
        words[count++] = argv[i];
    words[count++] = option;
    words[count] = NULL;
    return command->run(count, words);
}

static bool is(const char *word, const char *one, const char *other)
{
    return strcmp(word, one) == 0 || strcmp(word, other) == 0;
}

int main(int argc, char **argv)
{
    cli_hold_standard_files();
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (is(argv[1], "-h", "--help")) {
        print_help(stdout);
        return cli_finish_output(CLI_OK);
    }
    if (is(argv[1], "-V", "--version"))
        return print_version();
    if (strcmp(argv[1], "help") == 0)
        return help(argc - 1, argv + 1);
    if (argc > 2 && strcmp(argv[1], "completion") == 0 && strcmp(argv[2], "words") == 0)
        return cli_complete_words(commands, COMMAND_COUNT, argc - 3, argv + 3);
    const cli_command *command = find_command(argv[1]);
    if (!command)
        return say_unknown(argv[1]);
    return command->run(argc - 1, argv + 1);
}
