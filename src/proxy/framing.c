#include "proxy/framing.h"

enum { SIZE_DIGITS_MAX = 15, EXTRA_MAX = 16 * 1024 };

/* Where in a chunked body the next byte stands. */
enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER_START, TRAILER, TRAILER_LF, END_LF };

void afmon_proxy_body_begin(struct afmon_proxy_body *body, enum afmon_proxy_framing framing, uint64_t length)
{
    *body = (struct afmon_proxy_body){.framing = framing, .left = framing == AFMON_PROXY_LENGTH ? length : 0};
    body->done = framing == AFMON_PROXY_NO_BODY || (framing == AFMON_PROXY_LENGTH && length == 0);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Text of an extension or of a trailer: no control characters, and not without end. */
static bool take_text(struct afmon_proxy_body *body, char c)
{
    unsigned char byte = (unsigned char)c;
    return ++body->extra <= EXTRA_MAX && (byte >= ' ' || byte == '\t') && byte != 0x7f;
}

static bool take_size(struct afmon_proxy_body *body, char c)
{
    int value = hex_value(c);
    if (value >= 0) {
        body->left = body->left * 16 + (uint64_t)value;
        return ++body->digits <= SIZE_DIGITS_MAX;
    }
    if (body->digits == 0 || (c != '\r' && c != ';' && c != ' ' && c != '\t'))
        return false;
    body->state = c == '\r' ? SIZE_LF : EXTENSION;
    return c == '\r' || take_text(body, c);
}

static bool expect(struct afmon_proxy_body *body, char c, char wanted, uint8_t next)
{
    body->state = next;
    return c == wanted;
}

/* The first byte of a trailer is never white space: that would be a folded line. */
static bool begin_trailer(struct afmon_proxy_body *body, char c)
{
    if (c == '\r')
        return expect(body, c, '\r', END_LF);
    body->state = TRAILER;
    return c != ' ' && c != '\t' && take_text(body, c);
}

/* One byte of the framing of a chunked body. false: it is bad. */
static bool take_framing(struct afmon_proxy_body *body, char c)
{
    switch (body->state) {
    case SIZE:
        return take_size(body, c);
    case EXTENSION:
        return c == '\r' ? expect(body, c, '\r', SIZE_LF) : take_text(body, c);
    case SIZE_LF:
        return expect(body, c, '\n', body->left > 0 ? DATA : TRAILER_START);
    case DATA_CR:
        return expect(body, c, '\r', DATA_LF);
    case DATA_LF:
        body->digits = 0;
        return expect(body, c, '\n', SIZE);
    case TRAILER_START:
        return begin_trailer(body, c);
    case TRAILER:
        return c == '\r' ? expect(body, c, '\r', TRAILER_LF) : take_text(body, c);
    case TRAILER_LF:
        return expect(body, c, '\n', TRAILER_START);
    default: /* END_LF */
        body->done = true;
        return c == '\n';
    }
}

/* A stretch that is counted. */
static size_t take_counted(struct afmon_proxy_body *body, const char *data, size_t length, afmon_proxy_payload *payload,
                           void *user)
{
    size_t taken = length < body->left ? length : (size_t)body->left;
    if (payload != NULL && taken > 0)
        payload(user, data, taken);
    body->left -= taken;
    return taken;
}

static size_t feed_chunked(struct afmon_proxy_body *body, const char *data, size_t length, afmon_proxy_payload *payload,
                           void *user)
{
    size_t at = 0;
    while (at < length && !body->done && !body->bad) {
        if (body->state == DATA) {
            at += take_counted(body, data + at, length - at, payload, user);
            body->state = body->left == 0 ? DATA_CR : DATA;
        } else if (take_framing(body, data[at])) {
            at++;
        } else {
            body->bad = true;
            body->done = false;
        }
    }
    return at;
}

size_t afmon_proxy_body_feed(struct afmon_proxy_body *body, const char *data, size_t length,
                             afmon_proxy_payload *payload, void *user)
{
    size_t taken;
    if (body->done || body->bad)
        return 0;
    if (body->framing == AFMON_PROXY_CHUNKED)
        return feed_chunked(body, data, length, payload, user);
    if (body->framing == AFMON_PROXY_UNTIL_CLOSE) {
        if (payload != NULL && length > 0)
            payload(user, data, length);
        return length;
    }
    taken = take_counted(body, data, length, payload, user);
    body->done = body->left == 0;
    return taken;
}
