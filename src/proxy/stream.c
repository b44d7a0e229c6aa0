#include "proxy/stream.h"

#include <stdlib.h>
#include <string.h>

/* What the kernel did not take. Requests have keys in them: it is wiped. */
struct rest {
    uv_write_t write;
    size_t length;
    char data[];
};

static struct afmon_proxy_stream *stream_of(const void *handle)
{
    return ((const uv_handle_t *)handle)->data;
}

int afmon_proxy_stream_init(struct afmon_proxy_stream *stream, uv_loop_t *loop, struct afmon_proxy_buffers *buffers,
                            const struct afmon_proxy_stream_calls *calls)
{
    *stream = (struct afmon_proxy_stream){.buffers = buffers, .calls = calls};
    int failure = uv_tcp_init(loop, &stream->tcp);
    stream->tcp.data = stream;
    return failure;
}

void afmon_proxy_stream_tune(struct afmon_proxy_stream *stream)
{
    enum { KEEP_ALIVE_S = 30 };
    uv_tcp_nodelay(&stream->tcp, 1);
    uv_tcp_keepalive(&stream->tcp, 1, KEEP_ALIVE_S);
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static void on_written(uv_write_t *request, int status)
{
    struct rest *rest = (struct rest *)request;
    struct afmon_proxy_stream *stream = stream_of(request->handle);
    explicit_bzero(rest->data, rest->length);
    free(rest);
    stream->broken = stream->broken || status < 0;
    if (!stream->closing && afmon_proxy_stream_waiting(stream) == 0)
        stream->calls->drained(stream);
}

static bool write_later(struct afmon_proxy_stream *stream, const char *data, size_t length)
{
    struct rest *rest = malloc(sizeof *rest + length);
    if (rest == NULL)
        return false;
    rest->length = length;
    memcpy(rest->data, data, length);
    uv_buf_t buffer = uv_buf_init(rest->data, (unsigned)length);
    if (uv_write(&rest->write, (uv_stream_t *)&stream->tcp, &buffer, 1, on_written) == 0)
        return true;
    explicit_bzero(rest->data, length);
    free(rest);
    return false;
}

static bool write_bytes(struct afmon_proxy_stream *stream, char *data, size_t length)
{
    size_t done = 0;
    if (afmon_proxy_stream_waiting(stream) == 0) {
        uv_buf_t buffer = uv_buf_init(data, (unsigned)length);
        int written = uv_try_write((uv_stream_t *)&stream->tcp, &buffer, 1);
        if (written < 0 && written != UV_EAGAIN)
            return false;
        done = written > 0 ? (size_t)written : 0;
    }
    return done == length || write_later(stream, data + done, length - done);
}

static bool write_ciphertext(struct afmon_proxy_stream *stream)
{
    char *data;
    size_t length = afmon_proxy_tls_waiting(stream->tls, &data);
    bool sent = length == 0 || write_bytes(stream, data, length);
    afmon_proxy_tls_sent(stream->tls);
    return sent;
}

bool afmon_proxy_stream_write(struct afmon_proxy_stream *stream, const char *data, size_t length)
{
    if (stream->broken || stream->closing)
        return false;
    if (length == 0)
        return true;
    if (stream->tls == NULL)
        stream->broken = !write_bytes(stream, (char *)(uintptr_t)data, length);
    else
        stream->broken = !afmon_proxy_tls_write(stream->tls, data, length) || !write_ciphertext(stream);
    return !stream->broken;
}

size_t afmon_proxy_stream_waiting(const struct afmon_proxy_stream *stream)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&stream->tcp);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    *buffer = uv_buf_init(stream_of(handle)->buffers->in, AFMON_PROXY_READ_SIZE);
}

static void end(struct afmon_proxy_stream *stream, int error)
{
    afmon_proxy_stream_pause(stream);
    if (!stream->closing)
        stream->calls->end(stream, error);
}

static void go_on_with_handshake(struct afmon_proxy_stream *stream)
{
    int done = afmon_proxy_tls_handshake(stream->tls);
    bool sent = write_ciphertext(stream);
    if (done < 0 || !sent) {
        end(stream, UV_EPROTO);
    } else if (done > 0) {
        stream->secure = true;
        stream->calls->ready(stream);
    }
}

static void read_plain(struct afmon_proxy_stream *stream)
{
    char *plain = stream->buffers->plain;
    while (!stream->closing) {
        ssize_t length = afmon_proxy_tls_read(stream->tls, plain, AFMON_PROXY_READ_SIZE);
        if (length > 0)
            stream->calls->data(stream, plain, (size_t)length);
        else if (length < 0)
            end(stream, length == -1 ? 0 : UV_EPROTO);
        if (length <= 0)
            break;
    }
}

static void take_ciphertext(struct afmon_proxy_stream *stream, const char *data, size_t length)
{
    if (!afmon_proxy_tls_put(stream->tls, data, length)) {
        end(stream, UV_ENOMEM);
        return;
    }
    if (!stream->secure)
        go_on_with_handshake(stream);
    if (stream->secure && !stream->closing)
        read_plain(stream);
    if (!stream->closing && stream->secure && !write_ciphertext(stream))
        stream->broken = true;
}

static void on_read(uv_stream_t *handle, ssize_t length, const uv_buf_t *buffer)
{
    struct afmon_proxy_stream *stream = stream_of(handle);
    if (length < 0) /* TLS says of its own when it has ended: without that word it was cut */
        end(stream, length == UV_EOF ? (stream->tls != NULL ? UV_ECONNRESET : 0) : (int)length);
    else if (length > 0 && stream->tls != NULL)
        take_ciphertext(stream, buffer->base, (size_t)length);
    else if (length > 0)
        stream->calls->data(stream, buffer->base, (size_t)length);
}

void afmon_proxy_stream_read(struct afmon_proxy_stream *stream)
{
    if (!stream->reading && !stream->closing)
        stream->reading = uv_read_start((uv_stream_t *)&stream->tcp, on_room, on_read) == 0;
}

void afmon_proxy_stream_pause(struct afmon_proxy_stream *stream)
{
    if (stream->reading && !stream->closing)
        uv_read_stop((uv_stream_t *)&stream->tcp);
    stream->reading = false;
}

void afmon_proxy_stream_secure(struct afmon_proxy_stream *stream, struct afmon_proxy_tls *tls)
{
    stream->tls = tls;
    afmon_proxy_stream_read(stream);
    go_on_with_handshake(stream);
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    struct afmon_proxy_stream *stream = stream_of(handle);
    afmon_proxy_tls_free(stream->tls);
    stream->tls = NULL;
    stream->calls->closed(stream);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status;
    free(request);
}

void afmon_proxy_stream_finish(struct afmon_proxy_stream *stream)
{
    uv_shutdown_t *request = stream->closing ? NULL : malloc(sizeof *request);
    if (request != NULL && uv_shutdown(request, (uv_stream_t *)&stream->tcp, on_shutdown) != 0)
        free(request);
}

void afmon_proxy_stream_close(struct afmon_proxy_stream *stream, bool rude)
{
    if (stream->closing)
        return;
    stream->closing = true;
    if (!rude || uv_tcp_close_reset(&stream->tcp, on_closed) != 0)
        uv_close((uv_handle_t *)&stream->tcp, on_closed);
}
