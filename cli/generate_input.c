/* The texts that `afmon generate conversations` works on: prompts, topics, the address, the key. */
#include "cli/generate_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/cli.h"
#include "generators/http.h"
#include "generators/prompts.h"
#include "generators/text.h"

enum { MAX_FILE = 16 << 20, MAX_PROMPT = 1 << 20 };

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static const char *read_all(FILE *file, gen_text *text)
{
    char chunk[16384];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        gen_text_append(text, chunk, n);
    if (ferror(file))
        return strerror(errno);
    return gen_text_ok(text) ? NULL : "larger than 16 MiB";
}

/* jansson takes no other text than UTF-8. */
static bool is_utf8(const char *text, size_t length)
{
    json_t *string = json_stringn(text, length);
    json_decref(string);
    return string != NULL;
}

/* Windows' editors write a byte order mark, which is no part of the text. */
static void drop_mark(gen_text *text)
{
    size_t size = text->data != NULL ? gen_mark_length(text->data, text->length) : 0;
    if (size == 0)
        return;
    text->length -= size;
    memmove(text->data, text->data + size, text->length + 1);
}

static const char *check_text(const gen_text *text)
{
    if (text->length == 0)
        return NULL;
    if (text->length > 1 && (memcmp(text->data, "\xff\xfe", 2) == 0 || memcmp(text->data, "\xfe\xff", 2) == 0))
        return "it is UTF-16; save it as UTF-8";
    if (memchr(text->data, '\0', text->length) != NULL)
        return "it holds NUL bytes: not a text file";
    return is_utf8(text->data, text->length) ? NULL : "it is not UTF-8";
}

/* The content of a text file. NULL, after a message. */
static char *load_file(const char *option, const char *path)
{
    gen_text text = {.limit = MAX_FILE};
    const char *problem = NULL;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        problem = strerror(errno);
    } else {
        problem = read_all(file, &text);
        fclose(file);
    }
    drop_mark(&text);
    problem = problem != NULL ? problem : check_text(&text);
    char *content = problem == NULL ? gen_text_take(&text) : NULL;
    gen_text_free(&text);
    if (content == NULL)
        cli_error("--%s %s: %s", option, path, problem != NULL ? problem : "out of memory");
    return content;
}

/* ---- Prompts ----------------------------------------------------------------------------------------------------- */

/* A prompt that was given as text or file. *prompt stays NULL where neither was. false, after a message. */
static bool load_prompt(const char *option, const char *text, const char *file, char **prompt)
{
    char name[64];
    if (text == NULL && file == NULL)
        return true;
    snprintf(name, sizeof name, file != NULL ? "%s-file" : "%s", option);
    char *content = file != NULL ? load_file(name, file) : strdup(text);
    if (content == NULL)
        return false;
    char *trimmed = gen_trim(content);
    memmove(content, trimmed, strlen(trimmed) + 1);
    *prompt = content;
    const char *problem = NULL;
    if (content[0] == '\0')
        problem = "is empty";
    else if (strlen(content) > MAX_PROMPT)
        problem = "is longer than 1 MiB";
    else if (!is_utf8(content, strlen(content)))
        problem = "is not UTF-8";
    if (problem != NULL)
        cli_error("the prompt of --%s %s", name, problem);
    return problem == NULL;
}

/* ---- Topics ------------------------------------------------------------------------------------------------------ */

static bool add_topic(generate_input *input, size_t *capacity, const char *topic)
{
    if (input->topic_count == *capacity) {
        size_t more = *capacity == 0 ? 64 : *capacity * 2;
        char **topics = realloc(input->topics, more * sizeof *topics);
        if (topics == NULL)
            return false;
        input->topics = topics;
        *capacity = more;
    }
    char *copy = strdup(topic);
    if (copy == NULL)
        return false;
    input->topics[input->topic_count++] = copy;
    return true;
}

static bool load_topics(generate_input *input, const char *path)
{
    char *content = load_file("topics", path);
    if (content == NULL)
        return false;
    size_t capacity = 0;
    bool ok = true;
    char *rest = content;
    for (char *line; ok && (line = strsep(&rest, "\n")) != NULL;) {
        line = gen_trim(line);
        ok = line[0] == '\0' || line[0] == '#' || add_topic(input, &capacity, line);
    }
    free(content);
    if (!ok)
        cli_error("out of memory");
    else if (input->topic_count == 0)
        cli_error("--topics %s: it holds no topic; write one a line", path);
    return ok && input->topic_count > 0;
}

/* ---- The key --------------------------------------------------------------------------------------------------- */

static bool is_name(const char *text)
{
    bool ok = text[0] != '\0' && !(text[0] >= '0' && text[0] <= '9');
    for (; ok && *text != '\0'; text++)
        ok = *text == '_' || (*text >= '0' && *text <= '9') || (*text >= 'A' && *text <= 'Z') ||
             (*text >= 'a' && *text <= 'z');
    return ok;
}

/* The messages never repeat what was given: somebody may have put the key itself there. */
static bool load_key(generate_input *input, const char *variable)
{
    if (variable == NULL)
        return true;
    const char *problem = NULL;
    if (!is_name(variable)) {
        problem = "--api-key-env wants the name of an environment variable, not the key itself";
    } else {
        input->api_key = getenv(variable);
        if (input->api_key == NULL || input->api_key[0] == '\0')
            problem = "the environment variable that --api-key-env names is not set, or is empty";
    }
    for (const char *c = input->api_key; problem == NULL && *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 127)
            problem = "the API key in the environment variable that --api-key-env names holds a space, a newline or "
                      "another character that no key has";
    if (problem != NULL)
        cli_error("%s", problem);
    return problem == NULL;
}

