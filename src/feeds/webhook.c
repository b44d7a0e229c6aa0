/* Alerts as POSTs of JSON, one each, with a text that Slack and its likes show. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/options.h"
#include "base/status.h"
#include "base/text.h"
#include "feeds/outbox.h"

#define BODY_LIMIT ((size_t)64 << 10)
#define OUTBOX_BYTES ((size_t)1 << 20)
#define TICK_S 0.1

void afmon_webhook_options_init(afmon_webhook_options *options)
{
    *options = (afmon_webhook_options){.size = sizeof *options, .timeout_s = 10};
}

static void add_member(struct afmon_buffer *out, const char *name)
{
    afmon_buffer_add_text(out, out->length == 1 ? "\"" : ", \"");
    afmon_buffer_add_text(out, name);
    afmon_buffer_add_text(out, "\": ");
}

static void add_string(struct afmon_buffer *out, const char *name, const char *value)
{
    add_member(out, name);
    afmon_buffer_add_json_string(out, value, strlen(value));
}

static void add_number(struct afmon_buffer *out, const char *name, double value)
{
    char digits[AFMON_NUMBER_SIZE];
    add_member(out, name);
    afmon_buffer_add(out, digits, afmon_format_double(digits, value));
}

static void add_time(struct afmon_buffer *out, const char *name, int64_t time_ns)
{
    char time[AFMON_TIMESTAMP_SIZE];
    add_member(out, name);
    afmon_buffer_add_json_string(out, time, afmon_format_timestamp(time, time_ns));
}

/* Slack takes &, < and > for its own marks. */
static void add_safe(struct afmon_buffer *out, const char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '&' || *text == '<' || *text == '>')
            afmon_buffer_add_text(out, *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : "&gt;");
        else
            afmon_buffer_add_char(out, *text);
}

static void add_slack_text(struct afmon_buffer *out, const afmon_alert *alert)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, BODY_LIMIT);
    add_safe(&text, "afmon: ");
    add_safe(&text, afmon_level_name(alert->level));
    add_safe(&text, " ");
    add_safe(&text, afmon_alert_state_name(alert->state));
    add_safe(&text, ": ");
    add_safe(&text, alert->name);
    add_safe(&text, ": ");
    add_safe(&text, alert->message);
    add_member(out, "text");
    afmon_buffer_add_json_string(out, text.data, text.length);
    out->failed = out->failed || text.failed;
    afmon_buffer_free(&text);
}

static void write_alert(struct afmon_buffer *out, const afmon_alert *alert)
{
    afmon_buffer_add_char(out, '{');
    add_slack_text(out, alert);
    add_string(out, "alert", alert->name);
    add_string(out, "level", afmon_level_name(alert->level));
    add_string(out, "state", afmon_alert_state_name(alert->state));
    add_string(out, "message", alert->message);
    add_string(out, "metric", alert->metric);
    add_string(out, "aggregate", alert->aggregate);
    add_number(out, "value", alert->value);
    add_number(out, "limit", alert->limit);
    add_number(out, "count", (double)alert->data.count);
    add_time(out, "since", alert->since_ns);
    add_time(out, "timestamp", alert->timestamp_ns);
    afmon_buffer_add_char(out, '}');
}

static int take_alert(void *user, const afmon_alert *alert, char *error, size_t size)
{
    struct afmon_outbox *outbox = user;
    struct afmon_buffer body;
    (void)afmon_outbox_leave_to_parent(outbox);
    afmon_buffer_init(&body, BODY_LIMIT);
    write_alert(&body, alert);
    bool put = !body.failed && afmon_outbox_put(outbox, &body, 1);
    if (!put)
        snprintf(error, size, "the receiver does not keep up: there is no room for further alerts");
    afmon_buffer_free(&body);
    return put ? 0 : 1;
}

static uint64_t flush(void *user, const afmon_deadline *deadline, char *error, size_t size)
{
    (void)afmon_outbox_leave_to_parent(user);
    return afmon_outbox_send(user, deadline, error, size);
}

static void destroy(void *user)
{
    afmon_outbox_free(user);
    free(user);
}

afmon_status afmon_webhook_handler(const afmon_webhook_options *given, afmon_alert_handler *handler, afmon_error *error)
{
    afmon_webhook_options options;
    if (handler == NULL || given == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "webhook: give a handler and options");
    memset(handler, 0, sizeof *handler);
    afmon_webhook_options_init(&options);
    afmon_status status = afmon_options_take(&options, sizeof options, given, "afmon_webhook_options", error);
    if (status != AFMON_OK)
        return status;
    const struct afmon_post_options chosen = {
        .what = "webhook",
        .url = options.url,
        .url_env = options.url_env,
        .headers_env = options.headers_env,
        .ca_file = options.ca_file,
        .timeout_s = options.timeout_s,
    };
    struct afmon_post *post;
    status = afmon_post_new(&chosen, &post, error);
    if (status != AFMON_OK)
        return status;
    struct afmon_outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL || !afmon_outbox_init(outbox, post, OUTBOX_BYTES)) {
        if (outbox == NULL)
            afmon_post_free(post);
        free(outbox);
        return afmon_fail_memory(error);
    }
    *handler = (afmon_alert_handler){.name = "webhook",
                                     .handle = take_alert,
                                     .user = outbox,
                                     .destroy = destroy,
                                     .flush = flush,
                                     .flush_interval_s = TICK_S};
    return AFMON_OK;
}
