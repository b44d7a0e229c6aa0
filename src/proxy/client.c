#include "proxy/client.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_MS = 10000, BODY_MS = 60000, IDLE_MS = 300000, LINGER_MS = 2000, IN_MAX = 2 * AFMON_PROXY_HEAD_MAX };

static struct afmon_proxy_client *client_of(struct afmon_proxy_stream *stream)
{
    return (struct afmon_proxy_client *)((char *)stream - offsetof(struct afmon_proxy_client, stream));
}

static int64_t now_ms(const struct afmon_proxy_client *client)
{
    return (int64_t)uv_now(&client->server->loop);
}

/* ---- Heads ------------------------------------------------------------------------------------------------------- */

/* Keeps what has come of a head. */
static bool keep_part(struct afmon_proxy_client *client, const char *data, size_t length)
{
    if (client->in.capacity == 0)
        client->since_ms = now_ms(client);
    if (client->in.data == NULL) {
        afmon_buffer_init(&client->in, IN_MAX);
        (void)afmon_buffer_reserve(&client->in, IN_MAX); /* at once: growing would leave copies behind */
    }
    afmon_buffer_add(&client->in, data, length);
    return !client->in.failed;
}

/* Looks at what has come. false: the head is not whole, or it was refused. */
static bool take_head(struct afmon_proxy_client *client, const char *data, size_t length)
{
    ptrdiff_t end = afmon_proxy_head_end(data, length, &client->scanned);
    if (end < 0)
        afmon_proxy_client_refuse(client, 400, "A line ends by a line feed alone.");
    else if (end > AFMON_PROXY_HEAD_MAX || (end == 0 && length > AFMON_PROXY_HEAD_MAX))
        afmon_proxy_client_refuse(client, 431, "The head is too large.");
    else if (end > 0)
        afmon_proxy_exchange_begin(client, data, (size_t)end, length);
    return end > 0;
}

static void take_request(struct afmon_proxy_client *client, const char *data, size_t length)
{
    if (client->in.data == NULL) {
        if (!take_head(client, data, length) && !client->lingering && !keep_part(client, data, length))
            afmon_proxy_client_refuse(client, 431, "The head is too large.");
    } else if (!keep_part(client, data, length)) {
        afmon_proxy_client_refuse(client, 431, "The head is too large.");
    } else if (take_head(client, client->in.data, client->in.length)) {
        afmon_proxy_wipe(&client->in);
    }
}

/* ---- What the stream tells --------------------------------------------------------------------------------------- */

static void on_data(struct afmon_proxy_stream *stream, char *data, size_t length)
{
    struct afmon_proxy_client *client = client_of(stream);
    if (client->busy) {
        client->since_ms = now_ms(client);
        afmon_proxy_exchange_data(client, data, length);
    } else if (!client->lingering) {
        take_request(client, data, length);
        explicit_bzero(data, length); /* the loop's buffer: there are keys in it */
    }
}

static void on_end(struct afmon_proxy_stream *stream, int error)
{
    struct afmon_proxy_client *client = client_of(stream);
    (void)error;
    if (client->busy)
        afmon_proxy_exchange_abandon(client, AFMON_PROXY_CLIENT_GONE);
    afmon_proxy_stream_close(stream, false);
}

static void on_drained(struct afmon_proxy_stream *stream)
{
    struct afmon_proxy_client *client = client_of(stream);
    if (client->busy)
        afmon_proxy_exchange_drained(client);
}

static void on_closed(struct afmon_proxy_stream *stream)
{
    struct afmon_proxy_client *client = client_of(stream);
    struct afmon_proxy_server *server = client->server;
    if (client->previous != NULL)
        client->previous->next = client->next;
    else if (server->clients == client)
        server->clients = client->next;
    if (client->next != NULL)
        client->next->previous = client->previous;
    server->client_count--;
    afmon_proxy_wipe(&client->in);
    afmon_proxy_wipe(&client->out);
    free(client);
}

static const struct afmon_proxy_stream_calls calls_of_clients = {NULL, on_data, on_end, on_drained, on_closed};

void afmon_proxy_client_accept(struct afmon_proxy_server *server)
{
    struct afmon_proxy_client *client = calloc(1, sizeof *client);
    if (client == NULL ||
        afmon_proxy_stream_init(&client->stream, &server->loop, server->buffers, &calls_of_clients) != 0) {
        free(client);
        return;
    }
    client->server = server;
    client->number = server->next_client++;
    client->since_ms = now_ms(client);
    client->next = server->clients;
    if (client->next != NULL)
        client->next->previous = client;
    server->clients = client;
    server->client_count++;
    if (uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&client->stream.tcp) != 0 || server->stopping ||
        server->client_count > AFMON_PROXY_CLIENTS_MAX) {
        afmon_proxy_stream_close(&client->stream, false);
        return;
    }
    afmon_proxy_stream_tune(&client->stream);
    afmon_proxy_stream_read(&client->stream);
}

/* ---- Time -------------------------------------------------------------------------------------------------------- */

static void sweep(struct afmon_proxy_client *client)
{
    struct afmon_proxy_server *server = client->server;
    int64_t age = now_ms(client) - client->since_ms;
    bool over = server->stopping && now_ms(client) >= server->stop_by_ms;
    if (client->busy && over) {
        afmon_proxy_exchange_abandon(client, AFMON_PROXY_STOPPED);
        afmon_proxy_stream_close(&client->stream, true);
    } else if (client->busy && !client->request.done && client->stream.reading && age > BODY_MS) {
        afmon_proxy_exchange_abandon(client, AFMON_PROXY_CLIENT_GONE);
        afmon_proxy_stream_close(&client->stream, true);
    } else if (client->lingering && (age > LINGER_MS || over)) {
        afmon_proxy_stream_close(&client->stream, false);
    } else if (!client->busy && !client->lingering) {
        bool begun = client->in.length > 0;
        if (begun && age > HEAD_MS)
            afmon_proxy_client_refuse(client, 408, "The head took too long to come.");
        else if (server->stopping || age > IDLE_MS)
            afmon_proxy_stream_close(&client->stream, false);
    }
}

void afmon_proxy_clients_sweep(struct afmon_proxy_server *server)
{
    for (struct afmon_proxy_client *client = server->clients, *next; client != NULL; client = next) {
        next = client->next;
        if (!client->stream.closing)
            sweep(client);
    }
}
