/* A stream of server-sent events, cut anywhere: the data of each as reduced JSON. One thread at a time. */
#ifndef AFMON_PROXY_EVENTS_H
#define AFMON_PROXY_EVENTS_H

#include "proxy/reduce.h"

/* An event's data. json: NULL where it is none; "[DONE]" has done set. It is released by who calls. */
typedef void afmon_proxy_on_event(void *user, json_t *json, bool done);

struct afmon_proxy_events {
    struct afmon_proxy_reduced data;
    char name[5];  /* of the line's field, as far as it came */
    char first[7]; /* bytes of the data */
    uint8_t name_length, first_length;
    uint64_t data_length;
    bool in_value; /* behind the colon */
    bool at_start; /* of the value: a space there is not of it */
    bool after_cr;
    bool has_data;
    bool line_begun;
};

void afmon_proxy_events_init(struct afmon_proxy_events *events);
void afmon_proxy_events_free(struct afmon_proxy_events *events);
void afmon_proxy_events_feed(struct afmon_proxy_events *events, const char *data, size_t length,
                             afmon_proxy_on_event *on_event, void *user);

/* The stream is over: an event without an empty line behind it is told, too. */
void afmon_proxy_events_finish(struct afmon_proxy_events *events, afmon_proxy_on_event *on_event, void *user);

#endif
