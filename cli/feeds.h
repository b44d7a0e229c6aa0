/* Where a run is sent on to, as asked for on the command line. */
#ifndef AFMON_CLI_FEEDS_H
#define AFMON_CLI_FEEDS_H

#include <stdbool.h>
#include <stddef.h>

#include <afmon/afmon.h>

typedef struct feeds {
    const char *otlp;        /* NULL: not asked for, as the others */
    const char *webhook;     /* URL */
    const char *webhook_env; /* or the variable that holds it */
    const char *statsd;      /* HOST:PORT */
    const char *ca_file;
    const char *prometheus; /* where to listen, "127.0.0.1:9464" */
    const char *prometheus_token_file;
    /* ---- filled by feeds_open ---- */
    afmon_metric_handler metrics[3];
    size_t metric_count;
    afmon_log_handler logs[2];
    size_t log_count;
    afmon_alert_handler alerts[1];
    size_t alert_count;
} feeds;

/* Makes the handlers and puts them into the options, behind the built-in files. false, after a message: an address or
 * a variable is wrong. */
bool feeds_open(feeds *feeds, afmon_options *options);

#endif
