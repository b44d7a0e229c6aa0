#include <stdio.h>
#include <string.h>

#include "proxy/client.h"

enum { OUT_SLACK = 1024, ANSWER_IN_MAX = 2 * AFMON_PROXY_HEAD_MAX };

/* ---- The end ----------------------------------------------------------------------------------------------------- */

/* Lets go of the upstream and tells the recorder. */
static void end(struct afmon_proxy_client *client, enum afmon_proxy_end how, const char *why, bool keep_upstream)
{
    if (client->up != NULL && keep_upstream)
        afmon_proxy_upstream_keep(client->up);
    else if (client->up != NULL)
        afmon_proxy_upstream_drop(client->up);
    client->up = NULL;
    afmon_proxy_call_end(client->call, how, why);
    client->call = NULL;
    client->server->busy -= client->busy;
    client->busy = false;
    afmon_proxy_hold_end(client);
    afmon_proxy_wipe(&client->in);
    afmon_proxy_wipe(&client->out);
}

void afmon_proxy_exchange_abandon(struct afmon_proxy_client *client, enum afmon_proxy_end how)
{
    end(client, how, NULL, false);
}

/* Before anything went out, for what the run may cost or what can be held. */
static void refuse_held(struct afmon_proxy_client *client, int status, const char *code, const char *why)
{
    end(client, AFMON_PROXY_NOT_LET, NULL, false);
    afmon_proxy_client_refuse_as(client, status, code, why);
}

/* There is no whole answer. What of it went out is cut, so that nobody takes it for the whole. */
static void break_off(struct afmon_proxy_client *client, const char *why)
{
    char text[400];
    bool answered = client->answered;
    snprintf(text, sizeof text, "The server %s: %s.", client->up != NULL ? client->up->route->host : "", why);
    end(client, answered ? AFMON_PROXY_CUT : AFMON_PROXY_UNREACHED, text, false);
    if (answered)
        afmon_proxy_stream_close(&client->stream, true);
    else
        afmon_proxy_client_refuse(client, 502, text);
}

/* ---- From the server to the client ------------------------------------------------------------------------------- */

static void see_answer(void *user, const char *data, size_t length)
{
    afmon_proxy_call_told(((struct afmon_proxy_client *)user)->call, data, length);
}

static void finish_answer(struct afmon_proxy_client *client, bool leftover)
{
    bool by_close = client->answer.framing == AFMON_PROXY_UNTIL_CLOSE;
    bool whole = client->request.done && !by_close;
    bool reusable = whole && !leftover && !client->upstream_close && !client->up->stream.broken &&
                    afmon_proxy_stream_waiting(&client->up->stream) == 0;
    bool keep = whole && client->keep && !client->server->stopping;
    end(client, AFMON_PROXY_WHOLE, NULL, reusable);
    afmon_proxy_client_next(client, keep);
}

/* Writes a head and what came of its body by one call. */
static bool write_together(struct afmon_proxy_client *client, struct afmon_buffer *head, const char *data,
                           size_t length)
{
    afmon_buffer_add(head, data, length);
    return !head->failed && afmon_proxy_stream_write(&client->stream, head->data, head->length);
}

/* The answer's body passes; head: what goes out before it, or NULL. */
static void pass_answer(struct afmon_proxy_client *client, struct afmon_buffer *head, const char *data, size_t length)
{
    struct afmon_proxy_body before = client->answer;
    size_t taken = afmon_proxy_body_feed(&client->answer, data, length, NULL, NULL);
    if (client->answer.bad) {
        break_off(client, "the answer's chunks are not well-formed");
        return;
    }
    bool sent = head != NULL ? write_together(client, head, data, taken)
                             : afmon_proxy_stream_write(&client->stream, data, taken);
    (void)afmon_proxy_body_feed(&before, data, taken, see_answer, client); /* after the bytes are on their way */
    if (!sent) {
        afmon_proxy_exchange_abandon(client, AFMON_PROXY_CLIENT_GONE);
        afmon_proxy_stream_close(&client->stream, false);
    } else if (client->answer.done) {
        finish_answer(client, taken < length);
    } else if (afmon_proxy_stream_waiting(&client->stream) > 0) {
        afmon_proxy_stream_pause(&client->up->stream);
    }
}

