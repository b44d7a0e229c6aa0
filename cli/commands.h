/* The commands of afmon: one file each, and the table by which main.c finds them. */
#ifndef AFMON_CLI_COMMANDS_H
#define AFMON_CLI_COMMANDS_H

#include <stddef.h>

/* A command gets the words from its own name on (argv[0] is "show", "demo" ...), prints what it has to say, and
 * returns the exit status of the program. It does not call exit(). */
typedef struct cli_command {
    const char *name;
    const char *summary; /* one line for `afmon --help` */
    int (*run)(int argc, char **argv);
} cli_command;

int cmd_demo(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_generate(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_runs(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_items(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_plot(int argc, char **argv);
int cmd_recover(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_proxy(int argc, char **argv);

/* `afmon completion words WORD...`: prints what may stand in the place of the last word, as shells ask for it; the
 * words are those behind "afmon". Returns an exit status. (completion.c) */
int cli_complete_words(const cli_command *commands, size_t command_count, int count, char **words);

#endif
