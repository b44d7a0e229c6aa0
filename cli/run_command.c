/* afmon run: a command whose calls go through a proxy on this machine. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/proxied.h"
#include "cli/run_variables.h"

enum { UPSTREAM = PROXIED_OWN, PATIENCE_S = 2, CANNOT_RUN = 126, NOT_FOUND = 127, BY_SIGNAL = 128 };

static const cli_option options_table[] = {
    {UPSTREAM, "upstream", "URL",
     "Where all calls go: http://127.0.0.1:8000/v1 (each SDK's calls to where its variable leads now, else to its own "
     "provider)"},
    PROXIED_OPTIONS,
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "run",
    .synopsis = "[OPTION...] -- COMMAND [ARGUMENT...]",
    .description = "Runs a command, in any language, and records the calls that it makes to a model: a proxy on a free "
                   "port of this "
                   "machine passes them on, and OPENAI_BASE_URL, ANTHROPIC_BASE_URL, GOOGLE_GEMINI_BASE_URL, "
                   "OLLAMA_HOST and others like them lead the "
                   "command's SDKs there. What passes is not changed. Calls of OpenAI's chat, completions, responses "
                   "and embeddings, "
                   "of Anthropic's messages, of Gemini and of Ollama are read, streamed or not; others are passed and "
                   "counted. Keys pass "
                   "through and are "
                   "written nowhere. The headers x-afmon-item and x-afmon-operation of a call name the item that it is "
                   "for and what it "
                   "is; they go no further. The command has the terminal; the summary goes to standard error.",
    .options = options_table,
    .epilogue =
        "Exit status: the command's; 128 and the signal's number where a signal ended it; 127 it is not found, 126\n"
        "it cannot be run; 2 the command line is wrong, 1 the proxy cannot be started.\n\n"
        "  afmon run -- python generate.py --rows 1000\n"
        "  afmon run --upstream http://127.0.0.1:8000/v1 -- ./generate\n",
};

/* ---- The command ------------------------------------------------------------------------------------------------- */

/* Signals that are handed on. Those of the terminal's keys reach the command by itself. */
static void handed_on(sigset_t *set)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD};
    sigemptyset(set);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaddset(set, numbers[i]);
}

static int exit_status(int status)
{
    return WIFSIGNALED(status) ? BY_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Says in the run how the command ended: what is missing from a run that was cut off is then no riddle. */
static void tell_end(const proxied *p, const char *name, int status)
{
    if (!WIFSIGNALED(status)) {
        const afmon_field field = afmon_int("exit_status", WEXITSTATUS(status));
        (void)afmon_log_info(p->monitor, "The command ended", &field, 1);
        return;
    }
    const afmon_field field = afmon_int("signal", WTERMSIG(status));
    cli_error("%s was ended by signal %d (%s)", name, WTERMSIG(status), strsignal(WTERMSIG(status)));
    (void)afmon_log_warning(p->monitor, "The command ended by a signal", &field, 1);
}

/* Waits for its end. Returns its status, as waitpid gives it. */
static int attend(pid_t command, const sigset_t *signals)
{
    siginfo_t info;
    int status;
    for (;;) {
        int number = sigwaitinfo(signals, &info);
        if (number == SIGCHLD || number < 0) {
            if (waitpid(command, &status, WNOHANG) == command)
                return status;
        } else if (info.si_code != SI_KERNEL) {
            (void)kill(command, number);
        }
    }
}

/* Starts it, with the signal mask that this process was started with. 0 or errno. */
static int start(char **words, char **environment, const sigset_t *mask, pid_t *command)
{
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int failure = posix_spawnattr_init(&attributes);
    if (failure != 0)
        return failure;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, mask);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    failure = posix_spawnp(command, words[0], NULL, &attributes, words, environment);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

static int run_words(proxied *p, const char *upstream, char **words, const sigset_t *signals, const sigset_t *mask)
{
    pid_t command;
    char **environment = run_environment(upstream, p->module->address(p->proxy), afmon_monitor_log_dir(p->monitor));
    int failure = environment != NULL ? start(words, environment, mask, &command) : ENOMEM;
    run_environment_free(environment);
    proxied_raise_limit();
    if (failure == 0) {
        int status = attend(command, signals);
        tell_end(p, words[0], status);
        return exit_status(status);
    }
    cli_error("%s: %s", words[0], strerror(failure));
    return failure == ENOENT ? NOT_FOUND : CANNOT_RUN;
}

static int run(proxied *p, const char *upstream, char **words)
{
    sigset_t signals, mask;
    run_urls urls;
    afmon_proxy_target targets[RUN_VARIABLES];
    afmon_proxy_options options = {.listen = "127.0.0.1:0", .targets = targets};
    options.target_count = run_targets(upstream, &urls, targets);
    handed_on(&signals);
    sigprocmask(SIG_BLOCK, &signals, &mask);    /* before there are threads */
    const char *slash = strrchr(words[0], '/'); /* arguments may hold secrets: the name alone is recorded */
    int status = proxied_start(p, &options, "Calls of a command, by the proxy", slash != NULL ? slash + 1 : words[0]);
    if (status != CLI_OK)
        return status;
    status = run_words(p, upstream, words, &signals, &mask);
    afmon_proxy_counts counts = proxied_finish(p, PATIENCE_S, stderr);
    if (counts.requests + counts.other + counts.refused == 0)
        cli_error(
            "%s made no call through the proxy; does it read a variable such as OPENAI_BASE_URL (see man afmon-run)?",
            words[0]);
    return status;
}

/* ---- The command line -------------------------------------------------------------------------------------------- */

/* Where "--" stands; argc: nowhere. */
static int find_dashes(int argc, char **argv)
{
    int at = 1;
    while (at < argc && strcmp(argv[at], "--") != 0)
        at++;
    return at;
}

int cmd_run(int argc, char **argv)
{
    proxied p;
    cli_args args;
    const char *upstream = NULL;
    int dashes = find_dashes(argc, argv);
    proxied_init(&p, "run");
    cli_args_init(&args, &usage, dashes, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;) {
        if (id == UPSTREAM)
            upstream = args.value;
        else if (!proxied_take(&p, &args, id))
            return args.status;
    }
    if (cli_operand_count(&args) > 0)
        return cli_usage_error("run", "'%s': put -- before the command: afmon run -- COMMAND", cli_operand(&args, 0));
    if (dashes + 1 >= argc)
        return cli_usage_error("run", "name the command: afmon run -- python generate.py");
    return run(&p, upstream, argv + dashes + 1);
}
