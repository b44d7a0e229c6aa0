/* Where a run is sent on to, as asked for on the command line. */
#ifndef AFMON_CLI_FEEDS_H
#define AFMON_CLI_FEEDS_H

#include <stdbool.h>
#include <stddef.h>

#include <afmon/afmon.h>

typedef struct feeds {
    const char *otlp;         /* NULL: not asked for, as the others */
    const char *otlp_service; /* NULL: the library's */
    double otlp_interval_s;   /* 0: the library's */
    const char *webhook;      /* URL */
    const char *webhook_env;  /* or the variable that holds it */
    const char *statsd;       /* HOST:PORT */
    const char *statsd_prefix;
    char statsd_tags[256]; /* "env:prod,team:a"; "": none */
    bool statsd_plain;     /* without DogStatsD's tags and distributions */
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

/* Adds a tag to statsd_tags, given as "KEY=VALUE". NULL, or what is wrong with it. */
const char *feeds_add_tag(feeds *feeds, const char *pair);

/* What does not fit together, as a sentence; NULL: nothing. */
const char *feeds_contradiction(const feeds *feeds);

/* Makes the handlers and puts them into the options, behind the built-in files. false, after a message: an address or
 * a variable is wrong. */
bool feeds_open(feeds *feeds, afmon_options *options);

#endif
