/* A connection of the loop: bytes in, bytes out, with or without TLS. All of it on the loop's thread.
 *
 * Who owns one embeds it, and may free it once `closed` was called. Callbacks may close the stream that they are of. */
#ifndef AFMON_PROXY_STREAM_H
#define AFMON_PROXY_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "proxy/tls.h"

enum { AFMON_PROXY_READ_SIZE = 64 * 1024 };

struct afmon_proxy_stream;

struct afmon_proxy_stream_calls {
    void (*ready)(struct afmon_proxy_stream *stream); /* the handshake is done; of TLS only */
    void (*data)(struct afmon_proxy_stream *stream, char *data, size_t length);
    void (*end)(struct afmon_proxy_stream *stream, int error); /* nothing more comes; 0: it was ended in order */
    void (*drained)(struct afmon_proxy_stream *stream);        /* all that was written is with the kernel */
    void (*closed)(struct afmon_proxy_stream *stream);
};

/* What the streams of a loop share: the bytes that were read last. */
struct afmon_proxy_buffers {
    char in[AFMON_PROXY_READ_SIZE];
    char plain[AFMON_PROXY_READ_SIZE];
};

struct afmon_proxy_stream {
    uv_tcp_t tcp;
    struct afmon_proxy_buffers *buffers;
    const struct afmon_proxy_stream_calls *calls;
    struct afmon_proxy_tls *tls; /* NULL: plain. The stream's */
    bool secure;                 /* the handshake is done */
    bool reading;
    bool broken; /* a write failed: further ones are dropped */
    bool closing;
};

int afmon_proxy_stream_init(struct afmon_proxy_stream *stream, uv_loop_t *loop, struct afmon_proxy_buffers *buffers,
                            const struct afmon_proxy_stream_calls *calls);

/* After the connection stands: no delay, keep-alive. */
void afmon_proxy_stream_tune(struct afmon_proxy_stream *stream);

void afmon_proxy_stream_read(struct afmon_proxy_stream *stream);
void afmon_proxy_stream_pause(struct afmon_proxy_stream *stream);

/* Begins the handshake. */
void afmon_proxy_stream_secure(struct afmon_proxy_stream *stream, struct afmon_proxy_tls *tls);

/* Writes, at once as much as the kernel takes, the rest later. false: the stream is broken. */
bool afmon_proxy_stream_write(struct afmon_proxy_stream *stream, const char *data, size_t length);

/* Bytes that the kernel has not taken yet. */
size_t afmon_proxy_stream_waiting(const struct afmon_proxy_stream *stream);

/* Nothing more is written; what waits goes out first. */
void afmon_proxy_stream_finish(struct afmon_proxy_stream *stream);

/* Closes at once. rude: by a reset, so that the peer cannot take what it got for the whole. */
void afmon_proxy_stream_close(struct afmon_proxy_stream *stream, bool rude);

#endif