/* ---- Headers ----------------------------------------------------------------------------------------------------- */

static const char *check_header_name(const char *name, size_t length)
{
    static const char *const ours[] = {"content-type", "content-length", "transfer-encoding", "expect", "host"};
    for (size_t i = 0; i < length; i++)
        if (strchr("!#$%&'*+-.^_`|~", name[i]) == NULL && !(name[i] >= '0' && name[i] <= '9') &&
            !(name[i] >= 'A' && name[i] <= 'Z') && !(name[i] >= 'a' && name[i] <= 'z'))
            return "a header's name has letters, digits and dashes";
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strlen(ours[i]) == length && strncasecmp(ours[i], name, length) == 0)
            return "afmon makes that header itself";
    return NULL;
}

static const char *check_header_value(const char *value)
{
    if (value == NULL || *value == '\0')
        return "the environment variable behind the = is not set, or is empty";
    for (; *value != '\0'; value++)
        if ((unsigned char)*value < ' ' || (unsigned char)*value >= 127)
            return "the environment variable holds a newline or another character that no header has";
    return NULL;
}

/* A pair is NAME=VARIABLE. What stands behind the = is never repeated, as with the key. */
static bool load_header(char **header, const char *pair)
{
    size_t length = strcspn(pair, "=");
    const char *name = pair + length + 1;
    const char *value = is_name(name) ? getenv(name) : NULL;
    const char *problem = check_header_name(pair, length);
    if (problem == NULL && !is_name(name))
        problem = "behind the = stands the name of an environment variable, not the value itself";
    if (problem == NULL)
        problem = check_header_value(value);
    if (problem != NULL) {
        cli_error("--header-env %.*s=...: %s", (int)length, pair, problem);
        return false;
    }
    size_t size = length + strlen(value) + sizeof ": ";
    *header = malloc(size);
    if (*header != NULL)
        snprintf(*header, size, "%.*s: %s", (int)length, pair, value);
    else
        cli_error("out of memory");
    return *header != NULL;
}

static bool load_headers(generate_input *input, const generate_options *o)
{
    bool ok = true;
    for (size_t i = 0; ok && i < o->header_count; i++) {
        bool login = strncasecmp(o->header_envs[i], "authorization=", 14) == 0;
        if (login && input->api_key != NULL)
            cli_error("--api-key-env and --header-env Authorization=... exclude each other");
        ok = (!login || input->api_key == NULL) && load_header(&input->headers[i], o->header_envs[i]);
    }
    return ok;
}

/* ---- Address and trust ------------------------------------------------------------------------------------------- */

static bool load_url(generate_input *input, const generate_options *o)
{
    char problem[160];
    bool plain = false;
    if (!gen_http_join(o->base_url, "/chat/completions", o->queries, &input->url, &plain, problem, sizeof problem)) {
        cli_error("--base-url: %s", problem);
        return false;
    }
    if (plain && o->unix_socket == NULL && (input->api_key != NULL || o->header_count > 0))
        cli_error("warning: --base-url is http://, so the API key crosses the network unencrypted");
    return true;
}

/* What cannot be read is said now, and not by each call. */
static bool load_trust(generate_input *input, const char *ca_file)
{
    input->trust = gen_http_trust_of(ca_file);
    const char *paths[] = {input->trust.file, input->trust.folder};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (paths[i] != NULL && strchr(paths[i], ':') == NULL && access(paths[i], R_OK) != 0) {
            cli_error("%s %s: %s", ca_file != NULL ? "--ca-file" : "the certificates that the environment names,",
                      paths[i], strerror(errno));
            return false;
        }
    }
    return true;
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

bool generate_input_load(generate_input *input, const generate_options *o)
{
    static const char simulated_prompt[] = "You are an expert who answers everyday questions briefly and precisely.";
    *input = (generate_input){0};
    bool ok = load_prompt("respondent-prompt", o->respondent_prompt_text, o->respondent_prompt_file,
                          &input->respondent_prompt) &&
              load_prompt("correspondent-prompt", o->correspondent_prompt_text, o->correspondent_prompt_file,
                          &input->correspondent_prompt) &&
              (o->topics_file == NULL || load_topics(input, o->topics_file)) && load_key(input, o->api_key_env) &&
              load_headers(input, o) && load_trust(input, o->feeds.ca_file) && (o->simulate || load_url(input, o));
    if (ok && input->respondent_prompt == NULL) {
        input->respondent_prompt = strdup(simulated_prompt);
        ok = input->respondent_prompt != NULL;
    }
    if (!ok)
        generate_input_free(input);
    return ok;
}

void generate_input_free(generate_input *input)
{
    for (size_t i = 0; i < input->topic_count; i++)
        free(input->topics[i]);
    free(input->topics);
    free(input->respondent_prompt);
    free(input->correspondent_prompt);
    for (size_t i = 0; i < GEN_MAX_HEADERS && input->headers[i] != NULL; i++) {
        explicit_bzero(input->headers[i], strlen(input->headers[i]));
        free(input->headers[i]);
    }
    free(input->url);
    *input = (generate_input){0};
}
