#include "cli/feeds.h"

#include "cli/cli.h"

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
    return said(afmon_otlp_metric_handler(&options, &f->metrics[f->metric_count++], &error), &error) &&
           said(afmon_otlp_log_handler(&options, &f->logs[f->log_count++], &error), &error);
}

static bool open_statsd(feeds *f)
{
    afmon_error error = {0};
    afmon_statsd_options options;
    afmon_statsd_options_init(&options);
    options.address = f->statsd;
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
