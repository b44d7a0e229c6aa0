/* From what a handler answered to what libmicrohttpd sends. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "http/server.h"

/* The page's own files and nothing else: no inline script or style, no other site, no frame around it. */
static const char own_policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                                 "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

static const struct {
    const char *name;
    const char *value;
} every_answer[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "same-origin"}, /* with no-referrer a browser says "Origin: null" of the login form */
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
};

void afmon_http_response_init(struct afmon_http_response *response)
{
    *response = (struct afmon_http_response){.status = 200, .fd = -1};
    afmon_buffer_init(&response->body, AFMON_HTTP_ANSWER_MAX);
}

void afmon_http_response_drop(struct afmon_http_response *response)
{
    afmon_buffer_free(&response->body);
    afmon_blob_drop(response->blob);
    response->blob = NULL;
    if (response->fd >= 0)
        close(response->fd);
    response->fd = -1;
    if (response->source.close != NULL)
        response->source.close(response->source.state);
    response->source = (struct afmon_http_source){0};
}

void afmon_http_fail(struct afmon_http_response *response, unsigned status, const char *format, ...)
{
    char message[512];
    char begin[64];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    afmon_http_response_drop(response);
    afmon_http_response_init(response);
    response->status = status;
    snprintf(begin, sizeof begin, "{\"error\": {\"status\": %u, \"message\": ", status);
    afmon_buffer_add_text(&response->body, begin);
    size_t fits = length < 0 ? 0 : (size_t)length < sizeof message ? (size_t)length : sizeof message - 1;
    afmon_buffer_add_json_string(&response->body, message, fits);
    afmon_buffer_add_text(&response->body, "}}\n");
}

static void drop_blob(void *blob)
{
    afmon_blob_drop(blob);
}

static struct MHD_Response *from_blob(struct afmon_blob *blob)
{
    if (blob == NULL)
        return NULL;
    struct MHD_Response *answer =
        MHD_create_response_from_buffer_with_free_callback_cls(blob->length, blob->data, drop_blob, blob);
    if (answer == NULL)
        afmon_blob_drop(blob);
    return answer;
}

static struct MHD_Response *from_file(struct afmon_http_response *response)
{
    struct stat facts;
    if (fstat(response->fd, &facts) != 0)
        return NULL;
    struct MHD_Response *answer = MHD_create_response_from_fd64((uint64_t)facts.st_size, response->fd);
    if (answer != NULL)
        response->fd = -1;
    return answer;
}

static struct MHD_Response *make(struct afmon_http_request *request)
{
    struct afmon_http_response *response = &request->response;
    if (response->source.next != NULL)
        return afmon_stream_response(request);
    if (response->fd >= 0)
        return from_file(response);
    if (response->blob != NULL) {
        struct afmon_blob *blob = response->blob;
        response->blob = NULL;
        return from_blob(blob);
    }
    return from_blob(afmon_blob_from(&response->body));
}

static void add_cookie(struct MHD_Response *answer, const char *value)
{
    char text[160];
    snprintf(text, sizeof text, AFMON_COOKIE_NAME "=%s; Path=/; HttpOnly; SameSite=Strict", value);
    MHD_add_response_header(answer, MHD_HTTP_HEADER_SET_COOKIE, text);
}

static void add_headers(struct MHD_Response *answer, const struct afmon_http_response *response)
{
    char text[200];
    for (size_t i = 0; i < sizeof every_answer / sizeof every_answer[0]; i++)
        MHD_add_response_header(answer, every_answer[i].name, every_answer[i].value);
    MHD_add_response_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE,
                            response->content_type != NULL ? response->content_type : "application/json");
    MHD_add_response_header(answer, "Content-Security-Policy",
                            response->policy != NULL ? response->policy : own_policy);
    MHD_add_response_header(answer, MHD_HTTP_HEADER_CACHE_CONTROL, response->etag != NULL ? "no-cache" : "no-store");
    if (response->content_type != NULL && strcmp(response->content_type, "text/event-stream") == 0)
        MHD_add_response_header(answer, "X-Accel-Buffering", "no"); /* nginx would hold it back to fill a buffer */
    if (response->etag != NULL)
        MHD_add_response_header(answer, MHD_HTTP_HEADER_ETAG, response->etag);
    if (response->location[0] != '\0')
        MHD_add_response_header(answer, MHD_HTTP_HEADER_LOCATION, response->location);
    if (response->attachment[0] != '\0') {
        snprintf(text, sizeof text, "attachment; filename=\"%s\"", response->attachment);
        MHD_add_response_header(answer, MHD_HTTP_HEADER_CONTENT_DISPOSITION, text);
    }
    if (response->retry_after_s > 0) {
        snprintf(text, sizeof text, "%u", response->retry_after_s);
        MHD_add_response_header(answer, MHD_HTTP_HEADER_RETRY_AFTER, text);
    }
    if (response->status == 405)
        MHD_add_response_header(answer, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (response->authenticate)
        MHD_add_response_header(answer, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"afmon\"");
    if (response->set_cookie != NULL)
        add_cookie(answer, response->set_cookie);
}

/* What the client has already need not be sent. */
static void shorten(const struct afmon_http_request *request, struct afmon_http_response *response)
{
    const char *known = afmon_http_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH);
    if (response->etag == NULL || response->status != 200 || known == NULL || strstr(known, response->etag) == NULL)
        return;
    afmon_blob_drop(response->blob);
    response->blob = NULL;
    afmon_buffer_clear(&response->body);
    response->status = 304;
}

enum MHD_Result afmon_http_send(struct afmon_http_request *request)
{
    struct afmon_http_response *response = &request->response;
    shorten(request, response);
    struct MHD_Response *answer = make(request);
    if (answer == NULL) {
        afmon_http_fail(response, 500, "out of memory");
        answer = make(request);
    }
    if (answer == NULL)
        return MHD_NO; /* the connection ends */
    add_headers(answer, response);
    enum MHD_Result queued = MHD_queue_response(request->mhd, response->status, answer);
    MHD_destroy_response(answer); /* what is queued keeps it */
    return queued;
}
