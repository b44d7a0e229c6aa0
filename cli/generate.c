/* afmon generate: real data sets, from a real model or a simulated one. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/generate_options.h"
#include "cli/session.h"
#include "generators/dataset.h"
#include "generators/grammar.h"
#include "generators/openai.h"
#include "generators/random.h"
#include "generators/simulated.h"

enum { CONNECT_TIMEOUT_S = 10, BUILT_IN_TOPICS = 16 };

/* ---- The data set ------------------------------------------------------------------------------------------------ */

static void tell_found(const char *path, const gen_dataset_found *found)
{
    if (found->torn_bytes > 0)
        cli_error("%s: the last line was torn; its %s bytes were cut off, and that conversation is made again", path,
                  cli_count(found->torn_bytes).s);
    if (found->strange > 0)
        cli_error("%s: %s lines are no conversations with an index (the first is line %s); they stay as they are", path,
                  cli_count(found->strange).s, cli_count(found->first_strange).s);
}

/* The seed of the run: given, or of the data set, or drawn. false, after a message: it is not the one of the data set.
 */
static bool choose_seed(const generate_options *o, const gen_dataset_found *found, uint64_t *seed)
{
    *seed = o->seed >= 0 ? (uint64_t)o->seed : found->has_seed ? found->seed : gen_random_seed();
    if (!found->has_seed || *seed == found->seed)
        return true;
    cli_error("%s was begun with seed %llu; leave out --seed, or name another --output", o->output,
              (unsigned long long)found->seed);
    return false;
}

/* ---- The model --------------------------------------------------------------------------------------------------- */

static gen_chat_model *make_model(const generate_options *o, const generate_input *input, uint64_t seed)
{
    if (o->simulate) {
        gen_simulated_options simulated = gen_simulated_defaults();
        simulated.model = o->model != NULL ? o->model : simulated.model;
        simulated.seed = seed;
        simulated.time_scale = o->speed;
        simulated.timeout_s = o->timeout_s;
        simulated.max_retries = (unsigned)o->max_retries;
        return gen_simulated_new(&simulated);
    }
    gen_openai_options openai = {
        .http = {.url = input->url,
                 .api_key = input->api_key,
                 .unix_socket = o->unix_socket,
                 .trust = input->trust,
                 .connect_timeout_s = o->timeout_s < CONNECT_TIMEOUT_S ? o->timeout_s : CONNECT_TIMEOUT_S,
                 .timeout_s = o->timeout_s},
        .model = o->model,
        .extra = o->extra_body,
        .retry = gen_retry_defaults((unsigned)o->max_retries),
    };
    memcpy(openai.http.headers, input->headers, sizeof openai.http.headers);
    openai.retry.jitter_seed = seed;
    return gen_openai_new(&openai);
}

/* ---- The run ----------------------------------------------------------------------------------------------------- */

static void fill_plan(gen_conversation_plan *plan, const generate_options *o, const generate_input *input)
{
    plan->respondent_prompt = input->respondent_prompt;
    plan->correspondent_prompt = input->correspondent_prompt;
    plan->topics = (const char *const *)input->topics;
    plan->topic_count = input->topic_count;
    plan->send_seed = o->seed >= 0;
    plan->keep_reasoning = o->keep_reasoning;
    plan->max_turns = (unsigned)o->max_turns;
    plan->temperature = o->temperature;
    plan->max_tokens = (int)o->max_tokens;
}

static void fill_session(session *s, const generate_options *o, const generate_input *input)
{
    afmon_options_init(&s->monitor);
    s->monitor.log_dir = o->log_dir;
    s->monitor.rules_file = o->rules_file;
    s->monitor.prices_file = o->prices_file;
    s->monitor.max_cost_usd = o->max_cost_usd;
    about_fill(&o->about, &s->monitor);
    s->monitor.data_set = o->output;
    s->monitor.shutdown_timeout_s = o->shutdown_timeout_s;
    s->monitor.metrics_interval_s = o->metrics_interval_s;
    /* As many turns as were asked for are no reason for an alert. */
    if (s->monitor.limits.max_conversation_length_mean < (double)o->max_turns)
        s->monitor.limits.max_conversation_length_mean = (double)o->max_turns;
    s->stop_timeout_s = o->shutdown_timeout_s;
    s->dataset = o->output;
    s->description = "Generation of conversations";
    s->model = o->model != NULL ? o->model : gen_simulated_defaults().model;
    s->run.count = (uint64_t)o->conversations;
    s->run.threads = (unsigned)o->concurrency;
    fill_plan(&s->run.plan, o, input);
}

static void write_title(char *title, size_t size, const generate_options *o, const session *s)
{
    char model[120];
    cli_safe_into(model, sizeof model, s->model, strlen(s->model));
    snprintf(title, size, "afmon generate: %s conversations with %s%s", cli_count((uint64_t)o->conversations).s,
             o->simulate ? "the simulated model " : "", model);
}

static int run_session(const generate_options *o, const generate_input *input, gen_dataset *dataset, uint64_t seed)
{
    char title[240];
    const char *topics[BUILT_IN_TOPICS];
    session s = {.title = title};
    feeds sent_to = o->feeds;
    fill_session(&s, o, input);
    if (!feeds_open(&sent_to, &s.monitor))
        return CLI_USAGE;
    write_title(title, sizeof title, o, &s);
    gen_conversation_plan *plan = &s.run.plan;
    if (o->simulate && plan->topic_count == 0) {
        plan->topics = topics;
        while (plan->topic_count < gen_grammar_topic_count() && plan->topic_count < BUILT_IN_TOPICS) {
            topics[plan->topic_count] = gen_grammar_topic(plan->topic_count);
            plan->topic_count++;
        }
    }
    plan->seed = seed;
    plan->stop = gen_stop_new();
    plan->respondent = make_model(o, input, seed);
    plan->correspondent = plan->respondent;
    s.run.dataset = dataset;
    int status = CLI_FAILED;
    if (plan->stop != NULL && plan->respondent != NULL)
        status = session_run(&s);
    else
        cli_error("out of memory");
    gen_chat_model_destroy(plan->respondent);
    gen_stop_free(plan->stop);
    return status;
}

static int run(const generate_options *o, const generate_input *input)
{
    char error[400];
    gen_dataset_found found;
    uint64_t seed;
    gen_dataset *dataset =
        gen_dataset_open(o->output, o->resume, (uint64_t)o->conversations, &found, error, sizeof error);
    if (dataset == NULL) {
        cli_error("--output %s", error);
        return CLI_USAGE;
    }
    tell_found(o->output, &found);
    int status = CLI_USAGE;
    if (choose_seed(o, &found, &seed))
        status = run_session(o, input, dataset, seed);
    if (!gen_dataset_close(dataset)) {
        cli_error("%s: the data set may not have reached the disk", o->output);
        status = status == CLI_OK ? CLI_FAILED : status;
    }
    return status;
}

static int generate_conversations(int argc, char **argv)
{
    generate_options options;
    generate_input input;
    int status = CLI_USAGE;
    if (!generate_parse(&options, argc, argv, &status))
        return status;
    if (!generate_input_load(&input, &options))
        return CLI_USAGE;
    status = run(&options, &input);
    generate_input_free(&input);
    return status;
}

int cmd_generate(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "conversations") == 0)
        return generate_conversations(argc - 1, argv + 1);
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        generate_help();
        return cli_finish_output(CLI_OK);
    }
    if (argc > 1)
        return cli_usage_error("generate", "'%s' is nothing that can be generated; it is: afmon generate conversations",
                               argv[1]);
    return cli_usage_error("generate", "say what: afmon generate conversations");
}
