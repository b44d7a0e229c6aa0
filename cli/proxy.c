/* afmon proxy: the proxy alone. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/proxied.h"
#include "cli/signals.h"

enum { LISTEN = PROXIED_OWN, UPSTREAM, TOKEN_ENV, DRAIN, TARGETS_MAX = 16, DRAIN_S = 30 };

static const cli_option options_table[] = {
    {LISTEN, "listen", "ADDRESS:PORT",
     "Where to listen (127.0.0.1:8080); :8080 is for this machine only, port 0 a free one"},
    {UPSTREAM, "upstream", "[PREFIX=]URL",
     "Where calls go: https://api.openai.com, or /vllm=http://127.0.0.1:8000 for those whose path begins with /vllm, "
     "which is "
     "taken off; may be given several times"},
    {TOKEN_ENV, "token-env", "NAME",
     "The environment variable with the token that each call's header x-afmon-token must have; needed where ADDRESS is "
     "not "
     "this machine's alone"},
    {DRAIN, "drain", "DURATION", "After SIGTERM or Ctrl-C: how long calls that go on may take to end (30s)"},
    PROXIED_OPTIONS,
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "proxy",
    .synopsis = "--upstream [PREFIX=]URL... [OPTION...]",
    .description =
        "Passes calls to a model on, and records them, until SIGTERM or Ctrl-C. What passes is not changed. Give "
        "its address to programs as their base URL. 'afmon run' does that for one command.",
    .options = options_table,
    .epilogue = "Exit status: 0 stopped; 1 it cannot be started; 2 the command line is wrong.\n\n"
                "  afmon proxy --listen 127.0.0.1:8080 --upstream https://api.openai.com\n",
};

struct request {
    proxied p;
    afmon_proxy_options options;
    afmon_proxy_target targets[TARGETS_MAX];
    char prefixes[TARGETS_MAX][256];
    double drain_s;
};

/* "/prefix=URL" or "URL". */
static bool take_upstream(struct request *request, cli_args *args)
{
    size_t i = request->options.target_count;
    const char *equals = args->value[0] == '/' ? strchr(args->value, '=') : NULL;
    size_t length = equals != NULL ? (size_t)(equals - args->value) : 0;
    if (i == TARGETS_MAX || length >= sizeof request->prefixes[0]) {
        args->status = cli_usage_error("proxy", "--upstream '%s': at most %d, with prefixes below %zu bytes",
                                       args->value, TARGETS_MAX, sizeof request->prefixes[0]);
        return false;
    }
    memcpy(request->prefixes[i], args->value, length);
    request->prefixes[i][length] = '\0';
    request->targets[i] =
        (afmon_proxy_target){.prefix = request->prefixes[i], .url = equals != NULL ? equals + 1 : args->value};
    request->options.target_count++;
    return true;
}

static bool take_token(struct request *request, cli_args *args)
{
    request->options.token = getenv(args->value);
    if (request->options.token == NULL || request->options.token[0] == '\0')
        args->status = cli_usage_error("proxy", "--token-env: the variable '%s' is not set", args->value);
    return request->options.token != NULL && request->options.token[0] != '\0';
}

static bool take(struct request *request, cli_args *args, int id)
{
    switch (id) {
    case LISTEN:
        request->options.listen = args->value;
        return true;
    case UPSTREAM:
        return take_upstream(request, args);
    case TOKEN_ENV:
        return take_token(request, args);
    case DRAIN:
        return cli_value_duration(args, 0, 86400, &request->drain_s);
    default:
        return proxied_take(&request->p, args, id);
    }
}

static int serve(struct request *request)
{
    sigset_t ends;
    int number;
    cli_block_ending_signals(&ends, 0);
    int status = proxied_start(&request->p, &request->options, "Calls of programs, by the proxy", "afmon proxy");
    if (status != CLI_OK)
        return status;
    proxied_raise_limit();
    printf("Listening on http://%s (Ctrl-C ends it)\n", request->p.module->address(request->p.proxy));
    status = cli_finish_output(CLI_OK);
    while (status == CLI_OK && sigwait(&ends, &number) != 0) {
    }
    (void)proxied_finish(&request->p, request->drain_s, stdout);
    return cli_finish_output(status);
}

int cmd_proxy(int argc, char **argv)
{
    cli_args args;
    static const char *const standard = "127.0.0.1:8080";
    struct request request = {.drain_s = DRAIN_S};
    proxied_init(&request.p, "proxy");
    request.p.progress = AFMON_PROGRESS_TERMINAL;
    request.options.listen = standard;
    request.options.answers = true;
    request.options.targets = request.targets;
    cli_args_init(&args, &usage, argc, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;)
        if (!take(&request, &args, id))
            return args.status;
    if (cli_operand_count(&args) > 0)
        return cli_usage_error("proxy", "'%s' is no option; it takes no operands", cli_operand(&args, 0));
    if (request.options.target_count == 0)
        return cli_usage_error("proxy", "--upstream is missing: where calls go, such as https://api.openai.com");
    return serve(&request);
}
