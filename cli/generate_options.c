#include "cli/generate_options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "generators/openai.h"

#define COMMAND "generate conversations"

enum {
    BASE_URL = 1,
    MODEL,
    API_KEY_ENV,
    HEADER_ENV,
    QUERY,
    EXTRA_BODY,
    UNIX_SOCKET,
    KEEP_REASONING,
    CONVERSATIONS,
    CONCURRENCY,
    TEMPERATURE,
    MAX_TURNS,
    MAX_TOKENS,
    RESPONDENT_PROMPT,
    RESPONDENT_PROMPT_FILE,
    CORRESPONDENT_PROMPT,
    CORRESPONDENT_PROMPT_FILE,
    TOPICS,
    OUTPUT,
    RESUME,
    SIMULATE,
    SPEED,
    SEED,
    LOG_DIR,
    RULES,
    TIMEOUT,
    MAX_RETRIES,
    SHUTDOWN_TIMEOUT,
    METRICS_INTERVAL,
    METRICS_INTERVAL_OLD, /* as it was called before */
    OTLP,
    OTLP_INTERVAL,
    OTLP_SERVICE_NAME,
    PRICES,
    MAX_COST,
    WEBHOOK,
    WEBHOOK_ENV,
    STATSD,
    STATSD_PLAIN,
    STATSD_PREFIX,
    STATSD_TAG,
    CA_FILE,
    PROMETHEUS,
    PROMETHEUS_TOKEN_FILE
};

