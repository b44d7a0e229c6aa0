/* TLS of a connection to an upstream: ciphertext in and out of memory, so that the loop does the sockets. One thread.
 */
#ifndef AFMON_PROXY_TLS_H
#define AFMON_PROXY_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct afmon_proxy_tls_context;
struct afmon_proxy_tls;

/* Certificates of the system (or of SSL_CERT_FILE and SSL_CERT_DIR), which take a megabyte. NULL: no memory. */
struct afmon_proxy_tls_context *afmon_proxy_tls_context_new(void);
void afmon_proxy_tls_context_free(struct afmon_proxy_tls_context *context);

/* The client's side of a connection to this host, whose certificate must be the host's. NULL: no memory. */
struct afmon_proxy_tls *afmon_proxy_tls_new(struct afmon_proxy_tls_context *context, const char *host);
void afmon_proxy_tls_free(struct afmon_proxy_tls *tls);

/* Goes on with the handshake: 1 done, 0 more bytes are needed, -1 failed. */
int afmon_proxy_tls_handshake(struct afmon_proxy_tls *tls);

/* Ciphertext that has come. false: no memory. */
bool afmon_proxy_tls_put(struct afmon_proxy_tls *tls, const char *data, size_t length);

/* Plain bytes: how many; 0: none for now; -1: the peer has ended the stream; -2: it is broken. */
ssize_t afmon_proxy_tls_read(struct afmon_proxy_tls *tls, char *out, size_t size);

/* Encrypts. false: it is broken. */
bool afmon_proxy_tls_write(struct afmon_proxy_tls *tls, const char *data, size_t length);

/* The ciphertext that is to be sent; valid until the next call. */
size_t afmon_proxy_tls_waiting(const struct afmon_proxy_tls *tls, char **data);

/* All of it was sent. */
void afmon_proxy_tls_sent(struct afmon_proxy_tls *tls);

/* Why it failed, for people. */
void afmon_proxy_tls_why(const struct afmon_proxy_tls *tls, char *out, size_t size);

#endif
