/* The options of `afmon generate conversations`, and the files that they name. */
#ifndef AFMON_CLI_GENERATE_OPTIONS_H
#define AFMON_CLI_GENERATE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <afmon/afmon.h>

#include "cli/about.h"
#include "cli/feeds.h"
#include "generators/http.h"

enum { GENERATE_QUERIES = 8 };

typedef struct generate_options {
    const char *base_url;
    const char *model;
    const char *api_key_env;
    const char *header_envs[GEN_MAX_HEADERS]; /* "NAME=VARIABLE"; NULL: no more */
    size_t header_count;
    const char *queries[GENERATE_QUERIES + 1]; /* "NAME=VALUE", NULL ended */
    size_t query_count;
    const char *extra_body; /* JSON; NULL: none */
    const char *unix_socket;
    bool keep_reasoning;
    int64_t conversations;
    int64_t concurrency;
    afmon_number temperature;
    int64_t max_turns;
    int64_t max_tokens;                 /* 0: not given */
    const char *respondent_prompt_text; /* as given; NULL: not */
    const char *respondent_prompt_file;
    const char *correspondent_prompt_text;
    const char *correspondent_prompt_file;
    const char *topics_file;
    const char *output;
    bool resume;
    bool simulate;
    double speed;
    bool speed_given;
    int64_t seed; /* below 0: not given */
    const char *log_dir;
    const char *prices_file;
    afmon_number max_cost_usd;
    const char *rules_file; /* NULL: the built-in rules */
    double timeout_s;
    int64_t max_retries;
    double shutdown_timeout_s;
    double metrics_interval_s;
    about about; /* name, tags and note of the run */
    feeds feeds; /* where the run is sent on to */
} generate_options;

/* Reads the command line; argv[0] is "conversations". false: the command shall return *status, and has said why. */
bool generate_parse(generate_options *options, int argc, char **argv, int *status);

/* Prints the help of the command. */
void generate_help(void);

/* ---- Inputs (generate_input.c) ----------------------------------------------------------------------------------- */

/* Texts that the options stand for. Release with generate_input_free. */
typedef struct generate_input {
    char *respondent_prompt;
    char *correspondent_prompt; /* NULL: the model shall write it */
    char **topics;
    size_t topic_count;
    const char *api_key;            /* of the environment; NULL: none */
    char *headers[GEN_MAX_HEADERS]; /* "Name: value"; NULL: no more. Wiped when freed */
    gen_http_trust trust;
    char *url; /* whole; NULL with --simulate */
} generate_input;

/* Loads and checks them. false, after a message that names the thing: the command line or a file is wrong. */
bool generate_input_load(generate_input *input, const generate_options *options);
void generate_input_free(generate_input *input);

#endif
