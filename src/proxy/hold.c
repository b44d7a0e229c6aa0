/* The limit of what a run may cost: a request is held until its worst case is reserved. */
#include <stdlib.h>
#include <string.h>

#include "proxy/bound.h"
#include "proxy/client.h"

enum {
    HELD_MAX = 8 * 1024 * 1024,       /* of one request: more than a million tokens */
    HELD_ALL_MAX = 128 * 1024 * 1024, /* of all requests */
    RETRY_MS = 5,
    WARNINGS_MAX = 20
};

struct afmon_proxy_hold {
    const struct afmon_proxy_hold_calls *calls;
    enum afmon_proxy_shape shape;
    bool chunked;
    struct afmon_buffer body; /* as it came */
    bool whole;
    struct afmon_proxy_bound bound;
    struct afmon_proxy_client *next; /* that waits for money, too */
};

/* ---- Bodies ------------------------------------------------------------------------------------------------------ */

bool afmon_proxy_hold_is_needed(const struct afmon_proxy_client *client, const struct afmon_proxy_head *head)
{
    static const char *const free_of_charge[] = {"GET", "HEAD", "OPTIONS", "DELETE"};
    for (size_t i = 0; i < sizeof free_of_charge / sizeof free_of_charge[0]; i++)
        if (afmon_proxy_piece_is(&head->method, free_of_charge[i]))
            return false;
    return client->server->limited;
}

/* Says it in the log, too, which outlives the program: a few times. */
static void refuse_unbounded(struct afmon_proxy_client *client, const char *code, const char *why)
{
    char text[600];
    struct afmon_proxy_server *server = client->server;
    const afmon_field fields[] = {
        afmon_string("model_name", client->hold->bound.model),
        afmon_string("reason", why),
    };
    server->unbounded++;
    if (server->warned++ < WARNINGS_MAX)
        (void)afmon_log_warning(server->monitor, "The proxy did not send a call: what it may cost cannot be said",
                                fields, 2);
    snprintf(text, sizeof text, "This call was not sent, for the run has a limit of what it may cost: %s.", why);
    client->hold->calls->refuse(client, 402, code, text);
}

static void refuse_size(struct afmon_proxy_client *client)
{
    char text[160];
    snprintf(text, sizeof text, "The run has a limit of what it may cost, and then bodies above %d MiB are not taken.",
             HELD_MAX / (1024 * 1024));
    client->hold->calls->refuse(client, 413, "too_large", text);
}

/* A request that is not held at all: NULL, or why. */
static const char *judge_head(const struct afmon_proxy_head *head, const struct afmon_proxy_api *api)
{
    if (api->shape == AFMON_PROXY_UNKNOWN || api->provider == AFMON_PROXY_GOOGLE || api->provider == AFMON_PROXY_OLLAMA)
        return "what calls of this path cost at most is not known";
    return afmon_proxy_head_find(head, "content-encoding") != NULL ? "its body is compressed, and cannot be read"
                                                                   : NULL;
}

void afmon_proxy_hold_begin(struct afmon_proxy_client *client, const struct afmon_proxy_head *head,
                            const struct afmon_proxy_api *api, const struct afmon_proxy_hold_calls *calls)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const struct afmon_proxy_field *expect = afmon_proxy_head_find(head, "expect");
    const char *why = judge_head(head, api);
    client->hold = client->call != NULL ? calloc(1, sizeof *client->hold) : NULL;
    if (client->hold == NULL) {
        calls->refuse(client, 503, "no_memory", "The proxy is out of memory.");
        return;
    }
    client->hold->calls = calls;
    client->hold->shape = api->shape;
    client->hold->chunked = head->framing == AFMON_PROXY_CHUNKED;
    afmon_buffer_init(&client->hold->body, HELD_MAX);
    if (why != NULL)
        refuse_unbounded(client, "unbounded", why);
    else if (head->framing == AFMON_PROXY_LENGTH && head->content_length > HELD_MAX)
        refuse_size(client);
    else if (expect != NULL && afmon_proxy_piece_is(&expect->value, "100-continue"))
        (void)afmon_proxy_stream_write(&client->stream, go_on, sizeof go_on - 1);
}

void afmon_proxy_hold_send(struct afmon_proxy_client *client)
{
    if (client->hold == NULL)
        return;
    (void)afmon_proxy_stream_write(&client->up->stream, client->hold->body.data, client->hold->body.length);
    afmon_proxy_hold_end(client);
}

static void add_payload(void *user, const char *data, size_t length)
{
    afmon_buffer_add(user, data, length);
}

