/* afmon demo: a monitored generation against a model that is made up. */
#include "cli/commands.h"
#include "cli/about.h"
#include "cli/demo_pictures.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/session.h"
#include "generators/grammar.h"
#include "generators/simulated.h"

enum { SEED = 1, SHAPE, CONVERSATIONS, CONCURRENCY, LOG_DIR, RULES, DURATION, MAX_COST };

static const cli_option options[] = {
    {SEED, "seed", "N", "Seed of the simulation: the same seed gives the same conversations (42)"},
    {SHAPE, "shape", "NAME",
     "Make what one of afterimage's generators makes, in small: conversations (with a quality gate), personas, "
     "structured (rows) or opensimula (tasks, a critic and a double critic)"},
    {CONVERSATIONS, "conversations", "N", "How many conversations, personas, rows or tasks (3000)"},
    {CONCURRENCY, "concurrency", "N", "How many are made at the same time (48)"},
    {LOG_DIR, "log-dir", "DIR", "The run folder (.afterimage-monitoring/DATE-TIME)"},
    {RULES, "rules", "FILE", "Alert rules of a YAML file, beside or in place of the built-in ones"},
    {DURATION, "duration", "DURATION",
     "How long it may take, about: time in the simulation runs so much faster than outside (14s)"},
    {MAX_COST, "max-cost", "USD", "The most that it may cost, at the invented prices: 1usd stops it on its way"},
    ABOUT_OPTIONS,
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "demo",
    .synopsis = "[OPTION...]",
    .description =
        "Generates conversations with a simulated model and watches them with the monitor, as a real run would be "
        "watched. The model has the latencies, token counts, rate limits and failures of a hosted one; after a fifth "
        "of the conversations its servers are overloaded for a while, so that alerts fire, and clear again. Nothing "
        "leaves this machine. Durations are those of the simulation, in which time passes faster; prices are invented.",
    .options = options,
    .epilogue =
        "Exit status: 0 it ran to its end, 1 it could not, 2 the command line is wrong, 3 stopped by --max-cost, 130\n"
        "stopped by Ctrl-C.\n",
};

typedef struct demo {
    const gen_shape *shape; /* NULL: conversations that nothing refuses */
    int64_t seed;
    int64_t conversations;
    int64_t concurrency;
    double duration_s;
    afmon_number max_cost_usd;
    const char *log_dir;
    const char *rules_file;
    about about;
} demo;

static bool take_shape(demo *d, cli_args *args)
{
    d->shape = gen_shape_find(args->value);
    if (d->shape == NULL)
        args->status = cli_usage_error("demo", "--shape '%s': give conversations, personas, structured or opensimula",
                                       args->value);
    return d->shape != NULL;
}

/* false: the command is to return args->status. */
static bool parse(demo *d, cli_args *args)
{
    bool ok = true;
    for (int id; ok && (id = cli_next_option(args)) != CLI_END;) {
        switch (id) {
        case SEED:
            ok = cli_value_integer(args, 0, INT64_MAX, &d->seed);
            break;
        case SHAPE:
            ok = take_shape(d, args);
            break;
        case CONVERSATIONS:
            ok = cli_value_integer(args, 1, 10000000, &d->conversations);
            break;
        case CONCURRENCY:
            ok = cli_value_integer(args, 1, 1024, &d->concurrency);
            break;
        case DURATION:
            ok = cli_value_duration(args, 1, 86400, &d->duration_s);
            break;
        case MAX_COST:
            ok = cli_value_dollars(args, 1e6, &d->max_cost_usd);
            break;
        case LOG_DIR:
            d->log_dir = args->value;
            break;
        case RULES:
            d->rules_file = args->value;
            break;
        default:
            ok = about_is_option(id) && about_take(&d->about, args, id);
        }
    }
    if (ok && cli_operand_count(args) > 0) {
        args->status = cli_usage_error("demo", "demo takes no operand, but was given '%s'", cli_operand(args, 0));
        ok = false;
    }
    return ok;
}

/* What a conversation of the simulation takes, with its evaluation, in simulated seconds. Measured, not derived. */
static const double conversation_s = 6.2;

