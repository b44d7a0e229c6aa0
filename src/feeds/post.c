#include "feeds/post.h"

#include "lazy/curl.h"
#include "lazy/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/clock.h"
#include "base/status.h"
#include "feeds/backoff.h"
#include "feeds/post_setup.h"

#define LOOK_MS 20 /* how often a post looks whether its time is over */

/* ---- answers ---- */

static size_t take_body(char *data, size_t one, size_t length, void *user)
{
    struct afmon_post *post = user;
    (void)one;
    afmon_buffer_add(&post->answer, data, length); /* what is too long is not read */
    return length;
}

static size_t take_header(char *line, size_t one, size_t length, void *user)
{
    static const char name[] = "retry-after:";
    struct afmon_post *post = user;
    char value[64];
    (void)one;
    if (length >= sizeof name && length - sizeof name + 1 < sizeof value &&
        strncasecmp(line, name, sizeof name - 1) == 0) {
        size_t size = length - (sizeof name - 1);
        memcpy(value, line + sizeof name - 1, size);
        value[size] = '\0';
        post->transfer.retry_after_s = afmon_backoff_asked(value, (time_t)(afmon_wall_ns() / AFMON_NS_PER_S));
    }
    return length;
}

/* {"partialSuccess": {"rejectedLogRecords": "3", ...}} */
uint64_t afmon_post_rejected(const struct afmon_post *post, const char *member, uint64_t most)
{
    const struct afmon_buffer *answer = &post->answer;
    json_t *parsed = answer->length == 0 ? NULL : json_loadb(answer->data, answer->length, 0, NULL);
    const json_t *number = json_object_get(json_object_get(parsed, "partialSuccess"), member);
    long long count = json_is_string(number) ? atoll(json_string_value(number)) : json_integer_value(number);
    json_decref(parsed);
    return count <= 0 ? 0 : (uint64_t)count < most ? (uint64_t)count : most;
}

/* ---- the transfer ---- */

/* The socket's number is known here, so that a forked child can close its copy. */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct afmon_transfer *transfer = user;
    (void)purpose;
    transfer->socket =
        afmon_fd_above_standard(socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol));
    return transfer->socket;
}

static int close_socket(void *user, curl_socket_t socket)
{
    struct afmon_transfer *transfer = user;
    if (transfer->socket == socket)
        transfer->socket = CURL_SOCKET_BAD;
    return close(socket);
}

static CURL *make_easy(struct afmon_post *post, const char *body, size_t length)
{
    CURL *easy = curl_easy_init();
    CURLcode bad = easy == NULL ? CURLE_OUT_OF_MEMORY : CURLE_OK;
#define SET(option, value) bad = bad != CURLE_OK ? bad : curl_easy_setopt(easy, option, value)
    SET(CURLOPT_URL, post->url);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_USERAGENT, "afmon/" AFMON_VERSION);
    SET(CURLOPT_HTTPHEADER, post->headers);
    SET(CURLOPT_TIMEOUT_MS, (long)(post->timeout_s * 1000));
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, &post->transfer);
    SET(CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    SET(CURLOPT_CLOSESOCKETDATA, &post->transfer);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, post);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, post);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    SET(CURLOPT_POSTFIELDS, body);
    if (post->loopback)
        SET(CURLOPT_PROXY, ""); /* a proxy's loopback is another machine; and what stays here stays here */
    if (post->ca_file != NULL)
        SET(CURLOPT_CAINFO, post->ca_file);
    if (post->ca_folder != NULL)
        SET(CURLOPT_CAPATH, post->ca_folder);
#undef SET
    if (bad == CURLE_OK)
        return easy;
    if (easy != NULL)
        curl_easy_cleanup(easy);
    return NULL;
}

void afmon_transfer_end(struct afmon_transfer *transfer)
{
    if (transfer->multi != NULL && transfer->easy != NULL)
        curl_multi_remove_handle(transfer->multi, transfer->easy);
    if (transfer->easy != NULL)
        curl_easy_cleanup(transfer->easy);
    if (transfer->multi != NULL)
        curl_multi_cleanup(transfer->multi);
    transfer->easy = NULL;
    transfer->multi = NULL;
}

/* By the multi interface, which can be left while a receiver keeps silent. */
static bool begin(struct afmon_post *post, const char *body, size_t length)
{
    struct afmon_transfer *transfer = &post->transfer;
    afmon_buffer_clear(&post->answer);
    *transfer = (struct afmon_transfer){.socket = CURL_SOCKET_BAD, .retry_after_s = -1};
    transfer->easy = make_easy(post, body, length);
    transfer->multi = transfer->easy == NULL ? NULL : curl_multi_init();
    if (transfer->multi != NULL && curl_multi_add_handle(transfer->multi, transfer->easy) == CURLM_OK)
        return true;
    afmon_transfer_end(transfer);
    return false;
}