static const cli_option options_table[] = {
    {BASE_URL, "base-url", "URL",
     "The endpoint, with its version: http://127.0.0.1:8080/v1. Required without --simulate"},
    {MODEL, "model", "NAME", "Name of the model, as the server knows it. Required without --simulate"},
    {API_KEY_ENV, "api-key-env", "NAME",
     "The environment variable that holds the API key. The key is sent to the endpoint and written nowhere"},
    {HEADER_ENV, "header-env", "NAME=VARIABLE",
     "A header of each request, its value in an environment variable: api-key=AZURE_KEY; may be given several times. "
     "The "
     "value is written nowhere"},
    {QUERY, "query", "NAME=VALUE",
     "A query of each request: api-version=2024-10-21; may be given several times, or stand in the URL"},
    {EXTRA_BODY, "extra-body", "JSON",
     "Further members of each request: '{\"top_p\": 0.9, \"reasoning_effort\": \"low\"}'. They go before those of "
     "other "
     "options; null takes one of these away"},
    {UNIX_SOCKET, "unix-socket", "PATH",
     "Connect to this socket, not to the URL's host: --base-url http://localhost/v1"},
    {CA_FILE, "ca-file", "FILE",
     "Certificates to trust, in place of the system's, for --base-url, --otlp and --webhook (those of the environment "
     "variables SSL_CERT_FILE and SSL_CERT_DIR)"},
    {RESPONDENT_PROMPT, "respondent-prompt", "TEXT",
     "System prompt of the model that answers. This or the file is required without --simulate"},
    {RESPONDENT_PROMPT_FILE, "respondent-prompt-file", "FILE", "The same, read from a file"},
    {CORRESPONDENT_PROMPT, "correspondent-prompt", "TEXT",
     "System prompt of the model that asks. Without it the model writes one that fits the respondent's"},
    {CORRESPONDENT_PROMPT_FILE, "correspondent-prompt-file", "FILE", "The same, read from a file"},
    {TOPICS, "topics", "FILE",
     "Topics, one a line (empty lines and lines that begin with # are passed over); conversations take them in turn"},
    {CONVERSATIONS, "conversations", "N", "How many conversations (10)"},
    {MAX_TURNS, "max-turns", "N", "A conversation has 1 to N turns of question and answer, drawn by the seed (1)"},
    {CONCURRENCY, "concurrency", "N", "How many are made at the same time (4)"},
    {TEMPERATURE, "temperature", "X", "Sampling temperature, 0 to 2 (the server's own)"},
    {MAX_TOKENS, "max-tokens", "N",
     "Longest answer in tokens (the server's own); sent as max_completion_tokens where the server wants that"},
    {SEED, "seed", "N",
     "Draws the number of turns, and is sent to the server with each call (drawn at random and not sent; with "
     "--resume the one of the data set)"},
    {OUTPUT, "output", "FILE", "The data set: JSON lines, one conversation each (dataset.jsonl)"},
    {KEEP_REASONING, "keep-reasoning", NULL,
     "Keep what the model thought before each message in the data set, as reasoning_content; it never goes to the "
     "other "
     "model"},
    {RESUME, "resume", NULL, "Go on with an existing data set: make the conversations that are not in it"},
    {SIMULATE, "simulate", NULL, "Use a simulated model instead of an endpoint"},
    {SPEED, "speed", "X", "With --simulate: how many times faster than a real model it answers (10)"},
    {TIMEOUT, "timeout", "DURATION", "Longest time for one attempt of a call (120s)"},
    {MAX_RETRIES, "max-retries", "N",
     "Attempts after the first, where the server is busy (429), fails (5xx) or cannot be reached (4)"},
    {SHUTDOWN_TIMEOUT, "shutdown-timeout", "DURATION",
     "After Ctrl-C: how long calls in flight may take to end; also how long closing the monitor may take (10s)"},
    {LOG_DIR, "log-dir", "DIR", "The run folder (.afterimage-monitoring/DATE-TIME)"},
    ABOUT_OPTIONS,
    {RULES, "rules", "FILE", "Alert rules of a YAML file, beside or in place of the built-in ones"},
    {PRICES, "prices", "FILE",
     "What tokens cost, by model: JSON, or LiteLLM's map of prices as it is. Calls then record cost_usd"},
    {MAX_COST, "max-cost", "USD",
     "The most that the run may cost, over all processes of its run folder: 5usd. Each call reserves its worst case "
     "first; needs --prices and --max-tokens"},
    {METRICS_INTERVAL, "interval", "DURATION", "Time between two passes of the alert rules, at least 1s (5s)"},
    {METRICS_INTERVAL_OLD, "metrics-interval", "DURATION", NULL},
    {OTLP, "otlp", "URL",
     "Send metrics and logs to an OpenTelemetry receiver (OTLP/HTTP), such as http://127.0.0.1:4318. Headers are taken "
     "from the environment variable OTEL_EXPORTER_OTLP_HEADERS"},
    {OTLP_INTERVAL, "otlp-interval", "DURATION", "With --otlp: how often metrics are sent, at least 0.1s (10s)"},
    {OTLP_SERVICE_NAME, "otlp-service-name", "NAME",
     "With --otlp: service.name of what is sent (that of the environment variable OTEL_SERVICE_NAME, else afmon)"},
    {PROMETHEUS, "prometheus", "ADDRESS:PORT",
     "Serve /metrics there for Prometheus while the run goes on; :9464 is for this machine only"},
    {PROMETHEUS_TOKEN_FILE, "prometheus-token-file", "FILE",
     "A file with the token that a scraper must send; needed where others than this machine can reach the address"},
    {STATSD, "statsd", "HOST:PORT", "Send each sample to a StatsD server over UDP, with tags as DogStatsD has them"},
    {STATSD_PLAIN, "statsd-plain", NULL,
     "With --statsd: for a server that knows no DogStatsD; no tags, and timers in place of distributions"},
    {STATSD_PREFIX, "statsd-prefix", "TEXT", "With --statsd: what each name begins with, its dot included (afmon.)"},
    {STATSD_TAG, "statsd-tag", "KEY=VALUE", "With --statsd: a tag of every line; may be given several times"},
    {WEBHOOK, "webhook", "URL", "POST each alert there, as JSON with a text that Slack shows"},
    {WEBHOOK_ENV, "webhook-env", "NAME", "The environment variable that holds that URL, where it is a secret"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = COMMAND,
    .synopsis = "[OPTION...]",
    .description =
        "Generates conversations with a model behind an OpenAI-compatible endpoint, and watches the run with "
        "the monitor. One chat plays the user and asks (the correspondent), a second one answers (the "
        "respondent). Each finished conversation is appended to the data set as one line. Ctrl-C stops "
        "cleanly; a run that was stopped or killed goes on with --resume.",
    .options = options_table,
    .epilogue =
        "Exit status: 0 all done, 1 some conversations failed or the run could not go on, 2 the command line or\n"
        "an input file is wrong, 3 stopped by --max-cost, 130 stopped by Ctrl-C.\n"
        "\n"
        "Example:\n"
        "  afmon generate conversations --base-url http://127.0.0.1:8080/v1 --model my-model \\\n"
        "      --respondent-prompt 'You are a patient gardener.' --conversations 50 --max-turns 3\n",
};

void generate_help(void)
{
    cli_print_usage(&usage, stdout);
}

/* ---- Parsing ----------------------------------------------------------------------------------------------------- */

static bool take_integer(generate_options *o, cli_args *args, int id)
{
    switch (id) {
    case CONVERSATIONS:
        return cli_value_integer(args, 1, 1000000000, &o->conversations);
    case CONCURRENCY:
        return cli_value_integer(args, 1, 1024, &o->concurrency);
    case MAX_TURNS:
        return cli_value_integer(args, 1, 1000, &o->max_turns);
    case MAX_TOKENS:
        return cli_value_integer(args, 1, 10000000, &o->max_tokens);
    case MAX_RETRIES:
        return cli_value_integer(args, 0, 100, &o->max_retries);
    default:
        return cli_value_integer(args, 0, INT64_MAX, &o->seed);
    }
}

static bool take_number(generate_options *o, cli_args *args, int id)
{
    switch (id) {
    case TEMPERATURE:
        o->temperature.given = cli_value_number(args, 0, 2, &o->temperature.value);
        return o->temperature.given;
    case SPEED:
        o->speed_given = cli_value_number(args, 0.1, 100000, &o->speed);
        return o->speed_given;
    case MAX_COST:
        return cli_value_dollars(args, 1e6, &o->max_cost_usd);
    case TIMEOUT:
        return cli_value_duration(args, 0.1, 86400, &o->timeout_s);
    case METRICS_INTERVAL:
    case METRICS_INTERVAL_OLD:
        return cli_value_duration(args, 1, 86400, &o->metrics_interval_s);
    case OTLP_INTERVAL:
        return cli_value_duration(args, 0.1, 86400, &o->feeds.otlp_interval_s);
    default:
        return cli_value_duration(args, 0, 86400, &o->shutdown_timeout_s);
    }
}

static const char **text_option(generate_options *o, int id)
{
    switch (id) {
    case BASE_URL:
        return &o->base_url;
    case MODEL:
        return &o->model;
    case API_KEY_ENV:
        return &o->api_key_env;
    case UNIX_SOCKET:
        return &o->unix_socket;
    case RESPONDENT_PROMPT:
        return &o->respondent_prompt_text;
    case RESPONDENT_PROMPT_FILE:
        return &o->respondent_prompt_file;
    case CORRESPONDENT_PROMPT:
        return &o->correspondent_prompt_text;
    case CORRESPONDENT_PROMPT_FILE:
        return &o->correspondent_prompt_file;
    case TOPICS:
        return &o->topics_file;
    case OUTPUT:
        return &o->output;
    case LOG_DIR:
        return &o->log_dir;
    case OTLP:
        return &o->feeds.otlp;
    case OTLP_SERVICE_NAME:
        return &o->feeds.otlp_service;
    case WEBHOOK:
        return &o->feeds.webhook;
    case WEBHOOK_ENV:
        return &o->feeds.webhook_env;
    case STATSD:
        return &o->feeds.statsd;
    case STATSD_PREFIX:
        return &o->feeds.statsd_prefix;
    case CA_FILE:
        return &o->feeds.ca_file;
    case RULES:
        return &o->rules_file;
    case PRICES:
        return &o->prices_file;
    case PROMETHEUS:
        return &o->feeds.prometheus;
    case PROMETHEUS_TOKEN_FILE:
        return &o->feeds.prometheus_token_file;
    default:
        return NULL;
    }
}

static bool take_tag(generate_options *o, cli_args *args)
{
    const char *problem = feeds_add_tag(&o->feeds, args->value);
    if (problem != NULL)
        args->status = cli_usage_error(COMMAND, "--%s '%s': %s", args->name, args->value, problem);
    return problem == NULL;
}

/* One more of an option that may be given several times. */
static bool take_further(cli_args *args, const char **list, size_t *count, size_t most)
{
    const char *equals = strchr(args->value, '=');
    if (equals == NULL || equals == args->value || equals[1] == '\0')
        args->status = cli_usage_error(COMMAND, "--%s '%s': give %s", args->name, args->value,
                                       strcmp(args->name, "query") == 0 ? "NAME=VALUE" : "NAME=VARIABLE");
    else if (*count == most)
        args->status = cli_usage_error(COMMAND, "--%s: at most %zu times", args->name, most);
    else {
        list[(*count)++] = args->value;
        return true;
    }
    return false;
}

static bool take_extra(generate_options *o, cli_args *args)
{
    const char *problem = gen_openai_extra_problem(args->value);
    o->extra_body = args->value;
    if (problem != NULL)
        args->status = cli_usage_error(COMMAND, "--%s '%s': %s", args->name, args->value, problem);
    return problem == NULL;
}

static bool take(generate_options *o, cli_args *args, int id)
{
    const char **text = text_option(o, id);
    switch (id) {
    case RESUME:
        o->resume = true;
        return true;
    case SIMULATE:
        o->simulate = true;
        return true;
    case STATSD_PLAIN:
        o->feeds.statsd_plain = true;
        return true;
    case STATSD_TAG:
        return take_tag(o, args);
    case HEADER_ENV:
        return take_further(args, o->header_envs, &o->header_count, GEN_MAX_HEADERS);
    case QUERY:
        return take_further(args, o->queries, &o->query_count, GENERATE_QUERIES);
    case EXTRA_BODY:
        return take_extra(o, args);
    case KEEP_REASONING:
        o->keep_reasoning = true;
        return true;
    case CONVERSATIONS:
    case CONCURRENCY:
    case MAX_TURNS:
    case MAX_TOKENS:
    case MAX_RETRIES:
    case SEED:
        return take_integer(o, args, id);
    case CLI_STOP:
        return false;
    default:
        if (about_is_option(id))
            return about_take(&o->about, args, id);
        if (text == NULL)
            return take_number(o, args, id);
        *text = args->value;
        return true;
    }
}

/* ---- What fits together ------------------------------------------------------------------------------------------ */

static const char *missing(const generate_options *o)
{
    if (o->simulate)
        return NULL;
    if (o->base_url == NULL)
        return "--base-url is missing (the endpoint, such as http://127.0.0.1:8080/v1), or --simulate";
    if (o->model == NULL)
        return "--model is missing: the name of the model at the endpoint";
    if (o->respondent_prompt_text == NULL && o->respondent_prompt_file == NULL)
        return "--respondent-prompt or --respondent-prompt-file is missing: what the model that answers is told to be";
    return NULL;
}

/* Without these a call could cost anything. */
static const char *unbounded(const generate_options *o)
{
    if (!o->max_cost_usd.given)
        return NULL;
    if (o->prices_file == NULL)
        return "--max-cost needs --prices: what tokens cost, by model";
    if (!o->simulate && o->max_tokens == 0 && (o->extra_body == NULL || gen_openai_answer_limit(o->extra_body) <= 0))
        return "--max-cost needs --max-tokens: an answer without a limit could cost anything";
    return NULL;
}

static const char *contradiction(const generate_options *o)
{
    if (o->respondent_prompt_text != NULL && o->respondent_prompt_file != NULL)
        return "--respondent-prompt and --respondent-prompt-file exclude each other";
    if (o->correspondent_prompt_text != NULL && o->correspondent_prompt_file != NULL)
        return "--correspondent-prompt and --correspondent-prompt-file exclude each other";
    if (o->simulate && (o->base_url != NULL || o->api_key_env != NULL || o->header_count > 0 || o->query_count > 0 ||
                        o->extra_body != NULL || o->unix_socket != NULL))
        return "--simulate needs no endpoint: leave out --base-url, --api-key-env, --header-env, --query, --extra-body "
               "and --unix-socket";
    if (o->simulate && o->feeds.ca_file != NULL && o->feeds.otlp == NULL && o->feeds.webhook == NULL &&
        o->feeds.webhook_env == NULL)
        return "--ca-file is for --base-url, --otlp or --webhook, which are missing";
    if (!o->simulate && o->speed_given)
        return "--speed is for --simulate: no real model can be sped up";
    return feeds_contradiction(&o->feeds);
}

bool generate_parse(generate_options *options, int argc, char **argv, int *status)
{
    *options = (generate_options){.conversations = 10,
                                  .concurrency = 4,
                                  .max_turns = 1,
                                  .output = "dataset.jsonl",
                                  .speed = 10,
                                  .seed = -1,
                                  .timeout_s = 120,
                                  .max_retries = 4,
                                  .shutdown_timeout_s = 10,
                                  .metrics_interval_s = 5};
    cli_args args;
    cli_args_init(&args, &usage, argc, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;) {
        if (!take(options, &args, id)) {
            *status = args.status;
            return false;
        }
    }
    const char *problem = contradiction(options);
    if (problem == NULL)
        problem = missing(options);
    if (problem == NULL)
        problem = unbounded(options);
    if (cli_operand_count(&args) > 0)
        *status = cli_usage_error(COMMAND, "'%s' is no option", cli_operand(&args, 0));
    else if (problem != NULL)
        *status = cli_usage_error(COMMAND, "%s", problem);
    else
        return true;
    return false;
}
