#include "cli/run_variables.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

enum { ENTRY_MAX = 1024 };
#define WITHOUT_VERSION "/host" /* the prefix of calls to the server of --upstream, whose URL ends with /v1 */

/* What a base URL is by default, and where the proxy takes the calls of the variable. Docs: docs/proxy.md. */
static const struct {
    const char *variable;
    const char *prefix;
    const char *url;
    const char *same_as; /* the variable that counts where this one is not set */
    afmon_proxy_calls_of also;
} variables[RUN_VARIABLES] = {
    {"OPENAI_BASE_URL", "/openai", "https://api.openai.com/v1", "OPENAI_API_BASE", AFMON_PROXY_CALLS_OPENAI},
    {"OPENAI_API_BASE", "/openai-api-base", "https://api.openai.com/v1", "OPENAI_BASE_URL", AFMON_PROXY_CALLS_ALL},
    {"ANTHROPIC_BASE_URL", "/anthropic", "https://api.anthropic.com", "ANTHROPIC_API_BASE",
     AFMON_PROXY_CALLS_ANTHROPIC},
    {"ANTHROPIC_API_BASE", "/anthropic-api-base", "https://api.anthropic.com", "ANTHROPIC_BASE_URL",
     AFMON_PROXY_CALLS_ALL},
    {"GOOGLE_GEMINI_BASE_URL", "/gemini", "https://generativelanguage.googleapis.com", "GEMINI_API_BASE",
     AFMON_PROXY_CALLS_GOOGLE},
    {"GEMINI_API_BASE", "/gemini-api-base", "https://generativelanguage.googleapis.com", "GOOGLE_GEMINI_BASE_URL",
     AFMON_PROXY_CALLS_ALL},
    {"OLLAMA_HOST", "/ollama", "http://127.0.0.1:11434", "OLLAMA_API_BASE", AFMON_PROXY_CALLS_OLLAMA},
    {"OLLAMA_API_BASE", "/ollama-api-base", "http://127.0.0.1:11434", "OLLAMA_HOST", AFMON_PROXY_CALLS_ALL},
};

