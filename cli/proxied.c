#include "cli/proxied.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli/cli.h"
#include "cli/summary.h"
#include "generators/stop.h"

enum { INTERVAL_S = 5 };

void proxied_init(proxied *p, const char *command)
{
    *p = (proxied){.command = command, .interval_s = INTERVAL_S};
}

bool proxied_take(proxied *p, cli_args *args, int id)
{
    switch (id) {
    case CLI_STOP:
        return false;
    case PROXIED_LOG_DIR:
        p->log_dir = args->value;
        return true;
    case PROXIED_PRICES:
        p->prices_file = args->value;
        return true;
    case PROXIED_MAX_COST:
        return cli_value_dollars(args, 1e6, &p->max_cost_usd);
    case PROXIED_SAVE_TEXTS:
        p->save_texts = args->value;
        return true;
    case PROXIED_PLAN:
        return cli_value_integer(args, 1, INT64_MAX, &p->plan);
    case PROXIED_RULES:
        p->rules_file = args->value;
        return true;
    case PROXIED_PROMETHEUS:
        p->prometheus = args->value;
        return true;
    case PROXIED_INTERVAL:
        return cli_value_duration(args, 1, 86400, &p->interval_s);
    default:
        return about_take(&p->about, args, id);
    }
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

/* The module lies in the folder afmon/ beside libafmon.so. NULL, after a message that names what is missing. */
static const afmon_proxy_module_t *open_module(void)
{
    char path[PATH_MAX];
    Dl_info library;
    void *version = dlsym(RTLD_DEFAULT, "afmon_version");
    const char *slash = version != NULL && dladdr(version, &library) != 0 ? strrchr(library.dli_fname, '/') : NULL;
    int folder = slash != NULL ? (int)(slash + 1 - library.dli_fname) : 0;
    snprintf(path, sizeof path, "%.*safmon/proxy.so", folder, folder > 0 ? library.dli_fname : "");
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const afmon_proxy_module_t *found = module != NULL ? dlsym(module, "afmon_proxy_module") : NULL;
    if (found == NULL)
        cli_error(
            "the proxy cannot be opened: %s; it needs libuv (libuv1) and OpenSSL (libssl3), and an afmon that was "
            "built with them",
            dlerror());
    return found;
}

/* Items that earlier parts of the run made. */
static uint64_t made_before(const char *folder)
{
    uint64_t made = 0;
    afmon_view *view = NULL;
    afmon_run_summary *summary = NULL;
    if (folder != NULL && afmon_view_open(folder, NULL, &view, NULL) == AFMON_OK &&
        afmon_view_summarize(view, NULL, &summary, NULL) == AFMON_OK)
        for (size_t i = 0; i < summary->item_count; i++)
            made += strcmp(summary->items[i].kind, AFMON_PROXY_ITEM_KIND) == 0 ? summary->items[i].finished : 0;
    afmon_run_summary_free(summary);
    afmon_view_close(view);
    return made;
}

static bool open_monitor(proxied *p, const char *description, const char *what, bool answers)
{
    afmon_error error = {0};
    afmon_alert_handler handler = alert_board_handler(&p->board);
    uint64_t made = p->plan > 0 ? made_before(p->log_dir) : 0;
    afmon_options_init(&p->options);
    p->options.log_dir = p->log_dir;
    p->options.prices_file = p->prices_file;
    p->options.progress = p->plan > 0 ? p->progress : AFMON_PROGRESS_NONE;
    p->options.data_set = p->save_texts;
    p->options.max_cost_usd = p->max_cost_usd;
    p->options.rules_file = p->rules_file;
    p->options.prometheus_listen = p->prometheus != NULL || !answers ? p->prometheus : "";
    p->options.metrics_interval_s = p->interval_s;
    p->options.on_full = AFMON_FULL_WAIT; /* the recorder's thread waits, not the calls */
    about_fill(&p->about, &p->options);
    p->options.alert_handlers = &handler;
    p->options.alert_handler_count = 1;
    afmon_status status = afmon_monitor_open(&p->options, &p->monitor, &error);
    p->options.alert_handlers = NULL; /* they were copied */
    p->options.alert_handler_count = 0;
    if (status != AFMON_OK) {
        cli_error("%s", error.message);
        return false;
    }
    afmon_field field = afmon_string("source", what);
    (void)afmon_log_info(p->monitor, description, &field, 1);
    if (p->plan > 0)
        (void)afmon_monitor_plan(p->monitor, AFMON_PROXY_ITEM_KIND, (uint64_t)p->plan, made, false);
    return true;
}

static int start_proxy(proxied *p, const afmon_proxy_options *options)
{
    afmon_budget budget;
    afmon_error error = {0};
    afmon_proxy_options filled = *options;
    filled.monitor = p->monitor;
    filled.save_texts = p->save_texts;
    filled.planned = p->plan > 0;
    filled.limited = afmon_monitor_budget(p->monitor, &budget) || p->max_cost_usd.given;
    p->proxy = p->module->start(&filled, &error);
    if (p->proxy != NULL)
        return CLI_OK;
    cli_error("%s", error.message);
    return error.status == AFMON_E_ARGUMENT ? CLI_USAGE : CLI_FAILED;
}

int proxied_start(proxied *p, const afmon_proxy_options *options, const char *description, const char *what)
{
    if (p->max_cost_usd.given && p->prices_file == NULL)
        return cli_usage_error(p->command, "--max-cost needs --prices: what tokens cost, by model");
    p->module = open_module();
    if (p->module == NULL)
        return CLI_FAILED;
    if (!alert_board_init(&p->board, p->interval_s)) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    p->begin_ns = gen_now_ns();
    int status = open_monitor(p, description, what, options->answers) ? start_proxy(p, options) : CLI_USAGE;
    if (status == CLI_OK)
        return CLI_OK;
    if (p->monitor != NULL)
        afmon_monitor_close(p->monitor, NULL);
    alert_board_destroy(&p->board);
    return status;
}

void proxied_raise_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

/* Monitors in the command have named their run folders (docs/proxy.md). The log says it, which outlives the screen. */
static void tell_monitors(const proxied *p, FILE *out)
{
    enum { TOLD_MAX = 20 };
    char path[PATH_MAX], line[PATH_MAX + 2], safe[PATH_MAX];
    snprintf(path, sizeof path, "%s/.afmon/monitors", afmon_monitor_log_dir(p->monitor));
    FILE *file = fopen(path, "re");
    for (int told = 0; file != NULL && told < TOLD_MAX && fgets(line, sizeof line, file) != NULL;) {
        size_t length = strcspn(line, "\n");
        if (line[0] != '/' || line[length] != '\n')
            continue;
        line[length] = '\0';
        const afmon_field field = afmon_string("monitor_run", line);
        (void)afmon_log_info(p->monitor, "A monitor in the command recorded the same calls", &field, 1);
        cli_safe_into(safe, sizeof safe, line, length);
        fprintf(out, "A monitor in the command recorded the same calls into %s; no figure here has them twice.\n",
                safe);
        told++;
    }
    if (file != NULL)
        fclose(file);
}

static void log_advice(const proxied *p, const afmon_proxy_counts *counts)
{
    const afmon_field fields[] = {
        afmon_string("more", proxied_more(counts->advice.more)),
        afmon_double("slope", counts->advice.slope),
        afmon_double("refused", counts->advice.refused),
        afmon_double("in_flight", counts->times.span_s > 0 ? counts->times.flight_s / counts->times.span_s : 0),
    };
    if (counts->requests > 0)
        (void)afmon_log_info(p->monitor, "Would more concurrency bring more", fields, sizeof fields / sizeof fields[0]);
}

afmon_proxy_counts proxied_finish(proxied *p, double patience_s, FILE *out)
{
    cli_screen screen;
    afmon_proxy_counts counts = p->module->stop(p->proxy, patience_s);
    afmon_budget budget;
    summary_facts facts = {.monitor = &p->options, .board = &p->board};
    facts.counts.planned = (uint64_t)p->plan;
    facts.budget = afmon_monitor_budget(p->monitor, &budget) ? &budget : NULL;
    double elapsed_s = gen_seconds_since(p->begin_ns);
    tell_monitors(p, out);
    log_advice(p, &counts);
    afmon_monitor_shutdown(p->monitor, &facts.report);
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* the keys are gone */
    cli_screen_init(&screen, out);
    proxied_print_outcome(&screen, &counts, elapsed_s);
    summary_print_figures(&screen, p->monitor, &facts);
    afmon_monitor_close(p->monitor, NULL);
    alert_board_destroy(&p->board);
    return counts;
}
