#include "proxy/events.h"

#include <string.h>

void afmon_proxy_events_init(struct afmon_proxy_events *events)
{
    *events = (struct afmon_proxy_events){0};
    afmon_proxy_reduced_init(&events->data);
}

void afmon_proxy_events_free(struct afmon_proxy_events *events)
{
    afmon_proxy_reduced_free(&events->data);
}

static bool is_data(const struct afmon_proxy_events *events)
{
    return events->name_length == 4 && memcmp(events->name, "data", 4) == 0;
}

/* A stretch of the value of a data line. */
static void take_value(struct afmon_proxy_events *events, const char *data, size_t length)
{
    for (size_t i = 0; i < length && events->first_length < sizeof events->first; i++)
        events->first[events->first_length++] = data[i];
    events->data_length += length;
    afmon_proxy_reduced_feed(&events->data, data, length);
}

static void tell(struct afmon_proxy_events *events, afmon_proxy_on_event *on_event, void *user)
{
    bool done = events->data_length == 6 && memcmp(events->first, "[DONE]", 6) == 0;
    json_t *json = afmon_proxy_reduced_take(&events->data);
    on_event(user, json, done);
    json_decref(json);
    events->first_length = 0;
    events->data_length = 0;
    events->has_data = false;
}

static void end_line(struct afmon_proxy_events *events, afmon_proxy_on_event *on_event, void *user)
{
    if (events->line_begun && is_data(events))
        events->has_data = true;
    else if (!events->line_begun && events->has_data)
        tell(events, on_event, user);
    events->name_length = 0;
    events->in_value = false;
    events->line_begun = false;
}

static void take_name(struct afmon_proxy_events *events, char c)
{
    events->line_begun = true;
    if (c == ':') {
        events->in_value = true;
        events->at_start = true;
    } else if (events->name_length < sizeof events->name) {
        events->name[events->name_length++] = c;
    }
}

/* How many bytes are of the value of this line. */
static size_t value_run(const char *data, size_t length)
{
    size_t n = 0;
    while (n < length && data[n] != '\r' && data[n] != '\n')
        n++;
    return n;
}

void afmon_proxy_events_feed(struct afmon_proxy_events *events, const char *data, size_t length,
                             afmon_proxy_on_event *on_event, void *user)
{
    for (size_t i = 0; i < length;) {
        char c = data[i];
        bool second = events->after_cr && c == '\n';
        events->after_cr = c == '\r';
        if (second) {
            i++;
        } else if (c == '\r' || c == '\n') {
            end_line(events, on_event, user);
            i++;
        } else if (!events->in_value) {
            take_name(events, c);
            i++;
        } else {
            bool space = events->at_start && c == ' ';
            size_t run = space ? 1 : value_run(data + i, length - i);
            events->at_start = false;
            if (!space && is_data(events))
                take_value(events, data + i, run);
            i += run;
        }
    }
}

void afmon_proxy_events_finish(struct afmon_proxy_events *events, afmon_proxy_on_event *on_event, void *user)
{
    if (events->line_begun)
        end_line(events, on_event, user);
    if (events->has_data)
        tell(events, on_event, user);
}