static const char *set_value(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Ollama's is read as Ollama does: "host", "host:port", ":port", and 0.0.0.0, which a server listens on. */
static void complete_host(char *out, size_t size, const char *value)
{
    const char *bracket = value[0] == '[' ? strchr(value, ']') : NULL;
    size_t authority = strcspn(value, "/");
    size_t host = bracket != NULL ? (size_t)(bracket + 1 - value) : strcspn(value, ":/");
    bool everywhere = host == 0 || (host == 7 && memcmp(value, "0.0.0.0", 7) == 0);
    snprintf(out, size, "http://%.*s%.*s%s%s", everywhere ? 9 : (int)host, everywhere ? "127.0.0.1" : value,
             (int)(authority - host), value + host, authority == host ? ":11434" : "", value + authority);
}

/* Where the SDK that reads this variable would send its calls. */
static void own_url(char *out, size_t size, size_t i)
{
    const char *own = set_value(variables[i].variable);
    const char *other = set_value(variables[i].same_as);
    const char *url = own != NULL ? own : other != NULL ? other : variables[i].url;
    if (strncmp(variables[i].variable, "OLLAMA", 6) == 0 && strstr(url, "://") == NULL)
        complete_host(out, size, url);
    else
        snprintf(out, size, "%s", url);
}

/* The path of an URL, "" where it has none. Its slashes at the end are in *length no more. */
static const char *path_of(const char *url, size_t *length)
{
    const char *host = strstr(url, "://");
    const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
    path = path != NULL ? path : "";
    *length = strlen(path);
    while (*length > 0 && path[*length - 1] == '/')
        --*length;
    return path;
}

/* Is there a version at the end of the path? OpenAI's SDK has it in its base URL, all others ask for it themselves. */
static bool is_versioned(const char *path, size_t length)
{
    return length >= 3 && memcmp(path + length - 3, "/v1", 3) == 0;
}

/* All calls go to one server: those of OpenAI's SDK to its version 1, the others' to the server. */
static size_t targets_of_one(const char *upstream, run_urls *urls, afmon_proxy_target targets[RUN_VARIABLES])
{
    size_t length;
    const char *path = path_of(upstream, &length);
    targets[0] = (afmon_proxy_target){.url = upstream};
    if (!is_versioned(path, length))
        return 1;
    snprintf(urls->of[0], sizeof urls->of[0], "%.*s", (int)((size_t)(path - upstream) + length - 3), upstream);
    targets[1] = (afmon_proxy_target){.prefix = WITHOUT_VERSION, .url = urls->of[0]};
    return 2;
}

size_t run_targets(const char *upstream, run_urls *urls, afmon_proxy_target targets[RUN_VARIABLES])
{
    if (upstream != NULL)
        return targets_of_one(upstream, urls, targets);
    for (size_t i = 0; i < RUN_VARIABLES; i++) {
        own_url(urls->of[i], sizeof urls->of[i], i);
        targets[i] = (afmon_proxy_target){variables[i].prefix, urls->of[i], variables[i].also};
    }
    return RUN_VARIABLES;
}

/* ---- The command's environment ----------------------------------------------------------------------------------- */

/* The base URL at the proxy. OpenAI's has its version in it, the others' have not. */
static void write_base(char *out, size_t size, size_t i, const char *upstream, const char *address)
{
    size_t length;
    char own[sizeof((run_urls *)0)->of[0]];
    bool openai = strncmp(variables[i].variable, "OPENAI", 6) == 0;
    own_url(own, sizeof own, i);
    const char *path = path_of(upstream != NULL ? upstream : own, &length);
    const char *prefix = upstream != NULL ? "" : variables[i].prefix;
    if (upstream != NULL && openai && length == 0) {
        path = "/v1";
        length = 3;
    } else if (upstream != NULL && !openai && is_versioned(path, length)) {
        prefix = WITHOUT_VERSION;
        length -= 3;
    }
    snprintf(out, size, "%s=http://%s%s%.*s", variables[i].variable, address, prefix, (int)length, path);
}

static bool is_overwritten(const char *entry)
{
    static const char *const others[] = {"NO_PROXY", "no_proxy", "AFMON_PROXY_RUN"};
    size_t length = strcspn(entry, "=");
    for (size_t i = 0; i < RUN_VARIABLES; i++)
        if (strlen(variables[i].variable) == length && memcmp(entry, variables[i].variable, length) == 0)
            return true;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strlen(others[i]) == length && memcmp(entry, others[i], length) == 0)
            return true;
    return false;
}

/* Calls to this machine go through no other proxy. */
static void write_no_proxy(char *out, size_t size, const char *variable)
{
    const char *value = set_value(variable);
    snprintf(out, size, "%s=%s%s127.0.0.1", variable, value != NULL ? value : "", value != NULL ? "," : "");
}

/* Monitors of the command are told that the proxy sees the same calls. */
static void write_folder(char *out, size_t size, const char *folder)
{
    char path[PATH_MAX];
    snprintf(out, size, "AFMON_PROXY_RUN=%s", realpath(folder, path) != NULL ? path : "");
}

char **run_environment(const char *upstream, const char *address, const char *folder)
{
    size_t count = 0, kept = 0;
    char entry[PATH_MAX + ENTRY_MAX];
    while (environ[count] != NULL)
        count++;
    char **made = calloc(count + RUN_VARIABLES + 4, sizeof *made);
    bool failed = made == NULL;
    for (size_t i = 0; i < count && !failed; i++)
        if (!is_overwritten(environ[i]))
            failed = (made[kept++] = strdup(environ[i])) == NULL;
    for (size_t i = 0; i < RUN_VARIABLES + 3 && !failed; i++) {
        if (i < RUN_VARIABLES)
            write_base(entry, sizeof entry, i, upstream, address);
        else if (i == RUN_VARIABLES + 2)
            write_folder(entry, sizeof entry, folder);
        else
            write_no_proxy(entry, sizeof entry, i == RUN_VARIABLES ? "NO_PROXY" : "no_proxy");
        failed = (made[kept++] = strdup(entry)) == NULL;
    }
    if (failed)
        run_environment_free(made);
    return failed ? NULL : made;
}

void run_environment_free(char **environment)
{
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        explicit_bzero(environment[i], strlen(environment[i])); /* keys are in it */
        free(environment[i]);
    }
    free(environment);
}
