/* Streams: answers without an end, whose connections sleep while there is nothing to send. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/server.h"

#define BLOCK_SIZE 4096

/* All of it is the HTTP thread's. */
struct afmon_stream {
    struct afmon_http *server;
    struct afmon_connection *connection;
    struct afmon_http_source source;
    struct afmon_blob *piece; /* being sent; NULL: nothing */
    size_t sent;              /* of it */
    int64_t since_ns;         /* when it was begun */
    bool last;                /* the stream ends after it */
    bool asleep;
};

static bool take_piece(struct afmon_stream *stream)
{
    if (!stream->last)
        stream->piece = stream->source.next(stream->source.state, &stream->last);
    stream->sent = 0;
    stream->since_ns = afmon_boot_ns();
    return stream->piece != NULL;
}

static ssize_t read_stream(void *user, uint64_t position, char *out, size_t size)
{
    struct afmon_stream *stream = user;
    (void)position;
    if (stream->connection->ending)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (stream->piece == NULL && !take_piece(stream)) {
        if (stream->last)
            return MHD_CONTENT_READER_END_OF_STREAM;
        stream->asleep = true;
        afmon_connection_suspend(stream->connection);
        return 0;
    }
    size_t left = stream->piece->length - stream->sent;
    size_t now = left < size ? left : size;
    memcpy(out, stream->piece->data + stream->sent, now);
    stream->sent += now;
    if (now == left) {
        afmon_blob_drop(stream->piece);
        stream->piece = NULL;
    }
    return (ssize_t)now;
}

static void end_stream(void *user)
{
    struct afmon_stream *stream = user;
    stream->connection->stream = NULL;
    stream->server->stream_count--;
    afmon_blob_drop(stream->piece);
    if (stream->source.close != NULL)
        stream->source.close(stream->source.state);
    free(stream);
}

struct MHD_Response *afmon_stream_response(struct afmon_http_request *request)
{
    struct afmon_http *server = request->server;
    struct afmon_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->server = server;
    stream->connection = request->connection;
    struct MHD_Response *answer =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream, stream, end_stream);
    if (answer == NULL) {
        free(stream);
        return NULL;
    }
    stream->source = request->response.source;
    request->response.source = (struct afmon_http_source){0};
    request->connection->stream = stream;
    server->stream_count++;
    return answer;
}

void afmon_stream_wake(struct afmon_stream *stream)
{
    if (!stream->asleep)
        return;
    stream->asleep = false;
    stream->since_ns = afmon_boot_ns();
    afmon_connection_resume(stream->connection);
}

bool afmon_stream_stalled(const struct afmon_stream *stream, int64_t now_ns, int64_t limit_ns)
{
    return !stream->asleep && now_ns - stream->since_ns > limit_ns;
}
