/* What `afmon run` and `afmon proxy` share: the options of the run that they record, its monitor, the proxy's module,
 * and the summary. */
#ifndef AFMON_CLI_PROXIED_H
#define AFMON_CLI_PROXIED_H

#include <signal.h>

#include <afmon/afmon.h>

#include "cli/about.h"
#include "cli/alert_board.h"
#include "proxy/proxy.h"

/* Ids of the options; a command's own begin after them. */
enum {
    PROXIED_LOG_DIR = 300,
    PROXIED_PRICES,
    PROXIED_MAX_COST,
    PROXIED_PLAN,
    PROXIED_SAVE_TEXTS,
    PROXIED_RULES,
    PROXIED_INTERVAL,
    PROXIED_PROMETHEUS,
    PROXIED_OWN
};

#define PROXIED_OPTIONS                                                                                                \
    {PROXIED_LOG_DIR, "log-dir", "DIR", "The run folder (.afterimage-monitoring/DATE-TIME)"}, ABOUT_OPTIONS,           \
        {PROXIED_RULES, "rules", "FILE", "Alert rules of a YAML file, beside or in place of the built-in ones"},       \
        {PROXIED_PRICES, "prices", "FILE",                                                                             \
         "What tokens cost, by model: JSON, or LiteLLM's map of prices as it is. Calls then record cost_usd"},         \
        {PROXIED_MAX_COST, "max-cost", "USD",                                                                          \
         "The most that the run may cost, over all processes of its run folder: 5usd. Each call reserves its worst "   \
         "case before it goes out; what may pass the limit, has no price or no longest answer gets a 402. Needs "      \
         "--prices"},                                                                                                  \
        {PROXIED_PLAN, "plan", "N",                                                                                    \
         "How many items the run means to make in all: what x-afmon-item names, else each operation is one. Screens "  \
         "then tell how far it is, how long it will take and what it will have cost"},                                 \
        {PROXIED_SAVE_TEXTS, "save-texts", "FILE",                                                                     \
         "Append the requests and answers of calls that succeed to FILE, as JSON lines; 'afmon items --text' shows "   \
         "them. They may hold what is private: only their owner can read a file that is made"},                        \
        {PROXIED_INTERVAL, "interval", "DURATION", "Time between two passes of the alert rules, at least 1s (5s)"},    \
    {                                                                                                                  \
        PROXIED_PROMETHEUS, "prometheus", "ADDRESS:PORT",                                                              \
            "Serve /metrics there for Prometheus; :9464 is for this machine only"                                      \
    }

/* Begin with proxied_init. */
typedef struct proxied {
    const char *command;
    about about;
    const char *log_dir;
    const char *prices_file;
    afmon_number max_cost_usd;
    const char *save_texts;
    int64_t plan;                 /* 0: none */
    afmon_progress_kind progress; /* with a plan */
    const char *rules_file;
    const char *prometheus;
    double interval_s;
    /* ---- while it runs ---- */
    afmon_options options;
    alert_board board;
    afmon_monitor *monitor;
    const afmon_proxy_module_t *module;
    afmon_proxy *proxy;
    int64_t begin_ns;
} proxied;

/* command: "run" or "proxy". */
void proxied_init(proxied *p, const char *command);

/* Takes an option of these. False: the command shall return args->status, and has said why. */
bool proxied_take(proxied *p, cli_args *args, int id);

/* Opens module and monitor and starts the proxy; listen, token and targets are the caller's. CLI_OK, or an exit status
 * after a message, and then nothing is left to end. Keys pass through this process from then on: nobody may look into
 * its memory, and no core is written. */
int proxied_start(proxied *p, const afmon_proxy_options *options, const char *description, const char *what);

/* As many connections as the system allows. Not before a command is started, which would inherit it. */
void proxied_raise_limit(void);

/* "yes", "no", "cannot tell". Static text. */
const char *proxied_more(afmon_proxy_more more);

/* Prints what became of the calls. */
void proxied_print_outcome(const cli_screen *screen, const afmon_proxy_counts *counts, double elapsed_s);

/* Ends the calls that go on within the time, records them, and prints the summary to `out`. What it had counted. */
afmon_proxy_counts proxied_finish(proxied *p, double patience_s, FILE *out);

#endif