/* Reads what the call can use at most. */
static const char *read_bound(struct afmon_proxy_hold *hold)
{
    struct afmon_proxy_body framing;
    struct afmon_buffer plain;
    if (!hold->chunked)
        return afmon_proxy_bound_read(&hold->bound, hold->shape, hold->body.data, hold->body.length);
    afmon_buffer_init(&plain, HELD_MAX);
    afmon_proxy_body_begin(&framing, AFMON_PROXY_CHUNKED, 0);
    (void)afmon_proxy_body_feed(&framing, hold->body.data, hold->body.length, add_payload, &plain);
    const char *why = plain.failed ? "there is no memory to read it"
                                   : afmon_proxy_bound_read(&hold->bound, hold->shape, plain.data, plain.length);
    afmon_buffer_free(&plain);
    return why;
}

/* ---- Money ------------------------------------------------------------------------------------------------------- */

static afmon_status reserve(struct afmon_proxy_client *client, afmon_reservation *reservation, afmon_error *error)
{
    const struct afmon_proxy_bound *bound = &client->hold->bound;
    const afmon_call_bound most = {bound->model, bound->prompt_tokens, bound->completion_tokens};
    return afmon_reserve(client->server->monitor, &most, reservation, error);
}

/* What was asked for is known. */
static void conclude(struct afmon_proxy_client *client, afmon_status status, const afmon_reservation *reservation,
                     const afmon_error *error)
{
    char text[600];
    bool limit = status == AFMON_E_LIMIT;
    if (status == AFMON_OK) {
        afmon_proxy_call_reserved(client->call, reservation);
        client->hold->calls->go(client);
    } else if (status == AFMON_E_UNPRICED) {
        refuse_unbounded(client, "unpriced", error->message);
    } else {
        client->server->at_limit += limit;
        snprintf(text, sizeof text, "This call was not sent: %s.", error->message);
        client->hold->calls->refuse(client, limit ? 402 : 503, limit ? "max_cost_reached" : "ledger", text);
    }
}

/* Where it waits. */
static void take_out(struct afmon_proxy_client *client)
{
    struct afmon_proxy_server *server = client->server;
    struct afmon_proxy_client *before = NULL, *at = server->first_waiting;
    while (at != NULL && at != client) {
        before = at;
        at = at->hold->next;
    }
    if (at == NULL)
        return;
    *(before != NULL ? &before->hold->next : &server->first_waiting) = client->hold->next;
    if (server->last_waiting == client)
        server->last_waiting = before;
    if (server->first_waiting == NULL)
        uv_timer_stop(&server->retry);
}

/* Asks anew for the calls that wait, in their order. */
static void on_retry(uv_timer_t *timer)
{
    struct afmon_proxy_server *server = timer->data;
    while (server->first_waiting != NULL) {
        struct afmon_proxy_client *client = server->first_waiting;
        afmon_reservation reservation;
        afmon_error error = {0};
        afmon_status status = reserve(client, &reservation, &error);
        if (status == AFMON_E_BUSY)
            return;
        take_out(client);
        conclude(client, status, &reservation, &error);
    }
}

static void put_in(struct afmon_proxy_client *client)
{
    struct afmon_proxy_server *server = client->server;
    if (server->last_waiting != NULL)
        server->last_waiting->hold->next = client;
    else
        server->first_waiting = client;
    server->last_waiting = client;
    uv_timer_start(&server->retry, on_retry, RETRY_MS, RETRY_MS);
}

/* The body is whole. Who waits already comes first. */
static void decide(struct afmon_proxy_client *client)
{
    afmon_reservation reservation;
    afmon_error error = {0};
    const char *why = read_bound(client->hold);
    if (why != NULL) {
        refuse_unbounded(client, "unbounded", why);
        return;
    }
    afmon_status status = client->server->first_waiting != NULL ? AFMON_E_BUSY : reserve(client, &reservation, &error);
    if (status == AFMON_E_BUSY)
        put_in(client);
    else
        conclude(client, status, &reservation, &error);
}

void afmon_proxy_hold_data(struct afmon_proxy_client *client, const char *data, size_t length)
{
    struct afmon_proxy_server *server = client->server;
    struct afmon_proxy_hold *hold = client->hold;
    if (hold->whole)
        return;
    size_t before = hold->body.length;
    afmon_buffer_add(&hold->body, data, length);
    server->held += hold->body.length - before;
    hold->whole = client->request.done;
    if (hold->body.length + length > HELD_MAX && hold->body.failed)
        refuse_size(client);
    else if (hold->body.failed || server->held > HELD_ALL_MAX)
        client->hold->calls->refuse(client, 503, "no_memory", "The proxy holds too many bodies; try again.");
    else if (hold->whole)
        decide(client);
}

void afmon_proxy_hold_end(struct afmon_proxy_client *client)
{
    if (client->hold == NULL)
        return;
    take_out(client);
    client->server->held -= client->hold->body.length;
    afmon_buffer_free(&client->hold->body);
    free(client->hold);
    client->hold = NULL;
}
