#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "proxy/client.h"

static int64_t now_ms(const struct afmon_proxy_client *client)
{
    return (int64_t)uv_now(&client->server->loop);
}

void afmon_proxy_wipe(struct afmon_buffer *buffer)
{
    if (buffer->data != NULL)
        explicit_bzero(buffer->data, buffer->capacity);
    afmon_buffer_free(buffer);
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

static void linger(struct afmon_proxy_client *client)
{
    client->lingering = true;
    client->busy = false;
    client->since_ms = now_ms(client);
    afmon_proxy_wipe(&client->in);
    afmon_proxy_stream_finish(&client->stream);
    afmon_proxy_stream_read(&client->stream);
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {{400, "Bad Request"},         {401, "Unauthorized"},
                   {402, "Payment Required"},    {413, "Content Too Large"},
                   {403, "Forbidden"},           {404, "Not Found"},
                   {408, "Request Timeout"},     {431, "Request Header Fields Too Large"},
                   {501, "Not Implemented"},     {502, "Bad Gateway"},
                   {503, "Service Unavailable"}, {505, "HTTP Version Not Supported"}};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}

/* In the shape that the SDKs of both OpenAI and Anthropic read. */
static void write_error(struct afmon_buffer *body, const char *code, const char *why)
{
    afmon_buffer_add_text(body, "{\"type\": \"error\", \"error\": {\"type\": \"afmon_proxy_error\", \"message\": ");
    afmon_buffer_add_json_string(body, why, strlen(why));
    afmon_buffer_add_text(body, ", \"param\": null, \"code\": ");
    if (code != NULL)
        afmon_buffer_add_json_string(body, code, strlen(code));
    else
        afmon_buffer_add_text(body, "null");
    afmon_buffer_add_text(body, "}}\n");
}

void afmon_proxy_client_refuse_as(struct afmon_proxy_client *client, int status, const char *code, const char *why)
{
    char head[256];
    struct afmon_buffer body;
    afmon_buffer_init(&body, 8192);
    write_error(&body, code, why);
    snprintf(head, sizeof head,
             "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
             status, reason_of(status), body.length);
    (void)afmon_proxy_stream_write(&client->stream, head, strlen(head));
    (void)afmon_proxy_stream_write(&client->stream, body.data, body.length);
    afmon_buffer_free(&body);
    client->server->refused++;
    linger(client);
}

void afmon_proxy_client_refuse(struct afmon_proxy_client *client, int status, const char *why)
{
    afmon_proxy_client_refuse_as(client, status, NULL, why);
}

void afmon_proxy_client_next(struct afmon_proxy_client *client, bool keep)
{
    client->busy = false;
    client->scanned = 0;
    client->since_ms = now_ms(client);
    if (client->pipelined)
        afmon_proxy_client_refuse(client, 400, "A request came before the answer to the one before it had ended.");
    else if (keep)
        afmon_proxy_stream_read(&client->stream);
    else
        linger(client);
}