/* Pieces of work that make at least so many items. */
static uint64_t work_of(const demo *d)
{
    uint64_t items = d->shape != NULL ? d->shape->items : 1;
    return ((uint64_t)d->conversations + items - 1) / items;
}

static double time_scale(const demo *d)
{
    double work_s = d->shape != NULL ? d->shape->work_s : conversation_s;
    double scale = (double)work_of(d) * work_s / ((double)d->concurrency * d->duration_s);
    return scale > 1 ? scale : 1;
}

static gen_chat_model *make_model(const demo *d, const char *name, double tokens_per_s)
{
    gen_simulated_options o = gen_simulated_defaults();
    o.model = name;
    o.seed = (uint64_t)d->seed;
    o.time_scale = time_scale(d);
    o.tokens_per_s = tokens_per_s;
    o.timeout_s = 30;
    /* Early enough that there is time left for the alerts to clear. */
    o.incident_from = work_of(d) * 20 / 100;
    o.incident_until = work_of(d) * 44 / 100;
    return gen_simulated_new(&o);
}

/* Of models that nobody sells, in US dollars a million tokens. */
static const char invented_prices[] = "{\n"
                                      "  \"sim-small\": {\"input\": 0.15, \"output\": 0.6},\n"
                                      "  \"sim-large\": {\"input\": 2.5, \"output\": 10},\n"
                                      "  \"sim-judge\": {\"input\": 1, \"output\": 4}\n"
                                      "}\n";

static void fill_session(session *s, const demo *d, const char *const *topics)
{
    afmon_options_init(&s->monitor);
    s->monitor.log_dir = d->log_dir;
    s->monitor.rules_file = d->rules_file;
    about_fill(&d->about, &s->monitor);
    s->monitor.prices = invented_prices;
    s->monitor.max_cost_usd = d->max_cost_usd;
    s->prices_invented = true;
    s->monitor.metrics_interval_s = 1;
    s->description = "Demo of a simulated generation";
    s->model = "sim-large";
    s->failures_expected = true;
    s->finish = demo_pictures;
    s->stop_timeout_s = s->monitor.shutdown_timeout_s;
    s->run.count = work_of(d);
    s->run.shape = d->shape;
    s->run.threads = (unsigned)d->concurrency;
    gen_conversation_plan *plan = &s->run.plan;
    plan->respondent_prompt = "You are an expert who answers everyday questions briefly and precisely.";
    plan->topics = topics;
    plan->topic_count = gen_grammar_topic_count();
    plan->seed = (uint64_t)d->seed;
    plan->max_turns = 2;
    plan->simulated = true;
}

static int run(const demo *d)
{
    const char *topics[16];
    char title[160];
    for (size_t i = 0; i < gen_grammar_topic_count() && i < sizeof topics / sizeof topics[0]; i++)
        topics[i] = gen_grammar_topic(i);
    session s = {.title = title};
    fill_session(&s, d, topics);
    double scale = time_scale(d);
    snprintf(title, sizeof title, "afmon demo: a simulated model, seed %lld, time runs %s times faster",
             (long long)d->seed, cli_count((uint64_t)(scale + 0.5)).s);
    gen_stop *stop = gen_stop_new();
    gen_evaluator evaluator = {.model = "sim-judge", .seed = (uint64_t)d->seed, .time_scale = scale, .stop = stop};
    gen_conversation_plan *plan = &s.run.plan;
    plan->stop = stop;
    plan->correspondent = make_model(d, "sim-small", 110);
    plan->respondent = make_model(d, "sim-large", 70);
    s.run.evaluator = &evaluator;
    int status = CLI_FAILED;
    if (stop != NULL && plan->correspondent != NULL && plan->respondent != NULL)
        status = session_run(&s);
    else
        cli_error("out of memory");
    gen_chat_model_destroy(plan->correspondent);
    gen_chat_model_destroy(plan->respondent);
    gen_stop_free(stop);
    return status;
}

int cmd_demo(int argc, char **argv)
{
    demo d = {.seed = 42, .conversations = 3000, .concurrency = 48, .duration_s = 14};
    cli_args args;
    cli_args_init(&args, &usage, argc, argv);
    if (!parse(&d, &args))
        return args.status;
    return run(&d);
}
