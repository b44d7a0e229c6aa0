#include "proxy/tls.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/certificates.h"

struct afmon_proxy_tls_context {
    SSL_CTX *ssl;
};

struct afmon_proxy_tls {
    SSL *ssl;
    BIO *in;
    BIO *out;
    unsigned long error;
};

struct afmon_proxy_tls_context *afmon_proxy_tls_context_new(void)
{
    struct afmon_proxy_tls_context *context = calloc(1, sizeof *context);
    if (context == NULL || (context->ssl = SSL_CTX_new(TLS_client_method())) == NULL) {
        free(context);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION);
    SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_CTX_set_default_verify_paths(context->ssl);
    const char *found = getenv("SSL_CERT_FILE") == NULL ? afmon_certificates_find() : NULL;
    if (found != NULL)
        SSL_CTX_load_verify_locations(context->ssl, found, NULL);
    ERR_clear_error();
    return context;
}

void afmon_proxy_tls_context_free(struct afmon_proxy_tls_context *context)
{
    if (context != NULL)
        SSL_CTX_free(context->ssl);
    free(context);
}

/* The name that the certificate must have; no SNI for addresses (RFC 6066). */
static bool expect_host(SSL *ssl, const char *host)
{
    unsigned char address[16];
    static const unsigned char http[] = "\x08http/1.1";
    SSL_set_alpn_protos(ssl, http, sizeof http - 1);
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

struct afmon_proxy_tls *afmon_proxy_tls_new(struct afmon_proxy_tls_context *context, const char *host)
{
    struct afmon_proxy_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        return NULL;
    tls->ssl = SSL_new(context->ssl);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (tls->ssl == NULL || tls->in == NULL || tls->out == NULL || !expect_host(tls->ssl, host)) {
        BIO_free(tls->in);
        BIO_free(tls->out);
        SSL_free(tls->ssl);
        free(tls);
        return NULL;
    }
    BIO_set_mem_eof_return(tls->in, -1);
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    SSL_set_connect_state(tls->ssl);
    return tls;
}

void afmon_proxy_tls_free(struct afmon_proxy_tls *tls)
{
    if (tls != NULL)
        SSL_free(tls->ssl);
    free(tls);
}

int afmon_proxy_tls_handshake(struct afmon_proxy_tls *tls)
{
    ERR_clear_error();
    int result = SSL_do_handshake(tls->ssl);
    if (result == 1)
        return 1;
    int why = SSL_get_error(tls->ssl, result);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return 0;
    tls->error = ERR_get_error();
    return -1;
}

bool afmon_proxy_tls_put(struct afmon_proxy_tls *tls, const char *data, size_t length)
{
    return length <= INT_MAX && BIO_write(tls->in, data, (int)length) == (int)length;
}

ssize_t afmon_proxy_tls_read(struct afmon_proxy_tls *tls, char *out, size_t size)
{
    ERR_clear_error();
    int result = SSL_read(tls->ssl, out, size > INT_MAX ? INT_MAX : (int)size);
    if (result > 0)
        return result;
    int why = SSL_get_error(tls->ssl, result);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return 0;
    tls->error = ERR_get_error();
    return why == SSL_ERROR_ZERO_RETURN ? -1 : -2;
}

bool afmon_proxy_tls_write(struct afmon_proxy_tls *tls, const char *data, size_t length)
{
    while (length > 0) {
        ERR_clear_error();
        int written = SSL_write(tls->ssl, data, length > INT_MAX ? INT_MAX : (int)length);
        if (written <= 0)
            return false;
        data += written;
        length -= (size_t)written;
    }
    return true;
}

size_t afmon_proxy_tls_waiting(const struct afmon_proxy_tls *tls, char **data)
{
    long length = BIO_get_mem_data(tls->out, data);
    return length > 0 ? (size_t)length : 0;
}

void afmon_proxy_tls_sent(struct afmon_proxy_tls *tls)
{
    (void)BIO_reset(tls->out);
}

void afmon_proxy_tls_why(const struct afmon_proxy_tls *tls, char *out, size_t size)
{
    long verified = SSL_get_verify_result(tls->ssl);
    const char *reason = tls->error != 0 ? ERR_reason_error_string(tls->error) : NULL;
    if (verified != X509_V_OK)
        snprintf(out, size, "its certificate is not trusted: %s", X509_verify_cert_error_string(verified));
    else
        snprintf(out, size, "TLS: %s", reason != NULL ? reason : "the connection broke");
}
