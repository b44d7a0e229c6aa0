#include "cli/feeds.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* ---- the command line ---- */

/* Commas part tags, bars the fields of a line. */
static bool is_tag_text(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F || text[i] == ',' || text[i] == '|')
            return false;
    return length > 0;
}

const char *feeds_add_tag(feeds *f, const char *pair)
{
    const char *equals = strchr(pair, '=');
    size_t key = equals == NULL ? 0 : (size_t)(equals - pair);
    size_t used = strlen(f->statsd_tags);
    size_t room = sizeof f->statsd_tags - used;
    if (!is_tag_text(pair, key) || memchr(pair, ':', key) != NULL || !is_tag_text(equals + 1, strlen(equals + 1)))
        return "give KEY=VALUE, without commas, bars and control characters, and without a colon in the key";
    int length = snprintf(f->statsd_tags + used, room, "%s%.*s:%s", used > 0 ? "," : "", (int)key, pair, equals + 1);
    return length >= 0 && (size_t)length < room ? NULL : "all tags together may have 255 bytes";
}

const char *feeds_contradiction(const feeds *f)
{
    if (f->webhook != NULL && f->webhook_env != NULL)
        return "--webhook and --webhook-env exclude each other";
    if (f->otlp == NULL && f->otlp_service != NULL)
        return "--otlp-service-name is for --otlp, which is missing";
    if (f->otlp == NULL && f->otlp_interval_s > 0)
        return "--otlp-interval is for --otlp, which is missing";
    if (f->statsd == NULL && (f->statsd_plain || f->statsd_prefix != NULL || f->statsd_tags[0] != '\0'))
        return "--statsd-plain, --statsd-prefix and --statsd-tag are for --statsd, which is missing";
    if (f->statsd_plain && f->statsd_tags[0] != '\0')
        return "--statsd-plain and --statsd-tag exclude each other: plain StatsD has no tags";
    return NULL;
}

/* ---- the handlers ---- */

static bool said(afmon_status status, const afmon_error *error)
{
    if (status != AFMON_OK)
        cli_error("%s", error->message);
    return status == AFMON_OK;
}

static bool open_otlp(feeds *f)
{
    afmon_error error = {0};
    afmon_otlp_options options;
    afmon_otlp_options_init(&options);
    options.endpoint = f->otlp;
    options.ca_file = f->ca_file;
    options.service_name = f->otlp_service;
    if (f->otlp_interval_s > 0)
        options.interval_s = f->otlp_interval_s;
    return said(afmon_otlp_metric_handler(&options, &f->metrics[f->metric_count++], &error), &error) &&
           said(afmon_otlp_log_handler(&options, &f->logs[f->log_count++], &error), &error);
}

static bool open_statsd(feeds *f)
{
    afmon_error error = {0};
    afmon_statsd_options options;
    afmon_statsd_options_init(&options);
    options.address = f->statsd;
    options.dogstatsd = !f->statsd_plain;
    if (f->statsd_prefix != NULL)
        options.prefix = f->statsd_prefix;
    if (f->statsd_tags[0] != '\0')
        options.tags = f->statsd_tags;
    return said(afmon_statsd_handler(&options, &f->metrics[f->metric_count++], &error), &error);
}

static bool open_webhook(feeds *f)
{
    afmon_error error = {0};
    afmon_webhook_options options;
    afmon_webhook_options_init(&options);
    options.url = f->webhook;
    options.url_env = f->webhook_env;
    options.ca_file = f->ca_file;
    return said(afmon_webhook_handler(&options, &f->alerts[f->alert_count++], &error), &error);
}

bool feeds_open(feeds *f, afmon_options *options)
{
    f->metrics[f->metric_count++] = afmon_metric_file_handler();
    f->logs[f->log_count++] = afmon_log_file_handler();
    if (f->otlp != NULL && !open_otlp(f))
        return false;
    if (f->statsd != NULL && !open_statsd(f))
        return false;
    if ((f->webhook != NULL || f->webhook_env != NULL) && !open_webhook(f))
        return false;
    options->prometheus_listen = f->prometheus;
    options->prometheus_token_file = f->prometheus_token_file;
    options->metric_handlers = f->metrics;
    options->metric_handler_count = f->metric_count;
    options->log_handlers = f->logs;
    options->log_handler_count = f->log_count;
    options->alert_handlers = f->alerts;
    options->alert_handler_count = f->alert_count;
    return true;
}