/* A whole head of an answer, and what came behind it. */
static void take_answer(struct afmon_proxy_client *client, const char *data, size_t head_length, size_t length)
{
    struct afmon_proxy_head head;
    struct afmon_proxy_piece method = {client->method, strlen(client->method)};
    const char *why;
    if (afmon_proxy_head_answer(&head, data, head_length, &method, &why) != 0 || head.status == 101) {
        break_off(client, head.status == 101 ? "it changed the protocol unasked" : why);
        return;
    }
    bool interim = head.status < 200;
    bool by_close = head.framing == AFMON_PROXY_UNTIL_CLOSE;
    bool close = !interim && (by_close || !client->keep || client->pipelined || client->server->stopping);
    struct afmon_buffer out;
    afmon_buffer_init(&out, ANSWER_IN_MAX + AFMON_PROXY_READ_SIZE + OUT_SLACK);
    (void)afmon_buffer_reserve(&out, length + OUT_SLACK);
    (void)afmon_proxy_rewrite_answer(&out, &head, close);
    if (interim) {
        (void)afmon_proxy_stream_write(&client->stream, out.data, out.failed ? 0 : out.length);
    } else {
        client->answered = true;
        client->upstream_close = head.close;
        client->keep = client->keep && !close;
        afmon_proxy_body_begin(&client->answer, head.framing, head.content_length);
        afmon_proxy_call_answered(client->call, &head);
        pass_answer(client, &out, data + head_length, length - head_length);
    }
    afmon_buffer_free(&out);
}

/* Bytes while the answer's head has not come whole. */
static void collect_answer(struct afmon_proxy_client *client, const char *data, size_t length)
{
    bool kept = client->in.data != NULL;
    if (kept) {
        afmon_buffer_add(&client->in, data, length);
        data = client->in.data;
        length = client->in.length;
    }
    ptrdiff_t end_of_head = afmon_proxy_head_end(data, length, &client->scanned);
    if (end_of_head < 0 || client->in.failed || (end_of_head == 0 && length > AFMON_PROXY_HEAD_MAX)) {
        break_off(client, "the answer's head is not well-formed, or too large");
    } else if (end_of_head > 0) {
        struct afmon_buffer held = client->in;
        client->in = (struct afmon_buffer){0};
        client->scanned = 0;
        bool last = end_of_head < 12 || data[9] != '1';
        take_answer(client, data, (size_t)end_of_head, last ? length : (size_t)end_of_head);
        if (!last && client->busy && (size_t)end_of_head < length)
            collect_answer(client, data + end_of_head, length - (size_t)end_of_head);
        afmon_buffer_free(&held);
    } else if (!kept) {
        afmon_buffer_init(&client->in, ANSWER_IN_MAX);
        afmon_buffer_add(&client->in, data, length);
    }
}

static void on_answer(void *user, char *data, size_t length)
{
    struct afmon_proxy_client *client = user;
    if (client->answered)
        pass_answer(client, NULL, data, length);
    else
        collect_answer(client, data, length);
}

static void on_upstream_end(void *user, int error)
{
    struct afmon_proxy_client *client = user;
    if (client->answered && client->answer.framing == AFMON_PROXY_UNTIL_CLOSE && error == 0)
        finish_answer(client, false);
    else
        break_off(client, client->answered ? "the connection ended within the answer"
                                           : "the connection ended before an answer came");
}

/* ---- From the client to the server ------------------------------------------------------------------------------- */

static void see_request(void *user, const char *data, size_t length)
{
    afmon_proxy_call_asked(((struct afmon_proxy_client *)user)->call, data, length);
}

/* Follows the body. How many bytes may go on; false: it was refused, and the exchange is over. */
static bool follow_request(struct afmon_proxy_client *client, const char *data, size_t length, size_t *taken)
{
    *taken = afmon_proxy_body_feed(&client->request, data, length, see_request, client);
    if (client->request.bad) {
        bool answered = client->answered;
        end(client, AFMON_PROXY_CLIENT_GONE, "The chunks of the request's body are not well-formed.", false);
        if (answered)
            afmon_proxy_stream_close(&client->stream, true);
        else
            afmon_proxy_client_refuse(client, 400, "The chunks of the body are not well-formed.");
        return false;
    }
    if (client->request.done && *taken < length) {
        client->pipelined = true;
        client->keep = false;
        afmon_proxy_stream_pause(&client->stream);
    }
    if (client->request.done)
        afmon_proxy_call_whole(client->call);
    return true;
}

void afmon_proxy_exchange_data(struct afmon_proxy_client *client, const char *data, size_t length)
{
    size_t taken;
    if (!follow_request(client, data, length, &taken))
        return;
    if (client->hold != NULL) {
        afmon_proxy_hold_data(client, data, taken);
        return;
    }
    if (!client->up->standing) { /* it was read already when reading was paused */
        afmon_buffer_add(&client->out, data, taken);
        return;
    }
    (void)afmon_proxy_stream_write(&client->up->stream, data,
                                   taken); /* broken: its answer may still be there to read */
    if (afmon_proxy_stream_waiting(&client->up->stream) > 0)
        afmon_proxy_stream_pause(&client->stream);
}

void afmon_proxy_exchange_drained(struct afmon_proxy_client *client)
{
    if (client->stream.broken)
        afmon_proxy_stream_read(&client->stream); /* its end is met there */
    if (client->up != NULL && client->up->standing)
        afmon_proxy_stream_read(&client->up->stream);
}

static void on_upstream_drained(void *user)
{
    struct afmon_proxy_client *client = user;
    if (!client->pipelined)
        afmon_proxy_stream_read(&client->stream);
}

