/* Words that people bring from other commands and other tools. */
#include "cli/cli.h"

#include <string.h>

typedef struct neighbour {
    const char *word;
    const char *option; /* the first that the command has is meant */
} neighbour;

static const neighbour neighbours[] = {
    {"port", "listen"},
    {"host", "listen"},
    {"bind", "listen"},
    {"address", "listen"},
    {"addr", "listen"},
    {"output", "save-dir"},
    {"output-dir", "save-dir"},
    {"out", "save-dir"},
    {"out", "output"},
    {"file", "output"},
    {"dataset", "output"},
    {"save-dir", "output"},
    {"output-dir", "output"},
    {"output-dir", "log-dir"},
    {"run-dir", "log-dir"},
    {"folder", "log-dir"},
    {"save", "save-dir"},
    {"plots", "save-dir"},
    {"type", "format"},
    {"metrics", "metric"},
    {"name", "metric"},
    {"last", "window"},
    {"from", "since"},
    {"start", "since"},
    {"to", "until"},
    {"end", "until"},
    {"metrics-interval", "interval"},
    {"period", "interval"},
    {"every", "interval"},
    {"url", "base-url"},
    {"endpoint", "base-url"},
    {"api-base", "base-url"},
    {"api-key", "api-key-env"},
    {"key", "api-key-env"},
    {"key-env", "api-key-env"},
    {"header", "header-env"},
    {"headers", "header-env"},
    {"extra-headers", "header-env"},
    {"extra-query", "query"},
    {"api-version", "query"},
    {"top-p", "extra-body"},
    {"reasoning-effort", "extra-body"},
    {"stop", "extra-body"},
    {"max-completion-tokens", "max-tokens"},
    {"max-new-tokens", "max-tokens"},
    {"system-prompt", "respondent-prompt"},
    {"prompt", "respondent-prompt"},
    {"prompt-file", "respondent-prompt-file"},
    {"topics-file", "topics"},
    {"n", "conversations"},
    {"num", "conversations"},
    {"count", "conversations"},
    {"num-dialogs", "conversations"},
    {"turns", "max-turns"},
    {"threads", "concurrency"},
    {"workers", "concurrency"},
    {"parallel", "concurrency"},
    {"jobs", "concurrency"},
    {"max-concurrency", "concurrency"},
    {"retries", "max-retries"},
    {"continue", "resume"},
    {"request-timeout", "timeout"},
    {"cacert", "ca-file"},
    {"ca-bundle", "ca-file"},
    {"ca-cert", "ca-file"},
    {"socket", "unix-socket"},
    {"token", "token-file"},
    {"auth-token", "token-file"},
    {"token-file", "prometheus-token-file"},
    {"listen", "prometheus"},
    {"prometheus-listen", "prometheus"},
    {"alerts", "rules"},
    {"rules-file", "rules"},
};

static const char *find(const char *option, const char *const *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(options[i], option) == 0)
            return options[i];
    return NULL;
}

const char *cli_neighbour(const char *word, const char *const *options, size_t count)
{
    const char *found = NULL;
    for (size_t i = 0; found == NULL && i < sizeof neighbours / sizeof neighbours[0]; i++)
        if (strcmp(neighbours[i].word, word) == 0)
            found = find(neighbours[i].option, options, count);
    return found;
}
