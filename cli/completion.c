/* afmon completion: what makes a shell complete afmon's words. The scripts ask `afmon completion words`, and so never
 * know other options than the command has. */
#include <string.h>

#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/commands.h"

static const cli_option options[] = {{0, NULL, NULL, NULL}};

static const cli_usage usage = {
    .command = "completion",
    .synopsis = "bash|zsh|fish",
    .description =
        "Prints what makes a shell complete the commands, options, values and runs of afmon. Packages install "
        "it; elsewhere, as after 'pip install', put it where the shell looks:",
    .options = options,
    .epilogue = "  source <(afmon completion bash)     in ~/.bashrc\n"
                "  afmon completion zsh >\"${fpath[1]}/_afmon\"\n"
                "  afmon completion fish >~/.config/fish/completions/afmon.fish\n\n"
                "Exit status: 0 printed; 2 the command line is wrong.\n",
};

/* Names of runs come from folders: they are never expanded, and quoted where they go into the line. */
static const char bash[] =
    "# bash completion of afmon\n"
    "_afmon()\n"
    "{\n"
    "    local line current=${COMP_WORDS[COMP_CWORD]}\n"
    "    [[ $current == \"=\" ]] && current=\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        line=${line%%$'\\t'*}\n"
    "        [[ $line == \"$current\"* ]] || continue\n"
    "        printf -v line %q \"$line\"\n"
    "        COMPREPLY+=(\"$line\")\n"
    "    done < <(\"${COMP_WORDS[0]}\" completion words \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "}\n"
    "complete -o bashdefault -o default -F _afmon afmon\n";

static const char zsh[] = "#compdef afmon\n"
                          "_afmon()\n"
                          "{\n"
                          "    local -a described\n"
                          "    local line\n"
                          "    while IFS= read -r line; do\n"
                          "        line=${line//\\\\/\\\\\\\\}\n"
                          "        line=${line//:/\\\\:}\n"
                          "        described+=(\"${line/$'\\t'/:}\")\n"
                          "    done < <(\"${words[1]}\" completion words \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
                          "    (( ${#described} )) && _describe -V afmon described && return\n"
                          "    _files\n"
                          "}\n"
                          "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
                          "    _afmon \"$@\"\n"
                          "else\n"
                          "    compdef _afmon afmon\n"
                          "fi\n";

static const char fish[] = "# fish completion of afmon\n"
                           "function __afmon_words\n"
                           "    set -l line (commandline -opc) (commandline -ct)\n"
                           "    $line[1] completion words $line[2..-1] 2>/dev/null\n"
                           "end\n"
                           "complete -c afmon -a '(__afmon_words)'\n";

static void print_commands(const cli_command *commands, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s\t%s\n", commands[i].name, commands[i].summary);
    puts("help\twhat a command does");
}

static const cli_command *find(const cli_command *commands, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* What follows the word "generate" is another word of the command, and its options come behind that. */
static bool has_second_word(const char *command)
{
    return strcmp(command, "generate") == 0;
}

/* Behind the '=' of "--format=" stands a value, as behind a space. */
static const char *word_before(int count, char **words)
{
    int at = count - 2;
    if (strcmp(words[count - 1], "=") == 0 && at > 0)
        return words[at];
    if (strcmp(words[at], "=") == 0 && at > 1)
        at--;
    return words[at];
}

/* Asks the command itself, by its hidden option. One word has both, for "--" in a place of its own ends options. */
static int ask(const cli_command *command, int count, char **words)
{
    char hidden[512];
    const char *current = words[count - 1];
    char *asked[4] = {words[0]};
    int at = 1;
    if (has_second_word(words[0]))
        asked[at++] = words[1];
    snprintf(hidden, sizeof hidden, "--" CLI_COMPLETE "=%.200s\n%.200s", word_before(count, words),
             strcmp(current, "=") == 0 ? "" : current);
    asked[at++] = hidden;
    return command->run(at, asked);
}

int cli_complete_words(const cli_command *commands, size_t command_count, int count, char **words)
{
    if (count <= 1 || (count == 2 && strcmp(words[0], "help") == 0)) {
        print_commands(commands, command_count);
        return cli_finish_output(CLI_OK);
    }
    if (count == 2 && has_second_word(words[0])) {
        puts("conversations\tconversations between two models");
        return cli_finish_output(CLI_OK);
    }
    const cli_command *command = find(commands, command_count, words[0]);
    return command != NULL ? ask(command, count, words) : CLI_OK;
}

static int print(const char *shell)
{
    static const char *const names[] = {"bash", "zsh", "fish"};
    static const char *const scripts[] = {bash, zsh, fish};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(shell, names[i]) == 0) {
            fputs(scripts[i], stdout);
            return cli_finish_output(CLI_OK);
        }
    }
    const char *meant = afmon_suggest(shell, names, 3);
    return meant != NULL ? cli_usage_error("completion", "unknown shell '%s'; did you mean '%s'?", shell, meant)
                         : cli_usage_error("completion", "unknown shell '%s'; there are bash, zsh and fish", shell);
}

int cmd_completion(int argc, char **argv)
{
    cli_args args;
    cli_args_init(&args, &usage, argc, argv);
    if (cli_next_option(&args) != CLI_END)
        return args.status;
    if (cli_operand_count(&args) != 1)
        return cli_usage_error("completion", "say for which shell: bash, zsh or fish");
    return print(cli_operand(&args, 0));
}