static void send_request(struct afmon_proxy_client *client)
{
    (void)afmon_proxy_stream_write(&client->up->stream, client->out.data, client->out.length);
    afmon_proxy_wipe(&client->out);
    afmon_proxy_hold_send(client);
    afmon_proxy_call_sent(client->call);
    if (client->request.done)
        afmon_proxy_call_whole(client->call);
    if (!client->pipelined && afmon_proxy_stream_waiting(&client->up->stream) == 0)
        afmon_proxy_stream_read(&client->stream);
}

static void on_ready(void *user)
{
    send_request(user);
}

static void on_failed(void *user, const char *why)
{
    struct afmon_proxy_client *client = user;
    char text[256];
    snprintf(text, sizeof text, "%s", why);
    const char *host = client->up->route->host;
    char sentence[600];
    snprintf(sentence, sizeof sentence, "The server %s: %s.", host, text);
    client->up = NULL; /* it is gone */
    end(client, AFMON_PROXY_UNREACHED, sentence, false);
    afmon_proxy_client_refuse(client, 502, sentence);
}

static const struct afmon_proxy_user calls_of_exchanges = {on_ready, on_failed, on_answer, on_upstream_end,
                                                           on_upstream_drained};

/* ---- The beginning ----------------------------------------------------------------------------------------------- */

static const struct afmon_proxy_api *api_of(const struct afmon_proxy_head *head)
{
    bool post = afmon_proxy_piece_is(&head->method, "POST");
    return post ? afmon_proxy_api_find(head->target.text, head->target.length) : afmon_proxy_api_find("", 0);
}

static void start(struct afmon_proxy_client *client, const struct afmon_proxy_head *head,
                  struct afmon_proxy_route *route)
{
    const struct afmon_proxy_request request = {
        .head = head,
        .api = api_of(head),
        .upstream = route->authority,
        .connection = client->number,
        .ns = (int64_t)uv_hrtime(),
    };
    client->busy = true;
    client->server->busy++;
    client->route = route;
    client->answered = false;
    client->pipelined = false;
    client->scanned = 0;
    client->keep = head->minor == 1 && !head->close;
    memcpy(client->method, head->method.text, head->method.length);
    client->method[head->method.length] = '\0';
    afmon_proxy_body_begin(&client->request, head->framing, head->content_length);
    client->call = afmon_proxy_call_begin(client->server->recorder, &request);
    afmon_buffer_init(&client->out, ANSWER_IN_MAX + AFMON_PROXY_READ_SIZE * 2 + OUT_SLACK);
}

/* The request goes to its upstream. */
static void go(struct afmon_proxy_client *client)
{
    client->up = client->out.failed
                     ? NULL
                     : afmon_proxy_upstream_get(client->server, client->route, &calls_of_exchanges, client);
    if (client->up == NULL) {
        end(client, AFMON_PROXY_UNREACHED, "The proxy is out of memory.", false);
        afmon_proxy_client_refuse(client, 503, "The proxy is out of memory.");
        return;
    }
    if (client->up->standing)
        send_request(client);
    else if (!client->request.done)
        afmon_proxy_stream_pause(&client->stream);
}

static const struct afmon_proxy_hold_calls calls_of_held = {go, refuse_held};

void afmon_proxy_exchange_begin(struct afmon_proxy_client *client, const char *data, size_t head_length, size_t length)
{
    struct afmon_proxy_head head;
    const char *why;
    size_t taken;
    int refused = afmon_proxy_head_request(&head, data, head_length, &why);
    struct afmon_proxy_route *route = NULL;
    enum afmon_proxy_own own = AFMON_PROXY_NOT_OWN;
    if (refused == 0) {
        own = afmon_proxy_own_find(client->server, &head);
        route = afmon_proxy_route_find(client->server->routes, client->server->route_count, &head.target);
        refused = afmon_proxy_gate_judge(client->server, &head, route, own, &why);
    }
    if (refused != 0) {
        afmon_proxy_client_refuse(client, refused, why);
        return;
    }
    if (own != AFMON_PROXY_NOT_OWN) {
        bool keep = length == head_length && head.minor == 1 && !head.close && !client->server->stopping;
        afmon_proxy_own_answer(client, &head, own, keep);
        return;
    }
    start(client, &head, route);
    /* once, as large as it gets: growing would leave copies of keys behind */
    (void)afmon_buffer_reserve(&client->out, length + strlen(route->path) + strlen(route->authority) + OUT_SLACK);
    bool held = afmon_proxy_hold_is_needed(client, &head);
    (void)afmon_proxy_rewrite_request(&client->out, &head, route, held);
    if (held)
        afmon_proxy_hold_begin(client, &head, api_of(&head), &calls_of_held);
    if (!client->busy || !follow_request(client, data + head_length, length - head_length, &taken))
        return;
    if (held) {
        afmon_proxy_hold_data(client, data + head_length, taken);
        return;
    }
    afmon_buffer_add(&client->out, data + head_length, taken);
    go(client);
}