static CURLcode result_of(CURLM *multi)
{
    int left;
    const CURLMsg *message = curl_multi_info_read(multi, &left);
    return message != NULL && message->msg == CURLMSG_DONE ? message->data.result : CURLE_OPERATION_TIMEDOUT;
}

/* Goes on with the transfer. False: it is still going at until_ns. */
static bool drive(const struct afmon_transfer *transfer, const afmon_deadline *deadline, int64_t until_ns,
                  CURLcode *code)
{
    int running = 1;
    CURLMcode bad = CURLM_OK;
    while (bad == CURLM_OK && afmon_deadline_left(deadline) > 0) {
        bad = curl_multi_perform(transfer->multi, &running);
        if (bad != CURLM_OK || running == 0)
            break;
        if (afmon_boot_ns() >= until_ns)
            return false;
        bad = curl_multi_poll(transfer->multi, NULL, 0, LOOK_MS, NULL);
    }
    *code = bad != CURLM_OK ? CURLE_OUT_OF_MEMORY
            : running > 0   ? CURLE_ABORTED_BY_CALLBACK
                            : result_of(transfer->multi);
    return true;
}

/* What curl holds may be half done: another thread of the parent was at it. So it is left as it is, and only the socket
 * is closed, without a word to the receiver. */
void afmon_post_leave_to_parent(struct afmon_post *post)
{
    struct afmon_transfer *transfer = &post->transfer;
    if (transfer->easy != NULL && transfer->socket != CURL_SOCKET_BAD)
        close(transfer->socket);
    *transfer = (struct afmon_transfer){.socket = CURL_SOCKET_BAD};
    post->wait_s = 0;
    post->not_before_ns = 0;
}

/* ---- back-off ---- */

static void back_off(struct afmon_post *post, double asked_s)
{
    int64_t now_ns = afmon_boot_ns();
    double chance = (double)(now_ns / 1000 % 1000) / 1000; /* its microseconds are as good as drawn */
    post->wait_s = afmon_backoff_next(post->wait_s);
    post->not_before_ns = now_ns + afmon_seconds_to_ns(afmon_backoff_wait(post->wait_s, asked_s, chance));
}

double afmon_post_wait(const struct afmon_post *post)
{
    int64_t left = post->not_before_ns - afmon_boot_ns();
    return left > 0 ? (double)left / (double)AFMON_NS_PER_S : 0;
}

static bool is_worth_another_try(long status)
{
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

/* What cannot be mended by waiting: a certificate that does not verify, an answer that is no HTTP ... */
static bool is_final(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT;
}

static enum afmon_post_result judge(struct afmon_post *post, CURLcode code, long status, char *error, size_t size)
{
    if (code == CURLE_OK && status >= 200 && status < 300) {
        post->wait_s = 0;
        post->not_before_ns = 0;
        return AFMON_POST_TAKEN;
    }
    if (code == CURLE_OK && status >= 300 && status < 400)
        snprintf(error, size, "%s: %s answered %ld: redirects are not followed", post->what, post->origin, status);
    else if (code == CURLE_OK)
        snprintf(error, size, "%s: %s answered %ld", post->what, post->origin, status);
    else
        snprintf(error, size, "%s: %s: %s", post->what, post->origin,
                 code == CURLE_ABORTED_BY_CALLBACK ? "no answer before the monitor's shutdown"
                                                   : curl_easy_strerror(code));
    back_off(post, post->transfer.retry_after_s);
    bool later = code == CURLE_OK ? is_worth_another_try(status) : !is_final(code);
    return later ? AFMON_POST_LATER : AFMON_POST_REFUSED;
}

enum afmon_post_result afmon_post_send(struct afmon_post *post, const char *body, size_t length,
                                       const afmon_deadline *deadline, int64_t until_ns, char *error, size_t size)
{
    CURLcode code = CURLE_OUT_OF_MEMORY;
    long status = 0;
    if (post->transfer.easy != NULL || begin(post, body, length)) {
        if (!drive(&post->transfer, deadline, until_ns, &code))
            return AFMON_POST_GOING;
        curl_easy_getinfo(post->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
        afmon_transfer_end(&post->transfer);
    }
    return judge(post, code, status, error, size);
}
